"""Monte Carlo against quadrature, its standard error against its spread, and MMD in closed form."""

import numpy as np
import pytest
import tensorflow_probability as tfp

from vicourse import divergences as dv

tfd = tfp.distributions
F_DIVERGENCES = [n for n in dv.NAMES if n not in ("wasserstein2", "squared_mmd")]
P = tfd.Normal(np.float64(0), np.float64(1))
Q = tfd.Normal(np.float64(0.7), np.float64(1.3))


def options(name):
    return {"alpha": 0.4} if name == "renyi" else {}


@pytest.mark.parametrize("name", F_DIVERGENCES)
def test_standard_scores_are_standard(name):
    """(estimate − exact)/standard error over 25 seeds: mean within 4/√25, spread near 1."""
    exact = float(dv.divergence(name, P, Q, method="quadrature", **options(name)))
    runs = [
        dv.divergence(
            name, P, Q, method="monte_carlo", num_samples=1000, seed=seed, **options(name)
        )
        for seed in range(25)
    ]
    scores = [(float(run) - exact) / run.standard_error for run in runs]
    assert abs(np.mean(scores)) < 4 / np.sqrt(25)
    assert 0.6 < np.std(scores) < 1.5
    assert runs[0].num_samples == 1000


@pytest.mark.parametrize("name", F_DIVERGENCES)
def test_same_seed_same_number(name):
    runs = [
        dv.divergence(name, P, Q, method="monte_carlo", num_samples=50, seed=s, **options(name))
        for s in (5, 5, 6)
    ]
    assert runs[0] == runs[1]
    assert runs[0] != runs[2]


def test_vectors_fall_back_to_monte_carlo():
    """JS of two-dimensional Gaussians that differ in one coordinate is that of the coordinate."""
    p = tfd.MultivariateNormalDiag(np.zeros(2), np.array([1.0, 2.0]))
    q = tfd.Independent(tfd.Normal(np.array([0.7, 0.0]), np.array([1.3, 2.0])), 1)
    result = dv.jensen_shannon(p, q, seed=0)
    assert result.method == "monte_carlo"
    assert abs(float(result) - float(dv.jensen_shannon(P, Q))) < 4 * result.standard_error


def exact_squared_mmd(mu, sigma, h):
    """RBF kernel, N(0,1) against N(mu, sigma²): E[k(x, y)] is a Gaussian integral."""

    def mean_kernel(distance, variance):
        return h / np.sqrt(h**2 + variance) * np.exp(-(distance**2) / (2 * (h**2 + variance)))

    return mean_kernel(0, 2) + mean_kernel(0, 2 * sigma**2) - 2 * mean_kernel(mu, 1 + sigma**2)


@pytest.mark.parametrize(("mu", "sigma", "spread"), [(0.7, 1.3, (0.7, 1.4)), (0.0, 1.0, (0, 1.4))])
def test_squared_mmd_is_unbiased_with_an_honest_error(mu, sigma, spread):
    """At p = q the U-statistic is degenerate: there the standard error may be too large."""
    q = tfd.Normal(np.float64(mu), np.float64(sigma))
    runs = [dv.squared_mmd(P, q, bandwidth=1.5, num_samples=100, seed=s) for s in range(60)]
    errors = np.array([float(run) for run in runs]) - exact_squared_mmd(mu, sigma, 1.5)
    assert abs(errors.mean()) < 4 * errors.std() / np.sqrt(60)
    ratio = errors.std() / np.mean([run.standard_error for run in runs])
    assert spread[0] < ratio < spread[1]
    assert min(errors) < 0 < max(errors)


def test_squared_mmd_of_samples_by_hand():
    """The double sum over i ≠ j of the definition, with the median distance as bandwidth."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(6, 2)), rng.normal(1, 2, size=(6, 2))
    pooled = np.concatenate([x, y])
    distances = [np.linalg.norm(a - b) for i, a in enumerate(pooled) for b in pooled[:i]]
    h = np.median(distances)

    def k(a, b):
        return np.exp(-np.sum((a - b) ** 2) / (2 * h**2))

    pairs = [(i, j) for i in range(6) for j in range(6) if i != j]
    expected = np.mean(
        [k(x[i], x[j]) + k(y[i], y[j]) - k(x[i], y[j]) - k(x[j], y[i]) for i, j in pairs]
    )
    result = dv.squared_mmd(x, y)
    assert float(result) == pytest.approx(expected, abs=1e-14)
    assert f"{h:.4g}" in result.note


def test_squared_mmd_takes_a_distribution_and_samples_and_counts():
    counts = np.random.default_rng(1).poisson(3, size=200)
    result = dv.squared_mmd(tfd.Poisson(np.float64(3)), counts, num_samples=200, seed=0)
    assert abs(float(result)) < 4 * result.standard_error
    assert result == dv.divergence(
        "squared_mmd", tfd.Poisson(np.float64(3)), counts, num_samples=200, seed=0
    )
