"""What every model promises, whatever it is: shapes, dtypes, Jacobians, and Bayes' rule."""

import functools

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp
from models_catalogue import CATALOGUE

from vicourse.models import BayesianModel, NotKnownExactly, Target

Simplex = tfp.bijectors.IteratedSigmoidCentered


@functools.cache
def build(name, dtype=tf.float64):
    return CATALOGUE[name](dtype)


# Models whose densities take TensorFlow long to trace.
SLOW = {
    "ard_regression",
    "eight_schools_centred",
    "eight_schools_non_centred",
    "funnel",
    "hidden_markov",
    "lda",
    "linear_regression_unknown_noise",
    "normal_wishart_mixture",
    "state_space",
}


def models_with(condition):
    """The names of the models for which the condition holds, the slow ones marked."""
    return [
        pytest.param(name, marks=pytest.mark.slow) if name in SLOW else name
        for name in sorted(CATALOGUE)
        if condition(build(name))
    ]


ALL = models_with(lambda model: True)
POSTERIOR = models_with(lambda model: "posterior" in model.knows)
BAYESIAN = models_with(lambda model: isinstance(model, BayesianModel))


def draw_u(model, *shape, seed=1):
    u = np.random.default_rng(seed).normal(size=(*shape, model.dim))
    return tf.constant(u, model.dtype)


def parts(z):
    return z if isinstance(z, dict) else {"z": z}


@pytest.mark.parametrize("name", ALL)
def test_log_joint_is_batched_like_one_at_a_time(name):
    model = build(name)
    u = draw_u(model, 2, 3)
    batch = model.log_joint(model.flat_bijector.forward(u))
    assert batch.shape == (2, 3)
    assert batch.dtype == tf.float64
    alone = [model.log_joint(model.flat_bijector.forward(u[row, 1])) for row in range(2)]
    np.testing.assert_allclose(batch[:, 1], alone, rtol=1e-12)


