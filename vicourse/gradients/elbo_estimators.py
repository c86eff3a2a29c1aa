"""Four estimators of the gradient of the ELBO, E_q[log p(x, z) − log q(z)], for q = q_φ.

Each returns `values` [num_samples], whose mean estimates the ELBO, and the scalar `surrogate`,
whose gradient with respect to φ estimates the gradient of the ELBO. What is inside `stop` counts
as a constant when the surrogate is differentiated.
"""

import tensorflow as tf
import tensorflow_probability as tfp

from vicourse.validation import argument_error

tfd = tfp.distributions


def score_function(target_log_prob_fn, surrogate_posterior, num_samples, seed):
    """The score-function estimator (REINFORCE): needs no gradient of log p.

        ∇ELBO = E_q[(log p(x, z) − log q(z)) ∇ log q(z)]

    Its values weight the score ∇ log q, whose own mean is zero; so it is unbiased for any q, also
    for discrete latents, and noisy.

    Source: Ranganath, Gerrish and Blei (2014), Black box variational inference, eq. 2.
    Chapter: algorithms/gradient_estimators
    """
    # The draws are held fixed: φ enters only through the probability of drawing them.
    z = stop(surrogate_posterior.sample(num_samples, seed=seed))
    log_q = surrogate_posterior.log_prob(z)
    values = target_log_prob_fn(z) - log_q
    # Without `stop` the product rule would add −log q ∇ log q, whose mean is not zero: a bias.
    return values, tf.reduce_mean(stop(values) * log_q)


def score_function_loo(target_log_prob_fn, surrogate_posterior, num_samples, seed):
    """The score function with a leave-one-out baseline.

        ∇ELBO = E[1/S Σ_s (f_s − b_s) ∇ log q(z_s)],  f = log p(x, z) − log q(z),
        b_s = mean of the other S − 1 values

    The baseline b_s does not depend on z_s, so that E[b_s ∇ log q(z_s)] = 0: no bias. A baseline
    with z_s in it would have shrunk the gradient by the factor (S − 1)/S.

    Source: Mnih and Rezende (2016), Variational inference for Monte Carlo objectives, section 2.5;
        Kool, van Hoof and Welling (2019), Buy 4 REINFORCE samples, get a baseline for free, eq. 8.
    Chapter: algorithms/gradient_estimators
    """
    if num_samples < 2:
        raise argument_error(
            "num_samples",
            num_samples,
            "at least 2 for a leave-one-out baseline",
            "With one draw there is no other; take 'score_function' or more draws.",
        )
    z = stop(surrogate_posterior.sample(num_samples, seed=seed))
    log_q = surrogate_posterior.log_prob(z)
    values = target_log_prob_fn(z) - log_q
    baseline = (tf.reduce_sum(values, axis=0) - values) / (num_samples - 1)
    return values, tf.reduce_mean(stop(values - baseline) * log_q)


def reparameterization(target_log_prob_fn, surrogate_posterior, num_samples, seed):
    """The reparameterization (pathwise) estimator: differentiate through the draw.

        z = g_φ(ε),  ∇ELBO = E_ε[∇ (log p(x, g_φ(ε)) − log q_φ(g_φ(ε)))]

    No `stop`: φ acts through the draw and through the density of q.

    Source: Kingma and Welling (2014), Auto-encoding variational Bayes, eq. 6.
    Chapter: algorithms/gradient_estimators
    """
    check_reparameterized(surrogate_posterior)
    z = surrogate_posterior.sample(num_samples, seed=seed)
    values = target_log_prob_fn(z) - surrogate_posterior.log_prob(z)
    return values, tf.reduce_mean(values)


def sticking_the_landing(target_log_prob_fn, surrogate_posterior, num_samples, seed):
    """Reparameterization without the score term: no noise where q equals the posterior.

        ∇ELBO = E_ε[∂/∂z (log p(x, z) − log q(z)) · ∂g_φ(ε)/∂φ]

    The total derivative of log q_φ(g_φ(ε)) has two parts, along the path of z and directly through
    φ. The second is the score ∇ log q, of mean zero; dropping it leaves the mean as it was. At
    q = p(z | x) the rest is exactly zero for every draw. Far from there the score term can be
    useful, and dropping it can add noise.

    Source: Roeder, Wu and Duvenaud (2017), Sticking the landing, eq. 8.
    Chapter: algorithms/gradient_estimators
    """
    check_reparameterized(surrogate_posterior)
    z = surrogate_posterior.sample(num_samples, seed=seed)
    values = target_log_prob_fn(z) - surrogate_posterior.log_prob(z)
    return values, tf.reduce_mean(values + score_only(surrogate_posterior, z))


def score_only(surrogate_posterior, z):
    """log q(z) with the draw held fixed: its gradient is the score, and nothing along the path.

    Added to a surrogate that holds −log q(z), it takes the score term out.
    """
    return surrogate_posterior.log_prob(stop(z))


def stop(values):
    """`tf.stop_gradient` for a tensor or a structure of tensors."""
    return tf.nest.map_structure(tf.stop_gradient, values)


def check_reparameterized(surrogate_posterior):
    """An error unless gradients flow through q's draws; otherwise they would be silently wrong."""
    kinds = tf.nest.flatten(surrogate_posterior.reparameterization_type)
    if any(kind is not tfd.FULLY_REPARAMETERIZED for kind in kinds):
        raise argument_error(
            "surrogate_posterior",
            surrogate_posterior,
            "a distribution whose draws can be differentiated",
            "Take 'score_function_loo' for this one.",
        )
