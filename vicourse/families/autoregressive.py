"""Autoregressive flows: coordinate by coordinate, each moved by what came before it.

    masked (MAF):    y_i = m(y_<i) + exp(s(y_<i)) x_i      draws one by one, log q at once
    inverse (IAF):   y_i = (x_i − m(x_<i)) exp(−s(x_<i))   draws at once, log q one by one

m and s are the outputs of a network whose masks hide y_i and all that follows (MADE). The two are
inverses of each other. Variational inference draws at each step and asks for log q at its own
draws, which are remembered; so IAF is the quicker of the two, save for gradients that ask for log q
at held draws (sticking the landing).
"""

import tensorflow as tf
import tensorflow_probability as tfp

from vicourse.families.affine import carried
from vicourse.families.networks import (
    Network,
    autoregressive_masks,
    check_hidden_units,
    shift_and_log_scale,
)
from vicourse.families.start import latent_space, reversals_between, standard_normal
from vicourse.seeds import split_seed
from vicourse.validation import check_integer

tfb = tfp.bijectors


def maf(
    model_or_dim,
    *,
    num_layers=2,
    hidden_units=(32, 32),
    initial_loc=None,
    initial_scale=1.0,
    dtype=None,
    seed=0,
    name="maf",
):
    """A masked autoregressive flow.

        z = T(loc + L f_K(… f_1(ε))),  ε ~ N(0, I),  y = f_k(x): y_i = m(y_<i) + exp(s(y_<i)) x_i

    Between the layers the order of the coordinates is reversed. In one dimension nothing comes
    before, and the flow is a Gaussian.

    Args:
        model_or_dim: a model, or the dimension of an unconstrained space.
        num_layers: K, how many maps.
        hidden_units: sizes of the hidden layers of each network (tanh).
        initial_loc: where loc starts, [dim]; 0 by default.
        initial_scale: where L starts: a number, a vector [dim], or a lower-triangular [dim, dim].
        dtype: tf.float32 or tf.float64; by default the model's, and tf.float64 for a dimension.
        seed: for the weights, whose last layer starts small and leaves q near N(loc, L Lᵀ).

    Returns:
        A trainable `tfd.TransformedDistribution` over the latents. A draw takes dim passes through
        each network, log q at a point one pass.

    Raises:
        TypeError, ValueError: for a start whose shape, sign or dtype does not fit.

    Source: Papamakarios, Pavlakou and Murray (2017), Masked autoregressive flow for density
        estimation, section 3.1.
    Chapter: algorithms/richer_posteriors
    """
    space = latent_space(model_or_dim, dtype)
    layers = _layers(space, num_layers, hidden_units, seed)
    return carried(space, standard_normal(space), layers, initial_loc, initial_scale, name)


def iaf(
    model_or_dim,
    *,
    num_layers=2,
    hidden_units=(32, 32),
    initial_loc=None,
    initial_scale=1.0,
    dtype=None,
    seed=0,
    name="iaf",
):
    """An inverse autoregressive flow: the layers of `maf`, run backwards.

        z = T(loc + L f_K(… f_1(ε))),  ε ~ N(0, I),  y = f_k(x): y_i = (x_i − m(x_<i)) exp(−s(x_<i))

    Args, Raises: as for `maf`.

    Returns:
        A trainable `tfd.TransformedDistribution` over the latents. A draw takes one pass through
        each network, log q at a point that is not a draw dim passes.

    Source: Kingma et al. (2016), Improving variational inference with inverse autoregressive flow,
        section 4.
    Chapter: algorithms/richer_posteriors
    """
    space = latent_space(model_or_dim, dtype)
    layers = [tfb.Invert(layer) for layer in _layers(space, num_layers, hidden_units, seed)]
    return carried(space, standard_normal(space), layers, initial_loc, initial_scale, name)


def _layers(space, num_layers, hidden_units, seed):
    seeds = split_seed(seed, check_integer("num_layers", num_layers, minimum=1))
    hidden_units = check_hidden_units(hidden_units)
    layers = [_layer(space, hidden_units, layer_seed) for layer_seed in seeds]
    return reversals_between(layers, space.dim)


def _layer(space, hidden_units, seed):
    masks = autoregressive_masks(space.dim, hidden_units, 2)
    sizes = [space.dim, *hidden_units, 2 * space.dim]
    network = Network(sizes, space.dtype, seed, masks)

    def conditioner(y):
        return shift_and_log_scale(tf.reshape(network(y), [*y.shape, 2]))

    layer = tfb.MaskedAutoregressiveFlow(conditioner)
    layer.network = network  # so that the layer's variables are found
    return layer
