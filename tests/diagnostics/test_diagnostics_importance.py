"""k-hat and importance weights against closed forms for Gaussians.

For p = N(0, v), q = N(0, s²), the tail index of w = p/q is k = 1 − s²/v, and
1 + χ²(p‖q) = s²/√(v(2s² − v)) for 2s² > v.
"""

import dataclasses

import numpy as np
import pytest
import scipy.stats
import tensorflow_probability as tfp

from vicourse import models
from vicourse.diagnostics import importance_check, wasserstein_bound
from vicourse.inference import laplace, vi

tfd = tfp.distributions


def a_fit(model, posterior):
    """A `Fit` with a posterior of our choice."""
    base = laplace(model, seed=0, num_starts=1, num_elbo_samples=2)
    return dataclasses.replace(base, posterior=posterior)


def normal(loc, sd):
    return tfd.Normal(np.float64(loc), np.float64(sd))


POST = models.NormalNormal(data=[5.0])  # posterior N(2.5, ½), log p(x) = −7.515512


def test_the_exact_posterior_has_equal_weights():
    check = importance_check(a_fit(POST, POST.posterior()), seed=0)
    assert check.log_evidence.value == pytest.approx(-7.515512, abs=1e-6)
    assert check.log_evidence.standard_error < 1e-10
    assert check.effective_sample_size == pytest.approx(4000)
    assert check.k_hat < 0.5


def test_a_wide_q_is_good_and_its_weights_correct_it():
    check = importance_check(a_fit(POST, normal(2.0, 1.2)), seed=0, num_samples=20_000)
    assert check.k_hat < 0.5
    assert "no part" in check.verdict
    assert abs(check.log_evidence.value + 7.515512) < 4 * check.log_evidence.standard_error
    s2, v = 1.44, 0.5
    factor = s2 / np.sqrt(v * (2 * s2 - v)) * np.exp(0.25 / (2 * s2 - v))
    assert check.effective_sample_size == pytest.approx(20_000 / factor, rel=0.03)
    mean = check.expectation(lambda z: z)
    sd = np.sqrt(check.expectation(lambda z: (z - mean) ** 2))
    assert mean == pytest.approx(2.5, abs=0.03)  # q says 2.0
    assert sd == pytest.approx(np.sqrt(0.5), abs=0.03)  # q says 1.2


@pytest.mark.parametrize(("sd", "verdict"), [(0.35, "usable"), (0.2, "Do not trust")])
def test_a_narrow_q_is_found_out(sd, verdict):
    """The theory's index is 1 − s²/v = 0.755 and 0.92; a finite sample sees somewhat less."""
    checks = [importance_check(a_fit(POST, normal(2.5, sd)), seed=s) for s in range(5)]
    k = np.mean([check.k_hat for check in checks])
    theory = 1 - sd**2 / 0.5
    assert theory - 0.3 < k < theory + 0.1
    assert any(verdict in check.verdict for check in checks)


def test_on_a_constrained_model_the_jacobian_is_in_the_weights():
    """Gamma–Poisson fitted on log z: the mean weight is the evidence in closed form."""
    model = models.GammaPoisson(data=[3.0, 1.0, 4.0])
    fit = vi(model, seed=0, jit_compile=False)
    check = importance_check(fit, seed=1)
    assert abs(check.log_evidence.value - model.log_evidence()) < max(
        4 * check.log_evidence.standard_error, 1e-3
    )
    exact = model.posterior()
    assert check.expectation(lambda z: z) == pytest.approx(float(exact.mean()), rel=0.02)
    assert np.all(check.draws > 0)


def test_draws_and_bad_weights_are_refused():
    fit = a_fit(POST, normal(2.5, 1.0))
    with pytest.raises(ValueError, match="chain_check"):
        importance_check(dataclasses.replace(fit, posterior=None), seed=0)
    with pytest.raises(ValueError, match="NaN or infinite"):
        importance_check(a_fit(POST, normal(np.nan, 1.0)), seed=0)
    with pytest.raises(ValueError, match="num_samples"):
        importance_check(fit, seed=0, num_samples=10)
    with pytest.raises(ValueError, match="fn"):
        importance_check(fit, seed=0).expectation(lambda z: 1.0)


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize(("loc", "sd"), [(2.5, 0.9), (2.2, 0.8), (3.0, 1.0)])
def test_the_wasserstein_bound_holds_and_is_not_absurd(order, loc, sd):
    """Against quantiles: W_r^r = ∫ |F⁻¹(u) − G⁻¹(u)|^r du, for one dimension."""
    bound = wasserstein_bound(a_fit(POST, normal(loc, sd)), order=order, num_samples=20_000)
    u = (np.arange(100_000) + 0.5) / 100_000
    q, p = (scipy.stats.norm(m, s).ppf(u) for m, s in ((loc, sd), (2.5, np.sqrt(0.5))))
    exact = np.mean(np.abs(q - p) ** order) ** (1 / order)
    assert exact < bound.value < 12 * exact
    s2, v = sd**2, 0.5
    chi2 = s2 / np.sqrt(v * (2 * s2 - v)) * np.exp((loc - 2.5) ** 2 / (2 * s2 - v)) - 1
    moment = {1: sd, 2: 3**0.25 * sd}[order]  # E|z − m|² and E|z − m|⁴ of a normal
    theory = 2 ** (1 - 1 / order) * moment * chi2 ** (1 / (2 * order))
    assert bound.value == pytest.approx(theory, rel=0.1)


def test_the_bound_is_infinite_where_the_weights_do_not_tell():
    bound = wasserstein_bound(a_fit(POST, normal(2.5, 0.15)), num_samples=4000)
    assert bound.value == np.inf
    assert "k-hat" in bound.note


def test_several_latents_in_a_dict():
    model = models.LinearRegressionUnknownNoise(
        np.stack([np.ones(20), np.linspace(-1, 1, 20)], 1), np.linspace(0, 2, 20) ** 2
    )
    check = importance_check(vi(model, seed=0, jit_compile=False), seed=0)
    exact = model.posterior()
    draws = exact.sample(20_000, seed=(0, 1))
    for name in ("weights", "variance"):
        found = check.expectation(lambda z, name=name: z[name])
        np.testing.assert_allclose(found, np.mean(draws[name], axis=0), atol=0.05)
