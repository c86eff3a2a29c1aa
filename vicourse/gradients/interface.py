"""One interface to every gradient estimator, so that bias and variance can be drawn side by side.

An estimator of the course is a pair: values whose mean is the bound, and a *surrogate*, a scalar
built with `tf.stop_gradient` so that differentiating it gives the gradient estimate. Here the tape
is run; `elbo_estimators` and `importance_estimators` hold the lines worth reading.
"""

import functools
import inspect

import tensorflow as tf

from vicourse.compiled import compiled
from vicourse.gradients import elbo_estimators, importance_estimators
from vicourse.seeds import as_seed
from vicourse.validation import argument_error, check_choice, check_integer

ESTIMATORS = {
    "score_function": elbo_estimators.score_function,
    "score_function_loo": elbo_estimators.score_function_loo,
    "reparameterization": elbo_estimators.reparameterization,
    "sticking_the_landing": elbo_estimators.sticking_the_landing,
    "iwae": importance_estimators.iwae,
    "dreg": importance_estimators.dreg,
}


def gradient_estimator(name, **options):
    """The gradient estimator called `name`, with its options fixed.

    Args:
        name: one of `ESTIMATORS`.
        options: "iwae" and "dreg" need `num_importance_samples`; the others take none.

    Returns:
        A function `(target_log_prob_fn, surrogate_posterior, num_samples, seed)` that returns
        `values`, [num_samples], in nats, whose mean estimates the bound, and `gradients`, one
        tensor for each of `surrogate_posterior.trainable_variables`: an estimate of the bound's
        gradient, pointing uphill.

    Raises:
        ValueError: an unknown name, or options that this estimator does not take or lacks.

    Chapter: algorithms/gradient_estimators
    """
    estimator = ESTIMATORS[check_choice("name", name, ESTIMATORS)]
    wanted = list(inspect.signature(estimator).parameters)[4:]
    if set(options) != set(wanted):
        raise argument_error(
            "options", sorted(options), f"exactly {wanted} for the estimator {name!r}"
        )
    for option, value in options.items():
        check_integer(option, value, minimum=1)
    return functools.partial(_values_and_gradients, functools.partial(estimator, **options))


def gradient_samples(
    name, target_log_prob_fn, surrogate_posterior, *, num_samples, num_repeats, seed, **options
):
    """Independent repeats of one gradient estimate, to look at its bias and variance.

    Args:
        name, options: as for `gradient_estimator`.
        target_log_prob_fn: log p(x, z) in nats for z [..., event].
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
