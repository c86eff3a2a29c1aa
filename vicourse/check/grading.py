"""One submission in a process of its own: run its cells, and note what `check` says.

    python -m vicourse.check.grading NOTEBOOK REPORT

The report is written anew after every verdict, so that a notebook that crashes, or has to be
stopped, keeps what it had reached.
"""

import json
import sys
from pathlib import Path

from vicourse.files import write_json


def code_cells(path):
    """The sources of the code cells of a notebook.

    Raises:
        ValueError: the file is no notebook.
    """
    try:
        cells = json.loads(Path(path).read_text(encoding="utf-8"))["cells"]
        sources = [cell["source"] for cell in cells if cell["cell_type"] == "code"]
        return ["".join(source) for source in sources]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ValueError(f"no notebook that can be read ({type(error).__name__})") from error


def plain_python(source):
    """A cell without what only IPython understands: `%magic` and `!shell` lines."""
    if source.lstrip().startswith("%%"):
        return ""
    lines = source.split("\n")
    return "\n".join(
        line[: len(line) - len(line.lstrip())] + "pass"
        if line.lstrip().startswith(("%", "!"))
        else line
        for line in lines
    )


def run_submission(notebook, report):
    """Run all cells, whatever some of them raise, and write the report."""
    from vicourse import check

    troubles = []

    def write():
        record = {"exercises": check._record.entries, "troubles": troubles}
        write_json(report, record)

    add = check._record.add

    def add_and_write(exercise_id, status):
        sentence = add(exercise_id, status)
        write()
        return sentence

    check._record.add = add_and_write
    names = {"__name__": "__main__", "display": print}
    for number, source in enumerate(code_cells(notebook), start=1):
        try:
            exec(compile(plain_python(source), f"<cell {number}>", "exec"), names)
        except BaseException as error:  # also SystemExit: the next cell has its chance
            troubles.append(f"cell {number}: {type(error).__name__}: {error}"[:200])
    write()


if __name__ == "__main__":
    run_submission(sys.argv[1], Path(sys.argv[2]))
