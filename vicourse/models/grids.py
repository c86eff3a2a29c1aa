"""Grids for numerical integration in one to three dimensions: where to put them, how fine.

The trapezoidal rule on an evenly spaced grid is all we need: for a smooth density that has died
out at the ends of the box its error falls faster than any power of the spacing. Each grid holds
the one of half its resolution, so that the error can be seen at no cost.

Source: L. N. Trefethen and J. A. C. Weideman, "The exponentially convergent trapezoidal rule",
SIAM Review 56 (2014), sections 1 and 5.
"""

import itertools
from typing import NamedTuple

import numpy as np
import scipy.integrate
import scipy.spatial
import scipy.stats
import tensorflow as tf

TAIL = 40.0  # nats below the peak at which the density counts as zero: e⁻⁴⁰ ≈ 4e−18
MAX_POINTS = 2**22
CHUNK = 2**13  # points evaluated at once: bounds the memory, whatever the size of the data
FACE_POINTS = 65
FEWEST_HALVINGS = 5  # 33 points along an axis
LONGEST = 1e8
STARTS = 12
CLIMBING_STEPS = 60


class QuadratureError(ValueError):
    """The integral cannot be computed to the accuracy asked for."""


class Box(NamedTuple):
    """Where a density lives: outside the box it is `TAIL` nats below its peak.

    Attributes:
        lower, upper: the corners, [dim].
        peak: the highest log density seen.
        widths: per axis, the width of the narrowest peak: the spacing to start from, [dim].
    """

    lower: np.ndarray
    upper: np.ndarray
    peak: float
    widths: np.ndarray


def compiled(log_density, dim):
    """A log density of points [M, dim] as one graph: many small batches make Python the cost."""
    signature = [tf.TensorSpec([None, dim], tf.float64)]

    # A function of its own each time: TensorFlow warns when the same method is traced repeatedly.
    @tf.function(input_signature=signature, autograph=False)
    def graph(points):
        return log_density(points)

    return graph


def find_box(log_density, dim):
    """The `Box` of a log density.

    Args:
        log_density: maps a float64 tensor [M, dim] to log densities [M]; need not be normalised.
        dim: 1, 2 or 3.

    Raises:
        QuadratureError: no peak, or a tail so heavy that it is cut off at any reasonable size.
    """
    modes = _find_modes(log_density, dim)
    peak = max(height for _, height, _ in modes)
    relevant = [(mode, widths) for mode, height, widths in modes if height > peak - TAIL]
    lower = np.min([mode - 6 * widths for mode, widths in relevant], axis=0)
    upper = np.max([mode + 6 * widths for mode, widths in relevant], axis=0)
    widths = np.min([widths for _, widths in relevant], axis=0)
    while np.all(upper - lower < LONGEST):
        heights = _face_heights(log_density, lower, upper)
        peak = max(peak, heights.max())
        is_open = heights > peak - TAIL
        if not is_open.any():
            return Box(lower, upper, peak, widths)
        step = 0.2 * (upper - lower)
        lower, upper = lower - step * is_open[0], upper + step * is_open[1]
    raise QuadratureError(
        "The tails are cut off: the density falls too slowly. In unconstrained space, on the box "
        f"from {lower} to {upper}, it is at the borders only {peak - heights.max():.1f} nats below "
        f"its peak, and {TAIL:.0f} are wanted. Is it a proper density?"
    )


def refine(integrand, box, tolerance, floor=0.0):
    """Doubles the grid on a box until the integral stands still.

    Args:
        integrand: maps points [M, dim] to values [M, ...], both NumPy arrays.
        tolerance: the change from one grid to the next that is accepted, relative to the
            integral, or to `floor` where that is larger.

    Returns:
        (axes, values): the axes, and the integrand on them, [n_1, …, n_dim, ...].

    Raises:
        QuadratureError: the largest grid allowed is not fine enough, or the integrand has not
            died out at the borders of the box.
    """
    halvings = np.ceil(np.log2((box.upper - box.lower) / box.widths)).clip(FEWEST_HALVINGS)
    error = np.inf
    while np.prod(2**halvings + 1) <= MAX_POINTS:
        counts = 2 ** halvings.astype(int) + 1
        axes = [np.linspace(*ends) for ends in zip(box.lower, box.upper, counts, strict=True)]
        values = integrand(nodes(axes))
        values = values.reshape(*counts, *values.shape[1:])
        _check_borders(values, len(axes))
        error = halving_error(values, axes)
        size = np.abs(trapezoid(values, axes))
        if np.all((error <= tolerance * np.maximum(floor, size)) | np.isinf(size)):
            return axes, values
        halvings += 1
    raise QuadratureError(
        f"{MAX_POINTS} points are too few: the integral still changes by {np.max(error):.1e} "
        f"where {tolerance:.1e} (relative) was wanted. The density is not smooth, or too narrow "
        "in some direction. Accept a larger tolerance, or give the model less correlated latents."
    )


def evaluate(log_density, points):
    """The log density at points [M, dim] as a NumPy array [M]; NaN and +∞ are errors."""
    values = _evaluate(log_density, points)
    bad = np.isnan(values) | (values == np.inf)
    if np.any(bad):
        raise QuadratureError(
            f"The log density is NaN or +∞ at {bad.sum()} of {len(values)} points, for instance "
            f"at u = {points[bad][0]} in unconstrained space."
        )
    return values


