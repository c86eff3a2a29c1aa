"""L-BFGS: climb a log density with its gradients, and learn its curvature on the way."""

import warnings
from typing import NamedTuple

import numpy as np
from scipy.optimize import line_search

from vicourse.inference.inverse_hessian import InverseHessian, inverse_hessian, next_diagonal


class Point(NamedTuple):
    """A point of the search: u [dim], its log density in nats with the gradient, and Σ there."""

    u: np.ndarray
    log_density: float
    gradient: np.ndarray
    covariance: InverseHessian

    def step(self):
        """Σ ∇log p: to the maximum, if log p were a parabola with the curvature −Σ⁻¹."""
        return self.covariance.times(self.gradient)

    def gain(self):
        """What that step would gain in nats: half the squared distance in standard deviations."""
        return 0.5 * self.gradient @ self.step()


def lbfgs(density, u, history_size, rounding):
    """The points of a search for a maximum of the log density, the start first, each the higher.

    Usually L-BFGS begins each estimate with a multiple of the identity. Here it begins with the
    diagonal of Pathfinder's covariance. That copes far better with latents of different scales,
    and one estimate serves both: the search steps towards the mean of Pathfinder's Gaussian.

    Args:
        density: has `value` and `gradient` at u [dim], float64.
        u: where the search begins, with a finite log density and gradient.
        history_size: how many pairs (s, z) it remembers.
        rounding: the relative error of the log density; a gain below it ends the search.

    Yields:
        `Point`s, until no higher one is found.
    """
    alpha, steps, falls = np.ones_like(u), [], []
    value, gradient = density.value(u), density.gradient(u)
    while True:
        point = Point(u, value, gradient, inverse_hessian(alpha, steps, falls))
        yield point
        if not point.gain() > rounding * max(1.0, abs(value)):
            return
        # As long as nothing is known about the scales, a length of 1 at most.
        step = point.step() / (1.0 if steps else max(1.0, np.linalg.norm(gradient)))
        size = _step_size(density, point, step)
        if size is None:
            return
        u = u + size * step
        value, gradient = density.value(u), density.gradient(u)
        s, z = u - point.u, point.gradient - gradient
        if s @ z > 0:  # as Wolfe's conditions promise, up to rounding
            alpha = next_diagonal(alpha, s, z)
            # BFGS does not mind the length of a pair; with sᵀz = 1 rounding does the least harm.
            length = np.sqrt(s @ z)
            steps = [*steps, s / length][-history_size:]
            falls = [*falls, z / length][-history_size:]


def _step_size(density, point, step):
    """A step size that meets Wolfe's conditions, which make sᵀz positive; None if none is found."""

    def minus_value(u):
        value = density.value(u)
        return -value if np.isfinite(value) else np.inf  # what is not finite is not higher

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns as well as answering None
        return line_search(
            minus_value,
            lambda u: -density.gradient(u),
            point.u,
            step,
            -point.gradient,
            -point.log_density,
            maxiter=30,
        )[0]
