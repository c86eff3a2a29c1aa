"""`vicourse reproduce semi_supervised`, `two_layers` and `state_space`."""

import numpy as np
import pytest

from vicourse.estimate import Estimate
from vicourse.experiments import EXPERIMENTS
from vicourse.experiments.semi_supervised import SEMI_SUPERVISED, images_of, wrong
from vicourse.experiments.spread import spread
from vicourse.experiments.state_space import STATE_SPACE, root
from vicourse.experiments.two_layers import TWO_LAYERS, bits_of

FUTURES = (SEMI_SUPERVISED, TWO_LAYERS, STATE_SPACE)


@pytest.mark.parametrize("experiment", FUTURES, ids=lambda experiment: experiment.name)
def test_each_is_registered_and_has_three_seeds(experiment):
    assert EXPERIMENTS[experiment.name] is experiment
    assert len({cell["seed"] for cell in experiment.cells(False)}) == 3
    assert {cell["seed"] for cell in experiment.cells(True)} == {0}


def test_spread_is_of_the_seeds():
    """1, 2, 6: mean 3, SD √7, not √(14/3), and not divided by √3."""
    assert spread([1.0, 2.0, 6.0]) == "3.00 ± 2.65 (3 seeds)"
    assert spread([1.5], 1) == "1.5 (1 seed)"


def test_ten_labels_of_each_digit_and_no_image_twice():
    (cell,) = SEMI_SUPERVISED.cells(True)
    data, (labelled, unlabelled, test), labels = images_of(cell)
    assert np.array_equal(np.bincount(labels), np.full(10, 10))
    assert labelled.shape == (100, 196)
    assert unlabelled.shape == (500, 196)
    assert test.shape == (len(data.x_test), 196)
    assert set(np.unique(unlabelled)) == {0.0, 1.0}
    _, (_, everything, _), _ = images_of({**cell, "unlabelled": 10_000})
    assert len(everything) == len(data.x_train) - 100  # those with a label are not among them
    _, (other, _, _), _ = images_of({**cell, "seed": 1})
    assert np.any(other != labelled)


def test_wrong_counts_errors():
    """Two of three, with the error of a share: √(p(1 − p)/(n − 1))."""
    found = wrong(np.array([1, 2, 3]), np.array([1, 0, 0]))
    assert np.isclose(found.value, 2 / 3)
    assert np.isclose(found.standard_error, np.sqrt(2 / 9 / 2))


def test_error_of_a_root():
    """Of 4 ± 0.4 it is 2 ± 0.1."""
    found = root(Estimate(4.0, 0.4, 10, "monte_carlo"))
    assert (found.value, found.standard_error) == (2.0, 0.1)


def test_training_and_test_bits_differ():
    _, train, test = bits_of("digits", 300, seed=0)
    assert train.shape == (300, 196)
    assert test.dtype == np.float32
    assert train[: len(test)].shape == test[:300].shape
    assert np.any(train[: len(test)] != test[:300])


@pytest.mark.slow
def test_quick_semi_supervised():
    (cell,) = SEMI_SUPERVISED.cells(True)
    found = {"settings": cell, **SEMI_SUPERVISED.run(cell)}
    assert all(0.02 < found[name] < 0.6 for name in ("logistic_error", "m2_error"))
    assert -196 * np.log(2) < found["bound"] < 0
    assert len(SEMI_SUPERVISED.report([found])) == 5


@pytest.mark.slow
def test_quick_two_layers():
    found = [{"settings": cell, **TWO_LAYERS.run(cell)} for cell in TWO_LAYERS.cells(True)]
    for cell in found:
        assert len(cell["active"]) == cell["settings"]["layers"]
        assert -196 * np.log(2) < cell["elbo"] < cell["iw_bound"] < 0
    assert len(TWO_LAYERS.report(found)) == 3


@pytest.mark.slow
def test_quick_state_space():
    found = [{"settings": cell, **STATE_SPACE.run(cell)} for cell in STATE_SPACE.cells(True)]
    linear, deep = found
    assert linear["bound"] == linear["log_evidence"]
    assert deep["bound"] < deep["log_evidence"]
    assert all(0.1 < cell[name] < 0.7 for cell in found for name in ("rmse", "rmse_late"))
    assert len(STATE_SPACE.report(found)) == 3
