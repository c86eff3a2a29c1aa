"""Pages executed several at once: into the very cache that the book's build reads from."""

import logging

import pytest
from myst_nb.core.config import NbParserConfig
from myst_nb.core.execute import cache as build_cache
from myst_nb.core.execute import create_client
from myst_nb.core.read import myst_nb_reader_plugin
from page_execution import execute_pages

PAGES = {"book/deep/sample.md", "exercises/solutions/sample.md"}
SAMPLE = "book/deep/sample.md"


@pytest.fixture
def execute(course, tmp_path):
    """`execute_pages` on the small course: () to the set of executed pages."""
    return lambda: set(execute_pages(course, tmp_path / "cache", 2, 60))


def change(course, old, new):
    text = (course / SAMPLE).read_text("utf-8")
    assert old in text
    (course / SAMPLE).write_text(text.replace(old, new), encoding="utf-8")


def test_the_build_finds_every_page_executed(course, execute, tmp_path, monkeypatch):
    assert execute() == PAGES
    assert execute() == set()

    def executes_again(*args, **kwargs):
        raise AssertionError("the build executes a page that is in the cache")

    monkeypatch.setattr(build_cache, "single_nb_execution", executes_again)
    config = NbParserConfig(execution_mode="cache", execution_cache_path=str(tmp_path / "cache"))
    for page in PAGES:
        notebook = myst_nb_reader_plugin(course / page)
        log = logging.getLogger("build")
        with create_client(notebook, str(course / page), config, log) as client:
            assert client.exec_metadata["succeeded"]
            assert client.exec_metadata["runtime"] > 0
            if page == SAMPLE:
                assert "total 10" in str(client.notebook)


def test_a_changed_page_is_executed_again_and_words_change_nothing(course, execute):
    execute()
    change(course, "What is the bound at most?", "What is it at most?")
    assert execute() == set()
    change(course, 'print("total", total)', 'print("sum", total)')
    assert execute() == {SAMPLE}


@pytest.mark.parametrize("slip", ["assert total == 11", "import os; os._exit(1)"])
def test_a_page_that_fails_is_left_to_the_build(course, execute, slip, capsys):
    change(course, "assert total == 10", slip)
    assert execute() == PAGES - {SAMPLE}
    assert f"{SAMPLE}: failed" in capsys.readouterr().out
    assert execute() == set()
    change(course, slip, "assert total == 10")
    assert execute() == {SAMPLE}
