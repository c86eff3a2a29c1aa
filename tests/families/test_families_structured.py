"""ASVI: between mean field and prior, exact on a chain, and better than a Gaussian on a funnel."""

import numpy as np
import pytest
import scipy.integrate
import scipy.stats
import tensorflow as tf
import tensorflow_probability as tfp

from vicourse.families import asvi
from vicourse.gradients import gradient_estimator
from vicourse.inference import vi
from vicourse.models import (
    LDA,
    EightSchoolsCentred,
    EightSchoolsMarginal,
    EightSchoolsNonCentred,
    LogisticRegression,
    StateSpace,
    quadrature,
)

tfd = tfp.distributions

LOC = np.linspace(-1.0, 2.0, 10)
SCALE = np.linspace(0.5, 1.5, 10)


def state_space(num_latent=1, num_steps=5, dtype=tf.float64):
    eye = np.eye(num_latent)
    transition = 0.9 * eye + 0.3 * np.eye(num_latent, k=1)
    data = np.random.default_rng(0).normal(size=(num_steps, 1)) * 2
    observation = np.ones((1, num_latent))
    return StateSpace(data, transition, 0.5 * eye, observation, [[0.3]], 2.0 * eye, dtype)


def set_weights(q, weight):
    for module in q.submodules:
        if module.name.startswith("blend_"):
            module.weight.assign(
                tf.fill(module.weight.shape, tf.constant(weight, module.own.dtype))
            )


def test_weight_zero_is_the_mean_field():
    """λ = κ → 0: independent, with the start's own locations and scales; tau log-normal."""
    q = asvi(EightSchoolsCentred(), initial_loc=LOC, initial_scale=SCALE)
    set_weights(q, 1e-12)
    z = q.sample(4, seed=(0, 1))
    # In unconstrained space the latents stand in the order mu, tau, theta.
    expected = (
        scipy.stats.norm(LOC[0], SCALE[0]).logpdf(z["mu"])
        + scipy.stats.lognorm(SCALE[1], scale=np.exp(LOC[1])).logpdf(z["tau"])
        + scipy.stats.norm(LOC[2:], SCALE[2:]).logpdf(z["theta"]).sum(axis=1)
    )
    np.testing.assert_allclose(q.log_prob(z), expected, rtol=1e-8)


def test_weight_one_is_the_prior():
    """λ = κ → 1: mu ~ N(0, 5²), theta_j ~ N(mu, tau²); log tau has the half-Cauchy's moments."""
    q = asvi(EightSchoolsCentred(), initial_loc=LOC, initial_scale=SCALE)
    set_weights(q, 1 - 1e-12)
    z = q.sample(4, seed=(0, 1))
    log_tau = scipy.integrate.quad_vec(
        lambda s: scipy.stats.halfcauchy(0, 5).pdf(np.exp(s)) * np.exp(s) * np.array([s, s**2]),
        -60, 60,
    )[0]  # fmt: skip
    sd = np.sqrt(log_tau[1] - log_tau[0] ** 2)
    spread = z["tau"].numpy()[:, None]
    expected = (
        scipy.stats.norm(0, 5).logpdf(z["mu"])
        + scipy.stats.lognorm(sd, scale=np.exp(log_tau[0])).logpdf(z["tau"])
        + scipy.stats.norm(z["mu"].numpy()[:, None], spread).logpdf(z["theta"]).sum(axis=1)
    )
    np.testing.assert_allclose(q.log_prob(z), expected, rtol=1e-6)


