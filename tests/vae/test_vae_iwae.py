"""The importance-weighted bound: Burda, Grosse and Salakhutdinov (2016), against integrals."""

import numpy as np
import pytest
import tensorflow as tf
import vae_helpers as helpers
from scipy.special import logsumexp
from scipy.stats import norm

from vicourse.vae import sgvb

COPIES = 10_000
SEEDS = 30


class ExactTwo(helpers.Exact):
    """`Exact` for one latent, with the bound of two samples as a double integral."""

    def __init__(self, parameters):
        super().__init__(parameters, half_width=9.0, points=241)

    def bound_of_two(self, x):
        """L_2 = ∫∫ q(z₁) q(z₂) log ½ (w(z₁) + w(z₂)) dz₁ dz₂, [n]."""
        log_q = self.log_q(x)
        log_w = self.log_joint(x) - log_q
        pairs = np.logaddexp(log_w[:, :, None], log_w[:, None, :]) - np.log(2)
        q = np.exp(log_q) * self.cell
        return np.einsum("ni,nij,nj->n", q, pairs, q)


@pytest.fixture(scope="module")
def case():
    vae = helpers.lively_vae(1, num_pixels=4, hidden=3)
    x, exact = helpers.bits(3, 4, seed=2), ExactTwo(helpers.weights(vae))
    np.testing.assert_allclose(exact.under_q(x, 1.0), 1, rtol=1e-5)  # the grid is fine enough
    return vae, x, exact


def bounds(vae, x, num_samples, seed=7, copies=COPIES):
    """Mean and standard error over copies of each image, each [n]."""
    values = sgvb(vae, np.repeat(x, copies, axis=0), seed, estimator="IW", num_samples=num_samples)
    values = np.float64(values.elbo).reshape(len(x), copies)
    return values.mean(1), values.std(1, ddof=1) / np.sqrt(copies)


def test_it_is_the_log_of_the_mean_weight():
    """log 1/S Σ_s p(x, z_s) / q(z_s | x) by NumPy and SciPy, for the very same draws."""
    vae, x = helpers.lively_vae(2), helpers.bits(5, 6)
    exact = helpers.Exact(helpers.weights(vae))
    z = np.float64(vae.posterior(x).sample(8, seed=tf.constant([0, 11])))
    mu, sigma = exact.posterior_parameters(x)
    log_w = norm.logpdf(z).sum(-1) - norm.logpdf(z, mu, sigma).sum(-1)  # [8, 5]
    log_w += np.stack([exact.log_likelihood(x[i : i + 1], z[:, i])[0] for i in range(5)], 1)
    bound = sgvb(vae, x, 11, estimator="IW", num_samples=8)
    np.testing.assert_allclose(bound.elbo, logsumexp(log_w, axis=0) - np.log(8), rtol=2e-5)
    # Its two parts are the ordinary bound's, which the same draws put lower: Jensen.
    np.testing.assert_allclose(bound.reconstruction - bound.kl, log_w.mean(0), rtol=2e-5)
    assert np.all(bound.elbo > bound.reconstruction - bound.kl)


def test_one_sample_is_estimator_a(case):
    vae, x, _ = case
    for value, expected in zip(
        sgvb(vae, x, 3, estimator="IW"), sgvb(vae, x, 3, estimator="A"), strict=True
    ):
        np.testing.assert_allclose(value, expected, rtol=1e-6)


def test_two_samples_against_a_double_integral(case):
    """E[estimate] = L_2, well above the ELBO, within 4 standard errors."""
    vae, x, exact = case
    mean, error = bounds(vae, x, 2)
    expected = exact.bound_of_two(x)
    assert np.all(expected - exact.elbo(x) > 10 * error)  # the test can tell
    assert np.all(np.abs(mean - expected) < 4 * error)


def test_it_rises_to_the_evidence(case):
    """ELBO = L_1 < L_2 < L_8 < L_64 < log p(x), and the last step is small."""
    vae, x, exact = case
    means, errors = zip(*(bounds(vae, x, s, copies=4000) for s in (1, 2, 8, 64)), strict=True)
    evidence = exact.log_evidence(x)
    assert np.all(np.diff(means, axis=0) > 2 * np.array(errors[1:]))
    assert np.all(means[-1] < evidence + 4 * errors[-1])
    gaps = evidence - np.array(means)
    assert np.all(gaps[-1] < gaps[0] / 10)


def test_its_gradient_is_unbiased(case):
    """E[∇ estimate] = ∇ L_2 for each weight of φ and θ; the other side by central differences."""
    vae, x, _ = case
    copies = np.tile(x, (400, 1))

    @tf.function
    def gradient(seed):
        with tf.GradientTape() as tape:
            bound = sgvb(vae, copies, seed, estimator="IW", num_samples=2)
            value = tf.reduce_mean(bound.elbo)
        parts = tape.gradient(value, vae.trainable_variables)
        return tf.concat([tf.reshape(part, [-1]) for part in parts], 0)

    values = np.float64([gradient(tf.constant([0, seed])) for seed in range(SEEDS)])
    error = values.std(0, ddof=1) / np.sqrt(SEEDS)
    expected = differences(helpers.weights(vae), lambda w: ExactTwo(w).bound_of_two(x).mean())
    of_elbo = differences(helpers.weights(vae), lambda w: ExactTwo(w).elbo(x).mean())
    assert np.max(np.abs(expected - of_elbo) / error) > 20  # the test can tell
    # 30 seeds and 45 weights: Student's t reaches 4 once in some hundred tests, 5 hardly ever.
    assert np.all(np.abs(values.mean(0) - expected) < 5 * error + 1e-4)


def differences(parameters, function, step=1e-4):
    """∂ function / ∂ w for each weight of a list of arrays, central."""
    flat = np.concatenate([w.ravel() for w in parameters])
    cuts = np.cumsum([w.size for w in parameters])[:-1]

    def at(values):
        parts = zip(np.split(values, cuts), parameters, strict=True)
        return function([part.reshape(w.shape) for part, w in parts])

    return np.array([(at(flat + s) - at(flat - s)) / (2 * step) for s in step * np.eye(flat.size)])
