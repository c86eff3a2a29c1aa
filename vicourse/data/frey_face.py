"""`load_frey_face`: a face on film, from your folder, the cache or its public home."""

import dataclasses
import warnings
import zlib

import numpy as np

from vicourse.data.archive import DataError, check_array, read_verified
from vicourse.data.digits import load_digits_stand_in
from vicourse.data.images import ImageData
from vicourse.data.places import NotHad, StandInNotice, notice, obtained

URL = "https://cs.nyu.edu/~roweis/data/frey_rawface.mat"
FILES = ("frey_face.npz", "frey_rawface.mat")  # one array `x`; as at its public home
# The 1965 images in the order of the film: shape, and SHA-256 of the raw bytes.
SHAPE = (1965, 28, 20)
DIGEST = "2438ba4f0d2a6bd8bac43de756141eaa33c8d248dd613d464bdb1210d9b7af78"
NUM_TRAIN = 1600
NOTE = "Stand-in: scikit-learn's 8×8 digits at 28×28, not Frey Face."


def load_frey_face(*, download=True, quiet=False):
    """Frey Face: 1965 grey images, 28×20, of one face on film; 1600 to train on, 365 to test on.

    Looks for `frey_face.npz` (one array, `x`) or `frey_rawface.mat` in the folder that the
    environment variable `VICOURSE_DATA_DIR` names, then in the cache, then downloads the latter
    into the cache. If there is none to be had, scikit-learn's digits stand in for it, with a
    `StandInNotice`. No licence is stated at its source: do not pass the images on.

    The paper does not say how it split the film. Here 1600 images drawn at random (seed 0) are for
    training, as in code that its first author published later. That flatters the test bound: each
    test image has neighbours on the film, near-duplicates, among the training images.

    Args:
        download: whether a download may be tried.
        quiet: no progress bar. A `StandInNotice` is given all the same.

    Returns:
        An `ImageData`; its labels are the images' places on the film, from 0. Show its `note` on
        every figure. 0 is black here, where MNIST's 0 is paper: draw `1 - x`.

    Raises:
        DataError: a file is there, or was sent, and is not Frey Face. Files are left as they are.

    Source: S. Roweis's data page, images by B. Frey; the split: D. P. Kingma's nips14-ssl.
    Chapter: deep/paper_experiments
    """
    try:
        film, source = obtained(FILES, URL, _read, download=download, quiet=quiet)
    except NotHad as failure:
        stand_in = dataclasses.replace(load_digits_stand_in(), note=NOTE)
        text = notice("Frey Face", NOTE, URL, failure.tried)
        warnings.warn(text, StandInNotice, stacklevel=2)
        return stand_in
    return _split(film, source)


def _read(path, called, remedy):
    """The film, uint8 [1965, 28, 20], proved to be the right one."""
    if path.suffix == ".npz":
        expected = {"x": (SHAPE, DIGEST)}
        return read_verified(path, expected, called=called, remedy=remedy)["x"]
    from scipy.io import loadmat, matlab

    with open(path, "rb") as file:
        try:
            columns = loadmat(file)["ff"]  # one image a column, row after row
            film = np.ascontiguousarray(columns.T).reshape(SHAPE)
            check_array("ff", film, SHAPE, DIGEST)
        except DataError as error:
            raise DataError(f"{called}: {error} {remedy}") from None
        except (matlab.MatReadError, *_UNREADABLE_MAT) as error:
            why = f"wanted a MATLAB file with the images `ff`, found {type(error).__name__}"
            raise DataError(f"{called}: {why}: {error}. {remedy}") from error
    return film


# What else SciPy raises on a file that is not the MATLAB file it should be.
_UNREADABLE_MAT = (
    AttributeError,
    EOFError,
    IndexError,
    KeyError,
    NotImplementedError,
    OSError,
    OverflowError,
    TypeError,
    ValueError,
    zlib.error,
)


def _split(film, source):
    order = np.random.Generator(np.random.PCG64(0)).permutation(len(film))
    train, test = np.sort(order[:NUM_TRAIN]), np.sort(order[NUM_TRAIN:])
    return ImageData(film[train], train, film[test], test, name="Frey Face", source=source)
