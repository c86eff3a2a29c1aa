"""The forward KL from the posterior to q, by self-normalised importance weights."""

import tensorflow as tf

from vicourse.objectives.draws import check_counts, evaluate, fixed_draws, log_mean_exp


def forward_kl_objective(
    target_log_prob_fn, surrogate_posterior, *, num_importance_samples, num_samples, seed
):
    """An estimate of KL(p(z | x) ‖ q), to be made small over q.

        KL(p(z | x) ‖ q) = E_p(z|x)[log w] − log p(x)
        estimated by Σ_k w̃_k log w_k − log 1/K Σ_k w_k,  w̃_k = w_k/Σ_j w_j,  z_k from q

    The gradient is −Σ_k w̃_k ∇ log q(z_k), with draws and weights held fixed: the expectation is
    under the posterior, which does not depend on q. Value and gradient are biased for finite K;
    both biases vanish as K grows. No value can exceed log K, however large the KL is.

    Args:
        target_log_prob_fn: z → log p(x, z) in nats, [num_samples, K, *batch].
        surrogate_posterior: q, a TFP distribution; its draws need not be reparameterized.
        num_importance_samples: K, at least 2.
        num_samples: independent repeats of the K draws, at least 1.
        seed: an integer, or two.

    Returns:
        Values [num_samples, *batch] in nats, none negative. Differentiable in q alone.

    Raises:
        ValueError, TypeError: as for `elbo`.

    Source: Bornschein and Bengio (2015), Reweighted wake-sleep (the wake-phase update of q).
    Chapter: deep/better_bounds
    """
    shape = check_counts(num_samples=num_samples, num_importance_samples=num_importance_samples)
    if num_importance_samples < 2:
        raise ValueError(
            "`num_importance_samples`: wanted at least 2: a single weight is always 1."
        )
    z = fixed_draws(surrogate_posterior, shape, seed)
    log_q = surrogate_posterior.log_prob(z)
    log_p = evaluate("target_log_prob_fn", target_log_prob_fn, z, log_q.shape, log_q.dtype)
    log_w = tf.stop_gradient(log_p - log_q)
    weights = tf.nn.softmax(log_w, axis=1)
    log_posterior = tf.stop_gradient(log_p) - log_mean_exp(log_w, axis=1)[:, tf.newaxis]
    return tf.reduce_sum(weights * (log_posterior - log_q), axis=1)
