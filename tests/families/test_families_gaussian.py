"""The Gaussian families: density, start, units of the start, dtype, bad input."""

import numpy as np
import pytest
import scipy.stats
import tensorflow as tf
import tensorflow_probability as tfp

from vicourse.families import full_rank, low_rank, mean_field
from vicourse.models import Target

tfb = tfp.bijectors
tfd = tfp.distributions

LOC = np.array([1.0, -2.0, 0.5])
TRIL = np.array([[2.0, 0.0, 0.0], [1.0, 0.5, 0.0], [-3.0, 0.2, 0.1]])
FAMILIES = {
    "mean_field": mean_field,
    "full_rank": full_rank,
    "low_rank": lambda *args, **kwargs: low_rank(*args, rank=2, **kwargs),
}


@pytest.fixture(params=FAMILIES)
def family(request):
    return FAMILIES[request.param]


def positive_model(dtype=tf.float64):
    """Two positive latents; only its bijector matters here."""
    one = tf.constant([1.0, 1.0], dtype)
    return Target(tfd.Independent(tfd.Gamma(one, one), 1), tfb.Exp())


def test_full_rank_starts_as_the_gaussian_asked_for():
    base = full_rank(3, initial_loc=LOC, initial_scale=TRIL).distribution
    np.testing.assert_allclose(base.mean(), LOC)
    np.testing.assert_allclose(base.covariance(), TRIL @ TRIL.T, rtol=1e-12)


def test_mean_field_starts_at_the_reverse_kl_optimum():
    """argmin KL(N(m, D) ‖ N(m, C)) over diagonal D is D_ii = 1/(C⁻¹)_ii (Bishop 2006, 10.1.2)."""
    base = mean_field(3, initial_loc=LOC, initial_scale=TRIL).distribution
    precision = np.linalg.inv(TRIL @ TRIL.T)
    np.testing.assert_allclose(base.variance(), 1 / np.diag(precision), rtol=1e-9)


def test_low_rank_covariance_is_diagonal_plus_outer_product():
    q = low_rank(3, rank=1, initial_loc=LOC, initial_scale=[1.0, 2.0, 3.0], seed=4)
    factor = q.distribution.cov_perturb_factor.numpy()
    expected = np.diag([1.0, 4.0, 9.0]) + factor @ factor.T
    np.testing.assert_allclose(q.distribution.covariance(), expected, rtol=1e-12)
    assert factor.shape == (3, 1)
    assert np.all(factor != 0)


def test_density_counts_the_jacobian(family):
    """exp of a Gaussian is log-normal: q(z) = Π LogNormal(z_i) at the start."""
    q = family(positive_model(), initial_loc=[0.3, -0.4], initial_scale=[0.7, 1.2])
    z = np.array([[0.5, 2.0], [1.7, 0.1]])
    if isinstance(q.distribution, tfd.MultivariateNormalDiagPlusLowRankCovariance):
        covariance = q.distribution.covariance().numpy()
    else:
        covariance = np.diag([0.7**2, 1.2**2])
    gaussian = scipy.stats.multivariate_normal([0.3, -0.4], covariance)
    expected = gaussian.logpdf(np.log(z)) - np.log(z).sum(axis=1)
    np.testing.assert_allclose(q.log_prob(z), expected, rtol=1e-10)


def test_variables_are_in_units_of_the_start():
    """loc = loc₀ + L₀ raw, and L = L₀ T(raw) with T(0) = I."""
    q = full_rank(3, initial_loc=LOC, initial_scale=TRIL)
    variables = {v.name.split(":")[0]: v for v in q.trainable_variables}
    assert all(np.all(v.numpy() == 0) for v in variables.values())
    raw = np.array([0.1, -0.2, 0.3])
    variables["loc"].assign(raw)
    variables["scale"].assign_add(np.full(6, 0.1))
    np.testing.assert_allclose(q.distribution.mean(), LOC + TRIL @ raw)
    triangle = np.tril(np.full((3, 3), 0.1), -1) + np.exp(0.1) * np.eye(3)
    tril = TRIL @ triangle
    np.testing.assert_allclose(q.distribution.covariance(), tril @ tril.T, rtol=1e-12)


def test_number_of_parameters():
    count = {name: sum(v.shape.num_elements() for v in make(5).trainable_variables)
             for name, make in FAMILIES.items()}  # fmt: skip
    assert count == {"mean_field": 10, "full_rank": 5 + 15, "low_rank": 5 * (2 + 2)}


@pytest.mark.parametrize("dtype", [tf.float32, tf.float64])
def test_dtype_and_gradients(family, dtype):
    q = family(positive_model(dtype))
    z = q.sample(50, seed=(0, 1))
    assert z.dtype == q.log_prob(z).dtype == dtype
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.math.log(q.sample(50, seed=(0, 1))) ** 2)
    gradients = tape.gradient(loss, q.trainable_variables)
    assert all(gradient is not None and np.any(gradient) for gradient in gradients)


def test_random_start_follows_the_seed():
    same = [mean_field(4, seed=3).distribution.mean().numpy() for _ in range(2)]
    other = mean_field(4, seed=4).distribution.mean().numpy()
    np.testing.assert_array_equal(same[0], same[1])
    assert np.all(same[0] != other)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"initial_loc": [0.0]}, "initial_loc.*shape"),
        ({"initial_loc": [0.0, np.nan]}, "initial_loc.*finite"),
        ({"initial_scale": -1.0}, "initial_scale.*positive"),
        ({"initial_scale": 0}, "initial_scale.*positive"),
        ({"initial_scale": [[1.0, 0.5], [0.5, 1.0]]}, "cholesky"),
        ({"dtype": tf.int32}, "dtype"),
    ],
)
def test_bad_input_is_named(family, arguments, words):
    with pytest.raises((ValueError, TypeError), match=words):
        family(2, **arguments)


def test_bad_model_rank_seed_and_dtype():
    with pytest.raises(ValueError, match=r"seed.*not both"):
        mean_field(2, initial_loc=[0.0, 0.0], seed=1)
    with pytest.raises(TypeError, match="model_or_dim"):
        mean_field("a model")
    with pytest.raises(ValueError, match="rank"):
        low_rank(3, rank=4)
    with pytest.raises(ValueError, match="model's own"):
        full_rank(positive_model(), dtype=tf.float32)
