"""Small models with closed-form updates, and ways to move one factor of their q."""

import numpy as np
import tensorflow as tf
from scipy.special import softmax

from vicourse.models import (
    LDA,
    ARDRegression,
    GaussianMixture,
    NormalGamma,
    NormalWishartMixture,
    Potts,
)

_RNG = np.random.default_rng(20030101)
X = _RNG.normal(size=(20, 3))
Y = X @ np.array([1.5, 0.0, -0.7]) + 0.5 * _RNG.normal(size=20)
POINTS = np.concatenate([_RNG.normal(size=(12, 2)) * [0.5, 1.0] + c for c in ([0, 0], [3, 1])])
COUNTS = _RNG.poisson(1.5, size=(6, 8))
COUNTS[2] = 0  # an empty document
COUNTS[:, 5] = 0  # a word that nobody uses
IMAGE = _RNG.normal(size=(6, 5))

BUILDERS = {
    "normal_gamma": lambda dtype: NormalGamma(Y[:7] + 2.0, 0.5, 2.0, a=1.5, b=0.7, dtype=dtype),
    "ard_regression": lambda dtype: ARDRegression(X, Y, a=0.5, b=0.4, c=2.0, d=0.3, dtype=dtype),
    "gaussian_mixture": lambda dtype: GaussianMixture(
        POINTS, np.array([0.2, 0.5, 0.3]), 3.0, 0.8, dtype=dtype
    ),
    "normal_wishart_mixture": lambda dtype: NormalWishartMixture(
        POINTS,
        3,
        0.5,
        np.array([1.0, -0.5]),
        0.3,
        3.5,
        np.array([[1.0, 0.3], [0.3, 2.0]]),
        dtype=dtype,
    ),
    "lda": lambda dtype: LDA(COUNTS, 3, alpha=0.4, beta=0.7, dtype=dtype),
    "potts": lambda dtype: Potts(IMAGE, np.array([-0.5, 0.2, 1.0]), 0.7, 0.9, dtype=dtype),
}
CASES = {name: build(tf.float64) for name, build in BUILDERS.items()}

POSITIVE = {"lambda_N", "a_N", "b_N", "c_N", "d_N", "s2", "alpha", "beta", "nu", "gamma", "lam"}
SIMPLEX = {"phi", "r", "q"}
MATRIX = {"S", "W"}


def moved(q, name, size, rng):
    """q with the parameter `name` moved at random, by about `size`, inside its domain."""
    value = np.asarray(getattr(q, name))
    noise = size * rng.normal(size=value.shape)
    if name in POSITIVE:
        value = value * np.exp(noise)
    elif name in SIMPLEX:
        value = softmax(np.log(value + 1e-12) + noise, axis=-1)
    elif name in MATRIX:
        turn = np.eye(value.shape[-1]) + noise
        value = turn @ value @ np.swapaxes(turn, -1, -2)
    else:
        value = value + noise
    return q._replace(**{name: value})


def all_moved(q, size, rng):
    """q with every parameter moved: an arbitrary q, far from any optimum."""
    for name in q._fields:
        q = moved(q, name, size, rng)
    return q
