"""Models in float32 and float64, batched [3, 2] and alone, eager and through XLA: one answer.

tests/models/test_models_contract.py has the same for the joint density itself; here are what it is
made of, what is known exactly, and the gradients that every optimizer and sampler uses.
"""

import functools

import numpy as np
import pytest
import tensorflow as tf
from models_catalogue import CATALOGUE

from vicourse.models import BayesianModel

# Tracing takes seconds for each; these four stand for the rest in the quick tests.
QUICK = {"banana", "beta_bernoulli", "linear_regression", "normal_normal"}


@functools.cache
def build(name, dtype=tf.float64):
    return CATALOGUE[name](dtype)


def functions_of(model):
    """name → a function of u [..., dim] in unconstrained space, with values [...]."""

    def of_latents(fn):
        return lambda u: fn(model.flat_bijector.forward(u))

    functions = {"joint": model.unconstrained_log_joint}
    if isinstance(model, BayesianModel):
        functions["prior"] = of_latents(model.prior.log_prob)
        functions["likelihood"] = of_latents(model.log_likelihood)
    if "posterior" in model.knows:
        posterior = model.posterior()
        functions["posterior"] = of_latents(posterior.log_prob)
    return functions


CASES = [
    pytest.param(name, function, marks=[] if name in QUICK else pytest.mark.slow)
    for name in sorted(CATALOGUE)
    for function in functions_of(build(name))
]


def value_and_gradient(function, u):
    with tf.GradientTape() as tape:
        tape.watch(u)
        values = function(u)
    return values, tape.gradient(values, u)


def batch_of_u(name, dtype=np.float64):
    """[3, 2, dim], rounded to float32 so that both dtypes see the same points."""
    u = np.random.default_rng(4).normal(size=(3, 2, build(name).dim)).astype(np.float32)
    return tf.constant(u.astype(dtype))


@functools.cache
def in_a_batch(name, function):
    return value_and_gradient(functions_of(build(name))[function], batch_of_u(name))


@pytest.mark.parametrize(("name", "function"), CASES)
def test_float32_agrees_with_float64(name, function):
    """Values to 2e-5 and gradients to 1e-3 of their size (cancellation near the mode)."""
    single = functions_of(build(name, tf.float32))[function]
    values, gradient = value_and_gradient(single, batch_of_u(name, np.float32))
    want, want_gradient = in_a_batch(name, function)
    assert values.dtype == gradient.dtype == tf.float32
    assert want.dtype == want_gradient.dtype == tf.float64
    np.testing.assert_allclose(values, want, rtol=2e-5, atol=2e-4)
    size = np.abs(want_gradient).max()
    np.testing.assert_allclose(gradient, want_gradient, rtol=1e-3, atol=1e-4 * size)


@pytest.mark.parametrize(("name", "function"), CASES)
def test_batches_agree_with_one_at_a_time(name, function):
    u = batch_of_u(name)
    values, gradient = in_a_batch(name, function)
    assert values.shape == [3, 2]
    for place in [(0, 0), (2, 1)]:
        alone, alone_gradient = value_and_gradient(functions_of(build(name))[function], u[place])
        assert alone.shape == []
        np.testing.assert_allclose(values[place], alone, rtol=1e-11, atol=1e-11)
        np.testing.assert_allclose(gradient[place], alone_gradient, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(("name", "function"), CASES)
def test_xla_agrees_with_eager(name, function):
    fn = functions_of(build(name))[function]
    compiled = tf.function(lambda u: value_and_gradient(fn, u), jit_compile=True, autograph=False)
    for got, want in zip(compiled(batch_of_u(name)), in_a_batch(name, function), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-9, atol=1e-9)


@pytest.mark.slow
def test_what_else_models_compute():
    """Smoothing and the complete log joint, all three ways at once."""
    calls = {
        "hidden_markov": lambda model, z: model.smooth(z),
        "gaussian_mixture": lambda model, z: model.complete_log_joint(z, [0, 1, 1, 0, 1, 0]),
        "eight_schools_non_centred": lambda model, z: model.theta(z),
    }
    for name, call in calls.items():
        u = batch_of_u(name)
        z = build(name).flat_bijector.forward(u)
        want = call(build(name), z)
        compiled = tf.function(functools.partial(call, build(name)), jit_compile=True)(z)
        np.testing.assert_allclose(compiled, want, rtol=1e-10, atol=1e-10)
        single = call(build(name, tf.float32), tf.nest.map_structure(to_single, z))
        assert single.dtype == tf.float32
        np.testing.assert_allclose(single, want, rtol=1e-4, atol=1e-5)
        alone = call(build(name), tf.nest.map_structure(lambda part: part[2, 1], z))
        np.testing.assert_allclose(want[2, 1], alone, rtol=1e-11, atol=1e-11)


def to_single(part):
    return tf.cast(part, tf.float32)
