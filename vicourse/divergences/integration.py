"""∫ h(p, q) for scalar distributions: adaptive quadrature, or summation over the integers."""

from itertools import pairwise

import numpy as np

from vicourse.divergences.densities import atoms, edges, log_density, precision

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(15)
_LEVELS = [0.001, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 0.999]
_MAX_ROUNDS = 60
_MAX_PANELS = 2**16
_MAX_ATOMS = 2**20


class Infinite(Exception):
    """The integral is +∞; the message says why."""


def integrate(integrand, p, q):
    """∫ h(p(x), q(x)) dx over the union of two supports, for continuous scalar p and q.

    Each stretch between two ends of a support is mapped to the real line, where singular edges and
    long tails become smooth and short. Panels start from quantiles of a fixed sample of p and q, so
    that no peak is missed. ∫ p and ∫ q are computed alongside, and must come out as 1.

    Args:
        integrand: h as a function of (log p, log q), float64 arrays of shape [n].

    Returns:
        The integral, and an estimate of its numerical error.

    Raises:
        Infinite: the integral is +∞.
        ValueError: it did not converge, or the mass of p or q was not found.
    """
    rounding = max(precision(p), precision(q))
    tolerance = max(1e-12, 100 * rounding)
    total, error = np.zeros(3), np.zeros(3)
    for to_x, log_slope, breaks in _stretches(p, q):

        def on_the_line(u, to_x=to_x, log_slope=log_slope):
            return _evaluate(integrand, p, q, to_x(u), log_slope(u))

        try:
            part, part_error = _adaptive(on_the_line, breaks, tolerance)
        except ValueError:
            if _grows_to_an_end(on_the_line, rounding):
                raise Infinite("at an end of a support one density falls too fast") from None
            raise
        total, error = total + part, error + part_error
        if np.max(np.abs(on_the_line(breaks[[0, -1]])[0])) > 1e4 * tolerance * max(1, abs(part[0])):
            raise Infinite("the tails of one distribution are too heavy for the other")
    missing = np.max(np.abs(total[1:] - 1))
    if missing > 1e-6 + 100 * tolerance:
        raise ValueError(
            f"Quadrature found the mass {total[1]:.6f} for p and {total[2]:.6f} for q instead of "
            "1: a peak is too narrow, or an edge too steep. Try method='monte_carlo'."
        )
    return float(total[0]), float(max(error[0], missing, rounding))


def summate(integrand, p, q):
    """Σ_k h(p(k), q(k)) over the integers in the union of two supports.

    Blocks of doubling length are added until one adds less than 1e-12 (1e-6 for float32) to the
    sum and to the mass of p and of q.

    Args, Returns, Raises: as for `integrate`; the error is the size of the last block.
    """
    first, last = np.minimum(atoms(p)[0], atoms(q)[0]), np.maximum(atoms(p)[1], atoms(q)[1])
    rounding = max(precision(p), precision(q))
    tolerance = max(1e-12, 10 * rounding)
    total, length, added = np.zeros(3), 64, rounding
    while first <= last:
        block = _evaluate(integrand, p, q, np.arange(first, min(first + length, last + 1)))
        total, added = total + block.sum(axis=1), np.max(np.abs(block).sum(axis=1))
        first, length = first + length, 2 * length
        if added < tolerance * max(1, abs(total[0])) and np.all(total[1:] > 0.999):
            break
        if first > _MAX_ATOMS:
            raise ValueError(
                f"The sum over 0, 1, 2, … is not done after {first} terms: the tails are too "
                "long. Try method='monte_carlo'."
            )
    return float(total[0]), float(max(added if first <= last else 0.0, rounding))


def _adaptive(function, breaks, tolerance):
    """Gauss–Legendre on panels that are halved until halving changes nothing.

    All panels of a round are evaluated in one call: TensorFlow is slow on one point at a time,
    which is why this is not `scipy.integrate.quad`.
    """
    panels = np.stack([breaks[:-1], breaks[1:]], axis=1)
    coarse = _gauss_legendre(function, panels)
    total = error = np.zeros(len(coarse))
    for _ in range(_MAX_ROUNDS):
        middle = panels.mean(axis=1)
        halves = np.stack([panels[:, 0], middle, middle, panels[:, 1]], axis=1).reshape(-1, 2)
        fine = _gauss_legendre(function, halves)
        change = np.abs(fine[:, ::2] + fine[:, 1::2] - coarse)
        done = np.all(change <= tolerance * np.maximum(1, np.abs(coarse)), axis=0)
        total = total + np.sum((fine[:, ::2] + fine[:, 1::2])[:, done], axis=1)
        error = error + np.sum(change[:, done], axis=1)
        if done.all():
            return total, error
        panels, coarse = halves[np.repeat(~done, 2)], fine[:, np.repeat(~done, 2)]
        if len(panels) > _MAX_PANELS:  # rounding errors, not the shape: they would fill the memory
            break
    raise ValueError("Quadrature did not converge. Try method='monte_carlo'.")


