"""`mcmc` with HMC against exact moments and reference draws."""

import arviz as az
import numpy as np
import pytest
import tensorflow as tf

from vicourse.inference import mcmc
from vicourse.models import EightSchoolsNonCentred, GammaPoisson, Gaussian

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("num_leapfrog_steps", [3, 10])
def test_badly_scaled_gaussian(num_leapfrog_steps):
    """SDs of 1e-3, 1 and 50 around (3, −1, 100): means and SDs within 4 Monte Carlo errors."""
    mean, sd = np.array([3.0, -1.0, 100.0]), np.array([1e-3, 1.0, 50.0])
    model = Gaussian(mean, np.diag(sd**2))
    fit = mcmc(model, seed=0, kernel="hmc", num_leapfrog_steps=num_leapfrog_steps)
    table = az.summary(fit.to_inference_data(), round_to="none")
    assert np.all(np.abs(table["mean"] - mean) < 4 * table["mcse_mean"])
    assert np.all(np.abs(table["sd"] - sd) < 4 * table["mcse_sd"])
    assert np.all(table["ess_bulk"] > 1000)
    assert fit.converged
    assert fit.algorithm == f"HMC ({num_leapfrog_steps} leapfrog steps)"
    assert np.all(fit.sample_stats["n_steps"] == num_leapfrog_steps)
    # Dual averaging aims at 0.8.
    assert 0.7 < fit.sample_stats["acceptance_rate"].mean() < 0.9


def test_eight_schools_reference():
    """posteriordb's 10,000 reference draws: mu 4.41 ± 3.31, tau 3.60 ± 3.20."""
    fit = mcmc(EightSchoolsNonCentred(), seed=1, kernel="hmc", num_samples=2000)
    table = az.summary(fit.to_inference_data(), round_to="none")
    for name, mean, sd in [("mu", 4.41, 3.31), ("tau", 3.60, 3.20)]:
        error = np.hypot(table["mcse_mean"][name], sd / np.sqrt(10_000))
        assert abs(table["mean"][name] - mean) < 4 * error
    assert table["r_hat"].max() < 1.01


def test_float32_and_its_books():
    """Gamma(9.5, 3.7); lp is the density of u = log z: log p(x, z) + log z; same seed, same."""
    model = GammaPoisson([2, 0, 5], a=2.5, b=0.7, dtype=tf.float32)
    settings = {"kernel": "hmc", "num_leapfrog_steps": 3, "num_chains": 2, "num_samples": 500}
    fit, again = (mcmc(model, seed=0, **settings) for _ in range(2))
    np.testing.assert_array_equal(fit.draws, again.draws)
    assert fit.draws.dtype == np.float32
    table = az.summary(fit.to_inference_data(), round_to="none").loc["z"]
    assert abs(table["mean"] - 9.5 / 3.7) < 4 * table["mcse_mean"]
    np.testing.assert_allclose(
        fit.objective, model.log_joint(fit.draws) + np.log(fit.draws), rtol=1e-4
    )
    names = {"lp", "diverging", "energy", "acceptance_rate", "n_steps", "step_size"}
    assert set(fit.sample_stats) == names
