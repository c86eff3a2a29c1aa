"""Run a learner's function so that it comes back whatever it does.

Endless loops and runaway memory are stopped, output is set aside, and everything it raises is
returned instead (except the learner's own Ctrl-C). A computation inside TensorFlow's C++ code can
only be stopped once it returns to Python.
"""

import contextlib
import ctypes
import io
import itertools
import os
import random
import signal
import sys
import threading
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

MEMORY_GB = 2.0
TICK_SECONDS = 0.1


@dataclass(frozen=True)
class Outcome:
    """What became of a call: one of `value`, `error`, `stopped`; and how much it printed."""

    value: object = None
    error: BaseException | None = None
    stopped: str = ""
    printed: int = 0


def run_guarded(function: Callable, seconds: float) -> Outcome:
    """Call `function()`; stop it after `seconds`, or once it has taken `MEMORY_GB` more memory."""
    watch, sink = _Watch(seconds), _Sink()
    run = _run_with_alarm if _alarm_works() else _run_in_thread
    value = error = None
    with (
        contextlib.redirect_stdout(sink),
        contextlib.redirect_stderr(sink),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")
        try:
            value = run(function, watch)
        except KeyboardInterrupt:
            raise
        except BaseException as raised:
            error = raised
    if watch.reason:  # also where the learner's code caught the exception that stops it
        return Outcome(stopped=watch.reason, printed=sink.length)
    return Outcome(value, error, printed=sink.length)


class _Stop(BaseException):
    """Raised inside the learner's code; not an Exception, so that few `except` clauses catch it."""


class _Watch:
    """Says when, and why, a call has to be stopped."""

    def __init__(self, seconds):
        self.reason = ""
        self._seconds = seconds
        self._deadline = time.monotonic() + seconds
        self._memory = _memory_bytes() + MEMORY_GB * 1e9

    def over(self):
        if not self.reason and time.monotonic() > self._deadline:
            self.reason = f"It was stopped after {self._seconds:g} seconds. Does a loop never end?"
        if not self.reason and _memory_bytes() > self._memory:
            self.reason = f"It was stopped: it took more than {MEMORY_GB:g} GB of memory."
        return bool(self.reason)


class _Sink(io.TextIOBase):
    """Counts what is printed and keeps none of it."""

    length = 0

    def writable(self):
        return True

    def write(self, text):
        self.length += len(text)
        return len(text)


def _alarm_works():
    """Signals need a system that has them (not Windows) and the main thread."""
    in_main = threading.current_thread() is threading.main_thread()
    return hasattr(signal, "setitimer") and in_main


def _run_with_alarm(function, watch):
    running, ticks = [True], itertools.count()
    trace = sys.gettrace()

    # Comes again every tick, since a bare `except:` in a loop may swallow what is raised.
    def stop_if_over(_signal, frame):
        if running and watch.over():
            if next(ticks) % 2 == 0:
                raise _Stop
            _raise_at_next_line(frame)

    handler = signal.signal(signal.SIGALRM, stop_if_over)
    timer = signal.setitimer(signal.ITIMER_REAL, TICK_SECONDS, TICK_SECONDS)
    try:
        try:
            return function()
        finally:
            running.clear()
    finally:
        running.clear()  # a tick may have come in the middle of the inner one
        sys.settrace(trace)
        signal.setitimer(signal.ITIMER_REAL, *timer)
        signal.signal(signal.SIGALRM, handler)


def _raise_at_next_line(frame):
    """Stop one of the learner's frames where its next line begins: sooner or later that line lies
    outside of the `try` that swallows everything raised inside."""

    def stop(*_):
        raise _Stop

    frames = []
    while frame is not None and frame.f_code is not _run_with_alarm.__code__:
        frames.append(frame)
        frame = frame.f_back
    random.choice(frames).f_trace = stop
    sys.settrace(lambda *_: None)  # without a global trace function no local one is called


def _run_in_thread(function, watch, grace_seconds=2.0):
    result = {}

    def target():
        try:
            result["value"] = function()
        except BaseException as error:
            result["error"] = error

    thread = threading.Thread(target=target, daemon=True)
    thread.start()
    while thread.is_alive() and not watch.over():
        thread.join(TICK_SECONDS)
    give_up = time.monotonic() + grace_seconds
    while thread.is_alive() and time.monotonic() < give_up:
        ctypes.pythonapi.PyThreadState_SetAsyncExc(
            ctypes.c_ulong(thread.ident), ctypes.py_object(_Stop)
        )
        thread.join(TICK_SECONDS)
    if "error" in result:
        raise result["error"]
    return result.get("value")


def _memory_bytes():
    """Resident memory of this process; 0 where the system does not tell (then nothing is cut)."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except (OSError, ValueError, IndexError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")
