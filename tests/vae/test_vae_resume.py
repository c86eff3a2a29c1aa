"""A run that was stopped and continued is the run that was never stopped, bit for bit."""

import pytest
import vae_helpers as helpers
from numpy.testing import assert_array_equal

from vicourse.vae import checkpoint as checkpoints
from vicourse.vae import train

KINDS = [
    {"binarization": "fixed", "optimizer": "adagrad"},
    {"binarization": "dynamic", "optimizer": "adam", "learning_rate": 0.01},
    pytest.param({"algorithm": "wake_sleep", "prior_std": 1.0}, marks=pytest.mark.slow),
    pytest.param(
        {"likelihood": "gaussian", "binarization": "none", "init_std": None, "stages": (1, 3, 9)},
        marks=pytest.mark.slow,
    ),
]
NAMES = ["fixed, adagrad", "dynamic, adam", "wake-sleep, prior", "grey, stages"]


def numbers(result):
    history = [{k: v for k, v in row.items() if k != "seconds"} for row in result.history]
    return history, helpers.weights(result.vae)


@pytest.mark.parametrize("changes", KINDS, ids=NAMES)
def test_three_epochs_then_six(tmp_path, changes):
    """Weights, the optimizer's memory, its step count, bits, order and z: all go on."""
    settings, data = helpers.tiny_settings(**changes), helpers.tiny_data()
    history, weights = numbers(train(settings, data, 6, progress=False))
    file = tmp_path / "run" / "checkpoint.npz"
    half = train(settings, data, 3, checkpoint=file, progress=False)
    assert len(half.history) == 3
    resumed = train(settings, data, 6, checkpoint=file, progress=False)
    resumed_history, resumed_weights = numbers(resumed)
    assert resumed_history == history
    for w, expected in zip(resumed_weights, weights, strict=True):
        assert_array_equal(w, expected)
    assert resumed.history[:3] == half.history  # seconds included
    assert resumed.history[3]["seconds"] > half.history[2]["seconds"]


def test_a_finished_run_is_only_read(tmp_path):
    settings, data = helpers.tiny_settings(), helpers.tiny_data()
    file = tmp_path / "checkpoint.npz"
    first = train(settings, data, 2, checkpoint=file, progress=False)
    content, changed = file.read_bytes(), file.stat().st_mtime_ns
    again = train(settings, data, 2, checkpoint=file, progress=False)
    assert again.history == first.history
    for w, expected in zip(helpers.weights(again.vae), helpers.weights(first.vae), strict=True):
        assert_array_equal(w, expected)
    assert (file.read_bytes(), file.stat().st_mtime_ns) == (content, changed)


def test_interrupted_between_epochs(tmp_path, monkeypatch):
    """Ctrl-C while the third checkpoint is written: two epochs are kept, the end is the same."""
    settings, data = helpers.tiny_settings(), helpers.tiny_data()
    file = tmp_path / "checkpoint.npz"
    save = checkpoints.save

    def stop(path, variables, identity, history):
        if len(history) == 3:
            raise KeyboardInterrupt
        save(path, variables, identity, history)

    with monkeypatch.context() as patched:
        patched.setattr(checkpoints, "save", stop)
        with pytest.raises(KeyboardInterrupt):
            train(settings, data, 4, checkpoint=file, progress=False)
    resumed = train(settings, data, 4, checkpoint=file, progress=False)
    assert numbers(resumed)[0] == numbers(train(settings, data, 4, progress=False))[0]


def test_few_checkpoints(tmp_path, monkeypatch):
    """Every third of 8 epochs, and the last; stopped in between, it goes on from the third."""
    settings, data = helpers.tiny_settings(), helpers.tiny_data()
    file, written, save = tmp_path / "checkpoint.npz", [], checkpoints.save

    def stop_once(path, variables, identity, history):
        written.append(len(history))
        if written == [3, 6]:
            raise KeyboardInterrupt
        save(path, variables, identity, history)

    monkeypatch.setattr(checkpoints, "save", stop_once)
    with pytest.raises(KeyboardInterrupt):
        train(settings, data, 8, checkpoint=file, save_every=3, progress=False)
    resumed = train(settings, data, 8, checkpoint=file, save_every=3, progress=False)
    assert written == [3, 6, 6, 8]
    assert [row["epoch"] for row in resumed.history] == list(range(1, 9))
    with pytest.raises(ValueError, match="`save_every`"):
        train(settings, data, 8, save_every=0)
