"""The tests of the core go through every model: they share the catalogue of the models' tests."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "models"))
