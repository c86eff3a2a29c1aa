"""The cells of a small experiment. Another process imports this file: it is quick to import."""

import os
import time


def cells(quick):
    return [{"number": n, "word": "a b/c"} for n in range(2 if quick else 4)]


def run(settings):
    if settings["number"] == 3 and os.environ.get("TOY_FAILS"):
        raise RuntimeError("the fourth cell fails")
    return {"square": settings["number"] ** 2, "process": os.getpid()}


def report(finished):
    return [str(cell["square"]) for cell in finished]


def run_with_folder(settings, folder, progress):
    """As `run`, for an experiment that keeps checkpoints: says what else it was given."""
    return {"folder": str(folder), "progress": progress}


def say_so_and_sleep(settings):
    """A cell that is at work for long."""
    print("begun", flush=True)
    time.sleep(3600)
