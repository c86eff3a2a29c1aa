"""The catalogue of planted bugs: what one is, where they are listed, how one gets into a source.

A planted bug is a realistic slip in one file of the package, together with the tests that must
fail because of it. The `.toml` files beside this one list them, one file for each part of the
package.
"""

import tomllib
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent
ROOT = FOLDER.parents[1]


class StaleBug(ValueError):
    """A bug's snippet does not stand exactly once in its file: the catalogue needs mending."""


@dataclass(frozen=True)
class Bug:
    """A slip to plant.

    Attributes:
        id: a short name.
        mistake: the slip in a learner's words, one line.
        file: where it is planted, below `vicourse/`.
        original: the right code; it stands exactly once in the file.
        replacement: the wrong code.
        tests: which tests must catch it, below `tests/`: "folder/test_x.py::test_y".
        catalogue: the name of the `.toml` file that lists it.
    """

    id: str
    mistake: str
    file: str
    original: str
    replacement: str
    tests: tuple
    catalogue: str = "here"

    def planted_in(self, source):
        """The source of `file` with the bug in it; `StaleBug` unless its snippet stands once."""
        count = source.count(self.original)
        if count != 1:
            raise StaleBug(
                f"The planted bug {self.id!r}: its `original` stands {count} times in "
                f"vicourse/{self.file}, wanted once. Mend it in "
                f"tests/planted_bugs/{self.catalogue}.toml."
            )
        return source.replace(self.original, self.replacement)


def read_catalogues():
    """{name: list of `Bug`} for each `.toml` file, in the order of their names."""
    return {path.stem: _read(path) for path in sorted(FOLDER.glob("*.toml"))}


def all_tests(bugs):
    """The tests that some bugs name, each once."""
    return tuple(dict.fromkeys(test for bug in bugs for test in bug.tests))


def _read(path):
    entries = tomllib.loads(path.read_text("utf-8"))["bug"]
    return [
        Bug(**{**entry, "tests": tuple(entry["tests"]), "catalogue": path.stem})
        for entry in entries
    ]
