"""Figure 2 of Kingma & Welling (2014): the bound against images seen, AEVB and wake-sleep.

MNIST at five numbers of latents, Frey Face at four. The paper prints curves and no table, so MNIST
is held against a public re-run of it, and within tolerances that were fixed before the run.

Source: arXiv 1312.6114, figure 2.
Chapter: deep/paper_experiments
"""

import numpy as np

from vicourse.experiments.claims import Claim, verdict_lines
from vicourse.experiments.experiment import Experiment
from vicourse.experiments.paper_vae import images_of, paper_cell, paper_run, thinned

MNIST_LATENTS = (3, 5, 10, 20, 200)
MNIST_SAMPLES = 18_000_000  # 300 epochs, as in the re-run
FREY_LATENTS = (2, 5, 10, 20)
FREY_SAMPLES = 10_000_000  # 6250 epochs of 1600 images
AEVB_SEEDS = (0, 1, 2)  # on MNIST, as in the re-run; all else has the seed 0

# The paper picks one of three step sizes by the first iterations on the training data. So is Frey
# Face's picked here, at N_z = 10, and with it the start: the paper's N(0, 0.01) can be read with a
# standard deviation of 0.01 or of 0.1, and from the former wake-sleep never finds the latents. See
# `picked_settings`. MNIST's 0.01 and 0.01 are the re-run's.
STARTS = (0.01, 0.1)
RATES = (0.01, 0.02, 0.1)
PICK_SAMPLES = 160_000
FREY = {
    "aevb": {"init_std": 0.1, "learning_rate": 0.01},
    "wake_sleep": {"init_std": 0.1, "learning_rate": 0.01},
}

#: Test ELBO of the re-run after 18 M images, nats per image: AEVB's mean over three seeds, and one
#: run of wake-sleep.
RERUN = {
    "aevb": {3: -141.30, 5: -124.41, 10: -107.57, 20: -100.61, 200: -99.23},
    "wake_sleep": {3: -146.83, 5: -127.97, 10: -112.97, 20: -106.35, 200: -108.02},
}
RERUN_TOLERANCE = 1.5  # nats, for AEVB's mean over seeds
WAKE_SLEEP_BELOW = (3.0, 9.0)  # nats below AEVB on MNIST; 3.6 to 8.8 in the re-run
OVERFIT_TOLERANCE = 1.0  # nats by which N_z = 200 may fall short of N_z = 20 on test images


def cells(quick):
    """The pick of Frey Face's start and step size, then AEVB and wake-sleep at every N_z."""
    if quick:
        return [
            paper_cell(images, 2, samples=14_000, algorithm=algorithm)
            for images in ("digits", "grey_digits")
            for algorithm in ("aevb", "wake_sleep")
        ]
    pick = [
        paper_cell(
            "frey_face",
            10,
            samples=PICK_SAMPLES,
            init_std=start,
            learning_rate=rate,
            algorithm=algorithm,
        )
        for algorithm in FREY
        for start in STARTS
        for rate in RATES
    ]
    frey = [
        paper_cell("frey_face", n, samples=FREY_SAMPLES, algorithm=algorithm, **start_and_rate)
        for n in FREY_LATENTS
        for algorithm, start_and_rate in FREY.items()
    ]
    mnist = [
        paper_cell("mnist", n, samples=MNIST_SAMPLES, algorithm=algorithm, seed=seed)
        for algorithm, seeds in (("aevb", AEVB_SEEDS), ("wake_sleep", (0,)))
        for seed in seeds
        for n in MNIST_LATENTS
    ]
    return pick + frey + mnist


def run(cell, folder, progress=False):
    """Trains one cell and keeps about 40 points of its curve.

    Returns:
        A dict: see `images_of`; and `history`, see `thinned`.
    """
    trained = paper_run(cell, folder, progress)
    return {**images_of(cell), "history": thinned(trained.history, cell["samples"])}


