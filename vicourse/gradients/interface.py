"""One interface to every gradient estimator, so that bias and variance can be drawn side by side.

An estimator of the course is a pair: values whose mean is the bound, and a *surrogate*, a scalar
built with `tf.stop_gradient` so that differentiating it gives the gradient estimate. Here the tape
is run; `score_estimators`, `pathwise_estimators`, `discrete_estimators` and `importance_estimators`
hold the lines worth reading.
"""

import functools

import tensorflow as tf

from vicourse.compiled import compiled
from vicourse.gradients import (
    discrete_estimators,
    importance_estimators,
    pathwise_estimators,
    score_estimators,
)
from vicourse.gradients.options import checked_options
from vicourse.objectives.draws import check_distribution
from vicourse.seeds import as_seed
from vicourse.validation import argument_error, check_choice, check_integer

#: The gradient estimators by name: what `gradient_estimator` knows.
#:
#: Chapter: algorithms/gradient_estimators
ESTIMATORS = {
    estimator.__name__: estimator
    for estimator in (
        score_estimators.score_function,
        score_estimators.score_function_constant,
        score_estimators.score_function_loo,
        score_estimators.score_function_rao_blackwell,
        pathwise_estimators.reparameterization,
        pathwise_estimators.sticking_the_landing,
        pathwise_estimators.implicit,
        discrete_estimators.gumbel_softmax,
        discrete_estimators.straight_through,
        discrete_estimators.enumeration,
        importance_estimators.iwae,
        importance_estimators.dreg,
        importance_estimators.vimco,
    )
}


def gradient_estimator(name, **options):
    """The gradient estimator called `name`, with its options fixed.

    Args:
        name: one of `ESTIMATORS`.
        options: what this estimator needs, and nothing else:
            "score_function_constant": `baseline`, in nats;
            "score_function_rao_blackwell": `touches`, booleans [num_latents, num_terms], which
            latent stands in which term of log p; its `target_log_prob_fn` returns the terms,
            [num_samples, *batch, num_terms];
            "gumbel_softmax" and "straight_through", both biased: `temperature`;
            "iwae", "dreg" and "vimco": `num_importance_samples`.

    Returns:
        A function `(target_log_prob_fn, surrogate_posterior, num_samples, seed)` that returns
        `values`, [num_samples, *batch], in nats, whose mean over axis 0 estimates the bound, and
        `gradients`, one tensor for each of `surrogate_posterior.trainable_variables`: an estimate
        of the bound's gradient, pointing uphill. Where q has a batch shape, it is the gradient of
        the *sum* of the members' bounds, so that a member's own parameters get their own gradient.

    Raises:
        ValueError: an unknown name, or options that this estimator does not take or lacks. The
            function returned: also for a q that the estimator does not fit, and for a
            `target_log_prob_fn` whose values do not have the shape [num_samples, *batch].
        TypeError: options, a q or values of the wrong type.

    Chapter: algorithms/gradient_estimators
    """
    estimator = ESTIMATORS[check_choice("name", name, ESTIMATORS)]
    options = checked_options(name, estimator, options)
    return functools.partial(_values_and_gradients, functools.partial(estimator, **options))


def gradient_samples(
    name, target_log_prob_fn, surrogate_posterior, *, num_samples, num_repeats, seed, **options
):
    """Independent repeats of one gradient estimate, to look at its bias and variance.

    Args:
        name, options: as for `gradient_estimator`.
        target_log_prob_fn: log p(x, z) in nats for z [num_samples, *batch, *event].
        surrogate_posterior: q, a TFP distribution with trainable variables.
        num_samples: draws that go into each estimate.
        num_repeats: how many estimates.
        seed: an integer or a pair.

    Returns:
        One tensor [num_repeats, *variable.shape] for each of q's `trainable_variables`.

    Chapter: algorithms/gradient_estimators
    """
    num_repeats = check_integer("num_repeats", num_repeats, minimum=1)
    estimator = gradient_estimator(name, **options)
    dtypes = tuple(variable.dtype for variable in surrogate_posterior.trainable_variables)

    def repeat(seeds):
        return tf.map_fn(
            lambda one: estimator(target_log_prob_fn, surrogate_posterior, num_samples, one)[1],
            seeds,
            fn_output_signature=dtypes,
        )

    seeds = tf.random.split(as_seed(seed), num_repeats)
    return compiled(repeat, seeds)(seeds)


def _values_and_gradients(estimator, target_log_prob_fn, surrogate_posterior, num_samples, seed):
    num_samples = check_integer("num_samples", num_samples, minimum=1)
    check_distribution("surrogate_posterior", surrogate_posterior)
    variables = surrogate_posterior.trainable_variables
    if not variables:
        raise argument_error(
            "surrogate_posterior",
            surrogate_posterior,
            "a distribution with trainable variables",
            "Build it from tf.Variable parameters, or with `vicourse.families`.",
        )
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(variables)
        values, surrogate = estimator(
            target_log_prob_fn, surrogate_posterior, num_samples, as_seed(seed)
        )
    # A variable that the bound does not depend on has the gradient zero, not None.
    gradients = tape.gradient(
        surrogate, variables, unconnected_gradients=tf.UnconnectedGradients.ZERO
    )
    return tf.stop_gradient(values), tuple(gradients)