@pytest.mark.parametrize("name", ALL)
def test_latents_have_the_event_shape_and_come_back(name):
    model = build(name)
    u = draw_u(model, 5)
    z = model.flat_bijector.forward(u)
    shapes = parts(model.event_shape)
    assert set(parts(z)) == set(shapes)
    for key, part in parts(z).items():
        assert part.shape == (5, *shapes[key])
    again = {key: tf.identity(part) for key, part in parts(z).items()}
    back = model.flat_bijector.inverse(again if isinstance(z, dict) else again["z"])
    np.testing.assert_allclose(back, u, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", ALL)
def test_unconstrained_log_joint_has_the_jacobian(name):
    """log p(x, T(u)) + log |det dT/du|, the determinant from automatic differentiation."""
    model = build(name)
    u, bijectors = draw_u(model), parts(model.bijector)

    def coordinates(u):
        """Free coordinates: a simplex has one fewer than entries, a symmetric matrix a triangle."""
        pieces = []
        for key, part in parts(model.flat_bijector.forward(u)).items():
            free = part[..., :-1] if isinstance(bijectors[key], Simplex) else part
            if key == "precisions":
                free = tfp.math.fill_triangular_inverse(part)
            pieces.append(tf.reshape(free, [-1]))
        return tf.concat(pieces, axis=0)

    with tf.GradientTape(persistent=True) as tape:
        tape.watch(u)
        z = tf.unstack(coordinates(u))
    rows = [tape.gradient(one, u, unconnected_gradients="zero") for one in z]
    jacobian = np.stack(rows)
    want = model.log_joint(model.flat_bijector.forward(u)) + np.linalg.slogdet(jacobian)[1]
    np.testing.assert_allclose(model.unconstrained_log_joint(u), want, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("name", ALL)
def test_compiled_and_first_used_inside_a_graph(name):
    model = CATALOGUE[name](tf.float64)
    u = draw_u(model, 4)
    compiled = tf.function(model.unconstrained_log_joint, jit_compile=True, autograph=False)(u)
    # Afterwards in eager mode: nothing of the graph may have stayed behind in the model.
    np.testing.assert_allclose(compiled, model.unconstrained_log_joint(u), rtol=1e-10)


@pytest.mark.parametrize("name", ALL)
def test_float32_agrees_with_float64(name):
    single, double = build(name, tf.float32), build(name)
    u = draw_u(double, 4)
    got = single.unconstrained_log_joint(tf.cast(u, tf.float32))
    assert got.dtype == tf.float32
    np.testing.assert_allclose(got, double.unconstrained_log_joint(u), rtol=2e-5, atol=2e-4)
    if "evidence" in double.knows:
        assert single.log_evidence() == double.log_evidence()
    if "posterior" in double.knows:
        assert all(part == tf.float32 for part in parts(single.posterior().dtype).values())


@pytest.mark.parametrize("name", POSTERIOR)
def test_bayes_rule(name):
    """log p(x) = log p(x, z) − log p(z | x) at every z."""
    model = build(name)
    z = model.flat_bijector.forward(draw_u(model, 20))
    difference = model.log_joint(z) - model.posterior().log_prob(z)
    np.testing.assert_allclose(difference, model.log_evidence(), rtol=0, atol=1e-9)


@pytest.mark.parametrize("name", POSTERIOR)
def test_posterior_draws_are_latents(name):
    model = build(name)
    z = model.posterior().sample(7, seed=[1, 2])
    assert np.all(np.isfinite(model.log_joint(z)))


@pytest.mark.parametrize("name", ALL)
def test_what_is_not_known_says_so(name):
    model = build(name)
    methods = {"posterior": model.posterior, "evidence": model.log_evidence}
    for what, method in methods.items():
        if what not in model.knows:
            with pytest.raises(NotKnownExactly, match="quadrature"):
                method()


@pytest.mark.parametrize("name", BAYESIAN)
def test_log_joint_is_prior_plus_likelihood(name):
    model = build(name)
    z = model.flat_bijector.forward(draw_u(model, 3))
    total = model.prior.log_prob(z) + model.log_likelihood(z)
    np.testing.assert_allclose(model.log_joint(z), total, rtol=1e-12)


@pytest.mark.parametrize("name", BAYESIAN)
def test_simulate_repeats_itself(name):
    model = build(name)
    other, z = model.simulate(7)
    again, z_again = model.simulate(7)
    different, _ = model.simulate(8)
    np.testing.assert_array_equal(other.data, again.data)
    for key, part in parts(z).items():
        np.testing.assert_array_equal(part, parts(z_again)[key])
    assert type(other) is type(model)
    assert other.data.shape == model.data.shape
    if model.data.size > 4:  # few counts may well be the same twice
        assert not np.array_equal(other.data, different.data)
    assert np.isfinite(other.log_joint(z))
    with pytest.raises(TypeError, match="seed"):
        model.simulate(None)


@pytest.mark.parametrize("name", ALL)
def test_bad_latents_are_refused(name):
    model = build(name)
    z = model.flat_bijector.forward(draw_u(model))

    def spoil(change):
        return {key: change(part) for key, part in z.items()} if isinstance(z, dict) else change(z)

    with pytest.raises(ValueError, match="inside the support"):
        model.log_joint(spoil(lambda part: part * np.nan))
    with pytest.raises(TypeError, match="float64"):
        model.log_joint(spoil(lambda part: tf.cast(part, tf.float32)))
    with pytest.raises(TypeError, match="float64"):
        model.log_joint(spoil(lambda part: part.numpy().astype(np.float32)))
    with pytest.raises(TypeError, match="float64"):
        model.log_joint(spoil(lambda part: tf.cast(part, tf.int32)))
    if any(shape.rank for shape in parts(model.event_shape).values()):
        with pytest.raises(ValueError, match="shape"):
            model.log_joint(spoil(lambda part: part[..., :-1] if part.shape.rank else part))
    with pytest.raises(ValueError, match=f"{model.dim}"):
        model.unconstrained_log_joint(tf.zeros(model.dim + 1, tf.float64))


def test_support_is_checked():
    cases = {
        "beta_bernoulli": [-0.1, 1.1],
        "gamma_poisson": [-1.0],
        "dirichlet_multinomial": [[0.5, 0.5, 0.5, 0.5], [1.2, -0.2, 0.5, -0.5]],
    }
    for name, bad in cases.items():
        for z in bad:
            with pytest.raises(ValueError, match="inside the support"):
                build(name).log_joint(z)
    schools = build("eight_schools_marginal")
    with pytest.raises(ValueError, match="tau"):
        schools.log_joint({"mu": 0.0, "tau": -1.0})
    with pytest.raises(ValueError, match="names"):
        schools.log_joint({"mu": 0.0, "sigma": 1.0})
    with pytest.raises(ValueError, match="dict"):
        schools.log_joint(1.0)


def test_dtype_is_checked():
    for dtype in (tf.int32, tf.float16, "double precision", None):
        with pytest.raises(TypeError, match="dtype"):
            build("normal_normal", dtype)
    assert build("normal_normal", "float32").dtype == tf.float32


def test_with_data_keeps_the_shape():
    model = build("normal_normal")
    with pytest.raises(ValueError, match="shape"):
        model.with_data([1.0, 2.0])
    other = model.with_data([1.0, 2.0, 3.0])
    assert model.data[0] == 5.0  # the first model is left alone
    assert other.log_evidence() != model.log_evidence()


def test_a_target_is_its_own_posterior():
    model = build("banana")
    assert isinstance(model, Target)
    assert model.posterior() is model.distribution
    assert model.log_evidence() == 0.0
