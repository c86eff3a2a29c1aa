"""Mixtures: several Gaussians, for a posterior with several modes or none of a simple shape."""

import tensorflow as tf
import tensorflow_probability as tfp

from vicourse.families.affine import carried, trained
from vicourse.families.start import latent_space
from vicourse.seeds import as_seed
from vicourse.validation import check_integer

tfb = tfp.bijectors
tfd = tfp.distributions

SPREAD = 0.5  # of the components' means at the start, in units of L


def mixture(
    model_or_dim,
    *,
    num_components,
    initial_loc=None,
    initial_scale=1.0,
    dtype=None,
    seed=0,
    name="mixture",
):
    """A mixture of Gaussians.

        q(v) = Σ_k π_k Π_i N(v_i | m_ki, s_ki²),   z = T(loc + L v)

    The components are independent in v; L, which they share, gives them correlation. So one
    component is the full-rank Gaussian. Draws can be differentiated although the choice of a
    component is discrete: implicit reparameterization differentiates the equation
    F_i(v_i | v_<i) = uniform, in which the choice does not appear. That takes factorised
    components, and a Jacobian [dim, dim] for each draw.

    A mode that q does not see at the start may never be found: reverse KL asks for high density
    where q is, not for q where density is. A wide `initial_scale` helps.

    Args:
        model_or_dim: a model, or the dimension of an unconstrained space.
        num_components: K; each has 2·dim + 1 parameters.
        initial_loc: where loc starts, [dim]; 0 by default.
        initial_scale: where L starts: a number, a vector [dim], or a lower-triangular [dim, dim].
        dtype: tf.float32 or tf.float64; by default the model's, and tf.float64 for a dimension.
        seed: for the components' means: the same for all would never part.

    Returns:
        A trainable `tfd.TransformedDistribution` over the latents. On R^dim it starts with the
        mean loc and about the covariance L Lᵀ.

    Raises:
        TypeError, ValueError: for a start whose shape, sign or dtype does not fit.

    Source: Figurnov, Mohamed and Mnih (2018), Implicit reparameterization gradients.
    Chapter: algorithms/richer_posteriors
    """
    space = latent_space(model_or_dim, dtype)
    num_components = check_integer("num_components", num_components, minimum=1)
    base = _start(space, num_components, seed)
    return carried(space, base, [], initial_loc, initial_scale, name)


def _start(space, num_components, seed):
    shape = [num_components, space.dim]
    means = SPREAD * tf.random.stateless_normal(shape, as_seed(seed), dtype=space.dtype)
    # Mean and variances of the whole as for N(0, I), or nearly: a component keeps some width.
    means -= tf.reduce_mean(means, axis=0)
    variances = tf.maximum(1 - tf.math.reduce_variance(means, axis=0), 0.25)
    scales = tf.broadcast_to(tf.sqrt(variances), shape)
    components = tfd.Normal(
        trained(means, tfb.Shift(means), "means"),
        trained(scales, tfb.Scale(scales)(tfb.Exp()), "scales"),
    )
    logits = tf.Variable(tf.zeros(num_components, space.dtype), name="logits")
    return tfd.MixtureSameFamily(
        tfd.Categorical(logits), tfd.Independent(components, 1), reparameterize=True
    )
