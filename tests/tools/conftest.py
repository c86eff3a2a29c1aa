"""The tools as modules, a small course to try them on, and a page to convert."""

import shutil
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tools"))

COURSE = Path(__file__).parent / "fixtures" / "course"


@pytest.fixture
def course(tmp_path):
    """A copy of the small course in fixtures/course, to change at will."""
    return Path(shutil.copytree(COURSE, tmp_path / "course"))


@pytest.fixture
def convert(course):
    """MyST text, as if it stood at line 10 of the small course's chapter, to plain Markdown."""
    from course_index import CourseIndex
    from plain_markdown import PageContext, plain_markdown
    from repository import read_address

    page = PageContext("book/deep/sample.md", CourseIndex(course), read_address(course))
    return lambda text: plain_markdown(text, 10, page)


@pytest.fixture(scope="session")
def derived_once(tmp_path_factory):
    """The small course with its notebooks derived and run: (root, changed paths, progress)."""
    from notebooks import derive_all

    root = Path(shutil.copytree(COURSE, tmp_path_factory.mktemp("derived") / "course"))
    lines = []
    changed = derive_all(root, say=lines.append)
    return root, [path.as_posix() for path in changed], lines


@pytest.fixture
def derived(derived_once, tmp_path):
    """A copy of that course, to spoil."""
    return Path(shutil.copytree(derived_once[0], tmp_path / "derived"))
