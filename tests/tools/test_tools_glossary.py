"""The glossary's source as a page: tools/glossary.py and tools/sphinx_glossary.py."""

import io
import re
import shutil
from pathlib import Path

import glossary
import pytest
import yaml
from course_index import CourseIndex
from myst_text import plain_text
from plain_markdown import PageContext
from repository import read_address
from sphinx.application import Sphinx
from sphinx.util.docutils import docutils_namespace, patch_docutils

ROOT = Path(__file__).parents[2]


def raw(id, term, **more):
    wording = {"term": term, "definition": f"What {term} is."}
    return {"id": id, "chapters": ["foundations/elbo"], "en": wording, **more}


def entries(tmp_path, *raws):
    path = tmp_path / "glossary.yml"
    path.write_text(yaml.safe_dump(list(raws), allow_unicode=True), "utf-8")
    return glossary.read_glossary(path)


def test_entries_are_sorted_by_the_english_term_whatever_its_case_and_accents(tmp_path):
    raws = [raw("a", "score"), raw("b", "Rényi divergence"), raw("c", "ELBO"), raw("d", "rank")]
    found = entries(tmp_path, *raws)
    assert [entry.english.term for entry in found] == ["ELBO", "rank", "Rényi divergence", "score"]


@pytest.mark.parametrize(
    ("raws", "complaint"),
    [
        ([raw("a", "gap"), raw("a", "bound")], r"every id .* \['a'\]"),
        ([raw("a", "gap"), raw("b", "Gap")], r"every term .* \['gap'\]"),
        ([raw("a", "gap", see=["bound"])], r"a: see: .*\['bound'\]"),
        ([raw("A gap", "gap")], "an id such as"),
        (["gap"], "an id such as"),
        ([raw("a", "gap", fr={"term": "écart"})], r"unknown keys \['fr'\]"),
        ([raw("a", "gap", chapters=[])], "at least one of `chapters`"),
        ([{"id": "a", "chapters": ["foundations/elbo"]}], "needs `en`"),
        ([raw("a", "gap", es={"term": "brecha"})], "a: es: the definition is missing"),
        ([raw("a", "gap", es={"term": "", "definition": "Lo que falta."})], "the term is missing"),
        ([raw("a", "gap", en={"term": "a", "definition": "b", "form": []})], "a: en: unknown keys"),
    ],
)
def test_what_is_wrong_with_the_source_is_said(tmp_path, raws, complaint):
    with pytest.raises(glossary.GlossaryProblem, match=complaint):
        entries(tmp_path, *raws)


def test_a_language_is_shown_when_every_entry_has_it(tmp_path):
    gap = {"term": "brecha", "definition": "Lo que falta."}
    bound = {"term": "cota", "definition": "Lo que no se pasa."}
    half = entries(tmp_path, raw("a", "gap", es=gap), raw("b", "bound"))
    assert glossary.missing(half, "es") == ["b"]
    assert glossary.shown_languages(half) == ["en"]
    assert not any("brecha" in line for line in glossary.glossary_lines(half, str))
    whole = entries(tmp_path, raw("a", "gap", es=gap, see=["b"]), raw("b", "bound", es=bound))
    assert glossary.shown_languages(whole) == ["en", "es"]
    assert glossary.glossary_lines(whole, str.upper) == [
        "bound",
        "   What bound is.",
        "",
        "   *Español:* **cota**. Lo que no se pasa.",
        "",
        "   Explained in: FOUNDATIONS/ELBO",
        "",
        "gap",
        "   What gap is.",
        "",
        "   *Español:* **brecha**. Lo que falta.",
        "",
        "   Explained in: FOUNDATIONS/ELBO · See also: {term}`bound`",
        "",
    ]


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The glossary and a chapter, built by Sphinx: (folder, warnings, page, chapter's page)."""
    source = tmp_path_factory.mktemp("course")
    pages = {
        "index.md": "# I\n\n```{toctree}\nbook/reference/glossary\nbook/foundations/elbo\n```\n",
        "book/notation.md": "---\norphan: true\n---\n# Notation\n",
        "book/foundations/elbo.md": "# B\n\nA {term}`bound <ELBO>`, {term}`Rényi divergence`.\n",
    }
    for name, text in pages.items():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text(text, "utf-8")
    (source / "book/reference").mkdir()
    for name in (glossary.PAGE, glossary.SOURCE):
        shutil.copyfile(ROOT / name, source / name)
    settings = {
        "extensions": ["myst_parser", "sphinx_glossary"],
        "myst_enable_extensions": ["dollarmath"],
        "html_theme": "basic",
    }
    out, warned = source / "_build", io.StringIO()
    with patch_docutils(), docutils_namespace():
        Sphinx(source, None, out, out / "trees", "html", settings, io.StringIO(), warned).build()
    shown = [
        (out / f"book/{name}.html").read_text("utf-8")
        for name in ("reference/glossary", "foundations/elbo")
    ]
    return source, warned.getvalue(), *shown


def test_the_page_is_built_without_a_warning_and_leads_to_the_chapters(built):
    _, warned, page, _ = built
    assert warned == ""
    assert re.search(r'Explained in: <a [^>]*href="\.\./foundations/elbo\.html"', page)
    assert "black box vi (to come)" in page
    assert "{term}" not in page
    assert "$" not in page


def test_links_of_pages_and_of_notebooks_lead_to_the_same_entries(built):
    source, _, page, chapter = built
    ids = set(re.findall(r'id="(term-[^"]+)"', page))
    targets = re.findall(r'href="\.\./reference/glossary\.html#(term-[^"]+)"', chapter)
    assert len(targets) == 2
    assert set(targets) <= ids
    context = PageContext("book/intro.md", CourseIndex(source), read_address(ROOT))
    for entry in glossary.read_glossary(ROOT / glossary.SOURCE):
        link = plain_text(f"{{term}}`some words <{entry.english.term}>`", 1, context)
        match = re.fullmatch(r"\[some words\]\(.*/glossary\.html#(term-.+)\)", link)
        assert match[1] in ids
