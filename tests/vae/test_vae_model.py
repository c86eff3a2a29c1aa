"""p(z), p(x|z) and q(z|x): Kingma & Welling (2014), section 3 and appendix C."""

import numpy as np
import pytest
import tensorflow as tf
import vae_helpers as helpers
from scipy.stats import norm

from vicourse.vae import VAE


def test_encoder_puts_out_log_variance():
    """An output of (μ, s) means q = N(μ, exp(s)): SD exp(s/2), neither exp(s) nor s."""
    vae = VAE(2, 16, 8)
    helpers.set_posterior(vae, [0.3, -2.0], [-1.0, 1.4])
    q = vae.posterior(helpers.bits(3, 16))
    np.testing.assert_allclose(q.mean(), np.tile([0.3, -2.0], (3, 1)), rtol=1e-6)
    np.testing.assert_allclose(q.stddev(), np.tile([0.60653066, 2.01375271], (3, 1)), rtol=1e-5)
    draws = q.sample(20_000, seed=[0, 1]).numpy().reshape(-1, 2)
    # SD of an SD estimate: σ/√(2n); 4 of them.
    np.testing.assert_allclose(draws.std(0), [0.60653066, 2.01375271], rtol=4 / np.sqrt(120_000))


def test_posterior_density():
    """log q(z|x) summed over latents, against SciPy."""
    vae = helpers.lively_vae(2)
    x = helpers.bits(4, 6)
    mu, sigma = helpers.Exact(helpers.weights(vae)).posterior_parameters(x)
    z = np.random.default_rng(1).normal(size=(4, 2)).astype(np.float32)
    expected = norm.logpdf(z, mu, sigma).sum(-1)
    np.testing.assert_allclose(vae.posterior(x).log_prob(z), expected, rtol=1e-4)


def test_likelihood_sums_over_pixels():
    """log p(x|z) = Σ_pixels x log p + (1 − x) log(1 − p), in NumPy; not a mean, not of logits."""
    vae = helpers.lively_vae(2)
    x = helpers.bits(4, 6)
    z = np.random.default_rng(1).normal(size=(4, 2)).astype(np.float32)
    exact = helpers.Exact(helpers.weights(vae))
    expected = np.diag(exact.log_likelihood(x, z))
    np.testing.assert_allclose(vae.likelihood(z).log_prob(x), expected, rtol=1e-5)


def test_likelihood_is_normalised():
    """Σ over all 2⁶ images of p(x|z) = 1: the pixels are bits."""
    vae = helpers.lively_vae(2)
    every_x = ((np.arange(64)[:, None] >> np.arange(6)) & 1).astype(np.float32)
    log_p = vae.likelihood(np.array([1.5, -0.7], np.float32)).log_prob(every_x)
    np.testing.assert_allclose(np.exp(log_p).sum(), 1, rtol=1e-5)


def test_log_joint():
    """log p(x, z) = log p(z) + log p(x|z) with p(z) = N(0, I), for several z per image."""
    vae = helpers.lively_vae(2)
    x = helpers.bits(4, 6)
    z = np.random.default_rng(1).normal(size=(3, 4, 2)).astype(np.float32)
    exact = helpers.Exact(helpers.weights(vae))
    log_likelihood = np.stack([np.diag(exact.log_likelihood(x, zs)) for zs in z])
    expected = log_likelihood + norm.logpdf(z).sum(-1)
    np.testing.assert_allclose(vae.log_joint(x, z), expected, rtol=1e-5)


def test_likelihood_keeps_leading_axes():
    likelihood = VAE(2, 16, 8).likelihood(tf.zeros([3, 5, 2]))
    assert likelihood.batch_shape == (3, 5)
    assert likelihood.event_shape == (16,)


def test_likelihood_of_a_width_that_is_unknown_while_tracing():
    """A graph that learns z's shape only when it runs gives what eager TensorFlow does."""
    vae, z = VAE(2, 16, 8, init_std=0.5), np.ones((3, 2), np.float32)
    mean = tf.function(lambda z: vae.likelihood(z).mean())
    traced = mean.get_concrete_function(tf.TensorSpec([None, None]))
    np.testing.assert_allclose(traced(tf.constant(z)), vae.likelihood(z).mean(), rtol=1e-6)


def test_variables_are_phi_then_theta():
    shapes = [tuple(v.shape) for v in VAE(2, 16, 8).trainable_variables]
    assert shapes == [(16, 8), (8,), (8, 4), (4,), (2, 8), (8,), (8, 16), (16,)]


@pytest.mark.parametrize(
    "x",
    [
        np.zeros((5, 15), np.float32),
        np.zeros((5, 16), np.float64),
        np.zeros((5, 16), np.uint8),
        np.zeros(16, np.float32),
        np.zeros((5, 4, 4), np.float32),
        np.float32(3),
    ],
    ids=["width", "float64", "uint8", "one image", "not flat", "scalar"],
)
def test_posterior_rejects(x):
    with pytest.raises(ValueError, match=r"`x`: wanted a float32 array of shape \[batch, 16\]"):
        VAE(2, 16, 8).posterior(x)


@pytest.mark.parametrize(
    "z",
    [np.zeros((5, 3), np.float32), np.zeros((5, 2), np.float64), np.float32(0)],
    ids=["width", "float64", "scalar"],
)
def test_likelihood_rejects(z):
    with pytest.raises(ValueError, match=r"`z`: wanted a float32 array of shape \[\.\.\., 2\]"):
        VAE(2, 16, 8).likelihood(z)
