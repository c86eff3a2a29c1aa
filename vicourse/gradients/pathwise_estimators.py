"""Pathwise estimators of the gradient of the ELBO, E_q[log p(x, z) − log q(z)], for q = q_φ.

They differentiate log p, and move each draw with φ. Each returns `values` [num_samples, *batch],
whose mean estimates the ELBO, and `surrogate` [*batch], whose gradient with respect to φ estimates
the gradient of the ELBO. What is inside `stop` counts as a constant when the surrogate is
differentiated.
"""

import tensorflow as tf
import tensorflow_probability as tfp

from vicourse.gradients.pieces import (
    check_reparameterized,
    factor,
    is_reparameterized,
    log_ratio,
    score_only,
    stop,
)
from vicourse.objectives.draws import check_distribution
from vicourse.validation import argument_error

tfd = tfp.distributions


def reparameterization(target_log_prob_fn, surrogate_posterior, num_samples, seed):
    """The reparameterization (pathwise) estimator: differentiate through the draw.

        z = g_φ(ε),  ∇ELBO = E_ε[∇ (log p(x, g_φ(ε)) − log q_φ(g_φ(ε)))]

    No `stop`: φ acts through the draw and through the density of q.

    Source: Kingma and Welling (2014), Auto-encoding variational Bayes, eq. 6.
    Chapter: algorithms/gradient_estimators
    """
    check_reparameterized(surrogate_posterior)
    z = surrogate_posterior.sample(num_samples, seed=seed)
    values, _ = log_ratio(target_log_prob_fn, surrogate_posterior, z)
    return values, tf.reduce_mean(values, axis=0)


def sticking_the_landing(target_log_prob_fn, surrogate_posterior, num_samples, seed):
    """Reparameterization without the score term: no noise where q equals the posterior.

        ∇ELBO = E_ε[∂/∂z (log p(x, z) − log q(z)) · ∂g_φ(ε)/∂φ]

    The total derivative of log q_φ(g_φ(ε)) has two parts, along the path of z and directly through
    φ. The second is the score ∇ log q, of mean zero; dropping it leaves the mean as it was. At
    q = p(z | x) the rest is exactly zero for every draw. Far from there the score term can be
    useful, and dropping it can add noise.

    Source: Roeder, Wu and Duvenaud (2017), Sticking the landing: simple, lower-variance gradient
        estimators for variational inference.
    Chapter: algorithms/gradient_estimators
    """
    check_reparameterized(surrogate_posterior)
    z = surrogate_posterior.sample(num_samples, seed=seed)
    values, _ = log_ratio(target_log_prob_fn, surrogate_posterior, z)
    return values, tf.reduce_mean(values + score_only(surrogate_posterior, z), axis=0)


def implicit(target_log_prob_fn, surrogate_posterior, num_samples, seed):
    """Implicit reparameterization: the path of a draw from the distribution function F alone.

        F_φ(z) = u held fixed  ⇒  dz/dφ = −(∂F_φ(z)/∂φ) / q_φ(z)

    and then as in `reparameterization`. Neither a sampler that can be differentiated nor the
    inverse of F is needed: a Gamma, Beta or von Mises works, and so does a mixture, whose weights
    too get a gradient. (TFP's own Gamma, Beta and von Mises draws carry the same gradient.)

    q must be continuous with scalar latents, or a `tfd.Independent` of such factors. Where TFP has
    no `cdf` for it, TFP's NotImplementedError says so.

    Source: Figurnov, Mohamed and Mnih (2018), Implicit reparameterization gradients.
    Chapter: algorithms/gradient_estimators
    """
    one = _scalar_continuous_factor(surrogate_posterior)
    # The sampler may be anything: whatever gradient it has is not used.
    z = stop(surrogate_posterior.sample(num_samples, seed=seed))
    cdf = one.cdf(z)
    # The difference is zero and stays zero in value; its derivative is ∂F/∂φ, as z is fixed.
    z -= (cdf - stop(cdf)) / stop(one.prob(z))
    values, _ = log_ratio(target_log_prob_fn, surrogate_posterior, z)
    return values, tf.reduce_mean(values, axis=0)


def _scalar_continuous_factor(surrogate_posterior):
    check_distribution("surrogate_posterior", surrogate_posterior)
    one = factor(surrogate_posterior)
    mixture = isinstance(one, tfd.MixtureSameFamily)
    # The draws of TFP's discrete distributions are never reparameterized, and their F has steps.
    continuous = is_reparameterized(one.components_distribution if mixture else one)
    # A joint distribution has a structure of event shapes.
    scalar = one.event_shape == tf.TensorShape([])
    if not (continuous and scalar):
        raise argument_error(
            "surrogate_posterior",
            surrogate_posterior,
            "a continuous distribution of scalar latents, or a `tfd.Independent` of one",
            "Take 'reparameterization' or 'score_function_loo' for this one.",
        )
    return one
