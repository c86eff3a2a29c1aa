"""p(x | z): what the decoder's numbers mean.

Source: Kingma & Welling (2014), appendix C.
Chapter: deep/vae_mnist, deep/paper_experiments
"""

from collections.abc import Callable
from typing import NamedTuple

import tensorflow as tf
import tensorflow_probability as tfp

tfd = tfp.distributions


class Likelihood(NamedTuple):
    """One kind of p(x | z).

    Attributes:
        outputs_per_pixel: how many numbers the decoder puts out for each pixel.
        distribution: a function from the decoder's output, [..., outputs_per_pixel · pixels], to a
            distribution of event shape [pixels].
    """

    outputs_per_pixel: int
    distribution: Callable


class Bernoulli(tfd.Bernoulli):
    """`tfd.Bernoulli` with a log-density that is linear in x.

        log p(x) = x · logit − softplus(logit)

    The library's takes a second softplus, to be exact at infinite logits. Without it a training
    step of the paper's VAE takes a sixth less time on one core.
    """

    def _log_prob(self, x):
        return x * self.logits - tf.math.softplus(self.logits)


def bernoulli(outputs):
    """∏ᵢ Bernoulli(xᵢ; sigmoid(outputᵢ)), for binary pixels; log p(x | z) in nats."""
    return tfd.Independent(Bernoulli(logits=outputs, dtype=tf.float32), 1)


def gaussian(outputs):
    """∏ᵢ N(xᵢ; mᵢ, sᵢ²), m the sigmoid of the first half, log s² the second; for grey pixels.

    Its density can be far above 1: bounds on it can be positive, and shift by log c per pixel when
    pixels are multiplied by c.
    """
    location, log_variance = tf.split(outputs, 2, axis=-1)
    return tfd.Independent(tfd.Normal(tf.sigmoid(location), tf.exp(log_variance / 2)), 1)


LIKELIHOODS = {
    "bernoulli": Likelihood(1, bernoulli),
    "gaussian": Likelihood(2, gaussian),
}
