"""`tools/make_env.py`: what it says when the machine is not up to it, and when it does nothing."""

import shutil
import subprocess
import sys
from collections import namedtuple
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "tools"))

import make_env
from make_env import SetupProblem

ROOT = Path(__file__).parents[2]
Usage = namedtuple("Usage", "total used free")


def free(gib):
    return lambda folder: Usage(100 * 2**30, 0, int(gib * 2**30))


@pytest.mark.parametrize("version", [(3, 11, 0), (3, 12, 9), (3, 13, 1)])
def test_a_supported_python_passes(version):
    make_env.check_python(version)
    assert make_env.lock_file(version).exists()


@pytest.mark.parametrize("version", [(2, 7, 18), (3, 10, 14), (3, 14, 0)])
def test_another_python_is_named_with_the_remedy(version):
    with pytest.raises(SetupProblem) as problem:
        make_env.check_python(version)
    message = str(problem.value)
    assert f"this is Python {version[0]}.{version[1]}," in message
    assert "3.11, 3.12 or 3.13" in message
    assert "make PYTHON=" in message


def test_a_disk_too_small_is_said_before_anything_is_downloaded(tmp_path):
    with pytest.raises(SetupProblem, match=r"1\.5 GiB are free .* about 5 GiB") as problem:
        make_env.check_disk(tmp_path, usage=free(1.5))
    assert str(tmp_path) in str(problem.value)
    make_env.check_disk(tmp_path, usage=free(20))


def test_a_failed_step_speaks_of_the_disk_or_of_the_network():
    assert "the disk is full (0.1 GiB free)" in make_env.explain_failure(usage=free(0.1))
    other = make_env.explain_failure(usage=free(20))
    assert "network" in other
    assert "disk" not in other


def test_a_command_that_fails_is_a_setup_problem(capfd):
    with pytest.raises(SetupProblem, match="What to do"):
        make_env.run("Failing", sys.executable, "-c", "raise SystemExit(1)")
    assert "==> Failing" in capfd.readouterr().out


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A copy of the course with an empty lock, where installing only notes that it was called."""
    steps = []
    (tmp_path / "locks").mkdir()
    lock = tmp_path / "locks" / make_env.lock_file().name
    lock.write_text("")
    (tmp_path / "pyproject.toml").write_text("")
    monkeypatch.setattr(make_env, "ROOT", tmp_path)
    monkeypatch.setattr(make_env, "check_disk", lambda folder: None)
    monkeypatch.setattr(make_env, "run", lambda what, *command: steps.append(what))

    def create(folder, **options):
        python = make_env.environment_python(folder)
        python.parent.mkdir(parents=True, exist_ok=True)
        python.touch()
        version = ".".join(map(str, sys.version_info[:3]))
        (folder / "pyvenv.cfg").write_text(f"home = /usr/bin\nversion = {version}\n", "utf-8")
        steps.append("create")

    monkeypatch.setattr(make_env.venv, "create", create)
    return namedtuple("Machine", "steps lock")(steps, lock)


def test_a_second_run_does_nothing(machine):
    make_env.main()
    assert len(machine.steps) == 3
    make_env.main()
    assert len(machine.steps) == 3


def test_a_changed_lock_installs_again_without_starting_over(machine):
    make_env.main()
    machine.lock.write_text("numpy==2.1.3")
    make_env.main()
    assert machine.steps.count("create") == 1
    assert len(machine.steps) == 5


def test_another_python_starts_over(machine, monkeypatch):
    """`make PYTHON=...` after another one: an environment keeps the Python that made it."""
    make_env.main()
    config = make_env.ROOT / ".venv" / "pyvenv.cfg"
    config.write_text("home = /usr/bin\nversion = 3.1.3\n", "utf-8")
    machine.lock.write_text("numpy==2.1.3")
    make_env.main()
    assert machine.steps.count("create") == 2
    assert make_env.made_by_this_python(config.parent)
    assert not make_env.made_by_this_python(config.parent, (3, 1, 3))
    assert not make_env.made_by_this_python(config.parent.parent)


def test_environments_of_several_pythons_stand_side_by_side(machine):
    make_env.main(["--apart"])
    folder = f".venv-py{sys.version_info[0]}{sys.version_info[1]}"
    assert [path.name for path in make_env.ROOT.glob(".venv*")] == [folder]


def test_an_interrupted_install_is_done_again(machine, monkeypatch):
    note = make_env.run

    def fail(what, *command):
        raise SetupProblem("no network")

    monkeypatch.setattr(make_env, "run", fail)
    with pytest.raises(SetupProblem):
        make_env.main()
    monkeypatch.setattr(make_env, "run", note)
    make_env.main()
    installs = [step for step in machine.steps if step.startswith("Installing")]
    assert len(installs) == 2


def test_a_python_without_venv_is_explained(machine, monkeypatch):
    def broken(folder, **options):
        raise subprocess.CalledProcessError(1, "ensurepip")

    monkeypatch.setattr(make_env.venv, "create", broken)
    with pytest.raises(SetupProblem, match="apt install python3-venv"):
        make_env.main()


@pytest.mark.skipif(not shutil.which("make"), reason="needs make")
def test_make_without_a_supported_python_says_which():
    done = subprocess.run(["make", "env", "PYTHON="], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode != 0
    assert "no Python 3.11, 3.12 or 3.13" in done.stdout
    assert "make PYTHON=" in done.stdout
