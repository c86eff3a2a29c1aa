"""Latents of any structure as one table: a column for each real number, with its name."""

import numpy as np


def flat(z, num_draws):
    """Draws [num_draws, ...], or a dict of them, as one array [num_draws, numbers]."""
    parts = [np.asarray(part).reshape(num_draws, -1) for _, part in _named(z)]
    return np.concatenate(parts, axis=1)


def flat_one(z):
    """A single z, or a dict, as one array [numbers]."""
    return np.concatenate([np.ravel(part) for _, part in _named(z)])


def names_of(z):
    """The names of the numbers in a single z: "z", "z[0]", "weights[2,1]"."""
    return tuple(
        name + ("" if part.ndim == 0 else str(list(index)).replace(" ", ""))
        for name, part in _named(z)
        for index in np.ndindex(part.shape)
    )


def _named(z):
    parts = z.items() if isinstance(z, dict) else [("z", z)]
    return [(name, np.asarray(part)) for name, part in sorted(parts)]
