"""Coordinate ascent: exact updates of one factor of q at a time.

`loop` turns the crank; every other file holds the updates of one model.
"""

from vicourse.inference.coordinate_ascent.loop import MeanFieldFit, coordinate_ascent
from vicourse.inference.coordinate_ascent.updates import UPDATES, updates_of

__all__ = ["UPDATES", "MeanFieldFit", "coordinate_ascent", "updates_of"]
