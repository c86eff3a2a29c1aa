"""Gradient estimators against closed forms, on q = N(mu, sigma²) and p = N(m, s²)."""

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp
from gradient_checks import assert_mean, assert_variance

from vicourse.gradients import gradient_estimator, gradient_samples

tfd = tfp.distributions

M, S = 2.0, 3.0
MU, SIGMA = -1.0, 1.5
ELBO_ESTIMATORS = ["score_function", "score_function_loo", "reparameterization",
                   "sticking_the_landing"]  # fmt: skip


def target(dtype=tf.float64):
    return tfd.Normal(tf.constant(M, dtype), tf.constant(S, dtype))


def gaussian(mu=MU, sigma=SIGMA, dtype=tf.float64):
    return tfd.Normal(
        tf.Variable(mu, dtype=dtype, name="mu"), tf.Variable(sigma, dtype=dtype, name="sigma")
    )


def samples(name, q, p=None, num_samples=2, num_repeats=20_000, seed=7, **options):
    """Gradient samples by the variable's name, as NumPy."""
    p = target() if p is None else p
    parts = gradient_samples(
        name, p.log_prob, q, num_samples=num_samples, num_repeats=num_repeats, seed=seed, **options
    )
    names = [variable.name.split(":")[0] for variable in q.trainable_variables]
    return {key: part.numpy() for key, part in zip(names, parts, strict=True)}


def elbo_coefficients(mu=MU, sigma=SIGMA):
    """f(ε) = log p − log q = a + b ε + c ε² at z = mu + sigma ε."""
    d = mu - M
    a = -np.log(S) - d**2 / (2 * S**2) + np.log(sigma)
    return a, -d * sigma / S**2, 0.5 - sigma**2 / (2 * S**2)


@pytest.mark.parametrize("name", ELBO_ESTIMATORS)
def test_unbiased(name):
    """∂ELBO/∂mu = −(mu − m)/s²,  ∂ELBO/∂sigma = 1/sigma − sigma/s²."""
    draws = samples(name, gaussian())
    assert_mean(draws["mu"], -(MU - M) / S**2)
    assert_mean(draws["sigma"], 1 / SIGMA - SIGMA / S**2)


@pytest.mark.parametrize("name", ELBO_ESTIMATORS)
def test_values_estimate_the_elbo(name):
    """ELBO = E[a + b ε + c ε²] = a + c."""
    values, gradients = gradient_estimator(name)(target().log_prob, gaussian(), 50_000, 3)
    a, _, c = elbo_coefficients()
    assert values.shape == (50_000,)
    assert len(gradients) == 2
    assert_mean(values.numpy(), a + c)


def test_variance_of_the_score_function():
    """g = f(ε) ε/sigma: Var g = (a² + 3b² + 15c² + 6ac − b²)/sigma², by the moments of ε."""
    a, b, c = elbo_coefficients()
    draws = samples("score_function", gaussian(), num_samples=1, num_repeats=100_000)
    assert_variance(draws["mu"], (a**2 + 2 * b**2 + 15 * c**2 + 6 * a * c) / SIGMA**2)


def test_variance_with_the_leave_one_out_baseline():
    """Two draws: g = (f₁ − f₂)(ε₁ − ε₂)/(2 sigma). With D = ε₁ − ε₂ and T = ε₁ + ε₂, independent
    N(0, 2), g = D²(b + cT)/(2 sigma), so Var g = (3(b² + 2c²) − b²)/sigma²."""
    _, b, c = elbo_coefficients()
    draws = samples("score_function_loo", gaussian(), num_samples=2, num_repeats=100_000)
    assert_variance(draws["mu"], (2 * b**2 + 6 * c**2) / SIGMA**2)


@pytest.mark.parametrize("num_samples", [1, 4])
def test_variance_of_the_pathwise_gradients(num_samples):
    """Along the path log q(z(ε)) does not depend on mu: g = −(z − m)/s², Var = sigma²/s⁴.
    Sticking the landing: g = −(z − m)/s² + (z − mu)/sigma², Var = sigma² (1/sigma² − 1/s²)²."""
    settings = {"num_samples": num_samples, "num_repeats": 100_000}
    draws = samples("reparameterization", gaussian(), **settings)
    assert_variance(draws["mu"], SIGMA**2 / S**4 / num_samples)
    draws = samples("sticking_the_landing", gaussian(), **settings)
    assert_variance(draws["mu"], SIGMA**2 * (SIGMA**-2 - S**-2) ** 2 / num_samples)


