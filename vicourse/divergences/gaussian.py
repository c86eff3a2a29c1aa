"""Closed forms between Gaussians: Rényi, χ², Hellinger, total variation, Wasserstein-2."""

import numpy as np
import tensorflow_probability as tfp
from scipy.linalg import orthogonal_procrustes
from scipy.special import erf

tfd = tfp.distributions


def gaussian_moments(dist):
    """Mean [d] and covariance [d, d] in float64 of a Gaussian; None for anything else."""
    if isinstance(dist, tfd.MultivariateNormalLinearOperator):
        return tuple(np.asarray(m, np.float64) for m in (dist.mean(), dist.covariance()))
    inner = dist.distribution if isinstance(dist, tfd.Independent | tfd.Sample) else dist
    if isinstance(inner, tfd.Normal):
        mean, variance = (np.ravel(m).astype(np.float64) for m in (dist.mean(), dist.variance()))
        return mean, np.diag(variance)
    return None


def renyi_gaussian(p, q, alpha):
    """Rényi divergence of order alpha between Gaussians given as (mean, covariance), in nats.

        α/2 dᵀ S⁻¹ d − 1/(2(α − 1)) log(|S| / (|Σ_p|^(1−α) |Σ_q|^α)),
        d = μ_p − μ_q, S = αΣ_q + (1 − α)Σ_p; infinite where S is not positive definite.

    Source: Gil, Alajaji and Linder (2013), Rényi divergence measures for commonly used univariate
        continuous distributions.
    Chapter: foundations/divergences
    """
    (mean_p, cov_p), (mean_q, cov_q) = p, q
    mixed = alpha * cov_q + (1 - alpha) * cov_p
    if np.linalg.eigvalsh(mixed)[0] <= 0:
        return np.inf
    distance = (mean_p - mean_q) @ np.linalg.solve(mixed, mean_p - mean_q)
    log_det, log_det_p, log_det_q = (np.linalg.slogdet(c)[1] for c in (mixed, cov_p, cov_q))
    ratio = log_det - (1 - alpha) * log_det_p - alpha * log_det_q
    return 0.5 * alpha * distance - 0.5 * ratio / (alpha - 1)


def chi_squared_gaussian(p, q):
    """χ²(p‖q) = exp(D_2(p‖q)) − 1, D_2 the Rényi divergence of order 2."""
    with np.errstate(over="ignore"):
        return np.expm1(renyi_gaussian(p, q, 2.0))


def hellinger_gaussian(p, q):
    """Hellinger distance: H² = 1 − exp(−D_½/2), D_½ the Rényi divergence of order 1/2."""
    return np.sqrt(-np.expm1(-0.5 * max(renyi_gaussian(p, q, 0.5), 0.0)))


def total_variation_gaussian(p, q):
    """2Φ(δ/2) − 1 with δ² = (μ_p − μ_q)ᵀ Σ⁻¹ (μ_p − μ_q), for one covariance Σ; else None."""
    (mean_p, cov_p), (mean_q, cov_q) = p, q
    if not np.array_equal(cov_p, cov_q):
        return None
    delta = np.sqrt((mean_p - mean_q) @ np.linalg.solve(cov_p, mean_p - mean_q))
    return erf(delta / np.sqrt(8))


def wasserstein2_gaussian(p, q):
    """Wasserstein-2 distance between Gaussians, in the unit of x:

        W² = ‖μ_p − μ_q‖² + tr(Σ_p + Σ_q − 2(Σ_p^½ Σ_q Σ_p^½)^½)

    Source: Dowson and Landau (1982), The Fréchet distance between multivariate normal
        distributions.
    Chapter: foundations/divergences
    """
    (mean_p, cov_p), (mean_q, cov_q) = p, q
    root_p, root_q = _root(cov_p), _root(cov_q)
    # The trace equals the least ‖Σ_q^½ R − Σ_p^½‖² over rotations R, which does not suffer from
    # cancellation when the covariances are close.
    rotation, _ = orthogonal_procrustes(root_q, root_p)
    spread = np.sum((root_q @ rotation - root_p) ** 2)
    return np.sqrt(np.sum((mean_p - mean_q) ** 2) + spread)


def _root(matrix):
    """The symmetric square root of a positive semidefinite matrix."""
    values, vectors = np.linalg.eigh(matrix)
    return (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T
