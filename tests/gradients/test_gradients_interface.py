"""All estimators behind one interface: options, what q fits, dtypes, batches, compilation."""

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp
from gradient_checks import variables

from vicourse.gradients import ESTIMATORS, gradient_estimator, gradient_samples

tfd = tfp.distributions

OPTIONS = {
    "score_function_constant": {"baseline": -0.5},
    "score_function_rao_blackwell": {"touches": np.eye(3, dtype=bool)},
    "gumbel_softmax": {"temperature": 0.5},
    "straight_through": {"temperature": 0.5},
    "iwae": {"num_importance_samples": 3},
    "dreg": {"num_importance_samples": 3},
    "vimco": {"num_importance_samples": 3},
}
DISCRETE = ("enumeration", "gumbel_softmax", "straight_through")
PATHWISE = ("reparameterization", "sticking_the_landing", "implicit", "iwae", "dreg")
VALUES = np.array([0.3, -0.8, 1.1])


def estimator(name):
    return gradient_estimator(name, **OPTIONS.get(name, {}))


def problem(name, dtype=tf.float64, start=VALUES):
    """A target that suits the estimator, and q over three latents: coins or Gaussians."""
    start = tf.Variable(start, dtype=dtype)
    if name in DISCRETE:
        q = tfd.Bernoulli(logits=start, dtype=dtype)
    else:
        q = FixedNormal(start, tf.constant([0.5, 1.0, 2.0], dtype))

    def target(z):
        terms = -((z - tf.constant([0.2, -1.0, 0.7], dtype)) ** 2)
        return terms if name == "score_function_rao_blackwell" else tf.reduce_sum(terms, axis=-1)

    return target, tfd.Independent(q, 1)


class FixedNormal(tfd.Normal):
    """N(loc, scale²) for three latents that draws the same noise whatever the seed, for every
    member of a batch: XLA makes other draws of a seed than TensorFlow without XLA does."""

    def _sample_n(self, n, seed=None):
        noise = np.random.default_rng(5).normal(size=[n, 3])
        noise = noise.reshape([n, *[1] * (self.batch_shape.rank - 1), 3])
        return self.loc + self.scale * tf.constant(noise, self.dtype)


@pytest.mark.parametrize("dtype", [tf.float32, tf.float64])
@pytest.mark.parametrize("name", ESTIMATORS)
def test_same_seed_same_numbers(name, dtype):
    """Eagerly and in a graph; another seed, other numbers."""
    target, q = problem(name, dtype)
    if name not in DISCRETE:
        q = tfd.Independent(tfd.Normal(q.distribution.loc, q.distribution.scale), 1)
    one = estimator(name)
    values, gradients = one(target, q, 4, 11)
    again, other = tf.function(lambda: one(target, q, 4, 11))()
    assert values.dtype == gradients[0].dtype == dtype
    assert values.shape == [4]
    rtol = 1e-4 if dtype == tf.float32 else 1e-10
    np.testing.assert_allclose(values, again, rtol=rtol)
    np.testing.assert_allclose(gradients, other, rtol=rtol, atol=rtol)
    if name != "enumeration":
        assert np.any(one(target, q, 4, 12)[0] != values)


