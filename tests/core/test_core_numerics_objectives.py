"""Objectives in float32 and float64, batched and alone, eager and through XLA: one answer.

XLA and the two dtypes draw other numbers from one seed; q here draws the same ones for all.
"""

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp

from vicourse import objectives as ob

tfd = tfp.distributions
NOISE = np.random.default_rng(7).normal(size=60).astype(np.float32)
MU, SIGMA = np.array([[1.5, 0.25], [0.0, -1.0], [2.5, 0.5]]), np.array([0.75, 1.25])


class FixedNormal(tfd.Normal):
    """A Normal whose draws are mu + sigma·noise, with the noise of the table above."""

    def _sample_n(self, n, seed=None):
        noise = tf.reshape(tf.constant(NOISE[:n], self.dtype), [n, *[1] * len(self.batch_shape)])
        return self.loc + self.scale * noise


def log_likelihood(z):
    return -0.5 * (2.0 - z) ** 2


def log_joint(z):
    return log_likelihood(z) - 0.5 * z**2


def prior(q):
    return tfd.Normal(tf.zeros([], q.dtype), tf.ones([], q.dtype))


DRAWS = {"num_samples": 4, "seed": 0}
K = {"num_importance_samples": 5, **DRAWS}
OBJECTIVES = {
    "elbo": lambda q: ob.elbo(log_joint, q, **DRAWS),
    "elbo_closed_kl": lambda q: ob.elbo_closed_kl(log_likelihood, q, prior(q), **DRAWS),
    "importance_weighted_bound": lambda q: ob.importance_weighted_bound(log_joint, q, **K),
    "renyi_bound": lambda q: ob.renyi_bound(log_joint, q, alpha=0.5, **K),
    "chi_upper_bound": lambda q: ob.chi_upper_bound(log_joint, q, **K),
    "forward_kl_objective": lambda q: ob.forward_kl_objective(log_joint, q, **K),
    "wake_theta": lambda q: ob.wake_theta(log_joint, q, **K),
    "wake_phi": lambda q: ob.wake_phi(log_joint, q, **K),
    "beta_objective": lambda q: ob.beta_objective(log_likelihood, q, prior(q), beta=2.0, **DRAWS),
    "annealed_objective": lambda q: ob.annealed_objective(log_joint, q, temperature=2.0, **DRAWS),
}


IN_SHORT = {"elbo", "importance_weighted_bound", "wake_phi", "beta_objective"}
ALL = pytest.mark.parametrize(
    "name",
    [pytest.param(n, marks=[] if n in IN_SHORT else pytest.mark.slow) for n in OBJECTIVES],
)


def value_and_gradient(name, mu, sigma=SIGMA):
    """The values and the gradient of their sum in mu, which some objectives do not have."""
    mu = tf.convert_to_tensor(mu)
    with tf.GradientTape() as tape:
        tape.watch(mu)
        dtype = mu.dtype.as_numpy_dtype
        values = OBJECTIVES[name](FixedNormal(mu, np.asarray(sigma, dtype) + tf.zeros_like(mu)))
    return values, tape.gradient(values, mu, unconnected_gradients="zero")


def test_every_objective_is_here():
    assert {*OBJECTIVES, "sleep_phi"} == set(ob.__all__)


@ALL
def test_all_three_ways(name):
    values, gradient = value_and_gradient(name, MU)
    assert values.shape == [4, 3, 2]
    assert values.dtype == tf.float64
    if name != "wake_theta":  # it has its gradient in the model's parameters
        assert np.all(np.abs(gradient) > 1e-6)
    for place in [(0, 0), (2, 1)]:
        alone, alone_gradient = value_and_gradient(name, MU[place], SIGMA[place[1]])
        np.testing.assert_allclose(values[:, place[0], place[1]], alone, rtol=1e-12)
        np.testing.assert_allclose(gradient[place], alone_gradient, rtol=1e-9, atol=1e-12)
    compiled = tf.function(lambda mu: value_and_gradient(name, mu), jit_compile=True)
    for got, want in zip(compiled(tf.constant(MU)), (values, gradient), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-9, atol=1e-12)
    single, single_gradient = value_and_gradient(name, MU.astype(np.float32))
    assert single.dtype == single_gradient.dtype == tf.float32
    np.testing.assert_allclose(single, values, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(single_gradient, gradient, rtol=1e-4, atol=1e-4)


def dream_and_recognise(mu):
    """Sleep phase with the dreams at hand: z = mu + 1, x = mu, q(z | x) = N(x, 0.5²)."""
    return ob.sleep_phi(
        lambda num_samples, seed: (mu + 1, mu),
        lambda x: tfd.Normal(x, tf.constant(0.5, x.dtype)),
        num_samples=len(mu),
        seed=0,
    )


def test_sleep_phi_all_ways():
    mu = tf.constant(MU.ravel())
    want = np.full(6, -0.5 * (1 / 0.5) ** 2 - np.log(0.5 * np.sqrt(2 * np.pi)))
    np.testing.assert_allclose(dream_and_recognise(mu), want, rtol=1e-12)
    compiled = tf.function(dream_and_recognise, jit_compile=True)
    np.testing.assert_allclose(compiled(mu), want, rtol=1e-12)
    single = dream_and_recognise(tf.cast(mu, tf.float32))
    assert single.dtype == tf.float32
    np.testing.assert_allclose(single, want, rtol=1e-5)
