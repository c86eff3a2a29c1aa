"""Training curves.

Chapter: deep/vae_mnist
"""

import matplotlib.pyplot as plt
import numpy as np

from vicourse.plots.style import COLORS, add_note


def bound_history(runs, *, note=""):
    """The bound against samples seen: solid on test images, dashed on training images.

    Args:
        runs: a dict from label to `TrainedVAE`.
        note: written below the figure.

    Returns:
        The Matplotlib figure. Bands are ± 2 standard errors of the test figure.
    """
    figure, ax = plt.subplots()
    for color, (label, run) in zip(COLORS.values(), runs.items(), strict=False):
        seen, test = run.column("samples_seen"), run.column("test_elbo")
        error = 2 * run.column("test_elbo_se")
        ax.plot(seen, test, color=color, label=f"{label}, test")
        ax.fill_between(seen, test - error, test + error, color=color, alpha=0.25, lw=0)
        ax.plot(seen, run.column("train_elbo"), "--", color=color, label=f"{label}, training")
    ax.set(xscale="log", xlabel="training images seen", ylabel="ELBO (nats per image)")
    lowest = min(np.min(run.column("test_elbo")) for run in runs.values())
    ax.set_ylim(bottom=lowest - 5)
    ax.legend()
    add_note(figure, note)
    return figure
