"""L-BFGS and its inverse Hessian in factors, against dense formulas. NumPy alone."""

import itertools
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.optimize import rosen, rosen_der
from scipy.stats import multivariate_normal

from vicourse.inference.inverse_hessian import (
    factored_gaussian,
    inverse_hessian,
    next_diagonal,
)
from vicourse.inference.lbfgs import lbfgs

RNG = np.random.default_rng


def spd(rng, dim):
    root = rng.normal(size=(dim, dim)) * np.geomspace(0.3, 3, dim)
    return root @ root.T + 0.1 * np.eye(dim)


def pairs(rng, dim, number):
    """Steps and the falls of the gradient of −½ uᵀPu: z = P s, so sᵀz > 0."""
    steps = rng.normal(size=(number, dim))
    return steps, steps @ spd(rng, dim)


def dense(covariance):
    return np.diag(covariance.alpha) + covariance.beta @ covariance.gamma @ covariance.beta.T


def gaussian_density(mean, precision):
    return SimpleNamespace(
        value=lambda u: float(-0.5 * (u - mean) @ precision @ (u - mean)),
        gradient=lambda u: -precision @ (u - mean),
    )


@pytest.mark.parametrize(("dim", "number"), [(4, 0), (1, 1), (20, 1), (20, 6), (4, 6)])
def test_factors_are_the_bfgs_recursion(dim, number):
    """H ← (I − s zᵀ/sᵀz) H (I − z sᵀ/sᵀz) + s sᵀ/sᵀz, from diag(α), the oldest pair first."""
    rng = RNG(dim + number)
    alpha = rng.uniform(0.2, 5, dim)
    steps, falls = pairs(rng, dim, number)
    expected = np.diag(alpha)
    for s, z in zip(steps, falls, strict=True):
        left = np.eye(dim) - np.outer(s, z) / (s @ z)
        expected = left @ expected @ left.T + np.outer(s, s) / (s @ z)
    covariance = inverse_hessian(alpha, steps, falls)
    np.testing.assert_allclose(dense(covariance), expected, rtol=1e-8, atol=1e-8)
    v = rng.normal(size=dim)
    np.testing.assert_allclose(covariance.times(v), expected @ v, rtol=1e-8, atol=1e-8)
    if number:  # the secant equation of the last pair
        np.testing.assert_allclose(covariance.times(falls[-1]), steps[-1], rtol=1e-8)


def test_the_diagonal_is_that_of_a_dense_update():
    """BFGS for the Hessian, B ← B − B s sᵀB/(sᵀBs) + z zᵀ/(zᵀs), from B = (a/b) diag(1/α) with
    a = zᵀ diag(α) z and b = zᵀs; α' is one over its diagonal."""
    rng = RNG(3)
    alpha = rng.uniform(0.2, 5, 7)
    (s,), (z,) = pairs(rng, 7, 1)
    hessian = (z @ np.diag(alpha) @ z) / (z @ s) * np.diag(1 / alpha)
    pushed = hessian @ s
    hessian = hessian - np.outer(pushed, pushed) / (s @ pushed) + np.outer(z, z) / (z @ s)
    np.testing.assert_allclose(next_diagonal(alpha, s, z), 1 / np.diag(hessian), rtol=1e-10)


@pytest.mark.parametrize(("dim", "number"), [(5, 0), (20, 3), (4, 6)])
def test_the_gaussian_has_the_covariance_of_the_factors(dim, number):
    """A draw is loc + A ε with A Aᵀ = Σ, its density SciPy's; scale_tril = chol(Σ)."""
    rng = RNG(10 + number)
    covariance = inverse_hessian(rng.uniform(0.2, 5, dim), *pairs(rng, dim, number))
    sigma, loc = dense(covariance), rng.normal(size=dim)
    gaussian = factored_gaussian(loc, covariance)
    root = (gaussian.draws(np.eye(dim)) - loc).T  # its columns: the unit vectors, moved
    np.testing.assert_allclose(root @ root.T, sigma, rtol=1e-8, atol=1e-8)
    np.testing.assert_allclose(gaussian.draws(np.zeros((1, dim)))[0], loc)
    epsilon = rng.normal(size=(3, dim))
    log_prob = multivariate_normal(loc, sigma).logpdf(gaussian.draws(epsilon))
    np.testing.assert_allclose(gaussian.log_prob(epsilon), log_prob, rtol=1e-8)
    np.testing.assert_allclose(gaussian.scale_tril(), np.linalg.cholesky(sigma), atol=1e-7)


