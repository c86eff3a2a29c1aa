"""Laplace's approximation and the starts, against modes and curvatures known by hand."""

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp

from vicourse.inference import laplace
from vicourse.inference.starts import best_start
from vicourse.models import (
    EightSchoolsCentred,
    GammaPoisson,
    Gaussian,
    NormalNormal,
    Target,
    quadrature,
)

tfb = tfp.bijectors
tfd = tfp.distributions

COVARIANCE = np.array([[1e6, 5e-1], [5e-1, 1e-6]])  # SDs 1e3 and 1e-3, correlation 0.5


def test_exact_on_a_badly_scaled_gaussian():
    """The Laplace approximation of a Gaussian is that Gaussian, with ELBO = log evidence = 0."""
    fit = laplace(Gaussian(np.array([500.0, -0.02]), COVARIANCE), seed=0)
    base = fit.posterior.distribution
    np.testing.assert_allclose(base.mean(), [500.0, -0.02], rtol=1e-8)
    np.testing.assert_allclose(base.covariance(), COVARIANCE, rtol=1e-8)
    assert fit.converged
    assert abs(float(fit.elbo)) < 1e-8


def test_normal_normal():
    """x = 5, prior N(0, 1), noise 1: N(2.5, 0.5), log evidence −7.515512 (the ELBO reaches it)."""
    fit = laplace(NormalNormal(), seed=1)
    np.testing.assert_allclose(fit.posterior.distribution.mean(), 2.5, rtol=1e-10)
    np.testing.assert_allclose(fit.posterior.distribution.variance(), 0.5, rtol=1e-10)
    assert float(fit.elbo) == pytest.approx(-7.515512, abs=1e-6)


@pytest.mark.parametrize("dtype", [tf.float32, tf.float64])
def test_works_on_the_unconstrained_scale(dtype):
    """z ~ Gamma(a, b), u = log z: log density a u − b eᵘ, mode log(a/b), curvature −a.
    Without the Jacobian the mode would be log((a − 1)/b)."""
    model = GammaPoisson([2, 0, 5], a=2.5, b=0.7, dtype=dtype)
    a, b = 2.5 + 7, 0.7 + 3
    base = laplace(model, seed=0).posterior.distribution
    np.testing.assert_allclose(base.mean(), [np.log(a / b)], rtol=1e-4)
    np.testing.assert_allclose(base.stddev(), [a**-0.5], rtol=1e-4)


def test_elbo_is_the_evidence_minus_the_kl():
    """log p(x) − KL(q ‖ p(z | x)), the evidence in closed form and the KL by quadrature: where T is
    not the identity, the ELBO needs the Jacobian in both densities or in none."""
    model = GammaPoisson([2, 0, 5], a=2.5, b=0.7)
    fit = laplace(model, seed=0, num_elbo_samples=20_000)
    expected = model.log_evidence() - quadrature(model).kl_q_p(fit.posterior)
    assert abs(float(fit.elbo) - expected) < 4 * fit.elbo.standard_error
    assert fit.elbo.standard_error < 0.01


@pytest.mark.slow
def test_a_density_without_a_maximum():
    """Centred eight schools: the density grows without end as tau goes to 0, where there is height
    and no mass. Laplace must say so; the start, picked by its ELBO, keeps away from there."""
    model = EightSchoolsCentred()
    fit = laplace(model, seed=0, num_starts=1)
    assert not fit.converged
    assert "no maximum" in fit.stop_reason
    log_tau = best_start(model, 0).loc[list(model.event_shape).index("tau")]
    assert log_tau > -2.0


def test_nothing_finite_is_an_error():
    model = Target(tfd.Normal(tf.constant(np.nan, tf.float64), 1.0), tfb.Identity())
    with pytest.raises(ValueError, match=r"unconstrained_log_joint.*Check the data"):
        laplace(model, seed=0)


class NoSlope(Target):
    """A density with a value and no gradient anywhere."""

    def _log_joint(self, z):
        return super()._log_joint(z) + 0.0 * tf.sqrt(0.0 * z)


def test_no_finite_gradient_is_an_error():
    """Where log p is finite and its gradient is NaN, a search has no way to go."""
    with pytest.raises(ValueError, match="gradient and curvature of `unconstrained_log_joint`"):
        laplace(NoSlope(tfd.Normal(tf.constant(0.0, tf.float64), 1.0)), seed=0)


def test_bad_input_is_named():
    with pytest.raises(ValueError, match="num_starts"):
        laplace(NormalNormal(), seed=0, num_starts=0)
    with pytest.raises(TypeError, match="seed"):
        laplace(NormalNormal(), seed=None)
