"""`vicourse reproduce held_out`: the models of Burda and others (2016), and the verdicts."""

import numpy as np
import pytest

from vicourse.experiments import held_out, held_out_claims, run_experiment
from vicourse.experiments.held_out import HELD_OUT, LONG, PAPER, ROWS, SAME
from vicourse.vae import evaluate_bound, held_out_log_likelihood, train

MNIST = held_out.cells(False)
SAME_STAGES, LONG_STAGES = SAME["stages"], LONG["stages"]


def test_all_rows_of_the_table_have_the_same_epochs_and_one_is_long():
    *same, long = MNIST[: len(ROWS) + 1]
    assert [(cell["model"], cell["k"]) for cell in same] == list(ROWS) == list(PAPER)
    for cell in same:
        assert {**cell, "model": "", "k": 0} == {**same[0], "model": "", "k": 0}
        assert cell["epochs"] == sum(SAME_STAGES)
    assert (long["model"], long["k"], long["epochs"]) == ("vae", 1, sum(LONG_STAGES))
    assert len(LONG_STAGES) == len(SAME_STAGES) == 8
    assert sum(LONG_STAGES) > sum(SAME_STAGES)
    assert (same[0]["batch_size"], same[0]["learning_rate"]) == (20, 1e-3)  # the paper's


def test_three_runs_begin_at_biases_of_zero():
    """Each is another run of the table in all but its start."""
    begun = [cell["output_bias"] for cell in MNIST]
    assert begun == ["mean_image"] * 6 + [None] * 3
    for cell in MNIST[6:]:
        assert MNIST.count({**cell, "output_bias": "mean_image"}) == 1
    assert [(cell["model"], cell["epochs"]) for cell in MNIST[6:]] == [
        ("vae", 48),
        ("iwae", 48),
        ("vae", 1200),
    ]


@pytest.mark.parametrize("cell", MNIST)
def test_each_model_is_the_papers(cell):
    """50 latents, 2 × 200 tanh units, dynamic bits, Adam, L_5000; steps fall to a tenth."""
    settings = held_out.settings_of(cell)
    assert (settings.num_latents, settings.hidden, settings.activation) == (50, (200, 200), "tanh")
    assert (settings.init_std, settings.optimizer, settings.binarization) == (
        None,
        "adam",
        "dynamic",
    )
    assert (settings.estimator, settings.num_samples) == (
        "IW" if cell["model"] == "iwae" else "A",
        cell["k"],
    )
    assert settings.output_bias == cell["output_bias"]
    assert settings.rate(1) == settings.learning_rate
    assert settings.rate(cell["epochs"]) == pytest.approx(settings.learning_rate / 10)
    assert cell["num_samples"] == 5000


def finished(model, k, nll, units, stages=SAME_STAGES, images="mnist", start="mean_image"):
    return {
        "settings": {
            "images": images,
            "model": model,
            "k": k,
            "epochs": sum(stages),
            "stages": stages,
            "output_bias": start,
        },
        "log_likelihood": -nll,
        "standard_error": 0.25,
        "draws_error": 0.004,
        "with_a_tenth": -nll - 0.04,
        "active_units": units,
    }


def verdicts(*cells):
    return [(claim.holds, round(claim.found, 6)) for claim in held_out_claims(cells)]


def test_the_papers_own_table_passes():
    table = [finished(*key, *row) for key, row in PAPER.items()]
    assert verdicts(*table, finished("vae", 1, 86.76, 19, LONG_STAGES)) == [
        (True, 86.76),
        (True, 86.76),
        (True, 1.22),
        (True, 3),
        (True, 0.76),
        (True, 3),
    ]


@pytest.mark.parametrize(
    ("nll", "expected"),
    [
        (86.39, [False, True]),
        (86.81, [False, True]),
        (83.9, [False, False]),
        (88.1, [False, False]),
        (86.5, [True, True]),
    ],
)
def test_the_long_run_is_judged_by_the_paper(nll, expected):
    found = held_out_claims([finished("vae", 1, nll, 19, LONG_STAGES)])
    assert [claim.holds for claim in found] == expected


