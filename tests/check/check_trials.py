"""What is tried on the exercises: the tests assert what `make exercises` counts.

A chapter NAME in `CHAPTERS` needs a module `check_answers_NAME.py` beside this one, with

    INDEPENDENT   exercise id → an independent answer: a function of a case's inputs, float64;
                  for a number, a function without arguments
    VARIANTS      exercise id → sources of right answers, written in other ways
    WRONG         exercise id → (expression, part of the message, or None if it is not recognised)
    SECRETS       pieces of the solutions that stand nowhere in the learner's notebook
"""

import functools
import importlib
import operator
import pkgutil

import numpy as np
from check_helpers import function_from, function_sources, mutants, run_cells, solution_notebook

from vicourse.check.exercise import Choice, Exercise, Number
from vicourse.check.exercises import CHAPTERS, all_exercises
from vicourse.check.judge import PASSED, judge

ANSWERS = {chapter: importlib.import_module(f"check_answers_{chapter}") for chapter in CHAPTERS}


def chapter_of(exercise):
    return exercise.id.rpartition(".")[0]


def of_chapter(chapter):
    return [exercise for exercise in all_exercises() if chapter_of(exercise) == chapter]


def answers_to(exercise):
    return ANSWERS[chapter_of(exercise)]


def name_of(exercise):
    return exercise.call.partition("(")[0]


def said(finding):
    return " ".join(text for _, text in finding.notes)


@functools.cache
def solved(chapter):
    """The names and the output of the solution's notebook."""
    return run_cells(solution_notebook(chapter))


def right_answers(exercise):
    """Answers that must pass."""
    if isinstance(exercise, Choice):
        return [exercise.right, f" ({exercise.right.upper()}) "]
    if isinstance(exercise, Number):
        return [exercise.answer, np.float32(exercise.answer)]
    return [function_from(source, name_of(exercise)) for source in _right_sources(exercise)]


def _right_sources(exercise):
    sources = function_sources(solution_notebook(chapter_of(exercise)))
    return [sources[name_of(exercise)], *answers_to(exercise).VARIANTS[exercise.id]]


def wrong_answers(exercise):
    """(answer, part of the message or None if it is not recognised), for each that must fail."""
    if isinstance(exercise, Choice):
        return list(exercise.wrong.items())
    if isinstance(exercise, Number):
        others = (0.0, -exercise.answer, 1.02 * exercise.answer, 0.98 * exercise.answer)
        return [*exercise.mistakes.items(), *((number, None) for number in others)]
    return [
        (wrong_function(exercise, expression), message)
        for expression, message in answers_to(exercise).WRONG[exercise.id]
    ]


def wrong_function(exercise, expression):
    """The function that returns `expression`, which may call what the solutions define."""
    arguments = exercise.call.partition("(")[2].rstrip(")")
    names, _ = solved(chapter_of(exercise))
    return eval(f"lambda {arguments}: {expression}", dict(names))


def is_recognised(finding, message):
    """Whether the finding says what it should: the message, or no guess where there is none."""
    guesses = {"It looks like", "Nearly"} & dict(finding.notes).keys()
    return message in said(finding) if message else not guesses


def mutations(chapter):
    """How many small slips in right answers were tried, and those that pass, as lines."""
    count, survivors = 0, []
    for exercise in of_chapter(chapter):
        if not isinstance(exercise, Exercise):
            continue
        for source in _right_sources(exercise):
            for slip, changed in mutants(source):
                count += 1
                if judge(exercise, function_from(changed, name_of(exercise))).status == PASSED:
                    survivors.append(f"{exercise.id}: {slip}")
    return count, survivors


def minutes_of(exercise):
    """The estimate in the table at the top of the notebook."""
    number = exercise.id.rpartition(".")[2]
    row = f"| {number} | {exercise.title} | "
    text = "\n".join(cell.source for cell in solution_notebook(chapter_of(exercise)).cells)
    return int(text.partition(row)[2].partition(" |")[0])


def section_of(exercise, notebook):
    """The cells of an exercise: from its heading to the next one."""
    number = exercise.id.rpartition(".")[2]
    cells, inside = [], False
    for cell in notebook.cells:
        if "## Exercise " in cell.source:
            inside = f"## Exercise {number}: " in cell.source
        if inside:
            cells.append(cell)
    return cells


def package_object(public_name):
    """What "vicourse.divergences.kl" names; the function, where it hides a module of its name."""
    layer, name = public_name.split(".")[1], public_name.split(".", 2)[2]
    try:
        return operator.attrgetter(name)(importlib.import_module(f"vicourse.{layer}"))
    except AttributeError:
        return pkgutil.resolve_name(public_name)
