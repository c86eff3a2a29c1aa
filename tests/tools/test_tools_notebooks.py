"""The notebooks: what is in them, that the same page gives the same bytes, that drift is found."""

import json
import re

import nbformat
import notebooks
import pytest
from myst_text import leftovers
from notebook_outputs import CHECKED, OutputProblem, text_outputs
from notebooks import NotebookProblem

CHAPTER = "book/deep/sample.ipynb"
FRONT = "---\nkernelspec:\n  name: python3\n  display_name: Python 3\n---\n\n"


@pytest.fixture
def chapter(derived):
    return nbformat.read(derived / CHAPTER, as_version=4)


def one(cells):
    (cell,) = cells
    return cell


def test_each_page_with_code_has_its_notebooks(derived_once):
    _, changed, lines = derived_once
    assert changed == [CHAPTER, "exercises/solutions/sample.ipynb", "exercises/sample.ipynb"]
    assert [line.split()[1] for line in lines if line.startswith("running")] == changed[:2]


def test_the_notebooks_are_valid_and_hold_no_myst(derived):
    for path in notebooks.stored_notebooks(derived):
        notebook = nbformat.read(derived / path, as_version=4)
        nbformat.validate(notebook)
        assert notebook.metadata.kernelspec.name == "python3"
        for cell in notebook.cells:
            assert cell.cell_type != "markdown" or leftovers(cell.source) == []


def test_the_first_cells_lead_to_colab_and_to_the_book_and_install(chapter):
    badge, install = chapter.cells[:2]
    assert "blob/main/book/deep/sample.ipynb)" in badge.source
    assert "(https://your_name.github.io/vicourse/book/deep/sample.html)" in badge.source
    lines = install.source.splitlines()
    assert lines[1:] == [
        "import sys",
        'if "google.colab" in sys.modules:',
        '    %pip install --quiet "vicourse @ git+https://github.com/YOUR_NAME/vicourse"',
    ]
    assert lines[0].startswith("# ")


def test_the_learners_notebook_opens_itself_and_links_the_solutions(derived):
    learner = nbformat.read(derived / "exercises/sample.ipynb", as_version=4)
    assert "blob/main/exercises/sample.ipynb)" in learner.cells[0].source
    assert "vicourse/exercises/solutions/sample.html)" in learner.cells[0].source
    text = notebooks.notebook_text(learner)
    assert "SOLUTION" not in text
    assert "2 * x" not in text
    assert "your turn" in text
    assert CHECKED not in text
    assert "source_hidden" not in text


def test_equations_and_figures_are_numbered_as_in_the_book(chapter):
    text = "\n".join(cell.source for cell in chapter.cells)
    assert re.findall(r"\\tag\{(\d+)\}", text) == ["1", "2", "3"]
    assert re.findall(r"\*\*Figure (\d+)\.\*\* (A \w+)", text) == [
        ("1", "A straight"),
        ("2", "A dot"),
    ]
    assert "Figure 1 is not Figure 2, and The setting is above." in text


def test_a_figures_caption_and_description_stand_below_its_cell(chapter):
    place = one([i for i, cell in enumerate(chapter.cells) if "plt.show" in cell.source])
    below = chapter.cells[place + 1].source
    assert below.startswith("**Figure 1.** A straight line through $y = x^2$'s first two points")
    assert "A straight line that rises from zero to one" in below
    assert "mystnb" not in notebooks.notebook_text(chapter)


def test_only_checked_cells_keep_outputs_and_only_text(chapter):
    with_outputs = one([c for c in chapter.cells if c.get("outputs")])
    assert with_outputs.metadata.tags == [CHECKED]
    stream, result = with_outputs.outputs
    assert (stream.name, stream.text) == ("stdout", "total 10\n")
    assert dict(result.data) == {"text/plain": "10"}
    # nbval refuses outputs of a cell that seems never to have run.
    assert with_outputs.execution_count == result.execution_count == 3


def test_tags_stay_and_hidden_cells_are_folded(chapter):
    hidden = one([c for c in chapter.cells if "assert total" in c.source])
    assert hidden.metadata == {"tags": ["remove-cell"], "jupyter": {"source_hidden": True}}
    assert one([c for c in chapter.cells if c.metadata.get("tags") == ["a-text-tag"]])


