"""Citations as the book prints them: "Kingma and Welling (2014)", "(Burda et al., 2016)"."""

from functools import lru_cache
from pathlib import Path

from pybtex.database import parse_file
from pybtex.richtext import Text

BIBLIOGRAPHY_PAGE = "book/reference/bibliography.md"
REFERENCES = "book/reference/references.bib"


@lru_cache
def _entries(path, modified):
    return {key.lower(): (key, entry) for key, entry in parse_file(path).entries.items()}


def entries(root):
    """The bibliography, by lower-case key: (key, pybtex entry)."""
    path = Path(root, REFERENCES)
    return _entries(str(path), path.stat().st_mtime_ns) if path.exists() else {}


def authors(entry):
    """ "A", "A and B" or "A et al."; editors where a work has no author."""
    people = entry.persons.get("author") or entry.persons.get("editor") or []
    names = [
        str(Text.from_latex(" ".join(person.prelast_names + person.last_names)))
        for person in people
    ]
    if len(names) > 2:
        return f"{names[0]} *et al.*"
    return " and ".join(names)


def cite(role, keys, address, root):
    """The Markdown for a citation role; KeyError for a key that the bibliography lacks."""
    known, pieces = entries(root), []
    for key, entry in sorted((known[key.lower()] for key in keys), key=_in_order):
        link = f"{address.page(BIBLIOGRAPHY_PAGE)}#{key}"
        year = entry.fields["year"]
        if role == "cite:t":
            pieces.append(f"{authors(entry)} ([{year}]({link}))")
        else:
            pieces.append(f"[{authors(entry)}, {year}]({link})")
    return "; ".join(pieces) if role == "cite:t" else f"({'; '.join(pieces)})"


def _in_order(item):
    """The bibliography's own order: by authors, then year."""
    return authors(item[1]).lower(), item[1].fields["year"]
