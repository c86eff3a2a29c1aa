"""Pictures: one function each. They draw what they are given and compute nothing.

Importing this part sets the house's style for Matplotlib.
"""

from vicourse.plots.checks import rank_histogram, weight_tail
from vicourse.plots.images import image_grid, image_rows
from vicourse.plots.latent import latent_map, manifold
from vicourse.plots.style import COLORS, use_style
from vicourse.plots.training import bound_history

use_style()

__all__ = [
    "COLORS",
    "bound_history",
    "image_grid",
    "image_rows",
    "latent_map",
    "manifold",
    "rank_histogram",
    "use_style",
    "weight_tail",
]
