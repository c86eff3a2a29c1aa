"""Estimators of the gradient of the ELBO for discrete latents: one exact, two biased.

q is a Bernoulli, Categorical or OneHotCategorical, or a `tfd.Independent` of them. They return what
`score_estimators` returns.
"""

import tensorflow as tf
import tensorflow_probability as tfp

from vicourse.gradients.pieces import factor, log_ratio, stop
from vicourse.models.enumeration import enumerate_states
from vicourse.objectives.draws import evaluate
from vicourse.validation import argument_error

tfd = tfp.distributions


def enumeration(target_log_prob_fn, surrogate_posterior, num_samples, seed):
    """The exact gradient, by adding up every value of z: the truth for the other estimators.

        ∇ELBO = ∇ Σ_z q(z) (log p(x, z) − log q(z))

    No draws and so no noise; `num_samples` only says how often the ELBO is repeated in `values`,
    and the seed is not used. L latents with K values each have K^L joint values: at most a million
    are added up.

    Source: the definition of the expectation.
    Chapter: algorithms/gradient_estimators
    """
    z = _support(surrogate_posterior)
    values, log_q = log_ratio(target_log_prob_fn, surrogate_posterior, z)
    # No `stop`: φ acts through the weights q(z) and through log q(z).
    elbo = tf.reduce_sum(tf.exp(log_q) * values, axis=0)
    return tf.repeat(elbo[tf.newaxis], num_samples, axis=0), elbo


def gumbel_softmax(target_log_prob_fn, surrogate_posterior, num_samples, seed, *, temperature):
    """Gumbel-softmax, or concrete, relaxation: BIASED, and less noisy the larger its bias.

        z_τ = softmax((logits + g)/τ),  g ~ Gumbel(0, 1) for each value
        z_τ = sigmoid((logits + l)/τ),  l ~ Logistic(0, 1), for a Bernoulli
        ∇ELBO ≈ E[∇ log p(x, z_τ)] + ∇H[q]

    As τ → 0 the relaxed draw becomes one-hot, with q's probabilities, the bias goes to zero and the
    variance grows like 1/τ. Only log p is relaxed: the entropy H[q] is exact. The values are those
    of log p at relaxed points; do not report their mean as the ELBO.

    `target_log_prob_fn` must make sense between the values of z: in (0, 1) for a Bernoulli, inside
    the simplex for a OneHotCategorical. How it is continued there is a choice, and moves the bias.

    Args:
        temperature: τ, above 0; or a scalar tensor or `tf.Variable` (not checked) for a schedule.

    q must have a floating-point `dtype`, such as `tfd.Bernoulli(logits=..., dtype=tf.float64)`.

    Source: Jang, Gu and Poole (2017), Categorical reparameterization with Gumbel-softmax; Maddison,
        Mnih and Teh (2017), The concrete distribution.
    Chapter: algorithms/gradient_estimators
    """
    z = _relaxed(surrogate_posterior, temperature).sample(num_samples, seed=seed)
    # No `stop`: φ acts through the relaxed draw, and through the entropy.
    values = _log_p_plus_entropy(target_log_prob_fn, surrogate_posterior, z)
    return values, tf.reduce_mean(values, axis=0)


def straight_through(target_log_prob_fn, surrogate_posterior, num_samples, seed, *, temperature):
    """Straight-through Gumbel-softmax: log p at a true draw, the gradient of a relaxed one. BIASED.

        z = one-hot of the largest entry of z_τ (1 if z_τ > 1/2, for a Bernoulli),
        ∇ELBO ≈ E[∂ log p(x, z)/∂z · ∂z_τ/∂φ] + ∇H[q]

    log p is asked for its value only at true values of z, and the mean of the values is the ELBO.
    Its gradient there replaces a difference of values by derivatives: for a Bernoulli, as τ → 0,
    log p(1) − log p(0) becomes the mean of the two derivatives at 0 and 1. So, other than for
    `gumbel_softmax`, the bias need not vanish with the temperature.

    Args and the rest: as for `gumbel_softmax`.

    Source: Jang, Gu and Poole (2017), Categorical reparameterization with Gumbel-softmax,
        section 2.2; Bengio, Léonard and Courville (2013), Estimating or propagating gradients
        through stochastic neurons.
    Chapter: algorithms/gradient_estimators
    """
    relaxed = _relaxed(surrogate_posterior, temperature).sample(num_samples, seed=seed)
    # The value is the true draw's, to the last bit; the derivative is the relaxed draw's.
    z = _nearest_vertex(surrogate_posterior, relaxed) + (relaxed - stop(relaxed))
    values = _log_p_plus_entropy(target_log_prob_fn, surrogate_posterior, z)
    return values, tf.reduce_mean(values, axis=0)


def _log_p_plus_entropy(target_log_prob_fn, q, z):
    entropy = q.entropy()
    shape = tf.TensorShape(z.shape[:1]).concatenate(q.batch_shape)
    return evaluate("target_log_prob_fn", target_log_prob_fn, z, shape, entropy.dtype) + entropy


def _support(q):
    """Every value of z, [num_values, *batch, *event]."""
    one = _discrete_factor(q)
    num_values = 2 if isinstance(one, tfd.Bernoulli) else one.logits_parameter().shape[-1]
    grid = one.batch_shape[q.batch_shape.rank :]  # the independent latents; () for a single one
    states = tf.constant(enumerate_states(num_values, max(1, grid.num_elements())))
    if isinstance(one, tfd.OneHotCategorical):
        states = tf.one_hot(states, num_values)
    no_batch = tf.reshape(states, [-1, *(1 for _ in q.batch_shape), *q.event_shape])
    z = tf.broadcast_to(no_batch, [no_batch.shape[0], *q.batch_shape, *q.event_shape])
    return tf.cast(z, q.dtype)


def _discrete_factor(q):
    one = factor(q)
    if not isinstance(one, tfd.Bernoulli | tfd.Categorical | tfd.OneHotCategorical):
        raise argument_error(
            "surrogate_posterior",
            q,
            "a Bernoulli, Categorical or OneHotCategorical, or a `tfd.Independent` of one",
            "Take 'score_function_loo' for another discrete q, 'reparameterization' for a "
            "continuous one.",
        )
    return one


def _relaxed(q, temperature):
    """The relaxation of q, with draws of the same shape, independent for each factor."""
    one = _discrete_factor(q)
    if isinstance(one, tfd.Categorical):
        wanted = "a distribution with points between its values"
        remedy = "Take `tfd.OneHotCategorical(logits, dtype=...)`: an index has nothing between."
        raise argument_error("surrogate_posterior", q, wanted, remedy)
    logits = one.logits_parameter()
    if q.dtype != logits.dtype:
        wanted = f"draws of dtype {logits.dtype.name}, like its logits"
        remedy = f"Build it with `dtype=tf.{logits.dtype.name}`."
        raise argument_error("surrogate_posterior", q, wanted, remedy)
    kind = tfd.RelaxedBernoulli if isinstance(one, tfd.Bernoulli) else tfd.RelaxedOneHotCategorical
    return kind(temperature, logits=logits)


def _nearest_vertex(q, relaxed):
    """The value of z that a relaxed draw is nearest to; distributed as q."""
    if isinstance(factor(q), tfd.Bernoulli):
        return tf.cast(relaxed > 0.5, relaxed.dtype)
    return tf.one_hot(tf.argmax(relaxed, axis=-1), relaxed.shape[-1], dtype=relaxed.dtype)
