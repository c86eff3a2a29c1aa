"""Mean-field q on a correlated Gaussian: the reverse and the forward KL, in numbers.

For unit variances and correlation ρ the reverse-KL optimum has SD √(1 − ρ²), the forward-KL
optimum SD 1, and the gap is −½ log(1 − ρ²) nats in either direction.
"""

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp

from vicourse.divergences import kl, reverse_kl
from vicourse.estimate import estimate
from vicourse.objectives import elbo, forward_kl_objective

tfd = tfp.distributions
ANSWERS = [(0.9, 0.435890, 0.830366), (0.5, 0.866025, 0.143841)]


def target(rho):
    return tfd.MultivariateNormalTriL(
        np.zeros(2), np.linalg.cholesky(np.array([[1.0, rho], [rho, 1.0]]))
    )


def mean_field(sigma):
    return tfd.MultivariateNormalDiag(np.zeros(2), sigma * np.ones(2))


@pytest.mark.parametrize(("rho", "sigma", "gap"), ANSWERS)
def test_gap_in_closed_form(rho, sigma, gap):
    assert np.sqrt(1 - rho**2) == pytest.approx(sigma, abs=5e-7)
    exact = mean_field(np.sqrt(1 - rho**2))
    assert float(reverse_kl(target(rho), exact)) == pytest.approx(gap, abs=5e-7)
    assert float(kl(target(rho), mean_field(1.0))) == pytest.approx(gap, abs=5e-7)


@pytest.mark.parametrize(("rho", "sigma", "gap"), ANSWERS)
def test_elbo_at_its_optimum_and_its_gradient(rho, sigma, gap):
    """The target is normalised, log p(x) = 0, so that ELBO = −gap; there the gradient is 0."""
    scale = tf.Variable(sigma, dtype=tf.float64)
    with tf.GradientTape() as tape:
        values = elbo(target(rho).log_prob, mean_field(scale), num_samples=20_000, seed=0)
        mean = tf.reduce_mean(values)
    result = estimate(values)
    assert abs(float(result) + gap) < 4 * result.standard_error
    # d/dσ per draw: 2/σ − εᵀ Σ⁻¹ ε σ, of variance 4(1 + ρ²)σ²/(1 − ρ²)² at the optimum.
    error = 2 * sigma * np.sqrt(1 + rho**2) / (1 - rho**2) / np.sqrt(20_000)
    gradient = tape.gradient(mean, scale)
    assert abs(gradient) < 4 * error
    assert error < 0.05


@pytest.mark.parametrize(("rho", "sigma", "gap"), ANSWERS)
def test_forward_kl_at_its_optimum_and_its_gradient(rho, sigma, gap):
    scale = tf.Variable(1.0, dtype=tf.float64)
    with tf.GradientTape() as tape:
        values = forward_kl_objective(
            target(rho).log_prob,
            mean_field(scale),
            num_importance_samples=4000,
            num_samples=300,
            seed=1,
        )
        mean = tf.reduce_mean(values)
    assert float(mean) == pytest.approx(gap, abs=0.02)
    assert float(tape.gradient(mean, scale)) == pytest.approx(0, abs=0.06)


def test_forward_kl_gradient_away_from_the_optimum():
    """KL(p ‖ N(0, σ²I)) has derivative Σ_i (1/σ − 1/σ³): 0.75 at σ = 2."""
    scale = tf.Variable(2.0, dtype=tf.float64)
    with tf.GradientTape() as tape:
        values = forward_kl_objective(
            target(0.5).log_prob,
            mean_field(scale),
            num_importance_samples=4000,
            num_samples=50,
            seed=1,
        )
        mean = tf.reduce_mean(values)
    assert float(mean) == pytest.approx(float(kl(target(0.5), mean_field(2.0))), abs=0.02)
    assert float(tape.gradient(mean, scale)) == pytest.approx(0.75, abs=0.02)
