"""Objectives and Gaussian families refuse what makes no sense, by name, and give no NaN else."""

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp
from core_strategies import (
    NOT_NUMBERS,
    QUICK,
    RAGGED,
    bad_integer,
    bad_number,
    bad_positive,
    bad_reals,
    bad_seed,
    refused,
)
from hypothesis import given, settings
from hypothesis import strategies as some

from vicourse import families
from vicourse import objectives as ob

tfd = tfp.distributions
Q = tfd.Normal(np.float64(0.3), np.float64(1.2))
PRIOR = tfd.Normal(np.float64(0), np.float64(1))


def log_density(z):
    return -0.5 * (z - 1.0) ** 2


# What a function of z may wrongly be or return.
NO_LOG_DENSITY = NOT_NUMBERS | some.sampled_from(
    [
        lambda z: None,
        lambda z: "text",
        lambda z: [[1.0], [1.0, 2.0]],
        lambda z: tf.cast(log_density(z), tf.float32),
        lambda z: tf.zeros(z.shape, tf.int32),
        lambda z: tf.reduce_sum(log_density(z)),
        lambda z: log_density(z)[..., tf.newaxis],
    ]
)
NO_DISTRIBUTION = NOT_NUMBERS | some.sampled_from([log_density, np.zeros(3), tfd.Normal])
NO_PRIOR = NO_DISTRIBUTION | some.sampled_from(
    [
        tfd.MultivariateNormalDiag(np.zeros(2), np.ones(2)),
        tfd.StudentT(np.float64(3), np.float64(0), np.float64(1)),
        tfd.Normal(0.0, 1.0),
        tfd.Normal(np.zeros(4), np.ones(4)),
    ]
)
DRAWN = {"num_samples": (3, bad_integer(1)), "seed": (0, bad_seed())}
FROM_JOINT = {
    "target_log_prob_fn": (log_density, NO_LOG_DENSITY),
    "surrogate_posterior": (Q, NO_DISTRIBUTION),
    **DRAWN,
}
WEIGHTED = {**FROM_JOINT, "num_importance_samples": (4, bad_integer(1))}
FROM_LIKELIHOOD = {
    "log_likelihood_fn": (log_density, NO_LOG_DENSITY),
    "surrogate_posterior": (Q, NO_DISTRIBUTION),
    "prior": (PRIOR, NO_PRIOR),
    **DRAWN,
}


def dream(num_samples, seed):
    z = PRIOR.sample(num_samples, seed=seed)
    return z, z + 1.0


def recognise(x):
    return tfd.Normal(0.5 * x, np.float64(0.7))


NO_DREAM = NOT_NUMBERS | some.sampled_from(
    [lambda n, s: None, lambda n, s: tf.zeros(n), lambda n, s: (1.0, 2.0, 3.0), lambda n, s: "zx"]
)
NO_RECOGNITION = NOT_NUMBERS | some.sampled_from(
    [
        lambda x: None,
        lambda x: x,
        lambda x: tfd.Normal(x[:, tf.newaxis], np.float64(1)),
        lambda x: tfd.Independent(recognise(x), 1),
    ]
)
TENSORS = some.sampled_from([tf.constant(0.5), tf.constant([0.5, 0.7], tf.float64)])

# For each objective: argument → (a good value, a strategy for bad ones).
CASES = {
    "elbo": FROM_JOINT,
    "elbo_closed_kl": FROM_LIKELIHOOD,
    "importance_weighted_bound": WEIGHTED,
    "renyi_bound": {**WEIGHTED, "alpha": (0.5, bad_number(minimum=0.0))},
    "chi_upper_bound": {**WEIGHTED, "n": (2.0, bad_number(minimum=1.0))},
    "forward_kl_objective": {**WEIGHTED, "num_importance_samples": (4, bad_integer(2))},
    "wake_theta": WEIGHTED,
    "wake_phi": {**WEIGHTED, "num_importance_samples": (4, bad_integer(2))},
    "sleep_phi": {
        "sample_joint_fn": (dream, NO_DREAM),
        "surrogate_posterior_fn": (recognise, NO_RECOGNITION),
        **DRAWN,
    },
    "beta_objective": {**FROM_LIKELIHOOD, "beta": (2.0, bad_number(minimum=0.0) | TENSORS)},
    "annealed_objective": {**FROM_JOINT, "temperature": (2.0, bad_number(above=0) | TENSORS)},
}
ARGUMENTS = [(name, argument) for name, case in CASES.items() for argument in case]


def test_every_objective_is_here():
    assert set(CASES) == set(ob.__all__)


@pytest.mark.parametrize(("name", "argument"), ARGUMENTS)
@given(data=some.data())
@settings(QUICK, max_examples=6)
def test_bad_arguments_are_refused_by_name(name, argument, data):
    good = {key: value for key, (value, _) in CASES[name].items()}
    bad = data.draw(CASES[name][argument][1])
    refused(argument, getattr(ob, name), **{**good, argument: bad})


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
@given(mu=some.floats(-5, 5), sigma=some.floats(0.05, 5), seed=some.integers(0, 2**40))
@settings(QUICK, max_examples=5)
def test_no_nan_for_good_input(name, mu, sigma, seed):
    good = {key: value for key, (value, _) in CASES[name].items()}
    if "surrogate_posterior" in good:
        good["surrogate_posterior"] = tfd.Normal(np.float64(mu), np.float64(sigma))
    values = getattr(ob, name)(**{**good, "seed": seed})
    assert values.shape == [3]
    assert np.all(np.isfinite(values))


FAMILIES = ("mean_field", "full_rank", "low_rank")
TRIL = np.array([[1.0, 0.0], [0.3, 0.7]])
SCALES = bad_positive([1.0, 2.0]).filter(lambda value: not isinstance(value, float) or value <= 0)
BAD_START = {
    "initial_loc": bad_reals([0.0, 1.0], some.just([1.0])).filter(lambda value: value is not None),
    "initial_scale": SCALES | some.sampled_from([-TRIL, TRIL.T, TRIL * np.nan, np.ones(3), -1]),
    "dtype": some.sampled_from([tf.int32, tf.float16, "complex64"]),
    "seed": bad_seed().filter(lambda value: value is not None),
    "model_or_dim": bad_integer(1) | RAGGED,
    "rank": bad_integer(1) | some.just(3),
}


@pytest.mark.parametrize("argument", BAD_START)
@pytest.mark.parametrize("family", FAMILIES)
@given(data=some.data())
@QUICK
def test_families_refuse_by_name(family, argument, data):
    options = {"model_or_dim": 2, "rank": 1, argument: data.draw(BAD_START[argument])}
    if family != "low_rank":
        if argument == "rank":
            return
        options.pop("rank")
    refused(argument, getattr(families, family), **options)


@pytest.mark.slow
@pytest.mark.parametrize("family", FAMILIES)
@given(seed=some.integers(0, 2**31), scale=some.floats(1e-3, 1e3))
@settings(QUICK, max_examples=5)
def test_families_give_no_nan(family, seed, scale):
    options = {"rank": 2} if family == "low_rank" else {}
    q = getattr(families, family)(3, initial_scale=scale, seed=seed, **options)
    z = q.sample(4, seed=(0, 1))
    assert np.all(np.isfinite(q.log_prob(z)))
    assert np.all(np.diag(q.distribution.covariance()) > 0)
