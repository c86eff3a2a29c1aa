"""The repository's address: one place, one command, and the same result however often it is run."""

import address
import pytest
from address import replace_address, set_address
from notebooks import check_all, derive_all
from repository import AddressProblem, parse_slug, read_address


@pytest.mark.parametrize(
    ("slug", "book"),
    [
        ("Ada/vicourse", "https://ada.github.io/vicourse"),
        ("ada/Course.v2", "https://ada.github.io/Course.v2"),
        # GitHub Pages serves the repository OWNER.github.io at the root.
        ("Ada/ada.github.io", "https://ada.github.io"),
    ],
)
def test_the_books_address_follows_github_pages(slug, book):
    assert parse_slug(slug).book == book
    assert parse_slug(slug).page("book/a.md") == f"{book}/book/a.html"


@pytest.mark.parametrize(
    "slug",
    [
        "",
        None,
        "ada",
        "ada/",
        "/x",
        "a/b/c",
        "a b/c",
        "-a/b",
        "a/..",
        "a/b.git",
        "a/b\n",
        "https://github.com/a/b",
    ],
)
def test_malformed_addresses_are_refused(slug):
    with pytest.raises(AddressProblem, match="OWNER/REPO"):
        parse_slug(slug)


def test_replacing_touches_only_this_repository():
    old, new = parse_slug("YOUR_NAME/vicourse"), parse_slug("Ada/course")
    text = (
        "git+https://github.com/YOUR_NAME/vicourse.git https://your_name.github.io/vicourse/a.html "
        "https://img.shields.io/github/license/YOUR_NAME/vicourse "
        "YOUR_NAME/vicourse-data THEYOUR_NAME/vicourse other/vicourse"
    )
    assert replace_address(text, old, new) == (
        "git+https://github.com/Ada/course.git https://ada.github.io/course/a.html "
        "https://img.shields.io/github/license/Ada/course "
        "YOUR_NAME/vicourse-data THEYOUR_NAME/vicourse other/vicourse"
    )


def contents(root):
    return {path: path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


def test_setting_moves_everything_there_and_back(course):
    derive_all(course, execute="never")
    before = contents(course)
    changed = [path.as_posix() for path in set_address(parse_slug("Ada/ada.github.io"), course)]
    assert changed[:2] == ["README.md", "_config.yml"]
    assert len(changed) == 5  # and three notebooks
    assert read_address(course).slug == "Ada/ada.github.io"
    everything = b"\n".join(contents(course).values())
    assert b"YOUR_NAME" not in everything
    assert b"your_name" not in everything
    assert b"https://ada.github.io/book/deep/sample.html" in everything
    assert b"github.com/tensorflow/probability" in everything
    assert set_address(parse_slug("Ada/ada.github.io"), course) == []
    set_address(parse_slug("YOUR_NAME/vicourse"), course)
    assert contents(course) == before


def test_environments_and_what_was_built_are_left_alone(course):
    paths = [course / folder / "a.md" for folder in (".venv", ".venv-py312", "_build", "tests")]
    for path in paths:
        path.parent.mkdir(exist_ok=True)
        path.write_text("github.com/YOUR_NAME/vicourse\n", "utf-8")
    assert set_address(parse_slug("Ada/course"), course)
    assert all("YOUR_NAME" in path.read_text("utf-8") for path in paths)


def test_setting_keeps_stored_outputs(derived):
    set_address(parse_slug("ada/course"), derived)
    assert check_all(derived) == []


def test_the_publish_workflow_takes_it_from_the_environment(course, monkeypatch, capsys):
    monkeypatch.setenv("GITHUB_REPOSITORY", "ada/course")
    assert address.main(["--from-env"], course) == 0
    assert read_address(course).slug == "ada/course"
    assert "https://ada.github.io/course" in capsys.readouterr().out
    monkeypatch.setenv("GITHUB_REPOSITORY", "nonsense")
    assert address.main(["--from-env"], course) == 1
    assert "wanted OWNER/REPO" in capsys.readouterr().err


def test_a_page_without_a_notebook_is_reported(course, capsys):
    (course / "book/bare.md").write_text("# Bare\n\n```{code-cell} ipython3\n1\n```\n", "utf-8")
    assert address.main(["--set", "ada/course"], course) == 1
    assert "book/bare.md:1" in capsys.readouterr().err


def test_a_config_without_a_github_address_is_an_error(course):
    (course / "_config.yml").write_text("repository:\n  url: https://example.org/x/y\n", "utf-8")
    with pytest.raises(AddressProblem, match=r"_config\.yml: repository: url"):
        read_address(course)
