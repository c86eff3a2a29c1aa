"""Run one notebook alone, in an empty folder and a kernel of its own, and say how it went."""

import copy
import shutil
import tempfile

import nbformat
from notebook_outputs import OutputProblem, checked_cells, run


def run_in_empty_folder(path, name):
    """Run a notebook where there is nothing but itself.

    Returns:
        A dict: notebook, seconds (None if it did not end), compared cells, problems (sentences).
    """
    stored = nbformat.read(path, as_version=4)
    ran, seconds = copy.deepcopy(stored), None
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(path, folder)
        try:
            seconds = run(ran, folder, name)
            problems = compare(stored, ran)
        except (OutputProblem, RuntimeError) as problem:  # RuntimeError: the kernel died
            problems = [str(problem)]
    return {
        "notebook": name,
        "seconds": seconds and round(seconds, 1),
        "compared_cells": len(checked_cells(stored)),
        "problems": problems,
    }


def compare(stored, ran):
    """What nbval would object to in the cells whose output is compared, as sentences."""
    pairs = zip(checked_cells(stored), checked_cells(ran), strict=True)
    texts = [(_texts(old), _texts(new)) for old, new in pairs]
    return [
        f"a compared cell prints\n{''.join(new)}\ninstead of\n{''.join(old)}"
        for old, new in texts
        if old != new
    ]


def _texts(cell):
    """The texts of a cell's outputs; how often a cell ran before does not matter."""
    return [output.get("text") or output["data"]["text/plain"] for output in cell.outputs]


def run_all(names, run_one):
    """`run_one(name)` for each notebook, with a line for each on the way and the table at the end.

    Returns:
        The list of what `run_one` returned.
    """
    results = []
    for name in names:
        results.append(run_one(name))
        row, *problems = summary(results[-1:]).splitlines()[1], *results[-1]["problems"]
        print(row, *problems, sep="\n", flush=True)
    print(f"\n{summary(results)}")
    return results


def summary(results):
    """The table of notebooks, with a last line that counts."""
    rows = [
        (r["notebook"], "no" if r["problems"] else "yes", r["seconds"] or "-", r["compared_cells"])
        for r in results
    ]
    passed = sum(not r["problems"] for r in results)
    header = ("notebook", "passed", "seconds", "outputs compared")
    return f"{columns(header, rows)}\n{passed} of {len(results)} notebooks passed."


def columns(header, rows):
    """Rows as lines of text, in columns."""
    rows = [[str(entry) for entry in row] for row in (header, *rows)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(entry.ljust(width) for entry, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )
