"""Good Gaussians to start from: Newton's way up the log density, judged by the ELBO.

Optimization and MCMC are quick in coordinates in which the posterior has a standard deviation of
about 1 in every direction. A Gaussian N(loc, L Lᵀ) near the posterior gives such coordinates:
u = loc + L v. The mode with its curvature (Laplace) is usually good. It can be far off where the
density rises without end along a ridge or a funnel that holds no mass. So points on the way to the
mode are candidates too, each with the curvature there, and the ELBO picks one. The idea is
Pathfinder's (Zhang, Carpenter, Gelman and Vehtari 2022), here with the exact curvature.
"""

import dataclasses
import functools
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from vicourse.compiled import compiled
from vicourse.seeds import as_seed, split_seed

MAX_STEPS = 100
HALVINGS = 0.5 ** np.arange(30)
BATCH = 50
CANDIDATES_PER_PATH = 30
DRAWS_PER_CANDIDATE = 50


class Gaussian(NamedTuple):
    """N(loc, L Lᵀ) on R^dim: loc [dim], L = scale_tril [dim, dim], NumPy float64."""

    loc: np.ndarray
    scale_tril: np.ndarray


@dataclasses.dataclass(frozen=True)
class Path:
    """A search for the mode: a Gaussian and the log density (nats) at points on the way.

    The last point is where the search stopped; `at_maximum` says whether that is a maximum.
    """

    density: "Density"
    gaussians: list
    log_density: list
    at_maximum: bool


def search_paths(model, seed, num_starts):
    """Paths to modes from u = 0 and from `num_starts` − 1 standard normal points.

    Raises:
        ValueError: the log density, its gradient or its curvature is finite at none of them.
    """
    density = Density(model)
    others = tf.random.stateless_normal(
        [num_starts - 1, model.dim], as_seed(seed), dtype=tf.float64
    )
    points = np.array([np.zeros(model.dim), *others.numpy()])
    values = density.values(points)
    starts = [pair for pair in zip(points, values, strict=True) if np.isfinite(pair[1])]
    paths = [path for path in (_search(density, *start) for start in starts) if path.gaussians]
    if not paths:
        what = "gradient and curvature of" if starts else "value of"
        raise ValueError(
            f"`model`: wanted a finite {what} `unconstrained_log_joint` at u = 0 or at one of "
            f"{num_starts - 1} standard normal points, got NaN or infinity at all of them. "
            "Check the data for missing values, and that the scales in the model suit the data."
        )
    return paths


def best_on_path(model, path, seed):
    """The path's Gaussian with the highest ELBO, and that ELBO in nats."""
    # Densest at the beginning: a path that runs off to a ridge leaves the good places early.
    places = np.geomspace(1, len(path.gaussians), CANDIDATES_PER_PATH).round().astype(int) - 1
    gaussians = [path.gaussians[place] for place in np.unique(places)]
    loc = np.array([gaussian.loc for gaussian in gaussians])
    tril = np.array([gaussian.scale_tril for gaussian in gaussians])
    epsilon = tf.random.stateless_normal(
        [DRAWS_PER_CANDIDATE, model.dim], as_seed(seed), dtype=tf.float64
    )
    draws = loc + np.einsum("cij,sj->sci", tril, epsilon.numpy())
    log_joint = path.density.values(draws.reshape(-1, model.dim)).reshape(draws.shape[:-1])
    # Up to the same constant for all candidates: the entropy of a Gaussian is log |det L| + c.
    log_determinant = np.log(np.diagonal(tril, axis1=1, axis2=2)).sum(axis=1)
    elbo = log_joint.mean(axis=0) + log_determinant
    elbo = np.where(np.isfinite(elbo), elbo, -np.inf)
    return gaussians[np.argmax(elbo)], elbo.max()


def best_start(model, seed, num_starts=4):
    """The Gaussian with the highest ELBO on all of `num_starts` paths."""
    path_seed, elbo_seed = split_seed(seed)
    paths = search_paths(model, path_seed, num_starts)
    return max((best_on_path(model, path, elbo_seed) for path in paths), key=lambda b: b[1])[0]


