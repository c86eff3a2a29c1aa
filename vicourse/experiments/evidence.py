"""log p(x) of a decoder's first training and test images: the truth, and two estimators beside it.

Source: Kingma & Welling (2014), appendices D and E.
Chapter: deep/paper_experiments
"""

import numpy as np
import tensorflow as tf

from vicourse.estimate import estimate
from vicourse.seeds import split_seed
from vicourse.vae import (
    evidence_by_appendix_d,
    evidence_by_importance,
    evidence_by_quadrature,
    gaussian_of,
)
from vicourse.vae.posterior_draws import make_sampler

SPACING = 0.2  # at N_z = 3 the mean over a thousand images is then right to about 0.001 nats
HALF_WIDTH = 6.0  # early in training some posteriors sit beyond 5
WIDEN = 1.3
NUM_IMPORTANCE = 200


def make_measure(settings, data, num_images, spacing):
    """What is measured of a decoder, compiled once for a whole curve.

    Chains begin at draws from the prior; every point has the same seeds.

    Args:
        settings: `Settings` of the models, with three latents or fewer.
        data: an `ImageData`; of the training and of the test images the first are measured.
        num_images: how many of each.
        spacing: of the quadrature.

    Returns:
        A function of a `VAE` to a dict with, for `train_` and `test_` each, in nats per image:
        `log_p` by quadrature, its standard error over images `log_p_se` and its numerical error
        `quadrature_error`; `appendix_d`, and by how much it is off image by image,
        `appendix_d_off` with `appendix_d_off_se` and `appendix_d_off_sd`, over images; the same for
        importance sampling, `importance_off` and `importance_off_se`; and the chains' `acceptance`.
    """
    sets = {
        "train": tf.cast(settings.stored_images(data.x_train, 0)[:num_images], tf.float32),
        "test": tf.cast(settings.stored_images(data.x_test, 1)[:num_images], tf.float32),
    }
    start_seed, chain_seed, importance_seed = split_seed(settings.seed, 3)
    vae = settings.make_vae(sets["train"].shape[1])
    start = vae.prior.sample(num_images, seed=start_seed)
    sample = make_sampler(vae.log_joint, sets["train"], start)

    def of_set(x):
        truth = evidence_by_quadrature(vae, x, spacing=spacing, half_width=HALF_WIDTH)
        draws = sample(x, start, chain_seed)
        paper = evidence_by_appendix_d(draws.z, draws.log_joint)
        weighted = evidence_by_importance(
            vae.log_joint,
            x,
            gaussian_of(draws.z),
            importance_seed,
            num_samples=NUM_IMPORTANCE,
            widen=WIDEN,
        )
        log_p = estimate(truth.value)
        paper_off = estimate(paper.value - truth.value)
        weighted_off = estimate(weighted.value - truth.value)
        return {
            "log_p": round(log_p.value, 3),
            "log_p_se": round(log_p.standard_error, 4),
            "quadrature_error": round(float(truth.error.mean()), 4),
            "appendix_d": round(float(paper.value.mean()), 3),
            "appendix_d_off": round(paper_off.value, 4),
            "appendix_d_off_se": round(paper_off.standard_error, 4),
            "appendix_d_off_sd": round(float(np.std(paper.value - truth.value)), 4),
            "importance_off": round(weighted_off.value, 4),
            "importance_off_se": round(weighted_off.standard_error, 4),
            "acceptance": round(float(draws.acceptance.mean()), 3),
        }

    def measure(trained):
        weights = trained.decoder.trainable_variables
        for ours, theirs in zip(vae.decoder.trainable_variables, weights, strict=True):
            ours.assign(theirs)
        found = {name: of_set(x) for name, x in sets.items()}
        return {f"{name}_{key}": v for name, part in found.items() for key, v in part.items()}

    return measure
