"""Make the course's environment in `.venv`: every package at its locked version and hash.

    python tools/make_env.py            .venv: this Python's lock, and vicourse from this folder
    python tools/make_env.py --colab    .venv-colab: Colab's packages, without vicourse
    python tools/make_env.py --apart    .venv-py312, or what this Python is: beside .venv, the same

Run by `make`; needs nothing but Python 3.11 to 3.13. Running it again does nothing unless a lock
or `pyproject.toml` changed. Standard library only: it runs before anything is installed.
"""

import hashlib
import re
import shutil
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NEEDED_GIB = 5
PYTHONS = ((3, 11), (3, 12), (3, 13))
COLAB = (3, 13)


class SetupProblem(Exception):
    """Something on this machine is in the way; the message says what and what to do."""


def check_python(version=sys.version_info):
    if tuple(version[:2]) not in PYTHONS:
        raise SetupProblem(
            f"this is Python {version[0]}.{version[1]}, and the course needs 3.11, 3.12 or 3.13 "
            "(TensorFlow Probability has no release for others).\n"
            "What to do: install one of these and run `make PYTHON=/path/to/python3.12 ...`."
        )


def check_colab(version=sys.version_info):
    if tuple(version[:2]) != COLAB:
        raise SetupProblem(
            f"this is Python {version[0]}.{version[1]}, and Colab has {COLAB[0]}.{COLAB[1]}.\n"
            "What to do: install that and run `make COLAB_PYTHON=/path/to/python3.13 colab-test`."
        )


def check_disk(folder, usage=shutil.disk_usage):
    free = usage(folder).free / 2**30
    if free < NEEDED_GIB:
        raise SetupProblem(
            f"{free:.1f} GiB are free on the disk of {folder}, and the environment needs about "
            f"{NEEDED_GIB} GiB (TensorFlow is most of it).\nWhat to do: free some space, or clone "
            "the course to a larger disk."
        )


def lock_file(version=sys.version_info):
    return ROOT / "locks" / f"py{version[0]}{version[1]}.txt"


def made_by_this_python(folder, version=sys.version_info):
    """Whether the environment in `folder` has this Python's version: another one cannot change."""
    config = folder / "pyvenv.cfg"
    text = config.read_text("utf-8") if config.exists() else ""
    return bool(re.search(rf"^version = {version[0]}\.{version[1]}\b", text, re.MULTILINE))


def fingerprint(lock):
    """Changes when the environment has to be made again."""
    parts = [lock.read_bytes(), (ROOT / "pyproject.toml").read_bytes(), sys.version.encode()]
    parts.append(str(ROOT).encode())
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def environment_python(folder):
    return folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


def run(what, *command):
    print(f"==> {what}", flush=True)
    if subprocess.run(command, cwd=ROOT).returncode:
        raise SetupProblem(explain_failure())


def explain_failure(usage=shutil.disk_usage):
    free = usage(ROOT).free / 2**30
    if free < 0.5:
        return f"the disk is full ({free:.1f} GiB free).\nWhat to do: free {NEEDED_GIB} GiB."
    return (
        "the step above failed; its own message stands above.\n"
        "What to do: if it speaks of a connection, a name that cannot be resolved or retries, this "
        "machine cannot reach the package index: check the network (or pip's proxy settings) and "
        "run the same command again; what was downloaded is kept. Nothing has to be cleaned up."
    )


def make(folder, lock, with_vicourse=True):
    """The environment `folder`, with what `lock` says, unless it is there already."""
    stamp = folder / "made-from"
    if stamp.exists() and stamp.read_text() == fingerprint(lock):
        return
    python = environment_python(folder)
    if not python.exists() or not stamp.exists() or not made_by_this_python(folder):
        check_disk(ROOT)
        print(
            f"==> Python {sys.version.split()[0]}: making the environment in {folder.name}",
            flush=True,
        )
        try:
            venv.create(folder, with_pip=True, clear=True)
        except (OSError, subprocess.CalledProcessError) as problem:
            raise SetupProblem(
                f"Python could not make a virtual environment ({problem}).\nWhat to do: on Debian "
                "and Ubuntu, `apt install python3-venv`; elsewhere, reinstall Python."
            ) from problem
    stamp.unlink(missing_ok=True)
    pip = (python, "-m", "pip", "--disable-pip-version-check")
    run(
        "Installing the locked packages (about 1 GB to download the first time)",
        *(*pip, "install", "--require-hashes", "--no-deps", "-r", lock),
    )
    if with_vicourse:
        run(
            "Installing vicourse itself, from this folder",
            *(*pip, "install", "--quiet", "--no-deps", "--no-build-isolation", "--editable", ROOT),
        )
    stamp.write_text(fingerprint(lock))
    print("==> The environment is ready.", flush=True)


def main(arguments=()):
    if "--colab" in arguments:
        check_colab()
        make(ROOT / ".venv-colab", ROOT / "locks" / "colab.txt", with_vicourse=False)
    else:
        check_python()
        lock = lock_file()
        make(ROOT / (f".venv-{lock.stem}" if "--apart" in arguments else ".venv"), lock)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except SetupProblem as problem:
        sys.exit(f"\nvicourse: {problem}")
