"""Gaussian targets: where every divergence to a Gaussian approximation is a closed formula.

Source: C. M. Bishop, Pattern Recognition and Machine Learning (2006), section 10.1.2.
Chapter: foundations/divergences, foundations/elbo, algorithms/coordinate_ascent
"""

import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp

from vicourse.models.base import check_dtype
from vicourse.models.kinds import Target
from vicourse.validation import check_array, check_covariance, check_integer, check_number

tfd = tfp.distributions


class Gaussian(Target):
    """A Gaussian density N(mean, covariance) as a target.

    The best factorised Gaussian under KL(q ‖ p) has variances 1 / Λ_ii, Λ = covariance⁻¹ (too
    small); under KL(p ‖ q) it has variances covariance_ii (as wide as each marginal).

    Args:
        mean: [dim].
        covariance: [dim, dim], symmetric and positive definite.
        dtype: `tf.float64` or `tf.float32`.

    Attributes:
        mean, covariance: as NumPy arrays of float64.
    """

    name = "Gaussian"

    def __init__(self, mean, covariance, dtype=tf.float64):
        dtype = check_dtype(dtype)
        self.mean = check_array("mean", mean, shape=(None,))
        self.covariance = check_covariance("covariance", covariance, len(self.mean))
        scale = tf.constant(np.linalg.cholesky(self.covariance), dtype)
        super().__init__(tfd.MultivariateNormalTriL(tf.constant(self.mean, dtype), scale))


def correlated_gaussian(correlation=0.9, dim=2, dtype=tf.float64):
    """A `Gaussian` of mean 0 and unit variances in which every pair has the same correlation.

        Σ_ii = 1,   Σ_ij = ρ

    In two dimensions the best mean field under KL(q ‖ p) has standard deviations √(1 − ρ²) and
    KL −½ log(1 − ρ²): 0.435890 and 0.830366 nats at ρ = 0.9.

    Args:
        correlation: ρ, above −1/(dim − 1) and below 1.
        dim: 2 or more.
        dtype: `tf.float64` or `tf.float32`.

    Returns:
        A `Gaussian`.
    """
    dim = check_integer("dim", dim, minimum=2)
    correlation = check_number("correlation", correlation, above=-1 / (dim - 1), below=1)
    covariance = np.full((dim, dim), correlation)
    np.fill_diagonal(covariance, 1.0)
    return Gaussian(np.zeros(dim), covariance, dtype)
