"""Coordinate ascent for linear regression with relevances."""

import functools
from typing import NamedTuple

import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp

from vicourse.inference.coordinate_ascent.expectations import (
    expected_log_gamma,
    kl_gamma,
)
from vicourse.inference.coordinate_ascent.start import numpy_generator

tfd = tfp.distributions


class ARDRegressionQ(NamedTuple):
    """q(w) q(α) q(τ) = N(w; m, S) Π_j Gamma(α_j; a_N, rate b_N[j]) Gamma(τ; c_N, rate d_N).

    m and b_N are [P], S is [P, P], the others are numbers.
    """

    m: np.ndarray
    S: np.ndarray
    a_N: float
    b_N: np.ndarray
    c_N: float
    d_N: float


class ARDRegressionUpdates:
    """q(w, α, τ) = q(w) q(α) q(τ) for `ARDRegression`.

    Source: Bishop and Tipping (2000), Variational relevance vector machines; Bishop (2006),
        section 10.3, has one α for all weights and τ known.
    Chapter: algorithms/coordinate_ascent
    """

    def __init__(self, model):
        self._model = model
        self._gram = model.features.T @ model.features

    def start(self, seed):
        """E[α_j] = 1 and E[τ] = 1 / variance of y, each times a random factor from e⁻¹ to e."""
        model, rng = self._model, numpy_generator(seed)
        num_weights = len(self._gram)
        a_N, c_N = model.a + 0.5, model.c + len(model.data) / 2
        b_N = a_N * np.exp(rng.uniform(-1, 1, num_weights))
        d_N = c_N * (np.var(model.data) or 1.0) * np.exp(rng.uniform(-1, 1))
        q = ARDRegressionQ(np.zeros(num_weights), np.eye(num_weights), a_N, b_N, c_N, d_N)
        return self._update_weights(q)

    def sweep(self, q):
        """q(α), then q(τ), then q(w)."""
        return self._update_weights(self._update_noise(self._update_relevances(q)))

    def _update_weights(self, q):
        """S⁻¹ = diag E[α] + E[τ] XᵀX,   m = E[τ] S Xᵀy."""
        tau = q.c_N / q.d_N
        precision = np.diag(q.a_N / q.b_N) + tau * self._gram
        unit = 1 / np.sqrt(np.diag(precision))  # features of any scale
        S = np.linalg.inv(precision * np.outer(unit, unit)) * np.outer(unit, unit)
        S = (S + S.T) / 2
        return q._replace(m=tau * S @ (self._model.features.T @ self._model.data), S=S)

    def _update_relevances(self, q):
        """a_N = a + ½,   b_N = b + ½ E[w_j²]."""
        squares = q.m**2 + np.diag(q.S)
        return q._replace(a_N=self._model.a + 0.5, b_N=self._model.b + 0.5 * squares)

    def _update_noise(self, q):
        """c_N = c + N/2,   d_N = d + ½ E‖y − X w‖²."""
        c_N = self._model.c + len(self._model.data) / 2
        return q._replace(c_N=c_N, d_N=self._model.d + 0.5 * self._expected_squares(q))

    def _expected_squares(self, q):
        """E‖y − X w‖² = ‖y − X m‖² + tr(XᵀX S)."""
        residual = self._model.data - self._model.features @ q.m
        return residual @ residual + np.sum(self._gram * q.S)

    def elbo(self, q):
        """E[log p(y | w, τ)] + E[log p(w | α)] + H[q(w)] − KL(q(α) ‖ p(α)) − KL(q(τ) ‖ p(τ))."""
        model, n, num_weights = self._model, len(self._model.data), len(q.m)
        tau, log_tau = q.c_N / q.d_N, expected_log_gamma(q.c_N, q.d_N)
        alpha, log_alpha = q.a_N / q.b_N, expected_log_gamma(q.a_N, q.b_N)
        log_data = 0.5 * (n * (log_tau - np.log(2 * np.pi)) - tau * self._expected_squares(q))
        log_prior = 0.5 * np.sum(log_alpha - alpha * (q.m**2 + np.diag(q.S)) - np.log(2 * np.pi))
        entropy = 0.5 * (num_weights * (1 + np.log(2 * np.pi)) + np.linalg.slogdet(q.S)[1])
        kl = kl_gamma(q.a_N, q.b_N, model.a, model.b).sum()
        kl += kl_gamma(q.c_N, q.d_N, model.c, model.d)
        return float(log_data + log_prior + entropy - kl)

    def posterior(self, q):
        """q(w) q(α) q(τ) over {"weights", "relevances", "precision"}."""
        constant = functools.partial(tf.constant, dtype=self._model.dtype)
        scale = constant(np.linalg.cholesky(q.S))
        relevances = tfd.Gamma(constant(np.full(len(q.m), q.a_N)), constant(q.b_N))
        return tfd.JointDistributionNamed(
            {
                "weights": tfd.MultivariateNormalTriL(constant(q.m), scale),
                "relevances": tfd.Independent(relevances, 1),
                "precision": tfd.Gamma(constant(q.c_N), constant(q.d_N)),
            }
        )
