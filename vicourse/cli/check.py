"""`vicourse check`: a folder of learners' notebooks, graded."""

import sys
from pathlib import Path

from vicourse.cli.parser import positive_float

EXAMPLES = """\
example:
  vicourse check submissions/ --csv grades.csv

Every notebook in the folder, and below, runs in a process of its own, in an empty folder, for at
most --seconds. One that is broken, endless or no notebook at all stops none of the others. The
table has a row for each: file, chapter, how many exercises are passed, and each one's verdict.
"""


def add_to(commands):
    parser = commands.add_parser(
        "check",
        help="grade a folder of exercise notebooks",
        description="Run learners' notebooks and collect what `check` says of each exercise.",
        epilog=EXAMPLES,
    )
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="with *.ipynb in it or below")
    parser.add_argument("--csv", type=Path, metavar="FILE", help="write the table there too")
    parser.add_argument(
        "--seconds", type=positive_float, default=300, metavar="S", help="limit for one notebook"
    )
    parser.add_argument(
        "--memory-gb", type=positive_float, default=4, metavar="G", help="limit for one notebook"
    )
    parser.set_defaults(run=run, expected_errors=expected_errors, parser=parser)


def expected_errors():
    return (ValueError, OSError)


def run(options):
    from vicourse.check.submissions import grade_folder, write_grades

    if options.csv is not None and options.csv.exists():
        print(
            f"vicourse: {options.csv} is there already, and was left alone. "
            "Name another file, or move that one away.",
            file=sys.stderr,
        )
        return 1
    grades = []
    limits = {"seconds": options.seconds, "memory_gb": options.memory_gb}
    for grade in grade_folder(options.folder, **limits):
        grades.append(grade)
        score = f"{grade.passed} of {len(grade.statuses)}" if grade.chapter else "-"
        trouble = f"   ({grade.trouble})" if grade.trouble else ""
        print(f"{grade.file}: {grade.chapter or 'unknown'} {score}{trouble}", flush=True)
    if options.csv is not None:
        write_grades(options.csv, grades)
        print(f"Table in {options.csv}")
    return 0
