"""Pictures of a latent space.

Chapter: deep/vae_mnist
"""

import matplotlib.pyplot as plt
import numpy as np

from vicourse.plots.images import as_squares
from vicourse.plots.style import add_note
from vicourse.validation import argument_error


def manifold(images, *, note="", size=6.0):
    """The images of a square grid of latent points, as in figure 4 of Kingma & Welling (2014).

    Args:
        images: [n², pixels], decoded from a grid whose rows run from high z₂ to low.
        note: written below the figure.
        size: width and height in inches.

    Returns:
        The Matplotlib figure.
    """
    images = as_squares(images)
    side = round(len(images) ** 0.5)
    if side * side != len(images):
        raise argument_error("images", images, "n² images for a square grid")
    figure, ax = plt.subplots(figsize=(size, size))
    ax.imshow(np.block([list(row) for row in images.reshape(side, side, *images.shape[1:])]),
              vmin=0, vmax=1)  # fmt: skip
    height, width = images.shape[1:]
    quantiles = (np.arange(side) + 0.5) / side
    marks = [0, side // 2, side - 1]
    ax.set_xticks([width * (m + 0.5) for m in marks], [f"{quantiles[m]:.3f}" for m in marks])
    ax.set_yticks([height * (m + 0.5) for m in marks], [f"{quantiles[::-1][m]:.3f}" for m in marks])
    ax.set(xlabel="quantile of $z_1$ under the prior", ylabel="quantile of $z_2$ under the prior")
    add_note(figure, note)
    return figure


def latent_map(means, labels, *, note="", limit=4.0):
    """Posterior means in two dimensions, one colour a label, the label written at its centre.

    Args:
        means: [n, 2], the means of q(z | x) in units of the prior's standard deviation.
        labels: [n] integers.
        note: written below the figure.
        limit: half the width of the picture, in prior standard deviations.

    Returns:
        The Matplotlib figure.
    """
    means, labels = np.asarray(means), np.asarray(labels)
    if means.ndim != 2 or means.shape[1] != 2:
        raise argument_error("means", means, "shape [n, 2]")
    figure, ax = plt.subplots(figsize=(5.6, 5.2))
    colors = plt.get_cmap("tab10")
    size = np.clip(20_000 / len(means), 3, 25)  # few points are drawn larger
    for label in np.unique(labels):
        points = means[labels == label]
        ax.scatter(*points.T, s=size, alpha=0.35, color=colors(label % 10), linewidths=0)
        # The label itself carries the information; the colour only helps.
        ax.annotate(
            str(label),
            np.median(points, axis=0),
            fontsize=15,
            fontweight="bold",
            ha="center",
            va="center",
            bbox={"boxstyle": "circle", "fc": "white", "ec": colors(label % 10), "alpha": 0.85},
        )
    for radius in (1, 2, 3):
        ax.add_patch(plt.Circle((0, 0), radius, fill=False, color="#888888", lw=0.8, ls=":"))
    ax.set(xlim=(-limit, limit), ylim=(-limit, limit), aspect="equal")
    ax.set(xlabel="$z_1$ (prior standard deviations)", ylabel="$z_2$ (prior standard deviations)")
    add_note(figure, note)
    return figure
