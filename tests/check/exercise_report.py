"""`make exercises`: the figures of the exercises, by chapter, found by trying everything.

python tests/check/exercise_report.py [CHAPTER ...]
"""

import multiprocessing
import sys
import warnings
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, fields

WORKERS = 2
EXERCISES, BUILT, REFUSED_PERCENT = 70, 20, 95
COLUMNS = (
    "chapter",
    "exercises",
    "functions",
    "predictions",
    "bugs",
    "built",
    "minutes",
    "right",
    "wrong",
    "recognised",
    "mutations refused",
)


@dataclass(frozen=True)
class Figures:
    """Counts for a chapter, or sums of them.

    Attributes:
        functions, predictions, bugs: kinds of exercises. A bug to find counts as nothing else.
        built: pieces of the package that the learner rebuilds.
        minutes: as estimated in the notebook.
        right, accepted: right answers tried, and those that passed.
        wrong, refused: wrong answers tried, and those that did not pass.
        usual, recognised: the usual mistakes among the wrong answers, and those recognised.
        mutations, killed: small slips in right answers tried, and those that did not pass.
    """

    functions: int = 0
    predictions: int = 0
    bugs: int = 0
    built: int = 0
    minutes: int = 0
    right: int = 0
    accepted: int = 0
    wrong: int = 0
    refused: int = 0
    usual: int = 0
    recognised: int = 0
    mutations: int = 0
    killed: int = 0

    @property
    def exercises(self):
        return self.functions + self.predictions + self.bugs

    @property
    def percent(self):
        """Mutations refused in percent; 100 where there are none."""
        return 100 * self.killed / self.mutations if self.mutations else 100.0

    def __add__(self, other):
        sums = (getattr(self, f.name) + getattr(other, f.name) for f in fields(self))
        return Figures(*sums)


def figures_of(chapter):
    """Try everything on the exercises of a chapter."""
    # Here, because TensorFlow takes seconds and the process that only prints does not need it.
    import tensorflow as tf
    from check_trials import mutations, of_chapter

    tf.get_logger().setLevel("ERROR")
    warnings.simplefilter("ignore", SyntaxWarning)  # of mutations such as 2.0[0]
    count, survivors = mutations(chapter)
    found = Figures(mutations=count, killed=count - len(survivors))
    return sum((_figures_of_one(exercise) for exercise in of_chapter(chapter)), found)


def _figures_of_one(exercise):
    from check_trials import is_recognised, minutes_of, right_answers, wrong_answers

    from vicourse.check.exercise import Exercise
    from vicourse.check.judge import PASSED, judge

    is_bug = exercise.title == "A bug to find"
    is_function = isinstance(exercise, Exercise)
    right = [judge(exercise, answer) for answer in right_answers(exercise)]
    wrong = [(judge(exercise, answer), message) for answer, message in wrong_answers(exercise)]
    usual = [is_recognised(finding, message) for finding, message in wrong if message]
    return Figures(
        functions=int(is_function and not is_bug),
        predictions=int(not is_function and not is_bug),
        bugs=int(is_bug),
        built=int(is_function and bool(exercise.builds)),
        minutes=minutes_of(exercise),
        right=len(right),
        accepted=sum(finding.status == PASSED for finding in right),
        wrong=len(wrong),
        refused=sum(finding.status != PASSED for finding, _ in wrong),
        usual=len(usual),
        recognised=sum(usual),
    )


def shortfalls(figures):
    """What the figures of all chapters, chapter → `Figures`, miss; empty if nothing."""
    total = sum(figures.values(), Figures())
    missed = [
        f"{chapter}: {row.percent:.1f} % of the mutations refused, wanted {REFUSED_PERCENT} %"
        for chapter, row in figures.items()
        if row.percent < REFUSED_PERCENT
    ]
    if total.exercises < EXERCISES:
        missed.append(f"{total.exercises} exercises, wanted {EXERCISES}")
    if total.built < BUILT:
        missed.append(f"{total.built} pieces of the package rebuilt, wanted {BUILT}")
    if total.accepted < total.right:
        missed.append(f"{total.right - total.accepted} right answers are refused")
    if total.refused < total.wrong:
        missed.append(f"{total.wrong - total.refused} wrong answers pass")
    if total.recognised < total.usual:
        missed.append(f"{total.usual - total.recognised} usual mistakes are not recognised")
    return missed


def line(chapter, row):
    """A line of the table."""
    return _joined(
        chapter,
        row.exercises,
        row.functions,
        row.predictions,
        row.bugs,
        row.built,
        row.minutes,
        f"{row.accepted}/{row.right}",
        f"{row.refused}/{row.wrong}",
        f"{row.recognised}/{row.usual}",
        f"{row.killed}/{row.mutations} ({row.percent:.1f} %)",
    )


def _joined(chapter, *columns):
    widths = [max(9, len(name)) for name in COLUMNS[1:-1]] + [20]
    cells = [f"{cell:>{width}}" for cell, width in zip(columns, widths, strict=True)]
    return "  ".join([f"{chapter:<20}", *cells])


def main(names):
    from vicourse.check.exercises import CHAPTERS

    unknown = set(names) - set(CHAPTERS)
    if unknown:
        sys.exit(f"vicourse: no chapter with exercises is called {' or '.join(sorted(unknown))}.")
    chapters = names or CHAPTERS
    print("right: accepted of tried; wrong: refused of tried; recognised: of the usual mistakes")
    print(_joined(*COLUMNS))
    figures = {}
    # Processes, not threads: the judge stops endless loops by a signal, in the main thread only.
    with ProcessPoolExecutor(WORKERS, multiprocessing.get_context("spawn")) as workers:
        for chapter, row in zip(chapters, workers.map(figures_of, chapters), strict=True):
            figures[chapter] = row
            print(line(chapter, row), flush=True)
    print(line("all", sum(figures.values(), Figures())))
    missed = shortfalls(figures) if not names else []
    print("\n".join(missed))
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
