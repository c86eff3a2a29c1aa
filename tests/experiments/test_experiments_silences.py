"""`vicourse reproduce silences`: each variant changes what it says, and nothing else."""

import numpy as np
import pytest
import tensorflow as tf

from vicourse.experiments import run_experiment
from vicourse.experiments.silences import (
    BASE,
    SILENCES,
    VARIANTS,
    adagrad,
    gather_squares,
    silences_over_seeds,
)
from vicourse.vae import Settings
from vicourse.vae.training import step_loss


def tiny():
    settings = Settings(num_latents=2, hidden=4, batch_size=10, init_std=0.3, seed=2)
    stored = np.random.default_rng(0).integers(0, 2, (60, 9)).astype(np.uint8)
    return settings, stored, settings.make_vae(9)


def test_each_variant_is_one_change():
    base, *others = VARIANTS.values()
    assert not any(base)
    for variant in others:
        assert len(variant.changes) + len(variant.adagrad) + bool(variant.gathered) == 1
        for name, value in variant.changes.items():
            assert getattr(BASE, name) != value


def test_squares_are_gathered_and_no_weight_moves():
    """Σ over 3 minibatches of (∂loss/∂w)², each taken by TensorFlow's eager tape."""
    settings, stored, vae = tiny()
    optimizer = adagrad(settings, vae.trainable_variables, initial_accumulator_value=0.25)
    before = [np.asarray(v).copy() for v in vae.trainable_variables]
    expected = [np.full(v.shape, 0.25) for v in before]
    gather_squares(vae, optimizer, settings, stored, 3)
    # The draws differ from those of the function: without noise in z they are the same gradients.
    accumulators = [np.asarray(v) for v in optimizer.variables if "accumulator" in v.path]
    for now, then in zip(vae.trainable_variables, before, strict=True):
        np.testing.assert_array_equal(now, then)
    repeats = 30
    for number in range(repeats):
        for batch in np.split(stored[:30].astype(np.float32), 3):
            with tf.GradientTape() as tape:
                _, loss = step_loss(vae, tf.constant(batch), tf.stack([0, number]), settings)
            for e, g in zip(expected, tape.gradient(loss, vae.trainable_variables), strict=True):
                e += np.array(g) ** 2 / repeats
    # The decoder's last bias feels little of z's noise: its squares are known to a few percent.
    np.testing.assert_allclose(accumulators[-1], expected[-1], rtol=0.1)
    assert np.all(accumulators[-1] > 0.25)


def test_gathered_squares_make_the_first_step_small():
    """lr · g / √(S + g²) with S from 6 minibatches: below lr, and not by a rounding."""
    settings, stored, vae = tiny()
    optimizer = adagrad(settings, vae.trainable_variables)
    gather_squares(vae, optimizer, settings, stored, 6)
    before = np.asarray(vae.trainable_variables[-1]).copy()
    with tf.GradientTape() as tape:
        batch = tf.constant(stored[:10].astype(np.float32))
        _, loss = step_loss(vae, batch, tf.constant([0, 5]), settings)
    optimizer.apply(tape.gradient(loss, vae.trainable_variables), vae.trainable_variables)
    moves = np.abs(np.asarray(vae.trainable_variables[-1]) - before) / settings.learning_rate
    assert np.all(moves < 0.95)
    assert np.all(moves > 0)


def test_over_seeds():
    """By hand: ends 1, 2, 6 have the mean 3 and the SD √7; a variant that is 1, 1 and 4 above them,
    seed by seed, and whose seeds come in another order, changes 2 ± √3/√3."""
    ends = {"a": {0: 1.0, 1: 2.0, 2: 6.0}, "b": {2: 10.0, 0: 2.0, 1: 3.0}}
    cells = [
        {"settings": {"variant": name, "seed": seed}, "test_elbo": [0.0, end]}
        for name, by_seed in ends.items()
        for seed, end in by_seed.items()
    ]
    first, second = silences_over_seeds(cells)
    assert first["test_elbo"] == pytest.approx(3)
    assert first["standard_error"] == pytest.approx(np.sqrt(7 / 3))
    assert (first["change"], first["change_error"], first["num_seeds"]) == (0, 0, 3)
    assert (second["change"], second["change_error"]) == pytest.approx((2, 1))
    one = silences_over_seeds(cells[:1])[0]
    assert one["standard_error"] is one["change_error"] is None


@pytest.mark.slow
def test_quick_path(tmp_path):
    path, record = run_experiment(SILENCES, tmp_path, quick=True, progress=False)
    assert path.exists()
    first, gathered = record["cells"]
    for cell in (first, gathered):
        assert len(cell["test_elbo"]) == len(cell["samples_seen"]) == 2
        assert -544 < cell["test_elbo"][0] < cell["test_elbo"][1] < 0
    assert first["test_elbo"] != gathered["test_elbo"]
    assert len(SILENCES.report(record["cells"])) == 3
