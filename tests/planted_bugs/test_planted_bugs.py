"""The catalogue of bugs is sound, and planting them works; `make planted-bugs` plants them all."""

import dataclasses

import pytest
from planted_catalogue import ROOT, Bug, StaleBug, all_tests, read_catalogues
from planted_runner import run_tests

CATALOGUES = read_catalogues()
BUGS = [bug for bugs in CATALOGUES.values() for bug in bugs]
# A few that are quick, from the bottom of the package to its top.
HANDFUL = [bug for bug in BUGS if bug.id in {"jacobian-dropped", "kl-added", "picture-inverted"}]


def message(bug, outcome):
    return f"{bug.mistake}: none of {bug.tests} failed as it should.\n{outcome.words}"


def test_the_catalogue_is_sound():
    """Ids are unique, mistakes fit a line, snippets stand once, tests exist, no package is left."""
    assert len({bug.id for bug in BUGS}) == len(BUGS) >= 50
    for bug in BUGS:
        assert len(bug.mistake) <= 80, bug.id
        source = (ROOT / "vicourse" / bug.file).read_text("utf-8")
        assert bug.planted_in(source) != source, bug.id
        for test in bug.tests:
            path, name = test.split("::")
            assert f"def {name.split('[')[0]}(" in (ROOT / "tests" / path).read_text("utf-8"), test
    assert set(CATALOGUES) >= {"data", "models", "divergences", "objectives", "gradients"}
    assert set(CATALOGUES) >= {"families", "inference", "vae"}


def test_a_handful_is_caught():
    assert run_tests(all_tests(HANDFUL)).passed
    for bug in HANDFUL:
        outcome = run_tests(bug.tests, bug)
        assert outcome.caught_by in bug.tests, message(bug, outcome)


BUG = next(bug for bug in BUGS if bug.id == "kl-added")


@pytest.mark.parametrize(
    ("replacement", "passed"),
    [("return log_likelihood - 1.0 * kl", True), ("return log_likelihod + kl", False)],
    ids=["harmless", "does not run"],
)
def test_only_a_failing_assertion_or_a_clear_error_counts(replacement, passed):
    bug = dataclasses.replace(BUG, replacement=replacement)
    outcome = run_tests(bug.tests, bug)
    assert outcome.caught_by is None
    assert outcome.passed == passed


@pytest.mark.parametrize("source", ["", "a b a"])
def test_a_stale_snippet_is_named(source):
    bug = Bug("one", "a slip", "a.py", "a", "b", ("x.py::test_y",), "models")
    with pytest.raises(StaleBug, match=r"'one'.*vicourse/a\.py.*planted_bugs/models\.toml"):
        bug.planted_in(source)
