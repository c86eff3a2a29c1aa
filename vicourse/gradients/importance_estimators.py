"""Three estimators of the gradient of the importance-weighted bound with K weights,

    L_K = E[log 1/K Σ_k w_k],  w_k = p(x, z_k) / q(z_k),  z_1 … z_K from q.

They return what `pathwise_estimators` returns; each of the `num_samples` values uses K draws of its
own. `log_w` has the shape [K, num_samples, *batch].
"""

import math

import tensorflow as tf

from vicourse.gradients.pieces import check_reparameterized, log_ratio, score_only, stop
from vicourse.validation import argument_error


def iwae(target_log_prob_fn, surrogate_posterior, num_samples, seed, *, num_importance_samples):
    """The reparameterization gradient of the importance-weighted bound.

        ∇L_K = E[Σ_k w̃_k ∇ log w_k],  w̃_k = w_k / Σ_j w_j

    The tape finds the normalised weights w̃_k as the derivative of log Σ exp. The more draws the
    bound uses, the smaller this gradient's signal-to-noise ratio (Rainforth et al. 2018).

    Source: Burda, Grosse and Salakhutdinov (2016), Importance weighted autoencoders, eq. 13.
    Chapter: deep/better_bounds
    """
    log_w, _ = _log_weights(
        target_log_prob_fn, surrogate_posterior, num_samples, seed, num_importance_samples
    )
    values = _log_mean_exp(log_w)
    return values, tf.reduce_mean(values, axis=0)


def dreg(target_log_prob_fn, surrogate_posterior, num_samples, seed, *, num_importance_samples):
    """The doubly reparameterized gradient of the importance-weighted bound.

        ∇L_K = E[Σ_k w̃_k² ∂ log w_k/∂z_k · ∂z_k/∂φ]

    The score term that is left in the `iwae` gradient does not have mean zero, because w̃_k depends
    on z_k. Reparameterizing it a second time turns Σ w̃_k into Σ w̃_k². No noise where q equals
    the posterior; elsewhere it is not always the quieter of the two.

    Source: Tucker, Lawson, Gu and Maddison (2019), Doubly reparameterized gradient estimators for
        Monte Carlo objectives.
    Chapter: deep/better_bounds
    """
    log_w, z = _log_weights(
        target_log_prob_fn, surrogate_posterior, num_samples, seed, num_importance_samples
    )
    weights = stop(tf.nn.softmax(log_w, axis=0))
    path = log_w + score_only(surrogate_posterior, z)
    surrogate = tf.reduce_sum(weights**2 * path, axis=0)
    return _log_mean_exp(log_w), tf.reduce_mean(surrogate, axis=0)


def vimco(target_log_prob_fn, surrogate_posterior, num_samples, seed, *, num_importance_samples):
    """VIMCO: the score-function gradient of the importance-weighted bound, with local baselines.

        ∇L_K = E[Σ_k (L̂ − L̂_{−k}) ∇ log q(z_k) − Σ_k w̃_k ∇ log q(z_k)],  L̂ = log 1/K Σ_k w_k,
        L̂_{−k} = L̂ with w_k replaced by the geometric mean of the other K − 1 weights

    For any q, also over discrete latents. Without a baseline all K scores would be weighted by the
    same L̂; L̂ − L̂_{−k} is what the draw k itself did for the bound. L̂_{−k} does not depend on
    z_k: no bias.

    Args:
        num_importance_samples: K, at least 2.

    Source: Mnih and Rezende (2016), Variational inference for Monte Carlo objectives.
    Chapter: deep/better_bounds
    """
    if num_importance_samples < 2:
        raise argument_error(
            "num_importance_samples",
            num_importance_samples,
            "at least 2: the baseline comes from the other weights",
            "With one weight the bound is the ELBO; take 'score_function_loo'.",
        )
    # The draws are held fixed, as in `score_function`: q may be discrete.
    z = stop(surrogate_posterior.sample([num_importance_samples, num_samples], seed=seed))
    log_w, log_q = log_ratio(target_log_prob_fn, surrogate_posterior, z)
    values = _log_mean_exp(log_w)
    signal = values - _leave_one_out(log_w)
    # `values` outside `stop`: its derivative is −Σ_k w̃_k ∇ log q(z_k), through the weights.
    surrogate = tf.reduce_sum(stop(signal) * log_q, axis=0) + values
    return values, tf.reduce_mean(surrogate, axis=0)


def _leave_one_out(log_w):
    """L̂_{−k} for each k, [K, num_samples, *batch]."""
    num = log_w.shape[0]
    # own[k, j] is true for j = k; the two leading axes are k, the one left out, and j.
    own = tf.reshape(tf.eye(num, dtype=tf.bool), [num, num] + [1] * (log_w.shape.rank - 1))
    nothing = tf.zeros([], log_w.dtype)
    log_mean = tf.reduce_sum(tf.where(own, nothing, log_w[tf.newaxis]), axis=1) / (num - 1)
    replaced = tf.where(own, log_mean[:, tf.newaxis], log_w[tf.newaxis])
    return tf.reduce_logsumexp(replaced, axis=1) - math.log(num)


def _log_weights(target_log_prob_fn, surrogate_posterior, num_samples, seed, num_importance):
    check_reparameterized(surrogate_posterior)
    z = surrogate_posterior.sample([num_importance, num_samples], seed=seed)
    log_w, _ = log_ratio(target_log_prob_fn, surrogate_posterior, z)
    return log_w, z


def _log_mean_exp(log_w):
    return tf.reduce_logsumexp(log_w, axis=0) - math.log(log_w.shape[0])
