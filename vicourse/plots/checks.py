"""Pictures of diagnostics.

Chapter: algorithms/diagnostics
"""

import matplotlib.pyplot as plt
import numpy as np
import scipy.stats

from vicourse.plots.style import COLORS


def rank_histogram(calibration, name, *, num_bins=None, ax=None):
    """The ranks of one true latent among draws from its fits, and where 99 % of bars should lie.

    Args:
        calibration: a `Calibration`.
        name: one of its names.
        num_bins: see `Calibration.counts`.
        ax: where to draw; a new figure if it is None.

    Returns:
        The Matplotlib axes.

    Source: Talts et al. (2018), section 4.
    Chapter: algorithms/diagnostics
    """
    ax = ax or plt.subplots()[1]
    counts = calibration.counts(name, num_bins)
    expected = scipy.stats.binom(counts.sum(), 1 / len(counts))
    low, high = expected.ppf([0.005, 0.995])
    width = (calibration.num_draws + 1) / len(counts)
    ax.axhspan(low, high, color="0.9", label="99 % if exact")
    ax.bar(
        np.arange(len(counts)) * width, counts, width, align="edge", color=COLORS["blue"], alpha=0.7
    )
    ax.set(xlabel=f"rank of the true {name}", ylabel="data sets")
    ax.set_xlim(0, calibration.num_draws + 1)
    return ax


def weight_tail(check, *, ax=None):
    """The share of the total weight that the largest weights hold.

    Args:
        check: an `ImportanceCheck`.
        ax: where to draw; a new figure if it is None.

    Returns:
        The Matplotlib axes. If all weights were equal the curve would be the grey diagonal.

    Chapter: algorithms/diagnostics
    """
    ax = ax or plt.subplots()[1]
    share = np.arange(1, check.num_samples + 1) / check.num_samples
    ax.plot(share, np.cumsum(np.sort(check.weights)[::-1]), color=COLORS["blue"])
    ax.plot([0, 1], [0, 1], color="0.7", lw=1)
    ax.set(
        xlabel="share of the draws, largest weights first",
        ylabel="share of the weight",
        title=f"k-hat {check.k_hat:.2f}",
        xlim=(0, 1),
        ylim=(0, 1.02),
    )
    return ax
