"""The API pages: every public name is described in full, and every part has its page."""

import ast
import inspect
import re
import textwrap
from pathlib import Path

import api_index
import pytest
import yaml

ROOT = Path(__file__).parents[2]
ENTRIES = api_index.all_entries()
BY_PATH = {entry.path: entry for entry in ENTRIES}
# A formula and its source are asked of what is mathematics, not of what picks a function by name.
MATHEMATICAL = {"models", "divergences", "objectives", "gradients", "families"}
BY_NAME = {
    "vicourse.divergences.divergence",
    "vicourse.gradients.gradient_estimator",
    "vicourse.gradients.gradient_samples",
}
# Chapters that are still to come; docstrings may name them already.
PLANNED = {
    "deep/better_bounds",
    "deep/beyond_vae",
    "applications/topic_models",
    "applications/clustering_and_segmentation",
}
HEADING = r"^(?:(?:Args|Attributes|Returns|Raises)(?:, )?)*{}(?:, \w+)*:"


def has(doc, heading):
    return re.search(HEADING.format(heading), doc, re.MULTILINE) is not None


def has_formula(doc):
    """Whether something like a formula stands before the arguments."""
    return re.search(r"[=~≤≥∫ΣΠ∏‖]", re.split(HEADING.format(""), doc, flags=re.M)[0]) is not None


def parameters(value):
    """Those that need a word; TFP's label of a distribution, `name="full_rank"`, needs none."""
    every = inspect.signature(value).parameters.values()
    return [each.name for each in every if (each.name, type(each.default)) != ("name", str)]


def bases(value):
    """The classes whose fields a class takes over: what they explain needs no second word."""
    return value.__mro__[1:-1] if inspect.isclass(value) else ()


def is_explained(doc, name):
    """Whether `name` stands before a colon below "Args:" or "Attributes:", or all is `as for`."""
    as_for = r"^[\w, ]*(?:Args|Attributes)[\w, ]*: as for `\w+`|^    others: as for `\w+`"
    own = rf"^    (?:\w+, )*{re.escape(name)}(?:, \w+)*:"
    return re.search(f"{as_for}|{own}", doc, re.MULTILINE) is not None


def returns_something(function):
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    returns = [node for node in ast.walk(tree) if isinstance(node, ast.Return)]
    return any(node.value is not None for node in returns)


def complaints(entry):
    """What the docstring of a public name leaves out."""
    doc, kind = entry.doc, entry.kind
    first = doc.split("\n\n")[0]
    if not first or "\n" in first.strip():
        yield "the first paragraph is not one line that says what it is"
    if kind in {"data", "exception"}:
        return
    docs = [doc, *(inspect.cleandoc(base.__doc__ or "") for base in bases(entry.value))]
    missing = [
        name
        for name in parameters(entry.value)
        if not any(is_explained(each, name) for each in docs)
    ]
    if missing:
        yield f"does not explain {', '.join(missing)}"
    if kind == "function" and returns_something(entry.value) and not has(doc, "Returns"):
        yield "does not say what it returns"
    if not entry.chapters:
        yield "names no chapter"
    for chapter in entry.chapters:
        if chapter not in PLANNED and not (ROOT / "book" / f"{chapter}.md").is_file():
            yield f"names the chapter {chapter}, which is neither written nor planned"
    if entry.part in MATHEMATICAL and entry.path not in BY_NAME:
        if not has_formula(doc):
            yield "has no formula"
        if not entry.field("Source"):
            yield "has no source"


@pytest.mark.parametrize("path", BY_PATH)
def test_a_public_name_is_described_in_full(path):
    assert list(complaints(BY_PATH[path])) == []


@pytest.mark.parametrize("path", BY_PATH)
def test_what_a_docstring_refers_to_exists(path):
    entry = BY_PATH[path]
    names = {other.name for other in ENTRIES if other.part == entry.part}
    referred = re.findall(r"as for `(\w+)`", entry.doc)
    assert set(referred) <= names
    assert entry.name not in referred
    assert entry.doc.count("`") % 2 == 0


def example(doc, part="objectives", home_doc=""):
    def function(a, b=1):
        return a + b

    return api_index.Entry(part, "function", function, inspect.cleandoc(doc), home_doc)


GOOD = """The sum.

        a + b = b + a

    Args:
        a, b: numbers.

    Returns:
        Their sum.

    Source: Euclid.
    Chapter: foundations/elbo
    """


def test_a_full_description_is_let_pass():
    assert list(complaints(example(GOOD))) == []
    short = "The sum a + b = b + a.\n\n    Args, Returns: as for `elbo`.\n"
    home = "A module.\n\nSource: Euclid.\nChapter: foundations/elbo.\n"
    assert list(complaints(example(short, home_doc=home))) == []


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("The sum.\n", "The sum\n    of both.\n", "first paragraph"),
        ("a, b: numbers", "a: a number", "does not explain b"),
        ("Returns:", "Gives:", "returns"),
        ("Chapter: foundations/elbo", "", "no chapter"),
        ("foundations/elbo", "foundations/elbow", "neither written nor planned"),
        ("        a + b = b + a\n", "", "no formula"),
        ("Source: Euclid.", "", "no source"),
    ],
)
def test_a_gap_would_be_found(old, new, complaint):
    assert old in GOOD
    found = list(complaints(example(GOOD.replace(old, new))))
    assert len(found) == 1
    assert complaint in found[0]


def test_every_part_has_its_page_and_the_contents_list_it():
    asked = {}
    for page in (ROOT / api_index.PAGES).glob("*.md"):
        for part in re.findall(r"^\.\. api-part:: (\w+)$", page.read_text("utf-8"), re.MULTILINE):
            asked[part] = f"{api_index.PAGES}/{page.stem}"
    assert asked == {
        part: f"{api_index.PAGES}/{api_index.page_of(part)}" for part in api_index.parts()
    }
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text("utf-8"))
    chapters = [chapter for part in toc["parts"] for chapter in part["chapters"]]
    api = next(chapter for chapter in chapters if chapter["file"] == "book/reference/api.md")
    listed = {section["file"].removesuffix(".md") for section in api["sections"]}
    assert listed == set(asked.values())
