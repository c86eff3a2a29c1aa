"""Expectation propagation against integrals, exact moments, and inputs that break weaker code."""

import functools
import sys

import numpy as np
import pytest
import scipy.integrate
import scipy.optimize
import scipy.stats as st
import tensorflow as tf
from scipy.special import expit, log_expit

from vicourse.inference import DivergedError, Fit, expectation_propagation
from vicourse.inference.expectation_propagation import cavity, log_integral
from vicourse.inference.tilted import tilted_logistic, tilted_probit
from vicourse.models import LogisticRegression, NormalNormal, ProbitRegression, quadrature

KINDS = [ProbitRegression, LogisticRegression]
CURVES = {tilted_probit: st.norm.cdf, tilted_logistic: expit}


def noisy(dim, num_data=12, seed=3):
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(num_data, dim))
    return features, (features[:, 0] + 1.5 * rng.normal(size=num_data) > 0).astype(float)


@pytest.fixture
def without_elbo(monkeypatch):
    """EP alone: compiling the ELBO takes longer than EP."""
    module = sys.modules["vicourse.inference.expectation_propagation"]
    monkeypatch.setattr(module, "elbo_estimate", lambda *_: None)


@functools.cache
def truth_of(kind, dim):
    model = kind(*noisy(dim), 1.5)
    return model, quadrature(model, tolerance=1e-6)


def mode_of(kind, dim):
    """Where Laplace's approximation has its mean."""
    features, labels = noisy(dim)
    log_curve = {ProbitRegression: st.norm.logcdf, LogisticRegression: log_expit}[kind]

    def energy(w):
        return w @ w / (2 * 1.5**2) - np.sum(log_curve((2 * labels - 1) * (features @ w)))

    return scipy.optimize.minimize(energy, np.zeros(dim)).x


def moments(fit):
    base = fit.posterior.distribution
    return base.mean().numpy(), base.stddev().numpy()


@pytest.mark.usefixtures("without_elbo")
@pytest.mark.parametrize("dim", [1, *(pytest.param(dim, marks=pytest.mark.slow) for dim in (2, 3))])
@pytest.mark.parametrize("kind", KINDS)
def test_moments_and_evidence_by_quadrature(kind, dim):
    """Means within 0.01 SD, where the mode is off by more than 0.1 SD; SDs within 9 % and log Z
    within 0.05 nats, which are EP's own errors with so few data."""
    model, truth = truth_of(kind, dim)
    fit = expectation_propagation(model, seed=0)
    mean, sd = moments(fit)
    assert np.max(np.abs(mean - truth.mean()) / truth.sd()) < 0.01
    assert np.max(np.abs(mode_of(kind, dim) - truth.mean()) / truth.sd()) > 0.1
    np.testing.assert_allclose(sd, truth.sd(), rtol=0.09)
    assert fit.objective[-1] == pytest.approx(truth.log_evidence, abs=0.05)
    assert fit.converged
    assert isinstance(fit, Fit)


def test_the_elbo_is_that_of_the_posterior():
    """log p(x) − KL(q ‖ p), both by quadrature; it is not the trace."""
    model, truth = truth_of(ProbitRegression, 1)
    fit = expectation_propagation(model, seed=0)
    expected = truth.log_evidence - truth.kl_q_p(fit.posterior)
    assert abs(float(fit.elbo) - expected) < 4 * fit.elbo.standard_error
    assert fit.elbo.num_samples == 1000


@pytest.mark.usefixtures("without_elbo")
def test_one_probit_is_exact():
    """One datum: q has the posterior's own mean and variance (Rasmussen and Williams, section 3.9):

        mean = s² x φ(0)/(Φ(0) √(1 + s²|x|²)),   cov = s² I − (2/π) s⁴ x xᵀ/(1 + s²|x|²),

    and log Z = log Φ(0)."""
    x, s = np.array([1.0, 2.0]), 3.0
    fit = expectation_propagation(ProbitRegression(x[None], [1], s), seed=0)
    spread = 1 + s**2 * x @ x
    base = fit.posterior.distribution
    np.testing.assert_allclose(base.mean(), s**2 * x * np.sqrt(2 / np.pi / spread), rtol=1e-12)
    want = s**2 * np.eye(2) - 2 / np.pi * s**4 * np.outer(x, x) / spread
    np.testing.assert_allclose(base.covariance(), want, rtol=1e-10)
    assert fit.objective[-1] == pytest.approx(np.log(0.5), abs=1e-12)


