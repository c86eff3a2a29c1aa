"""`make environments`: what it refuses, what it writes, and the table of the rows."""

import copy
import importlib.metadata
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import environment_table
import environments
import pytest
from environment_table import RESULT, add_row, markdown, read_rows
from environments import EnvironmentProblem, check_environment, counts, wanted

ROOT = Path(__file__).parents[2]
needs_git = pytest.mark.skipif(not shutil.which("git"), reason="needs git")
HASH = " \\\n    --hash=sha256:" + "0" * 64 + "\n"
PASSED = {"notebook": "book/a.ipynb", "seconds": 90.0, "compared_cells": 1, "problems": []}
FAILED = {"notebook": "book/b.ipynb", "seconds": None, "compared_cells": 1, "problems": ["x"]}
ROW = {
    "environment": "locks/py312.txt",
    "packages": 150,
    "data_at_the_start": "MNIST",
    "provenance": {
        "command": "tools/environments.py",
        "python": "3.12.1",
        "versions": {"tensorflow": "2.20.0"},
        "machine": "Linux x86_64, 2 cores",
    },
    "tests": {"passed": 7, "failed": 1, "skipped": 2},
    "notebooks": [PASSED, FAILED],
}


def other_row(**changes):
    row = copy.deepcopy(ROW)
    row["provenance"] |= changes.pop("provenance", {})
    return row | changes


def test_a_lock_is_read_as_far_as_it_holds_here():
    here, elsewhere = sys.platform, "no-such-system"
    lock = (
        f"numpy==2.1.3{HASH}appnope==1 ; sys_platform == '{elsewhere}'{HASH}"
        f"tqdm==4.67.3 ; sys_platform == '{here}'{HASH}# a comment\n"
    )
    assert wanted(lock) == {"numpy": "2.1.3", "tqdm": "4.67.3"}


def test_another_environment_than_the_locks_is_refused(tmp_path):
    lock = tmp_path / "py312.txt"
    version = importlib.metadata.version("numpy")
    lock.write_text(f"numpy=={version}{HASH}", "utf-8")
    assert check_environment(lock) == 1
    lock.write_text(f"numpy==1.0{HASH}no-such-package==2{HASH}", "utf-8")
    with pytest.raises(EnvironmentProblem, match=r"py312\.txt") as problem:
        check_environment(lock)
    assert f"numpy            1.0     {version}" in str(problem.value)
    assert "no-such-package  2       absent" in str(problem.value)


def test_a_report_of_pytest_is_counted():
    """An error in a fixture is no pass."""
    report = (
        '<testsuites><testsuite errors="1" failures="2" skipped="3" tests="10"/>'
        '<testsuite errors="0" failures="0" skipped="0" tests="5"/></testsuites>'
    )
    assert counts(report) == {"passed": 9, "failed": 3, "skipped": 3}


def test_pytest_writes_such_a_report(tmp_path):
    tests = ("def test_a(): pass", "def test_b(): assert 0", "def test_c(): pytest.skip()")
    (tmp_path / "test_it.py").write_text("\n".join(["import pytest", *tests]), "utf-8")
    (tmp_path / "pytest.ini").write_text("[pytest]\n", "utf-8")
    command = [sys.executable, "-m", "pytest", "--junitxml=report.xml"]
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}  # they take seconds
    environment.pop("PYTEST_ADDOPTS", None)
    subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True)
    report = (tmp_path / "report.xml").read_text("utf-8")
    assert counts(report) == {"passed": 1, "failed": 1, "skipped": 1}


def test_a_row_takes_the_place_of_its_environments_last_one(tmp_path):
    path = tmp_path / "environments.json"
    assert read_rows(path) == []
    mac = other_row(provenance={"machine": "Darwin arm64, 8 cores"})
    colab = other_row(environment="Colab")
    newer = other_row(notebooks=[PASSED])
    for row in (ROW, mac, colab, newer):
        add_row(row, path)
    assert read_rows(path) == [colab, mac, newer]


def test_the_table_counts_what_passed_and_what_has_not_run():
    present = ["book/a.ipynb", "book/b.ipynb", "book/c.ipynb"]
    untested = other_row(tests=None, notebooks=[PASSED], provenance={"python": "3.13.0"})
    *_, first, second = markdown([ROW, untested], present).splitlines()
    assert first == (
        "| locks/py312.txt | 3.12.1 | Linux x86_64 | 2.20.0 | 1 of 2 (1 newer not run) "
        "| 7 passed, 1 failed | 2 |"
    )
    assert "| 1 of 1 (2 newer not run) | not run |" in second


@pytest.fixture
def prove(monkeypatch, tmp_path):
    """`prove`, where a notebook and the tests only pretend to run; the rows that it writes."""
    path, present = tmp_path / "environments.json", ["book/a.ipynb", "book/b.ipynb"]
    results = {"book/a.ipynb": PASSED, "book/b.ipynb": FAILED}
    monkeypatch.setattr(environments, "readers_notebooks", lambda _: present)
    monkeypatch.setattr(environments, "check_environment", lambda _: 150)
    monkeypatch.setattr(environments, "run_in_empty_folder", lambda _, name: results[name])
    monkeypatch.setattr(environments, "run_tests", lambda: ROW["tests"])
    monkeypatch.setattr(environments, "add_row", lambda row: add_row(row, path))
    return lambda only, tests: (environments.prove(only, tests), read_rows(path))


def test_a_whole_run_writes_its_row_and_fails_with_any_notebook(prove):
    passed, (row,) = prove([], True)
    assert not passed
    assert row["notebooks"] == [PASSED, FAILED]
    assert row["tests"] == ROW["tests"]
    assert row["environment"] == f"locks/{environments.lock_file().name}"
    assert row["provenance"]["python"] == sys.version.split()[0]


def test_a_part_writes_nothing(prove):
    assert prove(["a"], False) == (True, [])


def test_a_failed_test_is_a_failure(prove):
    assert prove(["a"], True) == (False, [])


@needs_git
def test_an_unknown_notebook_is_named(capsys):
    assert environments.main(["--only", "no_such_notebook"]) == 1
    assert "no notebook is called no_such_notebook" in capsys.readouterr().err


def test_the_stored_rows_have_one_format():
    rows = read_rows()
    assert [environment_table.key(row) for row in rows] == sorted(map(environment_table.key, rows))
    assert len({environment_table.key(row) for row in rows}) == len(rows) > 0
    for row in rows:
        assert set(ROW) <= set(row)
        assert row["environment"] == "Colab" or (ROOT / row["environment"]).exists()
        assert set(row["provenance"]) == set(ROW["provenance"])
        assert row["tests"] is None or set(row["tests"]) == set(ROW["tests"])
        for notebook in row["notebooks"]:
            assert set(notebook) == set(PASSED)
            assert (notebook["seconds"] is not None) or notebook["problems"]
    assert RESULT.read_text("utf-8") == json.dumps(json.loads(RESULT.read_bytes()), indent=1) + "\n"


@needs_git
def test_any_python_prints_the_table():
    """Without the environment's packages: `-S` leaves them out."""
    command = [sys.executable, "-S", ROOT / "tools" / "environment_table.py"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("| environment | Python | system |")
    assert len(done.stdout.splitlines()) == 2 + len(read_rows())
