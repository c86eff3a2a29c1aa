"""A deep state-space model and the best linear one, on a pendulum: predictions and bounds.

The linear model is fitted to the same series by its exact log evidence, the Kalman filter's; the
deep one by a bound, and is held against the pendulum's noise, below which nobody can predict.

Source: Krishnan, Shalit and Sontag (2017).
Chapter: deep/beyond_vae
"""

import time
from dataclasses import replace

import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp

from vicourse.data import pendulum_series
from vicourse.estimate import estimate
from vicourse.experiments.experiment import Experiment, with_error
from vicourse.experiments.spread import spread
from vicourse.seeds import fold_in, split_seed
from vicourse.vae import DeepStateSpace, bound_of, climb, one_step_predictions, train_on_bound

tfd = tfp.distributions

SEEDS = (0, 1, 2)
NOISE = 0.1
NUM_TEST = 200  # series
BATCH = 50
RATES = {"deep": 5e-3, "linear": 2e-2}


def cells(quick):
    """One model with one seed. Quick: short series, few of them, small models."""
    size = {"series": 200, "num_steps": 15, "latents": 2, "hidden": 8, "epochs": 6}
    full = {"series": 1000, "num_steps": 40, "latents": 4, "hidden": 32, "epochs": 100}
    models = ("linear", "deep")
    seeds = SEEDS[:1] if quick else SEEDS
    return [{"model": m, "seed": s, **(size if quick else full)} for s in seeds for m in models]


def run(cell):
    """Fits one model to series, and judges it on others.

    Returns:
        A dict, each number with its error over the `num_test` series, `…_se`. `bound`: of log p(x),
        nats per series; the exact log evidence where the model is linear. `log_evidence`: of 500
        particles, or exact. `rmse` of predicting the next observation, from the second on;
        `rmse_late`, in the second half of the series, when what came before tells how the pendulum
        swings. `seconds` of training.
    """
    start = time.perf_counter()
    num_steps, seed = cell["num_steps"], cell["seed"]
    train, test = (
        pendulum_series(n, num_steps, seed=2 * seed + which, noise_std=NOISE)
        for which, n in enumerate((cell["series"], NUM_TEST))
    )
    judge = {"deep": deep, "linear": linear}[cell["model"]]
    bound, log_evidence, predicted, seconds = judge(cell, train, test, start)
    squares = np.mean((predicted - test) ** 2, axis=2)  # [n, T]
    return {
        "num_test": len(test),
        **with_error("bound", estimate(np.asarray(bound)), digits=3),
        **with_error("log_evidence", estimate(np.asarray(log_evidence)), digits=3),
        **with_error("rmse", root(estimate(np.mean(squares[:, 1:], axis=1))), digits=5),
        **with_error("rmse_late", root(estimate(np.mean(squares[:, num_steps // 2 :], axis=1))), 5),
        "seconds": round(seconds, 1),
    }


def root(found):
    """The square root of an `Estimate`, with its error to first order: d√v = dv / 2√v."""
    value = np.sqrt(found.value)
    return replace(found, value=value, standard_error=found.standard_error / (2 * value))


def deep(cell, train, test, start):
    """(bound [n], log evidence [n], predictions, seconds) of a trained `DeepStateSpace`."""
    model = DeepStateSpace(
        cell["latents"], 1, cell["num_steps"], cell["hidden"], seed=10 * cell["seed"], init_std=None
    )
    train_on_bound(model, train, **how(cell))
    seconds = time.perf_counter() - start
    bound_seed, filter_seed = split_seed(fold_in(cell["seed"], 2))
    bound = bound_of(model, test, bound_seed, num_samples=10)
    predicted, log_evidence = one_step_predictions(model, test, filter_seed)
    return tf.reduce_mean(bound, axis=0), log_evidence, predicted, seconds


def linear(cell, train, test, start):
    """The same of a linear Gaussian model, its parameters at their maximum likelihood."""
    size = cell["latents"]
    noise = tf.random.stateless_normal([size + 1, size], split_seed(cell["seed"])[0])
    transition = tf.Variable(0.9 * tf.eye(size) + 0.05 * noise[:-1])
    emission = tf.Variable(0.5 * noise[-1:])
    log_stds = [
        tf.Variable(tf.fill([n], value)) for n, value in ((size, 0.0), (size, -2.0), (1, -1.5))
    ]

    def model():
        initial, process, seen = (
            tfd.MultivariateNormalDiag(tf.zeros_like(s), tf.exp(s)) for s in log_stds
        )
        return tfd.LinearGaussianStateSpaceModel(
            cell["num_steps"], transition, process, emission, seen, initial
        )

    variables = [transition, emission, *log_stds]
    climb(lambda x, seed: model().log_prob(x), variables, train, **how(cell))
    seconds = time.perf_counter() - start
    log_evidence = model().log_prob(test)
    predicted = model().forward_filter(test)[5]  # means of x_t given x_1 … x_{t−1}
    return log_evidence, log_evidence, predicted, seconds


def how(cell):
    """How both models are trained."""
    rate, epochs, seed = RATES[cell["model"]], cell["epochs"], fold_in(cell["seed"], 0)
    return {"epochs": epochs, "batch_size": BATCH, "learning_rate": rate, "seed": seed}


def report(finished):
    """For each model: error of prediction, bound and log evidence, over the seeds."""
    lines = [f"next observation, RMSE (nobody is below the noise, {NOISE}); nats per series"]
    for name in dict.fromkeys(cell["settings"]["model"] for cell in finished):
        group = [cell for cell in finished if cell["settings"]["model"] == name]
        rmse, late, bound, evidence = (
            [cell[key] for cell in group] for key in ("rmse", "rmse_late", "bound", "log_evidence")
        )
        lines.append(
            f"{name:7} RMSE {spread(rmse, 4)}, second half {spread(late, 4)}; "
            f"bound {spread(bound)}, log evidence {spread(evidence)}"
        )
    return lines


STATE_SPACE = Experiment(
    name="state_space",
    what="a deep state-space model beside the Kalman filter on a pendulum: predictions, bounds",
    cells=cells,
    run=run,
    report=report,
)
