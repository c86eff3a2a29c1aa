"""The exercises of every chapter: text, references, right answers, wrong answers, mutations.

What a chapter needs for it stands in `check_trials.py`.
"""

import importlib

import numpy as np
import pytest
from check_helpers import function_from, learners, run_cells, solution_notebook
from check_trials import (
    ANSWERS,
    answers_to,
    chapter_of,
    is_recognised,
    mutations,
    name_of,
    of_chapter,
    package_object,
    right_answers,
    said,
    section_of,
    solved,
    wrong_answers,
    wrong_function,
)

from vicourse import check
from vicourse.check.exercise import Choice, Exercise, Number
from vicourse.check.exercises import CHAPTERS, all_exercises, find
from vicourse.check.judge import NOT_ATTEMPTED, NOT_YET, PASSED, judge


def of_kind(kind):
    return [exercise for exercise in all_exercises() if isinstance(exercise, kind)]


def in_float64(values):
    """The inputs of a declared mistake: what `check` hands out, as NumPy float64 or integers."""
    arrays = [np.asarray(value) for value in values]
    return [a.astype(np.float64) if a.dtype.kind == "f" else a for a in arrays]


def per_exercise(exercises):
    return pytest.mark.parametrize("exercise", exercises, ids=lambda exercise: exercise.id)


FUNCTIONS = of_kind(Exercise)
each_chapter = pytest.mark.parametrize("chapter", CHAPTERS)
each_function = per_exercise(FUNCTIONS)
each_built_piece = per_exercise([exercise for exercise in FUNCTIONS if exercise.builds])


# References, against independent answers.


@each_function
def test_reference_is_the_independent_answer(exercise):
    independent = answers_to(exercise).INDEPENDENT[exercise.id]
    for case in exercise.cases:
        reference, expected = exercise.reference(**case.inputs), independent(**case.inputs)
        assert np.shape(reference) == np.shape(expected)
        np.testing.assert_allclose(reference, expected, rtol=1e-12, atol=1e-14)


@per_exercise(of_kind(Number))
def test_number_is_the_independent_answer(exercise):
    expected = answers_to(exercise).INDEPENDENT[exercise.id]()
    np.testing.assert_allclose(exercise.answer, expected, rtol=1e-5)


# The notebook.


@each_chapter
def test_untouched_notebook_runs_and_nothing_counts_as_attempted(chapter):
    _, printed = run_cells(learners(chapter))
    for exercise in of_chapter(chapter):
        assert f"{exercise.id} · {exercise.title}: not attempted" in printed
    assert ": not yet" not in printed


@each_chapter
def test_every_solution_passes(chapter):
    _, printed = solved(chapter)
    for exercise in of_chapter(chapter):
        assert f"{exercise.id} · {exercise.title}: passed" in printed


@each_chapter
def test_learner_s_notebook_holds_no_solution(chapter):
    text = "\n".join(cell.source for cell in learners(chapter).cells)
    is_function = [isinstance(exercise, Exercise) for exercise in of_chapter(chapter)]
    assert "SOLUTION" not in text
    assert text.count("raise NotImplementedError") == is_function.count(True)
    assert text.count(" = None  # your turn") == is_function.count(False)
    source = "\n".join(cell.source for cell in solution_notebook(chapter).cells)
    assert len(ANSWERS[chapter].SECRETS) >= 2
    for secret in ANSWERS[chapter].SECRETS:
        assert secret in source
        assert secret not in text


@each_chapter
def test_titles_calls_and_hints_are_those_of_the_notebook(chapter):
    text = " ".join("\n".join(c.source for c in solution_notebook(chapter).cells).split())
    for exercise in of_chapter(chapter):
        number = exercise.id.rpartition(".")[2]
        assert f"## Exercise {number}: {exercise.title} " in text
        assert f"| {number} | {exercise.title} |" in text
        assert f'check("{exercise.id}", ' in text
        for index, hint in enumerate(exercise.hints, start=1):
            assert f"<summary>Hint {index}</summary> {hint} </details>" in text, hint
        if isinstance(exercise, Exercise):
            assert f"def {exercise.call}:" in text


@each_chapter
def test_ids_are_the_chapter_s_and_count_from_one(chapter):
    exercises = importlib.import_module(f"vicourse.check.exercises.{chapter}").EXERCISES
    assert [e.id for e in exercises] == [f"{chapter}.{n + 1}" for n in range(len(exercises))]


def test_ids_are_unique():
    ids = [exercise.id for exercise in all_exercises()]
    assert len(set(ids)) == len(ids)


