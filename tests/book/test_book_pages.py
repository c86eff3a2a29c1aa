"""House rules that every page and notebook keeps (CONTRIBUTING.md, "How a chapter is written")."""

import ast
import re
from pathlib import Path

import nbformat
import pytest
import yaml
from address import text_files
from citations import entries
from course_index import CourseIndex, figure_settings, read_cells, source_pages
from notebook_making import has_code, notebooks_of
from notebooks import check_all, stored_notebooks
from repository import read_address

ROOT = Path(__file__).parents[2]
PAGES = source_pages(ROOT)
CODE_PAGES = [page for page in PAGES if has_code(ROOT, page)]
UNDRAWN = {"remove-cell", "remove-output"}
NOT_DRAWING = {"close", "rc", "setp"}


def toc_files():
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text("utf-8"))
    pages = [page for part in toc["parts"] for page in part["chapters"]]
    pages += [page for above in pages for page in above.get("sections", [])]
    return [toc["root"], *(page["file"] for page in pages)]


def without_code(text):
    text = re.sub(r"^(`{3,})(?!\{(?!code-cell)).*?^\1\s*$", "", text, flags=re.M | re.S)
    return re.sub(r"(`+)(?!`)[^\n]+?\1", lambda m: m[0] if text[m.start() - 1] == "}" else "", text)


def draws(source):
    """Whether a cell's code calls plots.something(...) or plt.something(...)."""
    lines = [line for line in source.splitlines() if not line.lstrip().startswith(("%", "!"))]
    return any(
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id in {"plots", "plt"}
        and node.func.attr not in NOT_DRAWING
        for node in ast.walk(ast.parse("\n".join(lines)))
    )


def missing_descriptions(cells):
    """The first lines of the cells that draw and have no description of at least 20 characters."""
    return [
        cell.metadata["line"]
        for cell in cells
        if cell.cell_type == "code"
        and not UNDRAWN & set(cell.metadata.get("tags") or [])
        and (draws(cell.source) or figure_settings(cell))
        and len(str(((cell.metadata.get("mystnb") or {}).get("image") or {}).get("alt", ""))) <= 20
    ]


@pytest.mark.parametrize("page", CODE_PAGES)
def test_every_figure_is_described_in_words(page):
    assert missing_descriptions(read_cells(ROOT, page).cells) == []


def test_a_figure_without_a_description_would_be_found():
    def cell(source, **mystnb):
        return nbformat.v4.new_code_cell(source, metadata={"mystnb": mystnb, "line": 1})

    words = "A curve that falls and then stays level."
    assert missing_descriptions([cell("plt.plot(x)")]) == [1]
    assert missing_descriptions([cell("if x:\n    plots.manifold(vae)")]) == [1]
    assert missing_descriptions([cell("f()", figure={"caption": "C"})]) == [1]
    assert missing_descriptions([cell("plt.plot(x)", image={"alt": "a plot"})]) == [1]
    assert missing_descriptions([cell("plt.plot(x)", image={"alt": words})]) == []
    assert missing_descriptions([cell("%matplotlib inline\nplt.style.use('x')\nplt.close()")]) == []


@pytest.mark.parametrize("page", CODE_PAGES)
def test_links_labels_and_citations_resolve_and_no_unknown_syntax_is_used(page):
    # The conversion stops at the first thing that it does not know or that leads nowhere.
    assert notebooks_of(page, CourseIndex(ROOT), read_address(ROOT))


@pytest.mark.parametrize("page", sorted(set(PAGES) - set(CODE_PAGES)))
def test_links_of_pages_without_code_resolve(page):
    text = without_code((ROOT / page).read_text("utf-8"))
    targets = re.findall(r"\]\(([^()\s#]+)[^()]*\)", text)
    local = [target for target in targets if not re.match(r"[a-z]+:", target)]
    assert [t for t in local if not (ROOT / page).parent.joinpath(t).exists()] == []


@pytest.mark.parametrize("page", PAGES)
def test_every_citation_is_in_the_bibliography(page):
    text = without_code((ROOT / page).read_text("utf-8"))
    groups = re.findall(r"\{cite(?::\w+)?\}`([^`]+)`", text)
    keys = [key.strip() for group in groups for key in group.split(",")]
    assert [key for key in keys if key.lower() not in entries(ROOT)] == []


def test_every_notebook_runs_on_python3():
    for path in stored_notebooks(ROOT):
        metadata = nbformat.read(ROOT / path, as_version=4).metadata
        assert metadata.kernelspec.name == "python3", path


def test_every_notebook_is_what_its_page_makes():
    assert check_all(ROOT) == [], "run `make notebooks`"


def test_the_contents_list_every_page_by_its_source_and_no_other():
    files = toc_files()
    assert len(set(files)) == len(files)
    assert [file for file in files if not (ROOT / file).is_file()] == []
    assert [file for file in files if not file.endswith(".md")] == []
    assert [page for page in PAGES if page not in files] == []


def foreign_addresses(text, address):
    """Addresses of this course in `text` with another owner than the config's."""
    names = "|".join(re.escape(name) for name in {"vicourse", address.repo})
    found = set()
    for url in re.findall(r"https?://[^\s()<>\"']+", text):
        # The first pair only: .../OWNER/vicourse/blob/main/vicourse/elbo.py names one repository.
        if url.startswith("https://pypi.org/project/"):
            continue  # a package's name, of no owner
        if site := re.match(rf"https?://([\w-]+)\.github\.io/(?:{names})(?![\w-])", url):
            found.add(site[1])
        elif pair := re.search(rf"/([\w-]+)/(?:{names})(?![\w-])", url):
            found.add(pair[1])
        elif "your_name" in url.lower():
            found.add("YOUR_NAME")
    return sorted(found - {address.owner, address.owner.lower()})


def test_every_address_is_the_one_in_the_config():
    address = read_address(ROOT)
    files = [*text_files(ROOT), *(ROOT / path for path in stored_notebooks(ROOT))]
    wrong = {
        path.relative_to(ROOT).as_posix(): found
        for path in files
        if (found := foreign_addresses(path.read_text("utf-8"), address))
    }
    assert wrong == {}, "run `python tools/address.py --set OWNER/REPO`"


def test_another_address_would_be_found():
    address = read_address(ROOT)
    other = "some-body/" + "vicourse"
    for text in (
        f"https://github.com/{other}/issues",
        f"git+https://github.com/{other}.git",
        f"https://colab.research.google.com/github/{other}/blob/main/x.ipynb",
        f"https://img.shields.io/github/license/{other}",
        "https://some-body.github.io/vicourse/book",
    ):
        assert foreign_addresses(text, address) == ["some-body"], text
    own = f"{address.file('vicourse/a.py')} {address.book}/x {address.colab('y')}"
    assert foreign_addresses(own + " https://github.com/tensorflow/probability", address) == []
