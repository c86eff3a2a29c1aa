"""The stand-in: real digits, at MNIST's size and look, the same on every machine."""

import hashlib

import numpy as np
import pytest
from sklearn.datasets import load_digits

from vicourse import data


@pytest.fixture(scope="module")
def digits():
    return data.load_digits_stand_in()


def test_sizes_labels_and_label_on_the_tin(digits):
    assert digits.x_train.shape == (1437, 28, 28)
    assert digits.x_test.shape == (360, 28, 28)
    assert {digits.x_train.dtype, digits.y_train.dtype, digits.y_test.dtype} == {np.dtype("uint8")}
    assert digits.is_stand_in
    assert digits.name == "scikit-learn digits (stand-in)"
    assert "not MNIST" in digits.note
    assert repr(digits) == "ImageData(scikit-learn digits (stand-in): 1437 train, 360 test, 28×28)"


def test_the_split_is_stratified_and_loses_nothing(digits):
    both = np.bincount(digits.y_train) + np.bincount(digits.y_test)
    np.testing.assert_array_equal(both, np.bincount(load_digits().target))
    np.testing.assert_allclose(np.bincount(digits.y_test), both * 360 / 1797, atol=1)


def test_each_image_is_the_original_enlarged(digits):
    """Bilinear interpolation as a product W x Wᵀ, from its definition; labels go with images.

    Pixel i of 28 has its centre at (i + 1/2) · 12/28 − 1/2 = (3i − 2)/7 on the grid of 12.
    """
    centres = (3 * np.arange(28) - 2) / 7
    weights = np.array([np.interp(centres, np.arange(12), unit) for unit in np.eye(12)]).T
    originals = load_digits()
    padded = np.zeros((1797, 12, 12))
    padded[:, 2:10, 2:10] = np.where(originals.images == 16, 255, 16 * originals.images)
    large = np.clip(3 * (weights @ padded @ weights.T) - 256, 0, 255)
    expected = sorted(
        (image.tobytes(), label)
        for image, label in zip(np.rint(large).astype(np.uint8), originals.target, strict=True)
    )
    images = np.concatenate([digits.x_train, digits.x_test])
    labels = np.concatenate([digits.y_train, digits.y_test])
    assert sorted((x.tobytes(), y) for x, y in zip(images, labels, strict=True)) == expected


def test_they_look_like_mnist(digits):
    """Ink on paper, a margin of 4, MNIST's mean grey (0.1307) and share of ink (0.191)."""
    images = np.concatenate([digits.x_train, digits.x_test])
    assert (images.min(), images.max()) == (0, 255)
    assert images[:, :4].max() == images[:, -4:].max() == 0
    assert images[:, :, :4].max() == images[:, :, -4:].max() == 0
    assert images.mean() / 255 == pytest.approx(0.1307, abs=0.01)
    assert (images > 0).mean() == pytest.approx(0.191, abs=0.03)


def test_the_same_bytes_everywhere(digits):
    """Stored from a run with SciPy 1.16.3 and scikit-learn 1.6.1 on Linux; any other must agree."""
    stored = {
        "x_train": "40fb731583464204858ab7e9a63e867287399381329067b8f05df6fdc7891ece",
        "y_train": "33fe81a53fa12d9cd119c74adab9b6b08a7d070ee62e736390c5cf89f00886b1",
        "x_test": "fbeeaab15718b58a9dd3c3818a03e8b84f918db30ec0f1d1ba620e1c6fe45e60",
        "y_test": "70ee2850bb25b543ca4112717fd4396c3fb90bcb54d8015bd3f9c7c900966072",
    }
    for name, digest in stored.items():
        assert hashlib.sha256(getattr(digits, name).tobytes()).hexdigest() == digest, name
