"""The Rao–Blackwellized score function on four coupled coins, against enumeration in NumPy."""

import itertools

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp
from gradient_checks import assert_mean, assert_variance, derivative, repeated, variables

from vicourse.gradients import gradient_estimator

tfd = tfp.distributions

LOGITS = np.array([-1.0, 0.5, 1.5, -0.3])
OWN = np.array([0.4, -1.2, 0.9, -0.8])
PAIRS = np.array([1.1, -0.7, 1.6])
# log p = 4 terms of one coin, 3 of two neighbours, and 1 of none.
TOUCHES = np.zeros((4, 8), bool)
TOUCHES[range(4), range(4)] = True
for pair in range(3):
    TOUCHES[[pair, pair + 1], 4 + pair] = True
STATES = np.array(list(itertools.product([0.0, 1.0], repeat=4)))


def terms(z):
    """[..., 4] → [..., 8], for NumPy and TensorFlow."""
    stack = np.concatenate if isinstance(z, np.ndarray) else tf.concat
    constant = 0 * z[..., :1] - 6.0
    return stack([OWN * z, PAIRS * z[..., :-1] * z[..., 1:], constant], axis=-1)


def whole(z):
    return tf.reduce_sum(terms(z), axis=-1)


def coins(repeats):
    return tfd.Independent(tfd.Bernoulli(logits=variables(LOGITS, repeats), dtype=tf.float64), 1)


def log_q(logits):
    """log q of each coin in each state, [16, 4]."""
    return STATES * logits - np.log1p(np.exp(logits))


def elbo(logits):
    q = np.exp(log_q(logits).sum(axis=1))
    return q @ (terms(STATES).sum(axis=1) - log_q(logits).sum(axis=1))


def exact_variance(signal):
    """Var of signal · ∂ log q_i/∂logit_i = signal · (z_i − sigmoid), one draw, by enumeration."""
    q = np.exp(log_q(LOGITS).sum(axis=1))
    gradients = signal * (STATES - 1 / (1 + np.exp(-LOGITS)))
    return q @ gradients**2 - (q @ gradients) ** 2


def test_unbiased_with_the_variance_of_the_local_terms():
    (draws,) = repeated("score_function_rao_blackwell", terms, coins(50_000), touches=TOUCHES)
    assert_mean(draws, derivative(elbo, LOGITS))
    assert_variance(draws, exact_variance(terms(STATES) @ TOUCHES.T - log_q(LOGITS)))


LOCAL = terms(STATES) @ TOUCHES.T - log_q(LOGITS)
EVERYTHING = (terms(STATES).sum(axis=1) - log_q(LOGITS).sum(axis=1))[:, None]


def test_less_noise_than_the_plain_score_function():
    (plain,) = repeated("score_function", whole, coins(50_000))
    assert_variance(plain, exact_variance(EVERYTHING))
    assert np.all(exact_variance(LOCAL) < exact_variance(EVERYTHING))


def test_the_mean_of_what_is_left_out_can_be_a_useful_baseline():
    """What is left out takes its mean along. With the constant −2 in log p instead of −6 that mean
    happens to be a good baseline for two of the coins: less noise as a rule, not always."""
    assert list(exact_variance(LOCAL) < exact_variance(EVERYTHING + 4)) == [
        False, True, False, True]  # fmt: skip


def test_less_noise_for_sure_with_equal_baselines_where_p_factorizes():
    """Without the pairs, E[f | z_i] = local_i + E[the rest]: the Rao–Blackwell theorem itself."""
    single = np.where(np.arange(8) < 4, terms(STATES), 0)
    local = single @ TOUCHES.T - log_q(LOGITS)
    everything = local.sum(axis=1, keepdims=True)
    q = np.exp(log_q(LOGITS).sum(axis=1))
    for shift in (-3.0, 0.0, 3.0):
        rest = q @ (everything + shift - local)
        assert np.all(exact_variance(local + rest) < exact_variance(everything + shift))


def test_all_true_is_the_plain_score_function_but_for_the_other_factors_of_q():
    """For one latent there is nothing to leave out: the same numbers."""
    q = tfd.Independent(tfd.Normal(variables([1.0], 5), tf.constant(2.0, tf.float64)), 1)
    (local,) = repeated("score_function_rao_blackwell", lambda z: -(z**2), q, touches=[[True]])
    (plain,) = repeated("score_function", lambda z: -tf.reduce_sum(z**2, axis=-1), q)
    np.testing.assert_allclose(local, plain, rtol=1e-12)


def test_values_are_those_of_the_whole():
    q = coins(3)
    local = gradient_estimator("score_function_rao_blackwell", touches=TOUCHES)
    values, _ = local(terms, q, 4, 5)
    expected, _ = gradient_estimator("score_function")(whole, q, 4, 5)
    np.testing.assert_allclose(values, expected, rtol=1e-12)


def test_bad_input_is_named():
    def run(target=terms, q=None, touches=TOUCHES):
        return gradient_estimator("score_function_rao_blackwell", touches=touches)(
            target, coins(2) if q is None else q, 3, 0
        )

    for wrong in (TOUCHES.astype(int), TOUCHES[0], np.zeros((0, 3), bool), None):
        with pytest.raises(ValueError, match=r"touches.*num_latents, num_terms"):
            run(touches=wrong)
    with pytest.raises(ValueError, match=r"surrogate_posterior.*3 latents"):
        run(touches=TOUCHES[:3])
    with pytest.raises(ValueError, match=r"target_log_prob_fn.*terms.*score_function_loo"):
        run(target=whole)
    with pytest.raises(ValueError, match=r"target_log_prob_fn.*terms"):
        run(touches=TOUCHES[:, :7])
    with pytest.raises(TypeError, match=r"target_log_prob_fn.*float64"):
        run(target=lambda z: tf.cast(terms(z), tf.float32))
    correlated = tfd.MultivariateNormalTriL(variables(np.zeros(4), 2), np.eye(4))
    for unfit in (correlated, tfd.Normal(variables(0.0, 4), tf.constant(1.0, tf.float64))):
        with pytest.raises(ValueError, match=r"surrogate_posterior.*factorized"):
            run(q=unfit)
