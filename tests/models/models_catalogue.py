"""One small instance of every model, for the tests that hold for all of them."""

import numpy as np

from vicourse import models

_RNG = np.random.default_rng(20131220)
X = _RNG.normal(size=(12, 3))
Y = X @ np.array([1.0, -2.0, 0.5]) + _RNG.normal(size=12)
LOADINGS = np.array([[1.0, 0.5], [-0.3, 2.0], [0.7, 0.1], [0.0, -1.0]])

CATALOGUE = {
    "normal_normal": lambda dtype: models.NormalNormal(
        [5.0, 4.0, 7.5], prior_mean=1.0, prior_sd=2.0, noise_sd=0.7, dtype=dtype
    ),
    "beta_bernoulli": lambda dtype: models.BetaBernoulli([1, 0, 1, 1], a=2.0, b=3.0, dtype=dtype),
    "gamma_poisson": lambda dtype: models.GammaPoisson([2, 0, 5], a=2.5, b=0.7, dtype=dtype),
    "dirichlet_multinomial": lambda dtype: models.DirichletMultinomial(
        [3, 0, 4, 2], np.array([1.0, 2.0, 0.5, 1.5]), dtype=dtype
    ),
    "gaussian": lambda dtype: models.correlated_gaussian(0.9, 3, dtype=dtype),
    "linear_gaussian": lambda dtype: models.LinearGaussian(
        np.outer([1.0, -0.5, 2.0], [1.0, 2.0, 0.0, -1.0]),
        LOADINGS,
        np.array([0.5, 1.0, 1.5, 0.8]),
        np.array([0.1, -0.2, 0.3, 0.0]),
        dtype=dtype,
    ),
    "gaussian_mixture": lambda dtype: models.GaussianMixture(
        Y[:6, None] * np.array([1.0, 0.3]), np.array([0.3, 0.7]), 2.0, 0.8, dtype=dtype
    ),
    "linear_regression": lambda dtype: models.LinearRegression(X, Y, 2.0, 0.7, dtype=dtype),
    "linear_regression_unknown_noise": lambda dtype: models.LinearRegressionUnknownNoise(
        X, Y, prior_sd=2.0, a=3.0, b=1.5, dtype=dtype
    ),
    "probit_regression": lambda dtype: models.ProbitRegression(
        X, (Y > 0).astype(float), 2.0, dtype=dtype
    ),
    "logistic_regression": lambda dtype: models.LogisticRegression(
        X, (Y > 0).astype(float), 2.0, dtype=dtype
    ),
    "eight_schools_centred": lambda dtype: models.EightSchoolsCentred(dtype=dtype),
    "eight_schools_non_centred": lambda dtype: models.EightSchoolsNonCentred(dtype=dtype),
    "eight_schools_marginal": lambda dtype: models.EightSchoolsMarginal(dtype=dtype),
    "funnel": lambda dtype: models.Funnel(4, dtype=dtype),
    "banana": lambda dtype: models.Banana(0.3, 2.0, dtype=dtype),
    "hidden_markov": lambda dtype: models.HiddenMarkov(
        Y[:5], np.array([0.4, 0.6]), np.array([[0.9, 0.1], [0.3, 0.7]]), 2.0, 0.8, dtype=dtype
    ),
    "state_space": lambda dtype: models.StateSpace(
        X[:4, :1],
        np.array([[1.0, 0.5], [-0.2, 0.9]]),
        np.array([[0.3, 0.1], [0.1, 0.2]]),
        np.array([[1.0, -0.5]]),
        np.array([[0.4]]),
        np.array([[2.0, 0.3], [0.3, 1.0]]),
        dtype=dtype,
    ),
    "normal_gamma": lambda dtype: models.NormalGamma(
        [5.0, 4.0, 7.5], prior_mean=1.0, prior_count=0.5, a=2.0, b=1.5, dtype=dtype
    ),
    "ard_regression": lambda dtype: models.ARDRegression(
        X, Y, a=2.0, b=1.5, c=3.0, d=0.7, dtype=dtype
    ),
    "normal_wishart_mixture": lambda dtype: models.NormalWishartMixture(
        X[:5, :2],
        3,
        0.7,
        np.array([0.5, -0.2]),
        0.8,
        3.5,
        np.array([[1.0, 0.3], [0.3, 2.0]]),
        dtype,
    ),
    "lda": lambda dtype: models.LDA([[2, 0, 1], [0, 3, 1]], 2, alpha=0.7, beta=1.3, dtype=dtype),
}
