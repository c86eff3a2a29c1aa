"""Wake-sleep: which parameters learn from which draws, recomputed by hand in NumPy."""

import numpy as np
import pytest
import tensorflow as tf
from normal_normal import MU, SIGMA, X, tfd

from vicourse import objectives as ob
from vicourse.estimate import estimate
from vicourse.seeds import as_seed, split_seed

SEED = 11
OPTIONS = {"num_importance_samples": 5, "num_samples": 3, "seed": SEED}


class Problem:
    """z ~ N(θ, 1), x given z ~ N(z, 1), q = N(φ, σ²): gradients that can be written down."""

    def __init__(self):
        self.theta = tf.Variable(0.3, dtype=tf.float64)
        self.phi = tf.Variable(MU, dtype=tf.float64)
        self.q = tfd.Normal(self.phi, np.float64(SIGMA))

    def log_joint(self, z):
        prior = tfd.Normal(self.theta, np.float64(1)).log_prob(z)
        return prior + tfd.Normal(z, np.float64(1)).log_prob(np.float64(X))

    def by_hand(self):
        """Draws [3, 5], log weights and normalised weights."""
        z = self.q.sample([3, 5], seed=as_seed(SEED)).numpy()
        log_p = -0.5 * (z - 0.3) ** 2 - 0.5 * (X - z) ** 2 - np.log(2 * np.pi)
        log_q = -0.5 * ((z - MU) / SIGMA) ** 2 - np.log(SIGMA) - 0.5 * np.log(2 * np.pi)
        w = np.exp(log_p - log_q)
        return z, log_p - log_q, w / w.sum(axis=1, keepdims=True)


def gradients(problem, objective, **options):
    with tf.GradientTape() as tape:
        values = objective(problem.log_joint, problem.q, **options)
        mean = tf.reduce_mean(values)
    return values, tape.gradient(mean, [problem.theta, problem.phi])


def test_wake_theta_moves_the_model_alone():
    problem = Problem()
    values, (to_theta, to_phi) = gradients(problem, ob.wake_theta, **OPTIONS)
    z, log_w, weights = problem.by_hand()
    np.testing.assert_allclose(values, np.log(np.mean(np.exp(log_w), axis=1)), atol=1e-12)
    np.testing.assert_allclose(to_theta, np.mean(np.sum(weights * (z - 0.3), axis=1)), atol=1e-12)
    assert to_phi is None


def test_wake_theta_with_one_sample_has_the_value_of_the_elbo():
    problem = Problem()
    values, _ = gradients(problem, ob.wake_theta, num_samples=20_000, seed=0)
    elbo = estimate(ob.elbo(problem.log_joint, problem.q, num_samples=20_000, seed=1))
    result = estimate(values)
    error = np.hypot(result.standard_error, elbo.standard_error)
    assert abs(float(result) - float(elbo)) < 4 * error


@pytest.mark.parametrize(("objective", "sign"), [(ob.forward_kl_objective, -1), (ob.wake_phi, 1)])
def test_wake_phi_moves_q_alone(objective, sign):
    """The gradient is Σ w̃ ∇ log q: nothing flows through draws, weights or the model."""
    problem = Problem()
    values, (to_theta, to_phi) = gradients(problem, objective, **OPTIONS)
    z, log_w, weights = problem.by_hand()
    forward = np.sum(weights * log_w, axis=1) - np.log(np.mean(np.exp(log_w), axis=1))
    np.testing.assert_allclose(values, -sign * forward, atol=1e-12)
    score = (z - MU) / SIGMA**2
    np.testing.assert_allclose(to_phi, sign * np.mean(np.sum(weights * score, axis=1)), atol=1e-12)
    assert to_theta is None
    assert np.all(forward > 0)
    assert np.all(forward < np.log(5))


def test_forward_kl_works_for_draws_that_are_not_reparameterized():
    """Discrete z in {0, 1}: KL(Bern(0.8) ‖ Bern(0.4)), posterior proportional to (0.2, 0.8)."""
    logit = tf.Variable(np.log(0.4 / 0.6), dtype=tf.float32)
    q = tfd.Bernoulli(logits=logit)

    def log_joint(z):
        return tf.math.log(tf.where(z == 1, 0.8, 0.2) * 3.0)

    with tf.GradientTape() as tape:
        values = ob.forward_kl_objective(
            log_joint, q, num_importance_samples=2000, num_samples=20, seed=0
        )
        mean = tf.reduce_mean(values)
    exact = 0.8 * np.log(0.8 / 0.4) + 0.2 * np.log(0.2 / 0.6)
    assert float(mean) == pytest.approx(exact, abs=0.01)
    # d/dlogit KL = 0.4 − 0.8
    assert float(tape.gradient(mean, logit)) == pytest.approx(-0.4, abs=0.02)


def sample_joint(theta):
    def sample(num_samples, seed):
        seed_z, seed_x = split_seed(seed)
        z = theta + tf.random.stateless_normal([num_samples], seed_z, dtype=tf.float64)
        return z, z + tf.random.stateless_normal([num_samples], seed_x, dtype=tf.float64)

    return sample


def test_sleep_phi_is_the_expected_log_q_of_dreams():
    """Dreams of θ = 0 under q(z|x) = N(ax, s²): E[(z − ax)²] = (1 − a)² + a², a = 0.7, s = 0.8."""
    slope, theta = tf.Variable(0.7, dtype=tf.float64), tf.Variable(0.0, dtype=tf.float64)
    with tf.GradientTape() as tape:
        values = ob.sleep_phi(
            sample_joint(theta),
            lambda x: tfd.Normal(slope * x, np.float64(0.8)),
            num_samples=40_000,
            seed=0,
        )
        mean = tf.reduce_mean(values)
    result = estimate(values)
    exact = -((0.3**2 + 0.7**2) / (2 * 0.64)) - np.log(0.8) - 0.5 * np.log(2 * np.pi)
    assert abs(float(result) - exact) < 4 * result.standard_error
    assert result.standard_error < 0.01
    to_slope, to_theta = tape.gradient(mean, [slope, theta])
    # −d/da [(1 − a)² + a²]/(2s²) = (1 − 2a)/s²: 0 at the exact posterior's a = 1/2.
    assert float(to_slope) == pytest.approx((1 - 1.4) / 0.64, abs=0.05)
    assert to_theta is None


def test_sleep_phi_wants_one_value_for_each_pair():
    def matrix_q(x):
        return tfd.Normal(tf.stack([x, x], axis=-1), np.float64(1))

    def pairs(num_samples, seed):
        z, x = sample_joint(np.float64(0))(num_samples, seed)
        return tf.stack([z, z], axis=-1), x

    with pytest.raises(ValueError, match=r"tfd\.Independent"):
        ob.sleep_phi(pairs, matrix_q, num_samples=4, seed=0)
