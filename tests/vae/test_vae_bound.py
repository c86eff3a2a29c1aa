"""The bound: Kingma & Welling (2014), equations 3, 6, 7, 10 and appendix B, against integrals."""

import numpy as np
import pytest
import tensorflow as tf
import vae_helpers as helpers
from scipy.stats import norm

from vicourse.vae import VAE, sgvb

COPIES = 20_000  # independent draws of z for each image


def mean_and_error(values):
    """Mean and standard error over the copies, for values of shape [images · copies]."""
    values = np.asarray(values, np.float64).reshape(-1, COPIES)
    return values.mean(1), values.std(1, ddof=1) / np.sqrt(COPIES)


@pytest.fixture(scope="module", params=[1, 2], ids=["1 latent", "2 latents"])
def case(request):
    """A VAE far from its start, three images, and the integrals."""
    vae = helpers.lively_vae(request.param)
    return vae, helpers.bits(3, 6), helpers.Exact(helpers.weights(vae))


@pytest.fixture(scope="module")
def draws(case):
    """One-sample estimates of both kinds, many for each image."""
    vae, x, _ = case
    copies = np.repeat(x, COPIES, axis=0)
    return {kind: sgvb(vae, copies, 7, estimator=kind) for kind in ("A", "B")}


@pytest.mark.parametrize("estimator", ["A", "B"])
def test_both_estimators_are_unbiased(case, draws, estimator):
    """E[estimate] = the ELBO as an integral over z (eq. 3), within 4 standard errors."""
    _, x, exact = case
    mean, error = mean_and_error(draws[estimator].elbo)
    assert np.all(error < 0.05)
    assert np.all(np.abs(mean - exact.elbo(x)) < 4 * error)


@pytest.mark.parametrize("estimator", ["A", "B"])
def test_reconstruction_and_kl_are_unbiased(case, draws, estimator):
    """E_q[log p(x|z)] by quadrature; KL(q ‖ p) = ½ Σ (μ² + σ² − 1 − log σ²), appendix B."""
    _, x, exact = case
    mu, sigma = exact.posterior_parameters(x)
    kl = 0.5 * np.sum(mu**2 + sigma**2 - 1 - np.log(sigma**2), axis=1)
    for values, expected in (
        (draws[estimator].reconstruction, exact.reconstruction(x)),
        (draws[estimator].kl, kl),
    ):
        mean, error = mean_and_error(values)
        assert np.all(np.abs(mean - expected) < 4 * error + 1e-5 * np.abs(expected))


def test_kl_of_estimator_b_is_appendix_b(case):
    """The closed form is exact, summed over latents, for each image; and above zero."""
    vae, x, exact = case
    mu, sigma = exact.posterior_parameters(x)
    expected = 0.5 * np.sum(mu**2 + sigma**2 - 1 - np.log(sigma**2), axis=1)
    np.testing.assert_allclose(sgvb(vae, x, 0).kl, expected, rtol=1e-5)
    by_quadrature = exact.under_q(x, exact.log_q(x) - norm.logpdf(exact.z).sum(-1))
    np.testing.assert_allclose(expected, by_quadrature, rtol=1e-5)


def test_estimators_agree(draws):
    """A and B have one expectation: their means differ by less than 4 standard errors."""
    mean_a, error_a = mean_and_error(draws["A"].elbo)
    mean_b, error_b = mean_and_error(draws["B"].elbo)
    assert np.all(np.abs(mean_a - mean_b) < 4 * np.hypot(error_a, error_b))


def test_bound_is_below_the_evidence_by_the_kl_to_the_posterior(case):
    """log p(x) = ELBO + KL(q(z|x) ‖ p(z|x)), eq. 1.

    The ELBO is integrated with the package's densities, the other two with NumPy's.
    """
    vae, x, exact = case
    z = tf.constant(exact.z[:, None, :], tf.float32)
    elbo = np.empty(len(x))
    for row in range(len(x)):
        one = x[row : row + 1]
        log_q = vae.posterior(one).log_prob(z)
        inside = np.float64(vae.log_joint(one, z) - log_q) * np.exp(np.float64(log_q))
        elbo[row] = inside.sum() * exact.cell
    evidence, gap = exact.log_evidence(x), exact.kl_to_posterior(x)
    assert np.all(gap > 0.05)
    assert np.all(elbo < evidence)
    np.testing.assert_allclose(elbo + gap, evidence, rtol=1e-4)


