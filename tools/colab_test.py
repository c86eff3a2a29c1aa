"""Run every notebook as Colab does: its packages, one file alone, vicourse from the first cell.

    python tools/colab_test.py                      all notebooks; writes Colab's row
    python tools/colab_test.py --only elbo aevb     only these (names or paths); writes nothing

Run by `make colab-test`, in the environment `.venv-colab`: the packages of Colab's image that a
notebook can reach (locks/colab.txt). Each notebook is copied into an empty folder and has a kernel
of its own, that believes to be in Colab. So its first cell installs vicourse with its own command,
unchanged; git only answers for the repository's address with the files of this folder. Afterwards
`pip freeze` may show vicourse and no other difference. The row stands in results/environments.json,
beside those of `make environments`.
"""

import argparse
import importlib
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import nbformat
from environment_table import add_row
from environments import origin
from make_locks import COLAB_NO_WHEEL, IMAGE, LOCKS, canonical, read_versions
from notebook_runs import columns, run_all, run_in_empty_folder
from reader_notebooks import ChoiceProblem, chosen, readers_notebooks, tree_files

ROOT = Path(__file__).resolve().parent.parent
PIP = (sys.executable, "-m", "pip", "--disable-pip-version-check")
FROM_GIT = re.compile(r"%pip (.*git\+(https://[^\s\"]+).*)")


class ColabProblem(ValueError):
    """Why the test cannot begin; the message says what to do."""


def install_command(notebook, where):
    """What follows `%pip` in the notebook's first cell of code, and the address in it."""
    first = next(cell.source for cell in notebook.cells if cell.cell_type == "code")
    if not (found := FROM_GIT.search(first)):
        raise ColabProblem(f"{where}: its first cell of code installs nothing from a repository.")
    return found.groups()


def publish(root, files, folder):
    """A git repository in `folder` that holds the files of `root` as they are now."""
    for name in files:
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(root / name, target)
    git = ["git", "-c", "user.name=vicourse", "-c", "user.email=vicourse@localhost"]
    git += ["-c", "core.hooksPath=/dev/null", "-c", "commit.gpgsign=false", "-C", folder]
    for command in ("init --quiet", "add --all --force", "commit --quiet --message now"):
        subprocess.run([*git, *command.split()], check=True)


def become_colab(address, repository, ipython):
    """Set this process's environment, and so that of each kernel, to that of a fresh machine."""
    for name in ("PYTHONPATH", "VIRTUAL_ENV", "MPLBACKEND"):
        os.environ.pop(name, None)
    startup = ipython / "profile_default" / "startup"
    startup.mkdir(parents=True)
    shutil.copy(Path(__file__).with_name("colab_kernel.py"), startup)
    (ipython / "not_found.txt").touch()
    os.environ |= {
        "PYTHONNOUSERSITE": "1",
        "IPYTHONDIR": str(ipython),
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",  # the kernel's debugger warns about Python 3.13
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.{repository.as_uri()}.insteadOf",
        "GIT_CONFIG_VALUE_0": address,
    }


def freeze():
    """{package: its line in `pip freeze`} of this environment."""
    command = [*PIP, "freeze", "--all"]
    return by_package(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def by_package(frozen):
    """{package: its line} of what `pip freeze` printed."""
    return {canonical(re.split(r"==| @ ", line)[0]): line for line in frozen.splitlines()}


def differences(before, after):
    """(package, line before, line after) of each that differs, vicourse itself left out."""
    names = sorted((set(before) | set(after)) - {"vicourse"})
    rows = [(name, before.get(name, "absent"), after.get(name, "absent")) for name in names]
    return [row for row in rows if row[1] != row[2]]


def check_environment(installed):
    """That the environment holds Colab's packages, all of them and nothing else."""
    locked = read_versions((LOCKS / "colab.txt").read_text("utf-8"))
    wrong = differences(locked, read_versions("\n".join(installed.values())))
    if wrong:
        raise ColabProblem(
            "the environment is not what locks/colab.txt says (wanted, found):\n"
            f"{columns(('package', 'wanted', 'found'), wrong)}\n"
            "What to do: delete the folder .venv-colab and run the command again."
        )


def uninstall():
    subprocess.run([*PIP, "uninstall", "-qq", "--yes", "vicourse"], check=True)


def run_alone(path, name, before):
    """Run one notebook, on a machine without vicourse and without its repository.

    Returns:
        What `run_in_empty_folder` returns; a package that it changed is one of the problems.
    """
    uninstall()
    result = run_in_empty_folder(path, name)
    changed = differences(before, freeze())
    changes = [f"changes Colab's {name}: from {old} to {new}" for name, old, new in changed]
    return {**result, "problems": [*result["problems"], *changes]}


def not_found_but_in_colab(notes, image):
    """Packages that a notebook looked for in vain, and would have found in Colab.

    Seen by name only: a package whose module is called otherwise (opencv-python's cv2) is missed.
    """
    looked_for = {canonical(line) for line in notes.splitlines()}
    return sorted((looked_for & set(read_versions(image))) - set(COLAB_NO_WHEEL))


def try_install(pip_arguments, before):
    """Install vicourse with the first cell's command; nothing else may change."""
    print(f"==> Colab's packages: {len(before)}. Now pip {pip_arguments}", flush=True)
    if subprocess.run([*PIP, *shlex.split(pip_arguments)], cwd=tempfile.gettempdir()).returncode:
        raise ColabProblem("the first cell's command failed; pip's message stands above.")
    if changed := differences(before, freeze()):
        rows = columns(("package", "before", "after"), changed)
        raise ColabProblem(f"installing vicourse changes what Colab has:\n{rows}")
    print("==> vicourse is new; nothing else changed. Now each notebook", flush=True)


def prove(only, folder):
    """The whole test, with `folder` for its temporary files; whether every notebook passed."""
    files = tree_files(ROOT)
    notebooks = chosen(readers_notebooks(files), only)
    first = nbformat.read(ROOT / notebooks[0], as_version=4)
    pip_arguments, address = install_command(first, notebooks[0])
    publish(ROOT, files, folder / "repository")
    become_colab(address, folder / "repository", folder / "ipython")
    uninstall()
    before = freeze()
    check_environment(before)
    try_install(pip_arguments, before)
    importlib.invalidate_caches()  # vicourse was installed a moment ago
    row = {"environment": "Colab", "packages": len(before), "changed_by_installing": [], **origin()}
    results = run_all(notebooks, lambda name: run_alone(ROOT / name, name, before))
    notes = (folder / "ipython" / "not_found.txt").read_text("utf-8")
    missed = not_found_but_in_colab(notes, IMAGE.read_text("utf-8"))
    if missed:
        print(f"Looked for, in Colab, not here (COLAB_TRIES in make_locks.py): {missed}")
    if not only:
        add_row(row | {"in_colab_but_not_here": missed, "tests": None, "notebooks": results})
    return not any(result["problems"] for result in results)


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME", help="a name or a path")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        try:
            return 0 if prove(options.only, Path(folder)) else 1
        except (ChoiceProblem, ColabProblem) as problem:
            print(f"\nvicourse: {problem}", file=sys.stderr)
            return 1


if __name__ == "__main__":
    sys.exit(main())
