"""A fit that was stopped and goes on is the fit that was never stopped, bit for bit."""

import functools
import random
import subprocess
import sys
import time

import numpy as np
import pytest
import tensorflow as tf

from vicourse.families import low_rank
from vicourse.inference import ascent as ascents
from vicourse.inference import vi
from vicourse.models import GammaPoisson, NormalNormal, correlated_gaussian

MODEL = NormalNormal()
SHORT = {"seed": 0, "num_starts": 1, "jit_compile": False, "num_samples": 5}
OUT_OF_STEPS = pytest.mark.filterwarnings("ignore:vi. max_steps")


def numbers(fit):
    """All that a fit is, but the seconds: to the last bit."""
    variables = [variable.numpy().tobytes() for variable in fit.posterior.trainable_variables]
    elbo = (fit.elbo.value, fit.elbo.standard_error)
    return fit.objective.tobytes(), variables, elbo, fit.converged, fit.stop_reason


@pytest.fixture(scope="module")
def undisturbed():
    return vi(MODEL, **SHORT)


def stop_at(monkeypatch, num_steps):
    """Ctrl-C before the window that begins at `num_steps`, also amid a block."""
    fold_in = ascents.fold_in

    def interrupted(seed, number):
        if isinstance(number, int) and number >= num_steps:
            raise KeyboardInterrupt
        return fold_in(seed, number)

    monkeypatch.setattr(ascents, "fold_in", interrupted)


@OUT_OF_STEPS
def test_go_on_in_short(tmp_path, monkeypatch):
    """Stopped amid the second stage, whose step size is halved, in a block of two windows."""
    path, whole = tmp_path / "fit.npz", vi(MODEL, **SHORT, max_steps=1200)
    with monkeypatch.context() as patched:
        stop_at(patched, 1000)
        fit = vi(MODEL, **SHORT, max_steps=1200, checkpoint=path)
    assert fit.stop_reason == "interrupted after 1000 steps"
    with np.load(path) as arrays:
        assert 400 <= len(arrays["trace"]) < 1000
    assert numbers(vi(MODEL, **SHORT, max_steps=1200, checkpoint=path)) == numbers(whole)


# Before the first block is done; between blocks; between stages; amid a block of four windows.
@pytest.mark.slow
@pytest.mark.parametrize("num_steps", [0, 200, 600, 1800])
def test_ctrl_c_and_go_on(num_steps, tmp_path, monkeypatch, undisturbed):
    path = tmp_path / "runs" / "fit.npz"
    with monkeypatch.context() as patched:
        stop_at(patched, num_steps)
        fit = vi(MODEL, **SHORT, checkpoint=path)
    assert fit.stop_reason == f"interrupted after {num_steps} steps"
    assert path.exists() == (num_steps > 0)
    np.testing.assert_array_equal(fit.objective, undisturbed.objective[:num_steps])
    again = vi(MODEL, **SHORT, checkpoint=str(path))
    assert numbers(again) == numbers(undisturbed)


@pytest.mark.slow
def test_stopped_again_and_again(tmp_path, monkeypatch, undisturbed):
    path = tmp_path / "fit.npz"
    for num_steps in (200, 400, 1000, 1500, 2200):
        with monkeypatch.context() as patched:
            stop_at(patched, num_steps)
            assert "interrupted" in vi(MODEL, **SHORT, checkpoint=path).stop_reason
    again = vi(MODEL, **SHORT, checkpoint=path)
    assert numbers(again) == numbers(undisturbed)
    assert again.seconds > 0


@pytest.mark.slow
@OUT_OF_STEPS
@pytest.mark.parametrize("max_steps", [200, 800])
def test_more_steps_later(max_steps, tmp_path, undisturbed):
    path = tmp_path / "fit.npz"
    fit = vi(MODEL, **SHORT, checkpoint=path, max_steps=max_steps)
    assert fit.stop_reason.startswith("max_steps")
    assert numbers(vi(MODEL, **SHORT, checkpoint=path)) == numbers(undisturbed)


