"""The data of the course: MNIST, a stand-in where it cannot be had, and the ways to binarize it.

Importing this part does not import TensorFlow.
"""

from vicourse.data.archive import DataError
from vicourse.data.binarization import (
    binarize,
    binarize_dynamic,
    binarize_fixed,
    binarize_threshold,
    pixel_probabilities,
)
from vicourse.data.digits import load_digits_stand_in
from vicourse.data.images import ImageData
from vicourse.data.mnist import StandInNotice, load_mnist

__all__ = [
    "DataError",
    "ImageData",
    "StandInNotice",
    "binarize",
    "binarize_dynamic",
    "binarize_fixed",
    "binarize_threshold",
    "load_digits_stand_in",
    "load_mnist",
    "pixel_probabilities",
]
