"""The maps inside the flows: invertible whatever the parameters, masks, splines."""

import numpy as np
import pytest
import scipy.integrate
import tensorflow as tf
from families_catalogue import FLOWS, bent

from vicourse.families.coupling import rational_quadratic
from vicourse.families.networks import Network, autoregressive_masks
from vicourse.families.planar_flow import Planar
from vicourse.families.radial_flow import Radial


def constants(*values):
    return [tf.constant(value, tf.float64) for value in values]


@pytest.mark.parametrize("along", [-30.0, -3.0, 0.0, 4.0])
def test_planar_map_is_invertible_for_any_u(along):
    """wᵀû = softplus(wᵀu + log(e − 1)) − 1 > −1, and û − u is along w (R&M 2015, A.1)."""
    w = np.array([1.5, -0.5])
    u = along * w / (w @ w) + 2.0 * np.array([0.5, 1.5])  # the second part is across w
    planar = Planar(*constants(u, w, 0.3))
    # On the plane wᵀz + b = 0 the slope is steepest: there f stretches by 1 + wᵀû along w.
    on_plane = np.array([[-0.2, 0.0]])
    stretch = np.exp(planar.forward_log_det_jacobian(tf.constant(on_plane), 1).numpy())
    np.testing.assert_allclose(stretch, np.log1p(np.exp(along + np.log(np.e - 1))), rtol=1e-6)
    # Far on the two sides of the plane f moves by ±û.
    far = 1e3 * np.array([[1.0, -1.0]])
    u_hat = (planar.forward(tf.constant(far)) - far).numpy()[0]
    np.testing.assert_allclose(u_hat @ [0.5, 1.5], u @ [0.5, 1.5], rtol=1e-10)
    np.testing.assert_allclose(u_hat @ w, stretch[0] - 1, rtol=1e-6)
    z = np.random.default_rng(0).normal(size=(50, 2)) * 3
    back = planar.inverse(tf.constant(planar.forward(tf.constant(z)).numpy()))
    np.testing.assert_allclose(back, z, atol=1e-5 if along == -30 else 1e-9)


def test_planar_map_in_one_dimension_by_hand():
    """f(z) = z + û tanh(w z + b) with û = (softplus(w u + log(e − 1)) − 1)/w."""
    u, w, b, z = 0.7, 2.0, -0.4, 0.9
    u_hat = (np.log1p((np.e - 1) * np.exp(w * u)) - 1) / w
    planar = Planar(*constants([u], [w], b))
    np.testing.assert_allclose(
        planar.forward(tf.constant([z], tf.float64)), [z + u_hat * np.tanh(w * z + b)]
    )


@pytest.mark.parametrize("beta", [-40.0, -2.0, 0.0, 3.0])
def test_radial_map_is_invertible_for_any_beta(beta):
    """β̂ = α (softplus(β + log(e − 1)) − 1) > −α; at z₀ f stretches by 1 + β̂/α (A.2)."""
    centre, log_alpha = np.array([0.5, -1.0, 2.0]), -0.7
    radial = Radial(*constants(centre, log_alpha, beta))
    stretch = np.log1p((np.e - 1) * np.exp(beta))
    at_centre = radial.forward_log_det_jacobian(tf.constant(centre[None]), 1)
    np.testing.assert_allclose(at_centre, [3 * np.log(stretch)], rtol=1e-9, atol=1e-9)
    alpha = np.exp(log_alpha)
    far = centre + np.array([[0.0, 0.0, 10.0]])
    moved = 10 + alpha * (stretch - 1) * 10 / (alpha + 10)
    np.testing.assert_allclose(radial.forward(far) - centre, [[0, 0, moved]], rtol=1e-9, atol=1e-9)
    z = centre + np.random.default_rng(0).normal(size=(50, 3)) * 3
    back = radial.inverse(tf.constant(radial.forward(tf.constant(z)).numpy()))
    np.testing.assert_allclose(back, z, atol=1e-8)


def test_gradient_at_the_centre_of_a_radial_map_is_finite():
    radial = Radial(*constants([0.5, -1.0], 0.0, 1.0))
    z = tf.constant([[0.5, -1.0]], tf.float64)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(z)
        there = radial.forward(z)
        back = radial.inverse(z)
    # ∂f/∂z = (1 + β̂/α) I at the centre, α = 1.
    stretch = np.log1p((np.e - 1) * np.e)
    np.testing.assert_allclose(tape.gradient(there, z), [[stretch, stretch]])
    np.testing.assert_allclose(tape.gradient(back, z), [[1 / stretch, 1 / stretch]])


@pytest.mark.parametrize("hidden_units", [(3,), (7, 4)])
def test_masks_hide_what_follows_and_nothing_else(hidden_units):
    """∂ outputs of coordinate i / ∂ input j is 0 for j ≥ i, and not 0 for j < i."""
    dim, per_input = 4, 2
    masks = autoregressive_masks(dim, hidden_units, per_input)
    network = Network([dim, *hidden_units, dim * per_input], tf.float64, seed=0, masks=masks)
    x = tf.constant(np.random.default_rng(0).normal(size=(1, dim)))
    with tf.GradientTape() as tape:
        tape.watch(x)
        outputs = network(x)
    jacobian = tape.batch_jacobian(outputs, x).numpy().reshape(dim, per_input, dim)
    depends = np.abs(jacobian).min(axis=1) > 0
    np.testing.assert_array_equal(np.abs(jacobian).max(axis=1) > 0, depends)
    np.testing.assert_array_equal(depends, np.tril(np.ones((dim, dim)), -1) == 1)


def test_spline_of_zeros_is_the_identity():
    spline = rational_quadratic(tf.zeros([2, 11], tf.float64), 3.0)
    x = tf.constant([[-5.0, -2.9], [0.1, 1.7], [2.999, 8.0]], tf.float64)
    np.testing.assert_allclose(spline.forward(x), x, rtol=1e-12)


def test_spline_rises_and_ends_as_the_identity():
    """Knots at ±bound stay in place with slope 1; between them f rises; outside it is z."""
    raw = tf.constant(np.random.default_rng(4).normal(size=[1, 14]))
    spline = rational_quadratic(raw, 2.0)
    x = np.linspace(-3, 3, 6001)[:, None]
    y = spline.forward(tf.constant(x)).numpy()
    inside = np.abs(x) < 2
    assert np.all(np.diff(y[:, 0]) > 0)
    assert np.abs(y - x)[inside].max() > 0.1
    np.testing.assert_allclose(y[~inside], x[~inside])
    slope = np.exp(spline.forward_log_det_jacobian(tf.constant(x), 0).numpy())
    area = scipy.integrate.cumulative_trapezoid(slope[:, 0], x[:, 0], initial=0)
    np.testing.assert_allclose(-3 + area, y[:, 0], atol=1e-3)
    ends = spline.forward_log_det_jacobian(tf.constant([[-2 + 1e-7], [2 - 1e-7]], tf.float64), 0)
    np.testing.assert_allclose(ends, 0, atol=1e-3)


@pytest.mark.parametrize("name", ["real_nvp", "neural_spline", "maf", "iaf"])
def test_every_coordinate_is_bent(name):
    """f(x + d) − 2 f(x) + f(x − d) is 0 for a coordinate that no layer moves, or moves affinely."""
    flow = bent(FLOWS[name], 3).distribution.bijector
    x, d = np.random.default_rng(5).normal(size=(2, 20, 3))
    ahead, here, behind = (flow.forward(tf.constant(z)).numpy() for z in (x + d, x, x - d))
    assert np.all(np.abs(ahead - 2 * here + behind).max(axis=0) > 0.1)
