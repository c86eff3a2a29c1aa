"""`load_mnist`: from your folder, from the cache or from its public home; else the stand-in."""

import warnings

from vicourse.data.archive import MNIST_ARRAYS, read_verified
from vicourse.data.digits import load_digits_stand_in
from vicourse.data.images import ImageData
from vicourse.data.places import NotHad, StandInNotice, notice, obtained

URL = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz"


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
    try:
        arrays, source = obtained(("mnist.npz",), URL, _read, download=download, quiet=quiet)
    except NotHad as failure:
        stand_in = load_digits_stand_in()
        text = notice("MNIST", stand_in.note, URL, failure.tried)
        warnings.warn(text, StandInNotice, stacklevel=2)
        return stand_in
    return ImageData(**arrays, name="MNIST", source=source)


def _read(path, called, remedy):
    return read_verified(path, MNIST_ARRAYS, called=called, remedy=remedy)
