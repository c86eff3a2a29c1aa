"""Where coordinate ascent starts: random numbers for NumPy, and points far from each other."""

import numpy as np

from vicourse.seeds import as_seed


def numpy_generator(seed):
    """A NumPy generator for a seed of the course."""
    return np.random.default_rng(as_seed(seed).numpy().view(np.uint32))


def nearest_of_random_points(data, num_components, seed):
    """Responsibilities [N, K] of 0 and 1: each point goes to the nearest of K points of the data.

    The K points are picked by k-means++: far from each other, yet at random.

    Source: Arthur and Vassilvitskii (2007), k-means++: the advantages of careful seeding.
    """
    rng = numpy_generator(seed)
    data = data / max(np.abs(data).max(), 1e-300)  # only the shape counts, and squares stay finite
    centres = data[[rng.integers(len(data))]]
    for _ in range(num_components - 1):
        squares = _squared_distances(data, centres).min(axis=1)
        weights = squares if squares.sum() > 0 else np.ones(len(data))
        pick = rng.choice(len(data), p=weights / weights.sum())
        centres = np.concatenate([centres, data[[pick]]])
    nearest = _squared_distances(data, centres).argmin(axis=1)
    return np.eye(num_components)[nearest]


def _squared_distances(data, centres):
    return np.sum((data[:, None, :] - centres) ** 2, axis=-1)
