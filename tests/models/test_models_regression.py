"""The regressions against SciPy's densities and integrals."""

import numpy as np
import pytest
import scipy.integrate
import scipy.stats as st
from models_catalogue import X, Y

from vicourse.models import (
    LinearRegression,
    LinearRegressionUnknownNoise,
    LogisticRegression,
    quadrature,
)


def test_linear_evidence_by_prediction():
    """p(y) = Π_n p(y_n | y_1 … y_{n−1}), each a Gaussian from the posterior so far."""
    want, s, sigma = 0.0, 2.0, 0.7
    for n in range(len(Y)):
        precision = np.eye(3) / s**2 + X[:n].T @ X[:n] / sigma**2
        loc = np.linalg.solve(precision, X[:n].T @ Y[:n] / sigma**2)
        variance = X[n] @ np.linalg.solve(precision, X[n]) + sigma**2
        want += st.norm(X[n] @ loc, np.sqrt(variance)).logpdf(Y[n])
    assert LinearRegression(X, Y, s, sigma).log_evidence() == pytest.approx(want, abs=1e-9)


def test_linear_evidence_by_quadrature():
    model = LinearRegression(X[:, :2], Y, 2.0, 0.7)
    assert quadrature(model).log_evidence == pytest.approx(model.log_evidence(), abs=1e-8)


def test_linear_posterior_by_conditioning():
    """(w, y) is Gaussian with blocks s² I, s² Xᵀ, s² X Xᵀ + σ² I."""
    s, sigma = 2.0, 0.7
    gain = s**2 * X.T @ np.linalg.inv(s**2 * X @ X.T + sigma**2 * np.eye(len(Y)))
    posterior = LinearRegression(X, Y, s, sigma).posterior()
    np.testing.assert_allclose(posterior.mean(), gain @ Y, atol=1e-10)
    want = s**2 * (np.eye(3) - gain @ X)
    np.testing.assert_allclose(posterior.covariance(), want, atol=1e-10)


def test_unknown_noise_evidence_is_student():
    """y is multivariate Student: 2a degrees of freedom, shape (b/a) (I + s² X Xᵀ)."""
    a, b, s = 3.0, 1.5, 2.0
    shape = b / a * (np.eye(len(Y)) + s**2 * X @ X.T)
    want = st.multivariate_t(np.zeros(len(Y)), shape, df=2 * a).logpdf(Y)
    model = LinearRegressionUnknownNoise(X, Y, s, a, b)
    assert model.log_evidence() == pytest.approx(want, abs=1e-9)


def test_unknown_noise_log_joint_against_scipy():
    w, v, a, b, s = np.array([0.3, -1.0, 0.2]), 1.4, 3.0, 1.5, 2.0
    want = st.invgamma(a, scale=b).logpdf(v) + st.norm(0, s * np.sqrt(v)).logpdf(w).sum()
    want += st.norm(X @ w, np.sqrt(v)).logpdf(Y).sum()
    model = LinearRegressionUnknownNoise(X, Y, s, a, b)
    got = model.log_joint({"variance": np.float64(v), "weights": w})
    assert float(got) == pytest.approx(want, abs=1e-10)


def test_logistic_log_joint_and_evidence():
    y, s = (Y > 0).astype(float), 1.5
    model = LogisticRegression(X[:, :1], y, s)

    def joint(w):
        success = 1 / (1 + np.exp(-X[:, 0] * w))
        return st.norm(0, s).pdf(w) * np.prod(np.where(y == 1, success, 1 - success))

    assert float(model.log_joint([0.8])) == pytest.approx(np.log(joint(0.8)), abs=1e-10)
    evidence, _ = scipy.integrate.quad(joint, -20, 20, epsabs=1e-14)
    assert quadrature(model).log_evidence == pytest.approx(np.log(evidence), abs=1e-8)


def test_logistic_far_out_is_finite():
    """Logits of ±10⁴: the log likelihood is −10⁴ or 0, never −∞ or NaN."""
    model = LogisticRegression([[1.0], [1.0]], [0, 1], 1.0)
    assert float(model.log_likelihood([1e4])) == pytest.approx(-1e4)


@pytest.mark.parametrize("kind", [LinearRegression, LogisticRegression])
def test_bad_input(kind):
    y = (Y > 0).astype(float)
    with pytest.raises(ValueError, match=r"shape \(12\)"):
        kind(X, y[:-1])
    with pytest.raises(ValueError, match="features"):
        kind(X[:, 0], y)
    with pytest.raises(ValueError, match="NaN"):
        kind(X * np.nan, y)
    with pytest.raises(ValueError, match="prior_sd"):
        kind(X, y, prior_sd=0.0)


def test_logistic_labels_are_zero_and_one():
    with pytest.raises(ValueError, match="from 0 to 1"):
        LogisticRegression(X, np.sign(Y))
    assert LogisticRegression(X, Y > 0).data.sum() == (Y > 0).sum()
