"""The gradient of the bound: Kingma & Welling (2014), section 2.3, against finite differences."""

import numpy as np
import pytest
import tensorflow as tf
import vae_helpers as helpers

from vicourse.vae import sgvb
from vicourse.vae.training import make_epoch

SEEDS = 40
COPIES = 250


@pytest.fixture(scope="module")
def case():
    vae = helpers.lively_vae(1, num_pixels=4, hidden=3)
    x = helpers.bits(3, 4, seed=2)
    return vae, x, finite_differences(helpers.weights(vae), x)


def finite_differences(parameters, x, step=1e-4):
    """∂/∂w of the mean over images of the ELBO by quadrature, for each weight, central."""
    flat = np.concatenate([w.ravel() for w in parameters])
    cuts = np.cumsum([w.size for w in parameters])[:-1]

    def bound(values):
        parts = zip(np.split(values, cuts), parameters, strict=True)
        return helpers.Exact([part.reshape(w.shape) for part, w in parts], points=901).elbo(x)

    steps = step * np.eye(flat.size)
    return np.array([np.mean(bound(flat + s) - bound(flat - s)) / (2 * step) for s in steps])


@pytest.mark.parametrize("estimator", ["A", "B"])
def test_gradient_is_unbiased(case, estimator):
    """E[∇ SGVB] = ∇ ELBO for each weight of φ and θ, within 4 standard errors."""
    vae, x, expected = case
    copies = np.tile(x, (COPIES, 1))

    @tf.function
    def gradient(seed):
        with tf.GradientTape() as tape:
            value = tf.reduce_mean(sgvb(vae, copies, seed, estimator=estimator).elbo)
        parts = tape.gradient(value, vae.trainable_variables)
        return tf.concat([tf.reshape(part, [-1]) for part in parts], 0)

    values = np.float64([gradient(tf.constant([0, seed])) for seed in range(SEEDS)])
    error = values.std(0, ddof=1) / np.sqrt(SEEDS)
    assert np.median(np.abs(expected)) > 10 * np.median(error)  # the test can tell
    # 1e-4: differences of float32 sums, and of the quadrature.
    assert np.all(np.abs(values.mean(0) - expected) < 4 * error + 1e-4)


class Recorder:
    """In an optimizer's place: adds the gradients up and leaves the weights where they are."""

    def __init__(self, variables):
        self.sums = [tf.Variable(tf.zeros_like(variable)) for variable in variables]

    def apply(self, gradients, variables):
        for total, gradient in zip(self.sums, gradients, strict=True):
            total.assign_add(gradient)


def test_an_epoch_takes_the_gradient_of_the_mean_bound(case):
    """Each step descends −1/M Σ ELBO: the mean over the batch, the KL with the weight 1.

    Adagrad's steps do not tell a sum from a mean, so the gradients themselves are looked at.
    """
    vae, x, expected = case
    images = np.uint8(255 * np.tile(x, (500, 1))).reshape(-1, 2, 2)
    settings = helpers.tiny_settings(batch_size=500, binarization="threshold")
    recorder = Recorder(vae.trainable_variables)
    run = make_epoch(vae, recorder, settings, settings.stored_images(images, 0))
    values = []
    for seed in range(SEEDS):
        run(seed, 1)
        values.append(-np.concatenate([np.ravel(total) for total in recorder.sums]) / 3)
    values = np.diff(
        values, axis=0, prepend=np.zeros((1, len(values[0])))
    )  # 1500 images: three batches each
    error = values.std(0, ddof=1) / np.sqrt(SEEDS)
    assert np.median(np.abs(expected)) > 10 * np.median(error)  # the test can tell
    assert np.all(np.abs(values.mean(0) - expected) < 4 * error + 1e-4)
