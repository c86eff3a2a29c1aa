"""argparse, with errors that name the option that was probably meant."""

import argparse
import difflib
import math
import re

from vicourse._version import __version__


class Parser(argparse.ArgumentParser):
    """An argument parser that neither guesses abbreviations nor leaves a slip unexplained."""

    def __init__(self, **options):
        options.setdefault("allow_abbrev", False)
        options.setdefault("formatter_class", _HelpFormatter)
        super().__init__(**options)

    def add_version(self):
        self.add_argument("--version", action="version", version=f"vicourse {__version__}")

    def parse_args(self, args=None, namespace=None):
        # Unknown options are left over; the sub-command's parser, which knows the right ones,
        # is the one that should name them.
        chosen, unknown = self.parse_known_args(args, namespace)
        if unknown:
            parser = getattr(chosen, "parser", self)
            parser.error(f"unknown: {' '.join(unknown)}{parser.suggestion(unknown)}")
        return chosen

    def error(self, message):
        bad_choice = re.search(r"invalid choice: '?([^' ]+)'? \(choose from (.*)\)", message)
        if bad_choice:
            choices = [choice.strip(" '") for choice in bad_choice[2].split(",")]
            message += _did_you_mean(bad_choice[1], choices)
        self.exit(2, f"{self.prog}: {message}\n`{self.prog} --help` lists what there is.\n")

    def suggestion(self, unknown):
        known = [option for action in self._actions for option in action.option_strings]
        words = [word.split("=")[0] for word in unknown if word.startswith("-")]
        return "".join(_did_you_mean(word, known) for word in words)


def positive_int(text):
    """An argparse type: a whole number of at least 1."""
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"wanted a whole number of at least 1, got {text!r}")
    return int(text)


def positive_float(text):
    """An argparse type: a finite number above 0."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value < math.inf:
        raise argparse.ArgumentTypeError(f"wanted a number above 0, got {text!r}")
    return value


class _HelpFormatter(argparse.ArgumentDefaultsHelpFormatter, argparse.RawDescriptionHelpFormatter):
    """Defaults are shown where there are any; examples keep their line breaks."""

    def _get_help_string(self, action):
        if action.default in (None, False):
            return action.help
        return super()._get_help_string(action)


def _did_you_mean(word, choices):
    near = difflib.get_close_matches(word, choices, n=1, cutoff=0.5)
    return f"\nDid you mean {near[0]}?" if near else ""
