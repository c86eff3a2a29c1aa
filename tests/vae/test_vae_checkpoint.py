"""A checkpoint that cannot be used is refused, and neither it nor the model is touched."""

import dataclasses
import os
import pickle

import numpy as np
import pytest
import tensorflow as tf
import vae_helpers as helpers

from vicourse.vae import CheckpointError, checkpoint, train

IDENTITY = {"settings": {"hidden": 8, "seed": 0}, "data": "stripes"}
HISTORY = [{"epoch": 1, "test_elbo": -3.25}]


def variables(value=1.0):
    return [tf.Variable(tf.fill([3, 2], value)), tf.Variable(tf.fill([2], 2 * value))]


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "checkpoint.npz"
    checkpoint.save(path, variables(), IDENTITY, HISTORY)
    return path


def refused(path, identity=IDENTITY, ours=None):
    """The message of the error; the file and the variables are as they were."""
    content = path.read_bytes() if path.is_file() else None
    ours = ours or variables(7.0)
    before = [v.numpy() for v in ours]
    with pytest.raises(CheckpointError) as error:
        checkpoint.restore(path, ours, identity)
    assert (path.read_bytes() if path.is_file() else None) == content
    for variable, value in zip(ours, before, strict=True):
        np.testing.assert_array_equal(variable, value)
    message = str(error.value)
    assert str(path) in message
    assert "left as it is" in message or "was left" in message
    assert "move that one away" in message
    return message


def test_round_trip(file):
    ours = variables(7.0)
    assert checkpoint.restore(file, ours, IDENTITY) == HISTORY
    for variable, expected in zip(ours, variables(), strict=True):
        np.testing.assert_array_equal(variable, expected)


def test_no_file_is_a_fresh_start(tmp_path):
    ours = variables(7.0)
    assert checkpoint.restore(tmp_path / "none.npz", ours, IDENTITY) == []
    np.testing.assert_array_equal(ours[0], variables(7.0)[0])


@pytest.mark.parametrize("share", [0.0, 0.02, 0.3, 0.7, 0.99])
def test_truncated(file, share):
    content = file.read_bytes()
    file.write_bytes(content[: int(share * len(content))])
    assert "damaged" in refused(file)


def test_random_bytes(file):
    file.write_bytes(np.random.default_rng(0).bytes(5000))
    assert "damaged" in refused(file)


def test_any_flipped_byte_is_harmless(file):
    """200 files with one wrong byte each: refused, or (where the byte means nothing) read right."""
    content, rng = file.read_bytes(), np.random.default_rng(0)
    outcomes = set()
    for place in rng.choice(len(content), 200, replace=False):
        wrong = bytearray(content)
        wrong[place] ^= rng.integers(1, 256)
        file.write_bytes(wrong)
        ours = variables(7.0)
        try:
            assert checkpoint.restore(file, ours, IDENTITY) == HISTORY
            expected = variables()
            outcomes.add("read")
        except CheckpointError:
            expected = variables(7.0)
            outcomes.add("refused")
        for variable, value in zip(ours, expected, strict=True):
            np.testing.assert_array_equal(variable, value)
    assert "refused" in outcomes


def test_a_directory(tmp_path):
    refused(tmp_path)


def test_a_bare_array(file):
    with file.open("wb") as out:
        np.save(out, np.zeros(3))
    assert "not a checkpoint" in refused(file)


@pytest.mark.parametrize(
    "about", ["", "[1, 2]", "{}", '{"version": 1}', '{"version": 1, "identity": 5}', "3"]
)
def test_other_npz_files(file, about):
    np.savez(file, about=np.array(about), variable_000=np.zeros((3, 2)))
    refused(file)


def test_a_later_format(file, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(checkpoint, "VERSION", 99)
        checkpoint.save(file, variables(), IDENTITY, HISTORY)
    assert "its format is 99, not 1" in refused(file)


class Bomb:
    """A pickle that leaves a mark when it is loaded."""

    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return os.mkdir, (str(self.mark),)


@pytest.mark.parametrize("inside", ["npz", "bare"])
def test_pickles_are_never_loaded(file, tmp_path, inside):
    mark = tmp_path / "mark"
    if inside == "npz":
        np.savez(file, about=np.array([Bomb(mark)], dtype=object), variable_000=np.zeros(2))
    else:
        file.write_bytes(pickle.dumps(Bomb(mark)))
    assert "damaged or not a checkpoint" in refused(file)
    assert not mark.exists()


def test_other_settings_are_named(file):
    other = {"settings": {"hidden": 9, "seed": 0}, "data": "stripes"}
    message = refused(file, other)
    assert "hidden is 8 there and 9 now" in message
    assert "seed" not in message.replace(str(file), "")


def test_other_shapes(file):
    refused(file, ours=[tf.Variable(tf.zeros([3, 2])), tf.Variable(tf.zeros([5]))])
    refused(file, ours=[tf.Variable(tf.zeros([3, 2]))])


def test_train_refuses_other_data(tmp_path):
    """Another name, or the same name and other images: both are another run."""
    settings, data = helpers.tiny_settings(), helpers.tiny_data()
    file = tmp_path / "checkpoint.npz"
    train(settings, data, 1, checkpoint=file, progress=False)
    content = file.read_bytes()
    fewer = dataclasses.replace(data, x_train=data.x_train[:40], y_train=data.y_train[:40])
    for other in (helpers.tiny_data(name="spots"), helpers.tiny_data(seed=1), fewer):
        with pytest.raises(CheckpointError, match=r"data is 'stripes.*there and"):
            train(settings, other, 2, checkpoint=file, progress=False)
    with pytest.raises(CheckpointError, match=r"learning_rate is 0\.05 there and 0.06 now"):
        train(helpers.tiny_settings(learning_rate=0.06), data, 2, checkpoint=file, progress=False)
    assert file.read_bytes() == content


@pytest.mark.parametrize("failure", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_a_write_that_fails_half_way(file, monkeypatch, failure):
    """The old checkpoint stays and no partial file is left."""
    content, savez = file.read_bytes(), np.savez

    def fails(out, **arrays):
        savez(out, **arrays)
        raise failure

    monkeypatch.setattr(np, "savez", fails)
    with pytest.raises(type(failure)):
        checkpoint.save(file, variables(5.0), IDENTITY, [*HISTORY, {"epoch": 2}])
    assert file.read_bytes() == content
    assert [path.name for path in file.parent.iterdir()] == [file.name]


def test_the_file_is_as_readable_as_any_other(file, tmp_path):
    (tmp_path / "plain").write_bytes(b"")
    assert file.stat().st_mode == (tmp_path / "plain").stat().st_mode
