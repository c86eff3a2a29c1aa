"""The likelihoods of bits and of grey pixels, against SciPy's densities and integrals over z."""

import numpy as np
import pytest
import tensorflow as tf
import vae_helpers as helpers
from scipy.special import expit, log_expit
from scipy.stats import norm

from vicourse.data import ImageData
from vicourse.vae import VAE, Settings, evaluate_bound, sgvb, train
from vicourse.vae.likelihoods import bernoulli

COPIES = 20_000
GREY = {"likelihood": "gaussian", "binarization": "none"}


class GaussianExact(helpers.Exact):
    """As `Exact`, with p(x|z) = N(m, s²) for each pixel: m = sigmoid of the decoder's first half,
    log s² = its second half (Kingma & Welling 2014, appendix C)."""

    def log_likelihood(self, x, z):
        w3, b3, w4, b4 = self.parameters[4:]
        first, second = np.split(np.tanh(z @ w3 + b3) @ w4 + b4, 2, axis=1)  # [grid, pixels]
        return norm.logpdf(x[:, None, :], expit(first), np.sqrt(np.exp(second))).sum(-1)


def grey_vae(num_latents, num_pixels=4, init_std=0.7):
    return VAE(num_latents, num_pixels, 4, likelihood="gaussian", seed=3, init_std=init_std)


def grey_images(n, num_pixels=4):
    return np.random.default_rng(1).uniform(0, 1, (n, num_pixels)).astype(np.float32)


def test_density_of_bits_is_scipys_and_its_slope_is_bit_minus_probability():
    """log p(x) = Σ_i log sigmoid(±a_i), and d/da_i = x_i − sigmoid(a_i); also far out."""
    logits = np.array([[-60.0, -3.0, -1e-3, 0.4, 5.0, 60.0]] * 2, np.float32)
    x = np.array([[0, 1, 0, 1, 0, 1], [1, 0, 1, 0, 1, 0]], np.float32)
    a = tf.constant(logits)
    with tf.GradientTape() as tape:
        tape.watch(a)
        density = bernoulli(a).log_prob(x)
    exact = np.where(x == 1, log_expit(np.float64(logits)), log_expit(-np.float64(logits)))
    np.testing.assert_allclose(density, exact.sum(1), rtol=1e-6)
    slope = tape.gradient(density, a)
    np.testing.assert_allclose(slope, x - expit(np.float64(logits)), atol=1e-6)


def test_density_is_scipys_summed_over_pixels():
    """log p(x|z) = Σ_i log N(x_i; sigmoid(a_i), exp(b_i)), for any leading shape of z."""
    vae, x = grey_vae(2), grey_images(5)
    z = np.random.default_rng(0).normal(size=(3, 5, 2)).astype(np.float32)
    likelihood = vae.likelihood(z)
    assert likelihood.event_shape == [4]
    exact = GaussianExact(helpers.weights(vae))
    every = exact.log_likelihood(x, z.reshape(-1, 2)).reshape(5, 3, 5)
    expected = np.einsum("nsn->sn", every)
    np.testing.assert_allclose(likelihood.log_prob(x), expected, rtol=1e-4)
    mean = likelihood.mean().numpy()
    assert np.all((mean > 0) & (mean < 1))


@pytest.mark.parametrize("estimator", ["A", "B"])
def test_bound_of_grey_images_is_unbiased(estimator):
    """E[estimate] = ∫ q(z|x) [log p(x, z) − log q(z|x)] dz, within 4 standard errors; and below
    log p(x) by KL(q(z|x) ‖ p(z|x)), all by quadrature."""
    vae, x = grey_vae(1), grey_images(3)
    exact = GaussianExact(helpers.weights(vae))
    bound = exact.elbo(x)
    np.testing.assert_allclose(bound + exact.kl_to_posterior(x), exact.log_evidence(x), rtol=1e-6)
    copies = np.repeat(x, COPIES, axis=0)
    values = np.float64(sgvb(vae, copies, 7, estimator=estimator).elbo).reshape(3, -1)
    error = values.std(1, ddof=1) / np.sqrt(COPIES)
    assert np.all(error < 0.05)
    assert np.all(np.abs(values.mean(1) - bound) < 4 * error)


def test_scaled_pixels_shift_the_bound():
    """y = c x has log p(y) = log p(x) − D log c: with c = 256/255 and 560 pixels, 2.19 nats."""
    x, mean, sd, c = 0.3, 0.4, 0.1, 256 / 255
    shift = 560 * (norm.logpdf(x, mean, sd) - norm.logpdf(c * x, c * mean, c * sd))
    assert shift == pytest.approx(2.19, abs=0.005)


def test_grey_values_are_divided_by_256():
    images = np.array([[[0, 128], [255, 1]]], np.uint8)
    settings = Settings(**GREY)
    seen = settings.bits(settings.stored_images(images, 0), None).numpy()
    np.testing.assert_array_equal(seen, [[0, 0.5, 255 / 256, 1 / 256]])
    assert seen.dtype == np.float32


@pytest.mark.parametrize(
    "changes",
    [
        {"likelihood": "gaussian"},
        {"binarization": "none"},
        {"likelihood": "gaussian", "binarization": "dynamic"},
    ],
)
def test_bits_and_grey_values_are_not_mixed(changes):
    with pytest.raises(ValueError, match=r"`likelihood`: wanted.*is no density"):
        Settings(**changes)


@pytest.mark.parametrize("value", ["normal", None, 1])
def test_other_likelihoods_are_refused(value):
    with pytest.raises(ValueError, match="`likelihood`: wanted one of"):
        Settings(likelihood=value)
    with pytest.raises(ValueError, match="`likelihood`: wanted one of"):
        VAE(2, 16, 8, likelihood=value)


def test_grey_images_are_evaluated_by_a_gaussian_alone():
    x = grey_images(6)
    assert np.isfinite(evaluate_bound(grey_vae(2), x, 0).elbo.value)
    with pytest.raises(ValueError, match="wanted binary images"):
        evaluate_bound(helpers.lively_vae(2, num_pixels=4), x, 0)


def test_training_finds_mean_and_variance_of_noise():
    """Pixels ~ N(m_i, 0.1²) without structure: the best q is the prior, and the bound E log N.

    The optimum on the training images is Σ_i −½ log(2πe v_i), with their variances v_i.
    """
    rng = np.random.default_rng(0)
    noise = 256 * rng.normal([[0.3, 0.6], [0.5, 0.4]], 0.1, (400, 2, 2))
    x, y = np.clip(noise, 0, 255).astype(np.uint8), np.zeros(400, np.uint8)
    data = ImageData(x, y, x[:50], y[:50], name="noise", source="tests")
    settings = Settings(
        **GREY, num_latents=1, hidden=4, batch_size=50, optimizer="adam", learning_rate=0.02
    )
    trained = train(settings, data, 120, progress=False)
    variances = (x.reshape(-1, 4) / 256).var(axis=0)
    best = np.sum(-0.5 * np.log(2 * np.pi * np.e * variances))
    assert trained.history[0]["train_elbo"] < 0 < best
    assert trained.column("train_elbo")[-20:].mean() == pytest.approx(best, abs=0.1)
    z = tf.zeros([1, 1])
    np.testing.assert_allclose(trained.vae.likelihood(z).variance()[0], variances, rtol=0.2)
