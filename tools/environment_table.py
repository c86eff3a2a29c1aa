"""Which environments the notebooks ran in: the rows of results/environments.json, as a table.

    python tools/environment_table.py

Standard library only, so that any Python can print it. The rows are written by `make environments`
(one for each lock and system) and `make colab-test` (Colab's).
"""

import json
from pathlib import Path

from reader_notebooks import readers_notebooks, tree_files

ROOT = Path(__file__).resolve().parent.parent
RESULT = ROOT / "results" / "environments.json"
WHAT = "each notebook alone in an empty folder; Colab's seconds include installing vicourse"
HEADER = ("environment", "Python", "system", "TensorFlow", "notebooks passed", "tests", "minutes")


def read_rows(path=RESULT):
    """The rows, a dict for each environment; none where there is no file yet."""
    return json.loads(path.read_text("utf-8"))["environments"] if path.exists() else []


def key(row):
    """What a new run replaces: the same environment on the same system."""
    return row["environment"], system(row)


def system(row):
    """Such as "Linux x86_64"."""
    return row["provenance"]["machine"].split(",")[0]


def add_row(row, path=RESULT):
    """Put `row` into the file, in the place of that environment's last one; whole or not at all."""
    rows = [other for other in read_rows(path) if key(other) != key(row)]
    record = {"what": WHAT, "environments": sorted([*rows, row], key=key)}
    partial = path.with_name(path.name + ".partial")
    partial.write_text(json.dumps(record, indent=1) + "\n", "utf-8", newline="\n")
    partial.replace(path)


def table_row(row, present):
    """The entries of one line; `present` are the notebooks that the course has now."""
    ran = row["notebooks"]
    passed = f"{sum(not r['problems'] for r in ran)} of {len(ran)}"
    if newer := set(present) - {r["notebook"] for r in ran}:
        passed += f" ({len(newer)} newer not run)"
    tests = row["tests"]
    return (
        row["environment"],
        row["provenance"]["python"],
        system(row),
        row["provenance"]["versions"]["tensorflow"],
        passed,
        f"{tests['passed']} passed, {tests['failed']} failed" if tests else "not run",
        f"{sum(r['seconds'] or 0 for r in ran) / 60:.0f}",
    )


def markdown(rows, present):
    """The table of the rows, in Markdown."""
    lines = [HEADER, ("---",) * len(HEADER), *(table_row(row, present) for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


if __name__ == "__main__":
    print(markdown(read_rows(), readers_notebooks(tree_files(ROOT))))
