"""From a page (.md) to its notebooks, without outputs: the chapter's twin, the learner's copy."""

import hashlib
from pathlib import Path

import nbformat
from course_index import read_cells
from learner_notebooks import learner_notebook
from myst_blocks import SourceProblem
from notebook_outputs import CHECKED, PREFACE
from plain_markdown import PageContext, plain_cells

BADGE = "https://colab.research.google.com/assets/colab-badge.svg"
INSTALL = """\
# In Colab this installs the course's package and changes nothing else; \
anywhere else it does nothing.
import sys
if "google.colab" in sys.modules:
    %pip install --quiet "vicourse @ git+{repository}\""""
HIDING_TAGS = {"hide-input", "hide-cell", "remove-input", "remove-cell"}
SOLUTIONS = "exercises/solutions/"


def has_code(root, page):
    """Whether a page has code, and so is a notebook."""
    return any(cell.cell_type == "code" for cell in read_cells(root, page).cells)


def notebooks_of(page, index, address):
    """The notebooks made from `page`, without outputs: {path: notebook}."""
    metadata = read_cells(index.root, page).metadata
    if metadata.get("kernelspec", {}).get("name") != "python3":
        problem = "a page with code cells begins with jupytext's front matter, kernelspec python3"
        raise SourceProblem(page, 1, problem)
    cells = plain_cells(PageContext(page, index, address))
    solved = nbformat.v4.new_notebook(cells=cells)
    kinds = [solved, _learners(solved, page)] if page.startswith(SOLUTIONS) else [solved]
    made = dict(zip(paths_of(page), kinds, strict=True))
    for path, notebook in made.items():
        _finish(notebook, path, page, address)
    return made


def _learners(solutions, page):
    notebook = learner_notebook(solutions, page)
    for cell in notebook.cells:
        # What a learner's cell prints is the learner's: nothing to compare it with.
        tags = [tag for tag in cell.metadata.pop("tags", []) if tag != CHECKED]
        if tags:
            cell.metadata["tags"] = tags
    return notebook


def _finish(notebook, path, page, address):
    """Front cells, metadata, ids: all that follows from the path and the content."""
    notebook.cells[:0] = _preface(path, page, address)
    notebook.metadata = nbformat.from_dict(
        {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
            "vicourse": {"source": page},
        }
    )
    seen = {}
    for cell in notebook.cells:
        # From the content, so that an edit changes one id and not all that follow.
        digest = hashlib.sha256(f"{cell.cell_type}\n{cell.source}".encode()).hexdigest()[:12]
        seen[digest] = seen.get(digest, 0) + 1
        cell.id = digest if seen[digest] == 1 else f"{digest}-{seen[digest]}"
        if HIDING_TAGS & set(cell.metadata.get("tags", [])):
            cell.metadata["jupyter"] = {"source_hidden": True}


def _preface(path, page, address):
    """The two cells that only the notebook has: where it comes from, and Colab's installation."""
    link = "This page in the book"
    if path != twin(page):
        link = "The exercises in the book, with solutions"
    text = f"[![Open in Colab]({BADGE})]({address.colab(path)}) [{link}]({address.page(page)})"
    code = INSTALL.format(repository=address.repository)
    return [
        nbformat.v4.new_markdown_cell(text, metadata={"tags": [PREFACE]}),
        nbformat.v4.new_code_cell(code, metadata={"tags": [PREFACE]}),
    ]


def paths_of(page):
    """The paths of the notebooks that a page makes: its twin, and for exercises the learner's."""
    learners = ["exercises/" + Path(twin(page)).name] if page.startswith(SOLUTIONS) else []
    return [twin(page), *learners]


def twin(page):
    """The path of the notebook beside a page."""
    return Path(page).with_suffix(".ipynb").as_posix()
