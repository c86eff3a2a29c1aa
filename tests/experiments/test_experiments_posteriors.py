"""How a fit is held against the reference, and whether the committed table keeps its promises."""

import json
from types import SimpleNamespace

import numpy as np
import pytest

from vicourse.cli import main
from vicourse.experiments import POSTERIORS, over_seeds
from vicourse.experiments.posteriors import compare

RNG = np.random.default_rng(1)


def reference(**known):
    return SimpleNamespace(
        mean={name: mean for name, (mean, _) in known.items()},
        sd={name: sd for name, (_, sd) in known.items()},
        mean_error=dict.fromkeys(known, 0.0),
    )


def test_the_worst_quantity_is_kept():
    """Exact moments by construction: a is off by −0.5 reference SDs, b is 1.5 times too wide."""
    unit = RNG.normal(size=(1, 5000))
    unit = (unit - unit.mean()) / unit.std()
    found = compare(reference(a=(3.0, 2.0), b=(0.0, 1.0)), {"a": 2 + 1.8 * unit, "b": 1.5 * unit})
    assert found["mean_error"] == pytest.approx(-0.5, abs=1e-4)
    assert found["mean_error_of"] == "a"
    assert found["mean_error_se"] == pytest.approx(0.9 / np.sqrt(5000), abs=1e-4)
    assert (found["sd_ratio_low"], found["sd_ratio_low_of"]) == (0.9, "a")
    assert (found["sd_ratio_high"], found["sd_ratio_high_of"]) == (1.5, "b")


def test_seeds_are_summed_up_by_their_worst():
    cells = [
        {
            "settings": {"posterior": "p", "algorithm": "a", "seed": seed},
            "mean_error": error,
            "sd_ratio_low": 0.9 - seed / 10,
            "sd_ratio_high": 1.0,
            "k_hat": k_hat,
            "seconds": seconds,
        }
        for seed, error, k_hat, seconds in [
            (0, 0.1, -np.inf, 3),
            (1, -0.3, 0.4, 1),
            (2, 0.2, 0.2, 2),
        ]
    ]
    (row,) = over_seeds(cells)
    assert row["mean_error"] == 0.3
    assert row["sd_ratio_low"] == pytest.approx(0.7)
    assert row["k_hat"] == 0.4
    assert row["seconds"] == 2
    assert row["num_seeds"] == 3
    assert "r_hat" not in row


def test_reproduce_lists_and_refuses(tmp_path, monkeypatch, capsys):
    monkeypatch.delenv("VICOURSE_DATA_DIR", raising=False)
    assert main(["reproduce", "--list"]) == 0
    assert "posteriors" in capsys.readouterr().out
    assert main(["reproduce", "posterior"]) == 1
    assert "posteriors" in capsys.readouterr().err
    quick = ["reproduce", "posteriors", "--quick", "--quiet", "--out", str(tmp_path)]
    assert main(quick) == 1
    assert "VICOURSE_DATA_DIR" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["reproduce"])


@pytest.mark.slow
def test_the_quick_way_through(tmp_path, monkeypatch, capsys):
    """Eight schools, with reference draws that this test invents: what counts is the path."""
    schools = {
        "J": 8,
        "y": [28, 8, -3, 7, -1, 1, 18, 12],
        "sigma": [15, 10, 16, 11, 9, 11, 10, 18],
    }
    stem = tmp_path / "posteriordb" / POSTERIORS["eight_schools"]
    stem.parent.mkdir()
    (stem.parent / f"{stem.name}.data.json").write_text(json.dumps(schools))
    invented = {"mu": RNG.normal(4.4, 3.3, (10, 100)), "tau": RNG.gamma(1.2, 3.0, (10, 100))}
    np.savez(f"{stem}.draws.npz", **invented)
    monkeypatch.setenv("VICOURSE_DATA_DIR", str(tmp_path))
    assert main(["reproduce", "posteriors", "--quick", "--quiet", "--out", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert "full_rank" in out
    record = json.loads((tmp_path / "posteriors.quick.json").read_text())
    full_rank = record["cells"][1]
    assert abs(full_rank["mean_error"]) < 0.6
    assert full_rank["seconds"] > 0
    assert np.isfinite(full_rank["elbo"])
