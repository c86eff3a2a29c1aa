"""The locks, Colab's versions and the ranges in pyproject.toml agree."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
PYTHONS = ("3.11", "3.12", "3.13")
LOCKS = {python: ROOT / "locks" / f"py{python.replace('.', '')}.txt" for python in PYTHONS}

# Google's own list of what is installed in Colab (pip-freeze.txt of August 2026).
COLAB = {
    "arviz": "0.22.0",
    "ipykernel": "6.17.1",
    "jupytext": "1.19.5",
    "keras": "3.13.2",
    "matplotlib": "3.10.0",
    "nbclient": "0.10.4",
    "numpy": "2.1.3",
    "pooch": "1.9.0",
    "pyyaml": "6.0.3",
    "scikit-learn": "1.6.1",
    "scipy": "1.16.3",
    "setuptools": "75.2.0",
    "tensorflow": "2.20.0",
    "tensorflow-probability": "0.25.0",
    "tf-keras": "2.20.1",
    "tqdm": "4.67.3",
}
NEW_IN_COLAB = {"pybtex"}  # Colab has none, so that there is nothing to replace
# The locks hold exactly these of Colab's versions: what computes and what draws.
CORE = sorted(set(COLAB) - {"ipykernel", "jupytext", "nbclient", "pyyaml", "setuptools"})


def declared(*extras):
    """The requirements of the package and of these extras."""
    lines = list(PROJECT["dependencies"])
    for extra in extras:
        lines += PROJECT["optional-dependencies"][extra]
    requirements = [Requirement(line) for line in lines]
    return [requirement for requirement in requirements if requirement.name != "vicourse"]


def locked(text):
    """{name: versions} of a lock; a requirement without version or hash is an error."""
    versions = {}
    for block in re.sub(r"\\\n", " ", text).splitlines():
        block = block.strip()
        if not block or block.startswith("#"):
            continue
        line, *hashes = re.split(r"\s+--hash=", block)
        requirement = Requirement(line)
        pins = list(requirement.specifier)
        assert len(pins) == 1, f"{line}: wanted one version, with =="
        assert pins[0].operator == "==", f"{line}: wanted one version, with =="
        assert hashes, f"{line}: no hash, so anything could be installed in its place"
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", value) for value in hashes), line
        versions.setdefault(canonicalize_name(requirement.name), set()).add(pins[0].version)
    return versions


@pytest.fixture(params=PYTHONS)
def lock(request):
    return locked(LOCKS[request.param].read_text("utf-8"))


@pytest.mark.parametrize(
    "line",
    ["numpy==2.1.3", "numpy>=2.1 --hash=sha256:" + "0" * 64, "numpy==2.1.3 --hash=md5:0"],
)
def test_the_reader_of_locks_refuses_what_is_not_locked(line):
    with pytest.raises(AssertionError):
        locked(line)


@pytest.mark.parametrize("python", PYTHONS)
def test_a_lock_names_no_address(python):
    text = LOCKS[python].read_text("utf-8")
    for word in ("http", "file:", "index-url", "find-links", " @ "):
        assert word not in text, f"{LOCKS[python].name} contains {word!r}; run `make lock` again"


@pytest.mark.parametrize("name", CORE)
def test_the_locked_core_is_colabs(lock, name):
    assert lock[name] == {COLAB[name]}


def test_a_lock_holds_all_that_is_declared_and_in_range(lock):
    for requirement in declared("notebooks", "book", "test"):
        versions = lock.get(canonicalize_name(requirement.name), set())
        assert versions, f"{requirement.name} is not in the lock: run `make lock`"
        for version in versions:
            assert requirement.specifier.contains(version, prereleases=True), (
                f"the lock has {requirement.name} {version}, pyproject.toml wants "
                f"{requirement.specifier}: run `make lock`"
            )


def test_a_lock_follows_the_pins(lock):
    lines = (ROOT / "locks" / "pins.txt").read_text("utf-8").splitlines()
    for pin in (Requirement(line) for line in lines if line and not line.startswith("#")):
        assert all(pin.specifier.contains(v) for v in lock[canonicalize_name(pin.name)]), (
            f"locks/pins.txt says {pin}, the lock {lock[canonicalize_name(pin.name)]}"
        )


@pytest.mark.parametrize("requirement", declared("notebooks"), ids=lambda r: r.name)
def test_installing_in_colab_changes_nothing(requirement):
    name = canonicalize_name(requirement.name)
    assert (name in COLAB) != (name in NEW_IN_COLAB), f"is {name} in Colab? Say so in this test"
    version = COLAB.get(name, "none")
    assert name in NEW_IN_COLAB or requirement.specifier.contains(version), (
        f"pyproject.toml wants {requirement}; Colab has {version}, which pip would replace"
    )


def test_numpy_stays_below_the_release_that_breaks_tfp():
    """NumPy 2.4 removed an argument that TFP 0.25 still passes (simplex bijectors)."""
    numpy = next(r for r in declared() if r.name == "numpy")
    assert not numpy.specifier.contains("2.4.0")


def test_the_pythons_are_the_same_everywhere():
    wanted = SpecifierSet(PROJECT["requires-python"])
    assert [f"3.{minor}" for minor in range(20) if wanted.contains(f"3.{minor}.9")] == list(PYTHONS)
    prefix = "Programming Language :: Python :: 3."
    stated = [c.removeprefix(prefix[:-2]) for c in PROJECT["classifiers"] if c.startswith(prefix)]
    assert stated == list(PYTHONS)
    assert sorted(LOCKS.values()) == sorted((ROOT / "locks").glob("py*.txt"))
