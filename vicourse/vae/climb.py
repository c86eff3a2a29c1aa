"""Minibatch gradient ascent on any objective of the data, one compiled function an epoch.

`train` is for the VAE and its settings; this is the same loop for models with a bound of their own.

Chapter: deep/beyond_vae
"""

import keras
import numpy as np
import tensorflow as tf
from tqdm.auto import tqdm

from vicourse.compiled import compiled
from vicourse.estimate import estimate_from_sums
from vicourse.seeds import fold_in, split_seed
from vicourse.vae.evaluation import sums_of
from vicourse.vae.training import TrainingDiverged, epoch_order
from vicourse.validation import check_array, check_integer, check_number


def climb(objective, variables, data, *, epochs, batch_size, learning_rate, seed, progress=False):
    """Make the mean of an objective over the data large, by Adam on minibatches.

        maximize  1/N Σ_i objective(x_i)

    Args:
        objective: a function (batch, seed) → values [..., M] for a minibatch [M, ...]: nats per
            data point, unbiased, differentiable. Axes before the last are draws.
        variables: those that are moved.
        data: float32, [N, ...]; the first axis counts data points.
        epochs: passes over the data.
        batch_size: M. An incomplete last batch of an epoch is left out; the next epoch's order is
            another.
        learning_rate: of Adam in the first epoch; it falls linearly to a tenth in the last.
        seed: of the order of the data and of the draws.
        progress: whether to show a progress bar.

    Returns:
        A list with an `Estimate` for each epoch: the mean objective in nats per data point, over
        the epoch's points, while the variables moved.

    Raises:
        TrainingDiverged: the objective became NaN or infinite.
        ValueError: fewer data points than one batch.

    Chapter: deep/beyond_vae
    """
    data = check_array("data", data, dtype=np.float32)
    epochs = check_integer("epochs", epochs, minimum=1)
    batch_size = check_integer("batch_size", batch_size, minimum=1, maximum=len(data))
    learning_rate = check_number("learning_rate", learning_rate, above=0)
    optimizer = keras.optimizers.Adam(learning_rate)
    optimizer.build(variables)
    run_epoch = make_epoch(objective, variables, data, optimizer, batch_size)
    history = []
    rates = np.linspace(1.0, 0.1, epochs) * learning_rate
    for epoch in tqdm(range(1, epochs + 1), unit="epoch", disable=not progress):
        optimizer.learning_rate.assign(rates[epoch - 1])
        history.append(run_epoch(fold_in(seed, epoch)))
        if not np.isfinite(history[-1].value):
            raise TrainingDiverged(
                f"the objective became NaN or infinite in epoch {epoch}. Try a smaller learning "
                f"rate (it is {learning_rate})."
            )
    return history


def make_epoch(objective, variables, data, optimizer, batch_size):
    """One pass over the data as one compiled function of a seed, which moves the variables.

    It returns the epoch's `Estimate`. Arguments as for `climb`, but the data may be float64 as
    well, and the optimizer is any of Keras's, built for the variables.
    """
    steps, stored = len(data) // batch_size, tf.constant(data)

    def all_steps(batches, draw_seed):
        sums = tf.zeros([2], tf.float64)
        for step in tf.range(steps):
            with tf.GradientTape() as tape:
                values = objective(batches[step], tf.random.fold_in(draw_seed, step))
                loss = -tf.reduce_mean(values)
            optimizer.apply(tape.gradient(loss, variables), variables)
            each = tf.reduce_mean(tf.reshape(tf.cast(values, tf.float64), [-1, batch_size]), axis=0)
            sums += sums_of(each)
        return sums

    batches_spec = tf.TensorSpec([steps, batch_size, *data.shape[1:]], stored.dtype)
    all_steps = compiled(all_steps, batches_spec, tf.TensorSpec([2], tf.int32), autograph=True)

    def run(seed):
        order_seed, draw_seed = split_seed(seed)
        order = epoch_order(len(data), batch_size, order_seed)
        sums = all_steps(tf.gather(stored, order), draw_seed)
        return estimate_from_sums(*sums.numpy(), steps * batch_size)

    return run
