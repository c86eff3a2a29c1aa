"""Automatic structured VI: a q with the arrows of the prior.

    p(z) = Π_j N(z_j | m_j, s_j),   m_j and s_j functions of the parents of z_j
    q(z) = Π_j N(z_j | λ_j m_j + (1 − λ_j) a_j,  κ_j s_j + (1 − κ_j) b_j),   all entry by entry

a and b are a mean field's own locations and scales; the weights λ and κ, between 0 and 1, say how
much of the prior's structure is kept. At 0 this is the mean field, at 1 the prior. So q can follow
a funnel in the prior, which no Gaussian can, or a chain, which no mean field can, for twice as many
parameters as a mean field. Dependence that only the data bring about is not in it.

TFP has `build_asvi_surrogate_posterior`, for more kinds of prior. Ours begins at a start that is
given, trains in units of that start, and takes batches of Markov chains, which TFP 0.25 does not.
"""

import inspect
import math

import tensorflow as tf
import tensorflow_probability as tfp

from vicourse.families.affine import trained
from vicourse.families.start import latent_space, start_loc, start_vector
from vicourse.seeds import as_seed
from vicourse.validation import argument_error

tfb = tfp.bijectors
tfd = tfp.distributions

PRIOR_WEIGHT = 0.1  # λ and κ at the start: near the mean field, yet with gradients


def asvi(model, *, initial_loc=None, initial_scale=1.0, dtype=None, name="asvi"):
    """Automatic structured variational inference (ASVI).

        q(z) = Π_j N(z_j | λ_j m_j(parents) + (1 − λ_j) a_j,  κ_j s_j(parents) + (1 − κ_j) b_j)

    Latents with a half-Cauchy prior of scale s have in q the log-normal with the same mean and
    variance of the log: log s and π²/4. Steps of a Markov chain have Cholesky factors for s and b.

    Args:
        model: a model with a directed prior: `model.prior` is a `tfd.JointDistributionNamed` of
            Normal, LogNormal and HalfCauchy parts (`tfd.Sample` and `tfd.Independent` of such
            included), or a `tfd.MarkovChain` of MultivariateNormalTriL.
        initial_loc: where a starts in unconstrained space, [dim]; 0 by default.
        initial_scale: where b starts: a number, a vector [dim], or a lower-triangular [dim, dim],
            as for `mean_field`.
        dtype: the model's.

    Returns:
        A trainable TFP distribution over the latents, of the kind of the prior; λ and κ start at
        0.1, so that it starts near the mean field.

    Raises:
        ValueError: the model has no such prior; or a start that does not fit.
        TypeError: no model.

    Source: Ambrogioni et al. (2021), Automatic structured variational inference.
    Chapter: algorithms/richer_posteriors
    """
    space = latent_space(model, dtype)
    start = start_loc(space, initial_loc, None), start_vector(space, initial_scale)
    prior = getattr(model, "prior", None)
    if isinstance(prior, tfd.JointDistributionNamed) and isinstance(prior.model, dict):
        return _joint(prior, model.event_shape, *start, name)
    if isinstance(prior, tfd.MarkovChain):
        return _chain(prior, *start, name)
    raise argument_error(
        "model",
        model,
        "a model whose `prior` is a `tfd.JointDistributionNamed` or a `tfd.MarkovChain`",
        "Without arrows between the latents there is no structure to take over; "
        "`full_rank` or a flow does without.",
    )


class Blend(tf.Module):
    """λ∘prior + (1 − λ)∘own, entry by entry, both trained: λ in (0, 1), own through a bijector.

    Args:
        own: where `own` starts.
        bijector: from raw numbers, which the optimizer moves, to `own`.
        name: what is blended, for the variables' names.
    """

    def __init__(self, own, bijector, name):
        super().__init__(name=f"blend_{name}")
        weight = tf.fill(own.shape, tf.constant(PRIOR_WEIGHT, own.dtype))
        self.own = trained(own, bijector, f"own_{name}")
        self.weight = trained(weight, tfb.Sigmoid(), f"prior_weight_{name}")

    def __call__(self, prior, at=None):
        """The blend with the prior's value; `at` picks entries of the first axis."""
        own, weight = tf.convert_to_tensor(self.own), tf.convert_to_tensor(self.weight)
        if at is not None:
            own, weight = tf.gather(own, at), tf.gather(weight, at)
        return weight * prior + (1 - weight) * own

    def deferred(self, prior):
        """The blend as a tensor that TFP reads anew at each use."""
        return tfp.util.DeferredTensor(self.own, lambda _: self(prior))


