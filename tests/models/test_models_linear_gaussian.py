"""Probabilistic PCA and factor analysis against scikit-learn, quadrature and conditioning."""

import numpy as np
import pytest
from models_catalogue import CATALOGUE
from sklearn.decomposition import PCA, FactorAnalysis

from vicourse.models import LinearGaussian, fit_ppca, quadrature


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(5)
    return rng.normal(size=(60, 2)) @ rng.normal(size=(2, 5)) + rng.normal(size=(60, 5)) + 3.0


def test_factor_analysis_against_scikit_learn(data):
    """The same log-likelihood and the same posterior means, for one noise per dimension."""
    fit = FactorAnalysis(2, random_state=0).fit(data)
    model = LinearGaussian(data, fit.components_.T, np.sqrt(fit.noise_variance_), fit.mean_)
    assert model.log_evidence() == pytest.approx(fit.score(data) * len(data), abs=1e-8)
    np.testing.assert_allclose(model.posterior().mean(), fit.transform(data), atol=1e-8)


def test_posterior_by_conditioning_the_joint():
    """(z, x) is Gaussian with blocks I, Wᵀ, W, W Wᵀ + Ψ."""
    model = CATALOGUE["linear_gaussian"]("float64")
    w, psi = model.loadings, np.diag(model.noise_sd**2)
    gain = w.T @ np.linalg.inv(w @ w.T + psi)
    posterior = model.posterior()
    np.testing.assert_allclose(posterior.mean(), (model.data - model.mean) @ gain.T, atol=1e-10)
    want = np.eye(2) - gain @ w
    np.testing.assert_allclose(posterior.distribution.covariance()[0], want, atol=1e-10)


def test_evidence_by_quadrature():
    """∫ N(z; 0, I) N(x; W z + μ, Ψ) dz for one observation with two latents."""
    full = CATALOGUE["linear_gaussian"]("float64")
    model = LinearGaussian(full.data[:1], full.loadings, full.noise_sd, full.mean)
    assert quadrature(model).log_evidence == pytest.approx(model.log_evidence(), abs=1e-9)


def test_ppca_against_scikit_learn(data):
    """scikit-learn divides by N − 1; the maximum likelihood covariance divides by N."""
    fit, n = fit_ppca(data, 2), len(data)
    covariance = fit.loadings @ fit.loadings.T + fit.noise_sd**2 * np.eye(5)
    want = PCA(2).fit(data).get_covariance() * (n - 1) / n
    np.testing.assert_allclose(covariance, want, atol=1e-10)
    np.testing.assert_allclose(fit.mean, data.mean(axis=0))


def test_ppca_is_a_maximum(data):
    """No small step in any parameter raises the likelihood; the maximum is known in closed form.

    log p(x) = −N/2 (D log 2π + Σ_{k ≤ K} log λ_k + (D − K) log σ² + D), Tipping and Bishop eq. 3.
    """
    fit = fit_ppca(data, 2)
    best = LinearGaussian(data, *fit).log_evidence()
    values = np.linalg.eigvalsh(np.cov(data.T, bias=True))[::-1]
    log_det = np.log(values[:2]).sum() + 3 * np.log(values[2:].mean())
    want = -len(data) / 2 * (5 * np.log(2 * np.pi) + log_det + 5)
    assert best == pytest.approx(want, abs=1e-8)
    rng = np.random.default_rng(0)
    for _ in range(20):
        other = LinearGaussian(
            data,
            fit.loadings + 0.05 * rng.normal(size=(5, 2)),
            fit.noise_sd * np.exp(0.05 * rng.normal()),
            fit.mean + 0.05 * rng.normal(size=5),
        )
        assert other.log_evidence() < best


def test_one_noise_is_the_same_noise_everywhere(data):
    w = np.ones((5, 1))
    one, many = LinearGaussian(data, w, 0.7), LinearGaussian(data, w, np.full(5, 0.7))
    assert one.log_evidence() == many.log_evidence()


def test_bad_input(data):
    w = np.ones((5, 1))
    with pytest.raises(ValueError, match=r"shape \(any, 5\)"):
        LinearGaussian(data[:, :4], w, 1.0)
    with pytest.raises(ValueError, match="noise_sd"):
        LinearGaussian(data, w, 0.0)
    with pytest.raises(ValueError, match="noise_sd"):
        LinearGaussian(data, w, np.ones(4))
    with pytest.raises(ValueError, match="NaN"):
        LinearGaussian(data * np.nan, w, 1.0)
    with pytest.raises(TypeError, match="floating-point"):
        LinearGaussian(data.astype(int), w, 1.0)
    with pytest.raises(ValueError, match="num_latent"):
        fit_ppca(data, 5)
    with pytest.raises(ValueError, match="vary in more"):
        fit_ppca(np.outer([1.0, 2.0, 4.0], [1.0, -1.0, 2.0]), 1)
