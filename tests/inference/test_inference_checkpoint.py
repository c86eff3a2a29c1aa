"""A checkpoint that cannot be used is refused: the message says why, and the file stays."""

import functools
import os
import pickle
import shutil

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp

from vicourse.files import CheckpointError, write_checkpoint
from vicourse.inference import checkpoint as checkpoints
from vicourse.inference import vi
from vicourse.models import NormalNormal, correlated_gaussian

tfd = tfp.distributions

MODEL = NormalNormal()
SHORT = {"seed": 0, "num_starts": 1, "jit_compile": False, "num_samples": 5}
pytestmark = pytest.mark.filterwarnings("ignore:vi. max_steps")


@pytest.fixture(scope="module")
def one_block(tmp_path_factory):
    """A checkpoint after 200 steps; not to be written to."""
    path = tmp_path_factory.mktemp("one_block") / "fit.npz"
    vi(MODEL, **SHORT, max_steps=200, checkpoint=path)
    return path


@pytest.fixture
def file(one_block, tmp_path):
    """A copy to spoil."""
    return shutil.copy(one_block, tmp_path / "fit.npz")


def refused(file, model=MODEL, **changes):
    """The message; the file is as it was."""
    content = file.read_bytes() if file.is_file() else None
    with pytest.raises(ValueError, match="cannot continue") as error:
        vi(model, **{**SHORT, "checkpoint": file, **changes})
    assert isinstance(error.value, CheckpointError)
    assert (file.read_bytes() if file.is_file() else None) == content
    message = str(error.value)
    assert str(file) in message
    assert "It was left as it is. Use another file" in message
    return message.replace(str(file), "")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"seed": 1}, "seed is [0, 0] there and [0, 1] now"),
        ({"learning_rate": 0.2}, "learning_rate is 0.1 there and 0.2 now"),
        ({"num_samples": 6}, "num_samples is 5 there and 6 now"),
        ({"tolerance": 0.02}, "tolerance is 0.01 there"),
        ({"num_starts": 2}, "num_starts is 1 there"),
        ({"jit_compile": True}, "jit_compile is False there"),
        ({"family": "mean_field"}, "family is 'full_rank' there and 'mean_field' now"),
        ({"gradient": "reparameterization"}, "gradient is 'sticking_the_landing' there"),
        (
            {"gradient": "dreg", "gradient_options": {"num_importance_samples": 2}},
            "gradient_options is {} there and {'num_importance_samples': 2} now",
        ),
        ({"model": NormalNormal(dtype=tf.float32)}, "dtype is 'float64' there and 'float32' now"),
        ({"model": correlated_gaussian(0.5)}, "event_shape is {'z': []} there and {'z': [2]} now"),
        ({"model": NormalNormal(data=[5.001])}, "`model`: its log density at 5 points"),
    ],
)
def test_another_run_is_named(file, changes, words):
    message = refused(file, **changes)
    assert words in message


def test_another_family_of_the_same_name(tmp_path):
    """What a family function does is seen in the objective at the start."""

    def starting_at(start):
        def own(model, initial_loc, initial_scale):
            del model, initial_loc, initial_scale
            return tfd.Normal(tf.Variable(tf.constant(start, tf.float64)), np.float64(1))

        return own

    path = tmp_path / "fit.npz"
    vi(MODEL, starting_at(3.0), **SHORT, max_steps=200, checkpoint=path)
    assert "`family` or `gradient_options`" in refused(path, family=starting_at(3.5))


def test_settings_are_the_same_words_in_every_process():
    """No addresses of objects, no NumPy types that JSON does not know."""
    value = {"hidden": (np.int64(8), 8.5), "make": functools.partial(refused, rank=2), "x": MODEL}
    expected = {"hidden": [8, 8.5], "make": ["refused", [], {"rank": 2}], "x": "NormalNormal"}
    assert checkpoints.in_words(value) == expected


@pytest.mark.parametrize("share", [0.0, 0.02, 0.3, 0.7, 0.99])
def test_truncated(file, share):
    content = file.read_bytes()
    file.write_bytes(content[: int(share * len(content))])
    assert "it is damaged or not a checkpoint" in refused(file)


def test_flipped_bytes(file, one_block):
    """40 files with one wrong byte each: refused, or (where the byte means nothing) read right."""
    content, rng = file.read_bytes(), np.random.default_rng(0)
    settings = {**SHORT, "family": "full_rank", "seed": [0, 0], "gradient_options": {}}
    settings |= {"gradient": "sticking_the_landing", "learning_rate": 0.1, "tolerance": 0.01}
    right, refusals = checkpoints.read(one_block, MODEL, settings), 0
    for place in rng.choice(len(content), 40, replace=False):
        wrong = bytearray(content)
        wrong[place] ^= rng.integers(1, 256)
        file.write_bytes(wrong)
        try:
            read = checkpoints.read(file, MODEL, settings)
        except CheckpointError:
            refusals += 1
        else:
            for mine, theirs in zip(read[1:], right[1:], strict=True):
                tf.nest.map_structure(np.testing.assert_array_equal, mine, theirs)
    assert refusals > 20


class Bomb:
    """A pickle that leaves a mark when it is loaded."""

    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return os.mkdir, (str(self.mark),)


def test_foreign_files(file, tmp_path):
    file.write_bytes(np.random.default_rng(0).bytes(5000))
    assert "damaged or not a checkpoint" in refused(file)
    np.savez(file, draws=np.zeros(3))
    assert "damaged or not a checkpoint" in refused(file)
    write_checkpoint(file, 1, {"identity": {}, "history": []}, {"variable_000": np.zeros(3)})
    assert "damaged or not a checkpoint" in refused(file)
    write_checkpoint(file, 99, {}, {})
    assert "its format is 99, not 1" in refused(file)
    file.write_bytes(pickle.dumps(Bomb(tmp_path / "mark")))
    assert "damaged or not a checkpoint" in refused(file)
    assert not (tmp_path / "mark").exists()
    file.unlink()
    file.mkdir()
    refused(file)


def test_what_is_no_path_is_named():
    with pytest.raises(TypeError, match="`checkpoint`: wanted a path or None, got 3"):
        vi(MODEL, **SHORT, checkpoint=3)
