"""What every richer family must do: its density, its draws, its start, its dtype, its errors."""

import numpy as np
import pytest
import scipy.special
import scipy.stats
import tensorflow as tf
import tensorflow_probability as tfp
from families_catalogue import FAMILIES, FLOWS, bent, grid

from vicourse.compiled import compiled
from vicourse.families import full_rank, mixture, neural_spline, planar, real_nvp
from vicourse.models import Target

tfb = tfp.bijectors
tfd = tfp.distributions

LOC = np.array([1.0, -2.0, 0.5])
TRIL = np.array([[2.0, 0.0, 0.0], [1.0, 0.5, 0.0], [-3.0, 0.2, 0.1]])


@pytest.fixture(params=FAMILIES)
def family(request):
    return FAMILIES[request.param]


@pytest.fixture(params=FLOWS)
def flow(request):
    return FLOWS[request.param]


def fresh(z):
    """The same numbers, but not the tensor that TFP remembers: log q must find the way back."""
    return tf.constant(z.numpy())


@pytest.mark.parametrize("dim", [pytest.param(1, marks=pytest.mark.slow), 2])
def test_density_integrates_to_one_and_draws_follow_it(family, dim):
    """∫ q = 1, and mean and covariance of draws as of the density on a grid, within 4 SE."""
    q = bent(family, dim, initial_scale=0.7)
    points, volume = grid(12.0, 4001 if dim == 1 else 241, dim)
    mass = volume * np.exp(q.log_prob(points))
    assert mass.sum() == pytest.approx(1, abs=2e-3)
    draws = q.sample(4000, seed=(0, 1)).numpy()
    products = draws[:, :, None] * draws[:, None, :]
    for sampled, exact in [
        (draws, mass @ points),
        (products, np.einsum("n,ni,nj->ij", mass, points, points)),
    ]:
        error = sampled.std(axis=0) / np.sqrt(len(sampled))
        assert np.all(np.abs(sampled.mean(axis=0) - exact) < 4 * error + 5e-3)


def test_log_prob_is_base_density_over_numerical_jacobian(flow):
    """log q(T(ε)) = log N(ε) − log |det ∂T/∂ε|, T differentiated by central differences."""
    q = bent(flow, 3, initial_loc=LOC, initial_scale=TRIL)
    eps = np.random.default_rng(0).normal(size=(20, 3)) * 1.5
    steps = 1e-5 * np.eye(3)
    forward = q.distribution.bijector.forward
    ahead, behind = forward(eps + steps[:, None]), forward(eps - steps[:, None])
    jacobian = np.moveaxis((ahead - behind).numpy() / 2e-5, 0, -1)
    log_det = np.linalg.slogdet(jacobian)[1]
    expected = scipy.stats.norm.logpdf(eps).sum(-1) - log_det
    assert np.std(log_det) > 0.01  # bent indeed
    np.testing.assert_allclose(q.log_prob(fresh(forward(tf.constant(eps)))), expected, atol=1e-5)


def test_mixture_density_is_a_sum_of_gaussians():
    """q(z) = Σ_k π_k N(z | loc + L m_k, L diag(s_k)² Lᵀ), by SciPy."""
    q = bent(FAMILIES["mixture"], 3, initial_loc=LOC, initial_scale=TRIL)
    inner, (shift, matvec) = q.distribution.distribution, q.distribution.bijector.bijectors
    tril = tf.convert_to_tensor(matvec.parameters["scale_tril"]).numpy()
    weights = scipy.special.softmax(inner.mixture_distribution.logits.numpy())
    parts = inner.components_distribution.distribution
    z = q.sample(6, seed=(0, 1)).numpy()
    density = sum(
        w * scipy.stats.multivariate_normal(
            shift.shift.numpy() + tril @ m, tril @ np.diag(s**2) @ tril.T
        ).pdf(z)
        for w, m, s in zip(weights, parts.loc.numpy(), parts.scale.numpy(), strict=True)
    )  # fmt: skip
    np.testing.assert_allclose(q.log_prob(z), np.log(density), rtol=1e-9)


def test_gradient_of_log_prob_at_a_held_point(family):
    """∂ log q(z)/∂φ in a random direction, at points that are not draws, by differences."""
    q = bent(family, 2)
    z = tf.constant(np.random.default_rng(1).normal(size=(5, 2)) * 2)
    variables = q.trainable_variables
    with tf.GradientTape() as tape:
        value = tf.reduce_sum(q.log_prob(z))
    gradients = tape.gradient(value, variables)
    rng = np.random.default_rng(2)
    direction = [rng.normal(size=variable.shape) for variable in variables]
    slope = sum(np.sum(g * d) for g, d in zip(gradients, direction, strict=True))
    start = [variable.numpy() for variable in variables]
    ends = []
    for step in (1e-5, -1e-5):
        for variable, s, d in zip(variables, start, direction, strict=True):
            variable.assign(s + step * d)
        ends.append(float(tf.reduce_sum(q.log_prob(fresh(z)))))
    assert slope == pytest.approx((ends[0] - ends[1]) / 2e-5, rel=1e-5, abs=1e-6)


def test_flow_starts_near_the_gaussian_asked_for(flow):
    """At the start q is N(loc, L Lᵀ), up to small random weights."""
    q = flow(3, initial_loc=LOC, initial_scale=TRIL)
    exact = full_rank(3, initial_loc=LOC, initial_scale=TRIL)
    z = exact.sample(50, seed=(0, 1))
    assert np.abs(q.log_prob(z) - exact.log_prob(z)).max() < 0.1


