"""Figure 2 on to 10⁸ images: whose runs these are, the curve around the mark, and the verdicts."""

import json

import numpy as np
import pytest

from vicourse.experiments import (
    figure_2,
    figure_2_long,
    figure_2_long_claims,
    row_at_the_mark,
)
from vicourse.experiments.paper_vae import checkpoint_path, paper_cell, paper_settings

CELL = {**paper_cell("digits", 2, samples=28_000, init_std=0.1), "mark": 14_000}  # 20 epochs, 10


def cell_of(algorithm, rows):
    history = [
        {"samples_seen": seen, "test_elbo": bound, "train_elbo": bound + 1.5, "test_kl": 9.0}
        for seen, bound in rows
    ]
    return {"settings": {"algorithm": algorithm, "mark": 18_000_000}, "history": history}


def without_times(history):
    return [{name: row[name] for name in row if name != "seconds"} for row in history]


def test_runs_are_figure_2s_and_go_on(tmp_path):
    """The same settings, seed and checkpoint as its N_z = 20; more images, and its end marked."""
    shorter = [
        cell
        for cell in figure_2.cells(False)
        if (cell["images"], cell["num_latents"], cell["seed"]) == ("mnist", 20, 0)
    ]
    longer = figure_2_long.cells(False)
    assert [cell["algorithm"] for cell in longer] == ["aevb", "wake_sleep"]
    for cell, wanted in zip(longer, shorter, strict=True):
        assert paper_settings(cell) == paper_settings(wanted)
        assert checkpoint_path(cell, tmp_path) == checkpoint_path(wanted, tmp_path)
        assert cell["mark"] == wanted["samples"]
        assert cell["samples"] == 10**8


def test_the_curve_begins_as_figure_2s(tmp_path):
    """To the mark row by row, and then on to the end, each row once and in order."""
    long = json.loads(json.dumps(figure_2_long.run(CELL, tmp_path / "long")))
    short = figure_2.run({**CELL, "samples": CELL["mark"]}, tmp_path / "short")
    rows = len(short["history"])
    assert without_times(long["history"][:rows]) == without_times(short["history"])
    seen = [row["samples_seen"] for row in long["history"]]
    assert seen == sorted(set(seen))
    assert seen[rows - 1 : rows + 1] == [14_000, 15_400]
    assert seen[-1] == 28_000
    assert long["data"] == "scikit-learn digits (stand-in)"
    assert row_at_the_mark({"settings": CELL, **long}) == long["history"][rows - 1]


def test_a_long_curve_is_thinned(monkeypatch):
    """About forty rows to the mark and at most forty beyond, however many epochs there were."""
    history = [
        {"epoch": n, "samples_seen": 100 * n, "test_elbo": -100.0 / n} for n in range(1, 2001)
    ]
    trained = type("Trained", (), {"data_name": "MNIST", "history": history})
    monkeypatch.setattr(figure_2_long, "paper_run", lambda *_: trained)
    cell = {"images": "digits", "mark": 30_000, "samples": 150_000}
    rows = figure_2_long.run(cell, None)["history"]
    seen = np.array([row["samples_seen"] for row in rows])
    assert 30_000 in seen
    assert seen[-1] == 150_000
    assert 25 <= np.sum(seen <= 30_000) <= 40
    assert 5 <= np.sum(seen > 30_000) <= 40


@pytest.mark.parametrize(
    ("end", "other_end", "holds"),
    [(-98.0, -104.0, (True, True)), (-98.0, -100.9, (True, False)), (-101, -110.5, (False, False))],
)
def test_verdicts(end, other_end, holds):
    """AEVB has to gain beyond the mark; wake-sleep has to be 3 to 9 nats behind at the end."""
    finished = [
        cell_of(
            "aevb", [(60_000, -200.0), (18_000_000, -100.5), (18_060_000, -90.0), (10**8, end)]
        ),
        cell_of("wake_sleep", [(18_000_000, -106.0), (10**8, other_end)]),
    ]
    gain, gap = figure_2_long_claims(finished)
    assert (gain.holds, gap.holds) == holds
    assert gain.found == pytest.approx(end + 100.5)
    assert gap.found == pytest.approx(end - other_end)
    assert figure_2_long_claims(finished[:1]) == [gain]
    assert figure_2_long_claims(finished[1:]) == []
    lines = figure_2_long.report(finished)
    assert lines[1].split() == ["aevb", "18,000,000", "-100.50", "9.00", "1.50"]
    assert lines[2].split()[1:3] == ["100,000,000", f"{end:.2f}"]
    assert sum("reproduced" in line for line in lines) == 2
