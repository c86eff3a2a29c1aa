"""`Estimate` and `estimate`: mean ± s/√n, and how they print."""

import numpy as np
import pytest
import tensorflow as tf

from vicourse.estimate import Estimate, estimate


def test_mean_and_standard_error_by_hand():
    """1, 2, 3, 6: mean 3, s² = 14/3, standard error √(14/3/4)."""
    result = estimate(tf.constant([1.0, 2.0, 3.0, 6.0], tf.float64))
    assert float(result) == 3.0
    assert result.standard_error == pytest.approx(np.sqrt(14 / 12), rel=1e-14)
    assert (result.num_samples, result.method, result.unit) == (4, "monte_carlo", "nats")


@pytest.mark.parametrize(
    ("result", "text"),
    [
        (
            Estimate(0.83036, 0.00123, 10000, "monte_carlo"),
            "0.8304 ± 0.0012 nats (Monte Carlo, n = 10000)",
        ),
        (Estimate(-151.3, 12.3, 50, "monte_carlo", ""), "-151 ± 12 (Monte Carlo, n = 50)"),
        (Estimate(0.5), "0.5000 nats (closed form)"),
        (Estimate(0.5, 3e-14, method="quadrature"), "0.5000 nats (quadrature, error about 3e-14)"),
        (Estimate(np.inf, method="summation"), "inf nats (summation)"),
    ],
)
def test_print(result, text):
    assert str(result) == text


def test_an_infinite_value_makes_an_infinite_mean_with_a_note():
    result = estimate(np.array([1.0, -np.inf, 2.0]))
    assert float(result) == -np.inf
    assert result.standard_error == np.inf
    assert "1 of 3" in result.note


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([1.0, np.nan], "1 of 2 are NaN"),
        ([1.0], "n of at least 2"),
        ([[1.0, 2.0]], "Reduce the other axes"),
        ([np.inf, -np.inf], "undefined"),
    ],
)
def test_refused(values, message):
    with pytest.raises(ValueError, match=message):
        estimate(np.array(values))


def test_integers_are_refused():
    with pytest.raises(TypeError, match="floating-point"):
        estimate(np.array([1, 2, 3]))
