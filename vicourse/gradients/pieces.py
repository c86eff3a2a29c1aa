"""What the estimators share: where gradients stop, log weights, whether q fits the estimator."""

import tensorflow as tf
import tensorflow_probability as tfp

from vicourse.objectives.draws import check_distribution, evaluate
from vicourse.validation import argument_error

tfd = tfp.distributions


def stop(values):
    """`tf.stop_gradient` for a tensor or a structure of tensors."""
    return tf.nest.map_structure(tf.stop_gradient, values)


def log_ratio(target_log_prob_fn, surrogate_posterior, z):
    """log p(x, z) − log q(z), and log q(z), in nats; each [*sample_shape, *batch]."""
    log_q = surrogate_posterior.log_prob(z)
    log_p = evaluate("target_log_prob_fn", target_log_prob_fn, z, log_q.shape, log_q.dtype)
    return log_p - log_q, log_q


def score_only(surrogate_posterior, z):
    """log q(z) with the draw held fixed: its gradient is the score, and nothing along the path.

    Added to a surrogate that holds −log q(z), it takes the score term out.
    """
    return surrogate_posterior.log_prob(stop(z))


def factor(surrogate_posterior):
    """The distribution of one factor: inside `tfd.Independent` if q is one, else q itself."""
    if isinstance(surrogate_posterior, tfd.Independent):
        return surrogate_posterior.distribution
    return surrogate_posterior


def is_reparameterized(distribution):
    """Whether TFP lets gradients flow through all of the distribution's draws."""
    kinds = tf.nest.flatten(distribution.reparameterization_type)
    return all(kind is tfd.FULLY_REPARAMETERIZED for kind in kinds)


def check_reparameterized(surrogate_posterior):
    """An error unless gradients flow through q's draws; otherwise they would be silently wrong."""
    check_distribution("surrogate_posterior", surrogate_posterior)
    if not is_reparameterized(surrogate_posterior):
        raise argument_error(
            "surrogate_posterior",
            surrogate_posterior,
            "a distribution whose draws can be differentiated",
            "Take 'score_function_loo' for this one.",
        )
    base = surrogate_posterior
    while hasattr(base, "distribution"):
        base = base.distribution
    if isinstance(base, tfd.TruncatedNormal):
        # TensorFlow 2.20 moves a draw as loc + scale·ε with ε fixed, which drops the part that
        # keeps it between the bounds: dz/dloc = 1 for every draw.
        raise argument_error(
            "surrogate_posterior",
            surrogate_posterior,
            "a distribution whose draws TFP differentiates rightly",
            "For a truncated Normal take 'implicit'.",
        )
