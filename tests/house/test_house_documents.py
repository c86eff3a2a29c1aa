"""Workflows, CONTRIBUTING, CITATION and the templates say what is true of the repository."""

import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
PUBLISH = "pypa/gh-action-pypi-publish@release/v1"  # PyPI's own, and the name that it asks for
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))


def load(path):
    return yaml.safe_load(path.read_text("utf-8"))


def steps(workflow):
    return [step for job in workflow["jobs"].values() for step in job["steps"]]


def section(title):
    return re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", CONTRIBUTING, re.M | re.S)[1]


@pytest.fixture(params=WORKFLOWS, ids=lambda path: path.stem)
def workflow(request):
    return load(request.param)


def test_the_workflows_are_there():
    assert {path.stem for path in WORKFLOWS} >= {"test", "book", "weekly", "release"}


def test_a_workflow_may_only_read_unless_a_job_says_why(workflow):
    assert workflow["permissions"] == {"contents": "read"}
    assert "concurrency" in workflow
    assert all("timeout-minutes" in job for job in workflow["jobs"].values())


def test_a_workflow_uses_actions_at_a_major_version(workflow):
    for step in steps(workflow):
        if step.get("uses") != PUBLISH and "uses" in step:
            assert re.fullmatch(r"actions/[a-z-]+@v\d+", step["uses"]), step["uses"]


def test_a_workflow_calls_targets_that_exist(workflow):
    called = {name for step in steps(workflow) for name in made_in(step.get("run", ""))}
    assert called <= TARGETS, called - TARGETS


def made_in(shell):
    return re.findall(r"(?:^|[\n;&|]\s*)make ([a-z][a-z-]*)", shell)


def test_calls_of_make_are_found():
    assert made_in("make env\n  make book && make serve; echo make tea") == ["env", "book", "serve"]


def test_a_workflow_names_files_that_exist(workflow):
    text = "\n".join(step.get("run", "") for step in steps(workflow))
    text += str([step.get("with") for step in steps(workflow)])
    text += str([job.get("strategy") for job in workflow["jobs"].values()])
    folders = "locks|tools|tests|benchmarks|book|exercises"
    for name in re.findall(rf"\b(?:{folders})/[\w./-]*\w", text):
        assert (ROOT / name).exists(), name


@pytest.mark.skipif(not shutil.which("bash"), reason="needs bash")
def test_a_workflows_shell_lines_parse(workflow):
    for step in steps(workflow):
        if "run" in step:
            shell = re.sub(r"\$\{\{.*?\}\}", "value", step["run"])
            done = subprocess.run(["bash", "-n"], input=shell, text=True, capture_output=True)
            assert done.returncode == 0, f"{step['run']}\n{done.stderr}"


def test_the_test_matrix_has_every_locked_python():
    matrix = load(ROOT / ".github/workflows/test.yml")["jobs"]["linux"]["strategy"]["matrix"]
    locks = {row["lock"]: row["python"] for row in matrix["include"]}
    assert set(locks) == {path.stem for path in (ROOT / "locks").glob("py*.txt")}
    assert all(lock == "py" + python.replace(".", "") for lock, python in locks.items())


def test_the_issue_forms_are_complete():
    for path in (ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml"):
        if path.stem != "config":
            form = load(path)
            assert {"name", "description", "body"} <= set(form)
            ids = [item["id"] for item in form["body"]]
            assert len(ids) == len(set(ids))


def test_the_citation_is_complete():
    citation = load(ROOT / "CITATION.cff")
    config = load(ROOT / "_config.yml")
    assert citation["cff-version"] == "1.2.0"
    assert citation["message"]
    assert citation["authors"] == [{"name": config["author"]}]
    assert citation["title"] == config["title"]
    assert citation["repository-code"] == config["repository"]["url"]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert " AND ".join(citation["license"]) == project["license"]


def test_the_tour_names_every_folder_and_only_those_that_exist():
    tour = section("Where things are")
    named = re.findall(r"^    (\.?[a-z_]+(?:/[a-z_]+)*)/  ", tour, re.MULTILINE)
    assert len(named) > 10
    missing = [name for name in named if not (ROOT / name).is_dir()]
    assert not missing, f"CONTRIBUTING's tour names folders that do not exist: {missing}"
    # What git lists, so that a folder of your own beside the course is no mistake.
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True).stdout
    tops = {name.split("/")[0] for name in listed.splitlines() if "/" in name} - {".github"}
    layers = {f"vicourse/{path.parent.name}" for path in ROOT.glob("vicourse/*/__init__.py")}
    left_out = (tops | layers) - set(named)
    assert not left_out, f"CONTRIBUTING's tour leaves out {sorted(left_out)}"


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md"])
def test_the_commands_in_the_text_exist(name):
    called = set(re.findall(r"`make ([a-z][a-z-]*)", (ROOT / name).read_text("utf-8")))
    assert called
    assert called <= TARGETS, called - TARGETS


def test_the_table_of_dependencies_is_complete():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    groups = [project["dependencies"], *project["optional-dependencies"].values()]
    declared = {Requirement(line).name for group in groups for line in group} - {"vicourse"}
    rows = [line.split("|")[1:-1] for line in section("Dependencies").splitlines()]
    rows = [[cell.strip() for cell in row] for row in rows if len(row) == 4]
    table = {row[0].strip("`"): row[1:] for row in rows if row[0].startswith("`")}
    assert set(table) == declared
    for name, (reason, licence, colab) in table.items():
        assert len(reason) > 10, name
        assert licence, name
        assert colab in {"yes", "no"}, name
