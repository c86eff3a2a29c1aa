"""Score-function estimators of the gradient of the ELBO, E_q[log p(x, z) − log q(z)], for q = q_φ.

They ask for no gradient of log p and take any q, also a discrete one, as long as its support does
not depend on φ. Each returns `values` [num_samples, *batch], whose mean estimates the ELBO, and
`surrogate` [*batch], whose gradient with respect to φ estimates the gradient of the ELBO. What is
inside `stop` counts as a constant when the surrogate is differentiated.
"""

import tensorflow as tf
import tensorflow_probability as tfp

from vicourse.gradients.pieces import log_ratio, stop
from vicourse.validation import argument_error

tfd = tfp.distributions


def score_function(target_log_prob_fn, surrogate_posterior, num_samples, seed):
    """The score-function estimator (REINFORCE): needs no gradient of log p.

        ∇ELBO = E_q[(log p(x, z) − log q(z)) ∇ log q(z)]

    Its values weight the score ∇ log q, whose own mean is zero; so it is unbiased for any q, also
    for discrete latents, and noisy.

    Source: Ranganath, Gerrish and Blei (2014), Black box variational inference.
    Chapter: algorithms/gradient_estimators
    """
    # The draws are held fixed: φ enters only through the probability of drawing them.
    z = stop(surrogate_posterior.sample(num_samples, seed=seed))
    values, log_q = log_ratio(target_log_prob_fn, surrogate_posterior, z)
    # Without `stop` the product rule would add −log q ∇ log q, whose mean is not zero: a bias.
    return values, tf.reduce_mean(stop(values) * log_q, axis=0)


def score_function_constant(
    target_log_prob_fn, surrogate_posterior, num_samples, seed, *, baseline
):
    """The score function with a given baseline b: the simplest control variate.

        ∇ELBO = E_q[(log p(x, z) − log q(z) − b) ∇ log q(z)]

    E_q[b ∇ log q(z)] = 0 for every b that does not depend on these draws: no bias. How much noise
    is left depends on b; see `optimal_baseline`, and `moving_average_baseline` for one that follows
    the values of the steps before.

    Args:
        baseline: b in nats: a number, or a floating-point tensor or `tf.Variable` of shape [] or
            that of q's batch.

    Source: Ranganath, Gerrish and Blei (2014), Black box variational inference, section 3.2.
    Chapter: algorithms/gradient_estimators
    """
    z = stop(surrogate_posterior.sample(num_samples, seed=seed))
    values, log_q = log_ratio(target_log_prob_fn, surrogate_posterior, z)
    advantage = values - _baseline_like(baseline, values)
    # `stop` also keeps a baseline that is a variable from being trained by this surrogate.
    return values, tf.reduce_mean(stop(advantage) * log_q, axis=0)


