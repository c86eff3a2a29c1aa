"""Black-box VI against optima known by hand, its schedule, and its failures."""

import functools

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp
from inference_cases import Cliff

from vicourse.families import low_rank
from vicourse.gradients import gradient_estimator
from vicourse.inference import DivergedError, Fit, vi
from vicourse.inference.ascent import Ascent
from vicourse.models import (
    EightSchoolsNonCentred,
    GammaPoisson,
    LogisticRegression,
    NormalNormal,
    correlated_gaussian,
)

tfb = tfp.bijectors
tfd = tfp.distributions

SHORT = {"num_starts": 1, "jit_compile": False, "num_samples": 5}


def standard(model, initial_loc, initial_scale):
    """A mean-field family that starts at 3, whatever the start it is offered."""
    del initial_loc, initial_scale
    loc = tf.Variable(tf.fill([model.dim], tf.constant(3.0, model.dtype)), name="loc")
    scale = tfp.util.TransformedVariable(
        tf.ones([model.dim], model.dtype), tfb.Exp(), dtype=model.dtype, name="scale"
    )
    base = tfd.MultivariateNormalDiag(loc, scale)
    return tfd.TransformedDistribution(base, model.flat_bijector)


def test_full_rank_finds_the_exact_posterior():
    """x = 5: N(2.5, 0.5); q = posterior, so ELBO = log evidence = −7.515512, without noise."""
    fit = vi(NormalNormal(), seed=0, **SHORT)
    assert isinstance(fit, Fit)
    np.testing.assert_allclose(fit.posterior.distribution.mean(), 2.5, atol=1e-3)
    np.testing.assert_allclose(fit.posterior.distribution.variance(), 0.5, atol=1e-3)
    assert float(fit.elbo) == pytest.approx(-7.515512, abs=1e-4)
    assert fit.converged
    assert len(fit.objective) >= 2800


@pytest.mark.slow
@pytest.mark.parametrize("gradient", ["reparameterization", "score_function_loo"])
def test_a_start_away_from_the_answer(gradient):
    """From N(3, I) to the posterior of a correlated Gaussian's mean-field optimum: mean 0, SD
    √(1 − ρ²) = 0.435890, gap −½ log(1 − ρ²) = 0.830366 nats at ρ = 0.9."""
    model = correlated_gaussian(0.9)
    fit = vi(model, standard, seed=1, gradient=gradient, num_starts=1, jit_compile=False)
    np.testing.assert_allclose(fit.posterior.distribution.mean(), [0.0, 0.0], atol=0.15)
    np.testing.assert_allclose(fit.posterior.distribution.stddev(), 0.435890, rtol=0.1)
    assert abs(float(fit.elbo) + 0.830366) < 4 * fit.elbo.standard_error + 0.02
    assert fit.objective[:20].mean() < -5 < fit.objective[-200:].mean()


def test_mean_field_on_the_correlated_gaussian():
    """The same optimum from the default start."""
    fit = vi(correlated_gaussian(0.9), "mean_field", seed=2, **SHORT)
    np.testing.assert_allclose(fit.posterior.distribution.stddev(), 0.435890, rtol=0.03)
    assert abs(float(fit.elbo) + 0.830366) < 4 * fit.elbo.standard_error


def test_one_window_of_steps_goes_up():
    """From N(3, I) towards the mean-field optimum, ELBO −0.830366, with averages in between."""
    model = correlated_gaussian(0.9)
    q = standard(model, None, None).distribution
    ascent = Ascent(
        model.unconstrained_log_joint,
        q,
        estimator=gradient_estimator("reparameterization"),
        num_samples=5,
        learning_rate=0.1,
        seed=0,
        jit_compile=False,
    )
    before = ascent.evaluate().mean()
    trace, averages = ascent.climb(1)
    assert before < -4
    assert -1.5 < ascent.evaluate().mean() < -0.7
    assert len(trace) == 200
    names = [variable.name.split(":")[0] for variable in q.trainable_variables]
    assert np.all(np.abs(averages[names.index("loc")]) < 2)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:vi. max_steps")
def test_same_seed_same_fit():
    fits = [vi(GammaPoisson([2, 0, 5]), seed=s, max_steps=200, **SHORT) for s in (3, 3, 4)]
    np.testing.assert_array_equal(fits[0].objective, fits[1].objective)
    assert np.all(fits[0].objective != fits[2].objective)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:vi. max_steps")