def test_an_order_turned_round_is_not_reproduced():
    vae, few, many = (
        finished("vae", 1, 87.0, 20),
        finished("iwae", 5, 87.5, 20),
        finished("iwae", 50, 86.0, 24),
    )
    assert verdicts(vae, few, many) == [(False, -0.5), (False, 0), (True, 1.5), (True, 4)]
    assert verdicts(vae) == []
    assert verdicts(finished("vae", 1, 60, 5, images="digits"), few) == []


def test_either_start_is_judged_by_itself():
    """A run is never held against one that began elsewhere, and a miss is not left out."""
    vae, few = finished("vae", 1, 87.0, 20), finished("iwae", 5, 87.5, 20)
    long = finished("vae", 1, 86.5, 19, LONG_STAGES)
    from_zero = [
        finished("vae", 1, 99.0, 9, start=None),
        finished("iwae", 5, 98.0, 11, start=None),
        finished("vae", 1, 88.4, 13, LONG_STAGES, start=None),
    ]
    found = held_out_claims([from_zero[0], vae, *from_zero[1:], few, long])
    assert [(claim.holds, round(claim.found, 6)) for claim in found] == [
        *verdicts(long, vae, few),
        (False, 88.4),
        (False, 88.4),
        (True, 1.0),
        (True, 2),
    ]
    assert ["from 0" in claim.what for claim in found] == [False] * 4 + [True] * 4
    assert verdicts(vae, from_zero[1]) == []


def test_report():
    long = finished("vae", 1, 86.76, 19, LONG_STAGES)
    lines = HELD_OUT.report([long, finished("vae", 1, 60, 5, images="digits")])
    assert "86.76 ± 0.25 ± 0.004" in lines[1]
    assert lines[1].endswith("86.76 (19)")
    assert "86.76" not in lines[2]
    assert "mean_image" in lines[1]
    (zero,) = HELD_OUT.report([finished("vae", 1, 90.0, 13, start=None)])[1:]
    assert zero.split()[5:7] == ["zero", "48"]
    assert all(line.startswith("reproduced") for line in lines[3:])


def test_a_finished_cell(monkeypatch, tmp_path):
    """What is kept is the test images' L_K, on bits that are the same for both models."""
    seen, trained = [], []

    def look(vae, x, seed, *, num_samples):
        seen.append((vae, x))
        return held_out_log_likelihood(vae, x, seed, num_samples=num_samples)

    def keep(*arguments, **options):
        trained.append(train(*arguments, **options))
        return trained[-1]

    monkeypatch.setattr(held_out, "held_out_log_likelihood", look)
    monkeypatch.setattr(held_out, "train", keep)
    one, other = held_out.cells(True)
    result = held_out.run(one, tmp_path)
    ((vae, x),) = seen
    assert len(list(tmp_path.glob("*/checkpoint.npz"))) == 1
    monkeypatch.setattr(held_out, "train", lambda *_, **__: trained[0])
    held_out.run(other, tmp_path)
    np.testing.assert_array_equal(x, seen[1][1])
    assert set(np.unique(x)) == {0, 1}
    # Above the bound that was trained: log p(x) ≥ ELBO, by nats on so short a run.
    bound = result["history"][-1]["test_elbo"]
    assert bound < result["with_a_tenth"] < result["log_likelihood"] < 0
    elbo = evaluate_bound(vae, x, 0, estimator="A", num_samples=200).elbo.value
    assert result["log_likelihood"] - result["gap"] == pytest.approx(elbo, abs=0.1)
    assert result["gap"] > 0.5  # the line above can tell
    assert result["num_images"] == 360
    assert result["history"][-1]["epoch"] == one["epochs"] == 4
    variances = np.var(np.float64(vae.posterior(x).mean()), axis=0, ddof=1)
    assert result["active_units"] == int((variances > 0.01).sum())
    np.testing.assert_allclose(result["variances"], np.sort(variances)[::-1], atol=1e-4)


@pytest.mark.slow
def test_quick_path(tmp_path):
    path, record = run_experiment(HELD_OUT, tmp_path, quick=True, progress=False)
    assert path.name == "held_out.quick.json"
    assert [cell["settings"]["model"] for cell in record["cells"]] == ["vae", "iwae"]
    assert len(HELD_OUT.report(record["cells"])) == 3
