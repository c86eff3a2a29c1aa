"""Gaussian families: a Gaussian on R^dim, carried to the model's latents by its bijector.

    u = loc + scale·ε,  ε ~ N(0, I),   z = T(u)   (T = `model.flat_bijector`)

This is the variational family of automatic differentiation variational inference (ADVI). Each
function returns a `tfd.TransformedDistribution`: `q` lives on the latents, `q.distribution` is the
Gaussian on R^dim, and `q.trainable_variables` are what an optimizer moves.

The variables are kept in units of the start: raw location 0 means `initial_loc`, and a step of
0.1 moves the location by 0.1 initial standard deviations. One step size then suits every latent,
whether it is measured in millimetres or in light years.

Source: Kucukelbir et al. (2017), Automatic differentiation variational inference.
Chapter: algorithms/black_box_vi
"""

import tensorflow as tf
import tensorflow_probability as tfp

from vicourse.families.affine import trained, trained_loc, trained_tril
from vicourse.families.start import latent_space, start_loc, start_tril, start_vector
from vicourse.seeds import split_seed
from vicourse.validation import check_integer

tfb = tfp.bijectors
tfd = tfp.distributions


def mean_field(
    model_or_dim, *, initial_loc=None, initial_scale=1.0, dtype=None, seed=None, name="mean_field"
):
    """The mean-field Gaussian: every unconstrained latent independent of the others.

    q(u) = Π_i N(u_i | mu_i, sigma_i²), 2·dim parameters.

    Args:
        model_or_dim: a model, or the dimension of an unconstrained space.
        initial_loc: where q starts, [dim]; 0 by default, or standard normal if `seed` is given.
        initial_scale: standard deviations at the start: a number, a vector [dim], or a
            lower-triangular matrix [dim, dim]. For a matrix L, q starts as the mean-field Gaussian
            closest in KL(q‖p) to N(loc, L Lᵀ), whose variances are 1/((L Lᵀ)⁻¹)_ii.
        dtype: tf.float32 or tf.float64; by default the model's, and tf.float64 for a dimension.
        seed: makes a random start; leave it out to start at `initial_loc`.

    Returns:
        A trainable `tfd.TransformedDistribution` over the latents.

    Raises:
        TypeError, ValueError: for a start whose shape, sign or dtype does not fit.

    Source: Kucukelbir et al. (2017), Automatic differentiation variational inference.
    Chapter: algorithms/black_box_vi
    """
    space = latent_space(model_or_dim, dtype)
    loc = start_loc(space, initial_loc, seed)
    sigma = start_vector(space, initial_scale)
    base = tfd.MultivariateNormalDiag(
        loc=trained(loc, tfb.Shift(loc)(tfb.Scale(sigma)), "loc"),
        scale_diag=trained(sigma, tfb.Scale(sigma)(tfb.Exp()), "scale"),
    )
    return tfd.TransformedDistribution(base, space.bijector, name=name)


def full_rank(
    model_or_dim, *, initial_loc=None, initial_scale=1.0, dtype=None, seed=None, name="full_rank"
):
    """The full-rank Gaussian: any correlation between the unconstrained latents.

    q(u) = N(u | mu, L Lᵀ), L lower triangular with positive diagonal; dim + dim·(dim + 1)/2
    parameters.

    Args, Returns, Raises: as for `mean_field`; a matrix `initial_scale` is L itself.

    Source: Kucukelbir et al. (2017), Automatic differentiation variational inference.
    Chapter: algorithms/black_box_vi
    """
    space = latent_space(model_or_dim, dtype)
    loc = start_loc(space, initial_loc, seed)
    tril = start_tril(space, initial_scale)
    base = tfd.MultivariateNormalTriL(loc=trained_loc(loc, tril), scale_tril=trained_tril(tril))
    return tfd.TransformedDistribution(base, space.bijector, name=name)


def low_rank(
    model_or_dim,
    *,
    rank,
    initial_loc=None,
    initial_scale=1.0,
    dtype=None,
    seed=0,
    name="low_rank",
):
    """The low-rank-plus-diagonal Gaussian: a few correlated directions, cheap in high dimension.

    q(u) = N(u | mu, diag(d)² + U Uᵀ), U of shape [dim, rank]; dim·(rank + 2) parameters.

    Args:
        rank: number of correlated directions, 1 to dim.
        seed: for the small random start of U: at U = 0 its gradient is zero and it never moves.
        others: as for `mean_field`.

    Returns, Raises: as for `mean_field`.

    Source: Ong, Nott and Smith (2018), Gaussian variational approximation with a factor
        covariance structure.
    Chapter: algorithms/black_box_vi
    """
    space = latent_space(model_or_dim, dtype)
    rank = check_integer("rank", rank, minimum=1, maximum=space.dim)
    loc = start_loc(space, initial_loc, None)
    sigma = start_vector(space, initial_scale)
    factor_seed, _ = split_seed(seed)
    factor = 0.1 * tf.random.stateless_normal([space.dim, rank], factor_seed, dtype=space.dtype)
    base = tfd.MultivariateNormalDiagPlusLowRankCovariance(
        loc=trained(loc, tfb.Shift(loc)(tfb.Scale(sigma)), "loc"),
        cov_diag_factor=trained(sigma**2, tfb.Scale(sigma**2)(tfb.Exp()), "variance"),
        cov_perturb_factor=trained(
            sigma[:, tf.newaxis] * factor, tfb.Scale(sigma[:, tf.newaxis]), "factor"
        ),
    )
    return tfd.TransformedDistribution(base, space.bijector, name=name)
