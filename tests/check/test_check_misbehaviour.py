"""Whatever a learner hands in, `check` comes back with a verdict and leaves things as they were."""

import dataclasses
import functools
import io
import signal
import sys
import threading
import time

import numpy as np
import pytest
import tensorflow as tf

import vicourse.check
from vicourse import check
from vicourse.check.exercises import vae_mnist
from vicourse.check.guard import run_guarded
from vicourse.check.judge import NOT_ATTEMPTED, NOT_YET, PASSED, judge

RIGHT = vae_mnist.KL.reference
QUICK = dataclasses.replace(vae_mnist.KL, seconds=0.4)
HAS_ALARM = hasattr(signal, "setitimer")  # Windows has none


def endless(mu, log_var):
    while True:
        pass


def endless_and_stubborn(mu, log_var):
    while True:
        try:  # noqa: SIM105  (written as a learner would)
            time.sleep(0.001)
        except:  # noqa: E722
            pass


def sleeps(mu, log_var):
    time.sleep(60)


def too_deep(mu, log_var):
    return too_deep(mu, log_var)


def hungry(mu, log_var):
    block, blocks = bytearray(64_000_000), []
    while True:
        blocks.append(bytes(block))


def chatty(mu, log_var):
    for _ in range(2000):
        print("x" * 1000)
    print("to stderr", file=sys.stderr)
    return -RIGHT(mu, log_var)


def mutates(mu, log_var):
    mu[:] = np.nan  # a tensor refuses, an array does not
    return mu[:, 0]


def right_but_writes(mu, log_var):
    kl = RIGHT(mu, log_var)
    mu[:] = 0.0
    return kl


class Nasty:
    """Raises from everything that `check` might ask of it."""

    def __repr__(self):
        raise RuntimeError("repr")

    def __array__(self, *_):
        raise RuntimeError("array")

    def __len__(self):
        raise RuntimeError("len")

    def __eq__(self, other):
        raise RuntimeError("eq")

    __hash__ = None


class NastyError(Exception):
    def __str__(self):
        raise RuntimeError("str")


def raises(error):
    def function(mu, log_var):
        raise error

    return function


def returns(value):
    return lambda mu, log_var: value


NOT_YETS = {
    "not a function": np.zeros(3),
    "a string": "hello",
    "an object": Nasty(),
    "a class": Nasty,
    "sys.exit": lambda mu, log_var: sys.exit(0),
    "exit code": raises(SystemExit("bye")),
    "generator exit": raises(GeneratorExit()),
    "exception": raises(ValueError("no")),
    "empty exception": raises(ValueError()),
    "nasty exception": raises(NastyError()),
    "tensorflow error": lambda mu, log_var: tf.reshape(mu, [7, 7]),
    "numpy in a tf.function": tf.function(lambda mu, log_var: np.asarray(mu)),
    "too few arguments": lambda mu: mu,
    "too many arguments": lambda a, b, c: a,
    "deep recursion": too_deep,
    "endless": endless,
    "endless and stubborn": endless_and_stubborn,
    "sleeps": sleeps,
    "huge": lambda mu, log_var: np.zeros((10**6, 10**7)),
    "large": lambda mu, log_var: np.broadcast_to(0.0, (10**6, 10**6)),
    "hungry": hungry,
    "chatty": chatty,
    "mutates": mutates,
    "right but writes": right_but_writes,
    "lambda": returns(lambda: 1),
    "generator": lambda mu, log_var: (row for row in mu),
    "nan": returns(np.array([np.nan, np.nan])),
    "inf": returns(np.array([np.inf, 1.0])),
    "wrong shape": returns(np.zeros((5, 5))),
    "empty array": returns(np.zeros((0,))),
    "empty list": returns([]),
    "ragged": returns([[1.0], [1.0, 2.0]]),
    "pair": returns((np.zeros(2), np.zeros((2, 3)))),
    "dictionary": returns({"kl": 1.0}),
    "text": returns("0, 2.5"),
    "complex": returns(np.array([1j, 2j])),
    "truths": returns(np.array([True, False])),
    "objects": returns(np.array([object(), None])),
    "nasty object": returns(Nasty()),
    "number": returns(3),
}
STUBS = {
    "None": None,
    "dots": ...,
    "stub": raises(NotImplementedError("your turn")),
    "own stub": raises(NotImplementedError("todo")),
    "bare stub": raises(NotImplementedError),
    "stub in a tf.function": tf.function(raises(NotImplementedError("your turn"))),
    "returns None": returns(None),
    "returns dots": returns(...),
}


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    # vicourse.check is a module whose attribute `find` the function `check` uses.
    monkeypatch.setattr(vicourse.check, "find", lambda _: QUICK)
    monkeypatch.setattr(vicourse.check, "_record", vicourse.check.Record())
    monkeypatch.setattr(vicourse.check.guard, "MEMORY_GB", 0.5)


