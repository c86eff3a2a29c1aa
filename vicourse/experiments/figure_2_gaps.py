"""How far the bounds of figure 2 lie below log p(x) on MNIST, and what that is due to.

    log p(x) − ELBO  =  [log p(x) − max ELBO(x; q)]  +  [max ELBO(x; q) − ELBO(x; encoder(x))]
                            the family's part               the encoder's part

The maximum is over diagonal Gaussians q, for each image by itself. So a model that is behind in
figure 2 can be told from a model whose encoder is. Each model is a run of figure 2, and goes on
from its checkpoint. Two are added where wake-sleep fell behind by more than was allowed: another
seed, and a start from larger weights.

Source: Cremer, Li and Duvenaud (2018), Inference suboptimality in variational autoencoders.
Chapter: deep/paper_experiments
"""

import numpy as np
import tensorflow as tf

from vicourse.diagnostics import active_units, amortization_gap
from vicourse.experiments.experiment import Experiment, with_error
from vicourse.experiments.figure_2 import MNIST_LATENTS, MNIST_SAMPLES
from vicourse.experiments.images import load_images
from vicourse.experiments.paper_vae import paper_cell, paper_run, paper_settings
from vicourse.seeds import fold_in, split_seed
from vicourse.vae import held_out_log_likelihood

EVERY = 10  # of the test images are taken: 1000 of MNIST's, from all writers
MEASURE = {"every": EVERY, "num_samples": 5000, "num_steps": 500}
QUICK_MEASURE = {"every": EVERY, "num_samples": 100, "num_steps": 20}


def cells(quick):
    """The first seed of figure 2's models on MNIST; then wake-sleep with 200 latents otherwise."""
    algorithms = ("aevb", "wake_sleep")
    if quick:
        runs = [paper_cell("digits", 2, samples=14_000, algorithm=name) for name in algorithms]
        return [{**run, **QUICK_MEASURE} for run in runs]
    runs = [
        paper_cell("mnist", n, samples=MNIST_SAMPLES, algorithm=name)
        for name in algorithms
        for n in MNIST_LATENTS
    ]
    for change in ({"seed": 1}, {"init_std": 0.1}):
        again = paper_cell("mnist", 200, samples=MNIST_SAMPLES, algorithm="wake_sleep", **change)
        runs.append(again)
    return [{**run, **MEASURE} for run in runs]


def run(cell, folder, progress=False):
    """Trains one model, or finds it trained, and takes its gap apart on some test images.

    Returns:
        A dict: `data`, the images' name; `samples_seen`; in nats per image, each with its error
        `…_se`: `test_elbo` of all test images, as in figure 2, and of the images taken here
        `log_likelihood`, its `gap` to the bound, and the encoder's part of the gap, `amortization`;
        `by_image`, `draws_error` and `with_a_tenth` of `HeldOut`; `num_images`; `kl`, the mean
        KL(q ‖ p(z)) of each latent, in falling order; `active_units`.
    """
    trained = paper_run(cell, folder, progress)
    vae, last = trained.vae, trained.history[-1]
    stored = paper_settings(cell).stored_images(load_images(cell["images"]).x_test, 1)
    x = stored[:: cell["every"]].astype(np.float32)
    draws_seed, climb_seed = split_seed(fold_in(cell["seed"], 0))
    found = held_out_log_likelihood(vae, x, draws_seed, num_samples=cell["num_samples"])
    encoder = amortization_gap(vae, x, seed=climb_seed, num_steps=cell["num_steps"])
    posterior, prior = vae.posterior(x).distribution, vae.prior.distribution
    kl = tf.reduce_mean(posterior.kl_divergence(prior), axis=0).numpy()
    active, _ = active_units(posterior.loc)
    return {
        "data": trained.data_name,
        "samples_seen": last["samples_seen"],
        "test_elbo": round(last["test_elbo"], 3),
        "test_elbo_se": round(last["test_elbo_se"], 4),
        **with_error("log_likelihood", found.log_likelihood),
        **with_error("gap", found.gap),
        **with_error("amortization", encoder),
        "draws_error": round(found.draws_error, 5),
        "with_a_tenth": round(found.with_a_tenth, 4),
        "num_images": len(x),
        "kl": [round(float(nats), 4) for nats in sorted(kl, reverse=True)],
        "active_units": int(active.sum()),
        "by_image": [round(float(nats), 2) for nats in found.by_image],
    }


def report(finished):
    """A line for each model: log p(x), and the two parts of the gap below it."""
    lines = [
        f"{'algorithm':10}  N_z  start  seed       log p(x)          gap     encoder's part  active"
    ]
    for cell in finished:
        how = cell["settings"]
        lines.append(
            f"{how['algorithm']:10} {how['num_latents']:4} {how['init_std']:6} {how['seed']:5} "
            f"{cell['log_likelihood']:8.2f} ± {cell['log_likelihood_se']:.2f}"
            f"{cell['gap']:8.2f} ± {cell['gap_se']:.2f}"
            f"{cell['amortization']:11.2f} ± {cell['amortization_se']:.2f}"
            f"{cell['active_units']:8}"
        )
    return lines


FIGURE_2_GAPS = Experiment(
    name="figure_2_gaps",
    what="how far figure 2's bounds lie below log p(x) on MNIST: the encoder's part, the family's",
    cells=cells,
    run=run,
    report=report,
    keeps="vae",
)
