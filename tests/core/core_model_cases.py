"""Every public function of `vicourse.models`: good arguments, and strategies for bad ones."""

import numpy as np
import tensorflow_probability as tfp
from core_strategies import (
    NOT_NUMBERS,
    bad_counts,
    bad_covariance,
    bad_integer,
    bad_number,
    bad_positive,
    bad_probabilities,
    bad_reals,
)
from hypothesis import strategies as some
from models_catalogue import LOADINGS, X, Y

from vicourse import models

tfd = tfp.distributions
POSITIVE = bad_number(above=0)
LABELS = (Y > 0).astype(float)
SQUARE = np.array([[0.5, 0.1], [0.1, 0.3]])
PATH = np.array([[0.3], [1.2], [-0.4]])
ROWS = np.array([[1.0, 2.0], [0.5, -1.0], [3.0, 0.1]])


def is_no_number(value):
    """One number for all entries is fine for some arguments."""
    return not isinstance(value, float)


# function, valid arguments, and for each argument a strategy for bad values.
CASES = {
    "NormalNormal": (
        {"data": [5.0, 4.0], "prior_mean": 1.0, "prior_sd": 2.0, "noise_sd": 0.7},
        {
            "data": bad_reals([5.0, 4.0]),
            "prior_mean": bad_number(),
            "prior_sd": POSITIVE,
            "noise_sd": POSITIVE,
        },
    ),
    "BetaBernoulli": (
        {"data": [1, 0, 1], "a": 2.0, "b": 3.0},
        {"data": bad_counts([1, 0, 1], maximum=1), "a": POSITIVE, "b": POSITIVE},
    ),
    "GammaPoisson": (
        {"data": [2, 0, 5], "a": 2.0, "b": 3.0},
        {"data": bad_counts([2, 0, 5]), "a": POSITIVE, "b": POSITIVE},
    ),
    "DirichletMultinomial": (
        {"data": [3, 0, 4], "concentration": [1.0, 2.0, 0.5]},
        {
            "data": bad_counts([3, 0, 4]) | some.just([3]),
            "concentration": bad_positive([1.0, 2.0, 0.5]).filter(is_no_number),
        },
    ),
    "Gaussian": (
        {"mean": [0.0, 1.0], "covariance": SQUARE},
        {"mean": bad_reals([0.0, 1.0]), "covariance": bad_covariance(SQUARE)},
    ),
    "correlated_gaussian": (
        {"correlation": 0.3, "dim": 3},
        {"correlation": bad_number(above=-0.5, below=1.0), "dim": bad_integer(2)},
    ),
    "LinearGaussian": (
        {
            "data": ROWS @ LOADINGS.T[:2],
            "loadings": LOADINGS,
            "noise_sd": np.ones(4),
            "mean": np.zeros(4),
        },
        {
            "data": bad_reals(np.ones((3, 4)), some.just(np.ones((3, 5)))),
            "loadings": bad_reals(LOADINGS),
            "noise_sd": bad_positive(np.ones(4)).filter(is_no_number),
            "mean": bad_reals(np.zeros(4), some.just(np.zeros(3))).filter(lambda a: a is not None),
        },
    ),
    "fit_ppca": (
        {"data": X, "num_latent": 1},
        {"data": bad_reals(X), "num_latent": bad_integer(1)},
    ),
    "GaussianMixture": (
        {"data": ROWS, "weights": [0.3, 0.7], "prior_sd": 2.0, "noise_sd": 0.8},
        {
            "data": bad_reals(ROWS),
            "weights": bad_probabilities([0.3, 0.7]),
            "prior_sd": POSITIVE,
            "noise_sd": POSITIVE,
        },
    ),
    "HiddenMarkov": (
        {"data": Y[:3], "initial": [0.3, 0.7], "transition": SQUARE / SQUARE.sum(1, keepdims=True)},
        {
            "data": bad_reals(Y[:3]),
            "initial": bad_probabilities([0.3, 0.7]),
            "transition": bad_probabilities(SQUARE / SQUARE.sum(1, keepdims=True)),
            "prior_sd": POSITIVE,
            "noise_sd": POSITIVE,
        },
    ),
    "StateSpace": (
        {
            "data": PATH,
            "transition": np.eye(2),
            "process_covariance": SQUARE,
            "observation": [[1.0, -0.5]],
            "noise_covariance": [[0.4]],
            "initial_covariance": SQUARE,
        },
        {
            "data": bad_reals(PATH, some.just(ROWS)),
            "transition": bad_reals(np.eye(2), some.just(np.eye(3))),
            "process_covariance": bad_covariance(SQUARE),
            "observation": bad_reals([[1.0, -0.5]]),
            "noise_covariance": bad_covariance([[0.4]]),
            "initial_covariance": bad_covariance(SQUARE),
        },
    ),
    "LinearRegression": (
        {"features": X, "data": Y, "prior_sd": 2.0, "noise_sd": 0.7},
        {
            "features": bad_reals(X),
            "data": bad_reals(Y, some.just(Y[1:])),
            "prior_sd": POSITIVE,
            "noise_sd": POSITIVE,
        },
    ),
    "LinearRegressionUnknownNoise": (
        {"features": X, "data": Y, "prior_sd": 2.0, "a": 3.0, "b": 1.5},
        {
            "features": bad_reals(X),
            "data": bad_reals(Y),
            "prior_sd": POSITIVE,
            "a": POSITIVE,
            "b": POSITIVE,
        },
    ),
    **{
        name: (
            {"features": X, "data": LABELS, "prior_sd": 2.0},
            {"features": bad_reals(X), "data": bad_counts(LABELS, maximum=1), "prior_sd": POSITIVE},
        )
        for name in ("LogisticRegression", "ProbitRegression")
    },
    "LDA": (
        {"data": [[2, 0, 1], [0, 3, 1]], "num_topics": 2, "alpha": 0.7, "beta": 1.3},
        {
            "data": bad_counts([[2, 0, 1], [0, 3, 1]]) | some.just([[1], [2]]),
            "num_topics": bad_integer(2),
            "alpha": POSITIVE,
            "beta": POSITIVE,
        },
    ),
    "Funnel": ({"dim": 3, "sd": 2.0}, {"dim": bad_integer(2), "sd": POSITIVE}),
    "Banana": ({"bend": 0.3, "sd": 2.0}, {"bend": bad_number(), "sd": POSITIVE}),
    **{
        name: (
            {"data": [1.0, 2.0, -3.0], "standard_errors": [1.0, 2.0, 3.0]},
            {
                "data": bad_reals([1.0, 2.0, -3.0]),
                "standard_errors": bad_positive([1.0, 2.0, 3.0]) | some.just(np.ones(4)),
            },
        )
        for name in ("EightSchoolsCentred", "EightSchoolsNonCentred", "EightSchoolsMarginal")
    },
    "NormalGamma": (
        {"data": [5.0, 4.0], "prior_mean": 1.0, "prior_count": 0.5, "a": 2.0, "b": 1.5},
        {
            "data": bad_reals([5.0, 4.0]),
            "prior_mean": bad_number(),
            "prior_count": POSITIVE,
            "a": POSITIVE,
            "b": POSITIVE,
        },
    ),
    "ARDRegression": (
        {"features": X, "data": Y, "a": 2.0, "b": 1.5, "c": 3.0, "d": 0.7},
        {
            "features": bad_reals(X),
            "data": bad_reals(Y, some.just(Y[1:])),
            **dict.fromkeys("abcd", POSITIVE),
        },
    ),
    "NormalWishartMixture": (
        {
            "data": ROWS,
            "num_components": 2,
            "concentration": 0.7,
            "prior_mean": np.zeros(2),
            "prior_count": 0.8,
            "degrees": 3.5,
            "scale_inverse": SQUARE,
        },
        {
            "data": bad_reals(ROWS),
            "num_components": bad_integer(2),
            "concentration": POSITIVE,
            "prior_mean": bad_reals(np.zeros(2)).filter(lambda a: a is not None),
            "prior_count": POSITIVE,
            "degrees": bad_number(above=1).filter(lambda a: a is not None),
            "scale_inverse": bad_covariance(SQUARE).filter(lambda a: a is not None),
        },
    ),
    "Potts": (
        {"data": ROWS, "means": [-1.0, 1.0], "coupling": 0.7, "noise_sd": 0.8},
        {
            "data": bad_reals(ROWS),
            "means": bad_reals([-1.0, 1.0], some.just([1.0])),
            "coupling": bad_number(),
            "noise_sd": POSITIVE,
        },
    ),
    "Target": (
        {"distribution": tfd.Normal(np.float64(0), np.float64(1))},
        {"distribution": NOT_NUMBERS | some.just(tfd.Normal(np.zeros(2), np.ones(2)))},
    ),
    "enumerate_states": (
        {"num_values": 2, "num_variables": 3},
        {"num_values": bad_integer(1), "num_variables": bad_integer(1)},
    ),
    "quadrature": (
        {"model": models.NormalNormal(), "tolerance": 1e-6},
        {"model": NOT_NUMBERS | some.just(models.Funnel(4)), "tolerance": POSITIVE},
    ),
}