def test_a_second_run_writes_and_runs_nothing(derived):
    stamps = {p: (derived / p).stat().st_mtime_ns for p in notebooks.stored_notebooks(derived)}
    lines = []
    assert notebooks.derive_all(derived, say=lines.append) == []
    assert lines == []
    assert {p: (derived / p).stat().st_mtime_ns for p in stamps} == stamps
    assert notebooks.check_all(derived) == []
    assert not list(derived.rglob("*.tmp"))


def test_the_same_page_gives_the_same_bytes_anywhere(derived, course):
    notebooks.derive_all(course, execute="never")
    for path in notebooks.stored_notebooks(course):
        a, b = (json.loads((root / path).read_text("utf-8")) for root in (course, derived))
        for notebook in (a, b):
            notebook["metadata"]["vicourse"].pop("code", None)
            for cell in notebook["cells"]:
                cell.pop("outputs", None)
                cell.pop("execution_count", None)
        assert a == b
        ids = [cell["id"] for cell in a["cells"]]
        assert len(set(ids)) == len(ids)


def test_an_edit_changes_the_ids_of_the_edited_cell_alone(derived):
    before = [c.id for c in nbformat.read(derived / CHAPTER, as_version=4).cells]
    edit(derived / "book/deep/sample.md", "Open the exercises", "Do the exercises")
    notebooks.derive_all(derived, execute="never")
    after = [c.id for c in nbformat.read(derived / CHAPTER, as_version=4).cells]
    assert sum(a != b for a, b in zip(before, after, strict=True)) == 1


def edit(path, old, new):
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


def line_of(path, text):
    """The number of the one line of a file that is `text`."""
    return one(
        [n for n, line in enumerate(path.read_text("utf-8").splitlines(), 1) if line == text]
    )


def problems(root):
    return "\n".join(notebooks.check_all(root))


def test_check_finds_a_missing_notebook(derived):
    (derived / CHAPTER).unlink()
    assert problems(derived) == f"{CHAPTER}: missing; book/deep/sample.md makes it"


def test_check_finds_an_edited_page(derived):
    edit(derived / "book/deep/sample.md", "A second text cell", "A changed text cell")
    assert problems(derived).startswith(f"{CHAPTER}: differs from what book/deep/sample.md makes")


def test_check_finds_an_edited_notebook_and_deriving_mends_it(derived):
    before = (derived / CHAPTER).read_bytes()
    edit(derived / CHAPTER, "A second text cell", "By hand")
    assert "differs" in problems(derived)
    notebooks.derive_all(derived, execute="never")
    assert (derived / CHAPTER).read_bytes() == before


def test_check_finds_outputs_of_other_code(derived):
    # The checked cell is the same; a cell above it is not.
    edit(derived / "book/deep/sample.md", "plt.plot([0, 1], [0, 1])", "plt.plot([0, 2], [0, 1])")
    assert "no stored output that belongs to the present code" in problems(derived)
    notebooks.derive_all(derived, execute="never")
    assert not any(c.get("outputs") for c in nbformat.read(derived / CHAPTER, as_version=4).cells)
    assert "no stored output" in problems(derived)


def test_check_finds_images_and_cleared_outputs(derived, chapter):
    cell = one([c for c in chapter.cells if c.get("outputs")])
    cell.outputs[1].data["image/png"] = "AAAA"
    nbformat.write(chapter, derived / CHAPTER)
    assert "carries images" in problems(derived)
    cell.outputs = []
    nbformat.write(chapter, derived / CHAPTER)
    assert "no stored output" in problems(derived)


def test_check_finds_myst_in_a_notebook(derived):
    edit(derived / CHAPTER, "A second text cell.", "A {ref}`second` text cell.")
    assert "a role without its end is left in the text (line 1)" in problems(derived)


