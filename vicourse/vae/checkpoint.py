"""Checkpoints: one `.npz` file, written whole or not at all, never a pickle.

It holds the variables in order and a JSON text: what the run is (settings and data), the history,
and the variables' names and shapes.
"""

import json
from pathlib import Path

import numpy as np

from vicourse.files import UNREADABLE_NPZ, written_whole

VERSION = 1


class CheckpointError(RuntimeError):
    """A checkpoint that cannot be used; the message names the file and what to do."""


def save(path, variables, identity, history):
    """Write the checkpoint; a crash on the way leaves the one before."""
    about = {"version": VERSION, "identity": identity, "history": history}
    arrays = {_key(number): np.asarray(v) for number, v in enumerate(variables)}
    with written_whole(path) as file:
        np.savez(file, about=np.array(json.dumps(about)), **arrays)


def restore(path, variables, identity):
    """Load the checkpoint into the variables and return its history; [] where there is none.

    Raises:
        CheckpointError: the file is damaged, or was made by other settings or other data. The
            variables are then as they were.
    """
    path = Path(path)
    if not path.exists():
        return []
    theirs, history, arrays = _read(path)
    _check_identity(path, theirs, _flat(identity))
    shapes = [tuple(v.shape) for v in variables]
    if [array.shape for array in arrays] != shapes:
        raise CheckpointError(_unusable(path, "its arrays do not fit this model"))
    for variable, array in zip(variables, arrays, strict=True):
        variable.assign(array)
    return history


def _read(path):
    """(identity, flat; history; arrays) of a checkpoint."""
    try:
        with np.load(path, allow_pickle=False) as file:
            about = json.loads(str(file["about"]))
            version = about["version"]
            if version == VERSION:
                arrays = [file[_key(number)] for number in range(len(file.files) - 1)]
                return _flat(about["identity"]), about["history"], arrays
    except UNREADABLE_NPZ as problem:
        raise CheckpointError(
            _unusable(path, f"it is damaged or not a checkpoint ({problem})")
        ) from problem
    raise CheckpointError(_unusable(path, f"its format is {version!r}, not {VERSION}"))


def _check_identity(path, theirs, ours):
    differing = [
        f"{name} is {theirs.get(name)!r} there and {wanted!r} now"
        for name, wanted in ours.items()
        if theirs.get(name) != wanted
    ]
    if differing:
        raise CheckpointError(_unusable(path, "it belongs to another run: " + "; ".join(differing)))


def _flat(identity):
    return {**identity["settings"], "data": identity["data"]}


def _unusable(path, why):
    return (
        f"cannot continue from the checkpoint {path}: {why}. It was left as it is. "
        "Use another file or folder for this run, or move that one away to start afresh."
    )


def _key(number):
    return f"variable_{number:03d}"