def alarm():
    """Who is called by this process's alarm, and when it rings."""
    if HAS_ALARM:
        return signal.getsignal(signal.SIGALRM), signal.getitimer(signal.ITIMER_REAL)


@pytest.mark.parametrize("answer", NOT_YETS.values(), ids=NOT_YETS.keys())
def test_misbehaviour_is_not_yet(answer, capsys):
    stdout, before = sys.stdout, alarm()
    verdict = check("vae_mnist.1", answer)
    assert verdict.status == NOT_YET
    printed = capsys.readouterr().out
    assert "Hint 1 of 3" in printed
    assert len(printed) < 2000
    assert sys.stdout is stdout
    assert alarm() == before


def test_a_slip_in_numpy_code_is_not_blamed_on_tensors(capsys):
    """`mu.max()` is no fault in NumPy, and fails for a tensor: the slip that follows is shown."""
    check("vae_mnist.1", lambda mu, log_var: mu.max() + mu[1000])
    printed = capsys.readouterr().out
    assert "IndexError" in printed
    assert "EagerTensor" not in printed


@pytest.mark.parametrize("answer", STUBS.values(), ids=STUBS.keys())
def test_stubs_are_not_attempted(answer, capsys):
    assert check("vae_mnist.1", answer).status == NOT_ATTEMPTED
    assert "Hint" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ("endless", "stopped after 0.4 seconds"),
        ("endless and stubborn", "stopped after 0.4 seconds"),
        ("huge", "MemoryError"),
        ("deep recursion", "RecursionError"),
        ("lambda", "It returned a function"),
        ("right but writes", "changed an array that it was given"),
        ("not a function", "Hand in the function itself: `kl_to_prior`"),
        ("nan", "2 of 2 values are not a number"),
        ("wrong shape", "expected (2,), got (5, 5)"),
        ("pair", "a tuple of 2"),
        ("sys.exit", "SystemExit: 0"),
        ("exception", "ValueError: no, in the line `raise error`"),
        ("too few arguments", "TypeError"),
        ("chatty", "characters, not shown"),
    ],
)
def test_messages_say_what_happened(answer, message):
    verdict = check("vae_mnist.1", NOT_YETS[answer])
    assert message in " ".join(verdict.message.split())


@pytest.mark.parametrize("name", ["endless", "sys.exit", "exception", "hungry", "chatty"])
def test_other_threads_are_guarded_too(name):
    """Without signals (Windows, or any thread but the main one) the same verdicts come out."""
    found = []
    thread = threading.Thread(target=lambda: found.append(judge(QUICK, NOT_YETS[name])))
    before = threading.active_count()
    thread.start()
    thread.join(20)
    assert [finding.status for finding in found] == [NOT_YET]
    assert threading.active_count() <= before


def test_right_answer_passes_in_another_thread():
    found = []
    thread = threading.Thread(target=lambda: found.append(judge(QUICK, RIGHT)))
    thread.start()
    thread.join(20)
    assert found[0].status == PASSED


def test_ctrl_c_stops_the_check():
    with pytest.raises(KeyboardInterrupt):
        check("vae_mnist.1", raises(KeyboardInterrupt))


@pytest.mark.skipif(not HAS_ALARM, reason="this system has no alarms")
def test_an_earlier_timer_goes_on():
    rang = []
    before = signal.signal(signal.SIGALRM, lambda *_: rang.append(1))
    signal.setitimer(signal.ITIMER_REAL, 0.3)
    try:
        assert run_guarded(lambda: 1, 5.0).value == 1
        assert signal.getitimer(signal.ITIMER_REAL)[0] > 0
        time.sleep(0.5)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert rang == [1]


def test_inputs_are_fresh_for_every_call():
    def spoils(mu, log_var):
        mu, log_var = np.asarray(mu), np.asarray(log_var)
        kl = RIGHT(mu, log_var)
        mu.flags.writeable and mu.fill(9)
        return kl

    assert judge(QUICK, spoils).status == PASSED
    assert judge(QUICK, spoils).status == PASSED


def test_callables_of_every_kind_are_taken():
    class Answer:
        def __call__(self, mu, log_var):
            return RIGHT(mu, log_var)

        def method(self, mu, log_var):
            return RIGHT(mu, log_var)

    def three(scale, mu, log_var):
        return scale * RIGHT(mu, log_var)

    graph = tf.function(
        lambda m, s: tf.reduce_sum(0.5 * (m**2 + tf.exp(s) - s - 1), 1), reduce_retracing=True
    )
    for answer in (Answer(), Answer().method, functools.partial(three, 1.0), graph):
        assert judge(vae_mnist.KL, answer).status == PASSED


def test_memory_is_limited():
    finding = judge(vae_mnist.KL, hungry)
    assert "more than 0.5 GB of memory" in finding.notes[1][1]


def test_a_terminal_without_the_signs_still_gets_its_verdict(monkeypatch):
    narrow = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", narrow)
    check("vae_mnist.1", RIGHT)
    narrow.flush()
    assert b"? vae_mnist.1" in narrow.buffer.getvalue()