def nodes(axes):
    """All points of the product of the axes, [Π n_i, dim], the last axis running fastest."""
    return np.stack([a.ravel() for a in np.meshgrid(*axes, indexing="ij")], axis=-1)


def trapezoid(values, axes):
    """∫ values du by the trapezoidal rule; values [n_1, …, n_dim, ...], result [...]."""
    for axis in axes:
        values = scipy.integrate.trapezoid(values, axis, axis=0)
    return values


def halving_error(values, axes):
    """How much the integral of values [n_1, …, n_dim, ...] changes on every second point."""
    coarse = values[(slice(None, None, 2),) * len(axes)]
    with np.errstate(invalid="ignore"):  # ∞ − ∞
        return np.abs(trapezoid(values, axes) - trapezoid(coarse, [axis[::2] for axis in axes]))


def _check_borders(values, dim):
    """An error if values [n_1, …, n_dim, ...] have not died out at the ends of the axes."""
    peak = np.abs(values).max()
    border = max(np.abs(np.take(values, [0, -1], axis=axis)).max() for axis in range(dim))
    if border > 1e-12 * peak:
        raise QuadratureError(
            "The tails are cut off: at the border of the grid the integrand is still "
            f"{border / peak:.1e} of its peak. The integral may not exist."
        )


def _evaluate(log_density, points):
    chunks = [points[start : start + CHUNK] for start in range(0, len(points), CHUNK)]
    return np.concatenate([log_density(tf.constant(chunk)).numpy() for chunk in chunks])


def _explore(log_density, points):
    """As `evaluate`, but NaN and +∞ (numbers that ran out of range far out) count as −∞."""
    values = _evaluate(log_density, points)
    return np.where(np.isnan(values) | (values == np.inf), -np.inf, values)


def _face_heights(log_density, lower, upper):
    """The highest log density on each face of the box: [2, dim], lower faces first."""
    dim = len(lower)
    heights = np.empty((2, dim))
    for side, axis in itertools.product(range(2), range(dim)):
        axes = [np.linspace(lower[i], upper[i], FACE_POINTS) for i in range(dim)]
        axes[axis] = np.array([(lower, upper)[side][axis]])
        heights[side, axis] = evaluate(log_density, nodes(axes)).max()
    return heights


def _find_modes(log_density, dim):
    """[(mode, height, width of the peak along each axis)], from the best of many starts."""
    points = np.tan(np.pi * (_sobol(dim, 2**11) - 0.5))  # Cauchy: most near 0, some far out
    heights = _explore(log_density, points)
    if not np.any(np.isfinite(heights)):
        raise QuadratureError("The density is zero at every point tried around the origin.")
    summits = _summits(points, heights)
    modes, heights = _climb(log_density, points[summits], heights[summits])
    return [
        (mode, height, _widths(log_density, mode, height))
        for mode, height in zip(modes, heights, strict=True)
    ]


def _sobol(dim, count):
    """`count` points spread evenly over the unit cube, none of them on its border."""
    return scipy.stats.qmc.Sobol(dim, scramble=False).random(count) + 0.5 / count


def _summits(points, heights):
    """Indices of the highest `STARTS` points that tower over all their nearest neighbours."""
    _, neighbours = scipy.spatial.cKDTree(points).query(points, k=2 * points.shape[1] + 3)
    is_summit = (heights >= heights[neighbours].max(axis=1)) & np.isfinite(heights)
    summits = np.flatnonzero(is_summit)
    return summits[np.argsort(-heights[summits])][:STARTS]


def _climb(log_density, points, heights):
    """Moves every point uphill, all at once: [M, dim] and [M] in, the same out.

    Each looks at a cloud around itself and goes to the best place in it; the cloud grows after a
    success and shrinks after a failure. That asks for no gradient and stands any scale.
    """
    dim = points.shape[1]
    cloud = scipy.stats.norm.ppf(_sobol(dim, 2**6))
    radius = 1 + np.linalg.norm(points, axis=1) / 2
    for _ in range(CLIMBING_STEPS):
        candidates = points[:, None] + radius[:, None, None] * cloud
        candidate_heights = _explore(log_density, candidates.reshape(-1, dim)).reshape(-1, 2**6)
        best = candidate_heights.argmax(axis=1)
        rows = np.arange(len(points))
        better = candidate_heights[rows, best] > heights
        points = np.where(better[:, None], candidates[rows, best], points)
        heights = np.where(better, candidate_heights[rows, best], heights)
        radius *= np.where(better, 2.0, 0.5)
    return points, heights


def _widths(log_density, mode, height):
    """How far from the mode, along each axis, the log density is half a nat lower, or else 1."""
    distances = 2.0 ** np.arange(-30, 11)
    steps = mode + distances[:, None, None] * np.eye(len(mode))
    drops = height - _explore(log_density, steps.reshape(-1, len(mode))).reshape(steps.shape[:2])
    fallen = drops > 0.5
    return np.where(fallen.any(axis=0), distances[fallen.argmax(axis=0)], 1.0)
