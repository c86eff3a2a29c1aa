"""Every bound on the Normal–Normal model, against quadrature over the definition."""

from itertools import pairwise

import numpy as np
import pytest
from normal_normal import (
    LOG_EVIDENCE,
    MU,
    POSTERIOR_MEAN,
    POSTERIOR_VARIANCE,
    SIGMA,
    expect,
    expect_of_pair,
    log_joint,
    log_likelihood,
    log_weight,
    surrogate,
    tfd,
    within_four_errors,
)

from vicourse import objectives as ob
from vicourse.divergences import kl, renyi
from vicourse.estimate import estimate

N = 20_000
POSTERIOR = tfd.Normal(np.float64(POSTERIOR_MEAN), np.sqrt(POSTERIOR_VARIANCE))
PRIOR = tfd.Normal(np.float64(0), np.float64(1))
ELBO = expect(log_weight)


def test_log_evidence_is_the_stated_number():
    assert pytest.approx(-7.515512, abs=5e-7) == LOG_EVIDENCE


@pytest.mark.parametrize(("mu", "sigma"), [(1.7, 0.9), (0.0, 1.0), (-3.0, 0.2), (2.5, 3.0)])
def test_evidence_is_elbo_plus_kl_for_any_q(mu, sigma):
    """log p(x) = ELBO + KL(q ‖ posterior); ELBO and KL by quadrature."""
    elbo = expect(lambda z: log_weight(z, mu, sigma), mu, sigma)
    gap = float(kl(surrogate(mu, sigma), POSTERIOR, method="quadrature"))
    assert elbo + gap == pytest.approx(LOG_EVIDENCE, abs=1e-10)
    result = estimate(ob.elbo(log_joint, surrogate(mu, sigma), num_samples=N, seed=1))
    assert within_four_errors(result, LOG_EVIDENCE - gap, tight=0.4)


def test_elbo_is_exact_without_noise_at_the_posterior():
    values = ob.elbo(log_joint, POSTERIOR, num_samples=50, seed=0)
    np.testing.assert_allclose(values, LOG_EVIDENCE, atol=1e-12)


def test_both_forms_agree():
    """SGVB eq. 6 and eq. 7 have one mean; form B's noise is that of the likelihood alone."""
    form_a = estimate(ob.elbo(log_joint, surrogate(), num_samples=N, seed=2))
    values = ob.elbo_closed_kl(log_likelihood, surrogate(), PRIOR, num_samples=N, seed=3)
    form_b = estimate(values)
    assert within_four_errors(form_a, ELBO, tight=0.02)
    assert within_four_errors(form_b, ELBO, tight=0.03)
    assert np.std(values) == pytest.approx(
        np.sqrt(expect(log_likelihood_squared) - expect(log_likelihood) ** 2), rel=0.03
    )


def log_likelihood_squared(z):
    return log_likelihood(z) ** 2


def pair_bound(power):
    """1/power · log of the mean of two w^power."""
    return expect_of_pair(lambda a, b: (np.logaddexp(power * a, power * b) - np.log(2)) / power)


def test_importance_weighted_bound_of_two_samples():
    result = estimate(
        ob.importance_weighted_bound(
            log_joint, surrogate(), num_importance_samples=2, num_samples=N, seed=4
        )
    )
    assert within_four_errors(result, pair_bound(1.0), tight=0.01)


def test_importance_weighted_bound_grows_to_the_evidence():
    results = [
        estimate(
            ob.importance_weighted_bound(
                log_joint, surrogate(), num_importance_samples=k, num_samples=2000, seed=5
            )
        )
        for k in (1, 4, 16, 256)
    ]
    for lower, upper in pairwise(results):
        assert float(upper) > float(lower) - 4 * upper.standard_error
        assert float(upper) < LOG_EVIDENCE + 4 * upper.standard_error
    assert abs(float(results[0]) - ELBO) < 4 * results[0].standard_error
    assert float(results[-1]) == pytest.approx(LOG_EVIDENCE, abs=0.01)
    assert LOG_EVIDENCE - ELBO > 0.3


@pytest.mark.parametrize("alpha", [0.0, 0.5, 2.0])
def test_renyi_bound_of_two_samples(alpha):
    result = estimate(renyi_bound(alpha, num_importance_samples=2, num_samples=N))
    assert within_four_errors(result, pair_bound(1 - alpha), tight=0.02)


