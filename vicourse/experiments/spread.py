"""The same figure from several seeds, as a reader wants it."""

import numpy as np


def spread(values, digits=2):
    """ "mean ± SD (n)" of one figure over seeds; the SD is of the seeds, not of their mean."""
    mean, n = f"{np.mean(values):.{digits}f}", len(values)
    return (
        f"{mean} ± {np.std(values, ddof=1):.{digits}f} ({n} seeds)" if n > 1 else f"{mean} (1 seed)"
    )
