"""The χ upper bound on the evidence."""

from vicourse.objectives.draws import check_counts, log_mean_exp, log_weights
from vicourse.validation import check_number


def chi_upper_bound(
    target_log_prob_fn, surrogate_posterior, *, n=2.0, num_importance_samples, num_samples, seed
):
    """The χ upper bound (CUBO) of order n, by K weights.

        CUBO_n = 1/n log E_q[w^n] ≥ log p(x),  w = p(x, z)/q(z)
        estimated by 1/n log 1/K Σ_k w_k^n

    The estimate is biased: by Jensen's inequality its mean is below CUBO_n, and for small K, or
    where q misses mass of the posterior, below log p(x) too. Only for large K is it an upper bound
    in practice, and no sample tells that K was large enough.

    Args:
        target_log_prob_fn: z → log p(x, z) in nats, [num_samples, K, *batch].
        surrogate_posterior: q, a TFP distribution.
        n: the order, at least 1; CUBO_n grows with n. n = 2 belongs to the χ² divergence.
        num_importance_samples: K, at least 1.
        num_samples: independent repeats of the K draws, at least 1.
        seed: an integer, or two.

    Returns:
        Values [num_samples, *batch] in nats.

    Raises:
        ValueError, TypeError: n below 1; else as for `elbo`.

    Source: Dieng, Tran, Ranganath, Paisley and Blei (2017), Variational inference via χ upper bound
        minimization.
    Chapter: deep/better_bounds
    """
    n = check_number("n", n, minimum=1.0)
    shape = check_counts(num_samples=num_samples, num_importance_samples=num_importance_samples)
    log_w = log_weights(target_log_prob_fn, surrogate_posterior, shape, seed)
    return log_mean_exp(n * log_w, axis=1) / n
