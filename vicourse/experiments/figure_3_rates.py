"""Figure 3's step sizes: each of the paper's three for a short while, and which climbs best.

The paper takes one of three "based on performance on the training set in the first few iterations".
Here that is log p(x) of the first training images, by quadrature, which Monte Carlo EM has as well.

Source: Kingma and Welling (2014), arXiv 1312.6114, section 5.
Chapter: deep/paper_experiments
"""

from vicourse.experiments import figure_3
from vicourse.experiments.experiment import Experiment

STEP_SIZES = (0.01, 0.02, 0.1)
SAMPLES = 100_000  # the first point of figure 3's curves
NUM_IMAGES = 100


def cells(quick):
    """Figure 3's cells, each with every step size. Quick: AEVB's alone."""
    few = {"samples": [600]} if quick else {"samples": [SAMPLES], "num_images": NUM_IMAGES}
    runs = {(cell["algorithm"], cell["num_train"]): cell for cell in figure_3.cells(quick)}
    return [
        {**cell, **few, "learning_rate": rate}
        for cell in list(runs.values())[: 1 if quick else None]
        for rate in STEP_SIZES
    ]


def picked_rates(finished):
    """For each algorithm and number of training images the step size that climbs best.

    Args:
        finished: the cells of a result, dicts.

    Returns:
        A dict from (algorithm, number of training images) to a step size: the one with the highest
        log p(x) of training images.

    Chapter: deep/paper_experiments
    """
    offers = {}
    for cell in finished:
        settings = cell["settings"]
        offer = cell["curve"][-1]["train_log_p"], settings["learning_rate"]
        offers.setdefault((settings["algorithm"], settings["num_train"]), []).append(offer)
    return {key: max(offer)[1] for key, offer in offers.items()}


def report(finished):
    """log p(x) for each step size; then the picks, and what figure 3 uses."""
    lines = ["log p(x) of training images, nats per image, after so many images seen"]
    for cell in finished:
        settings, row = cell["settings"], cell["curve"][-1]
        lines.append(
            f"{settings['algorithm']:14} {settings['num_train']:6} images, step "
            f"{settings['learning_rate']:<5} {row['samples_seen']:7,d}: "
            f"{row['train_log_p']:8.2f} ± {row['train_log_p_se']:.2f}"
        )
    lines.append(f"picked: {picked_rates(finished)}; figure 3 uses {figure_3.RATES}")
    return lines


FIGURE_3_RATES = Experiment(
    name="figure_3_rates",
    what="figure 3's step sizes: three for each algorithm, the first 100,000 images",
    cells=cells,
    run=figure_3.run,
    report=report,
    keeps="figure_3",
)
