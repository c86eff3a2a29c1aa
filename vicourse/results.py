"""The committed figures of long runs, for the chapters that show them."""

import json
from importlib import resources

from vicourse.validation import check_choice


def load_result(name):
    """A result as the dict its JSON file holds.

    Args:
        name: the file's name without `.json`; `results/README.md` lists them.

    Raises:
        ValueError: there is no such result.
    """
    folder = resources.files("vicourse_results")
    files = [file.name for file in folder.iterdir()]
    names = sorted(file[:-5] for file in files if file.endswith(".json"))
    check_choice("name", name, names)
    return json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
