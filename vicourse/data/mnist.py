"""`load_mnist`: from your folder, from the cache or from its public home; else the stand-in."""

import os
import tempfile
import textwrap
import threading
import warnings
from pathlib import Path

import pooch

from vicourse.data.archive import MNIST_ARRAYS, read_verified
from vicourse.data.digits import load_digits_stand_in
from vicourse.data.images import ImageData

URL = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz"
FILE = "mnist.npz"
CONTACT_SECONDS = 5.0  # to find out that there is no connection
STALL_SECONDS = 20.0  # to give up on a download that has stopped


class StandInNotice(UserWarning):
    """MNIST could not be had, and scikit-learn's digits stand in for it."""


def load_mnist(*, download=True, quiet=False):
    """MNIST: 60000 train and 10000 test images of handwritten digits, verified bit for bit.

    Looks for `mnist.npz` in the folder that the environment variable `VICOURSE_DATA_DIR` names,
    then in the cache (`VICOURSE_CACHE_DIR`, or your system's folder for caches), then downloads
    it into the cache. If there is none to be had, scikit-learn's digits stand in for it, with a
    `StandInNotice` that says why. A wrong file is an error and is never replaced by something
    else behind your back.

    Args:
        download: whether a download may be tried.
        quiet: no progress bar. A `StandInNotice` is given all the same.

    Returns:
        An `ImageData`. Show its `note` on every figure: it is "" for MNIST.

    Raises:
        DataError: a file is there, or was sent, and is not MNIST. Files are left as they are.

    Source: Y. LeCun, C. Cortes and C. Burges, The MNIST database, as packed by Keras.
    Chapter: deep/vae_mnist
    """
    tried = []
    for place, folder, remedy in _folders():
        path = folder / FILE
        try:
            arrays = read_verified(path, MNIST_ARRAYS, called=str(path), remedy=remedy)
        except (FileNotFoundError, NotADirectoryError):
            tried.append(f"{place}: there is no {path}")
            continue
        return ImageData(**arrays, name="MNIST", source=f"{FILE} in {place}")
    if not download:
        tried.append("download: not tried, because of download=False")
    else:
        try:
            arrays = _download(_cache_folder(), quiet)
            return ImageData(**arrays, name="MNIST", source=URL)
        except OSError as error:  # requests' exceptions are OSErrors too
            why = textwrap.shorten(str(error), 400)
            tried.append(f"download from {URL}: {type(error).__name__}: {why}")
    stand_in = load_digits_stand_in()
    warnings.warn(_notice(stand_in, tried), StandInNotice, stacklevel=2)
    return stand_in


def _folders():
    """Where a copy may lie already: what the place is called, the folder, what to do if bad."""
    if os.environ.get("VICOURSE_DATA_DIR"):
        remedy = f"Put the file from {URL} there, or unset VICOURSE_DATA_DIR."
        yield "VICOURSE_DATA_DIR", Path(os.environ["VICOURSE_DATA_DIR"]).expanduser(), remedy
    yield "the cache", _cache_folder(), "Delete it and call load_mnist() again."


def _cache_folder():
    return Path(os.environ.get("VICOURSE_CACHE_DIR") or pooch.os_cache("vicourse")).expanduser()


def _download(folder, quiet):
    """MNIST's arrays from its public home. The file enters `folder` only whole and verified."""
    _check_connection()
    folder.mkdir(parents=True, exist_ok=True)
    # Inside `folder`, because a file moves in one step only within one file system.
    with tempfile.TemporaryDirectory(dir=folder, prefix="download-") as temporary:
        part = Path(temporary, FILE)
        fetch = pooch.HTTPDownloader(progressbar=not quiet, timeout=STALL_SECONDS)
        fetch(URL, str(part), None)
        remedy = (
            "Nothing was kept. A proxy or a sign-in page may have answered instead: open the "
            "address in a browser, and point VICOURSE_DATA_DIR at the folder with the file; or "
            "call load_digits_stand_in()."
        )
        arrays = read_verified(part, MNIST_ARRAYS, called=f"The file from {URL}", remedy=remedy)
        os.replace(part, folder / FILE)
    return arrays


def _check_connection():
    """Returns if the server answers, whatever it says; else an OSError within seconds.

    Name look-up and each of a server's many addresses have a timeout of their own. Behind a
    firewall that drops packets they add up to minutes, so the wait here is for all together.
    """
    outcome = []

    def ask():
        try:
            head = pooch.HTTPDownloader(timeout=CONTACT_SECONDS)
            outcome.append(head(URL, None, None, check_only=True))
        except Exception as error:  # raised again by the thread that waits
            outcome.append(error)

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(CONTACT_SECONDS)
    if not outcome:
        raise TimeoutError(f"no answer within {CONTACT_SECONDS:g} seconds")
    if isinstance(outcome[0], Exception):
        raise outcome[0]


def _notice(stand_in, tried):
    places = "\n".join(f"  - {line}" for line in tried)
    return (
        f"MNIST could not be had. {stand_in.note}\n"
        f"Figures on it do not compare with MNIST's. Tried:\n{places}\n"
        f"To get MNIST: call load_mnist() with a connection and a cache folder that can be "
        f"written (VICOURSE_CACHE_DIR chooses another); or put {URL} into a folder and set "
        f"VICOURSE_DATA_DIR to that folder."
    )
