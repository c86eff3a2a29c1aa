"""The committed figures of long runs, for the chapters that show them.

Chapter: deep/vae_mnist
"""

import json
from importlib import resources

from vicourse.validation import check_choice

__all__ = ["load_result"]


def load_result(name):
    """The figures of one long run.

    Args:
        name: the file's name without `.json`; `results/README.md` lists them.

    Returns:
        The dict that the JSON file holds.

    Raises:
        ValueError: there is no such result.
    """
    folder = resources.files("vicourse_results")
    files = [file.name for file in folder.iterdir()]
    names = sorted(file[:-5] for file in files if file.endswith(".json"))
    check_choice("name", name, names)
    return json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
