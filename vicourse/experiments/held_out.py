"""The table of Burda, Grosse and Salakhutdinov (2016): held-out likelihood on MNIST, VAE and IWAE.

One stochastic layer of 50 latents, two tanh layers of 200 on either side, bits drawn anew each
time, log p(x) by 5000 importance samples. The paper trains for 3280 epochs. Here all models of the
table get the same few, at the paper's step sizes, and the ordinary VAE a longer run besides, in
batches of 100, which take half the time an image.

As in the paper's code, and not in the paper, the decoder begins at the mean image. Three runs begin
at biases of 0 instead: those of the VAE and of the IWAE with k = 5, and the long one.

Different from the paper's code: far fewer epochs, stages of equal length, all 60,000 training
images and not 59,600, and Adam as Keras has it. (That code has β₁ = 0.99, ε = 10⁻⁴ on a gradient
summed over the batch, and second moments that start at 1.)

Source: Burda, Grosse and Salakhutdinov (2016), table 1 and the authors' code.
Chapter: deep/paper_experiments
"""

from itertools import pairwise

from vicourse.diagnostics import active_units
from vicourse.experiments.claims import Claim, verdict_lines
from vicourse.experiments.experiment import Experiment, with_error
from vicourse.experiments.images import load_images
from vicourse.experiments.paper_vae import thinned
from vicourse.seeds import fold_in, split_seed
from vicourse.vae import Settings, held_out_log_likelihood, train

ROWS = (("vae", 1), ("vae", 5), ("vae", 50), ("iwae", 5), ("iwae", 50))
SAME = {"stages": [6] * 8, "batch_size": 20, "learning_rate": 1e-3}  # for every row
LONG = {"stages": [150] * 8, "batch_size": 100, "learning_rate": 2e-3}  # for the VAE with k = 1
SHAPES = {"mnist": {"num_latents": 50, "hidden": (200, 200)}}
QUICK_SHAPE = {"num_latents": 10, "hidden": (20, 20)}

#: Negative log-likelihood in nats per image, and active units, of the paper's table.
PAPER = {
    ("vae", 1): (86.76, 19),
    ("vae", 5): (86.47, 20),
    ("vae", 50): (86.35, 20),
    ("iwae", 5): (85.54, 22),
    ("iwae", 50): (84.78, 25),
}
#: Where the decoder's output biases may begin.
STARTS = {"mean_image": "from the mean image", None: "from 0"}
# Fixed before the run.
REPRODUCED = (86.4, 86.8)  # the long VAE with k = 1: the paper's 86.76, a later re-run's 86.35
PLAUSIBLE = (84.0, 88.0)  # outside means a bug, or a run far too short


def cells(quick):
    """Every row with the same epochs; the long run; then those that begin at biases of 0."""
    if quick:
        rows = (("vae", 1), ("iwae", 5))
        return [_cell("digits", *row, {**SAME, "stages": [2, 2]}, 100) for row in rows]
    runs = [*((*row, SAME) for row in ROWS), ("vae", 1, LONG)]
    from_zero = [("vae", 1, SAME), ("iwae", 5, SAME), ("vae", 1, LONG)]
    return [
        *(_cell("mnist", *one) for one in runs),
        *(_cell("mnist", *one, output_bias=None) for one in from_zero),
    ]


def _cell(images, model, k, schedule, num_samples=5000, output_bias="mean_image"):
    return {
        "images": images,
        "model": model,
        "k": k,
        "epochs": sum(schedule["stages"]),
        **schedule,
        "output_bias": output_bias,
        "num_samples": num_samples,
        "seed": 0,
    }


def settings_of(cell):
    """A cell as `Settings`. The VAE with k samples averages k of estimator A, as the paper's does.

    The IWAE climbs the importance-weighted bound of its k samples.
    """
    names = ("batch_size", "learning_rate", "stages", "output_bias", "seed")
    same = {name: cell[name] for name in names}
    return Settings(
        init_std=None,
        binarization="dynamic",
        estimator={"vae": "A", "iwae": "IW"}[cell["model"]],
        num_samples=cell["k"],
        optimizer="adam",
        **SHAPES.get(cell["images"], QUICK_SHAPE),
        **same,
    )