def test_renyi_bound_at_one_and_zero_is_the_elbo_and_the_importance_weighted_bound():
    """Same draws, same numbers; α near 1 is near the ELBO."""
    one, near, zero = (renyi_bound(a, num_importance_samples=8) for a in (1, 1 + 1e-7, 0))
    iw = ob.importance_weighted_bound(
        log_joint, surrogate(), num_importance_samples=8, num_samples=100, seed=6
    )
    np.testing.assert_allclose(zero, iw, atol=1e-12)
    np.testing.assert_allclose(one, near, atol=1e-5)
    assert within_four_errors(estimate(renyi_bound(1, num_samples=N // 10)), ELBO, tight=0.02)


def test_renyi_bound_is_the_evidence_minus_a_renyi_divergence():
    """L_α = log p(x) − D_α(q ‖ posterior): α = 0.5, K large enough for a bias below 0.001."""
    exact = LOG_EVIDENCE - float(renyi(surrogate(), POSTERIOR, 0.5))
    values = renyi_bound(0.5, num_importance_samples=2000, num_samples=200)
    assert float(estimate(values)) == pytest.approx(exact, abs=0.01)


def renyi_bound(alpha, num_importance_samples=10, num_samples=100):
    return ob.renyi_bound(
        log_joint,
        surrogate(),
        alpha=alpha,
        num_importance_samples=num_importance_samples,
        num_samples=num_samples,
        seed=6,
    )


def test_chi_upper_bound_of_two_samples_and_of_many():
    """K = 2 against quadrature; many samples near CUBO₂ = log p(x) + D₂(posterior ‖ q)/2."""

    def run(k, s):
        return ob.chi_upper_bound(
            log_joint, surrogate(), num_importance_samples=k, num_samples=s, seed=7
        )

    assert within_four_errors(estimate(run(2, N)), pair_bound(2.0), tight=0.02)
    exact = 0.5 * np.log(expect(lambda z: np.exp(2 * log_weight(z))))
    closed = LOG_EVIDENCE + 0.5 * float(renyi(POSTERIOR, surrogate(), 2.0))
    assert exact == pytest.approx(closed, abs=1e-8)
    assert exact > LOG_EVIDENCE + 0.1
    assert float(estimate(run(4000, 100))) == pytest.approx(exact, abs=0.02)
    assert pair_bound(2.0) < LOG_EVIDENCE  # with few samples it is no upper bound


def test_beta_objective_weighs_the_kl():
    """β = 1 gives form B; β = 3 two KL(q ‖ prior) less; β = 0 the likelihood alone."""
    options = {"num_samples": 100, "seed": 8}
    kl_to_prior = 0.5 * (MU**2 + SIGMA**2 - 1) - np.log(SIGMA)
    form_b = ob.elbo_closed_kl(log_likelihood, surrogate(), PRIOR, **options)
    for beta in (0.0, 1.0, 3.0):
        values = ob.beta_objective(log_likelihood, surrogate(), PRIOR, beta=beta, **options)
        np.testing.assert_allclose(values, form_b - (beta - 1) * kl_to_prior, atol=1e-12)


def test_annealed_objective_weighs_the_entropy():
    """E_q[log p(x, z)] + T·H[q], H = log(σ√(2πe))."""
    entropy = np.log(SIGMA) + 0.5 * np.log(2 * np.pi * np.e)
    for temperature in (1.0, 4.0):
        values = ob.annealed_objective(
            log_joint, surrogate(), temperature=temperature, num_samples=N, seed=9
        )
        exact = expect(log_joint) + temperature * entropy
        assert within_four_errors(estimate(values), exact, tight=0.05)


def test_annealed_objective_is_flat_at_the_tempered_posterior():
    """At q ∝ p(x, z)^(1/T), N(2.5, T/2), every draw gives the same value."""
    q = surrogate(POSTERIOR_MEAN, np.sqrt(3 * POSTERIOR_VARIANCE))
    values = ob.annealed_objective(log_joint, q, temperature=3.0, num_samples=50, seed=10)
    assert np.ptp(values) < 1e-11


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dtype_is_kept(dtype):
    values = ob.elbo(log_joint, surrogate(dtype=dtype), num_samples=4, seed=0)
    assert values.dtype.as_numpy_dtype == dtype
