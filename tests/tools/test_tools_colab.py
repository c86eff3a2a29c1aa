"""`make colab-test`: what it selects, and what it finds out."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import colab_test
import nbformat
import pytest
from colab_test import ColabProblem, differences
from environment_table import read_rows
from make_locks import read_versions
from nbformat import v4
from reader_notebooks import readers_notebooks, tree_files

ROOT = Path(__file__).parents[2]
LOCK = (ROOT / "locks" / "colab.txt").read_text("utf-8")
needs_git = pytest.mark.skipif(not shutil.which("git"), reason="needs git")


# Which command.


@needs_git
def test_every_notebook_installs_with_one_and_the_same_command():
    names = readers_notebooks(tree_files(ROOT))
    assert len(names) > 10
    commands = {
        colab_test.install_command(nbformat.read(ROOT / name, as_version=4), name) for name in names
    }
    ((arguments, address),) = commands
    assert address.startswith("https://github.com/")
    assert arguments == f'install --quiet "vicourse @ git+{address}"'


def test_a_notebook_that_installs_nothing_is_named():
    notebook = v4.new_notebook(cells=[v4.new_code_cell("import sys")])
    with pytest.raises(ColabProblem, match=r"book/x\.ipynb: its first cell"):
        colab_test.install_command(notebook, "book/x.ipynb")


# What git serves in the place of the published repository.


@needs_git
def test_the_tree_is_published_as_it_is_now(tmp_path, monkeypatch):
    """An uncommitted file and an uncommitted change arrive; ignored and deleted files do not."""
    root = tmp_path / "course"
    (root / "sub").mkdir(parents=True)
    git = ["git", "-C", root, "-c", "user.name=a", "-c", "user.email=a@localhost"]
    for name in ("old.txt", "deleted.txt"):
        (root / name).write_text("committed\n")
    (root / ".gitignore").write_text("*.log\n")
    for command in ("init --quiet", "add --all", "commit --quiet --message first"):
        subprocess.run([*git, *command.split()], check=True)
    (root / "old.txt").write_text("changed\n")
    (root / "deleted.txt").unlink()
    (root / "sub" / "new é.txt").write_text("new\n")
    (root / "run.log").write_text("ignored\n")
    files = tree_files(root)
    assert files == [".gitignore", "old.txt", "sub/new é.txt"]

    monkeypatch.setattr(os, "environ", os.environ.copy())
    os.environ["PYTHONPATH"] = str(ROOT)
    repository = tmp_path / "published"
    colab_test.publish(root, files, repository)
    address = "https://github.com/NOBODY_AT_ALL/vicourse"
    colab_test.become_colab(address, repository, tmp_path / "ipython")
    assert "PYTHONPATH" not in os.environ
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "--quiet", address, clone], env=os.environ, check=True)
    assert (clone / "old.txt").read_text() == "changed\n"
    assert (clone / "sub" / "new é.txt").exists()
    assert not (clone / "run.log").exists()


def test_the_kernel_believes_to_be_in_colab_and_notes_what_it_misses(tmp_path):
    """The first cell's condition holds, and the notebook's own names are left alone."""
    script = ROOT / "tools" / "colab_kernel.py"
    code = (
        f"exec(compile(open({str(script)!r}).read(), 'start', 'exec'))\n"
        "assert 'sys' not in globals() and 'Path' not in globals()\n"
        "import sys\n"
        "assert 'google.colab' in sys.modules\n"
        "for name in ('json', 'no_such_module', 'json.no_such_part'):\n"
        "    try:\n"
        "        __import__(name)\n"
        "    except ImportError as error:\n"
        "        assert isinstance(error, ModuleNotFoundError)\n"
    )
    environment = {**os.environ, "IPYTHONDIR": str(tmp_path)}
    subprocess.run([sys.executable, "-c", code], env=environment, check=True)
    assert (tmp_path / "not_found.txt").read_text().split() == ["no_such_module"]


def test_what_colab_has_and_the_environment_lacks_is_found():
    notes = "numba\nno_such_module\nhuggingface_hub\nnumba\npydotplus\n"
    image = "huggingface-hub==1\nnumba==2\nnumpy==3\npydotplus==4\n"
    assert colab_test.not_found_but_in_colab(notes, image) == ["huggingface-hub", "numba"]


# What installing changes.

BEFORE = "numpy==2.1.3\ntf_keras==2.20.1\nzipp==4.1.0\n"


def test_vicourse_alone_may_be_new():
    before = colab_test.by_package(BEFORE)
    after = colab_test.by_package(BEFORE + "vicourse @ git+https://github.com/A/vicourse@12ab\n")
    assert set(after) - set(before) == {"vicourse"}
    assert differences(before, after) == []


@pytest.mark.parametrize(
    ("after", "row"),
    [
        (BEFORE.replace("2.1.3", "2.3.5"), ("numpy", "numpy==2.1.3", "numpy==2.3.5")),
        (BEFORE.replace("zipp==4.1.0\n", ""), ("zipp", "zipp==4.1.0", "absent")),
        (BEFORE + "pybtex==0.25\n", ("pybtex", "absent", "pybtex==0.25")),
    ],
)
def test_a_package_changed_removed_or_added_is_shown(after, row):
    assert differences(*map(colab_test.by_package, (BEFORE, after))) == [row]


def test_an_environment_that_drifted_from_the_lock_is_refused():
    right = colab_test.by_package("\n".join(f"{n}=={v}" for n, v in read_versions(LOCK).items()))
    colab_test.check_environment(right)
    with pytest.raises(ColabProblem, match=r"(?s)numpy +2.1.3 +2.3.5.*delete the folder"):
        colab_test.check_environment(right | {"numpy": "numpy==2.3.5"})
    with pytest.raises(ColabProblem, match=r"pybtex +absent +0.25"):
        colab_test.check_environment(right | {"pybtex": "pybtex==0.25"})


# What counts as a failure.


@pytest.mark.parametrize("problems", [[], ["it does not run"]])
def test_a_notebook_that_changes_a_package_fails(problems, monkeypatch):
    """Whatever else is wrong with it; what happens alone, test_tools_notebook_runs.py tests."""
    frozen, steps = BEFORE.replace("2.1.3", "2.3.5"), []
    ran = {"notebook": "book/chapter.ipynb", "seconds": 1.2, "problems": problems}
    monkeypatch.setattr(colab_test, "uninstall", lambda: steps.append("uninstall"))
    monkeypatch.setattr(colab_test, "run_in_empty_folder", lambda *_: steps.append("run") or ran)
    monkeypatch.setattr(colab_test, "freeze", lambda: colab_test.by_package(frozen))
    result = colab_test.run_alone(None, "book/chapter.ipynb", colab_test.by_package(BEFORE))
    assert steps == ["uninstall", "run"]
    change = "changes Colab's numpy: from numpy==2.1.3 to numpy==2.3.5"
    assert result == {**ran, "problems": [*problems, change]}


def test_the_stored_result_is_one_that_passed():
    (row,) = [row for row in read_rows() if row["environment"] == "Colab"]
    assert row["provenance"]["python"].startswith("3.13.")
    assert row["changed_by_installing"] == row["in_colab_but_not_here"] == []
    assert len(row["notebooks"]) > 10
    assert not any(notebook["problems"] for notebook in row["notebooks"])
    assert row["packages"] == len(read_versions(LOCK))
