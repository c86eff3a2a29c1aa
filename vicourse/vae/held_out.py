"""The log-likelihood of held-out images, by thousands of importance samples for each.

Source: Burda, Grosse and Salakhutdinov (2016), Importance weighted autoencoders.
Chapter: deep/paper_experiments
"""

from typing import NamedTuple

import numpy as np
import tensorflow as tf

from vicourse.compiled import compiled
from vicourse.estimate import Estimate, estimate
from vicourse.seeds import fold_in
from vicourse.vae.evaluation import checked_images
from vicourse.vae.marginal_likelihood import log_of_mean
from vicourse.vae.sgvb import sgvb
from vicourse.validation import argument_error, check_integer

PARTS = 10  # the draws of an image come in so many parts, whose spread is the draws' own error


class HeldOut(NamedTuple):
    """L_K of held-out images, and how far K draws carry. All in nats per image.

    L_K is below log p(x) in expectation. Where the weights' variance is finite, by about c/K: then
    a ninth of `log_likelihood` − `with_a_tenth` is still missing. Where their tails are heavy, as
    they are on MNIST, that difference shrinks more slowly than 1/K, and more is missing.

    Attributes:
        log_likelihood: an `Estimate`: the mean of L_K over images. Its standard error is that of
            the mean over images, and holds the draws' part.
        by_image: L_K of each image, float64 [n]. To compare two models take differences image by
            image: their mean has a far smaller error than either mean.
        gap: an `Estimate`: the mean of L_K − ELBO, image by image and from the same draws. So it is
            KL(q(z | x) ‖ p(z | x)), as far as L_K is log p(x).
        draws_error: the draws' part alone: how much the mean moves when z is drawn anew. Too small
            where the weights' tails are heavy.
        with_a_tenth: the mean of L_{K/10}, of the same draws in tenths.
        num_samples: K.

    Chapter: deep/paper_experiments
    """

    log_likelihood: Estimate
    by_image: np.ndarray
    gap: Estimate
    draws_error: float
    with_a_tenth: float
    num_samples: int

    def __str__(self):
        value, error, n = (
            self.log_likelihood.value,
            self.log_likelihood.standard_error,
            self.log_likelihood.num_samples,
        )
        return (
            f"{value:.2f} ± {error:.2f} nats per image (n = {n}; K = {self.num_samples} draws, "
            f"± {self.draws_error:.3f}; {value - self.with_a_tenth:.3f} above K/10)"
        )


def held_out_log_likelihood(vae, x, seed, *, num_samples=5000, batch_size=20):
    """The mean log-likelihood of images, each by importance sampling from q(z | x).

        L_K(x) = log 1/K Σ_k p(x, z_k) / q(z_k | x),   z_k ~ q(z | x),   E[L_K] ≤ log p(x)

    Where the encoder points to one mode of p(z | x) and the mass is in another, no draw says so,
    and L_K is too low by far more than its errors. `diagnostics.best_gaussians` gives better draws
    to `evidence_by_importance`. Burda and others take the encoder's.

    Args:
        vae: a `VAE`.
        x: images that it was not trained on, float32, [n, num_pixels]; binary where the likelihood
            is Bernoulli.
        seed: of the draws.
        num_samples: K, a multiple of 10. Burda and others take 5000.
        batch_size: images at a time. Memory: about batch_size · K · num_pixels bytes, 80 MB with
            the values given here; it changes only the draws.

    Returns:
        A `HeldOut`.

    Raises:
        ValueError, TypeError: bad images (at least two are wanted) or arguments.
        FloatingPointError: L_K of an image is NaN or infinite.

    Source: Burda, Grosse and Salakhutdinov (2016), Importance weighted autoencoders.
    Chapter: deep/paper_experiments
    """
    x = checked_images(vae, x)
    num_samples = check_integer("num_samples", num_samples, minimum=PARTS)
    batch_size = check_integer("batch_size", batch_size, minimum=1)
    if num_samples % PARTS:
        raise argument_error("num_samples", num_samples, f"a multiple of {PARTS}")

    def bounds(x, seed):
        """L_{K/10} and the ELBO of each image, [2, batch]."""
        found = sgvb(vae, x, seed, estimator="IW", num_samples=num_samples // PARTS)
        return tf.stack([found.elbo, found.reconstruction - found.kl])

    some_images = tf.TensorSpec([None, vae.num_pixels])
    bounds = compiled(bounds, some_images, tf.TensorSpec([2], tf.int32), jit_compile=False)

    def over_images(seed):
        batches = ((s, tf.constant(x[s : s + batch_size])) for s in range(0, len(x), batch_size))
        return np.hstack([bounds(batch, fold_in(seed, start)) for start, batch in batches])

    pairs = np.array([over_images(fold_in(seed, part)) for part in range(PARTS)], np.float64)
    parts, elbo = pairs[:, 0], pairs[:, 1].mean(axis=0)
    bad = int(np.sum(~np.all(np.isfinite(parts), axis=0)))
    if bad:
        raise FloatingPointError(
            f"L_K of {bad} images is NaN or infinite: look for NaN in the weights."
        )
    return _held_out(parts, elbo, num_samples)


def _held_out(parts, elbo, num_samples):
    """A `HeldOut` from L_{K/10} [PARTS, n] of the parts, the log of their weights' mean; and the
    ELBO [n] of all their draws."""
    value, error = log_of_mean("weights", parts)
    draws_error = np.sqrt(np.sum(error**2)) / len(value)
    gap = estimate(value - elbo)
    with_a_tenth = float(parts.mean())
    return HeldOut(estimate(value), value, gap, float(draws_error), with_a_tenth, num_samples)
