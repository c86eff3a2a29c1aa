"""`prior_std`: the maximum a posteriori penalty of section 5, its gradient and its pull."""

import numpy as np
import pytest
import tensorflow as tf
import vae_helpers as helpers
from scipy.stats import norm

from vicourse.vae import Settings, train
from vicourse.vae.training import make_epoch


class Recorder:
    """In an optimizer's place: keeps the gradients and leaves the weights where they are."""

    def __init__(self, variables):
        self.gradients = [tf.Variable(tf.zeros_like(variable)) for variable in variables]

    def apply(self, gradients, variables):
        for kept, gradient in zip(self.gradients, gradients, strict=True):
            kept.assign(gradient)


def one_step(images, **changes):
    """The gradient of one step's loss, φ then θ, from the same bits and the same z."""
    settings = helpers.tiny_settings(init_std=0.7, batch_size=30, **changes)
    vae = settings.make_vae(16)
    recorder = Recorder(vae.trainable_variables)
    make_epoch(vae, recorder, settings, settings.stored_images(images, 0))([0, 1], 1)
    return helpers.weights(vae), [np.float64(g) for g in recorder.gradients]


@pytest.mark.parametrize("algorithm", ["aevb", pytest.param("wake_sleep", marks=pytest.mark.slow)])
def test_each_step_has_its_share_of_the_log_prior(algorithm):
    """The bound of all N images and log p(w) = Σ log N(w; 0, s²), per image: −∇ is w/(s² N).

    N counts the training images, 59, and not the 30 of a step; biases are weights too.
    """
    images = helpers.tiny_data(num_train=59).x_train
    weights, free = one_step(images, algorithm=algorithm)
    _, bound = one_step(images, algorithm=algorithm, prior_std=0.5)
    step = 1e-5
    for w, before, after in zip(weights, free, bound, strict=True):
        slope = (norm.logpdf(w + step, 0, 0.5) - norm.logpdf(w - step, 0, 0.5)) / (2 * step)
        np.testing.assert_allclose(after - before, -slope / 59, atol=2e-6)
        assert np.any(np.abs(slope) > 1)


@pytest.mark.slow
def test_a_strong_prior_shrinks_the_weights_and_is_no_part_of_the_bound():
    """The first batch's bound is the same number with and without it; then the weights shrink."""
    data, norms, first = helpers.tiny_data(num_train=20), [], []  # one batch an epoch
    for prior_std in (None, 0.05):
        settings = helpers.tiny_settings(
            prior_std=prior_std, init_std=0.3, optimizer="adam", learning_rate=0.02
        )
        trained = train(settings, data, 100, progress=False)
        first.append(trained.history[0]["train_elbo"])
        norms.append(np.sqrt(sum(np.sum(w**2) for w in helpers.weights(trained.vae))))
    assert first[1] == pytest.approx(first[0], rel=1e-6)
    assert norms[1] < 0.5 * norms[0]


@pytest.mark.parametrize("value", [0, -1.0, float("nan"), "1"])
def test_bad_priors_are_refused(value):
    with pytest.raises((ValueError, TypeError), match="`prior_std`: wanted"):
        Settings(prior_std=value)
