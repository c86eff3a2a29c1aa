"""Coordinate ascent for a mixture of Gaussians in which everything is unknown."""

import functools
from typing import NamedTuple

import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp
from scipy.special import log_softmax, xlogy

from vicourse.inference.coordinate_ascent.expectations import (
    expected_log_det_wishart,
    expected_log_dirichlet,
    kl_dirichlet,
    kl_wishart,
)
from vicourse.inference.coordinate_ascent.start import nearest_of_random_points

tfd = tfp.distributions


class Components(NamedTuple):
    """What belongs to all points: q(π) = Dirichlet(π; alpha) and, for each component,

        q(μ_k, Λ_k) = N(μ_k; m_k, (beta_k Λ_k)⁻¹) Wishart(Λ_k; W_k, nu_k)

    alpha, beta and nu are [K], m is [K, D], W is [K, D, D].
    """

    alpha: np.ndarray
    beta: np.ndarray
    m: np.ndarray
    W: np.ndarray
    nu: np.ndarray


class NormalWishartMixtureQ(NamedTuple):
    """q(c) = Π_n Categorical(c_n; r[n]), r the responsibilities [N, K]; and `Components`."""

    r: np.ndarray
    alpha: np.ndarray
    beta: np.ndarray
    m: np.ndarray
    W: np.ndarray
    nu: np.ndarray


class NormalWishartMixtureUpdates:
    """q(c, π, μ, Λ) = q(c) q(π) Π_k q(μ_k, Λ_k) for `NormalWishartMixture`.

    A sweep is a local step (q of what belongs to one point) and a global step (q of what belongs to
    all points). Stochastic variational inference uses both on minibatches.

    Source: Bishop (2006), section 10.2.
    Chapter: algorithms/coordinate_ascent
    """

    def __init__(self, model):
        self._model = model

    def start(self, seed):
        """Hard assignments to random points of the data, then the global step."""
        r = nearest_of_random_points(self._model.data, self._model.num_components, seed)
        return self.join(r, self.global_step(self._model.data, r))

    def start_global(self, seed):
        """The `Components` of `start`."""
        return Components(*self.start(seed)[1:])

    def sweep(self, q):
        """q(c), then the rest, which factorises without being asked to."""
        r = self.local_step(self._model.data, Components(*q[1:]))
        return self.join(r, self.global_step(self._model.data, r))

    def local_step(self, data, components):
        """The responsibilities r_nk ∝ ρ_nk, [N, K], Bishop (10.46) and (10.49)."""
        return np.exp(log_softmax(self._log_rho(data, components), axis=1))

    def _log_rho(self, data, components):
        """log ρ_nk = E[log π_k] + E[log N(x_n; μ_k, Λ_k⁻¹)] in nats, [N, K]: (10.46)."""
        alpha, beta, m, W, nu = components
        dim = data.shape[1]
        shift = data[:, None, :] - m
        squares = dim / beta + nu * np.einsum("nkd,kde,nke->nk", shift, W, shift)
        log_det = expected_log_det_wishart(nu, W)
        return expected_log_dirichlet(alpha) + 0.5 * (log_det - dim * np.log(2 * np.pi) - squares)

    def global_step(self, data, r, scale=1.0):
        """`Components` given r, each point counted `scale` times: (10.58) to (10.63).

        N_k, x̄_k and N_k S_k are (10.51) to (10.53): count, mean and scatter of each component.
        """
        model = self._model
        counts = scale * r.sum(axis=0)
        means = scale * (r.T @ data) / np.maximum(counts, 1e-300)[:, None]
        beta = model.prior_count + counts
        m = (model.prior_count * model.prior_mean + counts[:, None] * means) / beta[:, None]
        away = data[:, None, :] - means
        scatter = scale * np.einsum("nk,nkd,nke->kde", r, away, away)
        shift = means - model.prior_mean
        shrink = model.prior_count * counts / beta
        W_inverse = model.scale_inverse + scatter
        W_inverse += np.einsum("k,kd,ke->kde", shrink, shift, shift)
        return Components(
            alpha=model.concentration + counts,
            beta=beta,
            m=m,
            W=_symmetric(np.linalg.inv(W_inverse)),
            nu=model.degrees + counts,
        )

    @staticmethod
    def join(r, components):
        """Both parts as one q."""
        return NormalWishartMixtureQ(r, *components)

    def elbo(self, q):
        """The ELBO in nats: what Bishop's (10.70) to (10.77) add up to."""
        components = Components(*q[1:])
        return self.local_elbo(self._model.data, q.r, components) + self.global_elbo(components)

    def local_elbo(self, data, r, components):
        """E[log p(x, c | π, μ, Λ)] + H[q(c)] in nats, summed over the points."""
        return float(np.sum(r * self._log_rho(data, components) - xlogy(r, r)))

    def global_elbo(self, components):
        """−KL(q(π) ‖ p(π)) − Σ_k KL(q(μ_k, Λ_k) ‖ p(μ_k, Λ_k)) in nats."""
        model = self._model
        alpha, beta, m, W, nu = components
        shift, ratio = m - model.prior_mean, model.prior_count / beta
        squares = model.prior_count * nu * np.einsum("kd,kde,ke->k", shift, W, shift)
        kl_means = 0.5 * (squares + m.shape[1] * (ratio - 1 - np.log(ratio)))
        kl_precisions = kl_wishart(nu, W, model.degrees, model.scale_inverse)
        kl_weights = kl_dirichlet(alpha, model.concentration)
        return float(-kl_weights - np.sum(kl_means + kl_precisions))

    @staticmethod
    def interpolate(old, new, rho):
        """(1 − ρ) old + ρ new in the natural parameters, which are linear in

            alpha,   nu,   beta,   beta m,   W⁻¹ + beta m mᵀ

        Args:
            old, new: `Components`.
            rho: ρ in [0, 1].
        """
        alpha, nu = (
            (1 - rho) * getattr(old, name) + rho * getattr(new, name) for name in ("alpha", "nu")
        )
        old_beta, new_beta = (1 - rho) * old.beta, rho * new.beta
        beta = old_beta + new_beta
        m = (old_beta[:, None] * old.m + new_beta[:, None] * new.m) / beta[:, None]
        # What beta m mᵀ leaves over, gathered into one square so that nothing cancels.
        apart = new.m - old.m
        W_inverse = (1 - rho) * np.linalg.inv(old.W) + rho * np.linalg.inv(new.W)
        W_inverse += np.einsum("k,kd,ke->kde", old_beta * new_beta / beta, apart, apart)
        return Components(alpha, beta, m, _symmetric(np.linalg.inv(W_inverse)), nu)

    def posterior(self, q):
        """q(π) Π_k q(μ_k, Λ_k) over {"weights", "precisions", "means"}."""
        constant = functools.partial(tf.constant, dtype=self._model.dtype)

        def means(precisions):
            covariance = tf.linalg.inv(constant(q.beta)[:, None, None] * precisions)
            loc, scale = constant(q.m), tf.linalg.cholesky(covariance)
            return tfd.Independent(tfd.MultivariateNormalTriL(loc, scale), 1)

        wishart = tfd.WishartTriL(constant(q.nu), constant(np.linalg.cholesky(q.W)))
        return tfd.JointDistributionNamed(
            {
                "weights": tfd.Dirichlet(constant(q.alpha)),
                "precisions": tfd.Independent(wishart, 1),
                "means": means,
            }
        )


def _symmetric(matrices):
    return (matrices + np.swapaxes(matrices, -1, -2)) / 2
