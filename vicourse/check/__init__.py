"""Instant feedback on exercises: offline, and it never shows a solution.

    from vicourse import check

    check("vae_mnist.1", my_function)       # passed, not yet (and why), or not attempted
    check.progress()                        # bars: this session's progress
    check.keep_progress("progress.json")    # … and of later ones, in your own file

The module itself can be called. Nothing is sent anywhere.

Chapter: how_to_use
"""

import sys
import types
from dataclasses import dataclass

from vicourse.check.exercises import all_exercises, find
from vicourse.check.judge import NOT_ATTEMPTED, NOT_YET, PASSED, judge
from vicourse.check.messages import progress_table, say, verdict_text
from vicourse.check.record import Record

__all__ = ["NOT_ATTEMPTED", "NOT_YET", "PASSED", "Verdict", "check", "keep_progress", "progress"]

_record = Record()


@dataclass(frozen=True)
class Verdict:
    """What `check` found.

    Attributes:
        exercise: its id.
        status: `PASSED`, `NOT_YET` or `NOT_ATTEMPTED`.
        message: what was printed.
    """

    exercise: str
    status: str
    message: str

    def __repr__(self):
        return f"<{self.exercise}: {self.status}>"

    def _ipython_display_(self):
        """Show nothing as the last value of a notebook cell: the message has been printed."""


def check(exercise: str, answer) -> Verdict:
    """Print whether `answer` solves the exercise, and if not, what is wrong and a hint.

    Args:
        exercise: an id, "vae_mnist.1".
        answer: the learner's function, choice or number. It may misbehave in any way.

    Returns:
        A `Verdict`.

    Raises:
        ValueError: there is no such exercise; the message names those with a similar id.
    """
    exercise = find(exercise)
    finding = judge(exercise, answer)
    hint = _record.next_hint(exercise) if finding.status == NOT_YET else None
    message = verdict_text(exercise, finding, hint)
    say(message)
    if finding.status != NOT_ATTEMPTED:
        say(_record.add(exercise.id, finding.status))
    return Verdict(exercise.id, finding.status, message)


def progress():
    """Print a bar per chapter: which exercises are passed, tried and untouched."""
    say(progress_table(all_exercises(), _record.entries))


def keep_progress(path):
    """Keep the progress in the JSON file `path`, now and in later sessions.

    A file there is read and carried on. One that is damaged is never overwritten: it is renamed,
    and a new one begun.

    Args:
        path: a file name ending in ".json".

    Raises:
        ValueError: another ending, or a JSON file that holds something else (it is left alone).
        OSError: the folder does not exist, or cannot be written.
    """
    say(_record.keep_in(path))


class _CallableModule(types.ModuleType):
    def __call__(self, exercise, answer):
        return check(exercise, answer)


sys.modules[__name__].__class__ = _CallableModule
