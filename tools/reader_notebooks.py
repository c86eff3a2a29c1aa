"""Which notebooks a reader opens, in this folder as it is now. Standard library only."""

import re
import subprocess
from pathlib import Path


class ChoiceProblem(ValueError):
    """A notebook that is not there; the message says which there are."""


def tree_files(root):
    """Every file of the tree as it is now, committed or not, that git does not ignore."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=root, capture_output=True, check=True).stdout
    names = {name for name in listed.decode("utf-8").split("\0") if name}
    return sorted(name for name in names if (root / name).is_file())


def readers_notebooks(files):
    """What a reader opens: the chapters, and the exercises without their solutions."""
    return [name for name in files if re.fullmatch(r"(book/.+|exercises/[^/]+)\.ipynb", name)]


def chosen(notebooks, only):
    """The notebooks that `only` names, by stem or path; all where it is empty."""
    for name in only:
        if not any(name in (path, Path(path).stem) for path in notebooks):
            raise ChoiceProblem(f"--only: no notebook is called {name}; there are: {notebooks}")
    return [path for path in notebooks if not only or {path, Path(path).stem} & set(only)]
