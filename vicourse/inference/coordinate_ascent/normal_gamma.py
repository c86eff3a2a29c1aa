"""Coordinate ascent for a Gaussian with unknown mean and precision."""

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


class NormalGammaQ(NamedTuple):
    """q(μ) q(τ) = N(μ; mu_N, 1/lambda_N) Gamma(τ; a_N, rate b_N), all of shape []."""

    mu_N: float
    lambda_N: float
    a_N: float
    b_N: float


class NormalGammaUpdates:
    """q(μ, τ) = q(μ) q(τ) for `NormalGamma`.

    The optimum is known: E[μ] and E[τ] are exact, and with a = a₀ + N/2 of the exact posterior the
    gap to the evidence is

        log p(x) − ELBO = ½ log(a + ½) + a log((a + ½)/a) + log Γ(a) − log Γ(a + ½) − ½  ≈ 1/(4a)

    It depends on the number of data alone.

    Source: Bishop (2006), section 10.1.3. In some printings (10.29) has a_N = a₀ + N/2; the
        calculation gives a₀ + (N + 1)/2, since the prior of μ has a factor √τ too.
    Chapter: algorithms/coordinate_ascent
    """

    def __init__(self, model):
        self._model = model
        self._average = model.data.mean()
        self._squares = np.sum((model.data - self._average) ** 2)

    def start(self, seed):
        """E[τ] is the prior's, times a random factor from e⁻¹ to e."""
        model = self._model
        factor = np.exp(numpy_generator(seed).uniform(-1, 1))
        q = NormalGammaQ(model.prior_mean, model.prior_count, model.a * factor, model.b)
        return self._update_mean(q)

    def sweep(self, q):
        """q(τ), then q(μ)."""
        return self._update_mean(self._update_precision(q))

    def _update_mean(self, q):
        """Bishop (10.26) and (10.27)."""
        model, n = self._model, len(self._model.data)
        count = model.prior_count + n
        mu_N = (model.prior_count * model.prior_mean + n * self._average) / count
        return q._replace(mu_N=mu_N, lambda_N=count * q.a_N / q.b_N)

    def _update_precision(self, q):
        """Bishop (10.29), mended, and (10.30)."""
        a_N = self._model.a + (len(self._model.data) + 1) / 2
        b_N = self._model.b + 0.5 * (self._expected_squares(q) + self._expected_prior_square(q))
        return q._replace(a_N=a_N, b_N=b_N)

    def _expected_squares(self, q):
        """E[Σ (x_n − μ)²]."""
        return self._squares + len(self._model.data) * (
            (self._average - q.mu_N) ** 2 + 1 / q.lambda_N
        )

    def _expected_prior_square(self, q):
        """λ₀ E[(μ − μ₀)²]."""
        shift = q.mu_N - self._model.prior_mean
        return self._model.prior_count * (shift**2 + 1 / q.lambda_N)

    def elbo(self, q):
        """E[log p(x | μ, τ)] + E[log p(μ | τ)] + H[q(μ)] − KL(q(τ) ‖ p(τ)) in nats."""
        model, n = self._model, len(self._model.data)
        tau, log_tau = q.a_N / q.b_N, expected_log_gamma(q.a_N, q.b_N)
        log_data = 0.5 * (n * (log_tau - np.log(2 * np.pi)) - tau * self._expected_squares(q))
        log_prior = 0.5 * (log_tau + np.log(model.prior_count / (2 * np.pi)))
        log_prior -= 0.5 * tau * self._expected_prior_square(q)
        entropy = 0.5 * (1 + np.log(2 * np.pi / q.lambda_N))
        return float(log_data + log_prior + entropy - kl_gamma(q.a_N, q.b_N, model.a, model.b))

    def posterior(self, q):
        """q(μ) q(τ) over {"mean", "precision"}."""
        constant = functools.partial(tf.constant, dtype=self._model.dtype)
        return tfd.JointDistributionNamed(
            {
                "mean": tfd.Normal(constant(q.mu_N), constant(q.lambda_N**-0.5)),
                "precision": tfd.Gamma(constant(q.a_N), constant(q.b_N)),
            }
        )
