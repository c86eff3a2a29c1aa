"""Figure 2's gaps: whose runs are judged, on which images, and that the parts add up."""

import json

import numpy as np
import pytest

from vicourse.data import load_digits_stand_in
from vicourse.diagnostics import amortization_gap, elbo_by_image
from vicourse.experiments import figure_2, figure_2_gaps
from vicourse.experiments.paper_vae import checkpoint_path, paper_cell, paper_run, paper_settings
from vicourse.vae import evaluate_bound, evidence_by_importance, evidence_by_quadrature

# From larger weights, so that the latents matter from the start.
RUN = paper_cell("digits", 2, samples=14_000, init_std=0.1, algorithm="wake_sleep")
CELL = {**RUN, "every": 10, "num_samples": 2000, "num_steps": 300, "spacing": 0.1}


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
    bounds = []

    def look(*arguments, **options):
        bounds.append(elbo_by_image(*arguments, **options))
        return bounds[-1]

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(figure_2_gaps, "elbo_by_image", look)
        result = json.loads(json.dumps(figure_2_gaps.run(CELL, folder)))
    # Not in the result of a cell: the mean bounds of the encoder and of the best Gaussians.
    result["bounds"] = [bound.mean() for bound in bounds]
    stored = paper_settings(CELL).stored_images(load_digits_stand_in().x_test, 1)
    return trained.vae, stored[::10].astype(np.float32), result


def test_log_likelihood_is_the_integral(judged):
    vae, x, result = judged
    truth = evidence_by_quadrature(vae, x, spacing=0.05, half_width=6.0)
    assert truth.error.mean() < 0.005
    assert result["num_images"] == len(x) == 36
    np.testing.assert_allclose(result["by_image"], truth.value, atol=0.2)
    tolerance = 4 * result["draws_error"] + 0.002
    assert result["draws_error"] < 0.02
    assert result["log_likelihood"] == pytest.approx(truth.value.mean(), abs=tolerance)
    assert result["by_quadrature"] == pytest.approx(truth.value.mean(), abs=0.01)
    assert result["quadrature_error"] < 0.01
    error = truth.value.std(ddof=1) / np.sqrt(36)
    assert result["log_likelihood_se"] == pytest.approx(error, rel=0.05)


def test_draws_from_the_encoder_are_kept_beside(judged):
    """They are other draws than the best Gaussian's, and here, with one mode, as good."""
    vae, x, result = judged
    again = evidence_by_importance(vae.log_joint, x, vae.posterior(x), 5, num_samples=2000)
    assert result["by_encoder_draws"] == pytest.approx(again.value.mean(), abs=0.05)
    assert result["by_encoder_draws"] != pytest.approx(result["log_likelihood"], abs=1e-4)


def test_parts_of_the_gap(judged):
    """Each part by itself; and the bound is log p(x) less both."""
    vae, x, result = judged
    bounds = [evaluate_bound(vae, x, s, num_samples=200).elbo.value for s in range(10)]
    error = np.std(bounds, ddof=1) / np.sqrt(10)
    found = result["log_likelihood"] - result["family"] - result["encoder"]
    assert found == pytest.approx(np.mean(bounds), abs=5 * np.sqrt(2) * error)
    assert result["encoder"] > 20 * error  # the test can tell
    bound, highest = sorted(result["bounds"])
    assert found == pytest.approx(bound, abs=5e-4)
    assert result["log_likelihood"] - result["family"] == pytest.approx(highest, abs=5e-4)
    again = amortization_gap(vae, x, seed=7, num_steps=CELL["num_steps"])
    assert result["encoder"] == pytest.approx(again.value, rel=0.1)
    assert result["encoder_se"] == pytest.approx(again.standard_error, rel=0.4)
    assert result["family"] > 5 * result["family_se"] > 0


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
    with_error = [
        f"{result[name]:.2f} ± {result[f'{name}_se']:.2f}"
        for name in ("log_likelihood", "family", "encoder")
    ]
    bare = [f"{result[name]:.2f}" for name in ("by_encoder_draws", "by_quadrature")]
    shown = [with_error[0], *bare, *with_error[1:]]
    names = ("log p(x)", "encoder's draws", "quadrature", "family's part", "encoder's part")
    title, line = figure_2_gaps.report([{**result, "settings": CELL}])
    places = [title.index(name) + len(name) for name in names]
    assert places == sorted(places)
    assert [line.index(numbers) + len(numbers) for numbers in shown] == places
    assert line.endswith(str(result["active_units"]))
