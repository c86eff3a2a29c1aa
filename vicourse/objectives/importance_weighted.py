"""The importance-weighted bound."""

from vicourse.objectives.draws import check_counts, log_mean_exp, log_weights


def importance_weighted_bound(
    target_log_prob_fn, surrogate_posterior, *, num_importance_samples, num_samples, seed
):
    """The importance-weighted bound L_K.

        L_K = E[log 1/K Σ_k w_k] ≤ log p(x),  w_k = p(x, z_k)/q(z_k),  z_1 … z_K from q

    L_1 is the ELBO, L_K grows with K, and tends to log p(x) where the weights are bounded. It is
    not the ELBO for K > 1: do not compare bounds of different K.

    Args:
        target_log_prob_fn: z → log p(x, z) in nats, [num_samples, K, *batch].
        surrogate_posterior: q, a TFP distribution.
        num_importance_samples: K, draws inside the logarithm, at least 1.
        num_samples: independent repeats of the K draws, at least 1.
        seed: an integer, or two.

    Returns:
        Values [num_samples, *batch] in nats; their mean over axis 0 is unbiased for L_K.

    Raises:
        ValueError, TypeError: as for `elbo`.

    Source: Burda, Grosse and Salakhutdinov (2016), Importance weighted autoencoders.
    Chapter: deep/better_bounds
    """
    shape = check_counts(num_samples=num_samples, num_importance_samples=num_importance_samples)
    return log_mean_exp(log_weights(target_log_prob_fn, surrogate_posterior, shape, seed), axis=1)
