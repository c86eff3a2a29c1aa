"""The falling step size: `Settings.stages`."""

import numpy as np
import pytest
import vae_helpers as helpers

from vicourse.vae import Settings, train
from vicourse.vae import checkpoint as checkpoints


def test_rate_by_hand():
    """1, 3 and 9 epochs: the whole step size, a √10th and a tenth; then a tenth for good."""
    settings = Settings(learning_rate=0.5, stages=(1, 3, 9))
    middle = 0.5 / np.sqrt(10)
    by_hand = {1: 0.5, 2: middle, 3: middle, 4: middle, 5: 0.05, 13: 0.05, 14: 0.05, 100: 0.05}
    for epoch, rate in by_hand.items():
        assert settings.rate(epoch) == pytest.approx(rate, rel=1e-12)


def test_rate_of_eight_stages():
    """Burda and others (2016): 3ⁱ epochs at 10⁻³ · 10^(−i/7), i = 0 … 7; 3280 epochs in all."""
    stages = [3**i for i in range(8)]
    settings = Settings(learning_rate=1e-3, stages=stages)
    assert sum(stages) == 3280
    first = 1
    for i, length in enumerate(stages):
        for epoch in (first, first + length - 1):
            assert settings.rate(epoch) == pytest.approx(1e-3 * 10 ** (-i / 7), rel=1e-12)
        first += length


@pytest.mark.parametrize("stages", [(), (5,)])
def test_no_stage_or_one_changes_nothing(stages):
    settings = Settings(learning_rate=0.3, stages=stages)
    assert [settings.rate(epoch) for epoch in (1, 5, 6, 50)] == [0.3] * 4


@pytest.mark.parametrize("stages", [(1, 0), (1.5,), (True, 2)])
def test_bad_stages_are_named(stages):
    with pytest.raises((ValueError, TypeError), match="`stages`"):
        Settings(stages=stages)


def test_training_takes_the_rate_of_the_epoch(tmp_path, monkeypatch):
    """One step an epoch: the second step, ruled by the second stage, is a tenth as long."""
    saved = []

    def keep(path, variables, identity, history):
        saved.append(np.concatenate([np.ravel(v) for v in variables[:8]]))  # φ and θ

    monkeypatch.setattr(checkpoints, "save", keep)

    def second_step(stages):
        saved.clear()
        settings = helpers.tiny_settings(batch_size=60, stages=stages)
        train(settings, helpers.tiny_data(), 2, checkpoint=tmp_path / "none", progress=False)
        return saved[1] - saved[0]

    whole, tenth = second_step(()), second_step((1, 1))
    assert np.abs(whole).max() > 0.01
    np.testing.assert_allclose(tenth, whole / 10, rtol=1e-3, atol=1e-6)
