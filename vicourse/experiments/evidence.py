"""log p(x) of a decoder's first training and test images: the truth, and two estimators beside it.

Source: Kingma & Welling (2014), appendices D and E.
Chapter: deep/paper_experiments
"""

import numpy as np
import tensorflow as tf

from vicourse.estimate import estimate
from vicourse.experiments.experiment import with_error
from vicourse.seeds import split_seed
from vicourse.vae import (
    draws_by_quadrature,
    evidence_by_appendix_d,
    evidence_by_importance,
    evidence_by_quadrature,
    gaussian_of,
)
from vicourse.vae.posterior_draws import make_sampler

QUADRATURE_ERROR = 0.05  # nats, the mean over images: a lattice with more is not the truth
# Where the chains begin: at a draw from the prior; at one from the encoder, if there is one; at one
# from the posterior itself, by quadrature. A chain stays in the mode that it finds first.
STARTS = ("prior", "encoder", "posterior")
WIDEN = 1.3
NUM_IMPORTANCE = 200


def make_measure(settings, data, num_images, lattices, starts=STARTS):
    """What is measured of a decoder, compiled once for a whole curve.

    The two estimators stand on Hamiltonian chains that begin at `STARTS`; every point of a curve
    has the same seeds.

    Args:
        settings: `Settings` of the models, with three latents or fewer.
        data: an `ImageData`; of the training and of the test images the first are measured.
        num_images: how many of each.
        lattices: of the quadrature, pairs (spacing, half width): the first is taken whose error is
            at most `QUADRATURE_ERROR`, or else the last.
        starts: which of `STARTS`.

    Returns:
        A function of a `VAE` to a dict with, for `train_` and `test_` each, in nats per image:
        `log_p` by quadrature, its standard error over images `log_p_se` and its numerical error
        `quadrature_error`; for each start, `prior_` for instance, by how much Appendix D is off
        image by image, `prior_appendix_d_off` with `…_se` over images, and the share of images that
        it is more than a nat too low for, `…_lost`; the same for importance sampling,
        `prior_importance_off`; and the chains' `prior_acceptance`.
    """
    sets = {
        "train": tf.cast(settings.stored_images(data.x_train, 0)[:num_images], tf.float32),
        "test": tf.cast(settings.stored_images(data.x_test, 1)[:num_images], tf.float32),
    }
    start_seed, chain_seed, importance_seed = split_seed(settings.seed, 3)
    vae = settings.make_vae(sets["train"].shape[1])
    sample = make_sampler(vae.log_joint, sets["train"], tf.zeros([num_images, vae.num_latents]))

    def begin(start, x, half_width):
        if start == "prior":
            return vae.prior.sample(num_images, seed=start_seed)
        if start == "encoder":
            return vae.posterior(x).sample(seed=start_seed)
        # Where a chain begins need not be fine.
        spacing = next(spacing for spacing, width in lattices if width == half_width)
        lattice = {"spacing": spacing, "half_width": half_width}
        return draws_by_quadrature(vae, x, start_seed, **lattice)

    def from_start(start, x, truth, half_width):
        draws = sample(x, begin(start, x, half_width), chain_seed)
        paper = evidence_by_appendix_d(draws.z, draws.log_joint).value
        q = gaussian_of(draws.z)
        how = {"num_samples": NUM_IMPORTANCE, "widen": WIDEN}
        weighted = evidence_by_importance(vae.log_joint, x, q, importance_seed, **how).value
        found = {"acceptance": round(float(draws.acceptance.mean()), 3)}
        for name, value in (("appendix_d_off", paper), ("importance_off", weighted)):
            found |= with_error(name, estimate(value - truth))
            found[f"{name}_lost"] = round(float(np.mean(value - truth < -1)), 4)
        return {f"{start}_{name}": value for name, value in found.items()}

    def of_set(x):
        for spacing, half_width in lattices:
            truth = evidence_by_quadrature(vae, x, spacing=spacing, half_width=half_width)
            if truth.error.mean() <= QUADRATURE_ERROR:
                break
        log_p = estimate(truth.value)
        found = {
            "log_p": round(log_p.value, 3),
            "log_p_se": round(log_p.standard_error, 4),
            "quadrature_error": round(float(truth.error.mean()), 4),
        }
        for start in starts:
            found |= from_start(start, x, truth.value, half_width)
        return found

    def measure(trained):
        for ours, theirs in zip(vae.trainable_variables, trained.trainable_variables, strict=True):
            ours.assign(theirs)
        found = {name: of_set(x) for name, x in sets.items()}
        return {f"{name}_{key}": v for name, part in found.items() for key, v in part.items()}

    return measure
