"""Probit regression against SciPy: its density, and its evidence as an orthant of a Gaussian."""

import numpy as np
import pytest
import scipy.stats as st
import tensorflow as tf
from models_catalogue import X, Y

from vicourse.models import ProbitRegression, quadrature

LABELS = (Y > 0).astype(float)


def test_log_joint_against_scipy():
    """Σ log N(w_p; 0, s²) + Σ log Φ(± x_nᵀ w)."""
    w, s = np.array([0.3, -1.0, 0.2]), 1.5
    signs = 2 * LABELS - 1
    want = st.norm(0, s).logpdf(w).sum() + st.norm.logcdf(signs * (X @ w)).sum()
    assert float(ProbitRegression(X, LABELS, s).log_joint(w)) == pytest.approx(want, abs=1e-10)


def test_evidence_is_an_orthant_probability():
    """y_n = 1 where x_nᵀ w + ε_n > 0, and that vector is N(0, s² X Xᵀ + I): the evidence is the
    probability of one orthant, by SciPy's integration over 4 dimensions instead of 2."""
    features, labels, s = X[:4, :2], LABELS[:4], 1.5
    signed = (2 * labels - 1)[:, None] * features
    covariance = s**2 * signed @ signed.T + np.eye(4)
    orthant = st.multivariate_normal(np.zeros(4), covariance, abseps=1e-9, releps=1e-9)
    want = orthant.cdf(np.zeros(4))
    got = quadrature(ProbitRegression(features, labels, s)).log_evidence
    assert got == pytest.approx(np.log(want), abs=1e-5)


def test_simulated_labels_have_the_stated_probability():
    """The share of ones among 4000 labels with x = 1: Φ(w), within four standard errors."""
    model = ProbitRegression(np.ones((4000, 1)), np.zeros(4000))
    simulated, w = model.simulate(3)
    p = st.norm.cdf(w.numpy()[0])
    assert abs(simulated.data.mean() - p) < 4 * np.sqrt(p * (1 - p) / 4000)
    assert set(simulated.data) <= {0.0, 1.0}


def test_far_out_is_finite():
    """log Φ(−100) = −5005.524, and the gradient is about 100: nothing underflows."""
    model = ProbitRegression([[1.0]], [0], 1.0)
    w = tf.constant([100.0], tf.float64)
    with tf.GradientTape() as tape:
        tape.watch(w)
        value = model.log_likelihood(w)
    assert float(value) == pytest.approx(st.norm.logcdf(-100.0), rel=1e-9)
    assert float(tape.gradient(value, w)[0]) == pytest.approx(-100.01, abs=1e-3)


def test_float32_and_batches():
    single = ProbitRegression(X, LABELS, 2.0, dtype=tf.float32)
    w = np.random.default_rng(0).normal(size=(2, 3, 3))
    got = single.log_joint(tf.constant(w, tf.float32))
    assert got.shape == (2, 3)
    want = ProbitRegression(X, LABELS, 2.0).log_joint(tf.constant(w))
    np.testing.assert_allclose(got, want, rtol=1e-4)


def test_bad_input_is_named():
    with pytest.raises(ValueError, match="from 0 to 1"):
        ProbitRegression(X, np.sign(Y))
    with pytest.raises(ValueError, match=r"shape \(12\)"):
        ProbitRegression(X, LABELS[:-1])
    with pytest.raises(ValueError, match="prior_sd"):
        ProbitRegression(X, LABELS, prior_sd=0.0)
