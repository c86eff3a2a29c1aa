"""Planar flows: press space together, or pull it apart, along a plane.

    f(z) = z + û tanh(wᵀz + b)

Every point moves in the one direction û, by an amount that depends only on its distance from the
plane wᵀz + b = 0. A chain of such maps turns a round Gaussian into other shapes.

Source: Rezende and Mohamed (2015), Variational inference with normalizing flows, section 4.1 and
appendix A.1.
Chapter: algorithms/richer_posteriors
"""

import math

import tensorflow as tf
import tensorflow_probability as tfp

from vicourse.families.affine import carried
from vicourse.families.start import latent_space, standard_normal
from vicourse.seeds import split_seed
from vicourse.validation import check_integer

tfb = tfp.bijectors

START = 0.01  # size of u at the start: near the identity, yet with a gradient for w and b


def planar(
    model_or_dim,
    *,
    num_layers=8,
    initial_loc=None,
    initial_scale=1.0,
    dtype=None,
    seed=0,
    name="planar",
):
    """A planar flow: a full-rank Gaussian, bent by a chain of `Planar` maps.

        z = T(loc + L f_K(… f_1(ε))),  ε ~ N(0, I)

    Args:
        model_or_dim: a model, or the dimension of an unconstrained space.
        num_layers: K, how many planar maps; 2·dim + 1 parameters each.
        initial_loc: where loc starts, [dim]; 0 by default.
        initial_scale: where L starts: a number, a vector [dim], or a lower-triangular [dim, dim].
        dtype: tf.float32 or tf.float64; by default the model's, and tf.float64 for a dimension.
        seed: for the planes w and the small random start of u, which leaves q near N(loc, L Lᵀ).

    Returns:
        A trainable `tfd.TransformedDistribution` over the latents.

    Raises:
        TypeError, ValueError: for a start whose shape, sign or dtype does not fit.

    Source: Rezende and Mohamed (2015), section 4.1 and appendix A.1.
    Chapter: algorithms/richer_posteriors
    """
    space = latent_space(model_or_dim, dtype)
    seeds = split_seed(seed, check_integer("num_layers", num_layers, minimum=1))
    layers = [_start(space, layer_seed) for layer_seed in seeds]
    return carried(space, standard_normal(space), layers, initial_loc, initial_scale, name)


class Planar(tfb.Bijector):
    """f(z) = z + û tanh(wᵀz + b) on R^dim.

        log |det ∂f/∂z| = log(1 + (1 − tanh²(wᵀz + b)) wᵀû)

    f can be inverted when wᵀû > −1. Any u is turned into such a û by changing its part along w:

        û = u + (σ − 1 − wᵀu) w/|w|²,   σ = 1 + wᵀû = softplus(wᵀu + log(e − 1)) > 0

    σ is the slope of f across the plane. (The paper has softplus(wᵀu). The shift makes u = 0 the
    identity.)

    The inverse has no formula. But a = wᵀz obeys one equation in one unknown,
    a + (σ − 1) tanh(a + b) = wᵀy, whose left side grows with a. Once a is found,
    z = y − û tanh(a + b). So log q can be had at any point, not only at draws, for the price of a
    search.

    Args:
        u, w: [dim], tensors or variables.
        b: a number.
    """

    def __init__(self, u, w, b, name="planar_map"):
        parameters = dict(locals())
        self.u, self.w, self.b = u, w, b
        super().__init__(forward_min_event_ndims=1, dtype=w.dtype, parameters=parameters, name=name)

    def _stretch_and_u(self):
        """σ and û."""
        u, w = tf.convert_to_tensor(self.u), tf.convert_to_tensor(self.w)
        along = tf.reduce_sum(w * u)
        stretch = tf.math.softplus(along + math.log(math.e - 1))
        return stretch, u + tf.math.divide_no_nan((stretch - 1 - along) * w, tf.reduce_sum(w**2))

    def _forward(self, z):
        _, u = self._stretch_and_u()
        a = tf.reduce_sum(z * self.w, axis=-1, keepdims=True)
        return z + u * tf.math.tanh(a + self.b)

    def _forward_log_det_jacobian(self, z):
        stretch, _ = self._stretch_and_u()
        a = tf.reduce_sum(z * self.w, axis=-1)
        return tf.math.log(_slope(a, stretch, self.b))

    def _inverse(self, y):
        stretch, u = self._stretch_and_u()
        a = _solve(tf.reduce_sum(y * self.w, axis=-1), stretch, tf.convert_to_tensor(self.b))
        return y - u * tf.math.tanh(a + self.b)[..., tf.newaxis]


def _height(a, stretch, b):
    """wᵀf(z) where wᵀz = a."""
    return a + (stretch - 1) * tf.math.tanh(a + b)


def _slope(a, stretch, b):
    """Its derivative 1 + (1 − tanh²)(σ − 1), written so that it never rounds to 0."""
    squared = tf.math.tanh(a + b) ** 2
    return squared + (1 - squared) * stretch


def _solve(height, stretch, b):
    """The a with _height(a, σ, b) = height: it lies within |σ − 1| of height."""
    constants = [tf.stop_gradient(part) for part in (height, stretch, b)]
    reach = tf.abs(constants[1] - 1)
    root = tfp.math.find_root_chandrupatla(
        lambda a: _height(a, *constants[1:]) - constants[0],
        constants[0] - reach,
        constants[0] + reach,
    )
    a = tf.stop_gradient(root.estimated_root)
    # One step of Newton's method. It hardly moves a, but carries the gradient: differentiating it
    # gives ∂a/∂height = 1/slope and so on, the implicit function theorem.
    return a - (_height(a, stretch, b) - height) / _slope(a, *constants[1:])


def _start(space, seed):
    u_seed, w_seed = split_seed(seed)
    u = START * tf.random.stateless_normal([space.dim], u_seed, dtype=space.dtype)
    w = tf.random.stateless_normal([space.dim], w_seed, dtype=space.dtype)
    return Planar(
        tf.Variable(u, name="u"),
        tf.Variable(w, name="w"),
        tf.Variable(tf.zeros([], space.dtype), name="b"),
    )
