"""The evidence lower bound, in the two forms of the SGVB estimator."""

import tensorflow as tf
import tensorflow_probability as tfp

from vicourse.divergences import closed_kl  # noqa: F401 (more closed-form KL for `elbo_closed_kl`)
from vicourse.objectives.draws import check_counts, check_distribution, evaluate, log_weights
from vicourse.seeds import as_seed
from vicourse.validation import argument_error

tfd = tfp.distributions


def elbo(target_log_prob_fn, surrogate_posterior, *, num_samples, seed):
    """The ELBO, form A: everything by Monte Carlo.

        ELBO = E_q[log p(x, z) − log q(z)] = log p(x) − KL(q(z) ‖ p(z | x)) ≤ log p(x)

    Args:
        target_log_prob_fn: z → log p(x, z) in nats, [num_samples, *batch].
        surrogate_posterior: q, a TFP distribution; its batch shape is that of the result.
        num_samples: how many draws of z, at least 1.
        seed: an integer, or two.

    Returns:
        Values [num_samples, *batch] in nats; their mean over axis 0 is unbiased for the ELBO.

    Raises:
        ValueError, TypeError: a count below 1, shapes or dtypes that do not fit, no seed.

    Source: Kingma and Welling (2014), Auto-encoding variational Bayes, eq. 6.
    Chapter: foundations/elbo
    """
    check_counts(num_samples=num_samples)
    return log_weights(target_log_prob_fn, surrogate_posterior, [num_samples], seed)


def elbo_closed_kl(log_likelihood_fn, surrogate_posterior, prior, *, num_samples, seed):
    """The ELBO, form B: the KL to the prior in closed form, the rest by Monte Carlo.

        ELBO = E_q[log p(x | z)] − KL(q(z) ‖ p(z))

    Often, not always, of lower variance than form A.

    Args:
        log_likelihood_fn: z → log p(x | z) in nats, [num_samples, *batch].
        surrogate_posterior: q, a TFP distribution.
        prior: p(z), a TFP distribution with the event shape of q and a closed-form KL from it.
        num_samples, seed: as for `elbo`.

    Returns:
        Values [num_samples, *batch] in nats; their mean over axis 0 is unbiased for the ELBO.

    Raises:
        ValueError: also if no closed form is known.
        TypeError: as for `elbo`.

    Source: Kingma and Welling (2014), Auto-encoding variational Bayes, eq. 7.
    Chapter: foundations/elbo
    """
    log_likelihood, kl = likelihood_and_kl(
        log_likelihood_fn, surrogate_posterior, prior, num_samples, seed
    )
    return log_likelihood - kl


def likelihood_and_kl(log_likelihood_fn, surrogate_posterior, prior, num_samples, seed):
    """log p(x | z) at draws from q, [num_samples, *batch], and KL(q ‖ prior), [*batch]."""
    check_counts(num_samples=num_samples)
    kl = _closed_kl(surrogate_posterior, prior)
    z = surrogate_posterior.sample(num_samples, seed=as_seed(seed))
    shape = tf.TensorShape([num_samples]).concatenate(surrogate_posterior.batch_shape)
    return evaluate("log_likelihood_fn", log_likelihood_fn, z, shape, kl.dtype), kl


def _closed_kl(surrogate_posterior, prior):
    check_distribution("surrogate_posterior", surrogate_posterior)
    check_distribution("prior", prior)
    if surrogate_posterior.event_shape != prior.event_shape:
        wanted = f"the event shape of `surrogate_posterior`, {surrogate_posterior.event_shape}"
        raise argument_error("prior", prior, wanted)
    if surrogate_posterior.dtype != prior.dtype:
        wanted = f"the dtype of `surrogate_posterior`, {surrogate_posterior.dtype}"
        raise argument_error("prior", prior, wanted, "Build both from one dtype.", TypeError)
    try:
        kl = tfd.kl_divergence(surrogate_posterior, prior)
    except NotImplementedError:
        wanted = f"a prior with a closed-form KL from {type(surrogate_posterior).__name__}"
        raise argument_error("prior", prior, wanted, "Use `elbo`, which needs none.") from None
    if not kl.shape.is_compatible_with(surrogate_posterior.batch_shape):
        wanted = f"a batch shape that fits {surrogate_posterior.batch_shape}"
        raise argument_error("prior", prior, wanted)
    return kl
