"""Recipe 1 for a reparameterization, the inverse distribution function: z = F⁻¹(u), u ~ U(0, 1).

Of the paper's list the Erlang distribution is missing: for shapes above 1 its F has no inverse in
closed form. A sum of exponentials gives it, which is `gamma` in `composition_recipe`.

Source: Kingma & Welling (2014), section 2.4.
Chapter: deep/aevb
"""

import math

import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp

from vicourse.gradients.draw_recipe import POSITIVE, REAL, Reparameterization

tfb = tfp.bijectors
tfd = tfp.distributions


def inverse_cdf(dtype, transform, distribution, **parameters):
    # Never exactly 0, where several of the inverses are infinite; below 1 it is anyway.
    low = tf.constant(np.finfo(dtype.as_numpy_dtype).tiny, dtype)
    noise = tfd.Uniform(low, tf.ones([], dtype))
    return Reparameterization("inverse CDF", noise, transform, distribution, parameters)


def exponential(dtype):
    """z = −log(1 − u) / rate."""
    return inverse_cdf(
        dtype, lambda u, rate: -tf.math.log1p(-u) / rate, tfd.Exponential, rate=POSITIVE
    )


def cauchy(dtype):
    """z = loc + scale · tan(π (u − 1/2))."""
    return inverse_cdf(
        dtype,
        lambda u, loc, scale: loc + scale * tf.tan(math.pi * (u - 0.5)),
        tfd.Cauchy,
        loc=REAL,
        scale=POSITIVE,
    )


def logistic(dtype):
    """z = loc + scale · log(u / (1 − u))."""
    return inverse_cdf(
        dtype,
        lambda u, loc, scale: loc + scale * (tf.math.log(u) - tf.math.log1p(-u)),
        tfd.Logistic,
        loc=REAL,
        scale=POSITIVE,
    )


def rayleigh(dtype):
    """z = scale · √(−2 log(1 − u))."""
    return inverse_cdf(
        dtype,
        lambda u, scale: scale * tf.sqrt(-2 * tf.math.log1p(-u)),
        lambda scale: tfd.Weibull(tf.constant(2, dtype), math.sqrt(2) * scale),
        scale=POSITIVE,
    )


def pareto(dtype):
    """z = scale · (1 − u)^(−1/concentration)."""
    return inverse_cdf(
        dtype,
        lambda u, concentration, scale: scale * tf.exp(-tf.math.log1p(-u) / concentration),
        tfd.Pareto,
        concentration=POSITIVE,
        scale=POSITIVE,
    )


def weibull(dtype):
    """z = scale · (−log(1 − u))^(1/concentration)."""
    return inverse_cdf(
        dtype,
        lambda u, concentration, scale: scale * (-tf.math.log1p(-u)) ** (1 / concentration),
        tfd.Weibull,
        concentration=POSITIVE,
        scale=POSITIVE,
    )


def reciprocal(dtype):
    """z = low · exp(log_ratio · u): log z is uniform, and log_ratio = log(high / low)."""
    return inverse_cdf(
        dtype,
        lambda u, low, log_ratio: low * tf.exp(log_ratio * u),
        lambda low, log_ratio: tfd.TransformedDistribution(
            tfd.Uniform(tf.zeros([], dtype), log_ratio), tfb.Scale(low)(tfb.Exp())
        ),
        low=POSITIVE,
        log_ratio=POSITIVE,
    )


def gompertz(dtype):
    """z = log(1 − log(1 − u) / concentration) / rate."""
    return inverse_cdf(
        dtype,
        lambda u, concentration, rate: tf.math.log1p(-tf.math.log1p(-u) / concentration) / rate,
        lambda concentration, rate: tfd.TransformedDistribution(
            tfd.Uniform(tf.zeros([], dtype), tf.ones([], dtype)),
            tfb.Invert(tfb.GompertzCDF(concentration, rate)),
        ),
        concentration=POSITIVE,
        rate=POSITIVE,
    )


def gumbel(dtype):
    """z = loc − scale · log(−log u)."""
    return inverse_cdf(
        dtype,
        lambda u, loc, scale: loc - scale * tf.math.log(-tf.math.log(u)),
        tfd.Gumbel,
        loc=REAL,
        scale=POSITIVE,
    )
