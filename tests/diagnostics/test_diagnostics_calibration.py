"""Simulation-based calibration: exact posteriors pass, spoilt ones fail in the way theory says."""

import numpy as np
import pytest
import scipy.stats
import tensorflow_probability as tfp

from vicourse import models
from vicourse.diagnostics import moment_errors, simulation_based_calibration

tfd = tfp.distributions
MODEL = models.NormalNormal(data=[0.0, 0.0])


def spoilt(shift=0.0, scale=1.0):
    """The exact posterior, moved by `shift` SDs and stretched by `scale`."""

    def infer(model, seed):
        exact = model.posterior()
        return tfd.Normal(exact.mean() + shift * exact.stddev(), scale * exact.stddev())

    return infer


def run(infer, num_simulations=200, **options):
    return simulation_based_calibration(
        MODEL, infer, num_simulations=num_simulations, seed=3, **options
    )


@pytest.fixture(scope="module")
def exact():
    return run(spoilt())


def test_the_exact_posterior_passes(exact):
    assert exact.names == ("z",)
    assert exact.ranks.shape == (200, 1)
    assert exact.ranks.min() >= 0
    assert exact.ranks.max() <= 99
    assert exact.uniformity()["z"] > 0.001
    assert exact.shift()["z"] > 0.001
    for level in (0.5, 0.9):
        covered = exact.coverage(level)["z"]
        assert abs(covered.value - level) < 4 * covered.standard_error
        assert covered.num_samples == 200


def test_the_ranks_of_an_exact_posterior_have_a_uniform_mean_and_variance(exact):
    """Uniform on 0 … 99: mean 49.5, variance (100² − 1)/12."""
    mean, variance = exact.ranks.mean(), exact.ranks.var()
    assert abs(mean - 49.5) < 4 * np.sqrt(9999 / 12 / 200)
    assert variance == pytest.approx(9999 / 12, rel=0.25)


def test_a_narrow_posterior_fails_with_a_cup():
    """q with 0.6 of the SD: P(|z*| < 0.6·1.6449 SD) = 0.676 instead of 0.9 is covered."""
    narrow = run(spoilt(scale=0.6))
    assert narrow.uniformity()["z"] < 1e-6
    assert narrow.shift()["z"] > 0.001  # VSBC asks for symmetry only
    counts = narrow.counts("z", 10)
    assert counts[[0, -1]].mean() > 2 * counts[3:7].mean()
    covered = narrow.coverage(0.9)["z"]
    theory = 1 - 2 * scipy.stats.norm.sf(0.6 * scipy.stats.norm.ppf(0.95))
    assert abs(covered.value - theory) < 4 * covered.standard_error


def test_a_wide_posterior_fails_with_a_cap():
    wide = run(spoilt(scale=1.7))
    assert wide.uniformity()["z"] < 1e-4
    counts = wide.counts("z", 10)
    assert counts[[0, -1]].mean() < 0.5 * counts[3:7].mean()


def test_a_shifted_posterior_fails_both_and_the_ranks_lean():
    """q too high by half an SD: the truth lies low among the draws."""
    high = run(spoilt(shift=0.5))
    assert high.uniformity()["z"] < 1e-6
    assert high.shift()["z"] < 1e-6
    assert high.ranks.mean() < 40


def test_the_same_seed_gives_the_same_ranks(exact):
    np.testing.assert_array_equal(run(spoilt(), num_simulations=20).ranks, exact.ranks[:20])


def test_several_latents_are_named_and_ranked_apart():
    model = models.LinearRegressionUnknownNoise(np.ones((6, 1)), np.zeros(6), a=3.0, b=2.0)
    result = simulation_based_calibration(
        model, lambda m, seed: m.posterior(), num_simulations=60, seed=0, num_draws=19
    )
    assert result.names == ("variance", "weights[0]")
    assert min(result.uniformity().values()) > 0.001


def test_moments_in_units_of_the_reference():
    fit = spoilt(shift=0.5, scale=0.8)(MODEL, None)
    exact = MODEL.posterior()
    found = moment_errors(AsFit(fit), float(exact.mean()), float(exact.stddev()))
    shift, ratio = found["z"]
    assert abs(shift.value - 0.5) < 4 * shift.standard_error
    assert abs(ratio.value - 0.8) < 4 * ratio.standard_error
    with pytest.raises(ValueError, match="`sd`: wanted positive"):
        moment_errors(AsFit(fit), 0.0, -1.0)
    with pytest.raises(ValueError, match="`mean`"):
        moment_errors(AsFit(fit), [0.0, 1.0], 1.0)


class AsFit:
    def __init__(self, q):
        self.sample = lambda n, seed: q.sample(n, seed=(0, seed))


def test_bad_input():
    with pytest.raises(TypeError, match="`model`"):
        simulation_based_calibration(models.Funnel(), spoilt(), num_simulations=5, seed=0)
    with pytest.raises(ValueError, match="num_simulations"):
        run(spoilt(), num_simulations=1)
    with pytest.raises(ValueError, match="NaN"):
        run(spoilt(shift=np.nan), num_simulations=2)
    few = run(spoilt(), num_simulations=10)
    with pytest.raises(ValueError, match="divisor"):
        few.uniformity(num_bins=7)
    with pytest.raises(ValueError, match="`name`"):
        few.counts("w")
    with pytest.raises(ValueError, match="`level`"):
        few.coverage(95)
