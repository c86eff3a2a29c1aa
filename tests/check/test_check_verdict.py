"""What `check` says: hints in turn, predictions and numbers, ids, the silent result."""

import builtins
import pkgutil

import numpy as np
import pytest
from IPython.core.formatters import DisplayFormatter

import vicourse.check
from vicourse import check
from vicourse.check import exercises
from vicourse.check.answers import as_numbers, in_shape, show
from vicourse.check.exercise import Case, Choice, Exercise, Mistake, Number
from vicourse.check.guard import run_guarded
from vicourse.check.judge import NOT_ATTEMPTED, NOT_YET, PASSED, judge

SQUARE = Exercise(
    id="demo.1",
    title="Square it",
    call="square(x, n)",
    cases=(
        Case({"x": np.array([1.0, 2.0]), "n": 2}),
        Case({"x": np.array([1e30, 2.0]), "n": 2}, alone="your square overflows."),
    ),
    reference=lambda x, n: np.sum(x**n) + 0 * x,
    hints=("one", "two"),
    mistakes=(Mistake("you forgot the sum.", lambda x, n: x**n),),
)
GAP = Number(
    id="demo.2",
    title="The gap",
    answer=0.830366,
    hints=("Use the formula.",),
    mistakes={0.143841: "this is the gap for ρ = 0.5.", 1.19797: "you used log base 2."},
)
PICK = Choice(
    id="demo.3", title="Pick", right="a", wrong={"b": "no, since b."}, why="Indeed.", hints=()
)


@pytest.fixture
def _demo(monkeypatch):
    by_id = {exercise.id: exercise for exercise in (SQUARE, GAP, PICK)}
    monkeypatch.setattr(vicourse.check, "find", by_id.get)
    monkeypatch.setattr(vicourse.check, "_record", vicourse.check.Record())


@pytest.mark.usefixtures("_demo")
def test_hints_come_one_after_the_other_and_the_last_one_stays(capsys):
    for number, hint in [(1, "one"), (2, "two"), (2, "two")]:
        check("demo.1", lambda x, n: x)
        assert f"Hint {number} of 2: {hint}" in capsys.readouterr().out


@pytest.mark.usefixtures("_demo")
def test_not_yet_names_input_expected_and_got(capsys):
    check("demo.1", lambda x, n: x**n)
    assert capsys.readouterr().out == (
        "✗ demo.1 · Square it: not yet\n"
        "  Input: x = [1., 2.], n = 2\n"
        "  Expected: [5., 5.]\n"
        "  Got: [1., 4.]\n"
        "  It looks like: you forgot the sum.\n"
        "  Hint 1 of 2: one\n"
    )


def test_an_integer_comes_as_an_integer():
    """NumPy's array / a *tensor* of an integer is cut to integers, and the right answer refused."""

    def gains(trace, block):
        rows = np.reshape(trace, (-1, block))
        squares = rows.var(axis=1, ddof=1) / block
        threshold = np.maximum(0.01, 2 * np.sqrt(squares[1:] + squares[:-1]))
        return np.stack([np.diff(rows.mean(axis=1)), threshold])

    assert judge(exercises.find("black_box_vi.4"), gains).status == PASSED


@pytest.mark.usefixtures("_demo")
def test_passed_is_one_line(capsys):
    verdict = check("demo.1", lambda x, n: np.full(2, sum(float(v) ** n for v in x)))
    assert capsys.readouterr().out == "✓ demo.1 · Square it: passed\n"
    assert verdict.status == PASSED
    assert repr(verdict) == "<demo.1: passed>"


@pytest.mark.usefixtures("_demo")
def test_the_result_shows_nothing_in_a_notebook():
    # IPython shows what its formatters return; for `_ipython_display_` that is nothing.
    verdict = check("demo.1", None)
    assert DisplayFormatter().format(verdict) == ({}, {})


def test_only_the_extreme_case_fails():
    with np.errstate(over="ignore"):
        finding = judge(SQUARE, lambda x, n: np.float32(np.sum(np.float32(x) ** n)) + 0 * x)
    assert dict(finding.notes)["Nearly"] == "your square overflows."


