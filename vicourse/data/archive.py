"""Read a data file and prove that it is the right one: names, dtypes, shapes and digests."""

import hashlib

import numpy as np

from vicourse.files import UNREADABLE_NPZ

# The arrays of Keras's mnist.npz: shape, and SHA-256 of the raw bytes. Bit for bit, they are the
# images and labels of the original IDX files.
MNIST_ARRAYS = {
    "x_train": (
        (60000, 28, 28),
        "741c988805d008ac6e4c904b69001ba184c24b2c540a4ef403f4c71b676cf757",
    ),
    "y_train": ((60000,), "1feba77c54802fa5339a11837ea4b2866434b83314ec45192930f1df69120c13"),
    "x_test": (
        (10000, 28, 28),
        "6d87418db22cc8025d05968bec9bd5c3932904b23485740db143a061a2c9d161",
    ),
    "y_test": ((10000,), "ddeff807876a9661a1110d45c266c86239a3a1b7d37da0c3716a7a683c852ff5"),
}


class DataError(RuntimeError):
    """A data file is there, but it is not what it should be. The message names the remedy."""


def read_verified(path, expected, *, called, remedy):
    """The arrays of the .npz archive at `path`, each proved to be the expected one.

    Args:
        path: the file.
        expected: for each array's name, its shape and the SHA-256 of its bytes (all are uint8).
        called: how an error message names the file.
        remedy: the sentence with which an error message ends.

    Returns:
        A dict from name to uint8 array.

    Raises:
        DataError: the file is there and is not the expected one.
        FileNotFoundError, NotADirectoryError: there is no such file.
    """
    try:
        arrays = _read(path, expected)
        for name, (shape, digest) in expected.items():
            check_array(name, arrays[name], shape, digest)
    except (FileNotFoundError, NotADirectoryError):
        raise
    except DataError as error:
        raise DataError(f"{called}: {error} {remedy}") from error.__cause__
    return arrays


def _read(path, names):
    """The named arrays, whatever they hold. Nothing in the file is ever unpickled or run."""
    try:
        with open(path, "rb") as file:
            archive = np.load(file, allow_pickle=False)
            missing = [name for name in names if name not in getattr(archive, "files", [])]
            if not missing:
                # A member that is no array comes out as bytes.
                return {name: np.asarray(archive[name]) for name in names}
    except (FileNotFoundError, NotADirectoryError):
        raise
    except UNREADABLE_NPZ as error:
        why = f"{type(error).__name__}: {error}"
        raise DataError(f"wanted a whole .npz archive that can be read, found {why}.") from error
    raise DataError(f"wanted the arrays {', '.join(names)}, found none called {missing[0]!r}.")


def check_array(name, array, shape, digest):
    if array.dtype != np.uint8 or array.shape != shape:
        raise DataError(
            f"wanted `{name}` of shape {shape} and dtype uint8, "
            f"found shape {array.shape} and dtype {array.dtype}."
        )
    found = hashlib.sha256(np.ascontiguousarray(array)).hexdigest()
    if found != digest:
        raise DataError(f"wanted `{name}` with SHA-256 {digest}, found {found}.")
