"""Derive the notebooks (.ipynb) from the pages (.md), which are the only source.

    python tools/notebooks.py               write what changed; run what needs new stored outputs
    python tools/notebooks.py --check       write nothing; exit 1 if a notebook is not up to date
    python tools/notebooks.py --execute     run every notebook with stored outputs again
    python tools/notebooks.py vae_mnist     only these pages (names or paths)

The notebooks read well in Colab and Jupyter: no MyST syntax is left in their text. A page without a
code cell has no notebook. Editing an .ipynb by hand is in vain: the next run writes it anew.
"""

import argparse
import os
import sys
from pathlib import Path

import nbformat
from course_index import CourseIndex
from learner_notebooks import MarkerError
from myst_blocks import SourceProblem
from myst_text import leftovers
from notebook_making import has_code, notebooks_of, paths_of, twin
from notebook_outputs import OutputProblem, checked_cells, keep_outputs, run
from repository import ROOT, AddressProblem, read_address

PAGE_PROBLEMS = (SourceProblem, OutputProblem, MarkerError)
# What nbformat raises for files that are no notebooks.
UNREADABLE = (ValueError, AttributeError, TypeError, KeyError, nbformat.ValidationError)


class NotebookProblem(ValueError):
    """What keeps notebooks from being made, one line or paragraph for each page."""


def notebook_text(notebook):
    """The file's text: the same notebook gives the same bytes."""
    return nbformat.writes(notebook, version=nbformat.NO_CONVERT).rstrip("\n") + "\n"


def read_notebook(path):
    """A stored notebook, or None where there is none that can be read."""
    try:
        notebook = nbformat.read(path, as_version=4)
        nbformat.validate(notebook)
    except (FileNotFoundError, *UNREADABLE):
        return None
    return notebook


def write_if_changed(path, text):
    """Write `text` in one step; False if the file had it already."""
    data = text.encode("utf-8")
    if path.exists() and path.read_bytes() == data:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    # A process of its own name, so that an interrupted run leaves the old notebook whole.
    draft = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        draft.write_bytes(data)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    return True


def derive_all(root=ROOT, names=(), execute="stale", say=lambda line: None):
    """Write the notebooks of the pages `names` (all if empty); the paths that changed.

    Args:
        root: the project's folder.
        names: pages, by stem or path.
        execute: "stale" runs a notebook whose code changed since its outputs were stored,
            "always" runs each with checked cells, "never" runs none (outputs that no longer
            belong to the code are dropped, and --check will ask for them).
        say: takes progress lines.

    Raises:
        NotebookProblem: some pages have no notebooks; those of all the others are written.
    """
    index, address, changed, problems = CourseIndex(root), read_address(root), [], []
    for page in _chosen(index, names):
        try:
            changed += _derive(page, index, address, execute, say)
        except PAGE_PROBLEMS as problem:
            problems.append(str(problem))
    if problems:
        raise NotebookProblem("\n".join(problems))
    return changed


def _derive(page, index, address, execute, say):
    """Write one page's notebooks; the paths that changed."""
    changed = []
    for path, notebook in notebooks_of(page, index, address).items():
        file = index.root / path
        complete = keep_outputs(notebook, read_notebook(file))
        wanted = execute == "always" or (execute == "stale" and not complete)
        if wanted and checked_cells(notebook):
            say(f"running {path} …")
            seconds = run(notebook, file.parent, path)
            say(f"ran     {path} in {seconds:.0f} s")
        if write_if_changed(file, notebook_text(notebook)):
            changed.append(Path(path))
            say(f"wrote   {path} (from {page})")
    return changed


def check_all(root=ROOT, names=()):
    """What is wrong with the stored notebooks, as a list of lines; empty if nothing is."""
    index, address = CourseIndex(root), read_address(root)
    problems, expected = [], set()
    for page in _chosen(index, names):
        try:
            made = notebooks_of(page, index, address)
        except PAGE_PROBLEMS as problem:
            problems.append(str(problem))
            made = dict.fromkeys(paths_of(page))
        expected |= set(made)
        for path, notebook in made.items():
            if notebook:
                problems += [f"{path}: {line}" for line in _check(root / path, notebook, page)]
    if not names:
        for path in stored_notebooks(root):
            if path not in expected:
                problems.append(f"{path}: no page (.md) makes this notebook; delete it")
    return problems


def _check(path, notebook, page):
    """What is wrong with one stored notebook, given what `page` makes now."""
    if not path.exists():
        return [f"missing; {page} makes it"]
    stored = read_notebook(path)
    if stored is None:
        return ["not a notebook that can be read"]
    problems = [
        f"cell {number}: {what} is left in the text (line {line})"
        for number, cell in enumerate(stored.cells, start=1)
        if cell.cell_type == "markdown"
        for line, what in leftovers(cell.source)
    ]
    if any("image/" in kind for kind in _output_kinds(stored)):
        problems.append("carries images")
    if not keep_outputs(notebook, stored):
        return [*problems, "a checked cell has no stored output that belongs to the present code"]
    if path.read_bytes() != notebook_text(notebook).encode("utf-8"):
        problems.append(f"differs from what {page} makes: one of the two was edited")
    return problems


def _output_kinds(notebook):
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            yield from output.get("data", {})


def stored_notebooks(root):
    """Every .ipynb of the course, as text paths."""
    found = [
        path for folder in ("book", "exercises") for path in Path(root, folder).rglob("*.ipynb")
    ]
    return sorted(
        path.relative_to(root).as_posix()
        for path in found
        if not {"_build", ".ipynb_checkpoints"} & set(path.parts)
    )


def _chosen(index, names):
    """The pages with code that `names` mean."""
    pages = [path for path in index.paths if has_code(index.root, path)]
    for name in names:
        if not any(name in (page, twin(page), Path(page).stem) for page in pages):
            raise NotebookProblem(f"no page with code is called {name}; there are: {pages}")
    if not names:
        return pages
    return [page for page in pages if {page, twin(page), Path(page).stem} & set(names)]


def main(arguments=None):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="a page's name or path")
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--check", action="store_true", help="report, write nothing")
    how.add_argument("--execute", action="store_true", help="run also what has not changed")
    options = parser.parse_args(arguments)
    try:
        if options.check:
            problems = check_all(ROOT, options.names)
            print("\n".join(problems) or "notebooks: every notebook is up to date")
            if problems:
                print("notebooks: `make notebooks` writes them anew from the pages")
            return 1 if problems else 0
        how = "always" if options.execute else "stale"
        changed = derive_all(ROOT, options.names, how, say=lambda line: print(line, flush=True))
        print(f"notebooks: {len(changed)} written" if changed else "notebooks: nothing to do")
    except (NotebookProblem, AddressProblem, SourceProblem) as problem:
        print(f"notebooks: {problem}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
