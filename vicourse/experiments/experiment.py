"""A long run in small pieces: settings → cells → one JSON.

An experiment is a list of cells that do not need one another: one algorithm on one posterior with
one seed, say. Each cell runs in a process of its own, so that none inherits another's memory, and
leaves a small file. Killed and started again, an experiment goes on with the cells that are not
there yet.
"""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from tqdm.auto import tqdm

from vicourse.files import write_json
from vicourse.processes import in_own_process
from vicourse.provenance import provenance


class Experiment(NamedTuple):
    """What can be run by `vicourse reproduce NAME`.

    Attributes:
        name: the name of the command and of the file in `results/`.
        what: one line for `--list`.
        cells: a function from `quick` to a list of settings, one dict a cell, in order.
        run: a function from one cell's settings to a dict of its results; it lives at the top of a
            module, so that another process finds it.
        report: a function from the list of finished cells to lines of text for the shell.
        keeps: "" where a cell starts afresh when it was killed. Else `run` takes two arguments
            more: the folder KEEPS.cells beside the results, for checkpoints, which several
            experiments may share; and whether to show a progress bar.

    Chapter: algorithms/vi_vs_mcmc
    """

    name: str
    what: str
    cells: Callable
    run: Callable
    report: Callable
    keeps: str = ""


def run_experiment(experiment, folder, *, quick=False, progress=True, so_far=False):
    """Runs the cells that are not done yet, and writes all of them as one JSON.

    Args:
        experiment: an `Experiment`.
        folder: a `Path`; NAME.json goes there, the cells to NAME.cells/ beside it.
        quick: the short way through the same path, to NAME.quick.json.
        progress: whether to show a progress bar on standard error.
        so_far: whether to run nothing, and write the cells that are done.

    Returns:
        The path of the JSON, and the record in it: `what`, `quick`, `cells` (settings and results)
        and `provenance`; with `so_far` also `missing`, the number of cells that are not done.

    Raises:
        ValueError: `so_far`, and no cell is done.
        Exception: what a cell raised; the cells before it are kept.

    Chapter: algorithms/vi_vs_mcmc
    """
    suffix = ".quick" if quick else ""
    name = experiment.name + suffix
    more = [folder / f"{experiment.keeps}{suffix}.cells", progress] if experiment.keeps else []
    todo = experiment.cells(quick)
    done = []
    for settings in tqdm(todo, disable=not progress, unit="cell", desc=experiment.name):
        file = folder / f"{name}.cells" / f"{_key(settings)}.json"
        cell = _read(file, settings)
        if cell is None and so_far:
            continue
        if cell is None:
            cell = {"settings": settings, **in_own_process(experiment.run, settings, *more)}
            write_json(file, cell)
        done.append(cell)
    if not done:
        raise ValueError(
            f"none of the {len(todo)} cells of {name} in {folder} is done: run it without so_far "
            "(--so-far) first"
        )
    path = folder / f"{name}.json"
    record = {
        "what": experiment.what,
        "quick": quick,
        "provenance": provenance(),
        **({"missing": len(todo) - len(done)} if so_far else {}),
        "cells": done,
    }
    write_json(path, record)
    return path, record


def with_error(name, found, digits=4):
    """An `Estimate` as two entries of a cell's results, rounded: its value, and `…_se`."""
    return {name: round(found.value, digits), f"{name}_se": round(found.standard_error, digits)}


def _key(settings):
    """A file name that tells a person which cell it is, and no two cells share."""
    words = "-".join(str(value) for value in settings.values())
    plain = "".join(letter if letter.isalnum() or letter in "-_." else "_" for letter in words)
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:8]
    return f"{plain[:80]}-{digest}"


def _read(file: Path, settings):
    """A finished cell; None where there is none, or where the file is not one of these settings."""
    try:
        cell = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return cell if isinstance(cell, dict) and cell.get("settings") == settings else None
