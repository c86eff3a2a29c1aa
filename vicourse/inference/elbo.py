"""The ELBO of a fitted posterior, from fresh draws."""

import tensorflow_probability as tfp

from vicourse.estimate import estimate
from vicourse.objectives import elbo
from vicourse.seeds import as_seed

tfd = tfp.distributions


def on_real_space(model, posterior):
    """The pair (target log density, q) on R^dim where q was built there, else on the latents.

    Both pairs have the same ELBO: the Jacobian of T stands in both densities and cancels. On R^dim
    no draw is rounded onto the border of the support, where log p would be infinite.
    """
    if isinstance(posterior, tfd.TransformedDistribution) and (
        posterior.bijector is model.flat_bijector
    ):
        return model.unconstrained_log_joint, posterior.distribution
    return model.log_joint, posterior


def elbo_estimate(model, posterior, num_samples, seed):
    """E_q[log p(x, z) − log q(z)] in nats, an `Estimate`."""
    target_log_prob_fn, q = on_real_space(model, posterior)
    # Not compiled: that would take longer than the one call that is wanted.
    return estimate(elbo(target_log_prob_fn, q, num_samples=num_samples, seed=as_seed(seed)))
