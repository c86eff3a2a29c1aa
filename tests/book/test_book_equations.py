"""Every numbered equation is computed somewhere: book/reference/equations.md says where.

A row names what computes the equation, in the package or in the chapter's own code, and the test.
"""

import ast
import importlib
import re
from functools import cache, reduce
from pathlib import Path

import pytest
from course_index import CourseIndex, read_cells

ROOT = Path(__file__).parents[2]
TABLE = ROOT / "book" / "reference" / "equations.md"
ROW = re.compile(
    r"\| \{eq\}`(?P<label>[\w-]+)` \| (?P<says>[^|]+) \| (?P<by>[^|]+) \| (?P<test>.+) \|"
)
FUNCTION = re.compile(r"\{py:obj\}`[\w.]+ <([\w.]+)>`")
OWN_CODE = re.compile(r"`(\w+)` on the page")
TEST = re.compile(r"`(test_\w+\.py)::(test_\w+)`")


def rows(text):
    """(chapter, label, computed by, tested by) for each row, below the heading of its chapter."""
    chapter = None
    for line in text.splitlines():
        if heading := re.match(r"## \{doc\}`[^<`]+ </([^>]+)>`$", line):
            chapter = f"{heading[1]}.md"
        elif row := ROW.fullmatch(line):
            yield chapter, row["label"], row["by"], row["test"]
        elif line.startswith("| {eq}"):
            raise ValueError(f"not a row of four columns: {line}")


ROWS = list(rows(TABLE.read_text("utf-8")))


def numbered_equations():
    """(chapter, label) for each numbered equation of the book, in order."""
    index = CourseIndex(ROOT)
    pages = [path for path in index.paths if path.startswith("book/")]
    return [(path, label) for path in pages for label in index.page(path).equations]


@cache
def code_cells(chapter):
    return [cell for cell in read_cells(ROOT, chapter).cells if cell.cell_type == "code"]


def is_checked(cell):
    tags = cell.metadata.get("tags") or []
    return "nbval-check-output" in tags or re.search(r"^\s*assert ", cell.source, re.MULTILINE)


def names_in(source):
    lines = [line for line in source.splitlines() if not line.lstrip().startswith(("%", "!"))]
    nodes = list(ast.walk(ast.parse("\n".join(lines))))
    used = {node.id for node in nodes if isinstance(node, ast.Name)}
    return used | {node.name for node in nodes if isinstance(node, ast.FunctionDef)}


def found(path):
    """Whether "vicourse.part.name" or "vicourse.part.Class.method" exists."""
    _, part, *names = path.split(".")
    try:
        reduce(getattr, names, importlib.import_module(f"vicourse.{part}"))
    except (ImportError, AttributeError):
        return False
    return True


def defines(file, test):
    files = list((ROOT / "tests").rglob(file))
    return len(files) == 1 and re.search(rf"^def {test}\(", files[0].read_text("utf-8"), re.M)


def complaints(chapter, by, test):
    """What is wrong with a row: something that does not exist, or is not checked."""
    functions, own = FUNCTION.findall(by), OWN_CODE.findall(by)
    if not (functions or own):
        yield f"nothing computes it: {by}"
    for path in functions:
        if not found(path):
            yield f"no such function: {path}"
    cells = code_cells(chapter)
    for name in own:
        if not any(name in names_in(cell.source) for cell in cells):
            yield f"{name} does not occur in the code of {chapter}"
    tests = TEST.findall(test)
    for file, name in tests:
        if not defines(file, name):
            yield f"no such test: {file}::{name}"
    if test.startswith("on the page"):
        using = [i for i, cell in enumerate(cells) if own and own[0] in names_in(cell.source)]
        if not using or not any(is_checked(cell) for cell in cells[using[0] :]):
            yield f"{chapter} checks nothing after it computes {own}"
    elif not tests:
        yield f"no test: {test}"


def test_every_numbered_equation_has_its_row_below_its_chapter_in_order():
    table = [(chapter, label) for chapter, label, _, _ in ROWS]
    numbered = numbered_equations()
    assert [row for row in numbered if row not in table] == [], "add rows to equations.md"
    assert [row for row in table if row not in numbered] == [], "drop rows from equations.md"
    assert len(set(table)) == len(table)
    for page in {chapter for chapter, _ in table}:
        in_order = [row for row in numbered if row[0] == page]
        assert [row for row in table if row[0] == page] == in_order


@pytest.mark.parametrize(("chapter", "label", "by", "test"), ROWS, ids=[row[1] for row in ROWS])
def test_what_computes_an_equation_exists_and_is_tested(chapter, label, by, test):
    assert list(complaints(chapter, by, test)) == []


@pytest.mark.parametrize(
    ("by", "test", "complaint"),
    [
        ("somebody", "on the page", "nothing computes"),
        ("{py:obj}`a <vicourse.objectives.elbow>`", "`test_book_pages.py::test_x`", "no such func"),
        ("{py:obj}`a <vicourse.models.Model.guess>`", "on the page", "no such function"),
        ("`no_such_name` on the page", "on the page", "does not occur"),
        ("{py:obj}`a <vicourse.objectives.elbo>`", "`test_nowhere.py::test_x`", "no such test"),
        ("{py:obj}`a <vicourse.objectives.elbo>`", "by eye", "no test"),
        ("{py:obj}`a <vicourse.objectives.elbo>`", "on the page", "checks nothing"),
    ],
)
def test_a_row_that_is_wrong_would_be_found(by, test, complaint):
    found_here = list(complaints("book/foundations/elbo.md", by, test))
    assert any(complaint in line for line in found_here), found_here


def test_a_row_with_a_column_missing_would_be_found():
    with pytest.raises(ValueError, match="four columns"):
        list(rows("| {eq}`eq-a` | something | `x` on the page |"))