@pytest.mark.parametrize("make", [planar, real_nvp])
def test_start_follows_the_seed(make):
    q, same, other = (make(2, num_layers=1, seed=seed) for seed in (0, 0, 1))
    z = np.array([[0.3, -0.7]])
    np.testing.assert_array_equal(q.log_prob(z), same.log_prob(z))
    assert np.all(q.log_prob(z) != other.log_prob(z))


@pytest.mark.parametrize("num_components", [2, 5])
def test_mixture_starts_with_the_moments_asked_for(num_components):
    """In v: mean 0 and variance 1, from means that differ and one common width."""
    q = mixture(2, num_components=num_components, seed=3)
    v = q.distribution.distribution
    np.testing.assert_allclose(v.mean(), [0.0, 0.0], atol=1e-12)
    np.testing.assert_allclose(v.variance(), [1.0, 1.0], rtol=1e-12)
    assert np.ptp(v.components_distribution.mean(), axis=0).min() > 0.1


def positive_model(dtype):
    one = tf.constant([1.0, 1.0], dtype)
    return Target(tfd.Independent(tfd.Gamma(one, one), 1), tfb.Exp())


@pytest.mark.parametrize("dtype", [tf.float32, pytest.param(tf.float64, marks=pytest.mark.slow)])
def test_dtype_batches_support_and_gradients(family, dtype):
    """On a model: draws in its support, log q of [3, 4, 2] is [3, 4], every variable moves."""
    q = family(positive_model(dtype))
    with tf.GradientTape() as tape:
        z = q.sample([3, 4], seed=(0, 1))
        log_q = q.log_prob(z)
        loss = tf.reduce_mean(tf.math.log(z) ** 2) + tf.reduce_mean(log_q)
    gradients = tape.gradient(loss, q.trainable_variables)
    assert q.reparameterization_type == tfd.FULLY_REPARAMETERIZED
    assert z.dtype == log_q.dtype == dtype
    assert log_q.shape == [3, 4]
    assert np.all(z > 0)
    np.testing.assert_allclose(log_q, q.log_prob(fresh(z)), rtol=1e-4)
    assert all(np.any(gradient) and np.all(np.isfinite(gradient)) for gradient in gradients)


def test_round_trip(flow):
    """T⁻¹(T(ε)) = ε far out too, in both precisions."""
    for dtype, tolerance in [(tf.float64, 1e-9), (tf.float32, 2e-3)]:
        bijector = bent(flow, 2, dtype=dtype).distribution.bijector
        eps = tf.constant(np.random.default_rng(3).normal(size=(200, 2)) * 10, dtype)
        back = bijector.inverse(fresh(bijector.forward(eps)))
        np.testing.assert_allclose(back, eps, rtol=tolerance, atol=tolerance)


@pytest.mark.slow
def test_compiled_or_not_the_same_numbers(family):
    """Eager, graph and XLA agree on the map and the density. (On draws they need not: TensorFlow
    turns a seed into other random bits under XLA.)"""
    q = bent(family, 2)
    points = tf.constant(np.random.default_rng(5).normal(size=(20, 2)) * 2)

    def map_and_density(points):
        return q.distribution.bijector.forward(points), q.log_prob(points)

    expected = map_and_density(points)
    for jit in (False, True):
        got = compiled(map_and_density, points, jit_compile=jit)(points)
        for one, other in zip(got, expected, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-9)


def test_every_coordinate_is_bent(flow):
    """No coordinate of T is linear: layers that move a part take turns."""
    forward = bent(flow, 3).distribution.bijector.forward
    eps = np.random.default_rng(6).normal(size=(10, 3))
    before, here, after = forward(np.stack([eps - 0.5, eps, eps + 0.5])).numpy()
    second_difference = before - 2 * here + after
    assert np.all(np.abs(second_difference).max(axis=0) > 1e-3)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"initial_loc": [0.0]}, "initial_loc.*shape"),
        ({"initial_loc": [0.0, np.nan]}, "initial_loc.*finite"),
        ({"initial_scale": -1.0}, "initial_scale.*positive"),
        ({"dtype": tf.int32}, "dtype"),
        ({"seed": None}, "seed"),
    ],
)
def test_bad_start_is_named(family, arguments, words):
    with pytest.raises((ValueError, TypeError), match=words):
        family(2, **arguments)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: planar("model"), "model_or_dim"),
        (lambda: planar(2, num_layers=0), "num_layers"),
        (lambda: real_nvp(2, hidden_units=()), "hidden_units"),
        (lambda: real_nvp(2, hidden_units=32), "hidden_units"),
        (lambda: neural_spline(2, num_bins=1), "num_bins"),
        (lambda: neural_spline(2, bound=0.0), "bound"),
        (lambda: mixture(2, num_components=0), "num_components"),
    ],
)
def test_bad_size_is_named(make, words):
    with pytest.raises((ValueError, TypeError), match=words):
        make()


def test_every_parameter_is_found():
    """In three dimensions, beside loc (3) and L (6): one formula a family."""
    nets = {"real_nvp": 1 * 8 + 8 + 8 * 4 + 4, "maf": 3 * 8 + 8 + 8 * 6 + 6}  # in, hidden 8, out
    nets["iaf"], nets["neural_spline"] = nets["maf"], 1 * 8 + 8 + 8 * 2 * 11 + 2 * 11
    expected = {name: 2 * size for name, size in nets.items()}
    expected |= {"mixture": 3 * (2 * 3 + 1), "planar": 3 * (2 * 3 + 1), "radial": 3 * (3 + 2)}
    found = {
        name: sum(v.shape.num_elements() for v in make(3).trainable_variables) - 9
        for name, make in FAMILIES.items()
    }
    assert found == expected
