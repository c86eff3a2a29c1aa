"""`ImageData`: labelled grey images, split into train and test."""

from dataclasses import dataclass

import numpy as np


# Comparing two sets with `==` would compare arrays entry by entry, hence `eq=False`.
@dataclass(frozen=True, eq=False, repr=False)
class ImageData:
    """Labelled grey images. The arrays are read-only: copy one before you change it.

    Attributes:
        x_train: uint8 array of shape [n, height, width], 28 by 28 for digits, with grey values from
            0 (paper) to 255 (ink); 28 by 20, from 0 (black) to 255 (white), for Frey Face.
        y_train: array of shape [n]: the digits 0 to 9, uint8; the frame's number for Frey Face.
        x_test, y_test: the same for the test set. Never train on it, stop by it or choose by it.
        name: what the images are.
        source: where they came from.
        is_stand_in: whether they stand in for others.
        note: "" for the real ones, else a sentence that belongs on every figure and table made
            with them.

    Chapter: deep/vae_mnist
    """

    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray
    name: str
    source: str
    is_stand_in: bool = False
    note: str = ""

    def __post_init__(self):
        for field in ("x_train", "y_train", "x_test", "y_test"):
            frozen = getattr(self, field).view()
            frozen.flags.writeable = False
            object.__setattr__(self, field, frozen)

    def __repr__(self):
        height, width = self.x_train.shape[1:]
        sizes = f"{len(self.x_train)} train, {len(self.x_test)} test, {height}×{width}"
        return f"ImageData({self.name}: {sizes})"