def test_climbs_a_badly_scaled_gaussian():
    """Standard deviations from 0.01 to 100, correlation 0.5, in 10 dimensions: it ends within 1e-5
    standard deviations of the mean, goes up at every step and fits its last step exactly."""
    sd = np.geomspace(0.01, 100, 10)
    covariance = np.outer(sd, sd) * (0.5 + 0.5 * np.eye(10))
    density = gaussian_density(2 * sd, np.linalg.inv(covariance))
    points = list(lbfgs(density, RNG(0).uniform(-2, 2, 10), 6, 1e-15))
    assert len(points) < 150
    np.testing.assert_allclose(points[-1].u / sd, 2, atol=1e-5)
    assert np.all(np.diff([point.log_density for point in points]) > 0)
    assert {point.covariance.beta.shape[1] for point in points} == {0, 2, 4, 6, 8, 10, 12}
    for before, after in itertools.pairwise(points[:40]):
        fall = before.gradient - after.gradient
        np.testing.assert_allclose(
            after.covariance.times(fall) / sd, (after.u - before.u) / sd, atol=1e-6
        )


def test_the_gain_is_the_height_of_a_gaussian():
    """On −½ u²/σ², once Σ = σ² is known, the gain at u is ½ u²/σ² and the step −u."""
    density = gaussian_density(np.zeros(1), np.array([[1 / 9.0]]))
    second = list(itertools.islice(lbfgs(density, np.array([1.7]), 6, 1e-15), 2))[1]
    np.testing.assert_allclose(second.covariance.alpha, 9.0)
    np.testing.assert_allclose(second.gain(), 0.5 * second.u[0] ** 2 / 9, rtol=1e-8)
    np.testing.assert_allclose(second.step(), -second.u, rtol=1e-8)


def test_follows_a_curved_valley():
    """Rosenbrock's function in 2 dimensions has its only minimum, 0, at (1, 1)."""
    density = SimpleNamespace(value=lambda u: -rosen(u), gradient=lambda u: -rosen_der(u))
    points = list(lbfgs(density, np.array([-1.2, 1.0]), 6, 1e-15))
    np.testing.assert_allclose(points[-1].u, 1, atol=1e-6)


@pytest.mark.parametrize("beyond", [-np.inf, np.nan, np.inf])
def test_what_is_not_finite_is_not_higher(beyond):
    """Beta(2, 3) in its own coordinate: outside (0, 1) there is nothing. The mode is 1/3."""

    def value(u):
        inside = 0 < u[0] < 1
        return float(np.log(u[0]) + 2 * np.log1p(-u[0])) if inside else beyond

    density = SimpleNamespace(value=value, gradient=lambda u: 1 / u - 2 / (1 - u))
    points = list(lbfgs(density, np.array([0.999]), 6, 1e-15))
    np.testing.assert_allclose(points[-1].u, 1 / 3, atol=1e-6)


def test_ends_where_the_gain_is_rounding():
    """A maximum at the start, and a gain below the rounding error, end the search at once."""
    density = gaussian_density(np.ones(3), np.eye(3))
    assert len(list(lbfgs(density, np.ones(3), 6, 1e-15))) == 1
    assert len(list(lbfgs(density, np.ones(3) + 1e-3, 6, 1e-5))) == 1
