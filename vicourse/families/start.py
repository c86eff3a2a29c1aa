"""Where a family lives and where it starts: the arguments that all families share, checked."""

from typing import NamedTuple

import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp

from vicourse.seeds import as_seed
from vicourse.validation import argument_error, check_array, check_choice, check_integer

tfb = tfp.bijectors
tfd = tfp.distributions


class LatentSpace(NamedTuple):
    """R^dim and the way from it to the latents."""

    dim: int
    bijector: tfb.Bijector
    dtype: tf.DType


def latent_space(model_or_dim, dtype=None):
    """The latent space of a model, or plain R^dim for an integer."""
    if hasattr(model_or_dim, "flat_bijector"):
        model = model_or_dim
        model_dtype = tf.as_dtype(model.dtype)
        if dtype is not None and tf.as_dtype(dtype) != model_dtype:
            raise argument_error(
                "dtype", dtype, f"the model's own, {model_dtype.name}", "Leave it out."
            )
        return LatentSpace(model.dim, model.flat_bijector, model_dtype)
    if isinstance(model_or_dim, bool) or not isinstance(model_or_dim, int | np.integer):
        raise argument_error(
            "model_or_dim",
            model_or_dim,
            "a model (with `flat_bijector` and `dim`), or a dimension",
            kind=TypeError,
        )
    dim = check_integer("model_or_dim", model_or_dim, minimum=1)
    name = check_choice("dtype", tf.as_dtype(dtype or tf.float64).name, ["float32", "float64"])
    return LatentSpace(dim, tfb.Identity(), tf.as_dtype(name))


def standard_normal(space):
    """N(0, I) on R^dim: where the noise ε of a flow comes from."""
    return tfd.MultivariateNormalDiag(tf.zeros(space.dim, space.dtype))


def reversals_between(layers, dim):
    """The layers, and between any two a bijector that reverses the order of the coordinates."""
    reverse = tfb.Permute(list(range(dim))[::-1])
    return [part for layer in layers for part in (reverse, layer)][1:]


def start_loc(space, initial_loc, seed):
    """The starting location, [dim]: as given, else standard normal with a seed, else zero."""
    if initial_loc is not None and seed is not None:
        raise argument_error(
            "seed", seed, "no seed beside `initial_loc`", "A start is given or random, not both."
        )
    if initial_loc is not None:
        loc = check_array("initial_loc", initial_loc, shape=(space.dim,))
        return tf.constant(loc, space.dtype)
    if seed is not None:
        return tf.random.stateless_normal([space.dim], as_seed(seed), dtype=space.dtype)
    return tf.zeros([space.dim], space.dtype)


def start_tril(space, initial_scale):
    """The starting scale as a lower-triangular matrix with positive diagonal, [dim, dim]."""
    return tf.constant(_tril(space.dim, initial_scale), space.dtype)


def start_vector(space, initial_scale):
    """The starting standard deviations, [dim].

    For a matrix L: 1/√((L Lᵀ)⁻¹)_ii, the mean-field Gaussian that minimises KL(q‖N(·, L Lᵀ)).
    """
    inverse = np.linalg.inv(_tril(space.dim, initial_scale))
    return tf.constant(1.0 / np.linalg.norm(inverse, axis=0), space.dtype)


def _tril(dim, initial_scale):
    scale = check_array("initial_scale", initial_scale, allow_integer=True)
    if scale.ndim < 2 and scale.shape in [(), (dim,)]:
        scale = np.diag(np.broadcast_to(scale, (dim,)))
    if scale.shape != (dim, dim) or np.any(np.triu(scale, 1) != 0) or np.any(np.diag(scale) <= 0):
        raise argument_error(
            "initial_scale",
            initial_scale,
            f"a positive number, {dim} positive numbers, or a lower-triangular {dim} × {dim} "
            "matrix with positive diagonal",
            "For a covariance C pass `numpy.linalg.cholesky(C)`.",
        )
    return scale
