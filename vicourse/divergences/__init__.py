"""KL and its relatives: closed form, quadrature, Monte Carlo with its standard error.

`divergence(name, p, q)` is the one entry point; each name is a function as well. Importing this
package also gives TFP the closed-form KL pairs that it lacks (`closed_kl`).
"""

from vicourse.divergences import closed_kl  # noqa: F401 (registers its pairs with TFP)
from vicourse.divergences.mmd import squared_mmd
from vicourse.divergences.named import (
    METHODS,
    NAMES,
    chi_squared,
    divergence,
    hellinger,
    jeffreys,
    jensen_shannon,
    kl,
    renyi,
    reverse_kl,
    total_variation,
    wasserstein2,
)

__all__ = [
    "METHODS",
    "NAMES",
    "chi_squared",
    "divergence",
    "hellinger",
    "jeffreys",
    "jensen_shannon",
    "kl",
    "renyi",
    "reverse_kl",
    "squared_mmd",
    "total_variation",
    "wasserstein2",
]