def test_importance_weights_average_to_the_evidence():
    """log p(x) = log E_q[p(x, z) / q(z|x)]: A's one-sample terms are those log weights.

    q = N(0, 1.5) is wider than the prior, so that the weights are bounded.
    """
    vae, x = helpers.lively_vae(2), helpers.bits(3, 6)
    helpers.set_posterior(vae, np.zeros(2), np.log([1.5, 1.5]))
    exact = helpers.Exact(helpers.weights(vae))
    log_weights = np.float64(sgvb(vae, np.repeat(x, COPIES, axis=0), 5, estimator="A").elbo)
    mean, error = mean_and_error(np.exp(log_weights - np.repeat(exact.log_evidence(x), COPIES)))
    assert np.all(error < 0.05)
    assert np.all(np.abs(mean - 1) < 4 * error)


@pytest.mark.parametrize("estimator", ["A", "B"])
def test_bound_where_z_is_known(estimator):
    """q of SD e⁻¹⁰: z = μ but for 5e-5, so the reconstruction is Σ x log p + (1 − x) log(1 − p)."""
    vae, x, mu = helpers.lively_vae(2), helpers.bits(4, 6), np.array([0.8, -1.1])
    helpers.set_posterior(vae, mu, [-20.0, -20.0])
    bound = sgvb(vae, x, 0, estimator=estimator)
    exact = helpers.Exact(helpers.weights(vae))
    expected = exact.log_likelihood(x, mu[None, :])[:, 0]
    np.testing.assert_allclose(bound.reconstruction, expected, atol=2e-3)
    np.testing.assert_allclose(bound.elbo, bound.reconstruction - bound.kl, rtol=1e-6)


def test_kl_is_zero_at_the_prior():
    """KL(N(0, I) ‖ N(0, I)) = 0: log σ² = 0 means σ = 1."""
    vae = VAE(3, 16, 8)
    helpers.set_posterior(vae, np.zeros(3), np.zeros(3))
    np.testing.assert_allclose(sgvb(vae, helpers.bits(2, 16), 0).kl, 0, atol=1e-6)


@pytest.mark.parametrize("estimator", ["A", "B"])
def test_more_samples_are_averaged(case, estimator):
    """L samples: the same expectation and 1/L of the variance over draws of z."""
    vae, x, exact = case
    copies = np.repeat(x, COPIES // 10, axis=0)
    values = np.float64(sgvb(vae, copies, 3, estimator=estimator, num_samples=10).elbo)
    values = values.reshape(len(x), -1)
    error = values.std(1, ddof=1) / np.sqrt(values.shape[1])
    assert np.all(np.abs(values.mean(1) - exact.elbo(x)) < 4 * error)
    single = np.float64(sgvb(vae, copies, 4, estimator=estimator).elbo).reshape(len(x), -1)
    ratio = single.var(1) / values.var(1)
    # Heavy tails included, a ratio of 2000-sample variances stays well within a factor of 1.5.
    assert np.all((ratio > 10 / 1.5) & (ratio < 10 * 1.5))


def test_seed():
    """The same seed gives the same draws, whatever was called before; another gives others."""
    vae, x = helpers.lively_vae(2), helpers.bits(4, 6)
    first, again, other = (sgvb(vae, x, seed).elbo.numpy() for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert not np.any(first == other)
    compiled = tf.function(lambda: sgvb(vae, x, 0).elbo)
    np.testing.assert_allclose(compiled(), first, rtol=1e-5)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("estimator", {"estimator": "C"}),
        ("num_samples", {"num_samples": 0}),
        ("num_samples", {"num_samples": 1.5}),
        ("seed", {"seed": None}),
    ],
)
def test_bad_options_are_named(name, options):
    with pytest.raises((ValueError, TypeError), match=f"`{name}`"):
        sgvb(helpers.lively_vae(2), helpers.bits(4, 6), **{"seed": 0, **options})
