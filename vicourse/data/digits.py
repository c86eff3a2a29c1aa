"""The stand-in for MNIST: scikit-learn's small handwritten digits, brought to MNIST's size."""

import numpy as np

from vicourse.data.images import ImageData

NOTE = "Stand-in: scikit-learn's 8×8 digits at 28×28, not MNIST."


def load_digits_stand_in():
    """The 1797 real digits that ship with scikit-learn, 28×28: 1437 to train on, 360 to test on.

    Everything that runs on MNIST runs on them, offline and fast. Figures do not carry over: the
    images are fewer and coarser, so show `note` wherever you show a result.

    Returns:
        An `ImageData` with `is_stand_in` true; the same images in the same order every time.

    Source: E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits (UCI), test part.
    Chapter: deep/vae_mnist
    """
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    digits = load_digits()
    images, labels = _enlarge(digits.images), digits.target.astype(np.uint8)
    x_train, x_test, y_train, y_test = train_test_split(
        images, labels, test_size=360, stratify=labels, random_state=0
    )
    return ImageData(
        x_train=x_train,
        y_train=y_train,
        x_test=x_test,
        y_test=y_test,
        name="scikit-learn digits (stand-in)",
        source="sklearn.datasets.load_digits",
        is_stand_in=True,
        note=NOTE,
    )


def _enlarge(images):
    """[n, 8, 8] with values 0 to 16 → uint8 [n, 28, 28] with values 0 to 255.

    Two empty pixels on each side make 12×12; bilinear interpolation to 28×28 then leaves a margin
    of about 4, as in MNIST. It also blurs every edge, and random bits of a blur look like dust, so
    the contrast is tripled about the middle grey: the bits then vary about as much as MNIST's.
    """
    from scipy.ndimage import zoom

    # Whole grey values matter: 12 → 28 mixes them in 49ths, so that no result lies halfway
    # between two integers, where the last bit of a platform's arithmetic would decide.
    grey = np.minimum(16.0 * images, 255.0)
    padded = np.pad(grey, ((0, 0), (2, 2), (2, 2)))
    large = zoom(padded, (1, 28 / 12, 28 / 12), order=1, grid_mode=True, mode="nearest")
    return np.rint(np.clip(3 * (large - 128) + 128, 0, 255)).astype(np.uint8)
