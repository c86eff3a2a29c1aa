"""Coordinate ascent on every model: it never falls, it ends at an optimum, it says what happens."""

import functools

import numpy as np
import pytest
import tensorflow as tf
from cavi_cases import BUILDERS, CASES, all_moved, moved

from vicourse.inference import DivergedError, Fit, coordinate_ascent
from vicourse.inference.coordinate_ascent import UPDATES, updates_of
from vicourse.inference.coordinate_ascent.normal_gamma import NormalGammaUpdates
from vicourse.models import LogisticRegression, NormalGamma, NormalWishartMixture

ALL = sorted(CASES)


@functools.cache
def at_optimum(name, seed=3, sweeps=400):
    updates = updates_of(CASES[name])
    q = updates.start(seed)
    for _ in range(sweeps):
        q = updates.sweep(q)
    return q


def test_every_model_has_a_case():
    assert {type(model) for model in CASES.values()} == set(UPDATES)


@pytest.mark.parametrize("name", ALL)
def test_never_falls_from_any_start(name):
    """Twenty q with every parameter moved far away, not only those that `start` makes."""
    updates, rng = updates_of(CASES[name]), np.random.default_rng(1)
    for seed in range(20):
        q = all_moved(updates.start(seed), 1.0, rng) if seed % 2 else updates.start(seed)
        values = [updates.elbo(q)]
        for _ in range(15):
            q = updates.sweep(q)
            values.append(updates.elbo(q))
        assert np.all(np.diff(values) > -1e-9 * max(1, abs(values[-1]))), seed
        assert values[-1] > values[0]


@pytest.mark.parametrize("name", ALL)
def test_no_factor_can_be_improved(name):
    """At the end every move of one parameter lowers the ELBO; at the start some move raises it."""
    updates, rng = updates_of(CASES[name]), np.random.default_rng(2)
    q, start = at_optimum(name), all_moved(updates.start(0), 0.3, rng)
    best, at_start = updates.elbo(q), updates.elbo(start)
    for field in q._fields:
        gains = [updates.elbo(moved(q, field, 1e-2, rng)) - best for _ in range(10)]
        assert max(gains) < 1e-9 * abs(best), field
        assert min(gains) < -1e-7, field  # the parameter does something
        raised = [updates.elbo(moved(start, field, 1e-2, rng)) > at_start for _ in range(20)]
        assert any(raised), field


@pytest.mark.parametrize("name", ALL)
def test_the_fit(name):
    model = CASES[name]
    fit = coordinate_ascent(model, seed=5, num_starts=2)
    assert isinstance(fit, Fit)
    assert fit.converged
    assert fit.objective[-1] == float(fit.elbo)
    assert fit.elbo.method == "closed"
    draws = fit.sample(3, seed=1)
    shapes = model.event_shape if isinstance(draws, dict) else {"z": model.event_shape}
    draws = draws if isinstance(draws, dict) else {"z": draws}
    assert {key: part.shape[1:] for key, part in draws.items()} == shapes
    data = fit.to_inference_data(num_samples=4).posterior
    assert {key: data[key].shape[2:] for key in data} == {k: tuple(s) for k, s in shapes.items()}
    again = coordinate_ascent(model, seed=5, num_starts=2)
    np.testing.assert_array_equal(fit.objective, again.objective)


@pytest.mark.parametrize("name", ALL)
def test_float32_models_get_float32_posteriors(name):
    """The updates themselves are in float64 whatever the model's dtype."""
    single, double = updates_of(BUILDERS[name](tf.float32)), updates_of(CASES[name])
    q = double.sweep(double.start(0))
    for got, want in zip(single.sweep(single.start(0)), q, strict=True):
        np.testing.assert_array_equal(got, want)
    dtypes = tf.nest.flatten(single.posterior(q).dtype)
    assert set(dtypes) == {tf.int32 if name == "potts" else tf.float32}


