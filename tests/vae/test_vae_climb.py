"""`climb`: minibatch ascent on a function whose maximum is known."""

import numpy as np
import pytest
import tensorflow as tf

from vicourse.vae import TrainingDiverged
from vicourse.vae.climb import climb

X = np.random.default_rng(0).normal(2.0, 1.0, [60, 1]).astype(np.float32)


def run(start=0.0, noise=0.0, **changes):
    """Σ −(w − x)²/2, whose maximum is at the mean of x; (w, history)."""
    w = tf.Variable(start)

    def objective(x, seed):
        shift = noise * tf.random.stateless_normal([3, 1], seed)
        return -0.5 * (w + shift - x[:, 0]) ** 2  # [3 draws, 20 points]

    given = {"epochs": 1, "batch_size": 20, "learning_rate": 0.1, "seed": 0}
    return w, climb(objective, [w], X, **{**given, **changes})


def test_it_finds_the_maximum():
    """w = mean of x, and the mean objective there is −Var(x)/2."""
    w, history = run(epochs=150)
    assert float(w) == pytest.approx(X.mean(), abs=0.05)
    assert history[-1].value == pytest.approx(-X.var() / 2, abs=0.01)


def test_an_epochs_estimate_is_the_mean_over_its_points():
    """Each of the 60 points once; standard error s/√60 over the points, not over the 3 draws."""
    _, (epoch,) = run(learning_rate=1e-9)
    values = -0.5 * X[:, 0].astype(float) ** 2
    assert epoch.value == pytest.approx(values.mean(), rel=1e-5)
    assert epoch.standard_error == pytest.approx(values.std(ddof=1) / 60**0.5, rel=1e-5)
    assert epoch.num_samples == 60


def test_an_incomplete_batch_is_left_out_and_the_next_order_is_another():
    _, history = run(batch_size=40, epochs=2, learning_rate=1e-9)
    assert history[0].num_samples == 40
    assert history[0].value != history[1].value


def test_same_seed_same_numbers():
    (w, first), (same, again), (_, other) = (run(noise=1.0, seed=seed) for seed in (0, 0, 1))
    assert float(w) == float(same)
    assert first == again != other


def test_a_step_that_spoils_everything_is_an_error():
    with pytest.raises(TrainingDiverged, match="smaller learning rate"):
        run(learning_rate=1e30, epochs=3)


@pytest.mark.parametrize(
    ("name", "value"),
    [("batch_size", 61), ("batch_size", 0), ("epochs", 0), ("learning_rate", 0.0), ("seed", None)],
)
def test_bad_arguments_are_named(name, value):
    with pytest.raises((ValueError, TypeError), match=f"`{name}`"):
        run(**{name: value})
