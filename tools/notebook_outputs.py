"""Stored outputs: text only, of checked cells only, made by running the whole notebook.

A checked cell carries the tag `nbval-check-output`: `make test` runs it again and compares.
"""

import hashlib
import time

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError

CHECKED = "nbval-check-output"
PREFACE = "vicourse-preface"
SECONDS_PER_CELL = 600


class OutputProblem(ValueError):
    """A notebook that does not run, or a checked cell that nbval could not compare."""


def has_tag(cell, tag):
    return tag in cell.metadata.get("tags", [])


def checked_cells(notebook):
    return [c for c in notebook.cells if c.cell_type == "code" and has_tag(c, CHECKED)]


def code_hash(notebook):
    """Changes when any code cell or its tags change; the preface, which has no say, left out."""
    cells = [
        (cell.source, sorted(cell.metadata.get("tags", [])))
        for cell in notebook.cells
        if cell.cell_type == "code" and not has_tag(cell, PREFACE)
    ]
    return hashlib.sha256(repr(cells).encode()).hexdigest()[:16]


def keep_outputs(notebook, stored):
    """Take over the outputs of `stored` if its code was the same; whether they are complete."""
    if not checked_cells(notebook):
        return True
    if stored is None or stored.metadata.get("vicourse", {}).get("code") != code_hash(notebook):
        return False
    old = checked_cells(stored)
    new = checked_cells(notebook)
    if len(old) != len(new) or any(a.source != b.source for a, b in zip(old, new, strict=True)):
        return False
    for cell, source in zip(new, old, strict=True):
        if not source.outputs or not all(is_text(output) for output in source.outputs):
            return False
        cell.outputs = source.outputs
    _mark_as_run(notebook)
    return True


def _mark_as_run(notebook):
    """Record which code the outputs belong to, and number the cells that have one.

    nbval takes outputs without an execution count for those of a cell that never ran.
    """
    notebook.metadata.vicourse["code"] = code_hash(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for count, cell in enumerate(code, start=1):
        for output in cell.outputs:
            cell.execution_count = count
            if output.output_type == "execute_result":
                output.execution_count = count


def is_text(output):
    """Whether an output is printed text or a plain result: what nbval can compare."""
    if output.output_type == "stream":
        return output.name == "stdout"
    return output.output_type == "execute_result" and set(output.data) == {"text/plain"}


def run(notebook, folder, name):
    """Run `notebook` in a fresh kernel in `folder` and store its checked cells' text; seconds."""
    start = time.monotonic()
    ran = nbformat.from_dict(notebook)
    client = NotebookClient(
        ran,
        timeout=SECONDS_PER_CELL,
        kernel_name="python3",
        extra_arguments=["--log-level=40"],  # errors; not the notice that TCP is not encrypted
        resources={"metadata": {"path": str(folder)}},
    )
    try:
        client.execute()
    except (CellExecutionError, CellTimeoutError) as error:
        raise OutputProblem(f"{name} does not run:\n{error}") from error
    for number, (cell, result) in enumerate(zip(notebook.cells, ran.cells, strict=True), start=1):
        if cell.cell_type == "code" and has_tag(cell, CHECKED):
            cell.outputs = text_outputs(result.outputs, f"{name}, cell {number}")
    _mark_as_run(notebook)
    return time.monotonic() - start


def text_outputs(outputs, where):
    """The outputs of a checked cell: printed text and plain results, and nothing else."""
    kept = []
    for output in outputs:
        if not is_text(output):
            kind = output.get("name") or ", ".join(output.get("data", {})) or output.output_type
            raise OutputProblem(
                f"{where}: a cell tagged {CHECKED} may only print text, and this one made {kind}. "
                "Print the numbers in a cell of their own."
            )
        if output.output_type == "execute_result":
            kept.append(nbformat.v4.new_output("execute_result", data=output.data))
        elif kept and kept[-1].output_type == "stream":
            kept[-1].text += output.text
        else:
            kept.append(nbformat.v4.new_output("stream", name="stdout", text=output.text))
    if not kept:
        raise OutputProblem(f"{where}: tagged {CHECKED}, but it prints nothing to compare.")
    return kept
