"""Files are written whole or not at all; what cannot be read is refused and left as it is."""

import json
import os
import tempfile
import tokenize
import zipfile
import zlib
from contextlib import contextmanager
from pathlib import Path

import numpy as np

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


class CheckpointError(ValueError):
    """A checkpoint that cannot be used; the message names the file and what to do."""


def write_checkpoint(path, version, about, arrays):
    """An `.npz` of the arrays and of `about`, a dict that becomes JSON; never a pickle.

    A crash on the way leaves the checkpoint before.
    """
    with written_whole(path) as file:
        np.savez(file, about=np.array(json.dumps({"version": version, **about})), **arrays)


@contextmanager
def open_checkpoint(path, version):
    """The pair (about, arrays) of a checkpoint, to be read within `with`.

    Raises:
        CheckpointError: the file is damaged, is no checkpoint, or has another format; also where
            something is missing that is looked for within `with`.
    """
    try:
        with np.load(path, allow_pickle=False) as arrays:
            about = json.loads(str(arrays["about"]))
            if about["version"] != version:
                why = f"its format is {about['version']!r}, not {version}"
                raise unusable_checkpoint(path, why)
            yield about, arrays
    except CheckpointError:
        raise
    except UNREADABLE_NPZ as problem:
        why = f"it is damaged or not a checkpoint ({problem})"
        raise unusable_checkpoint(path, why) from problem


def check_same_run(path, theirs, ours):
    """An error that names what differs between two dicts of settings, if anything does."""
    differing = [
        f"{name} is {theirs.get(name)!r} there and {wanted!r} now"
        for name, wanted in ours.items()
        if theirs.get(name) != wanted
    ]
    if differing:
        raise unusable_checkpoint(path, "it belongs to another run: " + "; ".join(differing))


def unusable_checkpoint(path, why):
    """The error, not raised here."""
    return CheckpointError(
        f"cannot continue from the checkpoint {path}: {why}. It was left as it is. "
        "Use another file or folder for this run, or move that one away to start afresh."
    )


def _umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask
