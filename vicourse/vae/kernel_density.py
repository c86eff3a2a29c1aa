"""A density for draws: one Gaussian around each, for many images at once.

SciPy's `gaussian_kde` does the same for one image at a time; two thousand of them, each at eleven
bandwidths, take it minutes.

Source: Scott (1992), Multivariate Density Estimation.
Chapter: deep/paper_experiments
"""

import numpy as np
from scipy.special import logsumexp

# Bandwidths that are tried, in units of Scott's: from 0.08 to 7.4, as in the authors' code.
BANDWIDTHS = np.exp(np.arange(-5, 5) / 2)


def log_kernel_density(z, points):
    """log q of points under each image's kernel density estimate, its bandwidth picked.

        q(y) = 1/S Σ_s N(y; z_s, h² C),   C the covariance of the draws

    h is that of `BANDWIDTHS`, times Scott's S^(−1/(d + 4)), at which the second half of the draws
    gives the first the highest density.

    Args:
        z: draws, [S, n, d].
        points: y, [m, n, d].

    Returns:
        log q(y), [m, n].

    Raises:
        ValueError: the draws of an image do not span the space.
    """
    half = len(z) // 2
    scott = len(z) ** (-1 / (z.shape[2] + 4))
    bandwidths = scott * BANDWIDTHS
    squares, log_det = _squared_distances(z[half:], z[:half])
    scores = [_log_kernels(squares, log_det, z, h).sum(axis=0) for h in bandwidths]
    best = bandwidths[np.argmax(scores, axis=0)]  # [n]
    squares, log_det = _squared_distances(z, points)
    return _log_kernels(squares, log_det, z, best)


def _squared_distances(z, points):
    """(y − z)ᵀ C⁻¹ (y − z), [m, draws, n], and log |C|, [n], with C the covariance of z."""
    scale_tril = scale_of_draws(z)
    offsets = points[:, None] - z  # [m, draws, n, d]
    unit = np.linalg.solve(scale_tril, offsets[..., None])[..., 0]
    diagonal = np.diagonal(scale_tril, axis1=1, axis2=2)
    return np.sum(unit**2, axis=-1), 2 * np.sum(np.log(diagonal), axis=1)


def _log_kernels(squares, log_det, z, bandwidth):
    """log of the mean over draws of N(y; z, h² C), [m, n]."""
    num_latents = z.shape[2]
    log_mean = logsumexp(-squares / (2 * bandwidth**2), axis=1) - np.log(squares.shape[1])
    return log_mean - num_latents * np.log(np.sqrt(2 * np.pi) * bandwidth) - log_det / 2


def scale_of_draws(z):
    """The Cholesky factor of the covariance of each image's draws, [n, d, d]."""
    centred = z - z.mean(axis=0)
    covariance = np.einsum("snd,sne->nde", centred, centred) / (len(z) - 1)
    try:
        return np.linalg.cholesky(covariance)
    except np.linalg.LinAlgError:
        raise _flat_draws() from None


def _flat_draws():
    return ValueError(
        "`z`: wanted draws that spread in every direction, got draws of an image that lie in a "
        "plane or in one point. Its chain is stuck: look at `acceptance`, take more warm-up."
    )
