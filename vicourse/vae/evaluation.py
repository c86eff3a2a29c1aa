"""The bound of a set of images, split into reconstruction and KL, with standard errors.

Chapter: deep/vae_mnist.
"""

from typing import NamedTuple

import numpy as np
import tensorflow as tf

from vicourse.estimate import Estimate, estimate_from_sums
from vicourse.seeds import as_seed
from vicourse.vae.sgvb import sgvb
from vicourse.validation import check_array, check_integer


class BoundEstimate(NamedTuple):
    """Means over images of `Bound`'s three parts, each an `Estimate` in nats per image.

    Attributes:
        elbo, reconstruction, kl: in nats per image, summed over pixels and latents; the standard
            error is that of the mean over images.
    """

    elbo: Estimate
    reconstruction: Estimate
    kl: Estimate

    def __str__(self):
        elbo, fit, kl = self
        return (
            f"{elbo.value:.2f} ± {elbo.standard_error:.2f} nats per image "
            f"({fit.value:.2f} − KL {kl.value:.2f}, n = {elbo.num_samples})"
        )


def evaluate_bound(vae, x, seed, *, estimator="B", num_samples=1, batch_size=1000):
    """The mean ELBO of images, with its standard error over the images.

    The standard error holds both sources of chance: which images there are, and which z were
    drawn for them.

    Args:
        vae: a `VAE`.
        x: images as float32, [n, num_pixels]; binary where the likelihood is Bernoulli.
        seed: of the samples of z.
        estimator, num_samples: see `vicourse.vae.sgvb`.
        batch_size: images at a time; it bounds the memory and changes only the draws.

    Returns:
        A `BoundEstimate`, in nats per image.

    Raises:
        ValueError, TypeError: images of another shape, integers, or, where the likelihood is
            Bernoulli, values other than 0 and 1.
        FloatingPointError: the bound of an image is NaN or infinite.
    """
    x = checked_images(vae, x)
    return make_evaluation(vae, estimator, num_samples, batch_size)(x, seed)


def checked_images(vae, x):
    """`x` as float32 [n, num_pixels] that the likelihood of `vae` is a density of, or an error."""
    x = check_array("x", x, dtype=np.float32, shape=(None, vae.num_pixels))
    if vae.is_binary and not np.all((x == 0) | (x == 1)):
        raise ValueError(
            f"`x`: wanted binary images, 0s and 1s only, got values from {x.min():g} to "
            f"{x.max():g}. Binarize grey images first; see vicourse.data.binarize."
        )
    return x


def make_evaluation(vae, estimator="B", num_samples=1, batch_size=1000):
    """`evaluate_bound` compiled once for many uses: a function of (x, seed)."""
    check_integer("batch_size", batch_size, minimum=1)

    @tf.function(
        input_signature=[tf.TensorSpec([None, vae.num_pixels]), tf.TensorSpec([2], tf.int32)]
    )
    def sums(x, seed):
        total = tf.zeros([2, 3], tf.float64)
        for start in tf.range(0, tf.shape(x)[0], batch_size):
            bound = sgvb(
                vae,
                x[start : start + batch_size],
                tf.random.fold_in(seed, start),
                estimator=estimator,
                num_samples=num_samples,
            )
            total += sums_of(bound)
        return total

    sums = sums.get_concrete_function()  # traced now, once
    return lambda x, seed: bound_estimate(sums(tf.convert_to_tensor(x), as_seed(seed)), len(x))


def sums_of(values):
    """Σ v and Σ v² over the batch, the last axis: [2, ...], float64; [2, 3] for a `Bound`."""
    values = tf.cast(values, tf.float64)
    return tf.stack([tf.reduce_sum(values, -1), tf.reduce_sum(values**2, -1)])


def bound_estimate(sums, n):
    """A `BoundEstimate` from `sums_of` added up over n images; FloatingPointError if not finite."""
    sums = np.asarray(sums)
    if not np.all(np.isfinite(sums[0])):
        raise FloatingPointError(
            "the bound is NaN or infinite for one image at least: look for NaN in the images and "
            "in the weights."
        )
    return BoundEstimate(*(estimate_from_sums(*both, n) for both in sums.T))
