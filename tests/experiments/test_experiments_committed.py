"""Committed results of long runs: whole, of the settings that the commands have, from real data."""

import json
import math
from pathlib import Path

import pytest

from vicourse.experiments import EXPERIMENTS

RESULTS = Path(__file__).parents[2] / "results"
COMMITTED = [name for name in EXPERIMENTS if (RESULTS / f"{name}.json").exists()]


def record_of(name):
    return json.loads((RESULTS / f"{name}.json").read_text("utf-8"))


def numbers(tree):
    """Every float below a JSON value."""
    if isinstance(tree, float):
        yield tree
    elif isinstance(tree, dict | list):
        for part in tree.values() if isinstance(tree, dict) else tree:
            yield from numbers(part)


@pytest.mark.parametrize("name", COMMITTED)
def test_a_committed_result_is_whole(name):
    """Or it says how many cells are missing: then it holds the others, in their order."""
    record = record_of(name)
    wanted = EXPERIMENTS[name].cells(False)
    found = [cell["settings"] for cell in record["cells"]]
    if "missing" in record:
        wanted = [settings for settings in wanted if settings in found]
        assert len(found) + record["missing"] == len(EXPERIMENTS[name].cells(False))
    assert found == wanted
    assert all(math.isfinite(number) for number in numbers(record["cells"]))


@pytest.mark.parametrize("name", COMMITTED)
def test_a_committed_result_says_where_it_came_from(name):
    """By the command, the long way, and on the images that it is about."""
    record = record_of(name)
    words = record["provenance"]["command"].split()
    assert words[1:3] == ["reproduce", name]
    assert not record["quick"]
    assert {cell.get("data") for cell in record["cells"]} <= {None, "MNIST", "Frey Face"}


def test_there_are_such_results():
    assert {"posteriors", "appendix_f", "semi_supervised", "state_space"} <= set(COMMITTED)


@pytest.mark.parametrize("name", ["figure_2_gaps", "figures_4_5"])
def test_models_are_figure_2s(name):
    """What is drawn, and what is taken apart, is the run whose bound figure 2 shows."""

    def run_of(cell):
        words = ("images", "algorithm", "num_latents", "init_std", "learning_rate", "seed")
        return tuple(cell["settings"][word] for word in (*words, "samples"))

    ends = {
        run_of(cell): cell["history"][-1]["test_elbo"] for cell in record_of("figure_2")["cells"]
    }
    shared = [cell for cell in record_of(name)["cells"] if run_of(cell) in ends]
    assert len(shared) >= 4
    for cell in shared:
        assert abs(cell["test_elbo"] - ends[run_of(cell)]) < 0.001, run_of(cell)
