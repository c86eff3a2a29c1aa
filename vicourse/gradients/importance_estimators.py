"""Two estimators of the gradient of the importance-weighted bound with K weights,

    L_K = E[log 1/K Σ_k w_k],  w_k = p(x, z_k) / q(z_k),  z_1 … z_K from q.

They return what `elbo_estimators` returns; each of the `num_samples` values uses K draws of its
own. `log_w` has the shape [K, num_samples].
"""

import math

import tensorflow as tf

from vicourse.gradients.elbo_estimators import check_reparameterized, score_only, stop


def iwae(target_log_prob_fn, surrogate_posterior, num_samples, seed, num_importance_samples):
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
    return values, tf.reduce_mean(values)


def dreg(target_log_prob_fn, surrogate_posterior, num_samples, seed, num_importance_samples):
    """The doubly reparameterized gradient of the importance-weighted bound.

        ∇L_K = E[Σ_k w̃_k² ∂ log w_k/∂z_k · ∂z_k/∂φ]

    The score term that is left in the `iwae` gradient does not have mean zero, because w̃_k depends
    on z_k. Reparameterizing it a second time turns Σ w̃_k into Σ w̃_k². No noise where q equals
    the posterior; elsewhere it is not always the quieter of the two.

    Source: Tucker, Lawson, Gu and Maddison (2019), Doubly reparameterized gradient estimators for
        Monte Carlo objectives, eq. 8.
    Chapter: deep/better_bounds
    """
    log_w, z = _log_weights(
        target_log_prob_fn, surrogate_posterior, num_samples, seed, num_importance_samples
    )
    weights = stop(tf.nn.softmax(log_w, axis=0))
    path = log_w + score_only(surrogate_posterior, z)
    return _log_mean_exp(log_w), tf.reduce_mean(tf.reduce_sum(weights**2 * path, axis=0))


def _log_weights(target_log_prob_fn, surrogate_posterior, num_samples, seed, num_importance):
    check_reparameterized(surrogate_posterior)
    z = surrogate_posterior.sample([num_importance, num_samples], seed=seed)
    return target_log_prob_fn(z) - surrogate_posterior.log_prob(z), z


def _log_mean_exp(log_w):
    return tf.reduce_logsumexp(log_w, axis=0) - math.log(log_w.shape[0])
