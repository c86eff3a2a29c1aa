"""Compare an answer with the exercise and say what came out, without giving the solution away."""

import copy
import math
import traceback
from dataclasses import dataclass, field

import numpy as np

from vicourse.check.answers import (
    InputChanged,
    NothingReturned,
    NotNumbers,
    as_numbers,
    in_shape,
    is_close,
    show,
)
from vicourse.check.exercise import Choice, Exercise, Number
from vicourse.check.guard import run_guarded

#: The answer is right.
PASSED = "passed"
#: The answer is wrong, or misbehaved: see the message.
NOT_YET = "not yet"
#: The answer is still the exercise's stub.
NOT_ATTEMPTED = "not attempted"
_LIBRARY_FOLDERS = ("site-packages", "dist-packages")


@dataclass(frozen=True)
class Finding:
    """A status, and what to say about it: pairs of a label and a text."""

    status: str
    notes: list[tuple[str, str]] = field(default_factory=list)


def judge(exercise, answer) -> Finding:
    """The finding for `answer`; whatever the answer is, nothing is raised."""
    if answer is None or answer is ...:
        return Finding(NOT_ATTEMPTED)
    if isinstance(exercise, Choice):
        return _judge_choice(exercise, answer)
    if isinstance(exercise, Number):
        return _judge_number(exercise, answer)
    return _judge_function(exercise, answer)


def _judge_choice(exercise: Choice, answer):
    letters = sorted([exercise.right, *exercise.wrong])
    letter = answer.strip(" ().").lower() if isinstance(answer, str) else ""
    if letter == exercise.right:
        return Finding(PASSED, [("", exercise.why)])
    if letter in exercise.wrong:
        return Finding(NOT_YET, [("", exercise.wrong[letter])])
    return Finding(NOT_YET, [("", "Answer with one letter, in quotes: " + ", ".join(letters))])


def _judge_number(exercise: Number, answer):
    def near(value):
        return math.isclose(number, value, rel_tol=exercise.rtol, abs_tol=exercise.atol)

    outcome = run_guarded(lambda: float(as_numbers(answer)), seconds=5.0)
    number = outcome.value
    if number is None:
        return Finding(NOT_YET, [("", "Answer with one number.")])
    if near(exercise.answer):
        return Finding(PASSED)
    notes = [("Got", show(number))]
    notes += [("It looks like", m) for value, m in exercise.mistakes.items() if near(value)][:1]
    return Finding(NOT_YET, notes)


def _judge_function(exercise: Exercise, answer):
    if not callable(answer):
        name = exercise.call.split("(")[0]
        text = f"Hand in the function itself: `{name}`, without parentheses after it."
        return Finding(NOT_YET, [("", text)])
    outcome, answers = _first_that_runs(exercise, answer)
    if _is_stub(outcome.error, answers):
        notes = [("", str(outcome.error))] if isinstance(outcome.error, NothingReturned) else []
        return Finding(NOT_ATTEMPTED, notes)
    if outcome.stopped or outcome.error is not None:
        trouble = outcome.stopped or _describe_error(outcome.error)
        failed = exercise.cases[min(len(answers), len(exercise.cases) - 1)]
        notes = [("Input", _show_inputs(failed)), ("What came", trouble)]
        return Finding(NOT_YET, notes + _printed(outcome))
    return _compare(exercise, answers, outcome)


def _first_that_runs(exercise, answer):
    """Call with float32 tensors; where that raises, with float64 NumPy arrays.

    Returns:
        The outcome, and the answers to the cases that came back: arrays.
    """
    first = None
    for convert in (_tensor, copy.deepcopy):
        calls = [[convert(v) for v in case.inputs.values()] for case in exercise.cases]
        answers = []
        outcome = run_guarded(lambda c=calls, a=answers: _call_all(answer, c, a), exercise.seconds)
        if outcome.error is None:
            return outcome, answers
        # What a tensor cannot do is no fault of someone who writes NumPy: show NumPy's error then.
        if first is None or "EagerTensor" in _text_of(first[0].error):
            first = outcome, answers
    return first