@each_function
def test_cases_leave_shapes_unambiguous_and_can_be_shown(exercise):
    for case in exercise.cases:
        assert 1 not in np.shape(exercise.reference(**case.inputs))
        assert all(np.size(value) <= 16 for value in case.inputs.values())


# Pieces of the package that the learner rebuilds.


def test_twenty_pieces_of_the_package_at_least_are_rebuilt():
    assert sum(bool(exercise.builds) for exercise in FUNCTIONS) >= 20


@each_built_piece
def test_a_rebuilt_piece_is_compared_with_the_package_after_the_check(exercise):
    assert callable(package_object(exercise.builds))
    cells = section_of(exercise, learners(chapter_of(exercise)))
    code = [cell.source for cell in cells if cell.cell_type == "code"]
    after = code[code.index(f'check("{exercise.id}", {name_of(exercise)})') + 1 :]
    comparison = next(source for source in after if '"vicourse:"' in source)
    assert exercise.builds.rpartition(".")[2] in comparison
    assert name_of(exercise) in comparison
    assert '"yours:' in comparison
    assert "yours:    not written yet" in comparison


# Right answers.


@each_function
def test_right_answers_pass_however_they_are_written(exercise):
    answers = right_answers(exercise)
    assert len(answers) >= 2
    for answer in answers:
        finding = judge(exercise, answer)
        assert finding.status == PASSED, said(finding)


def test_a_superfluous_axis_passes_with_a_remark():
    source = ANSWERS["vae_mnist"].VARIANTS["vae_mnist.1"][3]
    finding = judge(find("vae_mnist.1"), function_from(source, "kl_to_prior"))
    assert "(2, 1) where (2,) was asked" in said(finding)


# Wrong answers.


@pytest.mark.parametrize(
    ("exercise_id", "expression", "message"),
    [
        (key, *answer)
        for module in ANSWERS.values()
        for key, answers in module.WRONG.items()
        for answer in answers
    ],
)
def test_wrong_answers_fail_and_usual_ones_are_recognised(exercise_id, expression, message):
    exercise = find(exercise_id)
    finding = judge(exercise, wrong_function(exercise, expression))
    assert finding.status == NOT_YET
    assert is_recognised(finding, message), said(finding)
    assert {"Expected", "Input"} <= dict(finding.notes).keys()


@each_function
def test_two_wrong_answers_at_least_are_tried(exercise):
    messages = [message for _, message in answers_to(exercise).WRONG[exercise.id]]
    assert sum(message is not None for message in messages) >= 2


@each_function
def test_every_declared_mistake_fails_and_is_recognised_as_itself(exercise):
    for mistake in exercise.mistakes:
        finding = judge(exercise, lambda *a, m=mistake: m.function(*in_float64(a)))
        assert finding.status == NOT_YET
        assert dict(finding.notes).get("It looks like") == mistake.message


@per_exercise(of_kind(Choice))
def test_wrong_predictions_each_get_their_own_answer(exercise):
    wrong = [judge(exercise, letter) for letter, _ in wrong_answers(exercise)]
    right = [judge(exercise, answer) for answer in right_answers(exercise)]
    assert {finding.status for finding in right} == {PASSED}
    assert {finding.status for finding in wrong} == {NOT_YET}
    assert len(wrong) >= 2
    assert len({said(finding) for finding in [right[0], *wrong]}) == len(wrong) + 1


@per_exercise(of_kind(Number))
def test_wrong_numbers_fail_and_usual_ones_are_recognised(exercise):
    assert judge(exercise, None).status == NOT_ATTEMPTED
    for answer in right_answers(exercise):
        assert judge(exercise, answer).status == PASSED
    assert len(exercise.mistakes) >= 2
    for number, message in wrong_answers(exercise):
        finding = judge(exercise, number)
        assert finding.status == NOT_YET
        assert message is None or is_recognised(finding, message)


@pytest.mark.slow
@each_chapter
def test_mutations_of_right_answers_fail(chapter, capsys):
    """Random wrong answers fail in at least 95 % of cases."""
    count, survivors = mutations(chapter)
    functions = [exercise for exercise in of_chapter(chapter) if isinstance(exercise, Exercise)]
    with capsys.disabled():
        print(f"\n{chapter}: {count} mutations, {len(survivors)} pass:", *survivors, sep="\n  ")
    assert count > 50 * len(functions)
    assert len(survivors) <= 0.05 * count


def test_check_is_callable_and_is_the_submodule(capsys):
    import vicourse.check as module

    assert module is check
    verdict = check("vae_mnist.5", "b")
    assert verdict.status == PASSED
    assert verdict.message in capsys.readouterr().out
