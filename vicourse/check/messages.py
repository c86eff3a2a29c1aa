"""The texts that a learner reads: plain lines that look right in a notebook and a terminal."""

import sys
import textwrap
from itertools import groupby

from vicourse.check.judge import NOT_ATTEMPTED, NOT_YET, PASSED

WIDTH = 88
_MARKS = {PASSED: "✓", NOT_YET: "✗", NOT_ATTEMPTED: "·"}


def verdict_text(exercise, finding, hint=None):
    """The verdict: a headline, then one paragraph per note, then the hint.

    Args:
        hint: (its number, how many there are, its text), or None.
    """
    lines = [f"{_MARKS[finding.status]} {exercise.id} · {exercise.title}: {finding.status}"]
    for label, text in finding.notes:
        lines.append(_paragraph(f"{label}: {text}" if label else text))
    if hint is not None:
        number, total, text = hint
        lines.append(_paragraph(f"Hint {number} of {total}: {text}"))
    return "\n".join(lines)


def progress_table(exercises, entries):
    """A table: a line per chapter, and below it a line per exercise once one has been tried.

    Args:
        exercises: in the order of the course.
        entries: id → {"status": …, "tries": …}.
    """
    lines = []
    for chapter, group in groupby(exercises, key=lambda exercise: exercise.id.rpartition(".")[0]):
        group = list(group)
        tried = [exercise for exercise in group if exercise.id in entries]
        passed = sum(entries[exercise.id]["status"] == PASSED for exercise in tried)
        lines.append(f"{chapter}: {passed} of {len(group)} passed")
        if tried:
            lines += [_progress_line(exercise, entries.get(exercise.id)) for exercise in group]
    return "\n".join(lines)


def say(text):
    """Print `text`, if there is any; signs that the terminal cannot show become `?`."""
    if not text:
        return
    try:
        print(text)
    except UnicodeEncodeError:
        encoding = sys.stdout.encoding
        print(text.encode(encoding, "replace").decode(encoding))


def _progress_line(exercise, entry):
    number = exercise.id.rpartition(".")[2]
    status = entry["status"] if entry else NOT_ATTEMPTED
    line = f"  {_MARKS[status]} {number:>2}  {exercise.title:<44}  {status}"
    if not entry:
        return line
    tries = entry["tries"]
    return f"{line}, {tries} {'try' if tries == 1 else 'tries'}"


def _paragraph(text):
    return textwrap.fill(
        text, WIDTH, initial_indent="  ", subsequent_indent="    ", break_long_words=False
    )
