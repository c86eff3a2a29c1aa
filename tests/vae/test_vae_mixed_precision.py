"""Networks that compute in bfloat16: what that changes, by how much, and what it leaves alone."""

import ml_dtypes
import numpy as np
import pytest
import tensorflow as tf
import vae_helpers as helpers

from vicourse.vae import VAE, CheckpointError, Settings, checkpoint, encoder, sgvb, train

SETTINGS = helpers.tiny_settings()
MIXED = helpers.tiny_settings(mixed_precision="bfloat16")


def pair():
    """Two VAEs of equal weights: float32, and mixed."""
    plain, mixed = (
        VAE(4, 64, 32, seed=3, init_std=0.3, mixed_precision=choice)
        for choice in (None, "bfloat16")
    )
    for ours, theirs in zip(mixed.trainable_variables, plain.trainable_variables, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    return plain, mixed


def rounded(values):
    """To bfloat16's 8 bits, and back."""
    return np.asarray(values).astype(ml_dtypes.bfloat16).astype(np.float32)


def test_the_layers_compute_in_bfloat16():
    """As NumPy has it: what enters a layer and its weights are rounded, and so is what leaves it.

    The sums themselves may be rounded on the way, hence two of the last places, 2⁻⁷ each.
    """
    network = encoder(64, 4, 32, init_std=0.3, mixed_precision="bfloat16")
    w1, b1, w2, b2 = (rounded(v) for v in network.trainable_variables)
    x = np.random.default_rng(0).uniform(size=(5, 64)).astype(np.float32)
    hidden = rounded(np.tanh(rounded(rounded(rounded(x) @ w1) + b1)))
    expected = rounded(rounded(hidden @ w2) + b2)
    size = np.abs(hidden) @ np.abs(w2) + np.abs(b2)
    found = network(x).numpy()
    assert np.all(np.abs(found - expected) < 2 * 2.0**-7 * size)
    np.testing.assert_array_equal(found, rounded(found))


def test_weights_and_distributions_stay_float32():
    _, mixed = pair()
    assert {v.dtype for v in mixed.trainable_variables} == {"float32"}
    assert mixed.posterior(helpers.bits(5, 64)).dtype == tf.float32
    assert mixed.likelihood(mixed.prior.sample(5, seed=(0, 1))).dtype == tf.float32


@pytest.mark.parametrize("estimator", ["A", "B", "IW"])
def test_a_step_is_nearly_the_same_step(estimator):
    """Equal weights, images and noise: bounds to 0.5 %, gradients to 3 % of their size."""
    x, found = tf.constant(helpers.bits(50, 64)), []
    for vae in pair():
        with tf.GradientTape() as tape:
            bound = sgvb(vae, x, 0, estimator=estimator, num_samples=3)
            loss = -tf.reduce_mean(bound.elbo)
        found.append((bound.elbo.numpy(), tape.gradient(loss, vae.trainable_variables)))
    (elbo, gradients), (mixed_elbo, mixed_gradients) = found
    assert 0 < np.abs(mixed_elbo / elbo - 1).max() < 0.005
    for ours, theirs in zip(mixed_gradients, gradients, strict=True):
        assert ours.dtype == tf.float32
        assert np.linalg.norm(ours - theirs) < 0.03 * np.linalg.norm(theirs)


def test_a_short_run_ends_alike():
    """Same start, images and noise: the bounds within a tenth of a nat of some eight."""
    data = helpers.tiny_data(600, 300)
    ours, theirs = (train(s, data, 5, progress=False).history[-1] for s in (MIXED, SETTINGS))
    assert 0 < abs(ours["test_elbo"] - theirs["test_elbo"]) < 0.1


def test_a_checkpoint_of_before_there_was_a_choice_goes_on(tmp_path):
    data, file = helpers.tiny_data(), tmp_path / "checkpoint.npz"
    before = train(SETTINGS, data, 1, checkpoint=file, progress=False)
    identity = {"settings": SETTINGS.as_dict(), "data": "stripes"}
    del identity["settings"]["mixed_precision"]
    checkpoint.save(file, before.vae.trainable_variables, identity, before.history)
    now = {"settings": SETTINGS.as_dict(), "data": "stripes"}
    assert checkpoint.restore(file, before.vae.trainable_variables, now) == before.history


def test_a_run_does_not_change_its_precision_on_the_way(tmp_path):
    data, file = helpers.tiny_data(), tmp_path / "checkpoint.npz"
    train(MIXED, data, 1, checkpoint=file, progress=False)
    with pytest.raises(CheckpointError, match="mixed_precision is 'bfloat16' there and None now"):
        train(SETTINGS, data, 2, checkpoint=file, progress=False)


@pytest.mark.parametrize("value", ["float16", "mixed_bfloat16", True, 16])
def test_other_precisions_are_refused(value):
    for refuses in (
        lambda: Settings(mixed_precision=value),
        lambda: encoder(4, 2, mixed_precision=value),
    ):
        with pytest.raises(ValueError, match="`mixed_precision`: wanted one of None, 'bfloat16'"):
            refuses()
