"""Images by name: half of their size, and never hours spent on a stand-in."""

import numpy as np
import pytest

from vicourse.data import DataError
from vicourse.experiments import EXPERIMENTS
from vicourse.experiments.images import IMAGES, half_size

ON_MNIST = {
    name: [cell for cell in experiment.cells(False) if "mnist" in cell.values()]
    for name, experiment in EXPERIMENTS.items()
}


@pytest.mark.parametrize("name", [name for name, cells in ON_MNIST.items() if cells])
def test_hours_are_not_spent_on_a_stand_in(name, tmp_path, monkeypatch):
    monkeypatch.setitem(IMAGES, "mnist", IMAGES["digits"])
    experiment = EXPERIMENTS[name]
    with pytest.raises(DataError, match="needs mnist"):
        experiment.run(ON_MNIST[name][0], *([tmp_path] if experiment.keeps else []))
    assert not list(tmp_path.iterdir())


def test_half_size_is_the_mean_of_four():
    """Pixel (i, j) of 14×14 from rows 2i, 2i + 1 and columns 2j, 2j + 1."""
    images = np.random.default_rng(0).integers(0, 256, (2, 28, 28)).astype(np.uint8)
    small = half_size(images).reshape(2, 14, 14)
    four = images[1, 6:8, 20:22].astype(float)
    assert abs(small[1, 3, 10] - four.mean()) <= 0.5
    assert small.dtype == np.uint8
