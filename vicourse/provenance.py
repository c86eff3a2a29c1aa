"""Where a result came from: the command, the versions and the kind of machine that made it."""

import importlib.metadata
import os
import platform
import shlex
import sys
from pathlib import Path

PACKAGES = ("vicourse", "tensorflow", "tensorflow-probability", "keras", "numpy")


def provenance():
    """A small dict to store beside every result of a long run."""
    return {
        "command": shlex.join(map(_without_folders, sys.argv)),
        "python": platform.python_version(),
        "versions": {name: importlib.metadata.version(name) for name in PACKAGES},
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
    }


def _without_folders(word):
    """Absolute paths shrink to their last part: a result should not tell whose disk it was on."""
    option, equals, value = word.rpartition("=")
    return option + equals + (Path(value).name if Path(value).is_absolute() else value)