def figure_2_claims(finished):
    """What the finished cells say about the paper's figure, as far as they go.

    Args:
        finished: the cells of a result, dicts.

    Returns:
        A list of `Claim`: MNIST against the re-run, wake-sleep below AEVB, no overfitting from
        more latents. The mean over seeds stands for AEVB.

    Chapter: deep/paper_experiments
    """
    ends = _ends(finished)
    bound = {key: np.mean([row["test_elbo"] for row in rows]) for key, rows in ends.items()}
    claims = []
    for n, rerun in RERUN["aevb"].items():
        if ("mnist", n, "aevb") in bound:
            found = bound["mnist", n, "aevb"]
            wanted = f"{rerun:.2f} ± {RERUN_TOLERANCE} nats"
            holds = bool(abs(found - rerun) <= RERUN_TOLERANCE)
            claims.append(Claim(f"MNIST, N_z = {n}: AEVB's test bound", wanted, found, holds))
    for (images, n, algorithm), found in bound.items():
        if algorithm == "aevb" and (images, n, "wake_sleep") in bound:
            low, high = WAKE_SLEEP_BELOW if images == "mnist" else (0.0, np.inf)
            gap = found - bound[images, n, "wake_sleep"]
            wanted = f"{low:g} to {high:g} nats" if np.isfinite(high) else f"above {low:g} nats"
            what = f"{images}, N_z = {n}: AEVB's bound − wake-sleep's"
            claims.append(Claim(what, wanted, gap, bool(low <= gap <= high)))
    few, many = ("mnist", 20, "aevb"), ("mnist", 200, "aevb")
    if few in bound and many in bound:
        gain = bound[many] - bound[few]
        wanted = f"at least −{OVERFIT_TOLERANCE:g} nats"
        what = "MNIST: AEVB's test bound at N_z = 200 − at 20"
        claims.append(Claim(what, wanted, gain, bool(gain >= -OVERFIT_TOLERANCE)))
    return claims


def picked_settings(finished):
    """For each algorithm the start and step size with the best training bound so far.

    Args:
        finished: the cells of a result, dicts.

    Returns:
        A dict from algorithm to `init_std` and `learning_rate`, as in `FREY`; the training bound is
        the average over the epoch that ends `PICK_SAMPLES` images on, Frey Face at N_z = 10.
    """
    offers = {}
    for cell in finished:
        settings, last = cell["settings"], cell["history"][-1]
        if settings["samples"] == PICK_SAMPLES:
            choice = {name: settings[name] for name in ("init_std", "learning_rate")}
            offers.setdefault(settings["algorithm"], []).append((last["train_elbo"], choice))
    return {name: max(offer, key=lambda pair: pair[0])[1] for name, offer in offers.items()}


def report(finished):
    """The ends of the curves, with the gap between training and test; then the verdicts."""
    lines = [f"{'images':11} {'algorithm':10}  N_z  seeds  test ELBO (SD)    KL  training − test"]
    for (images, n, algorithm), rows in sorted(_ends(finished).items()):
        test, train, kl = (
            [row[name] for row in rows] for name in ("test_elbo", "train_elbo", "test_kl")
        )
        spread = f"({np.std(test, ddof=1):.2f})" if len(rows) > 1 else ""
        lines.append(
            f"{images:11} {algorithm:10} {n:4} {len(rows):6} {np.mean(test):10.2f} {spread:7} "
            f"{np.mean(kl):6.2f} {np.mean(train) - np.mean(test):12.2f}"
        )
    if choices := picked_settings(finished):
        lines.append(f"picked for Frey Face: {choices}; used: {FREY}")
    return lines + verdict_lines(figure_2_claims(finished))


def _ends(finished):
    """{(images, N_z, algorithm): the last row of each seed's curve}, the pick left out."""
    ends = {}
    for cell in finished:
        settings = cell["settings"]
        if settings["samples"] != PICK_SAMPLES:
            key = settings["images"], settings["num_latents"], settings["algorithm"]
            ends.setdefault(key, []).append(cell["history"][-1])
    return ends


FIGURE_2 = Experiment(
    name="figure_2",
    what="figure 2 of Kingma & Welling (2014): AEVB and wake-sleep on MNIST and Frey Face",
    cells=cells,
    run=run,
    report=report,
    keeps="vae",
)
