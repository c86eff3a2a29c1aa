"""log p(x) of each image from draws, two ways: importance sampling and the paper's estimator.

    log p(x) = log ∫ p(z) p(x | z) dz

Where draws are exact, importance sampling errs downwards in expectation and the paper's estimator
upwards; `evidence_by_quadrature`, for up to three latents, says where the truth is.

Source: Kingma & Welling (2014), appendix D.
Chapter: deep/paper_experiments
"""

from typing import NamedTuple

import numpy as np
import tensorflow_probability as tfp
from scipy.special import logsumexp

from vicourse.compiled import compiled
from vicourse.seeds import as_seed, fold_in
from vicourse.vae.kernel_density import log_kernel_density, scale_of_draws
from vicourse.validation import argument_error, check_array, check_integer, check_number

tfd = tfp.distributions


class LogEvidence(NamedTuple):
    """Estimates of log p(x), one for each image; `vicourse.estimate` takes their mean.

    Attributes:
        value: [n], float64, in nats.
        error: [n], in nats: a standard error by the delta method, of independent draws.
        num_samples: draws behind each value.

    Chapter: deep/paper_experiments
    """

    value: np.ndarray
    error: np.ndarray
    num_samples: int


def evidence_by_importance(log_joint, x, q, seed, *, num_samples=500, widen=1.0):
    """log p(x) by importance sampling from q.

        log 1/K Σ_k p(x, z_k) / q_c(z_k),  z_k = m + c (z'_k − m),  z'_k ~ q,  m the mean of q

    q_c(z) = q(z') / c^num_latents is q made wider: where q is narrower than the posterior in some
    direction, the weights' variance is infinite, and nothing in the draws says so.

    In expectation the estimate is below log p(x): it is the importance-weighted bound.

    Args:
        log_joint: as for `posterior_draws`.
        x: as for `posterior_draws`.
        q: a distribution with batch shape [n], event shape [num_latents] and a mean; for instance
            `vae.posterior(x)`, or `gaussian_of(draws)`.
        seed: of the draws.
        num_samples: K, at least 2.
        widen: c; 1 leaves q as it is.

    Returns:
        A `LogEvidence`.

    Raises:
        ValueError, TypeError: bad arguments.
        FloatingPointError: a weight is NaN or infinite, or all of an image are 0.

    Source: Burda, Grosse and Salakhutdinov (2016), Importance weighted autoencoders.
    Chapter: deep/paper_experiments
    """
    num_samples = check_integer("num_samples", num_samples, minimum=2)
    widen = check_number("widen", widen, above=0)
    mean = q.mean()
    log_volume = mean.shape[-1] * np.log(widen)

    def log_weight(seed):
        inner = q.sample(seed=seed)
        log_q = q.log_prob(inner) - log_volume
        return log_joint(x, mean + widen * (inner - mean)) - log_q

    # Without XLA, whose compilation would take longer than the draws.
    log_weight = compiled(log_weight, as_seed(seed), jit_compile=False)
    log_w = np.stack([log_weight(fold_in(seed, k)).numpy() for k in range(num_samples)])
    return LogEvidence(*log_of_mean("importance weights", log_w), num_samples)


def evidence_by_appendix_d(z, log_joint):
    """log p(x) by the paper's estimator, from posterior draws and a density q fitted to them.

        p(x) ≈ (1/S Σ_s q(z_s) / p(x, z_s))⁻¹,   z_s ~ p(z | x)

    since E[q(z)/p(x, z)] under the posterior is 1/p(x) for every density q. The first half of the
    draws fits q, the second is averaged over. q is a Gaussian kernel density estimate; its
    bandwidth is the one, of ten around Scott's, under which one half of q's draws gives the other
    the highest density.

    In expectation the estimate is above log p(x), if the draws are from the whole posterior: 1/p(x)
    is unbiased, and −log is convex. Draws from one of several modes put it below, by the log of
    that mode's share. In more than a handful of dimensions no density can be fitted to 25 draws.

    Args:
        z: posterior draws, [num_draws, n, num_latents], at least 4 · (num_latents + 1) of them.
        log_joint: log p(x, z) of each, [num_draws, n], in nats; both as in `PosteriorDraws`.

    Returns:
        A `LogEvidence`; its `num_samples` are the draws averaged over.

    Raises:
        ValueError, TypeError: too few draws, draws of an image that all lie in a plane, or
            arguments that are not finite.

    Source: Kingma & Welling (2014), appendix D; halves, kernels and bandwidths as in the authors'
        code. (The paper draws the second half anew.)
    Chapter: deep/paper_experiments
    """
    z = check_array("z", z, shape=(None, None, None))
    log_joint = check_array("log_joint", log_joint, shape=z.shape[:2])
    if len(z) < 4 * (z.shape[2] + 1):
        raise argument_error("z", z, "at least 4 · (num_latents + 1) draws an image")
    half = len(z) // 2
    log_q = log_kernel_density(z[:half], z[half:])
    value, error = log_of_mean("ratios q(z)/p(x, z)", log_q - log_joint[half:])
    return LogEvidence(-value, error, len(log_q))


def gaussian_of(z):
    """The Gaussian with the mean and the covariance of each image's draws.

    Args:
        z: draws [num_draws, n, num_latents], more than num_latents of them.

    Returns:
        A `tfd.MultivariateNormalTriL` of batch shape [n].

    Raises:
        ValueError: the draws of an image do not span the space.

    Chapter: deep/paper_experiments
    """
    exact = check_array("z", z, shape=(None, None, None))
    dtype = np.asarray(z).dtype
    scale_tril = scale_of_draws(exact).astype(dtype)
    return tfd.MultivariateNormalTriL(exact.mean(axis=0).astype(dtype), scale_tril)


def log_of_mean(name, log_terms):
    """Log of the mean of terms [num_samples, n], and its error by the delta method: each [n]."""
    log_terms = np.asarray(log_terms, np.float64)
    num_samples = len(log_terms)
    value = logsumexp(log_terms, axis=0) - np.log(num_samples)
    bad = int(np.sum(~np.isfinite(value)))
    if bad:
        raise FloatingPointError(f"the {name} of {bad} images are NaN, infinite or all 0.")
    return value, np.std(np.exp(log_terms - value), axis=0, ddof=1) / np.sqrt(num_samples)
