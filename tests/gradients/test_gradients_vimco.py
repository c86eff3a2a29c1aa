"""VIMCO against enumeration of all K draws (coin) and quadrature (Gaussian)."""

import itertools

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp
from gradient_checks import assert_mean, assert_variance, derivative, repeated, variables
from scipy import special

from vicourse.gradients import gradient_estimator

tfd = tfp.distributions

LOGIT, LOG_P, K = -0.7, np.array([-3.0, -1.5]), 3


def target(z):
    return z * LOG_P[1] + (1 - z) * LOG_P[0]


def coin(repeats):
    return tfd.Bernoulli(logits=variables(LOGIT, repeats), dtype=tf.float64)


def outcomes(logit):
    """For each of the 2ᴷ outcomes: draws, probability, weights, by hand."""
    q = np.array([special.expit(-logit), special.expit(logit)])
    for z in itertools.product([0, 1], repeat=K):
        z = np.array(z)
        yield z, np.prod(q[z]), np.exp(LOG_P[z]) / q[z]


def bound(logit):
    return sum(probability * np.log(w.mean()) for _, probability, w in outcomes(logit[0]))


def moments(with_baseline):
    """Mean and variance of one gradient by enumeration, the baselines in a plain loop."""
    first = second = 0.0
    for z, probability, w in outcomes(LOGIT):
        scores = z - special.expit(LOGIT)
        gradient = 0.0
        for k in range(K):
            others = np.delete(w, k)
            geometric = np.prod(others) ** (1 / (K - 1))
            baseline = np.log((others.sum() + geometric) / K) if with_baseline else 0.0
            gradient += (np.log(w.mean()) - baseline - w[k] / w.sum()) * scores[k]
        first += probability * gradient
        second += probability * gradient**2
    return first, second - first**2


def test_mean_and_variance_by_enumeration():
    mean, variance = moments(with_baseline=True)
    np.testing.assert_allclose(mean, derivative(bound, [LOGIT])[0], rtol=1e-8)
    (draws,) = repeated("vimco", target, coin(100_000), num_importance_samples=K)
    assert_mean(draws, mean)
    assert_variance(draws, variance)


def test_less_noise_than_without_the_baseline():
    plain_mean, plain = moments(with_baseline=False)
    mean, variance = moments(with_baseline=True)
    np.testing.assert_allclose(mean, plain_mean, rtol=1e-10)
    assert variance < plain / 3


def test_agrees_with_the_pathwise_gradient_of_a_gaussian():
    """Same bound, same mean; 2 values of 3 weights, so that swapped axes would show."""

    def log_p(z):
        return -((z - 2.0) ** 2) / 8

    q = tfd.Normal(variables(-1.0, 50_000), variables(1.5, 50_000))
    settings = {"num_samples": 2, "num_importance_samples": 3}
    pathwise = repeated("iwae", log_p, q, **settings)
    score = repeated("vimco", log_p, q, seed=8, **settings)
    for one, other in zip(score, pathwise, strict=True):
        assert_mean(one - other, 0.0)


def test_weights_of_zero_and_huge_weights():
    """One impossible draw among three is no NaN; weights of e^±800 do not overflow."""

    def impossible(z):
        return tf.where(z == 1.0, tf.constant(-np.inf, tf.float64), -1.0)

    estimator = gradient_estimator("vimco", num_importance_samples=4)
    q = tfd.Bernoulli(logits=variables(-2.0, 50), dtype=tf.float64)
    seeds = range(3)
    one_impossible = np.array([q.sample([4, 1], seed=(0, s)).numpy().sum(axis=0)[0] for s in seeds])
    for seed in seeds:
        gradient = estimator(impossible, q, 1, (0, seed))[1][0].numpy()
        assert np.all(np.isfinite(gradient[one_impossible[seed] <= 2]))
    _, (gradient,) = estimator(lambda z: 1600 * z - 800, coin(50), 1, 0)
    assert np.all(np.isfinite(gradient))


def test_one_weight_is_refused():
    with pytest.raises(ValueError, match=r"num_importance_samples.*at least 2"):
        gradient_estimator("vimco", num_importance_samples=1)(target, coin(2), 3, 0)
