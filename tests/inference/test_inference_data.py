"""`InferenceData` in and out: draws of others become a `Fit`, and ArviZ takes every `Fit`."""

import functools

import arviz as az
import matplotlib.pyplot as plt
import numpy as np
import pytest
import tensorflow as tf

from vicourse.diagnostics import chain_check, moment_errors, report
from vicourse.inference import (
    Fit,
    coordinate_ascent,
    laplace,
    mcmc,
    stochastic_variational_inference,
    vi,
)
from vicourse.models import (
    LDA,
    EightSchoolsNonCentred,
    GammaPoisson,
    NormalGamma,
    NormalNormal,
)

SCHOOLS = EightSchoolsNonCentred()


def gamma_draws(seed=0):
    """Exact draws of Gamma(9.5, 3.7), the posterior of `gamma_poisson()`, [4, 1000]."""
    return np.random.default_rng(seed).gamma(9.5, 1 / 3.7, size=(4, 1000))


def gamma_poisson(dtype=tf.float64):
    return GammaPoisson([2, 0, 5], a=2.5, b=0.7, dtype=dtype)


def school_draws(seed=0):
    rng = np.random.default_rng(seed)
    return {
        "mu": rng.normal(size=(2, 50)),
        "tau": rng.gamma(2.0, size=(2, 50)),
        "eta": rng.normal(size=(2, 50, 8)),
    }


def test_draws_of_others_become_a_fit():
    """Stan's way of telling it: another dtype, derived quantities, statistics of its own."""
    stats = {
        "lp": np.full((4, 1000), -1.0),
        "diverging": np.zeros((4, 1000), bool),
        "tree_depth": np.ones((4, 1000), int),
    }
    posterior = {"z": gamma_draws().astype(np.float32), "log_z": np.log(gamma_draws())}
    about = {"inference_library": "Stan", "sampling_time": 2.5}
    idata = az.from_dict(posterior=posterior, sample_stats=stats, attrs=about)
    model = gamma_poisson()
    fit = Fit.from_inference_data(idata, model)
    assert fit.algorithm == "draws of Stan"
    assert (fit.seconds, fit.seed, fit.posterior, fit.elbo) == (2.5, None, None, None)
    assert fit.draws.dtype == np.float64
    np.testing.assert_array_equal(fit.draws, gamma_draws().astype(np.float32))
    assert set(fit.sample_stats) == {"lp", "diverging"}
    # The objective is this model's log density of u = log z, whatever constants Stan drops.
    np.testing.assert_allclose(fit.objective, model.log_joint(fit.draws) + np.log(fit.draws))
    assert fit.converged
    assert "4 × 1000 draws, R-hat at most 1.00" in fit.stop_reason

    assert fit.sample(7, seed=0).shape == (7,)
    assert chain_check(fit).passed
    assert report(fit).verdict == "trust it"
    a, b = 9.5, 3.7
    errors = moment_errors(fit, np.array([a / b]), np.array([np.sqrt(a) / b]))["z"]
    assert abs(errors[0].value) < 4 * errors[0].standard_error
    assert abs(errors[1].value - 1) < 4 * errors[1].standard_error


def test_divergences_and_chains_apart_come_along():
    diverging = np.zeros((4, 1000), bool)
    diverging[1, 3] = True
    idata = az.from_dict(posterior={"z": gamma_draws()}, sample_stats={"diverging": diverging})
    fit = Fit.from_inference_data(idata, gamma_poisson())
    assert not fit.converged
    assert fit.stop_reason.endswith("1 diverged")
    assert chain_check(fit).num_divergent == 1
    apart = az.from_dict(posterior={"z": gamma_draws() * np.array([1, 1, 1, 9.0])[:, None]})
    fit = Fit.from_inference_data(apart, gamma_poisson())
    assert not fit.converged
    assert "divergences not recorded" in fit.stop_reason
    assert np.isnan(fit.seconds)


def test_round_trip_is_exact(tmp_path):
    """Several latents, to a file and back: draws and statistics to the last digit."""
    u = tf.constant(np.random.default_rng(5).normal(size=(2, 50, SCHOOLS.dim)))
    draws = tf.nest.map_structure(np.asarray, SCHOOLS.flat_bijector.forward(u))
    stats = {"lp": SCHOOLS.unconstrained_log_joint(u).numpy(), "diverging": np.ones((2, 50), bool)}
    fit = Fit(
        algorithm="NUTS",
        model=SCHOOLS,
        posterior=None,
        draws=draws,
        objective=stats["lp"],
        elbo=None,
        seed=3,
        seconds=1.5,
        converged=False,
        stop_reason="by hand",
        sample_stats=stats,
    )
    idata = fit.to_inference_data()
    idata.to_netcdf(tmp_path / "fit.nc")
    for data in (idata, az.from_netcdf(tmp_path / "fit.nc")):
        back = Fit.from_inference_data(data, SCHOOLS)
        assert (back.algorithm, back.seconds) == ("NUTS", 1.5)
        assert back.draws.keys() == draws.keys()
        for name, part in draws.items():
            np.testing.assert_array_equal(back.draws[name], part)
        assert back.sample_stats.keys() == stats.keys()
        for name, part in stats.items():
            np.testing.assert_array_equal(back.sample_stats[name], part)
        np.testing.assert_allclose(back.objective, fit.objective, rtol=1e-12)


