"""The command `vicourse`. TensorFlow is loaded only by the commands that compute."""

import sys

from vicourse.cli import check, data, reproduce, train
from vicourse.cli.parser import Parser

COMMANDS = (data, train, reproduce, check)


def main(arguments=None):
    """Run the command line; returns the exit status."""
    parser = Parser(
        prog="vicourse",
        description="The command line of the course on variational inference.",
        epilog="`vicourse COMMAND --help` explains a command, with an example.",
    )
    parser.add_version()
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in COMMANDS:
        command.add_to(commands)
    chosen = parser.parse_args(arguments)
    try:
        return chosen.run(chosen) or 0
    except KeyboardInterrupt:
        print("\nStopped.", file=sys.stderr)
        return 130
    except chosen.expected_errors() as problem:
        print(f"vicourse: {problem}", file=sys.stderr)
        return 1
