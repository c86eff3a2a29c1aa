"""vicourse: the package behind the course on variational inference.

`import vicourse` is fast: TensorFlow is loaded when a part that needs it is first used.
The layers, each importing only from those before it:

    data  distributions  models  divergences  objectives  gradients  families
    inference  diagnostics  vae  experiments  plots  check  cli
"""

import importlib
import os

from vicourse._version import __version__

# TensorFlow reads this when it is imported and has no other switch for its start-up chatter
# (oneDNN notices, missing-GPU warnings) that would fill every notebook's first output.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

_PARTS = (
    "check",
    "data",
    "diagnostics",
    "divergences",
    "experiments",
    "families",
    "gradients",
    "inference",
    "models",
    "objectives",
    "plots",
    "vae",
)

__all__ = ["__version__", *_PARTS]


def __getattr__(name):
    if name in _PARTS:
        return importlib.import_module(f"vicourse.{name}")
    raise AttributeError(f"module 'vicourse' has no attribute {name!r}")


def __dir__():
    return sorted(__all__)
