"""The variational Rényi bound."""

import tensorflow as tf

from vicourse.objectives.draws import check_counts, log_mean_exp, log_weights
from vicourse.validation import check_number


def renyi_bound(
    target_log_prob_fn, surrogate_posterior, *, alpha, num_importance_samples, num_samples, seed
):
    """The variational Rényi bound of order α, by K weights.

        L_α = log p(x) − D_α(q ‖ p(z | x)) = 1/(1 − α) log E_q[w^(1−α)],  w = p(x, z)/q(z)
        estimated by 1/(1 − α) log 1/K Σ_k w_k^(1−α)

    α = 1 gives the ELBO, α = 0 the importance-weighted bound. The bound falls as α grows. For
    finite K the mean of the values is not L_α: it is below it for α < 1, above it for α > 1, and
    tends to it as K grows. For every α ≥ 0 and every K that mean is at most log p(x).

    Args:
        target_log_prob_fn: z → log p(x, z) in nats, [num_samples, K, *batch].
        surrogate_posterior: q, a TFP distribution.
        alpha: the order, at least 0; for upper bounds see `chi_upper_bound`.
        num_importance_samples: K, at least 1.
        num_samples: independent repeats of the K draws, at least 1.
        seed: an integer, or two.

    Returns:
        Values [num_samples, *batch] in nats.

    Raises:
        ValueError, TypeError: a negative alpha; else as for `elbo`.

    Source: Li and Turner (2016), Rényi divergence variational inference.
    Chapter: deep/better_bounds
    """
    alpha = check_number("alpha", alpha, minimum=0.0)
    shape = check_counts(num_samples=num_samples, num_importance_samples=num_importance_samples)
    log_w = log_weights(target_log_prob_fn, surrogate_posterior, shape, seed)
    if alpha == 1:
        return tf.reduce_mean(log_w, axis=1)
    return log_mean_exp((1 - alpha) * log_w, axis=1) / (1 - alpha)
