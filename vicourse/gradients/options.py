"""The options of the estimators, checked before anything is drawn."""

import functools
import inspect

import numpy as np
import tensorflow as tf

from vicourse.validation import argument_error, check_integer, check_number


def checked_options(name, estimator, options):
    """The options by name, each checked, or an error if they are not those of the estimator."""
    # The first four parameters are every estimator's: target, q, num_samples, seed.
    wanted = list(inspect.signature(estimator).parameters)[4:]
    if set(options) != set(wanted):
        raise argument_error(
            "options", sorted(options), f"exactly {wanted} for the estimator {name!r}"
        )
    return {option: CHECKS[option](value) for option, value in options.items()}


def _check_temperature(value):
    # A schedule: its number may not be known yet.
    if isinstance(value, tf.Tensor | tf.Variable):
        return value
    return check_number("temperature", value, above=0.0)


def _check_baseline(value):
    # Read when the estimator runs: a variable may have moved by then.
    if isinstance(value, tf.Tensor | tf.Variable):
        return value
    return check_number("baseline", value)


def _check_touches(value):
    array = np.asarray(value)
    if array.dtype != bool or array.ndim != 2 or 0 in array.shape:
        raise argument_error(
            "touches",
            value,
            "booleans of shape (num_latents, num_terms)",
            "Entry (i, t) says whether the latent z_i stands in the term t of log p(x, z).",
        )
    return array


CHECKS = {
    "baseline": _check_baseline,
    "num_importance_samples": functools.partial(check_integer, "num_importance_samples", minimum=1),
    "temperature": _check_temperature,
    "touches": _check_touches,
}