@pytest.mark.parametrize("num_latent", [1, 2])
def test_chain_of_blends_is_the_gaussian_that_its_steps_make(num_latent):
    """z_t = (λ A z + (1 − λ) a_t) + S_t ε, all by hand in NumPy; draws have its covariance."""
    model, weight = state_space(num_latent, 3), 0.4
    size = 3 * num_latent
    a, b = np.linspace(-1, 1, size), np.linspace(0.5, 1.0, size)
    q = asvi(model, initial_loc=a, initial_scale=b)
    set_weights(q, weight)
    a, b = a.reshape(3, -1), b.reshape(3, -1)

    def tril(prior_covariance, own):
        return weight * np.linalg.cholesky(prior_covariance) + (1 - weight) * np.diag(own)

    roots = [tril(model.initial_covariance, b[0])]
    roots += [tril(model.process_covariance, own) for own in b[1:]]
    z = q.sample([2, 5000], seed=(0, 1)).numpy()
    log_q, before = 0.0, np.zeros_like(z[:, :, 0])
    for t, root in enumerate(roots):
        loc = weight * before @ model.transition.T + (1 - weight) * a[t]
        noise = scipy.stats.multivariate_normal(np.zeros(num_latent), root @ root.T)
        residual = z[:, :, t] - loc
        log_q = log_q + noise.logpdf(residual)
        sampled = residual.reshape(-1, num_latent)
        np.testing.assert_allclose(sampled.mean(axis=0), 0, atol=0.06)
        np.testing.assert_allclose(sampled.T @ sampled / 1e4, root @ root.T, atol=0.08)
        before = z[:, :, t]
    np.testing.assert_allclose(q.log_prob(z), log_q, rtol=1e-9)


@pytest.mark.parametrize("model", [EightSchoolsNonCentred, state_space])
@pytest.mark.parametrize("dtype", [tf.float32, tf.float64])
def test_dtype_and_gradients(model, dtype):
    """Every variable is found and moved by the ELBO's gradient."""
    model = model(dtype=dtype)
    # A start away from the prior: where the two agree, their weights have no gradient.
    q = asvi(model, initial_loc=LOC[: model.dim], initial_scale=SCALE[: model.dim])
    values, gradients = gradient_estimator("reparameterization")(model.log_joint, q, 5, (0, 1))
    assert values.shape == [5]
    assert values.dtype == dtype
    assert len(gradients) == (12 if isinstance(model.event_shape, dict) else 8)
    assert all(np.any(gradient) and np.all(np.isfinite(gradient)) for gradient in gradients)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:vi. max_steps")
def test_exact_on_a_scalar_chain():
    """p(z_t | z_{t−1}, x) = N(c z_{t−1} + d, v) with 0 < c < A: ASVI holds it, so the ELBO is the
    log evidence of the Kalman filter. A mean field falls short."""
    model = state_space()
    fit = vi(model, asvi, seed=0, num_starts=1, jit_compile=False, max_steps=800)
    assert float(fit.elbo) == pytest.approx(model.log_evidence(), abs=0.01)
    flat = vi(model, "mean_field", seed=0, num_starts=1, jit_compile=False, max_steps=800)
    assert float(flat.elbo) < model.log_evidence() - 0.1


@pytest.mark.slow
def test_follows_the_funnel_of_eight_schools():
    """Closer to the evidence (quadrature of the marginal form) than any Gaussian found."""
    model = EightSchoolsCentred()
    evidence = quadrature(EightSchoolsMarginal()).log_evidence
    fit = vi(model, asvi, seed=0)
    gaussian = vi(model, "full_rank", seed=0)
    error = np.hypot(fit.elbo.standard_error, gaussian.elbo.standard_error)
    assert float(fit.elbo) < evidence + 4 * fit.elbo.standard_error
    assert float(fit.elbo) > evidence - 0.6
    assert float(fit.elbo) > float(gaussian.elbo) + 0.5 + 4 * error


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: asvi(2), "model.*wanted a model"),
        (lambda: asvi(LogisticRegression([[1.0], [2.0]], [0, 1])), "JointDistributionNamed"),
        (lambda: asvi(LDA([[1, 0, 2], [0, 3, 1]], num_topics=2)), "Normal, LogNormal"),
        (lambda: asvi(EightSchoolsCentred(), initial_loc=[0.0]), "initial_loc.*shape"),
        (lambda: asvi(EightSchoolsCentred(), initial_scale=-1.0), "initial_scale"),
    ],
)
def test_bad_input_is_named(make, words):
    with pytest.raises((ValueError, TypeError), match=words):
        make()