@pytest.mark.parametrize("name", [name for name in ESTIMATORS if name not in DISCRETE[1:]])
def test_compiled_or_not_the_same_numbers(name):
    """For the same draws. (The relaxations draw inside TFP: their means are compared elsewhere.)"""
    target, q = problem(name)
    values, gradients = estimator(name)(target, q, 4, 11)
    compiled = tf.function(lambda: estimator(name)(target, q, 4, 11), jit_compile=True)
    other_values, other_gradients = compiled()
    np.testing.assert_allclose(values, other_values, rtol=1e-9)
    np.testing.assert_allclose(gradients, other_gradients, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_float32_and_float64_agree(name):
    # The relaxations draw other numbers in the other dtype: their means are compared.
    relaxed = name in DISCRETE[1:]
    results = []
    for dtype in (tf.float32, tf.float64):
        values, (gradient,) = estimator(name)(*problem(name, dtype), 50_000 if relaxed else 4, 11)
        results.append([np.mean(values), *gradient.numpy()])
    tolerance = 0.05 if relaxed else 2e-4
    np.testing.assert_allclose(*results, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("name", [name for name in ESTIMATORS if name not in DISCRETE[1:]])
def test_members_of_a_batch_are_problems_of_their_own(name):
    """A member's gradient is that of the same problem alone: neither 1/6 of it nor 6 times it."""
    starts = VALUES + np.linspace(-1, 1, 6).reshape(3, 2, 1)
    values, (gradient,) = estimator(name)(*problem(name, start=starts), 4, 11)
    assert values.shape == [4, 3, 2]
    for i, j in np.ndindex(3, 2):
        alone, (one,) = estimator(name)(*problem(name, start=starts[i, j]), 4, 11)
        np.testing.assert_allclose(values[:, i, j], alone, rtol=1e-10)
        np.testing.assert_allclose(gradient[i, j], one, rtol=1e-10, atol=1e-12)


UNFIT = {
    **dict.fromkeys(PATHWISE, "differentiated|continuous"),
    **dict.fromkeys(DISCRETE, "Bernoulli, Categorical"),
}


@pytest.mark.parametrize("name", UNFIT)
def test_a_q_that_does_not_fit_is_refused(name):
    """Neither a zero gradient nor a wrong one: a pathwise estimator for coins, sums for Normals."""
    if name in DISCRETE:
        unfit = [
            tfd.Normal(tf.Variable(0.1), 1.0),
            tfd.Independent(tfd.Normal(tf.Variable([0.1]), 1.0), 1),
            tfd.Poisson(tf.Variable(2.0)),
            tfd.RelaxedBernoulli(0.5, logits=tf.Variable(0.1)),
        ]
    else:
        unfit = [
            tfd.Bernoulli(logits=tf.Variable(0.1), dtype=tf.float32),
            tfd.Independent(tfd.Bernoulli(logits=tf.Variable([0.1]), dtype=tf.float32), 1),
            tfd.OneHotCategorical(tf.Variable([0.1, 0.3]), dtype=tf.float32),
            tfd.Poisson(tf.Variable(2.0)),
        ]
    for q in unfit:
        with pytest.raises(ValueError, match=f"surrogate_posterior.*({UNFIT[name]})"):
            estimator(name)(lambda z: 0 * z, q, 3, 0)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_bad_input_is_named(name):
    target, q = problem(name)
    with pytest.raises(ValueError, match="options"):
        gradient_estimator(name, **OPTIONS.get(name, {}), nonsense=3)
    with pytest.raises(ValueError, match="num_samples"):
        estimator(name)(target, q, 0, 0)
    with pytest.raises(TypeError, match="num_samples"):
        estimator(name)(target, q, 2.5, 0)
    with pytest.raises(TypeError, match="seed"):
        estimator(name)(target, q, 3, None)
    with pytest.raises(TypeError, match="surrogate_posterior"):
        estimator(name)(target, "mean_field", 3, 0)
    with pytest.raises(TypeError, match="target_log_prob_fn"):
        estimator(name)("log_joint", q, 3, 0)
    with pytest.raises(ValueError, match="target_log_prob_fn"):
        estimator(name)(lambda z: target(z)[..., tf.newaxis], q, 3, 0)
    with pytest.raises(TypeError, match=r"target_log_prob_fn.*float64"):
        estimator(name)(lambda z: tf.cast(target(z), tf.float32), q, 3, 0)
    still = tfd.Normal(tf.constant(0.0), 1.0)
    with pytest.raises(ValueError, match="trainable"):
        estimator(name)(target, still, 3, 0)


def test_missing_and_bad_options_are_named():
    for name, options in OPTIONS.items():
        with pytest.raises(ValueError, match=f"options.*{next(iter(options))}"):
            gradient_estimator(name)
    for name in ("iwae", "dreg", "vimco"):
        with pytest.raises(ValueError, match="num_importance_samples"):
            gradient_estimator(name, num_importance_samples=0)
    with pytest.raises(ValueError, match="Did you mean 'reparameterization'"):
        gradient_estimator("reparametrization")
    with pytest.raises(ValueError, match="num_repeats"):
        gradient_samples("iwae", None, None, num_samples=1, num_repeats=0, seed=0)


def test_a_batch_of_latents_that_should_be_one_event_is_refused():
    """Forgetting `tfd.Independent` would count log q once for each latent."""
    q = tfd.Normal(variables(0.0, 3), tf.constant(1.0, tf.float64))
    with pytest.raises(ValueError, match=r"target_log_prob_fn.*tfd.Independent"):
        gradient_estimator("reparameterization")(lambda z: tf.reduce_sum(z, -1), q, 2, 0)
