"""What the paper leaves unsaid, tried: each reading of a silence, one change at a time.

Initialization, Adagrad's start, binarization and the prior on the weights are not, or not fully,
given in the paper. Every variant differs from the runs of Figure 2 in one thing, and is trained on
the first 1.2 million samples, where differences in the start are largest.

Source: Kingma & Welling (2014), section 5.
Chapter: deep/paper_experiments
"""

import time
from dataclasses import replace
from typing import NamedTuple

import keras
import tensorflow as tf

from vicourse.compiled import compiled
from vicourse.estimate import estimate
from vicourse.experiments.experiment import Experiment
from vicourse.experiments.images import load_images
from vicourse.seeds import fold_in, split_seed
from vicourse.vae import Settings
from vicourse.vae.evaluation import make_evaluation
from vicourse.vae.training import make_epoch, step_loss

SEEDS = (0, 1, 2)
BASE = Settings(num_latents=20, prior_std=1.0)
QUICK = replace(BASE, hidden=20, num_latents=2)
EPOCHS = (10, 20)  # after 0.6 and 1.2 million samples of MNIST
GATHERED = 100  # minibatches, in the author's code of 2014


class Variant(NamedTuple):
    """One reading: what it changes in the settings, in Adagrad, and before the first step.

    Attributes:
        changes: arguments of `Settings` that differ.
        adagrad: arguments of Keras's Adagrad that differ; it starts from squares of 0 otherwise.
        gathered: minibatches whose squared gradients are added up before the first step.
    """

    changes: dict
    adagrad: dict
    gathered: int


def _variant(*, adagrad=None, gathered=0, **changes):
    return Variant(changes, adagrad or {}, gathered)


VARIANTS = {
    "as in Figure 2": _variant(),
    "no prior on the weights": _variant(prior_std=None),
    "0.01 read as a variance": _variant(init_std=0.1),
    "step size 0.02": _variant(learning_rate=0.02),
    "step size 0.1": _variant(learning_rate=0.1),
    "plain Adagrad, no epsilon": _variant(adagrad={"epsilon": 1e-12}),
    "Adagrad from squares of 0.1": _variant(adagrad={"initial_accumulator_value": 0.1}),
    "squares of 100 minibatches first": _variant(gathered=GATHERED),
    "estimator A": _variant(estimator="A"),
    "bits drawn anew each time": _variant(binarization="dynamic"),
    "bits by a threshold": _variant(binarization="threshold"),
}


def cells(quick):
    """One variant with one seed. Quick: two of them on the digits."""
    if quick:
        names = ("as in Figure 2", "squares of 100 minibatches first")
        return [{"variant": name, "seed": 0, "data": "digits"} for name in names]
    return [{"variant": name, "seed": seed, "data": "mnist"} for seed in SEEDS for name in VARIANTS]


def run(settings):
    """Trains one variant.

    Returns:
        A dict: `samples_seen`, `test_elbo` and `test_elbo_se` (nats per image), each a list with
        one entry for each of `EPOCHS`; `data`, the images' name, and `num_test` of them; `seconds`.
    """
    start = time.perf_counter()
    quick = settings["data"] == "digits"
    data = load_images(settings["data"])
    variant = VARIANTS[settings["variant"]]
    training = replace(QUICK if quick else BASE, seed=settings["seed"], **variant.changes)
    stored = [
        training.stored_images(x, which) for which, x in enumerate((data.x_train, data.x_test))
    ]
    vae = training.make_vae(stored[0].shape[1])
    optimizer = adagrad(training, vae.trainable_variables, **variant.adagrad)
    if variant.gathered:
        gather_squares(vae, optimizer, training, stored[0], variant.gathered)
    run_epoch = make_epoch(vae, optimizer, training, stored[0])
    run_test = make_evaluation(vae, training.estimator)
    found = {
        "data": data.name,
        "num_test": len(stored[1]),
        "samples_seen": [],
        "test_elbo": [],
        "test_elbo_se": [],
    }
    per_epoch = len(stored[0]) // training.batch_size * training.batch_size
    for epoch in range(1, max(EPOCHS) + 1):
        step_seed, test_seed, bits_seed = split_seed(fold_in(training.seed, epoch), 3)
        run_epoch(step_seed, epoch)
        if epoch in EPOCHS:
            bound = run_test(training.bits(stored[1], bits_seed), test_seed).elbo
            found["samples_seen"].append(epoch * per_epoch)
            found["test_elbo"].append(round(bound.value, 3))
            found["test_elbo_se"].append(round(bound.standard_error, 3))
    return {**found, "seconds": round(time.perf_counter() - start, 1)}


def adagrad(training, variables, **changes):
    """Keras's Adagrad for the variables, its squares starting at 0 unless changed."""
    options = {"initial_accumulator_value": 0.0, **changes}
    optimizer = keras.optimizers.Adagrad(training.learning_rate, **options)
    optimizer.build(variables)
    return optimizer


def gather_squares(vae, optimizer, training, stored, num_batches):
    """Adds the squared gradients of the first minibatches to Adagrad's; no weight moves.

    A first step of Adagrad from squares of 0 has the full step size in every weight, however small
    its gradient. The sum over many minibatches tells how large a gradient usually is.
    """
    num_batches = min(num_batches, len(stored) // training.batch_size)
    batches = stored[: num_batches * training.batch_size]
    batches = tf.reshape(batches, [num_batches, training.batch_size, stored.shape[1]])
    variables = vae.trainable_variables

    def squares(batches, seed):
        total = [tf.zeros(v.shape) for v in variables]
        for step in tf.range(len(batches)):
            x = training.bits(batches[step], tf.random.fold_in(seed, 2 * step))
            with tf.GradientTape() as tape:
                _, loss = step_loss(vae, x, tf.random.fold_in(seed, 2 * step + 1), training)
            gradients = tape.gradient(loss, variables)
            total = [t + g**2 for t, g in zip(total, gradients, strict=True)]
        return total

    seed = fold_in(training.seed, 0)  # the epochs count from 1
    gathered = compiled(squares, batches, seed, autograph=True)(batches, seed)
    accumulators = [v for v in optimizer.variables if "accumulator" in v.path]
    for accumulator, total in zip(accumulators, gathered, strict=True):
        accumulator.assign_add(total)


def silences_over_seeds(finished):
    """One dict a variant: its bound after the last of `EPOCHS`, and what its one change changed.

    The runs of one seed share the order of the images and the noise, so the change is taken seed
    by seed, against the first variant, and its error from the scatter of these differences.

    Args:
        finished: the cells of a result, dicts; the first variant has every seed.

    Returns:
        A list of dicts with "variant", "test_elbo" (the mean over the seeds, nats per image) and
        its "standard_error", "change" (of that mean) and its "change_error", and "num_seeds". The
        errors are None for one seed.

    Chapter: deep/paper_experiments
    """
    bounds = {}
    for cell in finished:
        settings = cell["settings"]
        bounds.setdefault(settings["variant"], {})[settings["seed"]] = cell["test_elbo"][-1]
    first = next(iter(bounds.values()))
    rows = []
    for name, by_seed in bounds.items():
        bound, error = _mean_and_error(list(by_seed.values()))
        change, change_error = _mean_and_error([end - first[s] for s, end in by_seed.items()])
        rows.append(
            {
                "variant": name,
                "test_elbo": bound,
                "standard_error": error,
                "change": change,
                "change_error": change_error,
                "num_seeds": len(by_seed),
            }
        )
    return rows


def _mean_and_error(values):
    if len(values) == 1:
        return values[0], None
    found = estimate(values)
    return found.value, found.standard_error


def report(finished):
    """A line for each variant: its bound after the last epoch, and the change, over the seeds."""
    lines = [f"{'variant':34} test bound, nats per image   change, seed by seed"]
    for row in silences_over_seeds(finished):
        bound, change = (
            f"{row[value]:{sign}8.2f}" + ("" if row[error] is None else f" ± {row[error]:.2f}")
            for value, error, sign in (
                ("test_elbo", "standard_error", ""),
                ("change", "change_error", "+"),
            )
        )
        lines.append(f"{row['variant']:34} {bound:>16}  ({row['num_seeds']}) {change:>17}")
    return lines


SILENCES = Experiment(
    name="silences",
    what="what the paper leaves unsaid (start, Adagrad, bits, prior): each reading, 1.2 M samples",
    cells=cells,
    run=run,
    report=report,
)
