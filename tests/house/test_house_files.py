"""Every committed file is clean. The pre-commit hook runs these tests too."""

import json
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
LARGEST = 500_000  # bytes
HOME = re.compile(r"(/home/|/Users/|[A-Z]:\\+Users\\+)[A-Za-z0-9_.-]+|/root/\w")
PARSERS = {
    ".json": json.loads,
    ".ipynb": json.loads,
    ".toml": tomllib.loads,
    ".yml": yaml.safe_load,
    ".yaml": yaml.safe_load,
    ".cff": yaml.safe_load,
}


def problems_of(path, content):
    """What is wrong with one file, as sentences."""
    problems = []
    if len(content) > LARGEST and path.parent.name != "locks":
        problems.append(f"{len(content):,} bytes: what is larger than {LARGEST:,} is not committed")
    if b"\0" in content:
        return problems  # an image; nothing of the rest applies
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return [*problems, "not UTF-8"]
    if "\r" in text:
        problems.append("line ends are not LF")
    if text and not (text.endswith("\n") and text.strip("\n")):
        problems.append("no line end at the end of the file")
    if text.endswith("\n\n"):
        problems.append("empty lines at the end of the file")
    if path.suffix not in {".md", ".ipynb"}:  # two spaces are a line break in Markdown
        lines = [n for n, line in enumerate(text.split("\n"), 1) if line != line.rstrip()]
        problems += [f"line {n}: spaces at the end" for n in lines[:3]]
    if found := HOME.search(text):
        problems.append(f"a path of somebody's machine: {found[0]}")
    if path.suffix in PARSERS:
        try:
            PARSERS[path.suffix](text)
        except ValueError as problem:
            problems.append(f"does not parse: {problem}")
        except yaml.YAMLError as problem:
            problems.append(f"does not parse: {problem}")
    return problems


def test_committed_files_are_clean():
    if not shutil.which("git") or not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True
    ).stdout.decode("utf-8")
    paths = [Path(name) for name in listed.split("\0") if name and (ROOT / name).is_file()]
    problems = [
        f"{path}: {problem}"
        for path in paths
        for problem in problems_of(path, (ROOT / path).read_bytes())
    ]
    assert not problems, "\n" + "\n".join(problems)


@pytest.mark.parametrize(
    ("name", "content", "complaint"),
    [
        ("a.py", b"x = 1", "no line end"),
        ("a.py", b"x = 1\n\n", "empty lines"),
        ("a.py", b"x = 1 \n", "line 1: spaces"),
        ("a.py", b"x = 1\r\n", "LF"),
        ("a.py", b"x = '\xff'\n", "UTF-8"),
        ("a.md", b"see /home/" + b"somebody/course\n", "somebody's machine"),
        ("a.yml", b"a: [1\n", "parse"),
        ("a.toml", b"a = \n", "parse"),
        ("a.ipynb", b"{]\n", "parse"),
        ("book/a.svg", b"<svg/>\n" * 100_000, "bytes"),
    ],
)
def test_the_rules_catch_what_they_are_for(name, content, complaint):
    assert any(complaint in problem for problem in problems_of(Path(name), content))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.md", b"a line break  \nand more\n"),
        ("locks/py312.txt", b"numpy==2.1.3\n" * 100_000),
        ("a.png", b"\x89PNG\r\n\0 "),
        ("empty/__init__.py", b""),
    ],
)
def test_the_rules_let_pass_what_is_right(name, content):
    assert problems_of(Path(name), content) == []
