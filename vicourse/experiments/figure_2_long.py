"""Figure 2's 20 latents on MNIST, trained on to 10⁸ images, where the axis of the paper ends.

The re-run stops at 18 million, and so does `figure_2`. What comes after is asked here: does the
test bound still rise, do the training images get ahead, does wake-sleep catch up?

Source: Kingma and Welling (2014), arXiv 1312.6114, figure 2.
Chapter: deep/paper_experiments
"""

from vicourse.experiments.claims import Claim, verdict_lines
from vicourse.experiments.experiment import Experiment
from vicourse.experiments.figure_2 import MNIST_SAMPLES, WAKE_SLEEP_BELOW
from vicourse.experiments.paper_vae import images_of, paper_cell, paper_run, thinned

LONG_SAMPLES = 100_000_000  # 1667 epochs
NUM_LATENTS = 20


def cells(quick):
    """The first seed of either algorithm; `mark` is where its curve in figure 2 ends."""
    long = {"images": "mnist", "num_latents": NUM_LATENTS, "samples": LONG_SAMPLES}
    short = {"images": "digits", "num_latents": 2, "samples": 28_000}
    mark = 14_000 if quick else MNIST_SAMPLES
    return [
        {**paper_cell(**(short if quick else long), algorithm=algorithm), "mark": mark}
        for algorithm in ("aevb", "wake_sleep")
    ]


def run(cell, folder, progress=False):
    """Trains one cell, and keeps its curve: up to the mark as `figure_2` does, then on.

    Returns:
        A dict: see `images_of`; and `history`, see `paper_vae.thinned`; one row of it ends at the
        mark.
    """
    trained = paper_run(cell, folder, progress)
    first, whole = (thinned(trained.history, cell[end]) for end in ("mark", "samples"))
    later = [row for row in whole if row["samples_seen"] > first[-1]["samples_seen"]]
    return {**images_of(cell), "history": first + later}


def row_at_the_mark(cell):
    """The last row of a finished cell's curve that is not beyond the mark.

    Args:
        cell: of a result, a dict.

    Returns:
        A row of its `history`, a dict.

    Chapter: deep/paper_experiments
    """
    mark = cell["settings"]["mark"]
    return [row for row in cell["history"] if row["samples_seen"] <= mark][-1]


def figure_2_long_claims(finished):
    """What the paper's figure shows beyond the mark, as far as the cells go.

    Args:
        finished: the cells of a result, dicts.

    Returns:
        A list of `Claim`: AEVB's test bound goes on rising; wake-sleep stays as far behind as it
        was allowed to be at the mark.

    Chapter: deep/paper_experiments
    """
    ends = {cell["settings"]["algorithm"]: cell["history"][-1]["test_elbo"] for cell in finished}
    claims = []
    for cell in finished:
        if cell["settings"]["algorithm"] == "aevb":
            gain = ends["aevb"] - row_at_the_mark(cell)["test_elbo"]
            what = f"AEVB's test bound: its gain beyond {cell['settings']['mark']:,d} images"
            claims.append(Claim(what, "above 0 nats", gain, bool(gain > 0)))
    if len(ends) == 2:
        low, high = WAKE_SLEEP_BELOW
        gap = ends["aevb"] - ends["wake_sleep"]
        what = "at the end: AEVB's bound − wake-sleep's"
        claims.append(Claim(what, f"{low:g} to {high:g} nats", gap, bool(low <= gap <= high)))
    return claims


def report(finished):
    """The bounds at the mark and at the end; then the verdicts."""
    lines = ["algorithm   images seen  test ELBO     KL  training − test"]
    for cell in finished:
        for row in (row_at_the_mark(cell), cell["history"][-1]):
            lines.append(
                f"{cell['settings']['algorithm']:10}{row['samples_seen']:13,d}"
                f"{row['test_elbo']:11.2f}{row['test_kl']:7.2f}"
                f"{row['train_elbo'] - row['test_elbo']:17.2f}"
            )
    return lines + verdict_lines(figure_2_long_claims(finished))


FIGURE_2_LONG = Experiment(
    name="figure_2_long",
    what="figure 2's 20 latents on MNIST, on to 10⁸ images: AEVB and wake-sleep",
    cells=cells,
    run=run,
    report=report,
    keeps="vae_long",
)
