"""Quadrature against closed forms, and its refusals."""

import numpy as np
import pytest
import scipy.stats as st
import tensorflow as tf
import tensorflow_probability as tfp

from vicourse import models
from vicourse.models import QuadratureError, quadrature
from vicourse.models.grids import trapezoid

tfd = tfp.distributions


def target(distribution):
    class Bare(models.Target):
        name = "bare"

    return Bare(distribution)


@pytest.fixture(scope="module")
def ridge():
    return quadrature(models.correlated_gaussian(0.9))


@pytest.fixture(scope="module")
def point():
    return quadrature(models.NormalNormal())


def test_evidence_and_moments_of_normal_normal(point):
    assert point.log_evidence == pytest.approx(-7.515512123, abs=1e-9)
    assert point.mean() == pytest.approx(2.5, abs=1e-9)
    assert point.sd() == pytest.approx(np.sqrt(0.5), abs=1e-9)
    want = st.norm(2.5, np.sqrt(0.5))
    assert float(point.log_posterior(0.3)) == pytest.approx(want.logpdf(0.3), abs=1e-9)
    z, density = point.marginal()
    np.testing.assert_allclose(density, want.pdf(z), atol=1e-12)


@pytest.mark.parametrize(
    "model",
    [
        models.GammaPoisson([2, 0, 5], a=2.5, b=0.7),
        models.BetaBernoulli([1, 0, 1, 1], a=2.0, b=3.0),
        models.DirichletMultinomial([3, 1, 4], np.array([1.0, 2.0, 0.5])),
        pytest.param(
            models.LinearRegressionUnknownNoise([[1.0], [2.0], [4.0]], [1.5, 1.8, 4.4], a=10.0),
            marks=pytest.mark.slow,
        ),
    ],
    ids=lambda model: type(model).__name__,
)
def test_constrained_models(model):
    """On a half-line, an interval and a simplex: needs the right Jacobian."""
    truth = quadrature(model)
    assert truth.log_evidence == pytest.approx(model.log_evidence(), abs=1e-8)
    assert truth.kl_q_p(model.posterior()) == pytest.approx(0, abs=1e-8)
    assert truth.kl_p_q(model.posterior()) == pytest.approx(0, abs=1e-8)
    if not isinstance(model.event_shape, dict):
        np.testing.assert_allclose(truth.mean(), model.posterior().mean(), atol=1e-8)
        np.testing.assert_allclose(truth.sd(), model.posterior().stddev(), atol=1e-8)


@pytest.mark.slow
def test_moments_of_a_dict_of_latents():
    """E[v] = b_N / (a_N − 1) and E[w] = m in the Normal–inverse-gamma model."""
    model = models.LinearRegressionUnknownNoise([[1.0], [2.0], [4.0]], [1.5, 1.8, 4.4], a=10.0)
    precision = 1 + 21.0
    m = (1.5 + 3.6 + 17.6) / precision
    b = 1.0 + 0.5 * (1.5**2 + 1.8**2 + 4.4**2 - m**2 * precision)
    mean = quadrature(model).mean()
    assert mean["variance"] == pytest.approx(b / (10.0 + 1.5 - 1), abs=1e-7)
    assert mean["weights"] == pytest.approx(m, abs=1e-7)


@pytest.mark.parametrize(
    ("rho", "gap"), [(0.9, 0.830366), pytest.param(0.5, 0.143841, marks=pytest.mark.slow)]
)
def test_both_kl_directions_of_mean_field(rho, gap):
    """−½ log(1 − ρ²), with SD √(1 − ρ²) in the reverse direction and SD 1 in the forward one."""
    truth = quadrature(models.correlated_gaussian(rho))
    narrow = tfd.MultivariateNormalDiag(np.zeros(2), np.full(2, np.sqrt(1 - rho**2)))
    wide = tfd.MultivariateNormalDiag(np.zeros(2), np.ones(2))
    assert truth.kl_q_p(narrow) == pytest.approx(gap, abs=5e-7)
    assert truth.kl_p_q(wide) == pytest.approx(gap, abs=5e-7)
    assert truth.kl_q_p(wide) == pytest.approx(gap + np.log(1 - rho**2) + rho**2 / (1 - rho**2))


