"""What a learner has tried: in memory, and in a file of their own once they ask for it."""

import json
from pathlib import Path

from vicourse.check.judge import NOT_YET, PASSED
from vicourse.files import write_json
from vicourse.validation import argument_error

_FORMAT = "vicourse progress 1"


class Damaged(Exception):
    """The file was meant as a record of progress, or is no JSON at all, and cannot be read."""


class Record:
    """Statuses and tries by exercise id.

    `entries`: id → {"status": "passed" or "not yet", "tries": how many}. Passed stays passed.
    """

    def __init__(self):
        self.entries = {}
        self._path = None
        self._hints_shown = {}  # of this session only: a new session starts from the first hint

    def next_hint(self, exercise):
        """The (number, total, text) of the next hint; the last one again once all were shown."""
        if not exercise.hints:
            return None
        total = len(exercise.hints)
        number = min(self._hints_shown.get(exercise.id, 0) + 1, total)
        self._hints_shown[exercise.id] = number
        return number, total, exercise.hints[number - 1]

    def add(self, exercise_id, status):
        """Count a try; returns a sentence if something is wrong with the learner's file."""
        sentence, trouble = "", ""
        try:
            sentence = self._read_again() if self._path else ""
        except (OSError, ValueError) as error:
            trouble = error
        before = self.entries.get(exercise_id, {"status": NOT_YET, "tries": 0})
        status = PASSED if PASSED in (status, before["status"]) else NOT_YET
        self.entries[exercise_id] = {"status": status, "tries": before["tries"] + 1}
        try:
            if self._path and not trouble:
                self._write()
        except OSError as error:
            trouble = error
        return f"Your progress could not be kept: {trouble}" if trouble else sentence

    def keep_in(self, path):
        """Use the file `path` from now on; returns a sentence for the learner."""
        path = Path(path)
        if path.suffix != ".json":
            raise argument_error("path", str(path), "a file name ending in .json")
        before, self._path = self._path, path.absolute()
        try:
            sentence = self._read_again()
            self._write()
        except (OSError, ValueError):
            self._path = before
            raise
        return sentence or f"Your progress is kept in {path}."

    def _write(self):
        if not self._path.parent.is_dir():  # a slip in the name should not make folders
            raise FileNotFoundError(f"there is no folder for {self._path}")
        write_json(self._path, {"format": _FORMAT, "exercises": self.entries})

    def _read_again(self):
        """Take in the file, which another notebook may have written; set a damaged one aside."""
        try:
            self.entries = _merged(self.entries, _read(self._path))
        except Damaged as error:
            aside = _set_aside(self._path)
            return (
                f"{self._path.name} is damaged ({error}). "
                f"It is kept as {aside.name}, and a new file was begun."
            )
        return ""


def _merged(*records):
    """For each exercise the entry that got further."""

    def rank(entry):
        return entry["status"] == PASSED, entry["tries"]

    merged = {}
    for record in records:
        for key, entry in record.items():
            merged[key] = max(entry, merged.get(key, entry), key=rank)
    return merged


def _read(path):
    """The entries in the file; empty where there is none."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (ValueError, RecursionError) as error:  # broken JSON, or broken UTF-8
        raise Damaged("it is not valid JSON") from error
    if not isinstance(content, dict) or content.get("format") != _FORMAT:
        raise ValueError(
            f"`path`: {path.name} holds something else than progress, and was left as it is. "
            "Choose another name."
        )
    entries = content.get("exercises")
    if not isinstance(entries, dict) or not all(map(_is_entry, entries.values())):
        raise Damaged("its entries are not what this course writes")
    return entries


def _is_entry(entry):
    return (
        isinstance(entry, dict)
        and entry.get("status") in (PASSED, NOT_YET)
        and type(entry.get("tries")) is int
    )


def _set_aside(path):
    number = 1
    while (aside := path.with_name(f"{path.stem}.damaged-{number}.json")).exists():
        number += 1
    path.rename(aside)
    return aside
