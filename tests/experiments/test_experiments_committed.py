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
