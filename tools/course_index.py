"""What the pages refer to: titles, labels, and the numbers of equations and figures."""

import re
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
from jupytext.myst import MystMetadataParsingError, myst_to_notebook
from myst_blocks import SourceProblem, parse_blocks

FOLDERS = ("book", "exercises/solutions")
HEADING = re.compile(r"#{1,6}\s+(?P<title>.+?)\s*#*$")


@dataclass
class Page:
    """One source page; labels map to a heading (or None), equations and figures to a number."""

    path: str
    title: str = ""
    labels: dict = field(default_factory=dict)
    equations: dict = field(default_factory=dict)
    figures: dict = field(default_factory=dict)
    figure_count: int = 0
    has_glossary: bool = False


def source_pages(root):
    """The pages' paths under `root`, as text, in a fixed order."""
    found = [path for folder in FOLDERS for path in Path(root, folder).rglob("*.md")]
    return sorted(path.relative_to(root).as_posix() for path in found)


def read_cells(root, path):
    """A page as a notebook; each cell's metadata carries its first line under `line`."""
    text = Path(root, path).read_text("utf-8")
    lines = text.splitlines()
    try:
        notebook = myst_to_notebook(text, add_source_map=True)
    except (MystMetadataParsingError, ValueError) as error:
        raise SourceProblem(path, 1, f"jupytext cannot read the page: {error}") from error
    for cell, start in zip(notebook.cells, notebook.metadata.pop("source_map"), strict=True):
        # jupytext counts lines from 0 before a text cell, and drops the empty ones it begins with.
        while cell.cell_type == "markdown" and not lines[start].strip():
            start += 1
        cell.metadata["line"] = start + 1 if cell.cell_type == "markdown" else start
    return notebook


class CourseIndex:
    """Every page of the course, read when first asked for."""

    def __init__(self, root):
        self.root = Path(root)
        self.paths = source_pages(root)
        self._pages = {}

    def page(self, path):
        if path not in self._pages:
            self._pages[path] = index_page(self.root, path)
        return self._pages[path]

    def find(self, kind, label):
        """(page, value) of a label; kind is "labels", "equations" or "figures"."""
        for path in self.paths:
            values = getattr(self.page(path), kind)
            if label in values:
                return self.page(path), values[label]
        return None, None

    def glossary(self):
        return next((path for path in self.paths if self.page(path).has_glossary), None)


def index_page(root, path):
    page = Page(path)
    for cell in read_cells(root, path).cells:
        if cell.cell_type == "markdown":
            _index_blocks(page, cell.source.splitlines(), cell.metadata["line"])
        elif caption := figure_settings(cell).get("caption"):
            _add_figure(page, figure_settings(cell).get("name"), caption, cell.metadata["line"])
    return page


def figure_settings(cell):
    """The `mystnb: figure:` settings of a code cell."""
    return nbformat.from_dict(cell.metadata.get("mystnb") or {}).get("figure") or {}


def _index_blocks(page, lines, first_line):
    pending = None
    for block in parse_blocks(lines, first_line, page.path):
        if block.kind == "target":
            _add(page, page.labels, block.label, None, block.line)
            pending = block.label
        elif block.kind == "math" and block.label:
            _add(page, page.equations, block.label, len(page.equations) + 1, block.line)
        elif block.kind == "directive":
            page.has_glossary |= block.name == "glossary"
            if block.name == "figure":
                _add_figure(page, block.options.get("name"), block.lines, block.line)
            elif block.name not in ("glossary", "bibliography", "toctree"):
                _index_blocks(page, block.lines, block.body_line)
        elif block.kind == "text":
            for line in block.lines:
                if heading := HEADING.match(line):
                    page.title = page.title or heading["title"]
                    if pending:
                        page.labels[pending] = heading["title"]
                if line.strip():
                    pending = None


def _add_figure(page, name, caption, line):
    if not caption:
        return
    page.figure_count += 1
    if name:
        _add(page, page.figures, name, page.figure_count, line)


def _add(page, where, label, value, line):
    if label in where:
        raise SourceProblem(page.path, line, f"the label {label!r} stands twice on this page")
    where[label] = value
