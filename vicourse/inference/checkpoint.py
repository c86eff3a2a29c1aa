"""Checkpoints of `vi`: all that decides how a fit goes on, in one `.npz`.

A checkpoint is the state at the end of a block, before the schedule decides what comes next. A fit
that goes on takes that decision anew, and every step that it would have taken without the stop.
What cannot be read off the arguments (the model's data, what a family function does) is compared by
what it computes: log densities at fixed points, the objective at the start.
"""

import functools
import os
from pathlib import Path
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from vicourse.files import check_same_run, open_checkpoint, unusable_checkpoint, write_checkpoint
from vicourse.inference.starts import Gaussian
from vicourse.seeds import as_seed
from vicourse.validation import argument_error

VERSION = 1


class Saved(NamedTuple):
    """What a checkpoint holds: of the run, of its schedule, of its ascent."""

    path: Path
    identity: dict
    seconds: float
    start: Gaussian
    log_density: np.ndarray  # [5], of the model, at fixed points
    first_values: np.ndarray  # [1000], the objective at the start
    stage: int
    blocks: int
    values: np.ndarray  # [1000], the objective at the end of the last stage
    averages: list
    trace: np.ndarray
    memory: list


def read(path, model, settings):
    """The `Saved` state of an earlier session of the same fit; None where there is no file.

    Raises:
        CheckpointError: the file is damaged, or belongs to another model or other settings.
    """
    if not isinstance(path, str | os.PathLike):
        raise argument_error("checkpoint", path, "a path or None", kind=TypeError)
    path = Path(path)
    if not path.exists():
        return None
    saved = _read(path)
    check_same_run(path, saved.identity, identity(model, settings))
    now = log_density(model, saved.start)
    _check_same(path, "`model`: its log density at 5 points", saved.log_density, now)
    return saved


def restore(saved, ascent, schedule):
    """Put a new ascent and its schedule where the saved ones stood.

    Raises:
        CheckpointError: the new ones do not begin where the saved ones began.
    """
    memory = ascent.memory
    if [part.shape for part in saved.memory] != [part.shape for part in memory]:
        raise unusable_checkpoint(saved.path, "`family`: its variables have other shapes")
    what = "`family` or `gradient_options`: the objective at the start"
    _check_same(saved.path, what, saved.first_values, schedule.first_values)
    schedule.stage, schedule.blocks = saved.stage, saved.blocks
    schedule.values, schedule.averages = saved.values, saved.averages
    ascent.go_back(saved.memory, saved.trace, ascent.learning_rate / 2**saved.stage)


def save(path, model, settings, start, ascent, schedule, seconds):
    """Write the file, whole or not at all."""
    about = {
        "identity": identity(model, settings),
        "seconds": seconds,
        "stage": schedule.stage,
        "blocks": schedule.blocks,
    }
    arrays = {
        "start_loc": start.loc,
        "start_scale_tril": start.scale_tril,
        "log_density": log_density(model, start),
        "first_values": schedule.first_values,
        "values": schedule.values,
        "trace": np.array(ascent.trace),
        **{f"average_{number:06d}": part for number, part in enumerate(schedule.averages)},
        **{f"memory_{number:06d}": part for number, part in enumerate(ascent.memory)},
    }
    write_checkpoint(path, VERSION, about, arrays)


def identity(model, settings):
    """What must be the same for a fit to go on, by the names of `vi`'s arguments, for JSON."""
    shapes = model.event_shape if isinstance(model.event_shape, dict) else {"z": model.event_shape}
    return {
        "model": f"{type(model).__name__} ({model.name})",
        "dtype": model.dtype.name,
        "event_shape": {name: list(shape) for name, shape in shapes.items()},
        **{name: in_words(value) for name, value in settings.items()},
    }


def in_words(value):
    """A setting as something that JSON keeps and that is the same in every process."""
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, dict):
        return {str(name): in_words(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [in_words(part) for part in value]
    if isinstance(value, functools.partial):
        return [in_words(part) for part in (value.func, value.args, value.keywords)]
    return getattr(value, "__qualname__", type(value).__qualname__)


def log_density(model, start):
    """log p(x, T(u)) + log |det dT/du| in nats at 5 fixed draws u of the start."""
    epsilon = tf.random.stateless_normal([5, model.dim], as_seed(0), dtype=tf.float64).numpy()
    u = start.loc + epsilon @ start.scale_tril.T
    return model.unconstrained_log_joint(tf.constant(u, model.dtype)).numpy()


def _read(path):
    with open_checkpoint(path, VERSION) as (about, arrays):

        def numbered(name):
            return [arrays[key] for key in sorted(arrays) if key.startswith(f"{name}_")]

        return Saved(
            path=path,
            start=Gaussian(arrays["start_loc"], arrays["start_scale_tril"]),
            averages=numbered("average"),
            memory=numbered("memory"),
            **{name: about[name] for name in ("identity", "seconds", "stage", "blocks")},
            **{name: arrays[name] for name in ("log_density", "first_values", "values", "trace")},
        )


def _check_same(path, what, there, now):
    """An error if numbers differ from the file's by more than rounding."""
    size = np.max(np.abs(now), where=np.isfinite(now), initial=0.0)
    tolerance = np.sqrt(np.finfo(now.dtype).eps) * size
    if there.shape != now.shape or not np.allclose(
        there, now, rtol=0, atol=tolerance, equal_nan=True
    ):
        raise unusable_checkpoint(
            path,
            f"it belongs to another run. {what} is on average {np.mean(there):.8g} there and "
            f"{np.mean(now):.8g} now",
        )
