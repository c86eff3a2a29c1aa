"""Models refuse what makes no sense, by name, and give no NaN for what does."""

import functools

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp
from core_model_cases import CASES
from core_strategies import (
    NOT_NUMBERS,
    NOT_SCALARS,
    QUICK,
    RAGGED,
    bad_array,
    bad_dtype,
    bad_seed,
    refused,
)
from hypothesis import given, settings
from hypothesis import strategies as some
from models_catalogue import CATALOGUE

from vicourse import models

tfd = tfp.distributions
WITHOUT_DTYPE = ("fit_ppca", "Target", "enumerate_states", "quadrature")
PAIRS = [(name, argument) for name, (_, bad) in CASES.items() for argument in bad]
PAIRS += [(name, "dtype") for name in CASES if name not in WITHOUT_DTYPE]


def test_every_public_function_is_here():
    kinds = {"Model", "BayesianModel", "Quadrature"}  # abstract, or made by `quadrature` alone
    errors = {name for name in models.__all__ if name.endswith("Error")} | {"NotKnownExactly"}
    assert set(CASES) == set(models.__all__) - kinds - errors


@pytest.mark.parametrize(("name", "argument"), PAIRS)
@given(data=some.data())
@QUICK
def test_bad_arguments_are_refused_by_name(name, argument, data):
    valid, bad = CASES[name]
    value = data.draw(bad.get(argument, bad_dtype()))
    refused(argument, getattr(models, name), **{**valid, argument: value})


@pytest.mark.parametrize("name", CASES)
def test_the_good_arguments_are_good(name):
    getattr(models, name)(**CASES[name][0])


build = functools.cache(lambda name: CATALOGUE[name](tf.float64))


@pytest.mark.parametrize("name", sorted(CATALOGUE))
@given(data=some.data())
@settings(QUICK, max_examples=3)
def test_bad_latents_are_refused_by_name(name, data):
    """None, text, ragged rows, integers, NaN and wrong shapes, in any one of the latents."""
    model = build(name)
    z = model.flat_bijector.forward(tf.zeros(model.dim, tf.float64))
    parts = z if isinstance(z, dict) else {"z": z}
    key = data.draw(some.sampled_from(sorted(parts)))
    good = parts[key].numpy()
    bad = NOT_NUMBERS | some.sampled_from(
        [good.astype(str), good.astype(int), np.full_like(good, np.nan), good.astype(np.float32)]
    )
    bad |= RAGGED if good.ndim < 2 else some.just(good[:-1])
    value = data.draw(bad)
    for method in (model.log_joint, getattr(model, "log_likelihood", model.log_joint)):
        refused("z", method, {**z, key: value} if isinstance(z, dict) else value)
    refused("u", model.unconstrained_log_joint, data.draw(NOT_NUMBERS | some.just(np.zeros(99))))


@given(data=some.data())
@settings(QUICK, max_examples=40)
def test_methods_refuse_by_name(data):
    mixture, chain, point = (
        build("gaussian_mixture"),
        build("hidden_markov"),
        build("normal_normal"),
    )
    means = np.zeros((2, 2))
    assignments = NOT_SCALARS | some.sampled_from([[0, 1], [0.0] * 6, [0, 1, 2, 0, 1, 0], [-1] * 6])
    refused("assignments", mixture.complete_log_joint, means, data.draw(assignments))
    refused("z", mixture.complete_log_joint, data.draw(NOT_NUMBERS), [0] * 6)
    refused("z", chain.smooth, data.draw(NOT_NUMBERS | some.just(np.zeros(3))))
    refused("seed", point.simulate, data.draw(bad_seed()))
    refused("data", point.with_data, data.draw(bad_array(point.data) | some.just([1.0])))


def test_quadrature_refuses_what_it_cannot_compare_with():
    truth = models.quadrature(models.NormalNormal())
    bad = [
        None,
        "text",
        tfd.Normal(0.0, 1.0),
        tfd.Normal(np.zeros(2), np.ones(2)),
        tfd.MultivariateNormalDiag(np.zeros(2), np.ones(2)),
    ]
    for q in bad:
        refused("q", truth.kl_q_p, q)
        refused("q", truth.kl_p_q, q)
    for fn in (None, 3.0, lambda z: "text", lambda z: z * np.nan):
        refused("fn", truth.expectation, fn)
    refused("axis", truth.marginal, 1)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(CATALOGUE))
@given(seed=some.integers(0, 2**31), scale=some.floats(0.1, 3.0))
@settings(QUICK, max_examples=3)
def test_no_nan_for_good_input(name, seed, scale):
    """Data from the model, latents from all over R^dim: every answer is a finite number."""
    model = build(name)
    if isinstance(model, models.BayesianModel):
        model = model.simulate(seed)[0]
    u = scale * np.random.default_rng(seed).normal(size=(3, model.dim))
    z = model.flat_bijector.forward(tf.constant(u))
    answers = [model.log_joint(z), model.unconstrained_log_joint(tf.constant(u))]
    if "evidence" in model.knows and not (name == "lda" and model.data.sum() > 10):
        answers.append(model.log_evidence())
    if "posterior" in model.knows:
        answers.append(model.posterior().log_prob(z))
    assert all(np.all(np.isfinite(answer)) for answer in answers)
