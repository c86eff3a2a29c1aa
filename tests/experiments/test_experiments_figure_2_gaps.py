"""Figure 2's gaps: whose runs are judged, on which images, and that the parts add up."""

import json

import numpy as np
import pytest

from vicourse.data import load_digits_stand_in
from vicourse.diagnostics import amortization_gap
from vicourse.experiments import figure_2, figure_2_gaps
from vicourse.experiments.paper_vae import checkpoint_path, paper_cell, paper_run, paper_settings
from vicourse.vae import evaluate_bound, evidence_by_quadrature

# From larger weights, so that the latents matter from the start.
RUN = paper_cell("digits", 2, samples=14_000, init_std=0.1, algorithm="wake_sleep")
CELL = {**RUN, "every": 10, "num_samples": 2000, "num_steps": 300}


def run_of(cell):
    return {name: value for name, value in cell.items() if name not in figure_2_gaps.MEASURE}


def test_models_are_figure_2s(tmp_path):
    """Ten of its very runs, so their very checkpoints; then wake-sleep with 200, changed once."""
    runs = [run_of(cell) for cell in figure_2_gaps.cells(False)]
    *shared, other_seed, other_start = runs
    assert [run for run in figure_2.cells(False) if run in shared] == shared
    assert [(run["algorithm"], run["num_latents"]) for run in shared] == [
        (algorithm, n) for algorithm in ("aevb", "wake_sleep") for n in (3, 5, 10, 20, 200)
    ]
    for run in (other_seed, other_start):
        assert sum(shared[-1][name] != run[name] for name in run) == 1
    paths = [checkpoint_path(cell, tmp_path) for cell in figure_2_gaps.cells(False)]
    assert paths == [checkpoint_path(run, tmp_path) for run in runs]
    assert len(set(paths)) == 12


@pytest.fixture(scope="module")
def judged(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cells")
    trained = paper_run(CELL, folder)
    result = json.loads(json.dumps(figure_2_gaps.run(CELL, folder)))
    stored = paper_settings(CELL).stored_images(load_digits_stand_in().x_test, 1)
    return trained.vae, stored[::10].astype(np.float32), result


def test_log_likelihood_is_the_integral(judged):
    vae, x, result = judged
    truth = evidence_by_quadrature(vae, x, spacing=0.05, half_width=6.0)
    assert truth.error.mean() < 0.005
    assert result["num_images"] == len(x) == 36
    np.testing.assert_allclose(result["by_image"], truth.value, atol=0.3)
    tolerance = 4 * result["draws_error"] + 0.01
    assert result["log_likelihood"] == pytest.approx(truth.value.mean(), abs=tolerance)
    error = truth.value.std(ddof=1) / np.sqrt(36)
    assert result["log_likelihood_se"] == pytest.approx(error, rel=0.05)


def test_parts_of_the_gap(judged):
    """The bound is log p(x) less the gap; the encoder's part of it is not all, and not nothing."""
    vae, x, result = judged
    bounds = [evaluate_bound(vae, x, s, num_samples=200).elbo.value for s in range(10)]
    error = np.std(bounds, ddof=1) / np.sqrt(10)
    found = result["log_likelihood"] - result["gap"]
    assert found == pytest.approx(np.mean(bounds), abs=5 * np.sqrt(2) * error)
    assert result["gap"] > 20 * error  # the test can tell
    assert 0.5 < result["amortization"] < result["gap"]
    again = amortization_gap(vae, x, seed=7, num_steps=CELL["num_steps"])
    assert result["amortization"] == pytest.approx(again.value, rel=0.1)
    assert 0 < result["amortization_se"] < result["gap"] / 10


def test_kl_of_each_latent(judged):
    vae, x, result = judged
    bound = evaluate_bound(vae, x, 0)
    assert sum(result["kl"]) == pytest.approx(bound.kl.value, rel=1e-3)
    assert result["kl"] == sorted(result["kl"], reverse=True)
    means = np.float64(vae.posterior(x).mean())
    assert result["active_units"] == np.sum(means.var(axis=0, ddof=1) > 0.01) > 0


def test_quick_path(judged):
    assert [cell["algorithm"] for cell in figure_2_gaps.cells(True)] == ["aevb", "wake_sleep"]
    result = judged[2]
    names = ("log_likelihood", "gap", "amortization")
    shown = [f"{result[name]:.2f} ± {result[f'{name}_se']:.2f}" for name in names]
    title, line = figure_2_gaps.report([{**result, "settings": CELL}])
    places = [title.index(name) for name in ("log p(x)", "gap", "encoder's part")]
    assert places == sorted(places)
    assert [line.index(numbers) for numbers in shown] == sorted(map(line.index, shown))
    assert line.endswith(str(result["active_units"]))
