"""Recipe 2 for a reparameterization: z = location + scale · ε, ε from the family's standard member.

Source: Kingma & Welling (2014), section 2.4.
Chapter: deep/aevb
"""

import tensorflow as tf
import tensorflow_probability as tfp

from vicourse.gradients.draw_recipe import POSITIVE, REAL, TRIANGLE, Reparameterization
from vicourse.validation import check_integer, check_number

tfd = tfp.distributions


def standard_normal(dtype):
    return tfd.Normal(tf.zeros([], dtype), tf.ones([], dtype))


def location_scale(standard, distribution):
    """z = loc + scale · ε, with ε from `standard`: location 0 and scale 1."""
    return Reparameterization(
        "location-scale",
        standard,
        lambda eps, loc, scale: loc + scale * eps,
        distribution,
        {"loc": REAL, "scale": POSITIVE},
    )


def normal(dtype):
    """z = loc + scale · ε."""
    return location_scale(standard_normal(dtype), tfd.Normal)


def laplace(dtype):
    """z = loc + scale · ε."""
    return location_scale(tfd.Laplace(tf.zeros([], dtype), tf.ones([], dtype)), tfd.Laplace)


def student_t(dtype, df):
    """z = loc + scale · ε; df is a property of the noise, and fixed."""
    df = tf.constant(check_number("df", df, above=0), dtype)
    standard = tfd.StudentT(df, tf.zeros([], dtype), tf.ones([], dtype))
    return location_scale(standard, lambda loc, scale: tfd.StudentT(df, loc, scale))


def uniform(dtype):
    """z = loc + scale · ε, from loc to loc + scale."""
    standard = tfd.Uniform(tf.zeros([], dtype), tf.ones([], dtype))
    return location_scale(standard, lambda loc, scale: tfd.Uniform(loc, loc + scale))


def triangular(dtype):
    """z = loc + scale · ε, from loc − scale to loc + scale, the peak at loc."""
    one = tf.ones([], dtype)
    return location_scale(
        tfd.Triangular(-one, one, 0 * one),
        lambda loc, scale: tfd.Triangular(loc - scale, loc + scale, loc),
    )


def multivariate_normal(dtype, dim):
    """z = loc + L ε, with L = scale_tril, lower triangular: a location and a scale for a vector."""
    dim = check_integer("dim", dim, minimum=1)
    return Reparameterization(
        "location-scale",
        tfd.Sample(standard_normal(dtype), dim),
        lambda eps, loc, scale_tril: loc + tf.linalg.matvec(lower_triangle(scale_tril), eps),
        tfd.MultivariateNormalTriL,
        {"loc": REAL, "scale_tril": TRIANGLE},
    )


def lower_triangle(matrix):
    """The matrix without what stands above the diagonal: there, a gradient step must not lead."""
    return tf.linalg.band_part(matrix, -1, 0)
