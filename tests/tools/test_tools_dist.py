"""`make dist`: the wheel and the source archive hold what they should, and nothing else."""

import email
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import build_dist
import pytest
from build_dist import DistProblem, check_sdist, check_wheel, whole_links
from packaging.requirements import Requirement
from reader_notebooks import tree_files
from repository import parse_slug

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
needs_git = pytest.mark.skipif(not shutil.which("git"), reason="needs git")
FILES = [
    *("vicourse/__init__.py", "vicourse/vae/model.py", "results/__init__.py", "results/a.json"),
    *("results/README.md", "tests/test_a.py", "book/a.ipynb", "README.md", "setup.py"),
]
WHEEL = [
    *("vicourse/__init__.py", "vicourse/vae/model.py"),
    *("vicourse_results/__init__.py", "vicourse_results/a.json"),
    *(
        f"vicourse-1.dist-info/{name}"
        for name in (
            *("METADATA", "WHEEL", "RECORD", "entry_points.txt", "top_level.txt"),
            *("licenses/LICENSE", "licenses/LICENSE-TEXT"),
        )
    ),
]


@pytest.fixture(scope="module")
def archives(tmp_path_factory):
    """The source archive and the wheel of this tree; `build` checks their names itself."""
    return build_dist.build(ROOT, tmp_path_factory.mktemp("dist"))


@needs_git
def test_an_installed_vicourse_has_the_package_and_its_results(archives):
    """Independently of `wheel_names`: by the folders, and by what must never be in it."""
    names = zipfile.ZipFile(archives[1]).namelist()
    tops = {name.split("/")[0] for name in names}
    tops = {top for top in tops if not top.endswith(".dist-info")}
    assert tops == {"vicourse", "vicourse_results"}
    for layer in ROOT.glob("vicourse/*/__init__.py"):
        assert f"vicourse/{layer.parent.name}/__init__.py" in names
    assert "vicourse_results/posteriors.json" in names
    assert not [name for name in names if re.search(r"test|\.ipynb|\.md$|pyc$|cells", name)]


@needs_git
def test_a_wheel_made_from_the_source_archive_is_the_same(archives, tmp_path):
    """What a packager does, who has the archive and nothing else."""
    sdist, wheel = archives
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path, filter="data")
    (folder,) = tmp_path.iterdir()
    code = "from setuptools import build_meta; build_meta.build_wheel('made')"
    (folder / "made").mkdir()
    subprocess.run([sys.executable, "-c", code], cwd=folder, check=True, capture_output=True)
    (again,) = (folder / "made").glob("*.whl")
    first, second = zipfile.ZipFile(wheel), zipfile.ZipFile(again)
    assert sorted(first.namelist()) == sorted(second.namelist())
    assert all(first.read(name) == second.read(name) for name in first.namelist())


@needs_git
def test_the_metadata_say_what_pyproject_says(archives):
    wheel = zipfile.ZipFile(archives[1])
    (name,) = [name for name in wheel.namelist() if name.endswith("/METADATA")]
    about = email.message_from_bytes(wheel.read(name))
    assert about["Name"] == "vicourse"
    assert about["License-Expression"] == PROJECT["license"]
    assert about.get_all("License-File") == PROJECT["license-files"]
    needed = [line for line in about.get_all("Requires-Dist") if "extra ==" not in line]
    assert len(needed) == len(PROJECT["dependencies"])
    assert about["Description-Content-Type"] == "text/markdown"
    links = re.findall(r"\]\(([^)]*)\)", about.get_payload())
    assert len(links) > 10
    assert all(re.match("https?://|#", link) for link in links), links


def test_setuptools_is_new_enough_for_a_licence_expression():
    """76.1 refuses our `license`; an old one in the environment may build without isolation."""
    build = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["build-system"]
    (setuptools,) = map(Requirement, build["requires"])
    assert not setuptools.specifier.contains("76.1.0")
    assert setuptools.specifier.contains("77.0.3")


def test_links_and_pictures_become_whole_addresses():
    text = "![a b](p/x.png) [c](C.md#d) [e](https://e.org) [f](#g) [![h](https://h.org)](LICENSE)"
    site = "https://github.com/ada/course/blob/main"
    assert whole_links(text, parse_slug("ada/course")) == (
        "![a b](https://raw.githubusercontent.com/ada/course/main/p/x.png) "
        f"[c]({site}/C.md#d) [e](https://e.org) [f](#g) [![h](https://h.org)]({site}/LICENSE)"
    )


def a_wheel(folder, names):
    path = folder / "a.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, "")
    return path


def test_a_right_wheel_passes(tmp_path):
    check_wheel(a_wheel(tmp_path, WHEEL), FILES)


@pytest.mark.parametrize(
    "name",
    [
        *("tests/test_a.py", "book/a.ipynb", "vicourse/old.py", "vicourse_results/README.md"),
        *("build/lib/vicourse/__init__.py", "vicourse-1.dist-info/direct_url.json"),
    ],
)
def test_what_does_not_belong_into_a_wheel_is_named(tmp_path, name):
    with pytest.raises(DistProblem, match=rf"too much: .*{re.escape(Path(name).name)}"):
        check_wheel(a_wheel(tmp_path, [*WHEEL, name]), FILES)


@pytest.mark.parametrize("name", WHEEL)
def test_what_is_missing_in_a_wheel_is_named(tmp_path, name):
    with pytest.raises(DistProblem, match=rf"missing:  .*{re.escape(Path(name).name)}"):
        check_wheel(a_wheel(tmp_path, [other for other in WHEEL if other != name]), FILES)


@needs_git
@pytest.mark.parametrize("name", ["LICENSE-TEXT", "setup.py", "results/posteriors.json", None])
def test_a_source_archive_without_or_with_too_much_is_refused(archives, tmp_path, name):
    """`name` is left out; with None, a test is in it that does not belong there."""
    path = tmp_path / "a.tar.gz"
    with tarfile.open(archives[0]) as right, tarfile.open(path, "w:gz") as wrong:
        for member in right.getmembers():
            if member.isfile() and (name is None or not member.name.endswith(name)):
                wrong.addfile(member, right.extractfile(member))
        if name is None:
            wrong.addfile(tarfile.TarInfo("vicourse-1/tests/test_a.py"))
    with pytest.raises(DistProblem, match=f"missing:  {name}" if name else "too much: tests"):
        check_sdist(path, tree_files(ROOT))
