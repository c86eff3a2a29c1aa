"""Radial flows: pull space towards a point, or push it away.

    f(z) = z + β̂ (z − z₀)/(α + r),   r = |z − z₀|

Every point moves along its ray from the centre z₀, the near ones most. One such map makes a
Gaussian pointed or hollow at z₀; a chain of them makes other shapes.

Source: Rezende and Mohamed (2015), Variational inference with normalizing flows, section 4.1.
Chapter: algorithms/richer_posteriors
"""

import math

import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp

from vicourse.families.affine import carried
from vicourse.families.start import latent_space, standard_normal
from vicourse.seeds import split_seed
from vicourse.validation import check_integer

tfb = tfp.bijectors

START = 0.01  # size of β at the start: near the identity, yet with a gradient for z₀ and α


def radial(
    model_or_dim,
    *,
    num_layers=8,
    initial_loc=None,
    initial_scale=1.0,
    dtype=None,
    seed=0,
    name="radial",
):
    """A radial flow: a full-rank Gaussian, bent by a chain of `Radial` maps.

        z = T(loc + L f_K(… f_1(ε))),  ε ~ N(0, I)

    Args:
        num_layers: K, how many radial maps; dim + 2 parameters each.
        seed: for the centres z₀ ~ N(0, I) and the small random start of β.
        others: as for `planar`.

    Returns, Raises: as for `planar`.

    Source: Rezende and Mohamed (2015), section 4.1.
    Chapter: algorithms/richer_posteriors
    """
    space = latent_space(model_or_dim, dtype)
    seeds = split_seed(seed, check_integer("num_layers", num_layers, minimum=1))
    layers = [_start(space, layer_seed) for layer_seed in seeds]
    return carried(space, standard_normal(space), layers, initial_loc, initial_scale, name)


class Radial(tfb.Bijector):
    """f(z) = z + β̂ (z − z₀)/(α + r) on R^dim, r = |z − z₀|.

        log |det ∂f/∂z| = (dim − 1) log(1 + β̂/(α + r)) + log(1 + α β̂/(α + r)²)

    f can be inverted when β̂ > −α, which the parameters make sure of:

        α = exp(log_alpha),   β̂ = α (σ − 1),   σ = softplus(β + log(e − 1)) > 0

    σ is the slope of f at the centre. (The paper has β̂ = softplus(β) − α: the same range. Ours
    makes β = 0 the identity.)

    The distance of y = f(z) from z₀ is R = r + β̂ r/(α + r). That is a quadratic equation for r,
    r² + (α σ − R) r − α R = 0, with one root r ≥ 0; then z − z₀ = (y − z₀)/(1 + β̂/(α + r)).
    So the inverse is a formula.

    Args:
        centre: z₀, [dim], a tensor or variable.
        log_alpha, beta: numbers.
    """

    def __init__(self, centre, log_alpha, beta, name="radial_map"):
        parameters = dict(locals())
        self.centre, self.log_alpha, self.beta = centre, log_alpha, beta
        super().__init__(
            forward_min_event_ndims=1, dtype=centre.dtype, parameters=parameters, name=name
        )

    def _alpha_and_stretch(self):
        """α and σ."""
        return tf.exp(self.log_alpha), tf.math.softplus(self.beta + math.log(math.e - 1))

    def _forward(self, z):
        alpha, stretch = self._alpha_and_stretch()
        away = z - self.centre
        return self.centre + away * _ratio(_length(away), alpha, stretch)[..., tf.newaxis]

    def _forward_log_det_jacobian(self, z):
        alpha, stretch = self._alpha_and_stretch()
        away = z - self.centre
        r = _length(away)
        # 1 + α β̂/(α + r)², written, as in `_ratio`, so that it never rounds to 0.
        along = (r**2 + 2 * alpha * r + alpha**2 * stretch) / (alpha + r) ** 2
        across = _ratio(r, alpha, stretch)
        return (away.shape[-1] - 1) * tf.math.log(across) + tf.math.log(along)

    def _inverse(self, y):
        alpha, stretch = self._alpha_and_stretch()
        away = y - self.centre
        r = _positive_root(alpha * stretch - _length(away), alpha * _length(away))
        return self.centre + away / _ratio(r, alpha, stretch)[..., tf.newaxis]


def _ratio(r, alpha, stretch):
    """R/r = 1 + β̂/(α + r)."""
    return (r + alpha * stretch) / (r + alpha)


def _positive_root(p, q):
    """The root r ≥ 0 of r² + p r − q = 0 for q ≥ 0, without subtracting nearly equal numbers."""
    larger = 0.5 * (tf.abs(p) + tf.sqrt(p**2 + 4 * q))
    return tf.where(p < 0, larger, q / larger)


def _length(vector):
    """|vector|; its gradient at 0, where it has none, counts as 0, and f is right there too."""
    tiny = np.finfo(vector.dtype.as_numpy_dtype).tiny
    return tf.sqrt(tf.maximum(tf.reduce_sum(vector**2, axis=-1), tiny))


def _start(space, seed):
    centre_seed, beta_seed = split_seed(seed)
    centre = tf.random.stateless_normal([space.dim], centre_seed, dtype=space.dtype)
    beta = START * tf.random.stateless_normal([], beta_seed, dtype=space.dtype)
    return Radial(
        tf.Variable(centre, name="centre"),
        tf.Variable(tf.zeros([], space.dtype), name="log_alpha"),
        tf.Variable(beta, name="beta"),
    )
