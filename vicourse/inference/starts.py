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
    points = [np.zeros(model.dim), *others.numpy()]
    points = [point for point in points if np.isfinite(density.value(point))]
    paths = [path for path in (_search(density, point) for point in points) if path.gaussians]
    if not paths:
        what = "gradient and curvature of" if points else "value of"
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
    log_joint = model.unconstrained_log_joint(tf.constant(draws, model.dtype)).numpy()
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
    """log p(x, T(u)) + log|det dT/du| with its gradient and Hessian, for SciPy (float64)."""

    def __init__(self, model):
        self._model, self._dtype = model, model.dtype
        self._example = tf.zeros([model.dim], model.dtype)
        self._value = compiled(model.unconstrained_log_joint, self._example)
        self._gradient = compiled(lambda u: _gradient(model, u), self._example)

    @functools.cached_property
    def _hessian(self):  # compiled once it is asked for: Pathfinder never asks
        return compiled(lambda u: _hessian(self._model, u), self._example)

    def value(self, u):
        return float(self._value(tf.constant(u, self._dtype)))

    def gradient(self, u):
        return self._gradient(tf.constant(u, self._dtype)).numpy().astype(np.float64)

    def hessian(self, u):
        return self._hessian(tf.constant(u, self._dtype)).numpy().astype(np.float64)


def _gradient(model, u):
    with tf.GradientTape() as tape:
        tape.watch(u)
        value = model.unconstrained_log_joint(u)
    return tape.gradient(value, u)


def _hessian(model, u):
    """All rows at once: on a batch of dim copies of u, row i differentiates gradient entry i."""
    copies = tf.tile(u[tf.newaxis], [model.dim, 1])
    with tf.GradientTape() as outer:
        outer.watch(copies)
        entries = tf.linalg.diag_part(_gradient(model, copies))
    return outer.gradient(entries, copies)


def _search(density, u):
    """Newton's method with the modulus of the curvature, each step halved until it goes uphill."""
    unit = 1 / np.sqrt(np.maximum(np.abs(np.diag(density.hessian(u))), 1e-12))
    gaussians, values, at_maximum = [], [], False
    for _ in range(MAX_STEPS):
        gradient, hessian = density.gradient(u), density.hessian(u)
        if not (np.all(np.isfinite(gradient)) and np.all(np.isfinite(hessian))):
            break
        gaussian, negative = _gaussian(u, hessian, unit)
        gaussians.append(gaussian)
        values.append(density.value(u))
        # The distance to the maximum in standard deviations, if the density were this Gaussian.
        slope = gaussian.scale_tril.T @ gradient
        at_maximum = negative and np.linalg.norm(slope) < 0.01
        if at_maximum and np.linalg.norm(slope) < 1e-6:
            break
        step = gaussian.scale_tril @ slope
        uphill = (u + size * step for size in HALVINGS)
        u = next((new for new in uphill if density.value(new) > values[-1]), None)
        if u is None:
            break
    return Path(gaussians, values, bool(at_maximum))


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