@pytest.mark.parametrize("answer", [0.8304, np.float32(0.83), [0.83], np.array(0.83)])
def test_numbers_pass_within_their_tolerance(answer):
    assert judge(GAP, answer).status == PASSED


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (0.1438, "this is the gap for ρ = 0.5."),
        (1.198, "you used log base 2."),
        (0.5, "0.5"),
        (float("nan"), "nan"),
        ("0.83", "Answer with one number."),
        ([1.0, 2.0], "Answer with one number."),
        (lambda: 0.83, "Answer with one number."),
    ],
)
def test_other_numbers_do_not(answer, said):
    finding = judge(GAP, answer)
    assert finding.status == NOT_YET
    assert finding.notes[-1][1] == said


@pytest.mark.parametrize("answer", ["z", "", 1, lambda: "a", ["a"], float("nan")])
def test_what_is_no_choice_is_told_the_choices(answer):
    finding = judge(PICK, answer)
    assert finding.status == NOT_YET
    assert finding.notes == [("", "Answer with one letter, in quotes: a, b")]


def test_choices():
    assert judge(PICK, "a") == judge(PICK, "(A)")
    assert judge(PICK, "a").status == PASSED
    assert judge(PICK, "b").notes == [("", "no, since b.")]
    assert judge(PICK, None).status == NOT_ATTEMPTED
    assert judge(GAP, ...).status == NOT_ATTEMPTED


@pytest.mark.parametrize("name", ["vae_mnist.11", "vae_mnist1", "vae-mnist.1", "VAE_mnist.1"])
def test_an_unknown_id_is_told_the_near_ones(name):
    with pytest.raises(ValueError, match=r"`exercise`.*Did you mean .*'vae_mnist\.1'"):
        check(name, None)


@pytest.mark.parametrize("name", ["qqq", 3, None, print])
def test_a_hopeless_id_is_told_the_chapters(name):
    with pytest.raises(ValueError, match=f"The chapters are {', '.join(exercises.CHAPTERS)}"):
        check(name, None)


def test_every_exercise_module_is_in_the_order_of_the_course():
    modules = {module.name for module in pkgutil.iter_modules(exercises.__path__)}
    assert modules == set(exercises.CHAPTERS)


def test_superfluous_axes_are_dropped_only_where_that_is_unambiguous():
    assert in_shape(np.ones((3, 1)), (3,)).shape == (3,)
    assert in_shape(np.ones((1,)), ()).shape == ()
    assert in_shape(np.ones((1, 2, 1, 3)), (2, 3)).shape == (2, 3)
    assert in_shape(np.ones((3,)), (3, 1)) is None
    assert in_shape(np.ones((1, 3)), (3, 1)) is None
    assert in_shape(np.ones((3, 2)), (2, 3)) is None


def test_show_is_one_line():
    assert show(np.array([[0.5, -0.0], [1, 2]])) == "[[0.5, 0. ], [1. , 2. ]]"
    assert show(np.zeros((40, 40))) == "an array of shape (40, 40)"
    assert show(1.0 / 3) == "0.3333"


def test_as_numbers_takes_integers_but_no_truths():
    assert as_numbers([1, 2]).dtype == np.float64
    with pytest.raises(Exception, match="not real numbers"):
        as_numbers([True])


def test_no_connection_is_opened(monkeypatch):
    import socket

    def refuse(*_):
        raise AssertionError("a connection")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    assert judge(SQUARE, lambda x, n: x).status == NOT_YET


def test_messages_never_hold_the_solution(monkeypatch):
    """Nothing reads source code on the way to a message about a returned value."""
    opened = []
    monkeypatch.setattr(builtins, "open", lambda *a, **k: opened.append(a))
    judge(SQUARE, lambda x, n: x)
    assert opened == []


def test_guard_counts_what_is_printed_and_keeps_errors():
    assert run_guarded(lambda: print("abc"), 1.0).printed == 4
    assert isinstance(run_guarded(lambda: 1 / 0, 1.0).error, ZeroDivisionError)
    assert run_guarded(lambda: 7, 1.0).value == 7