@pytest.mark.slow
def test_a_finished_fit_is_only_read(tmp_path, monkeypatch, undisturbed):
    """No step is taken, and the file is not written again."""
    path = tmp_path / "fit.npz"
    assert numbers(vi(MODEL, **SHORT, checkpoint=path)) == numbers(undisturbed)
    content, changed = path.read_bytes(), path.stat().st_mtime_ns
    monkeypatch.setattr(ascents.Ascent, "climb", lambda self, num_windows: pytest.fail("a step"))
    again = vi(MODEL, **SHORT, checkpoint=path)
    assert numbers(again) == numbers(undisturbed)
    assert (path.read_bytes(), path.stat().st_mtime_ns) == (content, changed)


@pytest.mark.slow
@OUT_OF_STEPS
@pytest.mark.parametrize(
    "settings",
    [
        {"family": "mean_field", "jit_compile": True},
        {"family": functools.partial(low_rank, rank=1), "gradient": "score_function_loo"},
        {"gradient": "dreg", "gradient_options": {"num_importance_samples": 3}},
    ],
    ids=["mean field, XLA", "low rank, score function", "dreg"],
)
def test_other_kinds_in_float32(settings, tmp_path, monkeypatch):
    model = GammaPoisson([2, 0, 5], dtype=tf.float32)
    if callable(settings.get("family")):
        model = correlated_gaussian(0.9, 3, dtype=tf.float32)
    settings = {**SHORT, "max_steps": 1000, "learning_rate": 0.05, **settings}
    whole, path = vi(model, **settings), tmp_path / "fit.npz"
    with monkeypatch.context() as patched:
        stop_at(patched, 600)
        vi(model, **settings, checkpoint=path)
    assert numbers(vi(model, **settings, checkpoint=path)) == numbers(whole)


@pytest.mark.slow
@pytest.mark.parametrize("failure", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_a_write_that_fails_half_way(failure, tmp_path, monkeypatch, undisturbed):
    """At the third block: that of the second stays, whole, and the fit goes on from it."""
    path, savez, count = tmp_path / "fit.npz", np.savez, []

    def fails(out, **arrays):
        savez(out, **arrays)
        count.append(1)
        if len(count) == 3:
            raise failure

    with monkeypatch.context() as patched:
        patched.setattr(np, "savez", fails)
        if isinstance(failure, OSError):
            with pytest.raises(OSError, match="No space"):
                vi(MODEL, **SHORT, checkpoint=path)
        else:
            assert "interrupted" in vi(MODEL, **SHORT, checkpoint=path).stop_reason
    assert [each.name for each in tmp_path.iterdir()] == ["fit.npz"]
    with np.load(path) as arrays:
        assert len(arrays["trace"]) == 400
    assert numbers(vi(MODEL, **SHORT, checkpoint=path)) == numbers(undisturbed)


PROGRAM = """
import sys
from vicourse.inference import vi
from vicourse.models import NormalNormal
vi(NormalNormal(), seed=0, num_starts=1, jit_compile=False, num_samples=5, checkpoint=sys.argv[1])
"""


@pytest.mark.slow
def test_killed_processes(tmp_path, undisturbed):
    """SIGKILL, twice, at a random moment after a checkpoint: the third session ends the same."""
    path, moment = tmp_path / "fit.npz", random.Random(0)
    for _ in range(2):
        seen = path.stat().st_mtime_ns if path.exists() else 0
        process = subprocess.Popen([sys.executable, "-c", PROGRAM, str(path)])
        while process.poll() is None and (not path.exists() or path.stat().st_mtime_ns == seen):
            time.sleep(0.005)
        time.sleep(moment.uniform(0, 0.1))
        process.kill()
        process.wait()
    with np.load(path) as arrays:
        assert len(arrays["trace"]) < len(undisturbed.objective)
    assert numbers(vi(MODEL, **SHORT, checkpoint=path)) == numbers(undisturbed)