def _joint(prior, event_shape, loc, sigma, name):
    for part in prior.sample_distributions(seed=as_seed(0))[0].values():
        _loc_and_scale(part)  # refuses a prior that we cannot take, here and not at a draw
    sizes = [shape.num_elements() for shape in event_shape.values()]
    starts = zip(event_shape.items(), tf.split(loc, sizes), tf.split(sigma, sizes), strict=True)
    parts, blends = {}, {}
    for (key, shape), a, b in starts:
        a, b = tf.reshape(a, shape), tf.reshape(b, shape)
        loc_blend = Blend(a, tfb.Shift(a)(tfb.Scale(b)), f"loc_{key}")
        scale_blend = Blend(b, tfb.Scale(b)(tfb.Exp()), f"scale_{key}")
        parts[key] = _part(prior.model[key], loc_blend, scale_blend, shape.rank)
        blends[key] = loc_blend, scale_blend
    q = tfd.JointDistributionNamed(parts, name=name)
    q.blends = blends  # so that its variables are found
    return q


def _part(prior_part, loc_blend, scale_blend, rank):
    """q's part, a function of the parents that the prior's part has."""

    def part(*args, **kwargs):
        kind, loc, scale = _loc_and_scale(prior_fn(*args, **kwargs))
        return tfd.Independent(kind(loc_blend(loc), scale_blend(scale)), rank)

    # A part without parents is a function too: so its variables are read anew at each use.
    prior_fn = (lambda: prior_part) if isinstance(prior_part, tfd.Distribution) else prior_part
    part.__signature__ = inspect.signature(prior_fn)  # by which TFP knows the parents
    return part


def _loc_and_scale(part):
    """The kind of q's part, Normal or LogNormal, and its parameters in the prior."""
    if isinstance(part, tfd.Independent | tfd.Sample):
        return _loc_and_scale(part.distribution)
    if isinstance(part, tfd.HalfCauchy):
        return tfd.LogNormal, tf.math.log(part.scale), tf.constant(math.pi / 2, part.dtype)
    if type(part) in (tfd.Normal, tfd.LogNormal):
        return type(part), part.loc, part.scale
    raise _unknown(part)


def _chain(prior, loc, sigma, name):
    loc, sigma = tf.reshape(loc, prior.event_shape), tf.reshape(sigma, prior.event_shape)
    first_loc, first_tril = _blends(loc[0], sigma[0], "first")
    later_loc, later_tril = _blends(loc[1:], sigma[1:], "later")
    first = _gaussian(prior.initial_state_prior)

    def transition_fn(step, state):
        part = _gaussian(prior.transition_fn(step, state))
        # State [K] with a batch, for one step; or for all steps at once, which then stand first.
        step = tf.reshape(step, [*step.shape, *[1] * (state.shape.rank - step.shape.rank - 1)])
        return tfd.MultivariateNormalTriL(
            later_loc(part.loc, step), later_tril(part.scale_tril, step)
        )

    q = tfd.MarkovChain(
        tfd.MultivariateNormalTriL(
            first_loc.deferred(first.loc), first_tril.deferred(first.scale_tril)
        ),
        transition_fn,
        num_steps=prior.num_steps,
        name=name,
    )
    q.blends = first_loc, first_tril, later_loc, later_tril  # so that its variables are found
    return q


def _blends(loc, sigma, name):
    """For locations [..., K], and for Cholesky factors [..., K, K] that start diagonal."""
    triangle = tfb.FillScaleTriL(diag_bijector=tfb.Exp(), diag_shift=None)
    rows = tfb.Scale(sigma[..., tf.newaxis])
    return (
        Blend(loc, tfb.Shift(loc)(tfb.Scale(sigma)), f"loc_{name}"),
        Blend(tf.linalg.diag(sigma), rows(triangle), f"scale_{name}"),
    )


def _gaussian(part):
    if not isinstance(part, tfd.MultivariateNormalTriL):
        raise _unknown(part)
    return part


def _unknown(part):
    wanted = "a prior of Normal, LogNormal and HalfCauchy parts, or a chain of Gaussians"
    return argument_error("model", part, wanted, "For others take `full_rank` or a flow.")
