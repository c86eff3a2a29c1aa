"""Colab's list of packages in locks/, and the Python that `make colab-test` wants."""

import shutil
import subprocess
import tomllib
from pathlib import Path

import make_env
import make_locks
import pytest
from make_locks import read_versions
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
IMAGE = (ROOT / "locks" / "colab-image.txt").read_text("utf-8")
LOCK = (ROOT / "locks" / "colab.txt").read_text("utf-8")
FREEZE = """\
# Do not modify this file directly
google-colab @ file:///dist/google_colab-1.0.0.tar.gz
ipykernel==6.17.1
nbclient==0.10.4
pip==24.1.2
tensorflow-probability==0.25.0
tf_keras==2.20.1
"""


def test_colabs_list_is_read_without_addresses():
    text = make_locks.image_text(FREEZE)
    assert read_versions(text) == {
        "ipykernel": "6.17.1",
        "nbclient": "0.10.4",
        "pip": "24.1.2",
        "tensorflow-probability": "0.25.0",
        "tf-keras": "2.20.1",
    }
    assert "google-colab @" not in text
    assert make_locks.image_text(text) == text


def test_another_list_is_not_taken_for_colabs():
    with pytest.raises(ValueError, match="no tensorflow-probability"):
        make_locks.image_text(FREEZE.replace("tensorflow-probability==0.25.0\n", ""))


def test_a_lock_keeps_only_what_colab_has_at_its_version():
    lock = (
        "ipykernel==6.17.1 \\\n    --hash=sha256:aa\njedi==0.20.1 \\\n    --hash=sha256:bb\n"
        "pip==25.0 \\\n    --hash=sha256:cc\ntf-keras==2.20.1 ; os_name == 'nt' \\\n    --hash=x\n"
    )
    kept = make_locks.only_in_image(lock, FREEZE)
    assert read_versions(kept) == {"ipykernel": "6.17.1", "tf-keras": "2.20.1"}
    assert "sha256:aa" in kept
    assert "sha256:bb" not in kept


def test_the_lock_holds_colabs_versions_with_hashes_and_no_address():
    locked = read_versions(LOCK)
    assert locked.items() <= read_versions(IMAGE).items()
    packages = LOCK.count("==")
    assert packages == len(locked)
    assert LOCK.count(" \\\n    --hash=sha256:") >= packages
    for word in ("://", "file:", "index-url", "find-links", " @ "):
        assert word not in LOCK
        assert word not in IMAGE


def test_the_lock_holds_what_the_package_needs_within_its_ranges():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    locked = read_versions(LOCK)
    for requirement in map(Requirement, [*project["dependencies"], *make_locks.COLAB_RUNS]):
        version = locked.get(make_locks.canonical(requirement.name))
        assert version, f"locks/colab.txt lacks {requirement.name}: run `make lock`"
        assert requirement.specifier.contains(version), f"{requirement}, Colab has {version}"


def test_what_is_tried_is_in_the_lock_where_colab_has_it():
    tried = set(make_locks.COLAB_TRIES.split()) & set(read_versions(IMAGE))
    assert tried <= set(read_versions(LOCK))


def test_another_python_than_colabs_is_refused():
    make_env.check_colab((3, 13, 9))
    with pytest.raises(
        make_env.SetupProblem, match=r"3\.12, and Colab has 3\.13.*\n.*COLAB_PYTHON"
    ):
        make_env.check_colab((3, 12, 9))


@pytest.mark.skipif(not shutil.which("make"), reason="needs make")
def test_make_without_colabs_python_says_so():
    done = subprocess.run(
        ["make", "colab-test", "COLAB_PYTHON="], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode != 0
    assert "no Python 3.13" in done.stdout
    assert "make COLAB_PYTHON=" in done.stdout
