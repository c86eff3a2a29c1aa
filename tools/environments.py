"""Run every notebook in this environment, and add its row to results/environments.json.

    python tools/environments.py                       all notebooks; writes the row
    python tools/environments.py --tests               the package's tests too
    python tools/environments.py --only elbo aevb      only these (names or paths); writes nothing

Run by `make environments`, in `.venv-py312` or the like: what this Python's lock says, and vicourse
from this folder. Each notebook is alone in an empty folder and has a kernel of its own. The package
itself is not copied, so that what is run is what is here.
"""

import argparse
import importlib.metadata
import subprocess
import sys
import tempfile
import warnings
import xml.etree.ElementTree
from pathlib import Path

from environment_table import add_row, markdown, read_rows
from make_env import lock_file
from notebook_runs import columns, run_all, run_in_empty_folder
from packaging.requirements import Requirement
from reader_notebooks import ChoiceProblem, chosen, readers_notebooks, tree_files

ROOT = Path(__file__).resolve().parent.parent


class EnvironmentProblem(ValueError):
    """Why the run cannot begin; the message says what to do."""


def wanted(lock):
    """{package: version} of a lock's text, as far as this system and Python need it."""
    lines = [line.removesuffix("\\") for line in lock.splitlines()]
    requirements = [Requirement(line) for line in lines if line[:1].isalnum()]
    needed = [r for r in requirements if r.marker is None or r.marker.evaluate()]
    return {r.name: next(iter(r.specifier)).version for r in needed}


def installed(name):
    """The version of a package that is installed here, or "absent"."""
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "absent"


def check_environment(lock):
    """That each package of the lock is installed at its version; how many there are."""
    packages = wanted(lock.read_text("utf-8"))
    rows = [(name, version, installed(name)) for name, version in packages.items()]
    if wrong := [row for row in rows if row[1] != row[2]]:
        raise EnvironmentProblem(
            f"this environment is not what {lock.name} says:\n"
            f"{columns(('package', 'wanted', 'found'), wrong)}\n"
            "What to do: run `make environments`, which makes the right one."
        )
    return len(packages)


def counts(report):
    """{"passed": ..., "failed": ..., "skipped": ...} of a JUnit report, the XML that pytest writes.

    An error, in a fixture for instance, is a failure.
    """
    suites = list(xml.etree.ElementTree.fromstring(report).iter("testsuite"))
    total, failures, errors, skipped = (
        sum(int(suite.get(name, 0)) for suite in suites)
        for name in ("tests", "failures", "errors", "skipped")
    )
    failed = failures + errors
    return {"passed": total - failed - skipped, "failed": failed, "skipped": skipped}


def run_tests():
    """All tests of the package, as `make test` runs them; their counts.

    The slow ones have processes of their own: TensorFlow gives little memory back.
    """
    quick, slow = (tests_marked(mark) for mark in ("not slow", "slow"))
    return {name: quick[name] + slow[name] for name in quick}


def tests_marked(mark):
    """The counts of the tests that pytest selects by this marker expression."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        command = [sys.executable, "-m", "pytest", "-q", "-n", "2", "--dist", "loadfile"]
        subprocess.run([*command, "-m", mark, f"--junitxml={report}"], cwd=ROOT)
        if not report.exists():
            raise EnvironmentProblem("pytest wrote no report; its own message stands above.")
        return counts(report.read_text("utf-8"))


def origin():
    """What a row says about where and on which data it ran; vicourse has to be installed."""
    from vicourse.data import load_mnist
    from vicourse.provenance import provenance

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that MNIST is missing is an answer here
        data = load_mnist(download=False).name
    return {"data_at_the_start": data, "provenance": provenance()}


def prove(only, with_tests):
    """Run what is asked for, and write the row where it was all; whether everything passed."""
    present = readers_notebooks(tree_files(ROOT))
    notebooks, lock = chosen(present, only), lock_file()
    packages = check_environment(lock)
    print(f"==> locks/{lock.name}: {packages} packages, {len(notebooks)} notebooks", flush=True)
    tests = run_tests() if with_tests else None
    results = run_all(notebooks, lambda name: run_in_empty_folder(ROOT / name, name))
    if not only:
        row = {"environment": f"locks/{lock.name}", "packages": packages, **origin()}
        add_row({**row, "tests": tests, "notebooks": results})
        print(f"\n{markdown(read_rows(), present)}")
    return not any(r["problems"] for r in results) and not (tests and tests["failed"])


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME", help="a name or a path")
    parser.add_argument("--tests", action="store_true", help="run the package's tests too")
    options = parser.parse_args(arguments)
    try:
        return 0 if prove(options.only, options.tests) else 1
    except (ChoiceProblem, EnvironmentProblem) as problem:
        print(f"\nvicourse: {problem}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
