"""Is the code of an auto-encoder used?

Chapter: algorithms/diagnostics, deep/vae_mnist
"""

import numpy as np

from vicourse.validation import check_array, check_number

ACTIVE = 0.01


def active_units(means, threshold=ACTIVE):
    """Which latents carry information: Var_x(E_q[z_l | x]) > threshold.

    Args:
        means: E_q[z | x] for many x, [n, L].
        threshold: 0.01 by custom; the variances are usually far from it on either side.

    Returns:
        (active, variances): booleans [L], and the variances over x, [L].

    Source: Burda, Grosse and Salakhutdinov (2016), Importance weighted autoencoders, section 5.2.
    Chapter: deep/vae_mnist
    """
    means = np.asarray(means)
    means = check_array("means", means.astype(np.float64), shape=(None, None))
    threshold = check_number("threshold", threshold, above=0)
    variances = means.var(axis=0, ddof=1)
    return variances > threshold, variances