@pytest.mark.usefixtures("without_elbo")
def test_the_mean_may_lie_on_either_side_of_a_label():
    """Labels swapped: the mirror image, as p(w | y) is that of −w under 1 − y."""
    features, labels = noisy(2)
    one, other = (
        expectation_propagation(ProbitRegression(features, y), seed=0) for y in (labels, 1 - labels)
    )
    np.testing.assert_allclose(moments(one)[0], -moments(other)[0], rtol=1e-10)
    assert one.objective[-1] == pytest.approx(other.objective[-1], abs=1e-10)


@pytest.mark.usefixtures("without_elbo")
@pytest.mark.parametrize("kind", KINDS)
def test_order_and_damping_do_not_matter(kind):
    """Data backwards, and half of each old site kept: another way to the same fixed point."""
    features, labels = noisy(3, num_data=40)
    fits = [
        expectation_propagation(kind(*data), seed=0, tolerance=1e-12, damping=damping)
        for data, damping in [
            ((features, labels), 0.0),
            ((features[::-1], labels[::-1]), 0.0),
            ((features, labels), 0.5),
        ]
    ]
    for fit in fits[1:]:
        np.testing.assert_allclose(moments(fit), moments(fits[0]), rtol=1e-4, atol=1e-5)
        assert fit.objective[-1] == pytest.approx(fits[0].objective[-1], abs=1e-6)
    assert len(fits[2].objective) > len(fits[0].objective)


@pytest.mark.parametrize("tilted", CURVES)
@pytest.mark.parametrize(("mean", "sd"), [(0.3, 1.2), (-6.0, 2.0), (4.0, 0.1), (-2.0, 300.0)])
def test_tilted_moments_by_adaptive_quadrature(tilted, mean, sd):
    """Z, mean and variance of N(f; μ, σ²) ℓ(f), the integrals by `scipy.integrate.quad`."""
    log_mass, alpha, beta = tilted(mean, sd**2)

    def integral(power, center=0.0):
        def integrand(f):
            return (f - center) ** power * st.norm(mean, sd).pdf(f) * CURVES[tilted](f)

        ends = mean - 12 * sd, mean + 12 * sd
        points = sorted({np.clip(p, *ends) for p in (mean, 0.0, -5.0, 5.0, mean + sd)})
        return scipy.integrate.quad(integrand, *ends, points=points, limit=500)[0]

    mass = integral(0)
    center = integral(1) / mass
    assert log_mass == pytest.approx(np.log(mass), abs=1e-7)
    assert mean + sd**2 * alpha == pytest.approx(center, rel=1e-6)
    assert sd**2 * (1 - sd**2 * beta) == pytest.approx(integral(2, center) / mass, rel=1e-6)


@pytest.mark.parametrize("tilted", CURVES)
def test_a_cavity_without_width(tilted):
    """σ = 0: log ℓ(μ) and its derivatives."""
    log_mass, alpha, beta = tilted(0.7, 0.0)
    h = 1e-4
    below, here, above = np.log(CURVES[tilted](0.7 + np.array([-h, 0, h])))
    assert log_mass == pytest.approx(here, abs=1e-7)
    assert alpha == pytest.approx((above - below) / (2 * h), rel=1e-6)
    assert beta == pytest.approx(-(above - 2 * here + below) / h**2, rel=1e-5)


def test_cavity_times_site_is_the_marginal():
    """N(f; μ, σ²) exp(ν f − ½ τ f²) has mean m and variance v; its mass by quadrature."""
    m, v, tau, nu = 0.4, 0.5, 0.8, -0.3
    mean, variance = cavity(m, v, tau, nu)

    def integrand(f, power):
        site = np.exp(nu * f - 0.5 * tau * f**2)
        return f**power * st.norm(mean, np.sqrt(variance)).pdf(f) * site

    mass, first, second = (
        scipy.integrate.quad(integrand, -20, 20, args=(power,))[0] for power in range(3)
    )
    assert log_integral(mean, variance, tau, nu) == pytest.approx(np.log(mass), abs=1e-10)
    assert first / mass == pytest.approx(m, abs=1e-10)
    assert second / mass - m**2 == pytest.approx(v, abs=1e-10)


