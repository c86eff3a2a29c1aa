"""A GPU gives the CPU's numbers: a batch's bound and gradients, and short runs of training.

Skipped where TensorFlow sees no GPU. With one: `pytest tests/vae/test_vae_gpu.py`.
"""

import numpy as np
import pytest
import tensorflow as tf
import vae_helpers as helpers

from vicourse.vae import sgvb, train
from vicourse.vae.model import VAE

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not tf.config.list_physical_devices("GPU"), reason="no GPU here"),
]


class GivenNoise:
    """A VAE whose z are made of noise that is given, so that no device draws its own."""

    def __init__(self, vae, noise):
        self.vae, self.noise = vae, noise
        self.prior, self.likelihood = vae.prior, vae.likelihood

    def posterior(self, x):
        q, noise = self.vae.posterior(x), self.noise

        class Posterior:
            log_prob, kl_divergence = q.log_prob, q.kl_divergence

            def sample(self, num_samples, seed):
                return q.distribution.loc + q.distribution.scale * noise

        return Posterior()


@pytest.fixture(autouse=True)
def full_float32():
    """Without TensorFloat-32, whose products have 10 bits; put back as it was."""
    before = tf.config.experimental.tensor_float_32_execution_enabled()
    tf.config.experimental.enable_tensor_float_32_execution(False)
    yield
    tf.config.experimental.enable_tensor_float_32_execution(before)


def bound_and_gradients(device, estimator):
    rng = np.random.default_rng(0)
    with tf.device(device):
        vae = VAE(20, 784, 500, seed=1, init_std=0.05)
        x = tf.constant(rng.integers(0, 2, (100, 784)), tf.float32)
        noise = tf.constant(rng.normal(size=(5, 100, 20)), tf.float32)
        with tf.GradientTape() as tape:
            bound = sgvb(GivenNoise(vae, noise), x, 0, estimator=estimator, num_samples=5)
            loss = tf.reduce_mean(bound.elbo)
        gradients = tape.gradient(loss, vae.trainable_variables)
    return bound.elbo.numpy(), [g.numpy() for g in gradients]


@pytest.mark.parametrize("estimator", ["A", "B", "IW"])
def test_a_step_is_the_same_step(estimator):
    """Equal weights, images and noise: bounds to 1e-5, gradients to 1e-4 of their size."""
    elbo, gradients = bound_and_gradients("/gpu:0", estimator)
    expected, expected_gradients = bound_and_gradients("/cpu:0", estimator)
    np.testing.assert_allclose(elbo, expected, rtol=1e-5)
    for ours, theirs in zip(gradients, expected_gradients, strict=True):
        assert np.linalg.norm(ours - theirs) < 1e-4 * np.linalg.norm(theirs)


@pytest.mark.parametrize("mixed_precision", [None, "bfloat16"])
def test_a_short_run_ends_alike(mixed_precision):
    """Five epochs on each: the test bounds within four standard errors, whatever noise is drawn.

    Also where the GPU has the fewer bits.
    """
    runs = []
    for device, precision in (("/gpu:0", mixed_precision), ("/cpu:0", None)):
        settings = helpers.tiny_settings(mixed_precision=precision)
        with tf.device(device):
            runs.append(train(settings, helpers.tiny_data(600, 300), 5, progress=False))
    ours, theirs = (run.history[-1] for run in runs)
    error = np.hypot(ours["test_elbo_se"], theirs["test_elbo_se"])
    assert abs(ours["test_elbo"] - theirs["test_elbo"]) < 4 * error
