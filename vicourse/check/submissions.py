"""A folder of submissions: each notebook in its own process, with limits; one table for all.

It is made to save a teacher's evening, not to withstand an attack: a notebook is a program, and one
that wants to deceive can. Run it where you would run your students' code.

Chapter: teaching
"""

import csv
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from vicourse.check.exercises import CHAPTERS, all_exercises
from vicourse.check.grading import code_cells
from vicourse.check.judge import NOT_ATTEMPTED, PASSED
from vicourse.validation import argument_error, check_number

_ID = re.compile(r"""check\(\s*["']([a-z_]+)\.\d+["']""")


class Grade(NamedTuple):
    """What one notebook reached.

    Attributes:
        file: the notebook, relative to the folder.
        chapter: the set of exercises that it belongs to; "" where none was recognised.
        statuses: {exercise id: "passed", "not yet" or "not attempted"} for the whole set.
        trouble: what went wrong beside the exercises: cells that raised, limits, a damaged file.
    """

    file: str
    chapter: str
    statuses: dict
    trouble: str

    @property
    def passed(self):
        """How many exercises of the set are passed."""
        return sum(status == PASSED for status in self.statuses.values())


def grade_folder(folder, *, seconds=300.0, memory_gb=4.0):
    """Grade every notebook in a folder and the folders below, one after the other.

    Args:
        folder: where the notebooks are.
        seconds: the longest that one notebook may run.
        memory_gb: the most memory that one may take; Linux only, elsewhere it is not limited.

    Returns:
        A generator of `Grade`s, in the order of the file names.

    Raises:
        ValueError: the folder is not there, or has no notebook in it.
    """
    folder = Path(folder)
    seconds = check_number("seconds", seconds, above=0)
    memory_gb = check_number("memory_gb", memory_gb, above=0)
    hidden = ".ipynb_checkpoints"
    notebooks = sorted(p for p in folder.rglob("*.ipynb") if hidden not in p.parts and p.is_file())
    if not notebooks:
        raise argument_error("folder", str(folder), "a folder with notebooks (*.ipynb) in it")
    names = [path.relative_to(folder).as_posix() for path in notebooks]  # the same on Windows
    return (
        _grade(path, name, seconds, memory_gb) for path, name in zip(notebooks, names, strict=True)
    )


def write_grades(path, grades):
    """The grades as CSV: a row a notebook, with a column for each exercise of the longest set.

    Raises:
        FileExistsError: there is such a file already; it is left alone.
    """
    longest = max((len(grade.statuses) for grade in grades), default=0)
    numbers = [str(number) for number in range(1, longest + 1)]
    with open(path, "x", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["file", "chapter", "passed", "exercises", *numbers, "trouble"])
        for grade in grades:
            statuses = [*grade.statuses.values(), *[""] * longest][:longest]
            first = [grade.file, grade.chapter, grade.passed, len(grade.statuses)]
            table.writerow([_harmless(cell) for cell in (*first, *statuses, grade.trouble)])


def _grade(path, name, seconds, memory_gb):
    try:
        source = "\n".join(code_cells(path))
    except (ValueError, OSError) as problem:
        return Grade(name, "", {}, str(problem))
    chapters = Counter(found for found in _ID.findall(source) if found in CHAPTERS)
    if not chapters:
        return Grade(name, "", {}, "no exercise of this course in it")
    chapter = chapters.most_common(1)[0][0]
    with tempfile.TemporaryDirectory() as scratch:
        report = Path(scratch) / "report.json"
        stopped = _run(path.resolve(), report, seconds, memory_gb)
        exercises, troubles = _read(report)
    ids = [exercise.id for exercise in all_exercises() if exercise.id.startswith(f"{chapter}.")]
    statuses = {key: exercises[key]["status"] if key in exercises else NOT_ATTEMPTED for key in ids}
    return Grade(name, chapter, statuses, "; ".join([*stopped, *troubles]))


def _run(path, report, seconds, memory_gb):
    """Run one notebook in an empty folder. Returns what stopped it, as a list of sentences."""
    with tempfile.TemporaryDirectory() as empty, open(os.devnull, "r+b") as void:
        process = subprocess.Popen(
            [sys.executable, "-m", "vicourse.check.grading", str(path), str(report)],
            cwd=empty,
            env={**os.environ, "MPLBACKEND": "Agg"},
            stdin=void,
            stdout=void,
            stderr=void,
            start_new_session=True,
        )
        deadline = time.monotonic() + seconds
        try:
            while process.poll() is None:
                if time.monotonic() > deadline:
                    return [f"stopped after {seconds:g} seconds"]
                if _memory_gb(process.pid) > memory_gb:
                    return [f"stopped: it took more than {memory_gb:g} GB of memory"]
                time.sleep(0.1)
        finally:
            _kill(process)
    return [f"it ended with status {process.returncode}"] if process.returncode else []


def _kill(process):
    """The notebook and whatever it has started."""
    try:
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    except (ProcessLookupError, PermissionError):  # macOS refuses where the process has ended
        pass
    process.wait()


def _memory_gb(pid):
    """Resident memory of a process; 0 where the system does not tell."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (OSError, ValueError, IndexError):
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e9


def _read(report):
    try:
        record = json.loads(report.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}, []
    return record["exercises"], record["troubles"]


def _harmless(cell):
    """Text that a spreadsheet would take for a formula gets an apostrophe before it."""
    return f"'{cell}" if isinstance(cell, str) and cell[:1] in "=+-@\t\r" and cell else cell
