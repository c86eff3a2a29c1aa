"""`load_frey_face`: a face on film, from your folder, the cache or its public home."""

import dataclasses
import os
import tempfile
import textwrap
import warnings
import zlib
from pathlib import Path

import numpy as np
import pooch

from vicourse.data.archive import DataError, _check, read_verified
from vicourse.data.digits import load_digits_stand_in
from vicourse.data.images import ImageData
from vicourse.data.mnist import CONTACT_SECONDS, STALL_SECONDS, StandInNotice, _cache_folder

URL = "https://cs.nyu.edu/~roweis/data/frey_rawface.mat"
PACKED, ORIGINAL = "frey_face.npz", "frey_rawface.mat"
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
    tried = []
    for place, folder in _folders():
        for name in (PACKED, ORIGINAL):
            path = folder / name
            try:
                return _split(_read(path, str(path)), f"{name} in {place}")
            except (FileNotFoundError, NotADirectoryError):
                tried.append(f"{place}: there is no {path}")
    if not download:
        tried.append("download: not tried, because of download=False")
    else:
        try:
            return _split(_download(_cache_folder(), quiet), URL)
        except OSError as error:  # requests' exceptions are OSErrors too
            why = textwrap.shorten(str(error), 400)
            tried.append(f"download from {URL}: {type(error).__name__}: {why}")
    stand_in = dataclasses.replace(load_digits_stand_in(), note=NOTE)
    warnings.warn(_notice(tried), StandInNotice, stacklevel=2)
    return stand_in


def _folders():
    if os.environ.get("VICOURSE_DATA_DIR"):
        yield "VICOURSE_DATA_DIR", Path(os.environ["VICOURSE_DATA_DIR"]).expanduser()
    yield "the cache", _cache_folder()


def _read(path, called):
    """The film, uint8 [1965, 28, 20], proved to be the right one."""
    remedy = f"Get {URL} again, and put it in this one's place."
    if path.suffix == ".npz":
        expected = {"x": (SHAPE, DIGEST)}
        return read_verified(path, expected, called=called, remedy=remedy)["x"]
    from scipy.io import loadmat, matlab

    with open(path, "rb") as file:
        try:
            columns = loadmat(file)["ff"]  # one image a column, row after row
            film = np.ascontiguousarray(columns.T).reshape(SHAPE)
            _check("ff", film, SHAPE, DIGEST)
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


def _download(folder, quiet):
    """The film from its public home. The file enters `folder` only whole and verified."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix="download-") as temporary:
        part = Path(temporary, ORIGINAL)
        patience = (CONTACT_SECONDS, STALL_SECONDS)
        pooch.HTTPDownloader(progressbar=not quiet, timeout=patience)(URL, str(part), None)
        film = _read(part, f"The file from {URL}")
        os.replace(part, folder / ORIGINAL)
    return film


def _split(film, source):
    order = np.random.Generator(np.random.PCG64(0)).permutation(len(film))
    train, test = np.sort(order[:NUM_TRAIN]), np.sort(order[NUM_TRAIN:])
    return ImageData(film[train], train, film[test], test, name="Frey Face", source=source)


def _notice(tried):
    places = "\n".join(f"  - {line}" for line in tried)
    return (
        f"Frey Face could not be had. {NOTE}\n"
        f"Figures on it do not compare with Frey Face's. Tried:\n{places}\n"
        f"To get it: call load_frey_face() with a connection; or put {URL} into a folder and set "
        f"VICOURSE_DATA_DIR to that folder."
    )
