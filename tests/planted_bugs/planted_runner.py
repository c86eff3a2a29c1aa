"""Runs tests against a copy of the package with a bug in it, each time in a process of its own.

The working tree is only read. On Linux the processes are forked from one that has imported
TensorFlow and run nothing with it, which saves five seconds for each bug; elsewhere they start
from scratch.
"""

import contextlib
import io
import multiprocessing
import os
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
from planted_catalogue import ROOT

LIMIT = 600  # seconds, for one set of tests
HEAVY = [
    "arviz",
    "hypothesis",
    "keras",
    "pytest",
    "scipy.stats",
    "sklearn.datasets",
    "tensorflow",
    "tensorflow_probability.python.distributions",
    "tensorflow_probability.python.mcmc",
]
# Bare pytest with short tracebacks: everything else it could do takes longer than the tests.
OPTIONS = ["-x", "-q", "--tb=native", "-o", "addopts=", "-c", str(ROOT / "pyproject.toml")]
OPTIONS += ["-p", "no:cacheprovider", "-p", "no:unraisableexception"]
# What a test may fail with. Anything else, such as a NameError, says that the planted code does
# not run, and nothing about the tests.
CATCHES = (AssertionError, pytest.fail.Exception, ValueError, ArithmeticError, Warning)

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # before the processes inherit it
_CONTEXT = multiprocessing.get_context("forkserver" if sys.platform == "linux" else "spawn")
if sys.platform == "linux":
    _CONTEXT.set_forkserver_preload(HEAVY)


@dataclass(frozen=True)
class Outcome:
    """What a set of tests said.

    Attributes:
        passed: whether all of them passed.
        caught_by: the first test that failed in a way that counts as catching a bug, or None.
        seconds: wall time.
        words: pytest's report, or why there is none.
    """

    passed: bool
    caught_by: str | None
    seconds: float
    words: str


def run_tests(tests, bug=None):
    """The `Outcome` of tests (ids below `tests/`) on the package with a bug planted, or without."""
    began = time.perf_counter()
    here, there = _CONTEXT.Pipe(duplex=False)
    process = _CONTEXT.Process(target=_child, args=(there, tests, bug), daemon=True)
    process.start()
    there.close()
    try:
        answer = here.recv() if here.poll(LIMIT) else (False, None, f"silent for {LIMIT} s")
    except EOFError:
        answer = (False, None, "the process died")
    process.join(timeout=10)
    process.kill()
    here.close()
    passed, caught_by, words = answer
    return Outcome(passed, caught_by, time.perf_counter() - began, words)


def _child(pipe, tests, bug):
    with tempfile.TemporaryDirectory() as folder:
        pipe.send(_in_copy(Path(folder), tests, bug))


def _in_copy(folder, tests, bug):
    """(passed, caught_by, words) of the tests on a copy of the package in `folder`."""
    copy = folder / "vicourse"
    shutil.copytree(ROOT / "vicourse", copy, ignore=shutil.ignore_patterns("__pycache__"))
    if bug is not None:
        source = (copy / bug.file).read_text("utf-8")
        (copy / bug.file).write_text(bug.planted_in(source), "utf-8")
    sys.path.insert(0, str(folder))
    import vicourse

    assert Path(vicourse.__file__).parent.samefile(copy), "not the copy: " + vicourse.__file__
    first, words = _FirstFailure(), io.StringIO()
    ids = [str(ROOT / "tests" / test) for test in tests]
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    with contextlib.redirect_stdout(words), contextlib.redirect_stderr(words):
        code = pytest.main([*OPTIONS, *ids], plugins=[first])
    return code == pytest.ExitCode.OK, first.caught_by, words.getvalue()


class _FirstFailure:
    """A pytest plugin that notes the first failing test, if it failed as a test should."""

    caught_by = None

    def pytest_exception_interact(self, node, call, report):
        error = call.excinfo.value
        is_test = isinstance(report, pytest.TestReport)
        ours = type(error).__module__.startswith("vicourse")
        if self.caught_by is None and is_test and (ours or isinstance(error, CATCHES)):
            self.caught_by = node.nodeid.removeprefix("tests/")
