"""Figure 2: its cells, its verdicts, and a run that was stopped and went on."""

import json
from pathlib import Path

import numpy as np
import pytest

from vicourse.experiments import figure_2, figure_2_claims, paper_vae, picked_settings
from vicourse.experiments.figure_2 import FREY
from vicourse.experiments.paper_vae import checkpoint_path, paper_cell, paper_settings, thinned
from vicourse.results import load_result
from vicourse.vae import Settings
from vicourse.vae import checkpoint as checkpoints

TINY = paper_cell("digits", 2, samples=8_400, seed=1)  # six epochs of 1400


def ends(images, algorithm, num_latents, *bounds, samples=18_000_000, **other):
    """Finished cells whose curves end at `bounds`, one a seed."""
    row = {"train_elbo": 0.0, "test_kl": 9.0, **other}
    return [
        {
            "settings": paper_cell(
                images, num_latents, samples=samples, algorithm=algorithm, seed=seed
            ),
            "history": [{**row, "test_elbo": -500.0}, {**row, "test_elbo": bound}],
        }
        for seed, bound in enumerate(bounds)
    ]


def test_the_cells_are_the_figures():
    """MNIST at 5 N_z: three seeds of AEVB and one of wake-sleep; Frey Face at 4 N_z × both; and
    two starts × three step sizes × both to pick from."""
    cells = figure_2.cells(quick=False)
    assert len(cells) == 5 * (3 + 1) + 4 * 2 + 2 * 3 * 2
    assert len({json.dumps(cell) for cell in cells}) == len(cells)
    mnist = [cell for cell in cells if cell["images"] == "mnist"]
    assert {cell["num_latents"] for cell in mnist} == {3, 5, 10, 20, 200}
    assert {(cell["hidden"], cell["samples"]) for cell in mnist} == {(500, 300 * 60_000)}
    frey = [cell for cell in cells if cell["images"] == "frey_face" and cell["samples"] > 1e6]
    assert {cell["num_latents"] for cell in frey} == {2, 5, 10, 20}
    assert {cell["hidden"] for cell in frey} == {200}
    assert len({checkpoint_path(cell, Path()) for cell in mnist}) == len(mnist)
    pick = [cell for cell in cells if cell["samples"] < 1e6]
    assert len({checkpoint_path(cell, Path()) for cell in pick}) == 12


def test_settings_are_section_5s():
    """Tanh, M = 100, L = 1, Adagrad, N(0, 0.01²), N(0, I) prior; Gaussian for grey faces alone."""
    assert paper_settings(paper_cell("mnist", 20, samples=1, seed=2)) == Settings(
        num_latents=20, seed=2, prior_std=1.0
    )
    face = paper_cell("frey_face", 5, samples=1, algorithm="wake_sleep", init_std=0.1)
    assert paper_settings(face) == Settings(
        num_latents=5,
        hidden=200,
        prior_std=1.0,
        likelihood="gaussian",
        binarization="none",
        algorithm="wake_sleep",
        init_std=0.1,
    )


def test_thinned_evenly_in_the_logarithm():
    history = [
        {"epoch": n, "samples_seen": 100 * n, "test_elbo": -1 / 3, "test_elbo_se": 1 / 3}
        for n in range(1, 1001)
    ]
    rows = thinned(history, 50_000)
    epochs = np.array([row["epoch"] for row in rows])
    assert (epochs[0], epochs[-1]) == (1, 500)  # what is beyond the samples is left out
    assert 30 <= len(rows) <= 40
    steps = np.diff(np.log(epochs[epochs > 30]))
    assert steps.max() < 1.3 * np.log(500) / 39
    assert rows[0] == {"epoch": 1, "samples_seen": 100, "test_elbo": -0.333, "test_elbo_se": 0.3333}
    assert [row["epoch"] for row in thinned(history[:3], 10**9)] == [1, 2, 3]
    assert [row["epoch"] for row in thinned(history[:3], 10)] == [1]


