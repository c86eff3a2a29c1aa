"""The texts that a learner reads: plain lines that look right in a notebook and a terminal."""

import sys
import textwrap
from itertools import groupby

from vicourse.check.judge import NOT_ATTEMPTED, NOT_YET, PASSED

WIDTH = 88
_MARKS = {PASSED: "✓", NOT_YET: "✗", NOT_ATTEMPTED: "·"}
# Equally wide in every font with fixed width, and in the old code pages of Windows too.
_BLOCKS = {PASSED: "█", NOT_YET: "▒", NOT_ATTEMPTED: "░"}


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
    """A bar per chapter, and below it a line per exercise once one has been tried.

    Args:
        exercises: in the order of the course.
        entries: id → {"status": …, "tries": …}.
    """
    groups = groupby(exercises, key=lambda exercise: exercise.id.rpartition(".")[0])
    chapters = {chapter: list(group) for chapter, group in groups}
    name_width = max(map(len, chapters))
    bar_width = 2 * max(map(len, chapters.values()))
    lines = []
    for chapter, group in chapters.items():
        bar = f"{_bar(group, entries):<{bar_width}}"
        lines.append(f"{chapter:<{name_width}}  {bar}  {_passed(group, entries)}")
        if any(exercise.id in entries for exercise in group):
            lines += [_progress_line(exercise, entries.get(exercise.id)) for exercise in group]
    legend = ", ".join(f"{block} {status}" for status, block in _BLOCKS.items())
    return "\n".join([*lines, f"In all {_passed(exercises, entries)} ({legend})"])


def say(text):
    """Print `text`, if there is any; signs that the terminal cannot show become `?`."""
    if not text:
        return
    try:
        print(text)
    except UnicodeEncodeError:
        encoding = sys.stdout.encoding
        print(text.encode(encoding, "replace").decode(encoding))


def _bar(exercises, entries):
    """Two blocks per exercise: first what is passed, then what was tried, then the rest."""
    statuses = [_status(entries.get(exercise.id)) for exercise in exercises]
    return "".join(2 * statuses.count(status) * block for status, block in _BLOCKS.items())


def _passed(exercises, entries):
    passed = sum(_status(entries.get(exercise.id)) == PASSED for exercise in exercises)
    return f"{passed} of {len(exercises)} passed"


def _status(entry):
    return entry["status"] if entry else NOT_ATTEMPTED


def _progress_line(exercise, entry):
    number = exercise.id.rpartition(".")[2]
    status = _status(entry)
    line = f"  {_MARKS[status]} {number:>2}  {exercise.title:<44}  {status}"
    if not entry:
        return line
    tries = entry["tries"]
    return f"{line}, {tries} {'try' if tries == 1 else 'tries'}"


def _paragraph(text):
    return textwrap.fill(
        text, WIDTH, initial_indent="  ", subsequent_indent="    ", break_long_words=False
    )