def run(cell, folder, progress=False):
    """Trains one model, or goes on from its checkpoint in `folder`, and judges it on test images.

    The test images' bits are drawn once, and are the same for all models of one seed.

    Args:
        cell: from `cells`.
        folder: a `Path`.
        progress: whether to show a progress bar.

    Returns:
        A dict: `data`, the images' name; `seconds` of training; of `HeldOut`: `log_likelihood`,
        `standard_error`, `num_images`, `draws_error`, `with_a_tenth`; `active_units`, of test
        images, and the `variances` that decide; `history`, about 40 rows, whose bound is that
        which was trained.

    Raises:
        DataError: MNIST was asked for and cannot be had.
    """
    data = load_images(cell["images"])
    settings = settings_of(cell)
    words = ("images", "model", "k", "epochs", "batch_size", "learning_rate", "seed", "output_bias")
    checkpoint = folder / "-".join(str(cell[word]) for word in words) / "checkpoint.npz"
    trained = train(settings, data, cell["epochs"], checkpoint=checkpoint, progress=progress)
    bits_seed, z_seed = split_seed(fold_in(cell["seed"], 0))  # training has the numbers from 1 on
    x = settings.bits(settings.stored_images(data.x_test, 1), bits_seed).numpy()
    found = held_out_log_likelihood(trained.vae, x, z_seed, num_samples=cell["num_samples"])
    active, variances = active_units(trained.vae.posterior(x).mean())
    last = trained.history[-1]
    return {
        "data": trained.data_name,
        "seconds": round(last["seconds"], 1),
        "log_likelihood": round(found.log_likelihood.value, 4),
        "standard_error": round(found.log_likelihood.standard_error, 4),
        "num_images": found.log_likelihood.num_samples,
        **with_error("gap", found.gap),
        "draws_error": round(found.draws_error, 5),
        "with_a_tenth": round(found.with_a_tenth, 4),
        "active_units": int(active.sum()),
        "variances": [round(float(v), 5) for v in sorted(variances, reverse=True)],
        "history": thinned(trained.history, last["samples_seen"]),
    }


def held_out_claims(finished):
    """What the finished cells say about the paper's table, as far as they go.

    Args:
        finished: the cells of a result, dicts.

    Returns:
        A list of `Claim`, for either start: the long VAE's negative log-likelihood against the
        paper's; in the models with the same epochs, whether more importance samples give a better
        model, and more active units. Only cells on MNIST count.

    Chapter: deep/paper_experiments
    """
    mnist = [cell for cell in finished if cell["settings"]["images"] == "mnist"]
    return [
        claim
        for start, words in STARTS.items()
        for claim in _claims([c for c in mnist if c["settings"]["output_bias"] == start], words)
    ]


def _claims(finished, start):
    """The claims about cells of one start, which the words of `start` name."""
    same, claims = {}, []
    for cell in finished:
        settings = cell["settings"]
        if settings["stages"] != LONG["stages"]:
            same[settings["model"], settings["k"]] = cell
            continue
        nll = -cell["log_likelihood"]
        for word, (low, high) in (("as printed", REPRODUCED), ("plausible", PLAUSIBLE)):
            what = f"VAE, k = 1, long run {start}: −log p(x), {word}"
            claims.append(Claim(what, f"{low:g} to {high:g} nats", nll, low <= nll <= high))
    ladder = [(key, same[key]) for key in (("vae", 1), ("iwae", 5), ("iwae", 50)) if key in same]
    for (key, worse), (other, better) in pairwise(ladder):
        names = f"{_name(*other)} against {_name(*key)}, {start}"
        gain = better["log_likelihood"] - worse["log_likelihood"]
        claims.append(Claim(f"{names}: gain in log p(x)", "above 0 nats", gain, gain > 0))
        units = better["active_units"] - worse["active_units"]
        claims.append(Claim(f"{names}: more active units", "at least 1", units, units >= 1))
    return claims


def report(finished):
    """The table, with the paper's figures beside it; then the verdicts."""
    lines = [
        f"{'images':7} {'model':12} {'start':10} epochs  −log p(x)      draws  above K/10  active  "
        "paper (active)"
    ]
    for cell in finished:
        settings = cell["settings"]
        key = settings["model"], settings["k"]
        paper = "{:.2f} ({})".format(*PAPER[key]) if settings["images"] == "mnist" else ""
        lines.append(
            f"{settings['images']:7} {_name(*key):12} {settings['output_bias'] or 'zero':10} "
            f"{settings['epochs']:6} "
            f"{-cell['log_likelihood']:7.2f} ± {cell['standard_error']:.2f} "
            f"± {cell['draws_error']:.3f} {cell['log_likelihood'] - cell['with_a_tenth']:11.3f} "
            f"{cell['active_units']:7}  {paper}"
        )
    return lines + verdict_lines(held_out_claims(finished))


def _name(model, k):
    return f"{model.upper()}, k = {k}"


HELD_OUT = Experiment(
    name="held_out",
    what="held-out likelihood of VAE and IWAE, k = 1, 5, 50: the table of Burda and others (2016)",
    cells=cells,
    run=run,
    report=report,
    keeps="held_out",
)
