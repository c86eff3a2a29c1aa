"""Recipe 3 for a reparameterization, composition: z is a function of several draws that are easy.

In `beta`, `chi_squared`, `dirichlet` and `f` all parameters are numbers of terms: the draws are
right, and there is nothing to differentiate.

Source: Kingma & Welling (2014), section 2.4.
Chapter: deep/aevb
"""

import tensorflow as tf
import tensorflow_probability as tfp

from vicourse.gradients.draw_recipe import POSITIVE, REAL, Reparameterization
from vicourse.gradients.location_scale_recipe import standard_normal
from vicourse.validation import argument_error, check_integer

tfb = tfp.bijectors
tfd = tfp.distributions


def log_normal(dtype):
    """z = exp(loc + scale · ε), ε standard normal."""
    return Reparameterization(
        "composition",
        standard_normal(dtype),
        lambda eps, loc, scale: tf.exp(loc + scale * eps),
        tfd.LogNormal,
        {"loc": REAL, "scale": POSITIVE},
    )


def gamma(dtype, concentration):
    """z = (Σ_i ε_i) / rate, ε_i exponential with rate 1: as many as `concentration`, an integer."""
    noise = exponentials(dtype, check_integer("concentration", concentration, minimum=1))
    return Reparameterization(
        "composition",
        noise,
        lambda eps, rate: tf.reduce_sum(eps, axis=-1) / rate,
        lambda rate: tfd.Gamma(tf.constant(concentration, dtype), rate),
        {"rate": POSITIVE},
    )


def dirichlet(dtype, concentration):
    """z_k = g_k / Σ_j g_j, g_k a sum of `concentration[k]` exponentials, an integer each."""
    if not isinstance(concentration, tuple | list) or len(concentration) < 2:
        raise argument_error("concentration", concentration, "two integers or more, in a list")
    sizes = [check_integer("concentration", each, minimum=1) for each in concentration]

    def transform(eps):
        sums = [tf.reduce_sum(part, axis=-1) for part in tf.split(eps, sizes, axis=-1)]
        gammas = tf.stack(sums, axis=-1)
        return gammas / tf.reduce_sum(gammas, axis=-1, keepdims=True)

    return Reparameterization(
        "composition",
        exponentials(dtype, sum(sizes)),
        transform,
        lambda: tfd.Dirichlet(tf.constant(sizes, dtype)),
        {},
    )


def beta(dtype, concentration1, concentration0):
    """z = g₁ / (g₁ + g₀), sums of `concentration1` and `concentration0` exponentials, integers."""
    ones = check_integer("concentration1", concentration1, minimum=1)
    zeros = check_integer("concentration0", concentration0, minimum=1)
    both = dirichlet(dtype, [ones, zeros])
    return Reparameterization(
        "composition",
        both.noise,
        lambda eps: both.transform(eps)[..., 0],
        lambda: tfd.Beta(tf.constant(ones, dtype), tf.constant(zeros, dtype)),
        {},
    )


def chi_squared(dtype, df):
    """z = Σ_i ε_i², the sum of `df` squared standard normals."""
    df = check_integer("df", df, minimum=1)
    return Reparameterization(
        "composition",
        tfd.Sample(standard_normal(dtype), df),
        lambda eps: tf.reduce_sum(eps**2, axis=-1),
        lambda: tfd.Chi2(tf.constant(df, dtype)),
        {},
    )


def f(dtype, df1, df2):
    """z = (c₁ / df1) / (c₂ / df2), both chi-squared, with df1 and df2 degrees of freedom."""
    df1, df2 = check_integer("df1", df1, minimum=1), check_integer("df2", df2, minimum=1)

    def transform(eps):
        upper, lower = tf.split(eps**2, [df1, df2], axis=-1)
        return tf.reduce_mean(upper, axis=-1) / tf.reduce_mean(lower, axis=-1)

    def distribution():
        # c₁ / (c₁ + c₂) is Beta(df1/2, df2/2), and z is its odds times df2/df1.
        share = tfd.Beta(tf.constant(df1 / 2, dtype), tf.constant(df2 / 2, dtype))
        odds = tfb.Exp()(tfb.Invert(tfb.Sigmoid()))
        return tfd.TransformedDistribution(share, tfb.Scale(tf.constant(df2 / df1, dtype))(odds))

    noise = tfd.Sample(standard_normal(dtype), df1 + df2)
    return Reparameterization("composition", noise, transform, distribution, {})


def exponentials(dtype, n):
    return tfd.Sample(tfd.Exponential(tf.ones([], dtype)), n)
