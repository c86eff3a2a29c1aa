"""Coordinate ascent for a mixture of Gaussians with unknown means."""

import functools
from typing import NamedTuple

import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp
from scipy.special import log_softmax, xlogy

from vicourse.inference.coordinate_ascent.start import nearest_of_random_points

tfd = tfp.distributions


class GaussianMixtureQ(NamedTuple):
    """q(c) q(μ) = Π_n Categorical(c_n; phi[n]) Π_k N(μ_k; m[k], s2[k] I).

    phi, the responsibilities, is [N, K], m is [K, D], s2 is [K].
    """

    phi: np.ndarray
    m: np.ndarray
    s2: np.ndarray


class GaussianMixtureUpdates:
    """q(c, μ) = q(c) q(μ) for `GaussianMixture`.

    Source: Blei, Kucukelbir and McAuliffe (2017), Variational inference: a review for
        statisticians, algorithm 2, with weights π_k, D dimensions and noise σ² added.
    Chapter: algorithms/coordinate_ascent
    """

    def __init__(self, model):
        self._model = model

    def start(self, seed):
        """Hard assignments to random points of the data, then q(μ)."""
        model = self._model
        phi = nearest_of_random_points(model.data, len(model.weights), seed)
        return GaussianMixtureQ(phi, *self._means_given(phi))

    def sweep(self, q):
        """q(c), then q(μ)."""
        phi = np.exp(log_softmax(self._log_weighted_densities(q), axis=1))
        return GaussianMixtureQ(phi, *self._means_given(phi))

    def _means_given(self, phi):
        """s2_k = 1/(1/s² + Σ_n φ_nk/σ²),   m_k = s2_k Σ_n φ_nk x_n/σ²."""
        noise, prior = self._model.noise_sd**2, self._model.prior_sd**2
        s2 = 1 / (1 / prior + phi.sum(axis=0) / noise)
        return s2[:, None] * (phi.T @ self._model.data) / noise, s2

    def _log_weighted_densities(self, q):
        """log π_k + E[log N(x_n; μ_k, σ² I)] in nats, [N, K]."""
        model, noise = self._model, self._model.noise_sd**2
        dim = model.data.shape[1]
        squares = np.sum((model.data[:, None, :] - q.m) ** 2, axis=-1) + dim * q.s2
        return np.log(model.weights) - 0.5 * (squares / noise + dim * np.log(2 * np.pi * noise))

    def elbo(self, q):
        """E[log p(x, c | μ)] + H[q(c)] − KL(q(μ) ‖ p(μ)) in nats."""
        prior = self._model.prior_sd**2
        local = np.sum(q.phi * self._log_weighted_densities(q) - xlogy(q.phi, q.phi))
        each = (q.s2[:, None] + q.m**2) / prior - 1 - np.log(q.s2 / prior)[:, None]
        return float(local - 0.5 * np.sum(each))

    def posterior(self, q):
        """q(μ), over [K, D]."""
        constant = functools.partial(tf.constant, dtype=self._model.dtype)
        means = tfd.Normal(constant(q.m), constant(np.sqrt(q.s2))[:, None])
        return tfd.Independent(means, 2)