def test_check_finds_a_notebook_without_a_page(derived):
    (derived / "book/old.ipynb").write_text("{}", "utf-8")
    assert problems(derived) == "book/old.ipynb: no page (.md) makes this notebook; delete it"


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"cells": [', '{"nbformat": 4, "cells": 3}'])
def test_check_finds_a_broken_notebook(derived, text):
    (derived / CHAPTER).write_text(text, "utf-8")
    assert problems(derived) == f"{CHAPTER}: not a notebook that can be read"


def test_a_page_with_code_needs_its_front_matter(course):
    (course / "book/bare.md").write_text("# Bare\n\n```{code-cell} ipython3\n1\n```\n", "utf-8")
    assert re.search(r"book/bare\.md:1: .*kernelspec python3", problems(course))


def test_a_figure_cell_needs_a_description(course):
    page = course / "book/deep/sample.md"
    edit(
        page,
        "    alt: A straight line that rises from zero to one, in blue, on a white ground.\n",
        "    width: 60%\n",
    )
    line = line_of(page, "mystnb:") - 2  # the line that opens the cell
    with pytest.raises(NotebookProblem, match=rf"sample\.md:{line}: a figure needs mystnb"):
        notebooks.derive_all(course, execute="never")


def test_a_page_that_fails_does_not_keep_the_others_from_being_made_or_checked(course):
    edit(course / "book/deep/sample.md", "A second text cell.", "{abbr}`VI`")
    line = line_of(course / "book/deep/sample.md", "{abbr}`VI`")
    with pytest.raises(NotebookProblem, match=rf"book/deep/sample\.md:{line}: the role \{{abbr\}}"):
        notebooks.derive_all(course, execute="never")
    assert notebooks.stored_notebooks(course)[0] == "exercises/sample.ipynb"
    (course / CHAPTER).write_text("{}", "utf-8")
    edit(course / "exercises/sample.ipynb", "Exercises: a sample", "By hand")
    found = problems(course)
    assert "the role {abbr}" in found
    assert "exercises/sample.ipynb: differs" in found
    assert "no page (.md) makes" not in found


def test_unknown_names_are_an_error_that_lists_the_pages(course):
    with pytest.raises(NotebookProblem, match=r"sampel; there are: .*book/deep/sample\.md"):
        notebooks.derive_all(course, ["sampel"])


def test_a_page_is_chosen_by_name_or_path(course):
    changed = notebooks.derive_all(course, ["book/deep/sample.md"], execute="never")
    assert [path.as_posix() for path in changed] == [CHAPTER]


def test_a_failed_write_leaves_the_old_notebook(derived, monkeypatch):
    before = (derived / CHAPTER).read_bytes()
    monkeypatch.setattr("pathlib.Path.replace", lambda *a: (_ for _ in ()).throw(OSError("full")))
    with pytest.raises(OSError, match="full"):
        notebooks.write_if_changed(derived / CHAPTER, "new")
    assert (derived / CHAPTER).read_bytes() == before
    assert not list(derived.rglob("*.tmp"))


def run_page(root, code):
    text = f"# P\n\n```{{code-cell}} ipython3\n:tags: [{CHECKED}]\n\n{code}\n```\n"
    (root / "book/p.md").write_text(FRONT + text, "utf-8")
    notebooks.derive_all(root, ["p"])


def test_a_cell_that_fails_is_named(course):
    with pytest.raises(NotebookProblem, match=r"(?s)book/p\.ipynb does not run.*ZeroDivisionError"):
        run_page(course, "1 / 0")


def output(kind, **content):
    return nbformat.v4.new_output(kind, **content)


@pytest.mark.parametrize(
    ("outputs", "words"),
    [
        ([output("display_data", data={"image/png": "AA", "text/plain": "x"})], "image/png"),
        ([output("execute_result", data={"text/html": "x", "text/plain": "x"})], "text/html"),
        ([output("stream", name="stderr", text="x")], "stderr"),
        ([], "prints nothing"),
    ],
)
def test_what_nbval_could_not_compare_is_refused(outputs, words):
    with pytest.raises(OutputProblem, match=words):
        text_outputs(outputs, "here")


def test_printed_pieces_are_joined():
    pieces = [output("stream", name="stdout", text=text) for text in ("a\n", "b\n")]
    assert [o.text for o in text_outputs(pieces, "here")] == ["a\nb\n"]