@pytest.mark.usefixtures("without_elbo")
def test_extreme_data_stay_finite():
    """Separable classes, wide priors, features in wild units, an outlier, an empty row."""
    rng = np.random.default_rng(0)
    wild = rng.normal(size=(60, 3)) * [1e3, 1.0, 1e-3]
    cases = [
        (np.ones((300, 1)), np.ones(300), 10.0),
        (wild, (wild @ [1e-3, 1.0, 1e3] > 0).astype(float), 100.0),
        ([[1.0], [1.0]], [0, 1], 1e8),
        ([[1.0]] * 50 + [[-50.0]], [1.0] * 51, 10.0),
        ([[0.0], [1.0]], [1, 1], 1.0),
    ]
    for kind in KINDS:
        for features, labels, prior_sd in cases:
            model = kind(features, labels, prior_sd)
            fit = expectation_propagation(model, seed=0)
            assert fit.converged
            assert np.all(np.isfinite([*moments(fit)[0], *moments(fit)[1], *fit.objective]))
            assert np.all(moments(fit)[1] <= prior_sd * (1 + 1e-12))


@pytest.mark.usefixtures("without_elbo")
def test_a_row_of_zeros_only_costs_log_two():
    """ℓ(0) = ½ whatever w is."""
    features, labels = noisy(1)
    longer = LogisticRegression(np.vstack([features, [[0.0]]]), [*labels, 0.0])
    fit = expectation_propagation(LogisticRegression(features, labels), seed=0)
    with_zeros = expectation_propagation(longer, seed=0)
    np.testing.assert_allclose(moments(with_zeros), moments(fit), rtol=1e-6)
    assert with_zeros.objective[-1] == pytest.approx(fit.objective[-1] - np.log(2), abs=1e-6)


@pytest.mark.usefixtures("without_elbo")
def test_float32_gives_a_float32_posterior():
    fit = expectation_propagation(ProbitRegression(*noisy(2), dtype=tf.float32), seed=0)
    assert fit.sample(3, seed=0).dtype == tf.float32
    double = expectation_propagation(ProbitRegression(*noisy(2)), seed=0)
    np.testing.assert_allclose(moments(fit), moments(double), rtol=1e-5)


def test_nan_is_an_error_with_the_last_good_fit(monkeypatch):
    module = sys.modules["vicourse.inference.expectation_propagation"]
    monkeypatch.setitem(module.TILTED, ProbitRegression, lambda *_: (0.0, np.nan, np.nan))
    with pytest.raises(DivergedError, match=r"Sweep 1: .*Standardise") as caught:
        expectation_propagation(ProbitRegression(*noisy(1), 3.0), seed=0)
    np.testing.assert_array_equal(moments(caught.value.fit), [[0.0], [3.0]])  # the prior
    assert caught.value.fit.elbo is None


@pytest.mark.parametrize("kind", KINDS)
def test_features_beyond_all_scale_are_refused(kind):
    with pytest.raises(ValueError, match=r"`model`.*1e\+12.*Standardise"):
        expectation_propagation(kind([[1e6], [-1e6]], [1, 1], 1e6), seed=0)
    with pytest.raises(ValueError, match="got inf"):
        expectation_propagation(kind([[1e200], [-1e200]], [1, 1], 1e200), seed=0)


@pytest.mark.usefixtures("without_elbo")
def test_too_few_sweeps_are_said():
    with pytest.warns(UserWarning, match="Raise `max_sweeps`"):
        fit = expectation_propagation(ProbitRegression(*noisy(2)), seed=0, max_sweeps=1)
    assert not fit.converged
    assert len(fit.objective) == 1


def test_bad_input_is_named():
    model = ProbitRegression(*noisy(1))
    with pytest.raises(TypeError, match=r"`model`.*ProbitRegression or LogisticRegression"):
        expectation_propagation(NormalNormal(), seed=0)
    for name, value in [("damping", 1.0), ("damping", -0.1), ("tolerance", 0.0), ("max_sweeps", 0)]:
        with pytest.raises(ValueError, match=name):
            expectation_propagation(model, seed=0, **{name: value})
    with pytest.raises(TypeError, match="seed"):
        expectation_propagation(model, seed=None)