def _call_all(function, calls, answers):
    with np.errstate(all="ignore"):
        for inputs in calls:
            before = copy.deepcopy(inputs)
            answer = as_numbers(function(*inputs))
            if any(map(_was_written_to, before, inputs)):
                raise InputChanged(
                    "your function changed an array that it was given, so its caller loses it. "
                    "Copy it first: `a = np.array(a)`."
                )
            answers.append(answer)


def _was_written_to(before, after):
    return isinstance(before, np.ndarray) and before.tobytes() != after.tobytes()


def _tensor(value):
    import tensorflow as tf  # here, because it takes seconds and a Choice does not need it

    # Integers stay as they are: NumPy's array / tensor of an integer would be cut to integers.
    is_real = np.asarray(value).dtype.kind == "f"
    return tf.constant(value, tf.float32) if is_real else value


def _compare(exercise, answers, outcome):
    expected = [as_numbers(exercise.reference(*case.inputs.values())) for case in exercise.cases]
    right = [
        is_close(got, want, exercise.rtol, exercise.atol)
        for got, want in zip(answers, expected, strict=True)
    ]
    if all(right):
        return Finding(PASSED, _remark_on_shape(answers[0], expected[0]))
    index = right.index(False)
    case, got, want = exercise.cases[index], answers[index], expected[index]
    notes = [("Input", _show_inputs(case)), ("Expected", show(want)), ("Got", show(got))]
    notes += _shape_or_nan(got, want)
    if right.count(False) == 1 and case.alone:
        notes.append(("Nearly", case.alone))
    else:
        notes += _recognise(exercise, answers)
    return Finding(NOT_YET, notes + _printed(outcome))


def _recognise(exercise, answers):
    """The first declared mistake that gives the learner's answers in every ordinary case."""
    ordinary = [(c, a) for c, a in zip(exercise.cases, answers, strict=True) if not c.alone]
    for mistake in exercise.mistakes:
        with np.errstate(all="ignore"):
            wrong = [as_numbers(mistake.function(*case.inputs.values())) for case, _ in ordinary]
        if all(
            is_close(got, want, exercise.rtol, exercise.atol, nan_equals_nan=True)
            for (_, got), want in zip(ordinary, wrong, strict=True)
        ):
            return [("It looks like", mistake.message)]
    return []


def _shape_or_nan(got, want):
    if in_shape(got, want.shape) is None:
        return [("Shape", f"expected {want.shape}, got {got.shape}.")]
    if np.isnan(got).any():
        return [("NaN", f"{int(np.isnan(got).sum())} of {got.size} values are not a number.")]
    return []


def _remark_on_shape(got, want):
    if got.shape == want.shape:
        return []
    text = (
        f"The numbers are right, but their shape is {got.shape} where {want.shape} was asked. "
        "Superfluous axes make later sums broadcast without a warning."
    )
    return [("A remark", text)]


def _show_inputs(case):
    return ", ".join(f"{name} = {show(value)}" for name, value in case.inputs.items())


def _printed(outcome):
    if not outcome.printed:
        return []
    text = f"{outcome.printed} characters, not shown. Call your function yourself to see them."
    return [("It printed", text)]


def _is_stub(error, answers):
    if isinstance(error, NothingReturned):
        return not answers
    if not isinstance(error, NotImplementedError):
        return False
    # TensorFlow raises it too, where NumPy is used on a symbolic tensor in a tf.function.
    return "symbolic" not in str(error)


def _text_of(error):
    try:
        return str(error)
    except Exception:  # the learner's own exception class may do anything
        return ""


def _describe_error(error):
    if isinstance(error, NotNumbers | InputChanged):
        return str(error)
    lines = _text_of(error).strip().splitlines()
    message = lines[0][:200].rstrip(".") if lines else ""
    text = f"{type(error).__name__}: {message}" if message else type(error).__name__
    frames = traceback.extract_tb(error.__traceback__)
    own = [f for f in frames if f.filename != __file__ and not _in_machinery(f.filename)]
    return f"{text}, in the line `{own[-1].line}`." if own and own[-1].line else f"{text}."


def _in_machinery(filename):
    package = __file__.rpartition("judge.py")[0]
    return filename.startswith(package) or any(f in filename for f in _LIBRARY_FOLDERS)
