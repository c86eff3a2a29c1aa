"""Run every notebook as Colab does: its packages, one file alone, vicourse from the first cell.

    python tools/colab_test.py                      all notebooks; writes results/colab.json
    python tools/colab_test.py --only elbo aevb     only these (names or paths); writes nothing

Run by `make colab-test`, in the environment `.venv-colab`: the packages of Colab's image that a
notebook can reach (locks/colab.txt). Each notebook is copied into an empty folder and has a kernel
of its own, that believes to be in Colab. So its first cell installs vicourse with its own command,
unchanged; git only answers for the repository's address with the files of this folder. Afterwards
`pip freeze` may show vicourse and no other difference.
"""

import argparse
import copy
import importlib
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

import nbformat
from make_locks import COLAB_NO_WHEEL, IMAGE, LOCKS, canonical, read_versions
from notebook_outputs import OutputProblem, checked_cells, run

ROOT = Path(__file__).resolve().parent.parent
RESULT = ROOT / "results" / "colab.json"
PIP = (sys.executable, "-m", "pip", "--disable-pip-version-check")
FROM_GIT = re.compile(r"%pip (.*git\+(https://[^\s\"]+).*)")


class ColabProblem(ValueError):
    """Why the test cannot begin; the message says what to do."""


def tree_files(root):
    """Every file of the tree as it is now, committed or not, that git does not ignore."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=root, capture_output=True, check=True).stdout
    names = {name for name in listed.decode("utf-8").split("\0") if name}
    return sorted(name for name in names if (root / name).is_file())


def readers_notebooks(files):
    """What a reader opens in Colab: the chapters, and the exercises without their solutions."""
    return [name for name in files if re.fullmatch(r"(book/.+|exercises/[^/]+)\.ipynb", name)]


def chosen(notebooks, only):
    """The notebooks that `only` names, by stem or path; all where it is empty."""
    for name in only:
        if not any(name in (path, Path(path).stem) for path in notebooks):
            raise ColabProblem(f"--only: no notebook is called {name}; there are: {notebooks}")
    return [path for path in notebooks if not only or {path, Path(path).stem} & set(only)]


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
            f"{table(('package', 'wanted', 'found'), wrong)}\n"
            "What to do: delete the folder .venv-colab and run the command again."
        )


def uninstall():
    subprocess.run([*PIP, "uninstall", "-qq", "--yes", "vicourse"], check=True)


def compare(stored, ran):
    """What nbval would object to in the cells whose output is compared, as sentences."""
    pairs = zip(checked_cells(stored), checked_cells(ran), strict=True)
    texts = [(_texts(old), _texts(new)) for old, new in pairs]
    return [
        f"a compared cell prints\n{''.join(new)}\ninstead of\n{''.join(old)}"
        for old, new in texts
        if old != new
    ]


def _texts(cell):
    """The texts of a cell's outputs; how often a cell ran before does not matter."""
    return [output.get("text") or output["data"]["text/plain"] for output in cell.outputs]


def run_alone(path, name, before):
    """Run one notebook, on a machine without vicourse and without its repository.

    Returns:
        A dict: notebook, seconds (None if it did not end), compared cells, problems (sentences).
    """
    uninstall()
    stored = nbformat.read(path, as_version=4)
    ran, seconds = copy.deepcopy(stored), None
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(path, folder)
        try:
            seconds = run(ran, folder, name)
            problems = compare(stored, ran)
        except (OutputProblem, RuntimeError) as problem:  # RuntimeError: the kernel died
            problems = [str(problem)]
    changed = differences(before, freeze())
    problems += [f"changes Colab's {name}: from {old} to {new}" for name, old, new in changed]
    return {
        "notebook": name,
        "seconds": seconds and round(seconds, 1),
        "compared_cells": len(checked_cells(stored)),
        "problems": problems,
    }


def table(header, rows):
    """Rows as lines of text, in columns."""
    rows = [[str(entry) for entry in row] for row in (header, *rows)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(entry.ljust(width) for entry, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )


def summary(results):
    """The table of notebooks, with a last line that counts."""
    rows = [
        (r["notebook"], "no" if r["problems"] else "yes", r["seconds"] or "-", r["compared_cells"])
        for r in results
    ]
    passed = sum(not r["problems"] for r in results)
    header = ("notebook", "passed", "seconds", "outputs compared")
    return f"{table(header, rows)}\n{passed} of {len(results)} notebooks passed."


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
        rows = table(("package", "before", "after"), changed)
        raise ColabProblem(f"installing vicourse changes what Colab has:\n{rows}")
    print("==> vicourse is new; nothing else changed. Now each notebook", flush=True)


def origin():
    """What the result's file says about this run; vicourse has to be installed."""
    importlib.invalidate_caches()  # it was installed a moment ago
    from vicourse.data import load_mnist
    from vicourse.provenance import provenance

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that MNIST is missing is an answer here
        data = load_mnist(download=False).name
    return {
        "what": "every notebook alone in Colab's packages; seconds include installing vicourse",
        "data_at_the_start": data,
        "provenance": provenance(),
    }


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
    record = origin() | {"packages": len(before), "changed_by_installing": []}
    from vicourse.files import write_json  # now: each notebook begins without vicourse

    results = []
    for name in notebooks:
        results.append(run_alone(ROOT / name, name, before))
        row, *problems = summary(results[-1:]).splitlines()[1], *results[-1]["problems"]
        print(row, *problems, sep="\n", flush=True)
    notes = (folder / "ipython" / "not_found.txt").read_text("utf-8")
    missed = not_found_but_in_colab(notes, IMAGE.read_text("utf-8"))
    print(f"\n{summary(results)}")
    if missed:
        print(f"Looked for, in Colab, not here (COLAB_TRIES in make_locks.py): {missed}")
    if not only:
        write_json(RESULT, record | {"in_colab_but_not_here": missed, "notebooks": results})
    return not any(result["problems"] for result in results)


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME", help="a name or a path")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        try:
            return 0 if prove(options.only, Path(folder)) else 1
        except ColabProblem as problem:
            print(f"\nvicourse: {problem}", file=sys.stderr)
            return 1


if __name__ == "__main__":
    sys.exit(main())
