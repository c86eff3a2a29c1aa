"""Baselines for `score_function_constant`: the best constant, and one that follows the training."""

import tensorflow as tf

from vicourse.gradients.pieces import log_ratio, stop
from vicourse.objectives.draws import check_distribution
from vicourse.seeds import as_seed
from vicourse.validation import argument_error, check_integer, check_number


def optimal_baseline(target_log_prob_fn, surrogate_posterior, *, num_samples, seed):
    """The constant baseline that leaves the score function least noise, from draws of its own.

        b* = E_q[f(z) ‖∇ log q(z)‖²] / E_q[‖∇ log q(z)‖²],  f = log p(x, z) − log q(z)

    b* minimises the sum of the variances of (f − b) ∂ log q/∂φ_d over the parameters φ_d; for one
    parameter it is Cov(f h, h)/Var(h) with h = ∂ log q/∂φ. It is not E_q[f]: draws with a large
    score count more. The ratio of two means is slightly biased for b*; the gradient that uses it
    is not biased, as long as `seed` is another one than the gradient's.

    Args:
        target_log_prob_fn: z → log p(x, z) in nats, [num_samples].
        surrogate_posterior: q, a TFP distribution with trainable variables and no batch.
        num_samples: draws for the two means, at least 1. The scores of all draws are held at
            once: memory grows with num_samples times the number of parameters.
        seed: an integer, or two.

    Returns:
        A scalar tensor in nats.

    Raises:
        ValueError: a batch, no trainable variables, or a count below 1.

    Source: Ranganath, Gerrish and Blei (2014), Black box variational inference, section 3.2; with
        one baseline for all parameters.
    Chapter: algorithms/gradient_estimators
    """
    num_samples = check_integer("num_samples", num_samples, minimum=1)
    check_distribution("surrogate_posterior", surrogate_posterior)
    variables = surrogate_posterior.trainable_variables
    if not variables or surrogate_posterior.batch_shape.rank != 0:
        wanted = "a distribution with trainable variables and the batch shape ()"
        raise argument_error("surrogate_posterior", surrogate_posterior, wanted)
    z = stop(surrogate_posterior.sample(num_samples, seed=as_seed(seed)))
    values, _ = log_ratio(target_log_prob_fn, surrogate_posterior, z)

    def squared_score(one_draw):
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(variables)
            log_q = surrogate_posterior.log_prob(one_draw)
        scores = tape.gradient(log_q, variables, unconnected_gradients=tf.UnconnectedGradients.ZERO)
        return sum(tf.reduce_sum(score**2) for score in scores)

    squares = tf.vectorized_map(squared_score, z)
    return stop(tf.reduce_sum(values * squares) / tf.reduce_sum(squares))


def moving_average_baseline(baseline, values, *, decay):
    """The baseline for the next step: an exponential moving average of the values so far.

        b_{t+1} = decay · b_t + (1 − decay) · mean of the values of step t

    The state is passed, not hidden. One step of training reads

        values, gradients = estimator(target_log_prob_fn, q, num_samples, seed)
        baseline.assign(moving_average_baseline(baseline, values, decay=0.9))

    with `estimator = gradient_estimator("score_function_constant", baseline=baseline)` and a
    `tf.Variable` as the baseline. Unbiased because b_t comes from the draws of earlier steps:
    given those it is a constant. Updating *before* the gradient is taken would put the step's own
    draws into its baseline, and shrink the gradient by the factor 1 − (1 − decay)/num_samples.

    Args:
        baseline: b_t in nats, a number, tensor or `tf.Variable` of shape [] or [*batch].
        values: [num_samples, *batch] in nats, from the estimator.
        decay: from 0 (the last step's mean) to below 1; the average reaches back about
            1/(1 − decay) steps.

    Returns:
        b_{t+1}, a tensor [*batch] in nats.

    Raises:
        ValueError, TypeError: a decay outside [0, 1).

    Source: Mnih and Gregor (2014), Neural variational inference and learning in belief networks.
    Chapter: algorithms/gradient_estimators
    """
    decay = check_number("decay", decay, minimum=0.0, below=1.0)
    return decay * baseline + (1 - decay) * tf.reduce_mean(values, axis=0)
