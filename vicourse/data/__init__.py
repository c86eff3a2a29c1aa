"""The data of the course: MNIST, Frey Face, a stand-in for both, binarization, a toy series.

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
from vicourse.data.frey_face import load_frey_face
from vicourse.data.images import ImageData
from vicourse.data.mnist import load_mnist
from vicourse.data.pendulum import pendulum_series
from vicourse.data.places import StandInNotice

__all__ = [
    "DataError",
    "ImageData",
    "StandInNotice",
    "binarize",
    "binarize_dynamic",
    "binarize_fixed",
    "binarize_threshold",
    "load_digits_stand_in",
    "load_frey_face",
    "load_mnist",
    "pendulum_series",
    "pixel_probabilities",
]
