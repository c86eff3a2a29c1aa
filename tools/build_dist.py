"""Build the wheel and the source archive, and look at what they contain.

    python tools/build_dist.py [FOLDER]     both archives, into FOLDER (dist/)

Run by `make dist` and by the release workflow. What git lists is copied first, so that nothing old
(a `build/`, an `egg-info`) gets in. In the copy the README's links become whole addresses: an index
shows it far from the files that it points to. Needs no network.
"""

import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path, PurePosixPath

from reader_notebooks import tree_files
from repository import read_address

ROOT = Path(__file__).resolve().parent.parent
LICENCES = ("LICENSE", "LICENSE-TEXT")
BUILD = """
import sys
from setuptools import build_meta
folder = sys.argv[1]  # setuptools overwrites sys.argv
build_meta.build_sdist(folder)
build_meta.build_wheel(folder)
"""


class DistProblem(ValueError):
    """What is wrong with an archive; the message names the files."""


def carried(files):
    """Of the tree's files, those that an installed vicourse has: modules, and results as JSON."""
    wanted = r"vicourse/.*\.py|results/[^/]+\.(json|py)"
    return [name for name in files if re.fullmatch(wanted, name)]


def wheel_names(files):
    """What the wheel holds, without its own folder `vicourse-VERSION.dist-info`."""
    return {re.sub("^results/", "vicourse_results/", name) for name in carried(files)}


def sdist_names(files):
    """What the source archive holds: enough to build the wheel again, and no more."""
    made = {"PKG-INFO", "setup.cfg"}
    return {*carried(files), *LICENCES, *made, "README.md", "pyproject.toml", "setup.py"}


def compare(where, found, wanted):
    """Raises DistProblem where an archive holds something else than it should."""
    problems = [f"  too much: {name}" for name in sorted(found - wanted)]
    problems += [f"  missing:  {name}" for name in sorted(wanted - found)]
    if problems:
        raise DistProblem("\n".join([f"{where}:", *problems]))


def check_wheel(path, files):
    """That the wheel holds the package, its results and its licences, and nothing else."""
    names = zipfile.ZipFile(path).namelist()
    about = {name for name in names if ".dist-info/" in name}
    compare(path.name, set(names) - about, wheel_names(files))
    inside = {name.partition(".dist-info/")[2] for name in about}
    wanted = {"METADATA", "RECORD", "WHEEL", "entry_points.txt", "top_level.txt"}
    compare(path.name, inside, wanted | {f"licenses/{name}" for name in LICENCES})


def check_sdist(path, files):
    """That the source archive holds what builds the wheel, and nothing else."""
    with tarfile.open(path) as archive:
        members = [member.name for member in archive.getmembers() if member.isfile()]
    names = {str(PurePosixPath(*PurePosixPath(name).parts[1:])) for name in members}
    inside = {name for name in names if not name.startswith("vicourse.egg-info/")}
    compare(path.name, inside, sdist_names(files))


def whole_links(text, address):
    """Markdown whose links and pictures say where they are, instead of beside what they are."""

    def whole(match):
        is_picture = match[1].endswith((".png", ".svg"))
        return f"]({address.raw(match[1]) if is_picture else address.file(match[1])})"

    return re.sub(r"\]\((?!https?:|#)([^)\s]+)\)", whole, text)


def build(root, folder):
    """Both archives of the tree as it is now, checked.

    Returns:
        The two paths in `folder`: the source archive and the wheel.
    """
    files = tree_files(root)
    with tempfile.TemporaryDirectory() as scratch:
        copy, made = Path(scratch) / "vicourse", Path(scratch) / "made"
        made.mkdir()
        for name in files:
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(root / name, copy / name)
        readme = copy / "README.md"
        text = whole_links(readme.read_text("utf-8"), read_address(root))
        readme.write_text(text, "utf-8", newline="\n")
        command = [sys.executable, "-c", BUILD, str(made)]
        done = subprocess.run(command, cwd=copy, capture_output=True, text=True)
        if done.returncode:
            raise DistProblem(f"setuptools could not build it:\n{done.stdout}{done.stderr}")
        (sdist,), (wheel,) = made.glob("*.tar.gz"), made.glob("*.whl")
        check_sdist(sdist, files)
        check_wheel(wheel, files)
        folder.mkdir(parents=True, exist_ok=True)
        return [Path(shutil.copy(path, folder)) for path in (sdist, wheel)]


def main(arguments=()):
    folder = Path(arguments[0]) if arguments else ROOT / "dist"
    try:
        paths = build(ROOT, folder)
    except DistProblem as problem:
        print(f"vicourse: {problem}", file=sys.stderr)
        return 1
    for path in paths:
        print(f"{path.name}: {path.stat().st_size / 1e3:,.0f} kB, its contents as they should be")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
