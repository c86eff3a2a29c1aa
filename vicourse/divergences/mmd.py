"""Maximum mean discrepancy: a distance between distributions that needs only samples."""

import numpy as np
import tensorflow_probability as tfp
from scipy.spatial.distance import cdist, pdist

from vicourse.divergences.densities import check_single
from vicourse.estimate import Estimate
from vicourse.seeds import split_seed
from vicourse.validation import argument_error, check_array, check_integer, check_number

tfd = tfp.distributions


def squared_mmd(p, q, *, bandwidth=None, num_samples=1000, seed=None):
    """Squared maximum mean discrepancy with the RBF kernel, by its unbiased estimator.

        MMD² = E[k(x, x')] + E[k(y, y')] − 2 E[k(x, y)],  k(x, y) = exp(−‖x − y‖²/(2h²)),

    estimated by the mean over i ≠ j of k(x_i, x_j) + k(y_i, y_j) − k(x_i, y_j) − k(x_j, y_i). Since
    it is unbiased it may come out negative when p and q are close. The standard error is that of
    a U-statistic and holds also where p = q. Time and memory grow as n².

    Args:
        p, q: each a TFP distribution, or samples of shape [n] or [n, d]; equally many of both.
        bandwidth: h in the unit of x; by default the median distance in the pooled sample. The
            value depends on h: compare only values with the same one.
        num_samples: n, where a distribution has to be sampled; at least 4.
        seed: needed where a distribution has to be sampled.

    Returns:
        An `Estimate` without unit; its note gives the bandwidth.

    Raises:
        ValueError: shapes that differ, fewer than 4 samples, NaN, a bandwidth that is not positive.
        TypeError: something else than distributions or numbers.

    Source: Gretton et al. (2012), A kernel two-sample test.
    Chapter: foundations/divergences
    """
    num_samples = check_integer("num_samples", num_samples, minimum=4)
    if bandwidth is not None:
        bandwidth = check_number("bandwidth", bandwidth, above=0.0)
    sampled = isinstance(p, tfd.Distribution) or isinstance(q, tfd.Distribution)
    seed_p, seed_q = split_seed(seed) if sampled else (None, None)
    x, y = _points("p", p, num_samples, seed_p), _points("q", q, num_samples, seed_q)
    if x.shape != y.shape:
        raise argument_error("q", y, f"as many points of the same size as p has, {x.shape}")
    if bandwidth is None:
        bandwidth = _median_distance(x, y)
    return _u_statistic(x, y, bandwidth)


def _points(name, source, num_samples, seed):
    if isinstance(source, tfd.Distribution):
        check_single(name, source)
        source = source.sample(num_samples, seed=seed)
    points = check_array(name, source, allow_integer=True)
    if points.ndim == 0 or points.shape[0] < 4:
        raise argument_error(name, points, "at least 4 points along the first axis")
    return points.reshape(points.shape[0], -1)


def _median_distance(x, y):
    median = np.median(pdist(np.concatenate([x, y])))
    if median == 0:
        raise argument_error(
            "bandwidth", None, "a number", "Half of the points coincide: the median distance is 0."
        )
    return median


def _u_statistic(x, y, bandwidth):
    def kernel(a, b):
        return np.exp(-cdist(a, b, "sqeuclidean") / (2 * bandwidth**2))

    n = len(x)
    cross = kernel(x, y)
    h = kernel(x, x) + kernel(y, y) - cross - cross.T
    np.fill_diagonal(h, 0.0)
    rows = h.sum(axis=1) / (n - 1)
    value = rows.mean()
    # Var(U) = 4(n−2)/(n(n−1)) ζ₁ + 2/(n(n−1)) ζ₂, with ζ₂ = Var(h) and ζ₁ from the variance of the
    # row means, ((n−2)ζ₁ + ζ₂)/(n−1). ζ₁ is 0 where p = q; its estimate may then be negative.
    zeta2 = (h**2).sum() / (n * (n - 1)) - value**2
    zeta1 = max(((n - 1) * rows.var(ddof=1) - zeta2) / (n - 2), 0.0)
    variance = (4 * (n - 2) * zeta1 + 2 * zeta2) / (n * (n - 1))
    note = f"RBF kernel, bandwidth {bandwidth:.4g}"
    return Estimate(float(value), float(np.sqrt(variance)), n, "monte_carlo", "", note)
