"""Checkpoints: one `.npz` file, written whole or not at all, never a pickle.

It holds the variables in order and a JSON text: what the run is (settings and data), the history,
and the format's version.
"""

from pathlib import Path

import numpy as np

from vicourse.files import (
    CheckpointError,
    check_same_run,
    open_checkpoint,
    unusable_checkpoint,
    write_checkpoint,
)

__all__ = ["VERSION", "CheckpointError", "restore", "save"]

VERSION = 1


def save(path, variables, identity, history):
    """Write the checkpoint; a crash on the way leaves the one before."""
    about = {"identity": identity, "history": history}
    arrays = {_key(number): np.asarray(v) for number, v in enumerate(variables)}
    write_checkpoint(path, VERSION, about, arrays)


def restore(path, variables, identity):
    """Load the checkpoint into the variables and return its history; [] where there is none.

    Raises:
        CheckpointError: the file is damaged, or was made by other settings or other data. The
            variables are then as they were.
    """
    path = Path(path)
    if not path.exists():
        return []
    with open_checkpoint(path, VERSION) as (about, file):
        theirs, history = _flat(about["identity"]), about["history"]
        arrays = [file[_key(number)] for number in range(len(file.files) - 1)]
    check_same_run(path, theirs, _flat(identity))
    if [array.shape for array in arrays] != [tuple(v.shape) for v in variables]:
        raise unusable_checkpoint(path, "its arrays do not fit this model")
    for variable, array in zip(variables, arrays, strict=True):
        variable.assign(array)
    return history


def _flat(identity):
    return {**identity["settings"], "data": identity["data"]}


def _key(number):
    return f"variable_{number:03d}"
