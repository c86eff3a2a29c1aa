"""Means and divergences of the exponential families that q is made of, in NumPy and in nats.

Plain float64 counterparts of what TFP computes on tensors: a sweep calls them many times on small
arrays, where TensorFlow's overhead would be all the cost.

Source: Bishop (2006), appendix B.
Chapter: algorithms/coordinate_ascent
"""

import numpy as np
from scipy.special import digamma, gammaln, multigammaln


def expected_log_dirichlet(alpha):
    """E[log θ_k] = ψ(α_k) − ψ(Σ α), for θ ~ Dirichlet(α) along the last axis: [..., K]."""
    return digamma(alpha) - digamma(alpha.sum(axis=-1, keepdims=True))


def expected_log_gamma(a, b):
    """E[log τ] = ψ(a) − log b, for τ ~ Gamma(a, rate b)."""
    return digamma(a) - np.log(b)


def expected_log_det_wishart(degrees, scale):
    """E[log |Λ|] for Λ ~ Wishart(W, ν): Σ_i ψ((ν + 1 − i)/2) + D log 2 + log |W|, Bishop (10.65).

    Args:
        degrees: ν, [K].
        scale: W, [K, D, D].
    """
    dim = scale.shape[-1]
    digammas = digamma((degrees[:, None] - np.arange(dim)) / 2).sum(axis=1)
    return digammas + dim * np.log(2) + np.linalg.slogdet(scale)[1]


def kl_dirichlet(alpha, prior):
    """KL(Dirichlet(α) ‖ Dirichlet(prior)) along the last axis: [..., K] to [...]."""
    prior = np.broadcast_to(prior, alpha.shape)
    log_norm = gammaln(alpha.sum(axis=-1)) - gammaln(alpha).sum(axis=-1)
    log_norm_prior = gammaln(prior.sum(axis=-1)) - gammaln(prior).sum(axis=-1)
    return log_norm - log_norm_prior + np.sum((alpha - prior) * expected_log_dirichlet(alpha), -1)


def kl_gamma(a, b, prior_a, prior_b):
    """KL(Gamma(a, rate b) ‖ Gamma(prior_a, rate prior_b)), entry by entry."""
    shapes = (a - prior_a) * digamma(a) - gammaln(a) + gammaln(prior_a)
    return shapes + prior_a * np.log(b / prior_b) + a * (prior_b / b - 1)


def kl_wishart(degrees, scale, prior_degrees, prior_scale_inverse):
    """KL(Wishart(W, ν) ‖ Wishart(W₀, ν₀)), [K].

        ½ (ν − ν₀) E log|Λ| − ½ ν D + ½ ν tr(W₀⁻¹ W) + log B(W, ν) − log B(W₀, ν₀)
        log B(W, ν) = −½ ν log|W| − ½ ν D log 2 − log Γ_D(ν/2)

    Args:
        degrees, scale: ν, [K], and W, [K, D, D].
        prior_degrees, prior_scale_inverse: ν₀ and W₀⁻¹, [D, D].
    """
    dim = scale.shape[-1]

    def log_norm(degrees, log_det):
        return -0.5 * degrees * (log_det + dim * np.log(2)) - multigammaln(degrees / 2, dim)

    trace = np.einsum("de,ked->k", prior_scale_inverse, scale)
    expected_log_det = expected_log_det_wishart(degrees, scale)
    log_ratio = log_norm(degrees, np.linalg.slogdet(scale)[1])
    log_ratio -= log_norm(prior_degrees, -np.linalg.slogdet(prior_scale_inverse)[1])
    return (
        0.5 * ((degrees - prior_degrees) * expected_log_det + degrees * (trace - dim)) + log_ratio
    )
