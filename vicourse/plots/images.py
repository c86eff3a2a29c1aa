"""Grids of grey images.

Chapter: deep/vae_mnist
"""

import matplotlib.pyplot as plt
import numpy as np

from vicourse.plots.style import add_note
from vicourse.validation import argument_error


def image_grid(images, *, columns=10, note="", title="", size=0.55):
    """Images side by side, row after row.

    Args:
        images: [n, height, width], or flattened squares [n, height²]; 0 is white, 1 is black.
        columns: images a row.
        note: written below the figure, for instance `data.note`.
        title: above it.
        size: inches an image.

    Returns:
        The Matplotlib figure.
    """
    images = as_squares(images)
    rows = -(-len(images) // columns)
    figure, axes = plt.subplots(rows, 1, figsize=(columns * size, rows * size + 0.3), squeeze=False)
    for row, ax in enumerate(axes[:, 0]):
        strip = images[row * columns : (row + 1) * columns]
        blank = np.zeros((columns - len(strip), *strip.shape[1:]))
        _show_strip(ax, np.concatenate([strip, blank]))
    if title:
        figure.suptitle(title)
    add_note(figure, note)
    return figure


def image_rows(rows, *, note="", size=0.55):
    """Rows of images with a label to the left of each: originals above their reconstructions, say.

    Args:
        rows: a dict from label to images, all of the same number.
        note, size: as for `image_grid`.

    Returns:
        The Matplotlib figure.
    """
    strips = {label: as_squares(images) for label, images in rows.items()}
    columns = max(len(strip) for strip in strips.values())
    figure, axes = plt.subplots(
        len(strips), 1, figsize=(columns * size + 1.2, len(strips) * size + 0.3), squeeze=False
    )
    for ax, (label, strip) in zip(axes[:, 0], strips.items(), strict=True):
        _show_strip(ax, strip)
        ax.set_ylabel(label, rotation=0, ha="right", va="center")
    add_note(figure, note)
    return figure


def as_squares(images):
    """[n, height²] or [n, height, width] → [n, height, width], as an array."""
    images = np.asarray(images)
    if images.ndim == 3:
        return images
    side = round(images.shape[-1] ** 0.5) if images.ndim == 2 else 0
    if images.ndim != 2 or side * side != images.shape[-1]:
        raise argument_error("images", images, "shape [n, height, width] or [n, height²]")
    return images.reshape(-1, side, side)


def _show_strip(ax, strip):
    ax.imshow(np.hstack(list(strip)), vmin=0, vmax=1)
    ax.set(xticks=[], yticks=[])
    ax.spines[:].set_visible(False)