@pytest.mark.parametrize(("name", "options"), [
    ("sticking_the_landing", {}), ("dreg", {"num_importance_samples": 5})])  # fmt: skip
def test_no_noise_where_q_is_the_posterior(name, options):
    draws = samples(name, gaussian(M, S), num_repeats=100, **options)
    assert max(np.abs(part).max() for part in draws.values()) < 1e-12
    noisy = samples("reparameterization", gaussian(M, S), num_repeats=100)
    assert noisy["mu"].std() > 0.1


def importance_weighted_bound(mu, sigma, num_nodes=64):
    """L_2 = E[log (w₁ + w₂)/2] by Gauss–Hermite quadrature on two draws."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(num_nodes)
    weights = weights / weights.sum()
    log_w = -np.log(S) - (mu + sigma * nodes - M) ** 2 / (2 * S**2) + np.log(sigma) + nodes**2 / 2
    pairs = np.logaddexp(log_w[:, None], log_w[None, :]) - np.log(2)
    return weights @ pairs @ weights


@pytest.mark.parametrize("name", ["iwae", "dreg"])
def test_importance_weighted_gradients_are_unbiased(name):
    """Against central differences of the quadrature, K = 2."""
    h = 1e-4
    by_mu = (
        importance_weighted_bound(MU + h, SIGMA) - importance_weighted_bound(MU - h, SIGMA)
    ) / (2 * h)
    by_sigma = (
        importance_weighted_bound(MU, SIGMA + h) - importance_weighted_bound(MU, SIGMA - h)
    ) / (2 * h)
    # 3 values of 2 weights: with equal numbers the two axes could be swapped unnoticed.
    draws = samples(name, gaussian(), num_samples=3, num_repeats=50_000, num_importance_samples=2)
    assert_mean(draws["mu"], by_mu)
    assert_mean(draws["sigma"], by_sigma)
    values, _ = gradient_estimator(name, num_importance_samples=2)(
        target().log_prob, gaussian(), 50_000, 5
    )
    assert_mean(values.numpy(), importance_weighted_bound(MU, SIGMA))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("mu", "sigma", "dreg", "iwae"),
    [(-3.0, 1.0, 0.203, 0.030), (1.5, 2.5, 0.0049, 0.0417), (2.0, 3.0, 0.0, 0.033)],
)
def test_dreg_is_not_always_quieter(mu, sigma, dreg, iwae):
    """The course's table: SD of the location gradient, K = 10, mean of 10 values, second
    parameters of the Gaussians read as standard deviations. At the optimum the plain gradient is
    −1/K Σ ε/sigma, so its SD is 1/(sigma √(K·10)) = 0.0333 by hand."""
    settings = {"num_samples": 10, "num_repeats": 10_000, "num_importance_samples": 10}
    for name, expected in [("dreg", dreg), ("iwae", iwae)]:
        draws = samples(name, gaussian(mu, sigma), **settings)
        np.testing.assert_allclose(draws["mu"].std(ddof=1), expected, rtol=0.03, atol=1e-12)


@pytest.mark.parametrize("name", ["score_function", "score_function_loo"])
def test_discrete_latents(name):
    """q = Bernoulli(t): ELBO = Σ_z q(z)(log p(z) − log q(z)), its derivative by hand."""
    log_p = np.log([0.2, 0.5])
    q = tfd.Bernoulli(probs=tf.Variable(0.3, dtype=tf.float64), dtype=tf.float64)
    expected = (log_p[1] - np.log(0.3)) - (log_p[0] - np.log(0.7))
    draws = gradient_samples(
        name, lambda z: z * log_p[1] + (1 - z) * log_p[0], q,
        num_samples=3, num_repeats=50_000, seed=1,
    )[0].numpy()  # fmt: skip
    assert_mean(draws, expected)


def test_discrete_latents_cannot_be_reparameterized():
    q = tfd.Bernoulli(probs=tf.Variable(0.3), dtype=tf.float32)
    with pytest.raises(ValueError, match=r"surrogate_posterior.*differentiated"):
        gradient_estimator("reparameterization")(lambda z: z, q, 3, 0)


def test_one_draw_leaves_no_other():
    with pytest.raises(ValueError, match=r"num_samples.*leave-one-out"):
        gradient_estimator("score_function_loo")(target().log_prob, gaussian(), 1, 0)
