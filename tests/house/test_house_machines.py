"""Every kind of machine has its line in the README, and what the lines promise is there."""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
LOCKS = {f"locks/{path.name}" for path in (ROOT / "locks").glob("*.txt")}


def workflow(name):
    return yaml.safe_load((ROOT / ".github" / "workflows" / f"{name}.yml").read_text("utf-8"))


def commands(job):
    return "\n".join(step.get("run", "") for step in job["steps"])


def machines():
    """{machine: what to do} of the README's table."""
    part = re.search(r"^## On which machine\n(.*?)^## ", README, re.MULTILINE | re.DOTALL)[1]
    return dict(re.findall(r"^\| \*\*(.+?)\*\* \| (.+) \|$", part, re.MULTILINE))


@pytest.mark.parametrize(
    ("machine", "words"),
    [
        ("Linux", ["`make book`"]),
        ("macOS, Apple silicon", ["xcode-select --install", "`make book`"]),
        ("macOS, Intel", ["2.16", "2.18", "Colab"]),
        ("Windows", ["Without make", "WSL"]),
        ("Colab", ["button"]),
        ("Binder", ["https://mybinder.org/v2/gh/"]),
        ("Container", ["https://codespaces.new/", "`make book`"]),
        ("JupyterLite", ["TensorFlow"]),
    ],
)
def test_each_kind_of_machine_has_its_line(machine, words):
    assert all(word in machines()[machine] for word in words)


def test_macos_on_intel_stays_out_as_long_as_tensorflow_does():
    """TensorFlow 2.16.2 is the last release with a wheel for it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    (tensorflow,) = [line for line in project["dependencies"] if line.startswith("tensorflow>")]
    assert tensorflow.startswith("tensorflow>=2.18")


def test_the_lines_without_make_are_those_that_the_workflow_runs():
    """On macOS and Windows, which we have not got."""
    job = workflow("test")["jobs"]["macos-and-windows"]
    assert job["strategy"]["matrix"]["system"] == ["macos-latest", "windows-latest"]
    assert job["env"]["PYTHONUTF8"] == "1"
    assert "PYTHONUTF8" in README
    for line in (
        "pip install --require-hashes --no-deps -r locks/py312.txt",
        "pip install --no-deps --no-build-isolation --editable .",
    ):
        assert line in README
        assert line in commands(job)
    flags = r"-o addopts= --nbval-lax --nbval-current-env\s+-n 2 --dist loadfile book exercises"
    assert re.search(flags, README)
    assert re.search(flags, commands(job))


def test_pushes_try_three_notebooks_in_colabs_packages():
    shell = commands(workflow("test")["jobs"]["colab"])
    (only,) = re.findall(r'make colab-test ONLY="([^"]+)"', shell)
    assert len(only.split()) == 3
    assert all((ROOT / name).exists() for name in only.split())


def test_binder_takes_the_lock_of_its_python():
    folder = ROOT / ".binder"
    python = re.fullmatch(r"python-(3\.\d+)\n", (folder / "runtime.txt").read_text("utf-8"))[1]
    lines = (folder / "requirements.txt").read_text("utf-8").splitlines()
    assert lines[-1] == f"-r ../locks/py{python.replace('.', '')}.txt"
    assert (folder / lines[-1].removeprefix("-r ")).resolve().is_file()
    after = folder / "postBuild"
    text = after.read_text("utf-8")
    assert text.startswith("#!/bin/bash\n")
    assert "pip install --no-cache-dir --no-deps --no-build-isolation --editable ." in text
    if os.name == "posix":
        assert os.access(after, os.X_OK), "chmod +x .binder/postBuild"


def test_the_container_makes_the_environment():
    container = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text("utf-8"))
    python = container["image"].removeprefix("mcr.microsoft.com/devcontainers/python:")
    assert f"locks/py{python.replace('.', '')}.txt" in LOCKS
    assert container["postCreateCommand"] == "make env"
    interpreter = container["customizations"]["vscode"]["settings"]["python.defaultInterpreterPath"]
    assert interpreter.endswith("/.venv/bin/python")


def test_the_weekly_audit_looks_at_every_lock_with_its_python():
    job = workflow("weekly")["jobs"]["audit"]
    rows = {row["lock"]: row["python"] for row in job["strategy"]["matrix"]["include"]}
    assert set(rows) == LOCKS - {"locks/pins.txt", "locks/colab-image.txt"}
    for lock, python in rows.items():
        assert lock in {f"locks/py{python.replace('.', '')}.txt", "locks/colab.txt"}
    assert "pip_audit --strict " in commands(job)


def test_an_advisory_is_ignored_only_with_a_reason():
    part = re.search(r"^## Known advisories\n(.*?)^## ", CONTRIBUTING, re.M | re.S)[1]
    rows = [[c.strip() for c in line.split("|")[1:-1]] for line in part.splitlines() if "|" in line]
    assert rows[0] == ["id", "package", "why it does not reach a reader", "until"]
    excused = {row[0]: row[1:] for row in rows[2:]}
    assert all(all(row) for row in excused.values())
    shell = commands(workflow("weekly")["jobs"]["audit"])
    assert set(re.findall(r"--ignore-vuln[ =](\S+)", shell)) == set(excused)


def test_a_release_is_built_and_installed_before_it_is_published():
    jobs = workflow("release")["jobs"]
    assert workflow("release")[True] == {"push": {"tags": ["v*"]}}  # YAML takes `on` for true
    assert [jobs[name].get("needs") for name in ("build", "install", "publish", "announce")] == [
        *(None, "build", "install", "publish")
    ]
    assert "make dist" in commands(jobs["build"])
    assert "$GITHUB_REF_NAME" in commands(jobs["build"])
    pythons = {row["python"] for row in jobs["install"]["strategy"]["matrix"]["include"]}
    assert {f"locks/py{python.replace('.', '')}.txt" for python in pythons} <= LOCKS
    assert len(pythons) == 3
    assert jobs["publish"]["environment"]["name"] == "pypi"
    assert jobs["publish"]["permissions"] == {"id-token": "write"}


@pytest.mark.skipif(not shutil.which("make"), reason="needs make")
def test_another_pythons_environment_stands_beside_the_readers():
    python = Path(sys.executable).as_posix()
    # A `make` that runs these tests hands its own TESTS=yes down, so it is said here too.
    make = ["make", "--dry-run", "environments", f"PYTHON={python}", "ONLY=elbo aevb", "TESTS="]
    done = subprocess.run(make, cwd=ROOT, capture_output=True, text=True, check=True)
    lock = f"py{sys.version_info[0]}{sys.version_info[1]}"
    command = rf"^\.venv-{lock}/\w+/python tools/environments\.py +--only elbo aevb$"
    assert re.search(command, done.stdout, re.MULTILINE)
    assert "/.venv-py3*/\n" in (ROOT / ".gitignore").read_text("utf-8")
