"""Progress: in memory, in the learner's own file if asked for, and never at the cost of a file."""

import json
import os
import stat

import pytest

import vicourse.check
from vicourse import check
from vicourse.check import exercises
from vicourse.check.judge import NOT_YET, PASSED
from vicourse.check.record import Record


@pytest.fixture(autouse=True)
def _fresh(monkeypatch):
    monkeypatch.setattr(vicourse.check, "_record", Record())


@pytest.fixture
def file(tmp_path):
    return tmp_path / "progress.json"


def new_session(monkeypatch):
    monkeypatch.setattr(vicourse.check, "_record", Record())


def entries(file):
    return json.loads(file.read_text(encoding="utf-8"))["exercises"]


def test_nothing_is_written_unless_asked_for(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    check("vae_mnist.5", "b")
    check.progress()
    assert list(tmp_path.iterdir()) == []


def test_progress_counts_tries_and_passed_stays_passed(capsys):
    for answer in "acba":
        check("vae_mnist.5", answer)
    check("vae_mnist.1", None)
    capsys.readouterr()
    check.progress()
    lines = capsys.readouterr().out.splitlines()
    first = next(n for n, line in enumerate(lines) if line.startswith("vae_mnist "))
    assert lines[first].split() == ["vae_mnist", "██░░░░░░░░", "1", "of", "5", "passed"]
    assert lines[first + 1].split()[-2:] == ["not", "attempted"]
    assert lines[first + 5].split() == ["✓", "5", "A", "prediction", "passed,", "4", "tries"]


def test_progress_of_an_untouched_course_is_one_bar_a_chapter(capsys):
    check.progress()
    *bars, total = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in bars] == list(exercises.CHAPTERS)
    mnist = bars[exercises.CHAPTERS.index("vae_mnist")]
    assert mnist.split()[1:] == ["░" * 10, "0", "of", "5", "passed"]
    count = len(exercises.all_exercises())
    assert total == f"In all 0 of {count} passed (█ passed, ▒ not yet, ░ not attempted)"


def test_the_bars_grow_from_the_left_and_what_follows_them_is_aligned(capsys):
    check("vae_mnist.5", "b")
    check("vae_mnist.4", "no function")
    check("aevb.5", "a")
    capsys.readouterr()
    check.progress()
    lines = capsys.readouterr().out.splitlines()
    bars = {line.split()[0]: line for line in lines[:-1] if not line.startswith(" ")}
    assert bars["vae_mnist"].split() == ["vae_mnist", "██▒▒░░░░░░", "1", "of", "5", "passed"]
    assert bars["aevb"].split() == ["aevb", "▒▒░░░░░░░░░░", "0", "of", "6", "passed"]
    assert lines[-1].startswith("In all 1 of ")
    assert len({line.index(" of ") for line in bars.values()}) == 1
    assert max(map(len, bars.values())) <= 88


def test_a_file_is_carried_on_in_a_new_session(file, monkeypatch):
    check.keep_progress(file)
    check("vae_mnist.5", "a")
    new_session(monkeypatch)
    check.keep_progress(str(file))
    check("vae_mnist.5", "b")
    assert entries(file) == {"vae_mnist.5": {"status": PASSED, "tries": 2}}
    assert [path.name for path in file.parent.iterdir()] == ["progress.json"]


def test_what_was_done_before_keep_progress_is_kept_too(file):
    check("vae_mnist.5", "a")
    check.keep_progress(file)
    assert entries(file) == {"vae_mnist.5": {"status": NOT_YET, "tries": 1}}


def test_two_notebooks_share_a_file(file):
    one, two = Record(), Record()
    one.keep_in(file)
    two.keep_in(file)
    one.add("vae_mnist.1", PASSED)
    two.add("vae_mnist.2", NOT_YET)
    one.add("vae_mnist.3", NOT_YET)
    assert sorted(entries(file)) == ["vae_mnist.1", "vae_mnist.2", "vae_mnist.3"]


DAMAGED = [
    b"",
    b'{"format": "vicourse progress 1", "exer',
    b"\xff\xfe\x00",
    b'{"format": "vicourse progress 1", "exercises": [1]}',
    b'{"format": "vicourse progress 1", "exercises": {"a.1": {"status": "passed"}}}',
    b'{"format": "vicourse progress 1", "exercises": {"a.1": {"status": "ok", "tries": 1}}}',
]


@pytest.mark.parametrize("content", DAMAGED)
def test_a_damaged_file_is_kept_aside_unchanged(content, file, capsys):
    file.write_bytes(content)
    check.keep_progress(file)
    assert "kept as progress.damaged-1.json" in capsys.readouterr().out
    assert (file.parent / "progress.damaged-1.json").read_bytes() == content
    check("vae_mnist.5", "b")
    assert entries(file)["vae_mnist.5"]["status"] == PASSED


def test_a_file_damaged_between_two_checks_is_kept_aside_too(file, capsys):
    check.keep_progress(file)
    check("vae_mnist.5", "b")
    for number in (1, 2):
        file.write_text("oops", encoding="utf-8")
        check("vae_mnist.5", "b")
        assert f"progress.damaged-{number}.json" in capsys.readouterr().out
        assert (file.parent / f"progress.damaged-{number}.json").read_text() == "oops"
    assert entries(file)["vae_mnist.5"]["tries"] == 3


@pytest.mark.parametrize("content", ['{"my": "data"}', "[1, 2]", "3"])
def test_someone_s_other_json_is_left_alone(content, file):
    file.write_text(content, encoding="utf-8")
    with pytest.raises(ValueError, match=r"progress\.json holds something else"):
        check.keep_progress(file)
    check("vae_mnist.5", "b")
    assert file.read_text(encoding="utf-8") == content
    assert [path.name for path in file.parent.iterdir()] == ["progress.json"]


def test_a_check_never_fails_for_its_file(file, capsys):
    check.keep_progress(file)
    file.write_text('{"my": "data"}', encoding="utf-8")
    assert check("vae_mnist.5", "b").status == PASSED
    assert "could not be kept" in capsys.readouterr().out
    assert file.read_text(encoding="utf-8") == '{"my": "data"}'
    file.unlink()
    file.parent.rmdir()
    assert check("vae_mnist.5", "b").status == PASSED
    assert "could not be kept" in capsys.readouterr().out


def test_only_json_names_and_existing_folders(tmp_path):
    with pytest.raises(ValueError, match=r"`path`: wanted a file name ending in \.json"):
        check.keep_progress(tmp_path / "notebook.ipynb")
    with pytest.raises(OSError, match="progress"):
        check.keep_progress(tmp_path / "missing" / "progress.json")
    (tmp_path / "folder.json").mkdir()
    with pytest.raises(OSError, match="folder"):
        check.keep_progress(tmp_path / "folder.json")


def test_an_interrupted_write_leaves_the_old_file(file, monkeypatch):
    check.keep_progress(file)
    check("vae_mnist.5", "a")
    before = file.read_bytes()

    def fail(*_):
        raise OSError("disk full")

    monkeypatch.setattr(os, "replace", fail)
    check("vae_mnist.5", "b")
    assert file.read_bytes() == before
    assert [path.name for path in file.parent.iterdir()] == ["progress.json"]


def test_the_file_can_be_read_by_its_owner(file):
    check.keep_progress(file)
    assert file.stat().st_mode & stat.S_IRUSR
