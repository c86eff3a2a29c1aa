"""How far the bounds of figure 2 lie below log p(x) on MNIST, and what that is due to.

    log p(x) − ELBO  =  [log p(x) − max ELBO(x; q)]  +  [max ELBO(x; q) − ELBO(x; encoder(x))]
                            the family's part               the encoder's part

The maximum is over diagonal Gaussians q, for each image by itself. So a model that is behind in
figure 2 can be told from a model whose encoder is. Each model is a run of figure 2, and goes on
from its checkpoint. Two are added where wake-sleep fell behind by more than was allowed: another
seed, and a start from larger weights.

log p(x) is found by importance sampling from that best q. Draws from the encoder miss whole modes
of some images' posteriors, and nothing in them says so; they are kept beside it, and, for three
latents, the truth by quadrature.

Source: Cremer, Li and Duvenaud (2018), Inference suboptimality in variational autoencoders.
Chapter: deep/paper_experiments
"""

import time

import numpy as np
import tensorflow as tf

from vicourse.diagnostics import active_units, best_gaussians, elbo_by_image
from vicourse.estimate import estimate
from vicourse.experiments.experiment import Experiment, with_error
from vicourse.experiments.figure_2 import MNIST_LATENTS, MNIST_SAMPLES
from vicourse.experiments.images import load_images
from vicourse.experiments.paper_vae import paper_cell, paper_run, paper_settings
from vicourse.seeds import fold_in, split_seed
from vicourse.vae import evidence_by_importance, evidence_by_quadrature

EVERY = 10  # of the test images are taken: 1000 of MNIST's, from all writers
MEASURE = {"every": EVERY, "num_samples": 5000, "num_steps": 500, "spacing": 0.12}
QUICK_MEASURE = {"every": EVERY, "num_samples": 100, "num_steps": 20, "spacing": 0.2}

HALF_WIDTH = 5.0  # of the quadrature's lattice


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
        `log_likelihood`, and, image by image, what lies between it and the bound: the `family`'s
        part and the `encoder`'s; `draws_error`, how much `log_likelihood` would move if z were
        drawn anew; `by_encoder_draws`, the same by draws from the encoder; with three latents or
        fewer `by_quadrature` and its numerical `quadrature_error`; `num_images`; `kl`, the mean
        KL(q ‖ p(z)) of each latent, in falling order; `active_units`; `by_image`, log p(x);
        `seconds` of measuring.
    """
    trained = paper_run(cell, folder, progress)
    start = time.perf_counter()
    vae, last = trained.vae, trained.history[-1]
    stored = paper_settings(cell).stored_images(load_images(cell["images"]).x_test, 1)
    x = stored[:: cell["every"]].astype(np.float32)
    climb_seed, judge_seed, draws_seed = split_seed(fold_in(cell["seed"], 0), 3)
    encoder = vae.posterior(x)
    best = best_gaussians(vae, x, seed=climb_seed, num_steps=cell["num_steps"])
    bound, highest = (elbo_by_image(vae, x, q, seed=judge_seed) for q in (encoder, best))
    log_p, by_encoder = (
        evidence_by_importance(vae.log_joint, x, q, draws_seed, num_samples=cell["num_samples"])
        for q in (best, encoder)
    )
    found = {
        "data": trained.data_name,
        "samples_seen": last["samples_seen"],
        "test_elbo": round(last["test_elbo"], 3),
        "test_elbo_se": round(last["test_elbo_se"], 4),
        **with_error("log_likelihood", estimate(log_p.value)),
        **with_error("family", estimate(log_p.value - highest)),
        **with_error("encoder", estimate(highest - bound)),
        "draws_error": round(float(np.sqrt(np.sum(log_p.error**2))) / len(x), 5),
        "by_encoder_draws": round(float(by_encoder.value.mean()), 4),
    }
    if cell["num_latents"] <= 3:
        truth = evidence_by_quadrature(vae, x, spacing=cell["spacing"], half_width=HALF_WIDTH)
        found["by_quadrature"] = round(float(truth.value.mean()), 4)
        found["quadrature_error"] = round(float(truth.error.mean()), 4)
    kl = tf.reduce_mean(encoder.distribution.kl_divergence(vae.prior.distribution), axis=0)
    active, _ = active_units(encoder.mean())
    return {
        **found,
        "num_images": len(x),
        "kl": [round(float(nats), 4) for nats in sorted(kl.numpy(), reverse=True)],
        "active_units": int(active.sum()),
        "by_image": [round(float(nats), 2) for nats in log_p.value],
        "seconds": round(time.perf_counter() - start, 1),
    }


def report(finished):
    """A line for each model: log p(x) in two or three ways, and the parts of the gap below it."""
    lines = [
        "algorithm   N_z  start  seed        log p(x)  encoder's draws  quadrature"
        "  family's part  encoder's part  active"
    ]
    for cell in finished:
        how = cell["settings"]
        truth = f"{cell['by_quadrature']:.2f}" if "by_quadrature" in cell else ""
        lines.append(
            f"{how['algorithm']:10} {how['num_latents']:4} {how['init_std']:6} {how['seed']:5} "
            f"{cell['log_likelihood']:8.2f} ± {cell['log_likelihood_se']:.2f}"
            f"{cell['by_encoder_draws']:17.2f}{truth:>12}"
            f"{cell['family']:8.2f} ± {cell['family_se']:.2f}"
            f"{cell['encoder']:9.2f} ± {cell['encoder_se']:.2f}"
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
