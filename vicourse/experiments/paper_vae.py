"""One training run of Kingma & Welling (2014), section 5: what their figures 2, 4 and 5 stand on.

Source: arXiv 1312.6114, section 5.
Chapter: deep/paper_experiments
"""

import numpy as np

from vicourse.experiments.images import load_images
from vicourse.vae import Settings, train

GREY = ("frey_face", "grey_digits")
CHECKPOINT_SAMPLES = 60_000  # images seen between two checkpoints: an epoch of MNIST, 37 of Frey


def paper_cell(
    images,
    num_latents,
    *,
    samples,
    init_std=0.01,
    learning_rate=0.01,
    algorithm="aevb",
    seed=0,
):
    """What distinguishes one run from another, as a dict for `Experiment.cells`.

    Hidden units as in the paper: 500 for MNIST, 200 for Frey Face; 20 for the quick way.
    """
    hidden = {"mnist": 500, "frey_face": 200}.get(images, 20)
    return {
        "images": images,
        "algorithm": algorithm,
        "num_latents": num_latents,
        "hidden": hidden,
        "init_std": init_std,
        "learning_rate": learning_rate,
        "samples": samples,
        "seed": seed,
    }


def paper_settings(cell):
    """A cell as `Settings`: tanh, M = 100, L = 1, Adagrad, the prior N(0, I) on the weights.

    Frey Face is grey value / 256 under the Gaussian likelihood: after / 255 every bound on 560
    pixels would be 560 log(256/255) = 2.19 nats lower.
    """
    grey = {"likelihood": "gaussian", "binarization": "none"} if cell["images"] in GREY else {}
    names = ("algorithm", "num_latents", "hidden", "init_std", "learning_rate", "seed")
    return Settings(prior_std=1.0, **{name: cell[name] for name in names}, **grey)


def paper_run(cell, folder, progress=False):
    """Trains one cell, or goes on from its checkpoint in `folder`.

    Args:
        cell: from `paper_cell`.
        folder: a `Path`. Runs that differ in `samples` alone share a checkpoint.
        progress: whether to show a progress bar.

    Returns:
        A `TrainedVAE`; its history may reach beyond the cell's samples, if the checkpoint does.

    Raises:
        DataError: MNIST or Frey Face was asked for and cannot be had.
    """
    data = load_images(cell["images"])
    settings = paper_settings(cell)
    per_epoch = len(data.x_train) // settings.batch_size * settings.batch_size
    return train(
        settings,
        data,
        max(1, round(cell["samples"] / per_epoch)),
        checkpoint=checkpoint_path(cell, folder),
        save_every=max(1, CHECKPOINT_SAMPLES // per_epoch),
        progress=progress,
    )


def images_of(cell):
    """A dict: `data`, the name of the cell's images, `num_train` and `num_test`."""
    data = load_images(cell["images"])
    return {"data": data.name, "num_train": len(data.x_train), "num_test": len(data.x_test)}


def checkpoint_path(cell, folder):
    """Where `paper_run` keeps its checkpoint."""
    words = ("images", "algorithm", "num_latents", "hidden", "init_std", "learning_rate", "seed")
    return folder / "-".join(str(cell[word]) for word in words) / "checkpoint.npz"


def thinned(history, samples, points=40):
    """About `points` rows up to `samples` images seen, evenly in their logarithm; with the last.

    Args:
        history: of a `TrainedVAE`.
        samples: rows beyond so many images seen are left out.
        points: how many rows.

    Returns:
        A list of dicts, bounds in nats per image to 3 decimals, their errors to 4.
    """
    within = [row for row in history if row["samples_seen"] <= samples] or history[:1]
    places = np.unique(np.rint(np.geomspace(1, len(within), points)).astype(int)) - 1
    return [{name: _rounded(name, within[place][name]) for name in within[0]} for place in places]


def _rounded(name, value):
    return value if isinstance(value, int) else round(value, 4 if name.endswith("_se") else 3)
