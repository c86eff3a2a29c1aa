"""The images that the experiments train on, by name: the real ones or an error.

Chapter: deep/paper_experiments
"""

import numpy as np

from vicourse.data import DataError, binarize, load_digits_stand_in, load_frey_face, load_mnist

IMAGES = {
    "mnist": load_mnist,
    "frey_face": load_frey_face,
    "digits": load_digits_stand_in,  # for `--quick`, in MNIST's place
    "grey_digits": load_digits_stand_in,  # and in Frey Face's
}


def load_images(name):
    """An `ImageData`, or a `DataError`: no stand-in is silently trained on for hours."""
    data = IMAGES[name]()
    if data.is_stand_in and name in ("mnist", "frey_face"):
        raise DataError(f"This needs {name}, and it could not be had. {data.note}")
    return data


def half_size(images):
    """Images [n, 28, 28] at 14×14, each pixel the mean of four, flattened: uint8 [n, 196]."""
    blocks = images.reshape(len(images), 14, 2, 14, 2)
    return np.rint(blocks.mean(axis=(2, 4))).astype(np.uint8).reshape(len(images), -1)


def half_size_bits(images, seed):
    """Fixed bits of `half_size`, float32 [n, 196]."""
    return binarize(half_size(images), "fixed", seed=seed).astype(np.float32)
