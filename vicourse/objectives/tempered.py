"""Objectives with a weight in them. None of them is the ELBO unless the weight is 1.

Report them under their own names, never as "the ELBO" and never as a log-likelihood.
"""

import tensorflow as tf

from vicourse.objectives.draws import check_counts, log_densities
from vicourse.objectives.elbo import likelihood_and_kl
from vicourse.validation import argument_error, check_number


def beta_objective(log_likelihood_fn, surrogate_posterior, prior, *, beta, num_samples, seed):
    """The β-VAE objective: NOT the ELBO unless β = 1.

        E_q[log p(x | z)] − β KL(q(z) ‖ p(z))

    For β > 1 it is below the ELBO, and so a looser bound on log p(x); for β < 1 it is above the
    ELBO and bounds nothing. Its best q is proportional to p(z) p(x | z)^(1/β).

    Args:
        log_likelihood_fn, surrogate_posterior, prior, num_samples, seed: as for `elbo_closed_kl`.
        beta: at least 0; a scalar tensor (not checked) for a schedule inside `tf.function`.

    Returns:
        Values [num_samples, *batch] in nats.

    Raises:
        ValueError, TypeError: a negative beta; else as for `elbo_closed_kl`.

    Source: Higgins et al. (2017), β-VAE: learning basic visual concepts with a constrained
        variational framework.
    Chapter: deep/beyond_vae
    """
    log_likelihood, kl = likelihood_and_kl(
        log_likelihood_fn, surrogate_posterior, prior, num_samples, seed
    )
    return log_likelihood - _check_weight("beta", beta, kl.dtype, minimum=0.0) * kl


def annealed_objective(target_log_prob_fn, surrogate_posterior, *, temperature, num_samples, seed):
    """The ELBO with its entropy weighted by a temperature T: NOT the ELBO unless T = 1.

        E_q[log p(x, z)] + T H[q] = E_q[log p(x, z) − T log q(z)]

    Its best q is proportional to p(x, z)^(1/T): T > 1 flattens the posterior, which helps an
    optimizer over bumps on the way to T = 1; T → 0 finds the mode.

    Args:
        target_log_prob_fn, surrogate_posterior, num_samples, seed: as for `elbo`.
        temperature: T, above 0; a scalar tensor (not checked) for a schedule in `tf.function`.

    Returns:
        Values [num_samples, *batch] in nats.

    Raises:
        ValueError, TypeError: a temperature that is not positive; else as for `elbo`.

    Source: Katahira, Watanabe and Okada (2008), Deterministic annealing variant of variational
        Bayes method.
    Chapter: algorithms/richer_posteriors
    """
    check_counts(num_samples=num_samples)
    log_p, log_q = log_densities(target_log_prob_fn, surrogate_posterior, [num_samples], seed)
    return log_p - _check_weight("temperature", temperature, log_q.dtype, above=0.0) * log_q


def _check_weight(name, weight, dtype, **bounds):
    """A number within the bounds, or a scalar tensor of the dtype, whose value is not checked."""
    if not tf.is_tensor(weight):
        return check_number(name, weight, **bounds)
    if weight.shape != [] or weight.dtype != dtype:
        wanted = f"a number, or a scalar tensor of dtype {dtype.name}"
        raise argument_error(name, weight, wanted, kind=TypeError)
    return weight