def score_function_loo(target_log_prob_fn, surrogate_posterior, num_samples, seed):
    """The score function with a leave-one-out baseline.

        ∇ELBO = E[1/S Σ_s (f_s − b_s) ∇ log q(z_s)],  f = log p(x, z) − log q(z),
        b_s = mean of the other S − 1 values

    The baseline b_s does not depend on z_s, so that E[b_s ∇ log q(z_s)] = 0: no bias. A baseline
    with z_s in it would have shrunk the gradient by the factor (S − 1)/S.

    Source: Mnih and Rezende (2016), Variational inference for Monte Carlo objectives; Kool, van
        Hoof and Welling (2019), Buy 4 REINFORCE samples, get a baseline for free!
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
    values, log_q = log_ratio(target_log_prob_fn, surrogate_posterior, z)
    baseline = (tf.reduce_sum(values, axis=0) - values) / (num_samples - 1)
    return values, tf.reduce_mean(stop(values - baseline) * log_q, axis=0)


def score_function_rao_blackwell(
    target_log_prob_fn, surrogate_posterior, num_samples, seed, *, touches
):
    """The Rao–Blackwellized score function: each factor of q sees only the terms of log p it moves.

        q(z) = Π_i q_i(z_i),  log p(x, z) = Σ_t ℓ_t(z),
        ∇ELBO = E_q[Σ_i (Σ_{t touched by z_i} ℓ_t(z) − log q_i(z_i)) ∇ log q_i(z_i)]

    A term without z_i is, given the other latents, a constant; times the score of q_i its mean is
    zero. Leaving it out takes its noise out, and its mean too, which may have been a good baseline
    by chance: less noise as a rule, not always. A term that does hold z_i and is left out is a
    bias that no error message can find: mind the matrix.

    Here `target_log_prob_fn` returns the terms, [num_samples, *batch, num_terms], whose sum over
    the last axis is log p(x, z) in nats.

    Args:
        touches: booleans [num_latents, num_terms]: whether z_i stands in the term ℓ_t.

    q must be a `tfd.Independent` over one axis of latents, such as
    `tfd.Independent(tfd.Bernoulli(logits=...), 1)`.

    Source: Ranganath, Gerrish and Blei (2014), Black box variational inference, section 3.1.
    Chapter: algorithms/gradient_estimators
    """
    _check_factors(surrogate_posterior, len(touches))
    z = stop(surrogate_posterior.sample(num_samples, seed=seed))
    # [num_samples, *batch, num_latents]: log q before it is summed over the latents.
    log_q = surrogate_posterior.distribution.log_prob(z)
    terms = _terms(target_log_prob_fn, z, log_q, touches.shape[1])
    touched = tf.linalg.matvec(tf.cast(touches, terms.dtype), terms)
    # As in `score_function`, one latent at a time; the sum over latents joins the surrogates.
    surrogate = tf.reduce_sum(stop(touched - log_q) * log_q, axis=-1)
    values = tf.reduce_sum(terms, axis=-1) - tf.reduce_sum(log_q, axis=-1)
    return values, tf.reduce_mean(surrogate, axis=0)


def _baseline_like(baseline, values):
    """The baseline as a tensor that broadcasts over the draws alone, or an error."""
    baseline = tf.convert_to_tensor(baseline, dtype_hint=values.dtype)
    if baseline.dtype != values.dtype:
        wanted = f"{values.dtype.name} as from `surrogate_posterior`"
        raise argument_error("baseline", baseline, wanted, kind=TypeError)
    if baseline.shape.rank and not baseline.shape.is_compatible_with(values.shape[1:]):
        # One number for each draw would broadcast too, and could hold the draw itself: a bias.
        wanted = f"one number, or the batch shape {tuple(values.shape[1:])}"
        raise argument_error("baseline", baseline, wanted)
    return baseline


def _check_factors(q, num_latents):
    one_axis = isinstance(q, tfd.Independent) and (
        q.event_shape.rank == q.distribution.event_shape.rank + 1
    )
    if not one_axis:
        raise argument_error(
            "surrogate_posterior",
            q,
            "a fully factorized distribution",
            "Build it as `tfd.Independent(tfd.Normal(loc, scale), 1)`, one factor per latent.",
        )
    if q.event_shape[0] != num_latents:
        wanted = f"{num_latents} latents, one for each row of `touches`"
        raise argument_error("surrogate_posterior", q, wanted)


def _terms(target_log_prob_fn, z, log_q, num_terms):
    if not callable(target_log_prob_fn):
        raise argument_error(
            "target_log_prob_fn", target_log_prob_fn, "a function of z", kind=TypeError
        )
    terms = tf.convert_to_tensor(target_log_prob_fn(z))
    shape = log_q.shape[:-1].concatenate([num_terms])
    if not terms.shape.is_compatible_with(shape):
        raise ValueError(
            f"`target_log_prob_fn`: wanted the terms of log p(x, z) along the last axis, shape "
            f"{tuple(shape)}, one for each column of `touches`; got {tuple(terms.shape)}. "
            "For a log p in one piece take 'score_function_loo'."
        )
    if terms.dtype != log_q.dtype:
        raise TypeError(
            f"`target_log_prob_fn`: wanted {log_q.dtype.name} as from `surrogate_posterior`, got "
            f"{terms.dtype.name}. Build both from numbers of one dtype."
        )
    return terms