def test_verdicts():
    """Each claim within its tolerance holds; just outside it does not; mean over seeds."""
    finished = [
        *ends("mnist", "aevb", 20, -100.0, -102.0, -103.0),  # mean −101.67, wanted −100.61 ± 1.5
        *ends("mnist", "wake_sleep", 20, -104.5),  # 2.83 below, wanted 3 to 9
        *ends("mnist", "aevb", 200, -102.6),  # 0.93 worse than N_z = 20, wanted at most 1
        *ends("mnist", "wake_sleep", 200, -110.0),
        *ends("frey_face", "aevb", 2, 900.0, samples=10_000_000),
        *ends("frey_face", "wake_sleep", 2, 901.0, samples=10_000_000),
    ]
    claims = {claim.what: claim for claim in figure_2_claims(finished)}
    assert {what: bool(claim.holds) for what, claim in claims.items()} == {
        "MNIST, N_z = 20: AEVB's test bound": True,
        "MNIST, N_z = 200: AEVB's test bound": False,  # −99.23 ± 1.5
        "mnist, N_z = 20: AEVB's bound − wake-sleep's": False,
        "mnist, N_z = 200: AEVB's bound − wake-sleep's": True,
        "frey_face, N_z = 2: AEVB's bound − wake-sleep's": False,
        "MNIST: AEVB's test bound at N_z = 200 − at 20": True,
    }
    assert claims["MNIST, N_z = 20: AEVB's test bound"].found == pytest.approx(-305 / 3)
    lines = figure_2.report(finished)
    assert sum(line.startswith("reproduced") for line in lines) == 3
    assert sum(line.startswith("NOT reproduced") for line in lines) == 3
    assert any("-101.67 (1.53)" in line for line in lines)


def test_start_and_rate_are_picked_on_training_images():
    """The best training bound wins, though another's test bound is better; the end rows count."""
    trials = [(0.1, 0.01, 5.0, 1.0), (0.1, 0.02, 7.0, 0.0), (0.01, 0.02, 6.0, 9.0)]
    finished = ends("frey_face", "aevb", 10, 950.0, samples=10_000_000)
    for start, rate, train, test in trials:
        (cell,) = ends(
            "frey_face", "aevb", 10, test, samples=figure_2.PICK_SAMPLES, train_elbo=train
        )
        cell["settings"] |= {"init_std": start, "learning_rate": rate}
        finished.append(cell)
    assert picked_settings(finished) == {"aevb": {"init_std": 0.1, "learning_rate": 0.02}}
    assert any("picked" in line for line in figure_2.report(finished))
    assert any("950.00" in line for line in figure_2.report(finished))  # the pick is no end


def numbers(cell):
    return [{k: v for k, v in row.items() if k != "seconds"} for row in cell["history"]]


@pytest.mark.slow
def test_a_cell_that_was_stopped_goes_on_inside(tmp_path, monkeypatch):
    """Stopped while it writes its fourth checkpoint; the rest is that of an undisturbed run."""
    monkeypatch.setattr(paper_vae, "CHECKPOINT_SAMPLES", 1400)
    undisturbed = figure_2.run(TINY, tmp_path / "a")
    save, started = checkpoints.save, []

    def stop(path, variables, identity, history):
        if len(history) == 4:
            raise KeyboardInterrupt
        save(path, variables, identity, history)

    with monkeypatch.context() as patched:
        patched.setattr(checkpoints, "save", stop)
        with pytest.raises(KeyboardInterrupt):
            figure_2.run(TINY, tmp_path / "b")

    def count(path, variables, identity, history):
        started.append(len(history))
        save(path, variables, identity, history)

    monkeypatch.setattr(checkpoints, "save", count)
    resumed = figure_2.run(TINY, tmp_path / "b")
    assert started == [4, 5, 6]
    assert numbers(resumed) == numbers(undisturbed)
    assert resumed["data"] == "scikit-learn digits (stand-in)"
    assert checkpoint_path(TINY, tmp_path / "b").exists()
    assert json.loads(json.dumps(resumed)) == resumed


def test_frey_faces_runs_have_the_start_and_the_rate_that_were_picked():
    assert picked_settings(load_result("figure_2")["cells"]) == FREY
