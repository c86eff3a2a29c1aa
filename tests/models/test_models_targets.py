"""Gaussian, funnel and banana: density against SciPy, draws against the definition."""

import numpy as np
import pytest
import scipy.stats as st

from vicourse.models import Banana, Funnel, Gaussian, correlated_gaussian, quadrature

Z = np.random.default_rng(3).normal(size=(20, 3)) * 2


def test_gaussian_density():
    covariance = np.array([[2.0, 0.5, 0.1], [0.5, 1.0, -0.3], [0.1, -0.3, 0.7]])
    mean = np.array([1.0, 0.0, -2.0])
    want = st.multivariate_normal(mean, covariance).logpdf(Z)
    np.testing.assert_allclose(Gaussian(mean, covariance).log_joint(Z), want, atol=1e-10)


def test_correlated_gaussian():
    model = correlated_gaussian(0.9)
    np.testing.assert_array_equal(model.covariance, [[1.0, 0.9], [0.9, 1.0]])
    draws = model.posterior().sample(20_000, seed=[1, 2]).numpy()
    assert np.corrcoef(draws.T)[0, 1] == pytest.approx(0.9, abs=4 * 0.19 / np.sqrt(20_000))


def test_funnel_density():
    """log N(z_1; 0, s²) + Σ log N(z_i; 0, exp(z_1)), exp(z_1) the variance."""
    want = st.norm(0, 1.5).logpdf(Z[:, 0])
    want += st.norm(0, np.exp(Z[:, :1] / 2)).logpdf(Z[:, 1:]).sum(axis=1)
    np.testing.assert_allclose(Funnel(3, sd=1.5).log_joint(Z), want, atol=1e-10)


def test_funnel_draws():
    """z_1 ~ N(0, s²) and z_i exp(−z_1/2) ~ N(0, 1), independent."""
    z = Funnel(3).posterior().sample(4000, seed=[1, 2]).numpy()
    assert st.kstest(z[:, 0] / 3, "norm").pvalue > 1e-3
    standard = z[:, 1:] * np.exp(-z[:, :1] / 2)
    assert st.kstest(standard.ravel(), "norm").pvalue > 1e-3
    assert abs(np.corrcoef(standard.T)[0, 1]) < 4 / np.sqrt(4000)


def test_banana_density():
    """log N(z_1; 0, s²) + log N(z_2; b (z_1² − s²), 1)."""
    z = Z[:, :2]
    want = st.norm(0, 2).logpdf(z[:, 0]) + st.norm(0.3 * (z[:, 0] ** 2 - 4), 1).logpdf(z[:, 1])
    np.testing.assert_allclose(Banana(0.3, 2.0).log_joint(z), want, atol=1e-10)


def test_banana_draws():
    z = Banana(0.3, 2.0).posterior().sample(4000, seed=[1, 2]).numpy()
    assert st.kstest(z[:, 0] / 2, "norm").pvalue > 1e-3
    assert st.kstest(z[:, 1] - 0.3 * (z[:, 0] ** 2 - 4), "norm").pvalue > 1e-3


def test_banana_integrates_to_one():
    truth = quadrature(Banana(0.1, 1.0))
    assert truth.log_evidence == pytest.approx(0, abs=1e-8)
    np.testing.assert_allclose(truth.mean(), [0, 0], atol=1e-8)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: correlated_gaussian(1.0), "correlation"),
        (lambda: correlated_gaussian(-0.6, 3), "correlation"),
        (lambda: correlated_gaussian(0.5, 1), "dim"),
        (lambda: Gaussian(np.zeros(2), np.array([[1.0, 2.0], [2.0, 1.0]])), "positive definite"),
        (lambda: Gaussian(np.zeros(2), np.array([[1.0, 0.5], [0.0, 1.0]])), "symmetric"),
        (lambda: Gaussian(np.zeros(2), np.eye(3)), "shape"),
        (lambda: Gaussian(np.array([0.0, np.nan]), np.eye(2)), "NaN"),
        (lambda: Funnel(1), "dim"),
        (lambda: Funnel(sd=0.0), "sd"),
        (lambda: Funnel(2.0), "dim"),
        (lambda: Banana(np.nan), "bend"),
        (lambda: Banana(sd=-1.0), "sd"),
    ],
)
def test_bad_input(make, words):
    with pytest.raises((ValueError, TypeError), match=words):
        make()
