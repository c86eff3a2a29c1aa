"""Coupling flows: one half of the coordinates tells how the other half is moved.

    y_A = x_A,   y_B = g(x_B; network(x_A)),   g increasing in each coordinate of x_B

Since x_A is still there after the move, the inverse is as quick as the map: y_B goes back through
g(·; network(y_A)). Reversing the coordinates between layers lets every one have its turn. With
g affine this is RealNVP; with g a spline, a neural spline flow.
"""

import math

import tensorflow as tf
import tensorflow_probability as tfp

from vicourse.families.affine import carried
from vicourse.families.networks import Network, check_hidden_units, shift_and_log_scale
from vicourse.families.start import latent_space, reversals_between, standard_normal
from vicourse.seeds import split_seed
from vicourse.validation import check_integer, check_number

tfb = tfp.bijectors

SMALLEST = 1e-3  # least width and height of a bin, as a share of all, and least slope at a knot


def real_nvp(
    model_or_dim,
    *,
    num_layers=4,
    hidden_units=(32, 32),
    initial_loc=None,
    initial_scale=1.0,
    dtype=None,
    seed=0,
    name="real_nvp",
):
    """A RealNVP flow: affine coupling.

        z = T(loc + L f_K(… f_1(ε))),  ε ~ N(0, I),  y = f_k(x): y_A = x_A,
        y_B = m(x_A) + exp(s(x_A)) x_B

    A is the first half of the coordinates, and B is moved; the order is reversed between layers.
    In one dimension A is empty, and the flow is a Gaussian.

    Args:
        model_or_dim: a model, or the dimension of an unconstrained space.
        num_layers: K, how many maps; two of them move every coordinate once.
        hidden_units: sizes of the hidden layers of each network (tanh).
        initial_loc: where loc starts, [dim]; 0 by default.
        initial_scale: where L starts: a number, a vector [dim], or a lower-triangular [dim, dim].
        dtype: tf.float32 or tf.float64; by default the model's, and tf.float64 for a dimension.
        seed: for the weights, whose last layer starts small and leaves q near N(loc, L Lᵀ).

    Returns:
        A trainable `tfd.TransformedDistribution` over the latents.

    Raises:
        TypeError, ValueError: for a start whose shape, sign or dtype does not fit.

    Source: Dinh, Sohl-Dickstein and Bengio (2017), Density estimation using Real NVP.
    Chapter: algorithms/richer_posteriors
    """
    space = latent_space(model_or_dim, dtype)
    seeds = split_seed(seed, check_integer("num_layers", num_layers, minimum=1))
    hidden_units = check_hidden_units(hidden_units)
    layers = [_coupling(space, hidden_units, 2, _affine, layer_seed) for layer_seed in seeds]
    layers = reversals_between(layers, space.dim)
    return carried(space, standard_normal(space), layers, initial_loc, initial_scale, name)


def neural_spline(
    model_or_dim,
    *,
    num_layers=2,
    hidden_units=(32, 32),
    num_bins=8,
    bound=5.0,
    initial_loc=None,
    initial_scale=1.0,
    dtype=None,
    seed=0,
    name="neural_spline",
):
    """A neural spline flow: coupling by monotone rational-quadratic splines.

        z = T(loc + L f_K(… f_1(ε))),  ε ~ N(0, I),  y = f_k(x): y_A = x_A,
        y_B = spline(x_B; widths, heights and slopes = network(x_A))

    On [−bound, bound] each coordinate goes through `num_bins` pieces, each a rising ratio of two
    quadratics that meets its neighbours with equal slope; outside, it stays where it is. Unlike an
    affine map a spline can bend a single coordinate: in one dimension too, where A is empty, this
    flow is more than a Gaussian.

    Args:
        num_bins: pieces of each spline, at least 2; 3·num_bins − 1 numbers describe it.
        bound: where the splines end, in units of L, above 0.
        others: as for `real_nvp`.

    Returns, Raises: as for `real_nvp`.

    Source: Durkan, Bekasov, Murray and Papamakarios (2019), Neural spline flows.
    Chapter: algorithms/richer_posteriors
    """
    space = latent_space(model_or_dim, dtype)
    seeds = split_seed(seed, check_integer("num_layers", num_layers, minimum=1))
    hidden_units = check_hidden_units(hidden_units)
    num_bins = check_integer("num_bins", num_bins, minimum=2)
    bound = check_number("bound", bound, above=0)

    def spline(outputs):
        return rational_quadratic(outputs, bound)

    layers = [
        _coupling(space, hidden_units, 3 * num_bins - 1, spline, layer_seed) for layer_seed in seeds
    ]
    layers = reversals_between(layers, space.dim)
    return carried(space, standard_normal(space), layers, initial_loc, initial_scale, name)


def rational_quadratic(outputs, bound):
    """The spline that 3·K − 1 real numbers describe; the identity if all are 0.

        widths, heights: 2·bound·softmax(first K), softmax(next K), none below a small share;
        slopes at the K − 1 inner knots: softplus(last K − 1), shifted so that 0 gives 1

    Args:
        outputs: [..., n, 3·K − 1].
        bound: the spline acts on [−bound, bound].

    Returns:
        A bijector of [..., n], each entry on its own.
    """
    num_bins = (outputs.shape[-1] + 1) // 3
    widths, heights, slopes = tf.split(outputs, [num_bins, num_bins, num_bins - 1], axis=-1)

    def shares(raw):
        softmax = tf.nn.softmax(raw, axis=-1)
        return 2 * bound * (SMALLEST + (1 - SMALLEST * num_bins) * softmax)

    slope_one = math.log(math.expm1(1 - SMALLEST))
    return tfb.RationalQuadraticSpline(
        shares(widths),
        shares(heights),
        SMALLEST + tf.math.softplus(slopes + slope_one),
        range_min=tf.constant(-bound, outputs.dtype),
    )


def _affine(outputs):
    shift, log_scale = shift_and_log_scale(outputs)
    return tfb.Shift(shift)(tfb.Scale(log_scale=log_scale))


def _coupling(space, hidden_units, outputs_per_input, transform, seed):
    """y_A = x_A, y_B = transform(network(x_A))(x_B), A the first half (rounded down)."""
    num_given = space.dim // 2
    num_moved = space.dim - num_given
    sizes = [num_given, *hidden_units, num_moved * outputs_per_input]
    network = Network(sizes, space.dtype, seed)

    def bijector_fn(given, _):
        outputs = tf.reshape(network(given), [*given.shape[:-1], num_moved, outputs_per_input])
        return transform(outputs)

    layer = tfb.RealNVP(num_masked=num_given, bijector_fn=bijector_fn)
    layer.network = network  # so that the layer's variables are found
    return layer