def test_the_best_start_is_kept():
    model = CASES["normal_wishart_mixture"]
    many = coordinate_ascent(model, seed=0, num_starts=6)
    updates, values = updates_of(model), []
    for seed in range(6):
        q = updates.start(seed)
        for _ in range(200):
            q = updates.sweep(q)
        values.append(updates.elbo(q))
    assert max(values) - min(values) > 0.1  # the starts do differ
    assert float(many.elbo) >= np.median(values)


def test_a_fall_is_called_a_bug(monkeypatch):
    def sigma_for_variance(self, q):
        return self._update_mean(q._replace(b_N=q.b_N**0.5 + len(self._model.data)))

    monkeypatch.setattr(NormalGammaUpdates, "sweep", sigma_for_variance)
    with pytest.raises(RuntimeError, match=r"Sweep \d+: the ELBO fell by .* bug in NormalGamma"):
        coordinate_ascent(CASES["normal_gamma"], seed=0)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda q: q._replace(b_N=np.nan), "Sweep 3: the parameter `b_N` of q is not finite"),
        (lambda q: np.linalg.inv(np.zeros((2, 2))), "Sweep 3: Singular matrix"),
    ],
)
def test_nan_stops_with_sweep_and_parameter(monkeypatch, spoil, words):
    sweep, calls = NormalGammaUpdates.sweep, []

    def spoiled(self, q):
        calls.append(1)
        return spoil(q) if len(calls) == 3 else sweep(self, q)

    monkeypatch.setattr(NormalGammaUpdates, "sweep", spoiled)
    with pytest.raises(DivergedError, match=words + ".*Standardise") as caught:
        coordinate_ascent(CASES["normal_gamma"], seed=0)
    fit = caught.value.fit
    assert len(fit.objective) == 2
    assert fit.elbo is None
    assert np.all(np.isfinite(fit.q))
    assert fit.stop_reason.startswith("Sweep 3")


def test_data_without_a_finite_square():
    huge = np.array([[1e200], [-1e200], [0.0]])
    for model in NormalGamma(huge[:, 0]), NormalWishartMixture(huge, 2):
        with pytest.raises(ValueError, match=r"`model`.*Start.*not finite.*Standardise"):
            coordinate_ascent(model, seed=0)


def test_ctrl_c_returns_the_fit_so_far(monkeypatch):
    sweep, calls = NormalGammaUpdates.sweep, []

    def interrupted(self, q):
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return sweep(self, q)

    monkeypatch.setattr(NormalGammaUpdates, "sweep", interrupted)
    fit = coordinate_ascent(CASES["normal_gamma"], seed=0, num_starts=5)
    assert fit.stop_reason == "interrupted after 2 sweeps"
    assert not fit.converged
    assert len(calls) == 3
    assert float(fit.elbo) == fit.objective[-1]


def test_max_sweeps_is_said_aloud():
    with pytest.warns(UserWarning, match="max_sweeps"):
        fit = coordinate_ascent(CASES["lda"], seed=0, max_sweeps=2)
    assert not fit.converged
    assert len(fit.objective) == 2


def test_progress(capsys):
    coordinate_ascent(CASES["normal_gamma"], seed=0, progress=True)
    assert "ELBO" in capsys.readouterr().err


def test_bad_input_is_named():
    model = CASES["normal_gamma"]
    with pytest.raises(ValueError, match=r"NormalGamma, .*Potts.*vicourse.inference.vi"):
        coordinate_ascent(LogisticRegression(np.ones((2, 1)), [0, 1]), seed=0)
    with pytest.raises(ValueError, match="max_sweeps"):
        coordinate_ascent(model, seed=0, max_sweeps=0)
    with pytest.raises(ValueError, match="tolerance"):
        coordinate_ascent(model, seed=0, tolerance=0.0)
    with pytest.raises(ValueError, match="num_starts"):
        coordinate_ascent(model, seed=0, num_starts=0)
    with pytest.raises(TypeError, match="seed"):
        coordinate_ascent(model, seed=None)
