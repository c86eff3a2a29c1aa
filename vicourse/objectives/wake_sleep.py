"""The objectives of wake-sleep and reweighted wake-sleep; each is to be made *large*.

θ are the parameters of the model p, φ those of q. Wake: draw z from q(z | x) for real data x.
Sleep: draw (x, z) from the model. Wake-sleep alternates `wake_theta` with K = 1 and `sleep_phi`;
reweighted wake-sleep takes K > 1, and `wake_phi` instead of, or beside, `sleep_phi`. There is no
single function that all three climb.
"""

import tensorflow as tf

from vicourse.objectives.draws import (
    check_counts,
    check_distribution,
    evaluate,
    fixed_draws,
    log_mean_exp,
)
from vicourse.objectives.forward_kl import forward_kl_objective
from vicourse.seeds import as_seed
from vicourse.validation import argument_error


def wake_theta(
    target_log_prob_fn, surrogate_posterior, *, num_importance_samples=1, num_samples, seed
):
    """Wake phase for the model: the importance-weighted bound with q held fixed.

        log 1/K Σ_k w_k,  gradient Σ_k w̃_k ∇_θ log p(x, z_k),  z_k from q, w̃_k = w_k/Σ_j w_j

    With K = 1 its value is the ELBO's and its gradient ∇_θ log p(x, z).

    Args, Returns, Raises: as for `importance_weighted_bound`; differentiable in θ alone.

    Source: Hinton, Dayan, Frey and Neal (1995), The wake-sleep algorithm (K = 1); Bornschein and
        Bengio (2015), Reweighted wake-sleep.
    Chapter: deep/beyond_vae
    """
    shape = check_counts(num_samples=num_samples, num_importance_samples=num_importance_samples)
    z = fixed_draws(surrogate_posterior, shape, seed)
    log_q = tf.stop_gradient(surrogate_posterior.log_prob(z))
    log_p = evaluate("target_log_prob_fn", target_log_prob_fn, z, log_q.shape, log_q.dtype)
    return log_mean_exp(log_p - log_q, axis=1)


def wake_phi(target_log_prob_fn, surrogate_posterior, *, num_importance_samples, num_samples, seed):
    """Wake phase for q: minus `forward_kl_objective`, with gradient Σ_k w̃_k ∇_φ log q(z_k | x).

    Args, Returns, Raises: as for `forward_kl_objective`; no value is positive.

    Source: Bornschein and Bengio (2015), Reweighted wake-sleep.
    Chapter: deep/beyond_vae
    """
    return -forward_kl_objective(
        target_log_prob_fn,
        surrogate_posterior,
        num_importance_samples=num_importance_samples,
        num_samples=num_samples,
        seed=seed,
    )


def sleep_phi(sample_joint_fn, surrogate_posterior_fn, *, num_samples, seed):
    """Sleep phase for q: how well q recognises the z behind dreamt data.

        E_p(x, z)[log q(z | x)] = −E_p(x)[KL(p(z | x) ‖ q(z | x))] + a constant in φ

    The right direction of KL for a mean, under data that the model dreams: these may look nothing
    like the real ones.

    Args:
        sample_joint_fn: (num_samples, seed) → (z, x), ancestral draws from p(x, z), each with
            num_samples along axis 0.
        surrogate_posterior_fn: x → q(z | x), a TFP distribution of batch shape [num_samples].
        num_samples: how many pairs, at least 1.
        seed: an integer, or two.

    Returns:
        Values [num_samples] in nats; their mean is unbiased. Differentiable in φ alone.

    Raises:
        ValueError, TypeError: as for `elbo`.

    Source: Hinton, Dayan, Frey and Neal (1995), The wake-sleep algorithm for unsupervised neural
        networks.
    Chapter: deep/beyond_vae
    """
    check_counts(num_samples=num_samples)
    for name, function in (
        ("sample_joint_fn", sample_joint_fn),
        ("surrogate_posterior_fn", surrogate_posterior_fn),
    ):
        if not callable(function):
            raise argument_error(name, function, "a function", kind=TypeError)
    dreams = sample_joint_fn(num_samples, as_seed(seed))
    if not isinstance(dreams, tuple | list) or len(dreams) != 2:
        wanted = "a function that returns a pair (z, x)"
        raise argument_error("sample_joint_fn", dreams, wanted, kind=TypeError)
    # Dreams are data: θ does not learn from them.
    z, x = tf.nest.map_structure(tf.stop_gradient, tuple(dreams))
    surrogate_posterior = surrogate_posterior_fn(x)
    check_distribution("surrogate_posterior_fn", surrogate_posterior)
    log_q = surrogate_posterior.log_prob(z)
    if not log_q.shape.is_compatible_with([num_samples]):
        wanted = f"log q(z | x) of shape ({num_samples},), one for each pair"
        remedy = "Wrap the distribution in `tfd.Independent` so that each z is one event."
        raise ValueError(f"`surrogate_posterior_fn`: wanted {wanted}, got {log_q.shape}. {remedy}")
    return log_q
