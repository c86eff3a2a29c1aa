"""Exact answers by adding up every possibility, and a limit beyond which that is refused."""

import numpy as np

from vicourse.models.base import NotKnownExactly
from vicourse.validation import check_integer

MAX_STATES = 2**20


def enumerate_states(num_values, num_variables):
    """Every joint state of `num_variables` variables that take `num_values` values each.

        c = (c_1, …, c_N),   c_n in 0 … K − 1:   Kᴺ states

    This is the cost that makes exact inference in discrete models hopeless beyond toy sizes.

    Args:
        num_values: K, each variable being in 0 … K − 1.
        num_variables: N.

    Returns:
        An int32 array [Kᴺ, N], the last variable running fastest.

    Raises:
        NotKnownExactly: there are more than 2²⁰.

    Source: Cooper (1990), The computational complexity of probabilistic inference using Bayesian
        belief networks: in general there is no way around the exponential cost (unless P = NP).
    Chapter: foundations/latent_variables.
    """
    num_values = check_integer("num_values", num_values, minimum=1)
    num_variables = check_integer("num_variables", num_variables, minimum=1)
    if num_values**num_variables > MAX_STATES:
        raise NotKnownExactly(
            f"{num_variables} variables of {num_values} values have {num_values}^{num_variables} "
            f"joint states; at most {MAX_STATES:,} are enumerated. Use fewer data."
        )
    axes = np.indices((num_values,) * num_variables, dtype=np.int32)
    return axes.reshape(num_variables, -1).T
