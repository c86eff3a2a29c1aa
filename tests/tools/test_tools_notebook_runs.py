"""Which notebooks a reader opens, and what counts as a failure when one runs alone."""

import os

import nbformat
import notebook_runs
import pytest
from nbformat import v4
from notebook_outputs import CHECKED, OutputProblem
from reader_notebooks import ChoiceProblem, chosen, readers_notebooks


def notebook(text, count=1):
    """A notebook whose only checked cell has printed `text`."""
    output = v4.new_output("stream", name="stdout", text=text)
    cell = v4.new_code_cell("print()", execution_count=count, metadata={"tags": [CHECKED]})
    cell.outputs = [output]
    return v4.new_notebook(cells=[v4.new_code_cell("import sys"), cell])


def test_a_reader_opens_the_chapters_and_the_exercises_without_solutions():
    files = [
        *("README.md", "book/intro.md", "book/deep/aevb.md", "exercises/solutions/aevb.ipynb"),
        *("tests/tools/fixtures/course/book/deep/sample.ipynb", "notebook.ipynb"),
    ]
    wanted = ["book/deep/aevb.ipynb", "book/start.ipynb", "exercises/aevb.ipynb"]
    assert readers_notebooks(sorted([*files, *wanted])) == wanted


def test_only_takes_names_and_paths_and_refuses_others():
    notebooks = ["book/deep/aevb.ipynb", "book/foundations/elbo.ipynb", "exercises/elbo.ipynb"]
    assert chosen(notebooks, []) == notebooks
    assert chosen(notebooks, ["elbo"]) == notebooks[1:]
    assert chosen(notebooks, ["exercises/elbo.ipynb", "aevb"]) == notebooks[::2]
    with pytest.raises(ChoiceProblem, match=r"called evidence.*book/deep/aevb\.ipynb"):
        chosen(notebooks, ["elbo", "evidence"])


@pytest.fixture
def alone(tmp_path, monkeypatch):
    """`run_in_empty_folder` of a notebook that has printed 2, with the kernel in our hands."""
    path = tmp_path / "chapter.ipynb"
    nbformat.write(notebook("2\n"), path)

    def call(prints="2\n", error=None):
        def run(ran, folder, name):
            assert os.listdir(folder) == ["chapter.ipynb"]
            if error:
                raise error
            ran.cells = notebook(prints, count=7).cells
            return 1.25

        monkeypatch.setattr(notebook_runs, "run", run)
        return notebook_runs.run_in_empty_folder(path, "book/chapter.ipynb")

    return call


def test_a_notebook_that_prints_the_same_passes(alone):
    result = alone()
    assert result["problems"] == []
    assert (result["seconds"], result["compared_cells"]) == (1.2, 1)


def test_a_notebook_that_prints_something_else_fails(alone):
    (problem,) = alone(prints="3\n")["problems"]
    assert "3" in problem
    assert "2" in problem


@pytest.mark.parametrize("error", [OutputProblem("it does not run"), RuntimeError("kernel died")])
def test_a_notebook_that_ends_early_fails(alone, error):
    result = alone(error=error)
    assert result["problems"] == [str(error)]
    assert result["seconds"] is None


RESULTS = [
    {"notebook": "book/a.ipynb", "seconds": 20.5, "compared_cells": 3, "problems": []},
    {"notebook": "exercises/b.ipynb", "seconds": None, "compared_cells": 0, "problems": ["x"]},
]


def test_the_table_says_which_passed():
    assert notebook_runs.summary(RESULTS).splitlines() == [
        "notebook           passed  seconds  outputs compared",
        "book/a.ipynb       yes     20.5     3",
        "exercises/b.ipynb  no      -        0",
        "1 of 2 notebooks passed.",
    ]


def test_each_is_reported_when_it_is_done(capsys):
    by_name = {result["notebook"]: result for result in RESULTS}
    assert notebook_runs.run_all(list(by_name), by_name.get) == RESULTS
    first, second, problem, *rest = capsys.readouterr().out.splitlines()
    assert first.split() == ["book/a.ipynb", "yes", "20.5", "3"]
    assert second.split()[1] == "no"
    assert problem == "x"
    assert rest[-1] == "1 of 2 notebooks passed."
