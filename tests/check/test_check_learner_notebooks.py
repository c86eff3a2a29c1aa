"""The tool that takes solutions out: what it makes, and what it refuses."""

import sys
from pathlib import Path

import jupytext
import nbformat
import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "tools"))

from learner_notebooks import MarkerError, learner_notebook, without_solution

FUNCTION = '''def f(x):
    """Doc."""
    y = 1
    ### BEGIN SOLUTION
    z = [i for i in x]
    return z
    ### END SOLUTION
'''
ANSWERS = """import math
### BEGIN SOLUTION
a, b = 1, [i for i in range(3)]
c: float = math.pi
### END SOLUTION
print(a)"""


def notebook(*cells):
    return nbformat.v4.new_notebook(cells=list(cells))


def code(source, tags=(), outputs=()):
    cell = nbformat.v4.new_code_cell(source, outputs=list(outputs), execution_count=7)
    if tags:
        cell.metadata["tags"] = list(tags)
    return cell


def test_a_region_in_a_function_becomes_a_raise():
    assert without_solution(FUNCTION) == (
        'def f(x):\n    """Doc."""\n    y = 1\n    raise NotImplementedError("your turn")'
    )


def test_a_region_at_the_top_becomes_names_without_an_answer():
    assert without_solution(ANSWERS) == (
        "import math\na = None  # your turn\nb = None  # your turn\nc = None  # your turn\nprint(a)"
    )


def test_two_regions_and_code_between_them():
    both = FUNCTION + "q = 2\n" + FUNCTION.replace("f(", "g(")
    stubbed = without_solution(both)
    assert stubbed.count("raise NotImplementedError") == 2
    assert "q = 2" in stubbed
    assert "SOLUTION" not in stubbed


def test_notebook_loses_outputs_hiding_tags_and_solution_only_cells():
    output = nbformat.v4.new_output("stream", text="42")
    nb = notebook(
        nbformat.v4.new_markdown_cell("# Text"),
        code(FUNCTION, tags=["hide-cell", "keep"]),
        code("print(42)", tags=["hide-cell"], outputs=[output]),
        code("secret = 1", tags=["solution-only"]),
    )
    before = nbformat.writes(nb)
    learner = learner_notebook(nb)
    nbformat.validate(learner)
    assert nbformat.writes(nb) == before
    assert [cell.source for cell in learner.cells][::2] == ["# Text", "print(42)"]
    assert learner.cells[1].metadata["tags"] == ["keep"]
    assert learner.cells[2].metadata["tags"] == ["hide-cell"]
    assert learner.cells[2].outputs == []
    assert learner.cells[2].execution_count is None
    assert [cell.id for cell in learner.cells] == [cell.id for cell in nb.cells[:3]]


BAD = {
    "second BEGIN": FUNCTION.replace("    y = 1", "    ### BEGIN SOLUTION"),
    "without `### END": FUNCTION.replace("    ### END SOLUTION\n", ""),
    "without `### BEGIN": FUNCTION.replace("    ### BEGIN SOLUTION\n", ""),
    "not `#### end solution`": FUNCTION.replace("### END SOLUTION", "#### end solution"),
    "not `# BEGIN SOLUTIONS`": FUNCTION.replace("### BEGIN SOLUTION", "# BEGIN SOLUTIONS"),
    "is empty": "def f():\n    ### BEGIN SOLUTION\n    # a\n    ### END SOLUTION\n    return 1",
    "may only assign names": "### BEGIN SOLUTION\ndef f():\n    return 1\n### END SOLUTION",
    "may only assign names. ": "d = {}\n### BEGIN SOLUTION\nd['a'] = 1\n### END SOLUTION",
    "inside one function": "if True:\n    ### BEGIN SOLUTION\n    a = 1\n    ### END SOLUTION",
    "must be plain Python": "%pip install x\n### BEGIN SOLUTION\na = 1\n### END SOLUTION",
    "no longer Python": "x = max(\n1,\n### BEGIN SOLUTION\n2)\ny = 3\n### END SOLUTION\n",
}
BAD["inside one function "] = (
    "def f():\n    ### BEGIN SOLUTION\n    return 1\ndef g():\n    return 2\n    ### END SOLUTION"
)


@pytest.mark.parametrize(("complaint", "source"), BAD.items(), ids=BAD.keys())
def test_bad_markers_are_refused_with_file_and_cell(complaint, source):
    complaint = complaint.strip().replace("second BEGIN", "second `### BEGIN")
    with pytest.raises(MarkerError) as error:
        learner_notebook(notebook(code("a = 1"), code(source)), name="exercises/x.md")
    assert complaint in str(error.value)
    assert str(error.value).startswith("exercises/x.md, cell 2")


def test_markers_in_text_are_refused():
    text = nbformat.v4.new_markdown_cell("Look:\n### BEGIN SOLUTION\n$x$\n### END SOLUTION")
    with pytest.raises(MarkerError, match=r"x\.md, cell 1: a solution marker in a text cell"):
        learner_notebook(notebook(text), name="x.md")


def test_reads_what_jupytext_makes_of_a_myst_file():
    source = (
        "---\nkernelspec:\n  name: python3\n  display_name: Python 3\n---\n\n# Title\n\n"
        "```{code-cell} ipython3\n:tags: [hide-cell]\n\n" + FUNCTION + "```\n"
    )
    learner = learner_notebook(jupytext.reads(source, fmt="md:myst"))
    assert "your turn" in learner.cells[1].source
    assert "tags" not in learner.cells[1].metadata
