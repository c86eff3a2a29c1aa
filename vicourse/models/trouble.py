"""Two normalised densities that make trouble: a funnel and a banana.

Both are a standard Gaussian pushed through a smooth map with a known Jacobian, so that exact draws
and the exact density are at hand to judge an approximation by.

Chapter: algorithms/richer_posteriors, algorithms/diagnostics
"""

import tensorflow as tf
import tensorflow_probability as tfp

from vicourse.models.base import check_dtype
from vicourse.models.kinds import Target
from vicourse.validation import check_integer, check_number

tfb = tfp.bijectors
tfd = tfp.distributions


class Funnel(Target):
    """Neal's funnel: the scale of all other coordinates depends on the first.

        z_1 ~ N(0, s²),   z_i | z_1 ~ N(0, exp(z_1)),   i = 2 … dim

    exp(z_1) is a variance. With s = 3, two standard deviations below the middle the other
    coordinates have the standard deviation e⁻³, two above it e³: 400 times as wide.
    Source: R. M. Neal, "Slice sampling", Annals of Statistics 31 (2003).

    Args:
        dim: 2 or more.
        sd: s.
        dtype: `tf.float64` or `tf.float32`.
    """

    name = "Funnel"

    def __init__(self, dim=2, sd=3.0, dtype=tf.float64):
        dtype = check_dtype(dtype)
        dim = check_integer("dim", dim, minimum=2)
        sd = tf.constant(check_number("sd", sd, above=0), dtype)

        def widen(first, depth):
            return tfb.Scale(tf.exp(0.5 * sd * tf.repeat(first, depth, axis=-1)))

        stretch = tfb.Scale(tf.concat([[sd], tf.ones(dim - 1, dtype)], axis=0))
        super().__init__(_pushed(dim, tfb.Chain([stretch, _from_first(widen)]), dtype))


class Banana(Target):
    """A Gaussian bent along a parabola.

        z_1 ~ N(0, s²),   z_2 | z_1 ~ N(b (z_1² − s²), 1)

    Source: H. Haario, E. Saksman and J. Tamminen, "Adaptive proposal distribution for random walk
    Metropolis algorithm", Computational Statistics 14 (1999).

    Args:
        bend: b; 0 leaves a Gaussian.
        sd: s.
        dtype: `tf.float64` or `tf.float32`.
    """

    name = "Banana"

    def __init__(self, bend=0.1, sd=3.0, dtype=tf.float64):
        dtype = check_dtype(dtype)
        bend = tf.constant(check_number("bend", bend), dtype)
        sd = tf.constant(check_number("sd", sd, above=0), dtype)

        def shift(first, depth):
            del depth
            return tfb.Shift(bend * sd**2 * (first**2 - 1))

        stretch = tfb.Scale(tf.stack([sd, tf.ones_like(sd)]))
        super().__init__(_pushed(2, tfb.Chain([stretch, _from_first(shift)]), dtype))


def _from_first(bijector_fn):
    """Leaves the first coordinate and moves the others by a map that depends on it."""
    return tfb.RealNVP(num_masked=1, bijector_fn=bijector_fn)


def _pushed(dim, bijector, dtype):
    """The distribution of bijector(ε), ε ~ N(0, I_dim)."""
    noise = tfd.MultivariateNormalDiag(tf.zeros(dim, dtype))
    return tfd.TransformedDistribution(noise, bijector)