@pytest.mark.slow
def test_round_trip_of_mcmc():
    model = gamma_poisson(tf.float32)
    fit = mcmc(model, seed=0, num_chains=2, num_warmup=40, num_samples=40)
    back = Fit.from_inference_data(fit.to_inference_data(), model)
    np.testing.assert_array_equal(back.draws, fit.draws)
    assert back.draws.dtype == np.float32
    assert back.sample_stats.keys() == fit.sample_stats.keys()
    for name, part in fit.sample_stats.items():
        np.testing.assert_array_equal(back.sample_stats[name], part)
    assert (back.algorithm, back.converged) == (fit.algorithm, fit.converged)
    np.testing.assert_allclose(back.objective, fit.objective, rtol=1e-5)


def without(draws, name):
    return {key: part for key, part in draws.items() if key != name}


def spoilt(draws, name, value):
    part = draws[name].copy()
    part[1, 2] = value
    return {**draws, name: part}


@pytest.mark.parametrize(
    ("posterior", "words"),
    [
        (without(school_draws(), "tau"), r"`idata`.*latents.*Missing: tau\. Rename"),
        ({**school_draws(), "eta": np.zeros((2, 50, 7))}, r"`idata.posterior\['eta'\]`.*8\)"),
        ({**school_draws(), "mu": np.zeros((2, 50, 1))}, r"`idata.posterior\['mu'\]`.*any, any\)"),
        (spoilt(school_draws(), "eta", np.nan), r"`idata.posterior\['eta'\]`.*finite.*8 NaN"),
        (spoilt(school_draws(), "tau", -1.0), r"`idata`: .*`z\['tau'\]`.*support"),
    ],
)
def test_unsuitable_draws_are_named(posterior, words):
    with pytest.raises(ValueError, match=words):
        Fit.from_inference_data(az.from_dict(posterior=posterior), SCHOOLS)


def test_what_is_no_inference_data_is_named():
    only_prior = az.from_dict(prior={"z": gamma_draws()})
    for idata in (only_prior, {"z": gamma_draws()}, None):
        with pytest.raises(ValueError, match=r"`idata`: wanted an `arviz.InferenceData`"):
            Fit.from_inference_data(idata, gamma_poisson())
    idata = az.from_dict(posterior={"z": gamma_draws()})
    with pytest.raises(ValueError, match="`model`"):
        Fit.from_inference_data(idata, "eight schools")
    turned = az.InferenceData(posterior=idata.posterior.transpose("draw", "chain"))
    with pytest.raises(ValueError, match=r"`idata.posterior\['z'\]`.*'chain' and 'draw' first"):
        Fit.from_inference_data(turned, gamma_poisson())


def chains_of_others():
    return Fit.from_inference_data(az.from_dict(posterior=school_draws()), SCHOOLS)


def normal_gamma():
    return NormalGamma(np.random.default_rng(0).normal(size=20))


def lda():
    counts = np.random.default_rng(0).integers(0, 4, size=(6, 5))
    return LDA(counts, 2)


FITS = {
    "laplace": lambda: laplace(NormalNormal(), seed=0),
    "vi": functools.partial(
        vi, NormalNormal(), seed=0, max_steps=200, num_starts=1, jit_compile=False
    ),
    "coordinate_ascent": lambda: coordinate_ascent(normal_gamma(), seed=0),
    "stochastic_variational_inference": lambda: stochastic_variational_inference(
        lda(), seed=0, max_steps=3
    ),
    "chains_of_others": chains_of_others,
}


@pytest.mark.parametrize(
    "kind", [pytest.param(kind, marks=[pytest.mark.slow] * (kind == "vi")) for kind in FITS]
)
@pytest.mark.filterwarnings("ignore:vi. max_steps", "ignore:Shape validation failed")
def test_arviz_takes_every_kind_of_fit(kind, monkeypatch):
    monkeypatch.setattr(plt, "show", lambda: None)
    data = FITS[kind]().to_inference_data(num_samples=200)
    names = list(data.posterior.data_vars)
    table = az.summary(data, round_to="none")
    assert len(table) == sum(data.posterior[name][0, 0].size for name in names)
    assert np.all(np.isfinite(table[["mean", "sd"]]))
    for plot in (az.plot_trace, az.plot_rank, az.plot_forest):
        assert np.size(plot(data, var_names=names[:1])) > 0
        plt.close("all")
