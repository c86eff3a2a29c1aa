"""NaN never passes silently: training stops with step, epoch and advice."""

import numpy as np
import pytest
import vae_helpers as helpers

from vicourse.vae import VAE, TrainingDiverged, checkpoint, evaluate_bound, settings, train
from vicourse.vae.training import make_epoch


def test_in_the_middle_of_an_epoch():
    """A step of 1e38 leaves weights that overflow: the second bound is not finite."""
    huge = helpers.tiny_settings(learning_rate=1e38)
    with pytest.raises(TrainingDiverged, match=r"at step 2 of 3 in epoch 1\..*smaller learning"):
        train(huge, helpers.tiny_data(), 3, progress=False)


def test_at_the_last_step_of_an_epoch(tmp_path):
    """One step an epoch: its own bound is still finite, the weights after it are not."""
    file = tmp_path / "checkpoint.npz"
    huge = helpers.tiny_settings(learning_rate=1e38, batch_size=60)
    with pytest.raises(TrainingDiverged, match=r"after the last step of epoch 1\..*1e\+38"):
        train(huge, helpers.tiny_data(), 3, checkpoint=file, progress=False)
    assert not file.exists()


@pytest.mark.parametrize("part", ["encoder", "decoder"])
def test_poisoned_weights(part):
    ours = helpers.tiny_settings()
    vae = ours.make_vae(16)
    stored = ours.stored_images(helpers.tiny_data().x_train, 0)
    run = make_epoch(vae, ours.make_optimizer(vae.trainable_variables), ours, stored)
    run(1, 1)
    bias = getattr(vae, part).trainable_variables[-1]
    bias.assign(np.full(bias.shape, np.nan))
    with pytest.raises(TrainingDiverged, match="at step 1 of 3 in epoch 5"):
        run(5, 5)
    with pytest.raises(FloatingPointError, match="NaN or infinite"):
        evaluate_bound(vae, helpers.bits(5, 16), 0)


def test_the_checkpoint_keeps_the_last_good_epoch(tmp_path, monkeypatch):
    """Weights turn NaN in epoch 3: the file holds epoch 2, and training can go on from it."""
    file, data, ours = tmp_path / "checkpoint.npz", helpers.tiny_data(), helpers.tiny_settings()
    save, make_vae, made = checkpoint.save, settings.Settings.make_vae, []

    def remember(self, *arguments):
        made.append(make_vae(self, *arguments))
        return made[-1]

    def save_then_spoil(path, variables, identity, history):
        save(path, variables, identity, history)
        if len(history) == 2:
            bias = made[-1].trainable_variables[-1]
            bias.assign(np.full(bias.shape, np.inf))

    with monkeypatch.context() as patched:
        patched.setattr(settings.Settings, "make_vae", remember)
        patched.setattr(checkpoint, "save", save_then_spoil)
        with pytest.raises(TrainingDiverged, match="in epoch 3"):
            train(ours, data, 4, checkpoint=file, progress=False)
    resumed = train(ours, data, 4, checkpoint=file, progress=False)
    undisturbed = train(ours, data, 4, progress=False)
    np.testing.assert_array_equal(resumed.column("test_elbo"), undisturbed.column("test_elbo"))


def test_nan_images_are_refused():
    x = helpers.bits(5, 16)
    x[2, 3] = np.nan
    with pytest.raises(ValueError, match="`x`: wanted finite numbers, got 1 NaN"):
        evaluate_bound(VAE(2, 16, 8), x, 0)
