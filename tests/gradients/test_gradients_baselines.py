"""Score functions with a baseline, on q = N(mu, sigma²) and p = N(m, s²), against closed forms."""

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp
from gradient_checks import assert_mean, assert_variance, repeated, variables

from vicourse.gradients import gradient_estimator, moving_average_baseline, optimal_baseline

tfd = tfp.distributions

M, S, MU, SIGMA = 2.0, 3.0, -1.0, 1.5
TRUTH = -(MU - M) / S**2  # ∂ELBO/∂mu
# f(ε) = log p − log q = A + B ε + C ε² at z = mu + sigma ε
A = -np.log(S) - (MU - M) ** 2 / (2 * S**2) + np.log(SIGMA)
B = -(MU - M) * SIGMA / S**2
C = 0.5 - SIGMA**2 / (2 * S**2)
target = tfd.Normal(tf.constant(M, tf.float64), tf.constant(S, tf.float64)).log_prob


def location_only(repeats=None):
    mu = tf.Variable(MU, dtype=tf.float64) if repeats is None else variables(MU, repeats)
    return tfd.Normal(mu, tf.constant(SIGMA, tf.float64))


def variance(baseline):
    """g = (f(ε) − baseline) ε/sigma, by the moments of ε: 1, 3, 15."""
    a = A - baseline
    return (a**2 + 2 * B**2 + 15 * C**2 + 6 * a * C) / SIGMA**2


@pytest.mark.parametrize("baseline", [-2.0, 0.7])
def test_a_constant_changes_the_variance_and_not_the_mean(baseline):
    (draws,) = repeated(
        "score_function_constant", target, location_only(100_000), baseline=baseline
    )
    assert_mean(draws, TRUTH)
    assert_variance(draws, variance(baseline))


def test_baseline_zero_is_the_plain_score_function():
    q = location_only(5)
    np.testing.assert_array_equal(
        repeated("score_function_constant", target, q, baseline=0.0),
        repeated("score_function", target, q),
    )


def test_the_optimal_baseline_of_the_location():
    """h = ε/sigma: b* = E[f h²]/E[h²] = A + 3C, and the variance that is left, (2B² + 6C²)/sigma²,
    is the minimum of a parabola. The mean value, A + C, is not the best baseline."""
    best = optimal_baseline(target, location_only(), num_samples=200_000, seed=3).numpy()
    # The ratio's error by the delta method: sd of (f − b*) ε² over √n.
    error = np.sqrt(15 * B**2 + 105 * C**2 - 90 * C**2 + 27 * C**2) / np.sqrt(200_000)
    assert abs(best - (A + 3 * C)) < 4 * error
    np.testing.assert_allclose(variance(A + 3 * C), (2 * B**2 + 6 * C**2) / SIGMA**2)
    assert variance(best) < min(variance(best - 0.1), variance(best + 0.1), variance(A + C))
    (draws,) = repeated("score_function_constant", target, location_only(100_000), baseline=best)
    assert_mean(draws, TRUTH)
    assert_variance(draws, variance(A + 3 * C))


def test_the_optimal_baseline_of_both_parameters():
    """h = (ε, ε² − 1)/sigma: b* = E[f ‖h‖²]/E[‖h‖²] = (3A + 13C)/3, by the moments of ε."""
    q = tfd.Normal(tf.Variable(MU, dtype=tf.float64), tf.Variable(SIGMA, dtype=tf.float64))
    parts = [optimal_baseline(target, q, num_samples=10_000, seed=seed) for seed in range(8)]
    assert_mean(parts, A + 13 * C / 3)


def test_the_moving_average_follows_the_values():
    """b_t = (1 − decayᵗ) v for constant values v and b_0 = 0; the mean over draws, per member."""
    values = tf.constant([[1.0, -3.0], [3.0, -5.0]], tf.float64)
    baseline = tf.Variable([0.0, 0.0], dtype=tf.float64)
    for _ in range(3):
        baseline.assign(moving_average_baseline(baseline, values, decay=0.9))
    np.testing.assert_allclose(baseline, (1 - 0.9**3) * np.array([2.0, -4.0]), rtol=1e-12)


def test_a_baseline_from_earlier_steps_is_unbiased_and_from_this_step_is_not():
    """With the step's own two draws in it the gradient shrinks by 1 − (1 − decay)/num_samples."""
    q, steps = location_only(100_000), {"num_samples": 2}
    baseline = tf.Variable(tf.zeros([100_000], tf.float64))
    estimator = gradient_estimator("score_function_constant", baseline=baseline)
    values, _ = estimator(target, q, 2, 1)
    baseline.assign(moving_average_baseline(baseline, values, decay=0.5))
    (right,) = repeated("score_function_constant", target, q, seed=2, baseline=baseline, **steps)
    (wrong,) = repeated("score_function_constant", target, q, seed=1, baseline=baseline, **steps)
    assert_mean(right, TRUTH)
    assert_mean(wrong, TRUTH * (1 - 0.5 / 2))


def test_the_variable_is_read_at_every_step_and_never_trained():
    q, baseline = location_only(), tf.Variable(0.0, dtype=tf.float64)
    estimator = gradient_estimator("score_function_constant", baseline=baseline)
    step = tf.function(lambda: estimator(target, q, 4, 11)[1])
    before = step()[0].numpy()
    baseline.assign(1.0)
    after = step()
    assert len(after) == 1
    score = gradient_estimator("score_function")(target, q, 4, 11)[1][0]
    np.testing.assert_allclose(before, score, rtol=1e-12)
    assert abs(after[0].numpy() - before) > 1e-3


def test_bad_input_is_named():
    q = location_only()
    for wrong in ("0", None, True):
        with pytest.raises(TypeError, match="baseline"):
            gradient_estimator("score_function_constant", baseline=wrong)
    with pytest.raises(ValueError, match="baseline"):
        gradient_estimator("score_function_constant", baseline=np.nan)
    for_each_draw = tf.zeros([3], tf.float64)
    with pytest.raises(ValueError, match=r"baseline.*one number"):
        gradient_estimator("score_function_constant", baseline=for_each_draw)(target, q, 3, 0)
    with pytest.raises(TypeError, match=r"baseline.*float64"):
        gradient_estimator("score_function_constant", baseline=tf.constant(1.0))(target, q, 3, 0)
    with pytest.raises(ValueError, match="decay"):
        moving_average_baseline(0.0, tf.zeros([3]), decay=1.0)
    with pytest.raises(ValueError, match="batch shape"):
        optimal_baseline(target, location_only(3), num_samples=3, seed=0)
    with pytest.raises(ValueError, match="num_samples"):
        optimal_baseline(target, q, num_samples=0, seed=0)
    with pytest.raises(TypeError, match="seed"):
        optimal_baseline(target, q, num_samples=3, seed=None)
