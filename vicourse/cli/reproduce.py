"""`vicourse reproduce`: the long runs behind the book's tables and figures, each by one command."""

import sys
from pathlib import Path

EXAMPLES = """\
example:
  vicourse reproduce --list
  vicourse reproduce posteriors --quick
  vicourse reproduce figure_2

Results go to results/NAME.json (--out names another folder). Stopped at any moment, the same
command goes on with what is not done yet.
"""


def add_to(commands):
    parser = commands.add_parser(
        "reproduce",
        help="run again what is behind a table or figure of the book",
        description="Run an experiment of the course and write its figures as JSON.",
        epilog=EXAMPLES,
    )
    parser.add_argument("name", nargs="?", metavar="NAME", help="which; --list shows them")
    parser.add_argument("--list", action="store_true", help="the experiments, a line each")
    parser.add_argument("--quick", action="store_true", help="the same path in a minute")
    parser.add_argument("--out", type=Path, default=Path("results"), metavar="DIR", help="folder")
    parser.add_argument(
        "--so-far", action="store_true", help="run nothing: write and report what is done already"
    )
    parser.add_argument("--quiet", action="store_true", help="no progress bar")
    parser.set_defaults(run=run, expected_errors=expected_errors, parser=parser)


def expected_errors():
    from vicourse.data import DataError
    from vicourse.vae import TrainingDiverged

    return (DataError, TrainingDiverged, ValueError, OSError)


def run(options):
    from vicourse.experiments import EXPERIMENTS, run_experiment
    from vicourse.validation import check_choice

    if options.list:
        width = max(map(len, EXPERIMENTS))
        for experiment in EXPERIMENTS.values():
            print(f"{experiment.name:{width}} {experiment.what}")
        return
    if options.name is None:
        options.parser.error("wanted the NAME of an experiment, or --list")
    experiment = EXPERIMENTS[check_choice("NAME", options.name, EXPERIMENTS)]
    try:
        path, record = run_experiment(
            experiment,
            options.out,
            quick=options.quick,
            progress=not options.quiet,
            so_far=options.so_far,
        )
    except KeyboardInterrupt:
        print("\nStopped. The same command goes on with what is not done yet.", file=sys.stderr)
        return 130
    print("\n".join(experiment.report(record["cells"])))
    if missing := record.get("missing", 0):
        print(f"{missing} of {missing + len(record['cells'])} cells not done yet")
    print(f"Results in {path}")
