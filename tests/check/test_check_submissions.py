"""A folder of submissions: each is judged alone, and none of them stops the rest."""

import csv
import json
from pathlib import Path

import pytest

from vicourse.check.grading import code_cells, plain_python
from vicourse.check.submissions import Grade, grade_folder, write_grades
from vicourse.cli import main

ROOT = Path(__file__).parents[2]
# The prediction of the chapter on the bound: any letter is an answer.
ASK = 'from vicourse import check\ncheck("elbo.5", "{}")'


def submit(folder, name, *cells):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    code = [{"cell_type": "code", "source": source.splitlines(keepends=True)} for source in cells]
    path.write_text(json.dumps({"cells": [{"cell_type": "markdown", "source": "# Hi"}, *code]}))
    return path


def test_cells_of_a_notebook_as_plain_python(tmp_path):
    path = submit(tmp_path, "a.ipynb", "x = 1\n%matplotlib inline\nif x:\n    !ls\n", "%%bash\nls")
    first, second = map(plain_python, code_cells(path))
    assert first == "x = 1\npass\nif x:\n    pass\n"
    assert second == ""
    for content in ("{", "[]", '{"cells": 3}', '{"cells": [{"cell_type": "code"}]}'):
        path.write_text(content)
        with pytest.raises(ValueError, match="no notebook that can be read"):
            code_cells(path)


@pytest.mark.slow
def test_one_bad_notebook_stops_none_of_the_rest(tmp_path):
    wrong = ASK.format("none of these letters")
    submit(tmp_path, "1_raises.ipynb", "1 / 0", wrong, "exit()", "undefined")
    submit(tmp_path, "2_dies.ipynb", wrong, "import os; os._exit(3)", 'check("elbo.4", 1)')
    submit(tmp_path, "3_endless.ipynb", wrong, "while True: pass")
    submit(tmp_path, "4_other.ipynb", "print('no exercise here')")
    (tmp_path / "5_broken.ipynb").write_bytes(b"\xff\xfe{")
    submit(tmp_path / "deep er" / "öl", "6.ipynb", wrong, "open('left_behind.txt', 'w').write('x')")
    submit(tmp_path / ".ipynb_checkpoints", "7.ipynb", wrong)
    grades = {Path(grade.file).name: grade for grade in grade_folder(tmp_path, seconds=30)}
    assert len(grades) == 6
    assert "7.ipynb" not in grades
    assert grades["6.ipynb"].file == "deep er/öl/6.ipynb"
    for name in ("1_raises.ipynb", "2_dies.ipynb", "3_endless.ipynb", "6.ipynb"):
        assert grades[name].chapter == "elbo"
        assert grades[name].statuses["elbo.5"] == "not yet", name
        assert grades[name].statuses["elbo.1"] == "not attempted"
        assert grades[name].passed == 0
    assert "cell 1: ZeroDivisionError" in grades["1_raises.ipynb"].trouble
    assert "cell 4: NameError" in grades["1_raises.ipynb"].trouble
    assert "status 3" in grades["2_dies.ipynb"].trouble
    assert "stopped after 30 seconds" in grades["3_endless.ipynb"].trouble
    assert "no exercise of this course" in grades["4_other.ipynb"].trouble
    assert "no notebook that can be read" in grades["5_broken.ipynb"].trouble
    assert grades["6.ipynb"].trouble == ""
    assert not list(tmp_path.rglob("left_behind.txt"))


@pytest.mark.slow
def test_memory_is_limited(tmp_path):
    submit(tmp_path, "greedy.ipynb", ASK.format("x"), "hoard = bytearray(8 * 10**9)", "while 1: 0")
    if not Path("/proc/self/statm").exists():
        pytest.skip("this system does not tell how much memory a process has")
    (grade,) = grade_folder(tmp_path, seconds=100, memory_gb=2)
    assert "more than 2 GB" in grade.trouble


@pytest.mark.slow
def test_the_solutions_pass_and_the_untouched_set_is_not_attempted(tmp_path, capsys):
    """Through the command, into a table."""
    for kind, source in (("solved", "exercises/solutions"), ("untouched", "exercises")):
        (tmp_path / kind).mkdir()
        (tmp_path / kind / "elbo.ipynb").write_bytes((ROOT / source / "elbo.ipynb").read_bytes())
    table = tmp_path / "grades.csv"
    assert main(["check", str(tmp_path), "--csv", str(table)]) == 0
    assert "solved/elbo.ipynb: elbo 7 of 7" in capsys.readouterr().out.replace("\\", "/")
    solved, untouched = csv.DictReader(table.read_text(encoding="utf-8").splitlines())
    assert (solved["passed"], solved["exercises"], solved["7"]) == ("7", "7", "passed")
    assert (untouched["passed"], untouched["1"]) == ("0", "not attempted")
    assert solved["trouble"] == untouched["trouble"] == ""


def test_a_table_is_never_overwritten_and_holds_no_formulas(tmp_path, capsys):
    path = tmp_path / "grades.csv"
    statuses = {"elbo.1": "passed", "elbo.2": "not yet"}
    grades = [Grade("=cmd.ipynb", "elbo", statuses, "-1"), Grade("b.ipynb", "", {}, "no notebook")]
    write_grades(path, grades)
    first, second = csv.DictReader(path.read_text(encoding="utf-8").splitlines())
    assert first["file"] == "'=cmd.ipynb"
    assert first["trouble"] == "'-1"
    assert (first["passed"], first["1"], first["2"]) == ("1", "passed", "not yet")
    assert (second["1"], second["exercises"]) == ("", "0")
    before = path.read_bytes()
    with pytest.raises(FileExistsError):
        write_grades(path, grades)
    assert main(["check", str(tmp_path), "--csv", str(path)]) == 1
    assert "left alone" in capsys.readouterr().err
    assert path.read_bytes() == before


@pytest.mark.parametrize("name", ["missing", "."])
def test_a_folder_without_notebooks_is_refused(tmp_path, name, capsys):
    assert main(["check", str(tmp_path / name)]) == 1
    assert "folder" in capsys.readouterr().err
