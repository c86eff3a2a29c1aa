"""z ~ N(0, 1), x given z ~ N(z, 1), x = 5, with exact answers from formulas and Gauss–Hermite."""

import numpy as np
import tensorflow_probability as tfp

tfd = tfp.distributions

X = 5.0
LOG_EVIDENCE = -0.25 * X**2 - 0.5 * np.log(4 * np.pi)  # x ~ N(0, 2): −7.515512
POSTERIOR_MEAN, POSTERIOR_VARIANCE = 2.5, 0.5
MU, SIGMA = 1.7, 0.9  # a q that is off in mean and in scale, with bounded weights


def log_likelihood(z):
    return -0.5 * (X - z) ** 2 - 0.5 * np.log(2 * np.pi)


def log_joint(z):
    return log_likelihood(z) - 0.5 * z**2 - 0.5 * np.log(2 * np.pi)


def surrogate(mu=MU, sigma=SIGMA, dtype=np.float64):
    return tfd.Normal(dtype(mu), dtype(sigma))


def log_weight(z, mu=MU, sigma=SIGMA):
    return log_joint(z) + 0.5 * ((z - mu) / sigma) ** 2 + np.log(sigma) + 0.5 * np.log(2 * np.pi)


def expect(function, mu=MU, sigma=SIGMA):
    """E_q[function(z)] by 80-point Gauss–Hermite quadrature."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(80)
    return np.sum(weights * function(mu + sigma * nodes)) / np.sqrt(2 * np.pi)


def expect_of_pair(function):
    """E[function(log w_1, log w_2)] for two independent draws from q, K = 2."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(80)
    log_w = log_weight(MU + SIGMA * nodes)
    values = function(log_w[:, None], log_w[None, :])
    return weights @ values @ weights / (2 * np.pi)


def within_four_errors(result, exact, tight):
    """Whether the estimate agrees with the exact answer, and is precise enough to tell."""
    return result.standard_error < tight and abs(float(result) - exact) < 4 * result.standard_error