def test_low_rank_in_float32_and_arviz():
    model = correlated_gaussian(0.9, 3, dtype=tf.float32)
    family = functools.partial(low_rank, rank=1)
    fit = vi(model, family, seed=0, max_steps=400, **SHORT)
    assert fit.sample(7, seed=0).dtype == tf.float32
    data = fit.to_inference_data(num_samples=50)
    assert data.posterior["z"].shape == (1, 50, 3)


def test_nan_stops_with_step_parameter_and_remedy():
    words = r"Step 0: the gradient of the variable '(loc|scale)'.*smaller `learning_rate`"
    with pytest.raises(DivergedError, match=words) as caught:
        vi(Cliff(), seed=0, **SHORT)
    assert isinstance(caught.value.fit, Fit)
    assert np.isfinite(caught.value.fit.posterior.distribution.mean().numpy()).all()


def test_ctrl_c_returns_the_fit_so_far(monkeypatch):
    climb = Ascent.climb

    def interrupted(self, num_windows):
        if self.trace:
            raise KeyboardInterrupt
        return climb(self, num_windows)

    monkeypatch.setattr(Ascent, "climb", interrupted)
    fit = vi(NormalNormal(), seed=0, **SHORT)
    assert fit.stop_reason == "interrupted after 200 steps"
    assert not fit.converged
    assert np.isfinite(float(fit.elbo))


def test_max_steps_is_said_aloud():
    with pytest.warns(UserWarning, match="max_steps"):
        fit = vi(NormalNormal(), seed=0, max_steps=200, **SHORT)
    assert not fit.converged
    assert len(fit.objective) == 200


def test_bad_input_is_named():
    for arguments, words in [
        ({"family": "full rank"}, "Did you mean 'full_rank'"),
        ({"gradient": "reinforce"}, "name"),
        ({"learning_rate": 0.0}, "learning_rate"),
        ({"num_samples": 0}, "num_samples"),
        ({"max_steps": 0}, "max_steps"),
        ({"family": lambda model, initial_loc, initial_scale: tfd.Normal(0.0, 1.0)}, "family"),
    ]:
        with pytest.raises(ValueError, match=words):
            vi(NormalNormal(), **{"seed": 0, **SHORT, **arguments})


def importance_sampled_moments(features, data, prior_sd, fit, num_samples=200_000):
    """Posterior mean and SD of logistic regression in NumPy: Student-t proposals at the fit."""
    base = fit.posterior.distribution
    loc, tril = base.mean().numpy(), np.linalg.cholesky(base.covariance().numpy())
    rng = np.random.default_rng(0)
    dim = len(loc)
    t = rng.normal(size=(num_samples, dim)) / np.sqrt(rng.chisquare(5, size=(num_samples, 1)) / 5)
    w = loc + t @ tril.T
    logits = w @ features.T
    log_p = (data * logits - np.logaddexp(0, logits)).sum(1) - 0.5 * (w**2).sum(1) / prior_sd**2
    log_weights = log_p + (5 + dim) / 2 * np.log1p((t**2).sum(1) / 5)
    weights = np.exp(log_weights - log_weights.max())
    weights /= weights.sum()
    assert 1 / (weights**2).sum() > num_samples / 4
    mean = weights @ w
    return mean, np.sqrt(weights @ (w - mean) ** 2)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_badly_scaled_logistic_regression_from_defaults(seed):
    """Features of scale 1e-3 to 1e3, two of them strongly correlated."""
    rng = np.random.default_rng(5)
    features = rng.normal(size=(300, 5))
    features[:, 1] = 0.98 * features[:, 0] + 0.2 * features[:, 1]
    data = (rng.uniform(size=300) < 1 / (1 + np.exp(-features @ [1.0, -1.0, 0.5, 0.0, 2.0]))) * 1
    features = features * [1e-3, 1e-1, 1.0, 30.0, 1e3]
    fit = vi(LogisticRegression(features, data, prior_sd=1e4), seed=seed)
    mean, sd = importance_sampled_moments(features, data, 1e4, fit)
    base = fit.posterior.distribution
    assert fit.converged
    assert np.all(np.abs(base.mean().numpy() - mean) < 0.1 * sd)
    np.testing.assert_allclose(base.stddev(), sd, rtol=0.1)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_eight_schools_from_defaults(seed):
    """posteriordb's reference for the non-centred model: mu 4.41 ± 3.31, tau 3.60 ± 3.20."""
    draws = vi(EightSchoolsNonCentred(), seed=seed).sample(20_000, seed=9)
    assert abs(np.mean(draws["mu"]) - 4.41) < 0.2 * 3.31
    # A Gaussian in log tau cannot follow tau's long tail: the mean falls short, by about 0.2 SD.
    assert 2.5 < np.mean(draws["tau"]) < 3.6
