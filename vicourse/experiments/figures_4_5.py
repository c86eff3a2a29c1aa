"""Figures 4 and 5 of Kingma & Welling (2014): learned manifolds, and samples of the model.

Each model is the AEVB run of figure 2 with the same settings, and goes on from its checkpoint. What
is kept are pictures: means of p(x | z), as code that the first author published later draws them,
and not draws of pixels. No image of Frey Face is among them.

Source: arXiv 1312.6114, figures 4 and 5.
Chapter: deep/paper_experiments
"""

import base64
import zlib

import numpy as np
import tensorflow as tf
from scipy.stats import norm

from vicourse.experiments.experiment import Experiment
from vicourse.experiments.figure_2 import FREY, FREY_SAMPLES, MNIST_SAMPLES
from vicourse.experiments.images import load_images
from vicourse.experiments.paper_vae import images_of, paper_cell, paper_run, paper_settings
from vicourse.validation import argument_error, check_array, check_integer

MNIST_LATENTS = (2, 5, 10, 20)
SIDE = 15  # of the manifold's grid
NUM_SAMPLES = 100
GREYS = 32  # levels that are kept: 5 bits a pixel, indistinguishable on a page


def cells(quick):
    """One model a cell: figure 4 wants two latents, figure 5 MNIST at four numbers of them."""
    if quick:
        return [paper_cell(images, 2, samples=14_000) for images in ("digits", "grey_digits")]
    frey = paper_cell("frey_face", 2, samples=FREY_SAMPLES, **FREY["aevb"])
    return [frey, *(paper_cell("mnist", n, samples=MNIST_SAMPLES) for n in MNIST_LATENTS)]


def run(cell, folder, progress=False):
    """Trains one model, or finds it trained, and keeps its pictures.

    Returns:
        A dict: see `images_of`; `samples_seen`; `seconds` of training; `test_elbo` and its
        `test_elbo_se`, nats per image; packed pictures: `samples`, means of p(x | z) for z from the
        prior. With two latents also `manifold`, those for `manifold_grid(SIDE)`, and `codes`, how
        many training images q puts into the square of each of its pictures.
    """
    trained = paper_run(cell, folder, progress)
    shape = (28, 20) if cell["images"] == "frey_face" else (28, 28)
    vae, last = trained.vae, trained.history[-1]
    points = {"samples": vae.prior.sample(NUM_SAMPLES, seed=tf.constant([0, cell["seed"]]))}
    if vae.num_latents == 2:
        points["manifold"] = tf.constant(manifold_grid(SIDE), tf.float32)
    pictures = {
        name: pack_pictures(np.reshape(vae.likelihood(z).mean(), (-1, *shape)))
        for name, z in points.items()
    }
    if vae.num_latents == 2:
        stored = paper_settings(cell).stored_images(load_images(cell["images"]).x_train, 0)
        codes = vae.posterior(tf.cast(stored, tf.float32)).mean()
        pictures["codes"] = codes_by_square(codes, SIDE).tolist()
    known = ("samples_seen", "seconds", "test_elbo", "test_elbo_se")
    return {**images_of(cell), **{name: round(last[name], 4) for name in known}, **pictures}


def manifold_grid(side):
    """Points of the plane at equal steps of the prior's quantiles, for figure 4.

        z₁ = Φ⁻¹((column + ½) / side),   z₂ = Φ⁻¹((side − row − ½) / side)

    Args:
        side: rows, and columns.

    Returns:
        float64 [side², 2], row after row; z₂ falls from row to row, as `plots.manifold` wants it.

    Source: Kingma & Welling (2014), figure 4.
    Chapter: deep/paper_experiments
    """
    side = check_integer("side", side, minimum=1)
    steps = norm.ppf((np.arange(side) + 0.5) / side)
    z2, z1 = np.meshgrid(steps[::-1], steps, indexing="ij")
    return np.stack([z1, z2], axis=-1).reshape(-1, 2)


def codes_by_square(codes, side):
    """How many codes fall into each square of the prior's quantiles; the squares hold equal shares
    of the prior, and their middles are `manifold_grid(side)`.

    Args:
        codes: points of the plane, [n, 2].
        side: rows, and columns.

    Returns:
        Integers [side, side]; z₁ rises along a row, z₂ falls from row to row.

    Chapter: deep/paper_experiments
    """
    side = check_integer("side", side, minimum=1)
    z1, z2 = norm.cdf(check_array("codes", codes, shape=(None, 2))).T
    edges = np.linspace(0, 1, side + 1)
    counts, _, _ = np.histogram2d(1 - z2, z1, bins=(edges, edges))
    return counts.astype(int)


def pack_pictures(pictures):
    """Pictures [n, height, width] in [0, 1] as a small dict that JSON can hold."""
    if not np.all((pictures >= 0) & (pictures <= 1)):
        raise argument_error("pictures", pictures, "values within [0, 1]")
    levels = np.rint(pictures * (GREYS - 1)).astype(np.uint8)
    text = base64.b64encode(zlib.compress(levels.tobytes(), 9)).decode()
    return {"shape": list(levels.shape), "greys": GREYS, "zlib_base64": text}


def unpack_pictures(packed):
    """The pictures of a result of `figures_4_5`.

    Args:
        packed: what a finished cell holds as `samples` or `manifold`.

    Returns:
        float64 [n, height, width] in [0, 1], to the nearest of 32 grey values.

    Chapter: deep/paper_experiments
    """
    levels = np.frombuffer(zlib.decompress(base64.b64decode(packed["zlib_base64"])), np.uint8)
    return levels.reshape(packed["shape"]) / (packed["greys"] - 1)


def report(finished):
    """A line for each model: what was kept of it, and where its bound stood."""
    return [
        f"{cell['data']}, N_z = {cell['settings']['num_latents']}: "
        + " and ".join(name for name in ("manifold", "samples") if name in cell)
        + f", test bound {cell['test_elbo']:.2f} ± {cell['test_elbo_se']:.2f} nats per image"
        for cell in finished
    ]


FIGURES_4_5 = Experiment(
    name="figures_4_5",
    what="figures 4 and 5 of Kingma & Welling (2014): manifolds and samples of figure 2's models",
    cells=cells,
    run=run,
    report=report,
    keeps="vae",
)
