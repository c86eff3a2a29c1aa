"""The richer families, small, for tests that all of them must pass."""

import functools

import numpy as np
import tensorflow as tf

from vicourse.families import iaf, maf, mixture, neural_spline, planar, radial, real_nvp
from vicourse.seeds import fold_in

FLOWS = {
    "planar": functools.partial(planar, num_layers=3),
    "radial": functools.partial(radial, num_layers=3),
    "real_nvp": functools.partial(real_nvp, num_layers=2, hidden_units=(8,)),
    "neural_spline": functools.partial(neural_spline, hidden_units=(8,), num_bins=4, bound=3.0),
    "maf": functools.partial(maf, hidden_units=(8,)),
    "iaf": functools.partial(iaf, hidden_units=(8,)),
}
FAMILIES = {"mixture": functools.partial(mixture, num_components=3), **FLOWS}


def bent(make, model_or_dim, seed=0, size=0.5, **arguments):
    """A family with all its variables moved at random: away from the start, far from Gaussian."""
    q = make(model_or_dim, **arguments)
    for number, variable in enumerate(q.trainable_variables):
        noise = tf.random.stateless_normal(
            variable.shape, fold_in(seed, number), dtype=variable.dtype
        )
        variable.assign_add(size * noise)
    return q


def grid(half_width, num_points, dim):
    """Points [num_points^dim, dim] of a product grid, and the volume that each stands for."""
    axis = np.linspace(-half_width, half_width, num_points)
    axes = np.meshgrid(*[axis] * dim, indexing="ij")
    return np.stack([part.ravel() for part in axes], -1), (axis[1] - axis[0]) ** dim


def elbo_by_quadrature(q, target_log_prob_fn, num_points=121):
    """E_ε[log p(T(ε)) + log |det ∂T/∂ε| − log N(ε)] of a flow over R^dim, nats, no sampling.

    It needs neither draws nor the inverse of T. Trapezoidal rule in ε on [−8, 8]^dim.
    """
    noise = q.distribution.distribution
    points, volume = grid(8.0, num_points, noise.event_shape[0])
    eps = tf.constant(points, noise.dtype)
    flow = q.distribution.bijector
    log_q = noise.log_prob(eps) - flow.forward_log_det_jacobian(eps, 1)
    values = target_log_prob_fn(flow.forward(eps)) - log_q
    return float(volume * tf.reduce_sum(noise.prob(eps) * values))