class Density:
    """log p(x, T(u)) + log|det dT/du| with its derivatives, for NumPy and SciPy (float64).

    Each function is traced once it is asked for, and not compiled through XLA: a search calls it
    some dozens of times, and would wait longer for the compiler than it takes.
    """

    def __init__(self, model):
        self._model, self._dtype = model, model.dtype
        self.rounding = np.finfo(model.dtype.as_numpy_dtype).eps  # relative, of a value

    def value(self, u):
        return float(self._value_and_gradient(tf.constant(u, self._dtype))[0])

    def gradient(self, u):
        return _float64(self._value_and_gradient(tf.constant(u, self._dtype))[1])

    def gradient_and_hessian(self, u):
        return [_float64(part) for part in self._gradient_and_hessian(tf.constant(u, self._dtype))]

    def values(self, points):
        """At all points [n, dim]: [n]. In batches of one size, so that one graph will do."""
        padding = np.repeat(points[-1:], -len(points) % BATCH, axis=0)
        batches = np.split(np.concatenate([points, padding]), range(BATCH, len(points), BATCH))
        values = [self._values(tf.constant(batch, self._dtype)) for batch in batches]
        return np.concatenate([_float64(part) for part in values])[: len(points)]

    @functools.cached_property
    def _value_and_gradient(self):
        return self._traced(lambda u: _value_and_gradient(self._model, u), [self._model.dim])

    @functools.cached_property
    def _gradient_and_hessian(self):
        return self._traced(lambda u: _gradient_and_hessian(self._model, u), [self._model.dim])

    @functools.cached_property
    def _values(self):
        return self._traced(self._model.unconstrained_log_joint, [BATCH, self._model.dim])

    def _traced(self, fn, shape):
        return compiled(fn, tf.TensorSpec(shape, self._dtype), jit_compile=False)


def _float64(tensor):
    return tensor.numpy().astype(np.float64)


def _value_and_gradient(model, u):
    with tf.GradientTape() as tape:
        tape.watch(u)
        value = model.unconstrained_log_joint(u)
    return value, tape.gradient(value, u)


def _gradient_and_hessian(model, u):
    """All rows at once: on a batch of dim copies of u, row i differentiates gradient entry i."""
    copies = tf.tile(u[tf.newaxis], [model.dim, 1])
    with tf.GradientTape() as outer:
        outer.watch(copies)
        _, gradients = _value_and_gradient(model, copies)
        entries = tf.linalg.diag_part(gradients)
    return entries, outer.gradient(entries, copies)


def _search(density, u, value):
    """Newton's method with the modulus of the curvature, each step halved until it goes uphill."""
    gaussians, log_density, at_maximum, unit = [], [], False, None
    for _ in range(MAX_STEPS):
        gradient, hessian = density.gradient_and_hessian(u)
        if not (np.all(np.isfinite(gradient)) and np.all(np.isfinite(hessian))):
            break
        if unit is None:
            unit = 1 / np.sqrt(np.maximum(np.abs(np.diag(hessian)), 1e-12))
        gaussian, negative = _gaussian(u, hessian, unit)
        gaussians.append(gaussian)
        log_density.append(value)
        # The distance to the maximum in standard deviations, if the density were this Gaussian.
        slope = gaussian.scale_tril.T @ gradient
        at_maximum = negative and np.linalg.norm(slope) < 0.01
        if at_maximum and np.linalg.norm(slope) < 1e-6:
            break
        tries = u + HALVINGS[:, np.newaxis] * (gaussian.scale_tril @ slope)
        values = density.values(tries)
        uphill = np.flatnonzero(values - value > density.rounding * max(1.0, abs(value)))
        if not len(uphill):
            break
        u, value = tries[uphill[0]], values[uphill[0]]
    return Path(density, gaussians, log_density, bool(at_maximum))


def _gaussian(u, hessian, unit):
    """The Gaussian with the curvature at u, and whether that is negative in all directions.

    Directions that curve upwards count with the size of their curvature, flat ones are bounded.
    `unit` only serves precision: it brings badly scaled Hessians to a common scale.
    """
    precision = -hessian * np.outer(unit, unit)
    eigenvalues, vectors = np.linalg.eigh(precision)
    sizes = np.maximum(np.abs(eigenvalues), 1e-12 * np.abs(eigenvalues).max())
    root = vectors / np.sqrt(sizes)
    # covariance = root rootᵀ, and QR of rootᵀ gives its Cholesky factor without squaring.
    upper = np.linalg.qr(root.T, mode="r")
    tril = upper.T * np.where(np.diag(upper) < 0, -1.0, 1.0)
    return Gaussian(u, unit[:, np.newaxis] * tril), bool(np.all(eigenvalues > 0))
