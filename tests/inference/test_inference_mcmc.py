"""NUTS against exact posteriors."""

import arviz as az
import numpy as np
import pytest
import tensorflow as tf

from vicourse.inference import mcmc
from vicourse.models import EightSchoolsNonCentred, GammaPoisson, NormalNormal

STATISTICS = {
    "lp",
    "diverging",
    "energy",
    "acceptance_rate",
    "n_steps",
    "reached_max_treedepth",
    "step_size",
}


@pytest.mark.slow
def test_short_chains_keep_their_books():
    """lp is the density of u = log z, Jacobian included; energy = −lp + the momentum's ½ r²."""
    model = GammaPoisson([2, 0, 5], a=2.5, b=0.7)
    fit = mcmc(model, seed=0, num_chains=2, num_warmup=100, num_samples=200)
    np.testing.assert_allclose(fit.objective, model.log_joint(fit.draws) + np.log(fit.draws))
    kinetic = fit.sample_stats["energy"] + fit.objective
    assert np.all(kinetic >= 0)
    assert abs(kinetic.mean() - 1 / 2) < 0.2


@pytest.mark.slow
@pytest.mark.parametrize("dtype", [tf.float32, tf.float64])
def test_gamma_poisson(dtype):
    """Posterior Gamma(9.5, 3.7): mean a/b, SD √a/b, within 4 Monte Carlo standard errors. Without
    the Jacobian of exp the draws would follow Gamma(8.5, 3.7)."""
    model = GammaPoisson([2, 0, 5], a=2.5, b=0.7, dtype=dtype)
    fit = mcmc(model, seed=0)
    a, b = 9.5, 3.7
    table = az.summary(fit.to_inference_data(), round_to="none").loc["z"]
    assert abs(table["mean"] - a / b) < 4 * table["mcse_mean"]
    assert abs(table["sd"] - np.sqrt(a) / b) < 4 * table["mcse_sd"]
    assert fit.converged
    assert fit.draws.shape == (4, 1000)
    assert fit.draws.dtype == dtype.as_numpy_dtype
    # Dual averaging aims at 0.8.
    assert 0.7 < fit.sample_stats["acceptance_rate"].mean() < 0.95
    # lp is the density of the draw u = log z: log p(x, z) + log z.
    z = fit.draws[2, :5]
    np.testing.assert_allclose(fit.objective[2, :5], model.log_joint(z) + np.log(z), rtol=1e-4)


@pytest.mark.slow
def test_eight_schools_reference_and_inference_data():
    """posteriordb's 10,000 reference draws: mu 4.41 ± 3.31, tau 3.60 ± 3.20."""
    fit = mcmc(EightSchoolsNonCentred(), seed=1)
    data = fit.to_inference_data()
    table = az.summary(data, round_to="none")
    for name, mean, sd in [("mu", 4.41, 3.31), ("tau", 3.60, 3.20)]:
        reference_error = sd / np.sqrt(10_000)
        error = np.hypot(table["mcse_mean"][name], reference_error)
        assert abs(table["mean"][name] - mean) < 4 * error
    assert set(data.sample_stats.data_vars) == STATISTICS
    assert table["r_hat"].max() < 1.01
    assert (
        fit.sample(6, seed=0)["theta_tilde" if "theta_tilde" in fit.draws else "mu"].shape[0] == 6
    )
    # The energy is the Hamiltonian: potential −lp plus a kinetic energy of dim/2 on average.
    kinetic = data.sample_stats["energy"].values + data.sample_stats["lp"].values
    assert abs(kinetic.mean() - 10 / 2) < 0.5


@pytest.mark.slow
def test_same_seed_same_draws():
    settings = {"num_chains": 2, "num_warmup": 40, "num_samples": 20}
    one, other = (mcmc(NormalNormal(), seed=7, **settings).draws for _ in range(2))
    np.testing.assert_array_equal(one, other)
    assert len(np.unique(one)) > 20  # chains and draws differ among themselves


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"num_chains": 0}, "num_chains"),
        ({"num_warmup": 3}, "num_warmup"),
        ({"num_samples": 2.5}, "num_samples"),
        ({"target_accept": 1.0}, "target_accept"),
        ({"seed": None}, "seed"),
    ],
)
def test_bad_input_is_named(arguments, words):
    with pytest.raises((ValueError, TypeError), match=words):
        mcmc(NormalNormal(), **{"seed": 0, **arguments})
