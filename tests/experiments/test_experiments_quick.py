"""The quick way through the paper's figures, by the command; and a command that was killed."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import vicourse
from vicourse.cli import main
from vicourse.experiments import EXPERIMENTS

pytestmark = pytest.mark.slow

# Figure 2 first: the others go on from its checkpoints, as they do the long way.
FIGURES = (
    "figure_2",
    "figure_2_gaps",
    "figures_4_5",
    "figure_2_long",
    "figure_3",
    "figure_3_rates",
)
PATIENCE = 300  # seconds for a process on a busy machine
# A run of figure 2 that is longer than the quick one, so that it has a checkpoint on its way.
LONGER = """
import sys
from pathlib import Path
from vicourse.experiments import figure_2, run_experiment
from vicourse.experiments.paper_vae import paper_cell

longer = figure_2.FIGURE_2._replace(cells=lambda quick: [paper_cell("digits", 2, samples=140_000)])
run_experiment(longer, Path(sys.argv[1]), quick=True, progress=False)
"""
SLEEPS = """
import sys
from pathlib import Path
import experiment_toy as toy
from vicourse.experiments import Experiment, run_experiment

sleeps = Experiment("toy", "sleeps", toy.cells, toy.say_so_and_sleep, toy.report)
run_experiment(sleeps, Path(sys.argv[1]), quick=True, progress=False)
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("results")


@pytest.fixture
def start():
    """start(script, folder) → its process, output in a pipe; none outlives the test."""
    processes = []

    def run(script, folder):
        process = subprocess.Popen(
            [sys.executable, "-c", script, str(folder)],
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parent,
            # The package that is being tested, wherever it is.
            env={**os.environ, "PYTHONPATH": str(Path(vicourse.__file__).parents[1])},
            start_new_session=True,  # a process group of its own; Windows ignores it
        )
        processes.append(process)
        return process

    yield run
    for process in processes:
        if hasattr(os, "killpg"):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        process.kill()
        process.wait()


def numbers(value):
    """All numbers of nested dicts and lists."""
    if isinstance(value, dict | list):
        inner = value.values() if isinstance(value, dict) else value
        return [number for part in inner for number in numbers(part)]
    return [value] if isinstance(value, int | float) else []


def without_times(value):
    if isinstance(value, dict):
        return {name: without_times(part) for name, part in value.items() if name != "seconds"}
    return [without_times(part) for part in value] if isinstance(value, list) else value


@pytest.mark.parametrize("name", FIGURES)
def test_the_whole_path(name, folder, capsys):
    assert main(["reproduce", name, "--quick", "--quiet", "--out", str(folder)]) == 0
    record = json.loads((folder / f"{name}.quick.json").read_text())
    cells = json.loads(json.dumps(EXPERIMENTS[name].cells(True)))
    assert [cell["settings"] for cell in record["cells"]] == cells
    assert np.all(np.isfinite(numbers(record["cells"])))
    printed = capsys.readouterr().out
    assert all(line in printed for line in EXPERIMENTS[name].report(record["cells"]))


def test_one_model_behind_several_figures(folder):
    """What is drawn, and what is taken apart, is the model whose bound figure 2 shows."""
    ends = {}
    for name in FIGURES[:3]:
        for cell in json.loads((folder / f"{name}.quick.json").read_text())["cells"]:
            run = tuple(cell["settings"][word] for word in ("images", "algorithm", "num_latents"))
            last = cell["history"][-1] if "history" in cell else cell
            ends.setdefault(run, []).append(round(last["test_elbo"], 3))
    assert sorted(len(bounds) for bounds in ends.values()) == [1, 2, 2, 3]
    assert all(len(set(bounds)) == 1 for bounds in ends.values()), ends


def test_killed_amid_a_cell(start, tmp_path):
    """SIGKILL after its first checkpoint: started again, it ends with the undisturbed numbers."""
    results = {}
    for name in ("undisturbed", "disturbed"):
        folder = tmp_path / name
        if name == "disturbed":
            process, deadline = start(LONGER, folder), time.monotonic() + PATIENCE
            while not list(folder.rglob("checkpoint.npz")):
                assert process.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.01)
            process.kill()
            process.communicate(timeout=PATIENCE)
            assert not (folder / "figure_2.quick.json").exists()
        assert start(LONGER, folder).wait(PATIENCE) == 0
        results[name] = json.loads((folder / "figure_2.quick.json").read_text())["cells"]
    assert without_times(results["disturbed"]) == without_times(results["undisturbed"])


def test_no_cell_outlives_its_command(start, tmp_path):
    """Else the cell would train on beside the restarted command's, on the same checkpoint."""
    process = start(SLEEPS, tmp_path)
    assert process.stdout.readline() == "begun\n"
    process.kill()
    try:
        # The end of the pipe comes when nobody is left who could write into it.
        process.communicate(timeout=20)
    except subprocess.TimeoutExpired:
        pytest.fail("the cell is still at work, 20 seconds after its command was killed")
