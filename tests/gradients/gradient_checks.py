"""What the tests of the gradient estimators share: statistics, and many repeats in one call."""

import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp

from vicourse.gradients import gradient_estimator

tfd = tfp.distributions


def assert_mean(draws, expected):
    """Within 4 standard errors, entry by entry; the draws along axis 0."""
    draws = np.asarray(draws)
    error = draws.std(axis=0, ddof=1) / np.sqrt(len(draws))
    assert np.all(np.abs(draws.mean(axis=0) - expected) < 4 * error + 1e-12)


def assert_variance(draws, expected):
    """Within 4 standard errors of a sample variance, from the fourth moment."""
    assert_mean((draws - np.mean(draws, axis=0)) ** 2, expected)


def variables(value, repeats):
    """One variable that holds `value` `repeats` times: a batch of equal problems."""
    value = np.asarray(value, np.float64)
    return tf.Variable(np.broadcast_to(value, (repeats, *value.shape)).copy())


def repeated(name, target_log_prob_fn, q, *, num_samples=1, seed=7, **options):
    """The gradients of a batched q, as NumPy. Members are equal and independent: each gradient
    [repeats, ...] holds that many independent estimates, without compiling a loop over repeats."""
    estimator = gradient_estimator(name, **options)
    values, gradients = estimator(target_log_prob_fn, q, num_samples, seed)
    assert values.shape == [num_samples, *q.batch_shape]
    return [gradient.numpy() for gradient in gradients]


def derivative(function, at, h=1e-5):
    """The gradient of a function of a vector by central differences."""
    at = np.asarray(at, np.float64)
    steps = h * np.eye(at.size).reshape(at.size, *at.shape)
    return np.array([(function(at + s) - function(at - s)) / (2 * h) for s in steps]).reshape(
        at.shape
    )