def test_evidence_is_elbo_plus_kl(point):
    """log p(x) = ELBO(q) + KL(q ‖ p), the ELBO of a Gaussian q worked out by hand."""
    m, s = -1.0, 1.7
    entropy = 0.5 * np.log(2 * np.pi * np.e * s**2)
    elbo = -np.log(2 * np.pi) - 0.5 * (m**2 + s**2) - 0.5 * ((5 - m) ** 2 + s**2) + entropy
    kl = point.kl_q_p(tfd.Normal(np.float64(m), np.float64(s)))
    assert elbo + kl == pytest.approx(point.log_evidence, abs=1e-9)


def test_three_dimensions():
    truth = quadrature(models.correlated_gaussian(0.6, 3))
    assert truth.log_evidence == pytest.approx(0, abs=1e-9)
    second = truth.expectation(lambda z: z[..., :, None] * z[..., None, :])
    np.testing.assert_allclose(second, models.correlated_gaussian(0.6, 3).covariance, atol=1e-8)


def test_marginals(ridge):
    for axis in range(2):
        z, density = ridge.marginal(axis)
        np.testing.assert_allclose(density, st.norm.pdf(z), atol=1e-9)
    with pytest.raises(ValueError, match="axis"):
        ridge.marginal(2)


def test_a_narrow_peak_far_away():
    truth = quadrature(target(tfd.Sample(tfd.Normal(np.float64(500.0), 1e-3), 1)))
    assert truth.log_evidence == pytest.approx(0, abs=1e-9)
    assert truth.sd() == pytest.approx(1e-3, rel=1e-6)


def test_separate_modes():
    """Two components far apart: both must be inside the box."""
    components = tfd.Normal(np.array([-15.0, 20.0]), np.array([1.0, 0.3]))
    mixture = tfd.MixtureSameFamily(tfd.Categorical(probs=np.array([0.3, 0.7])), components)
    truth = quadrature(target(tfd.Sample(mixture, 1)))
    assert truth.log_evidence == pytest.approx(0, abs=1e-9)
    assert truth.mean() == pytest.approx(0.3 * -15 + 0.7 * 20, abs=1e-8)


def test_infinite_kl(point):
    """q = U(0, 1) has no mass where the posterior has: KL(p ‖ q) = ∞."""
    assert point.kl_p_q(tfd.Uniform(np.float64(0), np.float64(1))) == np.inf


def test_heavy_tails_are_refused(point):
    cauchy = tfd.Cauchy(np.float64(0), np.float64(1))
    with pytest.raises(QuadratureError, match="tails"):
        quadrature(target(tfd.Sample(cauchy, 1)))
    with pytest.raises(QuadratureError, match="tails"):
        point.kl_q_p(cauchy)


def test_improper_density_is_refused():
    class Flat(models.Model):
        name = "flat"

        def _log_joint(self, z):
            return 0.0 * z

    with pytest.raises(QuadratureError, match="tails"):
        quadrature(Flat([], tfp.bijectors.Identity()))


def test_unnormalised_q_is_refused(point):
    class Twice:
        def log_prob(self, z):
            return tfd.Normal(np.float64(2), np.float64(1)).log_prob(z) + np.log(2)

    with pytest.raises(QuadratureError, match="integrates to 2"):
        point.kl_q_p(Twice())


@pytest.mark.slow
def test_too_fine_is_refused():
    with pytest.raises(QuadratureError, match="points are too few"):
        quadrature(models.correlated_gaussian(0.999, 3))


def test_an_expectation_that_does_not_exist(point):
    with pytest.raises(QuadratureError, match="tails"):
        point.expectation(lambda z: tf.exp(2.0 * z**2))


def test_bad_arguments():
    with pytest.raises(TypeError, match="model"):
        quadrature(lambda z: -(z**2))
    with pytest.raises(ValueError, match="3 dimensions"):
        quadrature(models.Funnel(4))
    with pytest.raises(ValueError, match="float64"):
        quadrature(models.NormalNormal(dtype=tf.float32))
    with pytest.raises(ValueError, match="tolerance"):
        quadrature(models.NormalNormal(), tolerance=0.0)


def test_trapezoid_of_a_polynomial():
    """∫∫ x y dx dy over [0, 1] × [0, 2] = 1: exact, for the rule is linear in each variable."""
    x, y = np.linspace(0, 1, 5), np.linspace(0, 2, 9)
    assert trapezoid(np.outer(x, y), [x, y]) == pytest.approx(1.0)