def _grows_to_an_end(function, rounding):
    """True if |h| du grows as far as floating-point numbers can follow x to an end of its range.

    Next to an end that is not 0, x has few digits left: Beta(3/2, 2/5) against Beta(3/2, 8/7) has
    χ² = ∞, and all that is seen of it is e^{0.3u} up to u = 36, where x rounds to 1.
    """
    u = -np.log(rounding) * np.array([0.4, 0.5, 0.6, 0.7, 0.8])
    heights = np.abs([function(u)[0], function(-u)[0]])
    return bool(np.any(np.all(np.diff(heights, axis=1) > 0, axis=1)))


def _gauss_legendre(function, panels):
    centre, half = panels.mean(axis=1), 0.5 * (panels[:, 1] - panels[:, 0])
    values = function(np.ravel(centre[:, None] + half[:, None] * _NODES))
    return values.reshape(len(values), len(panels), _NODES.size) @ _WEIGHTS * half


def _evaluate(integrand, p, q, x, log_slope=0.0):
    """h, p and q at x, times a slope dx/du; shape [3, n]."""
    # h(p, q)·slope = h(p·slope, q·slope). Far out p alone may be too small for float64.
    log_p, log_q = log_density(p, x) + log_slope, log_density(q, x) + log_slope
    with np.errstate(over="ignore"):
        values = integrand(log_p, log_q)
    if np.isposinf(values).any():
        alone = np.isneginf(log_p) != np.isneginf(log_q)
        if np.any(alone & np.isposinf(values)):
            raise Infinite("one distribution has mass where the other has none")
        raise Infinite("the tails of one distribution are too heavy for the other")
    return np.stack([values, np.exp(log_p), np.exp(log_q)])


def _stretches(p, q):
    """For each stretch of the union of two supports: x(u), log dx/du, and where to break u."""
    samples = [np.asarray(dist.sample(1000, seed=(0, 0)), np.float64) for dist in (p, q)]
    quantiles = np.quantile(samples, _LEVELS, axis=1)
    scale = np.max(quantiles[-3] - quantiles[2])
    # The tails of the narrower of the two need panels of their own width.
    width = quantiles[-1] - quantiles[0]
    peaks = np.ravel([quantiles + k * width for k in (-3, -1, 0, 1, 3)])
    dtype = p.dtype.as_numpy_dtype
    reach = 0.8 * np.log(np.sqrt(float(np.finfo(dtype).max)))  # x² must not overflow
    steps = np.array([1, 2, 4, 8, 16, 32, 64, 128, 256])
    steps = np.concatenate([steps[steps < reach], [reach]])
    ends = np.unique(np.concatenate([edges(p), edges(q)]))
    for low, high in pairwise(ends):
        to_x, log_slope, to_u = _map(low, high, np.median(quantiles), scale)
        inside = peaks[(peaks > low) & (peaks < high)]
        breaks = np.unique(np.concatenate([-steps, [0], steps, to_u(inside)]))

        def safe(u, to_x=to_x, low=low, high=high):
            """x(u), kept off the ends, where a density may be infinite."""
            ends = (dtype(low), dtype(high))
            return np.clip(to_x(u).astype(dtype), np.nextafter(*ends), np.nextafter(*ends[::-1]))

        yield safe, log_slope, breaks[np.abs(breaks) <= reach]


def _map(low, high, centre, scale):
    """A map from the real line onto (low, high), the log of its derivative, and its inverse."""
    if np.isfinite(low) and np.isfinite(high):
        width = high - low
        return (
            lambda u: low + width / (1 + np.exp(-u)),
            lambda u: np.log(width) - np.logaddexp(0, u) - np.logaddexp(0, -u),
            lambda x: np.log((x - low) / (high - x)),
        )
    if np.isfinite(low) or np.isfinite(high):
        end, sign = (low, 1) if np.isfinite(low) else (high, -1)
        return (
            lambda u: end + sign * scale * np.exp(u),
            lambda u: np.log(scale) + u,
            lambda x: np.log(sign * (x - end) / scale),
        )
    return (
        lambda u: centre + scale * np.sinh(u),
        lambda u: np.log(scale) + np.logaddexp(u, -u) - np.log(2),
        lambda x: np.arcsinh((x - centre) / scale),
    )
