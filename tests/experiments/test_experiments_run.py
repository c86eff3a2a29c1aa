"""A long run in cells: each once, in its own process, and again only where it is missing."""

import json
import os

import experiment_toy
import pytest

from vicourse.cli import main
from vicourse.experiments import EXPERIMENTS, Experiment, run_experiment

TOY = Experiment("toy", "squares", experiment_toy.cells, experiment_toy.run, experiment_toy.report)


def run_toy(folder, **options):
    return run_experiment(TOY, folder, progress=False, **options)


def test_every_cell_ends_up_in_one_file(tmp_path):
    path, record = run_toy(tmp_path)
    assert path == tmp_path / "toy.json"
    assert json.loads(path.read_text()) == record
    assert [cell["square"] for cell in record["cells"]] == [0, 1, 4, 9]
    assert record["cells"][2]["settings"] == {"number": 2, "word": "a b/c"}
    processes = {cell["process"] for cell in record["cells"]}
    assert len(processes) == 4
    assert os.getpid() not in processes
    assert record["provenance"]["versions"]["tensorflow"]


def test_quick_has_a_file_of_its_own(tmp_path):
    path, record = run_toy(tmp_path, quick=True)
    assert path.name == "toy.quick.json"
    assert record["quick"]
    assert len(record["cells"]) == 2


def test_a_run_that_stopped_goes_on_where_it_was(tmp_path, monkeypatch):
    monkeypatch.setenv("TOY_FAILS", "yes")
    with pytest.raises(RuntimeError, match="the fourth cell fails"):
        run_toy(tmp_path)
    assert not (tmp_path / "toy.json").exists()
    files = sorted((tmp_path / "toy.cells").iterdir())
    assert len(files) == 3
    first = [json.loads(file.read_text())["process"] for file in files]
    monkeypatch.delenv("TOY_FAILS")
    _, record = run_toy(tmp_path)
    assert [cell["process"] for cell in record["cells"][:3]] == first


def test_what_is_done_so_far(tmp_path, monkeypatch):
    """Nothing is run; the cells that are there are written, and the missing ones counted."""
    with pytest.raises(ValueError, match=r"none of the 4 cells of toy in .* is done"):
        run_toy(tmp_path, so_far=True)
    assert not (tmp_path / "toy.json").exists()
    monkeypatch.setenv("TOY_FAILS", "yes")
    with pytest.raises(RuntimeError):
        run_toy(tmp_path)
    path, record = run_toy(tmp_path, so_far=True)
    assert json.loads(path.read_text()) == record
    assert [cell["square"] for cell in record["cells"]] == [0, 1, 4]
    assert record["missing"] == 1
    monkeypatch.delenv("TOY_FAILS")
    _, record = run_toy(tmp_path)
    assert len(record["cells"]) == 4
    assert "missing" not in record


def test_the_command_says_what_is_missing(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(EXPERIMENTS, "toy", TOY)
    command = ["reproduce", "toy", "--quiet", "--out", str(tmp_path)]
    assert main([*command, "--so-far"]) == 1
    assert "none of the 4 cells of toy" in capsys.readouterr().err
    assert main(command) == 0
    assert "not done" not in capsys.readouterr().out
    next((tmp_path / "toy.cells").iterdir()).unlink()
    assert main([*command, "--so-far"]) == 0
    assert "1 of 4 cells not done yet" in capsys.readouterr().out
    assert json.loads((tmp_path / "toy.json").read_text())["missing"] == 1


@pytest.mark.parametrize("content", ["", "[]", '{"settings": {"number": 7}, "square": 49}'])
def test_a_damaged_or_foreign_cell_is_run_again(tmp_path, content):
    _, before = run_toy(tmp_path)
    next(
        file for file in (tmp_path / "toy.cells").iterdir() if file.name.startswith("2-")
    ).write_text(content)
    _, after = run_toy(tmp_path)
    again = [
        a["process"] != b["process"] for a, b in zip(after["cells"], before["cells"], strict=True)
    ]
    assert again == [False, False, True, False]
    assert after["cells"][2]["square"] == 4


def test_each_experiment_goes_by_its_name():
    for name, experiment in EXPERIMENTS.items():
        assert experiment.name == name
        assert experiment.what
        quick, long = experiment.cells(True), experiment.cells(False)
        assert 1 <= len(quick) <= len(long)
        assert quick != long


@pytest.mark.parametrize("quick", [True, False])
def test_cells_that_keep_checkpoints_are_told_where(tmp_path, quick):
    """A folder shared by all experiments that name it; the quick way has one of its own."""
    keeping = TOY._replace(run=experiment_toy.run_with_folder, keeps="weights")
    _, record = run_experiment(keeping, tmp_path, quick=quick, progress=False)
    folder = tmp_path / ("weights.quick.cells" if quick else "weights.cells")
    told = {(cell["folder"], cell["progress"]) for cell in record["cells"]}
    assert told == {(str(folder), False)}
