"""What the objectives share: draws from q, log weights, and the checks on them."""

import math

import tensorflow as tf
import tensorflow_probability as tfp

from vicourse.seeds import as_seed
from vicourse.validation import argument_error, check_integer

tfd = tfp.distributions


def log_weights(target_log_prob_fn, surrogate_posterior, sample_shape, seed):
    """log w = log p(x, z) − log q(z) in nats at draws z from q; [*sample_shape, *batch]."""
    log_p, log_q = log_densities(target_log_prob_fn, surrogate_posterior, sample_shape, seed)
    return log_p - log_q


def log_densities(target_log_prob_fn, surrogate_posterior, sample_shape, seed):
    """(log p(x, z), log q(z)) in nats at reparameterized draws z; each [*sample_shape, *batch]."""
    check_distribution("surrogate_posterior", surrogate_posterior)
    z, log_q = surrogate_posterior.experimental_sample_and_log_prob(
        sample_shape, seed=as_seed(seed)
    )
    return evaluate("target_log_prob_fn", target_log_prob_fn, z, log_q.shape, log_q.dtype), log_q


def fixed_draws(surrogate_posterior, sample_shape, seed):
    """Draws z that count as constants when a gradient is taken."""
    check_distribution("surrogate_posterior", surrogate_posterior)
    z = surrogate_posterior.sample(sample_shape, seed=as_seed(seed))
    return tf.nest.map_structure(tf.stop_gradient, z)


def evaluate(name, function, z, shape, dtype):
    """function(z), checked: one log density for each draw and each member of q's batch."""
    if not callable(function):
        raise argument_error(name, function, "a function of z", kind=TypeError)
    values = function(z)
    try:
        values = tf.convert_to_tensor(values)
    except (TypeError, ValueError):  # TensorFlow does not know whose value it was
        wanted = "a function that returns a tensor of log densities"
        raise argument_error(name, values, wanted, kind=TypeError) from None
    if not values.shape.is_compatible_with(shape):
        # Broadcasting would hide this, and count log q once for each latent or each datum.
        raise ValueError(
            f"`{name}`: wanted values of shape {tuple(shape)} (draws, then the batch shape of "
            f"`surrogate_posterior`), got {tuple(values.shape)}. Sum over the event, and if the "
            "latents are one event, wrap the surrogate posterior in `tfd.Independent`."
        )
    if values.dtype != dtype:
        raise TypeError(
            f"`{name}`: wanted {dtype.name} as from `surrogate_posterior`, got "
            f"{values.dtype.name}. Build both from numbers of one dtype."
        )
    if tf.executing_eagerly():  # inside a graph values cannot be seen; `estimate` refuses them
        _check_not_nan(name, values)
    return values


def _check_not_nan(name, values):
    bad = int(tf.math.count_nonzero(tf.math.is_nan(values)))
    if bad:
        raise ValueError(
            f"`{name}`: {bad} of its {tf.size(values)} values are NaN. A parameter of the "
            "distribution that z is drawn from is probably NaN, or a draw lies outside the support."
        )


def log_mean_exp(values, axis):
    """log of the mean of exp(values) along an axis, without overflow."""
    return tf.reduce_logsumexp(values, axis=axis) - math.log(values.shape[axis])


def check_counts(**counts):
    """Sample counts as integers of at least 1, in the order given."""
    return [check_integer(name, count, minimum=1) for name, count in counts.items()]


def check_distribution(name, dist):
    if not isinstance(dist, tfd.Distribution):
        raise argument_error(name, dist, "a TFP distribution", kind=TypeError)
