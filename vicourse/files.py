"""Files are written whole or not at all."""

import json
import os
import tempfile
import tokenize
import zipfile
import zlib
from contextlib import contextmanager
from pathlib import Path

# What NumPy and zipfile raise, between them, on a file that is not the .npz archive it should be.
UNREADABLE_NPZ = (
    OSError,
    EOFError,
    KeyError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    tokenize.TokenError,  # a damaged array header, from Python 3.12 on
    zipfile.BadZipFile,
    zlib.error,
)


@contextmanager
def written_whole(path, mode="wb"):
    """A file to write to, which takes the name `path` only once it is complete and on disk.

    A crash, a full disk or an exception leaves what stood at `path` before, untouched.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name + ".", suffix=".partial")
    encoding = None if "b" in mode else "utf-8"
    try:
        with os.fdopen(handle, mode, encoding=encoding) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, 0o666 & ~_umask())  # mkstemp makes files that only their owner can read
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def write_json(path, record):
    """`record` as readable JSON, written whole."""
    with written_whole(path, "w") as file:
        json.dump(record, file, indent=1)
        file.write("\n")


def _umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask
