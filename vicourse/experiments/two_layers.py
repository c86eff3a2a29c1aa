"""One stochastic layer and two, of the same size: bounds, and how many units carry anything.

Source: Burda, Grosse and Salakhutdinov (2016).
Chapter: deep/beyond_vae
"""

import time

import tensorflow as tf

from vicourse.diagnostics import active_units
from vicourse.estimate import estimate
from vicourse.experiments.experiment import Experiment, with_error
from vicourse.experiments.images import half_size_bits, load_images
from vicourse.experiments.spread import spread
from vicourse.seeds import fold_in
from vicourse.vae import VAE, TwoLayerVAE, active_per_layer, bound_of, train_on_bound

SEEDS = (0, 1, 2)
NUM_PIXELS, NUM_TEST = 14 * 14, 1000
IMPORTANCE_SAMPLES = 50
FULL = {"data": "mnist", "train": 10_000, "latents": 40, "hidden": 100, "epochs": 80}
QUICK = {"data": "digits", "train": 1000, "latents": 4, "hidden": 10, "epochs": 5}


def cells(quick):
    """One model with one seed. Quick: tiny models on the digits."""
    size, seeds = (QUICK, SEEDS[:1]) if quick else (FULL, SEEDS)
    return [{"layers": layers, "seed": s, **size} for s in seeds for layers in (1, 2)]


def run(cell):
    """Trains one model, and judges it on test images.

    Returns:
        A dict: `elbo` and `elbo_se`, the bound of `num_test` test images, nats per image;
        `iw_bound` and `iw_bound_se`, the importance-weighted one with 50 draws; `active`, a list:
        the units of each layer that carry information; `seconds` of training; `data`, the images'
        name.
    """
    data, train, test = bits_of(cell["data"], cell["train"], cell["seed"])
    start = time.perf_counter()
    model = make_model(cell)
    train_on_bound(
        model,
        train,
        epochs=cell["epochs"],
        batch_size=100,
        learning_rate=2e-3,
        seed=fold_in(cell["seed"], 0),
    )
    seconds = time.perf_counter() - start
    seed = fold_in(cell["seed"], 1)
    elbo = estimate(tf.reduce_mean(bound_of(model, test, seed, num_samples=10), axis=0).numpy())
    tight = bound_of(model, test, seed, num_importance_samples=IMPORTANCE_SAMPLES)[0]
    if cell["layers"] == 2:
        active = active_per_layer(model, test, seed)
    else:
        active = [int(active_units(model.posterior(test).mean())[0].sum())]
    return {
        "data": data.name,
        "num_test": len(test),
        **with_error("elbo", elbo, digits=3),
        **with_error("iw_bound", estimate(tight.numpy()), digits=3),
        "active": list(active),
        "seconds": round(seconds, 1),
    }


def make_model(cell):
    """One layer of L latents, or two: L, and half as many above; the same hidden units below."""
    latents, hidden, seed = cell["latents"], cell["hidden"], 10 * cell["seed"]
    options = {"seed": seed, "init_std": None}
    if cell["layers"] == 1:
        return VAE(latents, NUM_PIXELS, hidden, **options)
    return TwoLayerVAE((latents, latents // 2), NUM_PIXELS, (hidden, hidden // 2), **options)


def bits_of(name, num_train, seed):
    """The images, and bits of the first to train on and to test with, float32 [n, 196]."""
    data = load_images(name)
    parts = data.x_train[:num_train], data.x_test[:NUM_TEST]
    return data, *(half_size_bits(x, 2 * seed + which) for which, x in enumerate(parts))


def report(finished):
    """For each model: bounds over the seeds, and active units of each layer."""
    lines = ["test bounds, nats per image; active units of each layer, seed by seed"]
    for layers in (1, 2):
        group = [cell for cell in finished if cell["settings"]["layers"] == layers]
        elbo, tight = ([cell[key] for cell in group] for key in ("elbo", "iw_bound"))
        active = ", ".join("+".join(map(str, cell["active"])) for cell in group)
        lines.append(
            f"{layers} layer(s): ELBO {spread(elbo)}, L_{IMPORTANCE_SAMPLES} {spread(tight)}, "
            f"active {active}"
        )
    return lines


TWO_LAYERS = Experiment(
    name="two_layers",
    what="one stochastic layer and two on MNIST at 14×14: bounds, active units of each layer",
    cells=cells,
    run=run,
    report=report,
)
