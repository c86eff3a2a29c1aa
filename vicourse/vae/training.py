"""Auto-encoding variational Bayes: the training loop, one compiled function an epoch.

Source: Kingma & Welling (2014), algorithm 1.
Chapter: deep/aevb, deep/vae_mnist
"""

import time
import zlib
from contextlib import nullcontext
from dataclasses import dataclass

import numpy as np
import tensorflow as tf
from tqdm.auto import tqdm

from vicourse.compiled import compiled
from vicourse.seeds import fold_in, split_seed
from vicourse.vae import checkpoint as checkpoints
from vicourse.vae.evaluation import bound_estimate, make_evaluation, sums_of
from vicourse.vae.model import VAE
from vicourse.vae.settings import Settings
from vicourse.vae.sgvb import sgvb
from vicourse.vae.wake_sleep import wake_sleep
from vicourse.validation import argument_error, check_integer


class TrainingDiverged(RuntimeError):
    """The bound became NaN or infinite; the message says when and what to try."""


@dataclass(frozen=True)
class TrainedVAE:
    """What `train` returns.

    Attributes:
        vae: the trained `VAE`.
        settings: the `Settings` it was trained with.
        data_name: of the images it was trained on.
        history: a list with one dict an epoch: `epoch`, `samples_seen`, `seconds` (of training
            and testing so far), and for `train_` and `test_` each: `elbo`, `elbo_se` (its standard
            error), `reconstruction`, `kl`, in nats per image. The training figures are averages
            over the epoch, while the weights moved; the test figures are taken after it.
    """

    vae: VAE
    settings: Settings
    data_name: str
    history: list

    def column(self, name):
        """One column of the history as an array, for instance `column("test_elbo")`."""
        return np.array([row[name] for row in self.history])


def train(settings, data, epochs, *, checkpoint=None, save_every=1, progress=True):
    """Fit a VAE to images by stochastic gradient ascent on the SGVB estimate of the bound.

    Every number that is drawn depends on the settings' seed and the epoch alone, so a run that
    was stopped and continued from its checkpoint ends with the numbers of an undisturbed one.

    Args:
        settings: a `Settings`.
        data: an `ImageData`, from `vicourse.data.load_mnist()` for instance.
        epochs: passes over the training images, in all. Those of a checkpoint count: one that has
            as many or more is returned as it is.
        checkpoint: a file. It is written whole after every epoch; if it exists, training goes on
            from it.
        save_every: epochs between two checkpoints, for small data; the last is always written.
        progress: whether to show a progress bar.

    Returns:
        A `TrainedVAE`.

    Raises:
        TrainingDiverged: the bound became NaN or infinite; the checkpoint keeps an epoch before.
        CheckpointError: the checkpoint is damaged or belongs to other settings or other data.
        ValueError: fewer training images than one batch.
    """
    return run_training(
        OneDevice(),
        settings,
        data,
        epochs,
        checkpoint=checkpoint,
        save_every=save_every,
        progress=progress,
    )


class OneDevice:
    """Who takes the steps of a run: this process, on one device. `Replicas` are many."""

    is_chief = True

    def check(self, settings):
        """An error where these settings cannot be trained so."""

    def scope(self):
        """Where the networks and the optimizer are made."""
        return nullcontext()

    def make_epoch(self, *arguments):
        return make_epoch(*arguments)

    def check_agreement(self, what, remedy, *parts):
        """An error where the others do not have the same parts."""


def run_training(team, settings, data, epochs, *, checkpoint, save_every, progress):
    """`train` by a team: `OneDevice`, or `Replicas`. The chief alone writes, and shows progress."""
    epochs = check_run(settings, data, epochs, save_every)
    team.check(settings)
    train_images = settings.stored_images(data.x_train, 0)
    test_images = settings.stored_images(data.x_test, 1)
    with team.scope():
        vae = settings.make_vae(train_images.shape[1], train_images)
        optimizer = settings.make_optimizer(vae.trainable_variables)
    run_epoch = team.make_epoch(vae, optimizer, settings, train_images)
    at_a_time = max(1, 1000 // settings.num_samples)
    run_test = make_evaluation(vae, settings.estimator, settings.num_samples, at_a_time)

    variables = [*vae.trainable_variables, *optimizer.variables]
    identity = identity_of(settings, data)
    same_start = "Start the same command everywhere, with the same data."
    team.check_agreement("settings and data", same_start, identity)
    history = checkpoints.restore(checkpoint, variables, identity) if checkpoint else []
    shared_folder = "The checkpoint must lie in a folder that all machines share."
    team.check_agreement("checkpoint", shared_folder, history, *variables)
    seconds = history[-1]["seconds"] if history else 0.0
    shown = progress and team.is_chief
    with tqdm(total=epochs, initial=len(history), unit="epoch", disable=not shown) as bar:
        for epoch in range(len(history) + 1, epochs + 1):
            start = time.perf_counter()
            step_seed, test_seed, bits_seed = split_seed(fold_in(settings.seed, epoch), 3)
            optimizer.learning_rate.assign(settings.rate(epoch))
            trained = run_epoch(step_seed, epoch)
            try:  # the last step may have spoilt the weights after the last bound was taken
                tested = run_test(settings.bits(test_images, bits_seed), test_seed)
            except FloatingPointError as problem:
                raise diverged(f"after the last step of epoch {epoch}", settings) from problem
            seconds += time.perf_counter() - start
            history.append(_row(epoch, seconds, trained, tested))
            alike = "They must be alike: the same devices and versions."
            team.check_agreement("weights", alike, *variables)
            is_due = epoch % save_every == 0 or epoch == epochs
            if checkpoint and is_due and team.is_chief:
                checkpoints.save(checkpoint, variables, identity, history)
            bar.set_postfix_str(f"test bound {tested.elbo.value:.2f} nats")
            bar.update()
    return TrainedVAE(vae, settings, data.name, history)


def check_run(settings, data, epochs, save_every):
    """`epochs` as an int, or an error; also where `save_every` or the number of images is bad."""
    epochs = check_integer("epochs", epochs, minimum=1)
    check_integer("save_every", save_every, minimum=1)
    if len(data.x_train) < settings.batch_size:
        wanted = f"at most the number of training images, {len(data.x_train)}"
        raise argument_error("batch_size", settings.batch_size, wanted)
    return epochs


def identity_of(settings, data):
    """What a checkpoint belongs to. A subset of MNIST is other data than MNIST: hence the sums."""
    check_sum = zlib.crc32(data.x_test.tobytes(), zlib.crc32(data.x_train.tobytes()))
    images = f"{len(data.x_train)} + {len(data.x_test)} images, CRC {check_sum:08x}"
    return {"settings": settings.as_dict(), "data": f"{data.name}, {images}"}


def make_epoch(vae, optimizer, settings, stored):
    """One pass over the training images: a function of (seed, epoch) that moves the weights.

    The loop over minibatches is inside one function that XLA compiles: nothing returns to Python
    between two steps, and the optimizer's arithmetic becomes one pass over the weights. The images
    are put in their order before the loop.
    """
    num_images, batch = len(stored), settings.batch_size
    steps = num_images // batch
    stored = tf.constant(stored)
    variables = vae.trainable_variables

    def all_steps(batches, bits_seed, z_seed):
        total = tf.zeros([2, 3], tf.float64)
        first_bad = steps
        for step in tf.range(steps):
            x = settings.bits(batches[step], tf.random.fold_in(bits_seed, step))
            with tf.GradientTape() as tape:
                bound, loss = step_loss(vae, x, tf.random.fold_in(z_seed, step), settings)
                loss += weights_loss(variables, settings, num_images)
            optimizer.apply(tape.gradient(loss, variables), variables)
            total += sums_of(bound)
            if not tf.math.is_finite(loss) and step < first_bad:
                first_bad = step
        return total, first_bad

    seed_spec = tf.TensorSpec([2], tf.int32)
    batches_spec = tf.TensorSpec([steps, batch, stored.shape[1]], stored.dtype)
    all_steps = compiled(all_steps, batches_spec, seed_spec, seed_spec, autograph=True)
    return epoch_of(all_steps, stored, settings)


def epoch_of(all_steps, stored, settings):
    """The function of (seed, epoch) that gives `all_steps` the images in the epoch's order.

    Args:
        all_steps: a function of (batches, bits_seed, z_seed) that moves the weights and returns the
            sum of `sums_of` and the number of the first step whose loss is not finite.
    """

    def run(seed, epoch):
        order_seed, bits_seed, z_seed = split_seed(seed, 3)
        order = epoch_order(len(stored), settings.batch_size, order_seed)
        total, first_bad = all_steps(tf.gather(stored, order), bits_seed, z_seed)
        steps, batch = order.shape
        if first_bad < steps:
            raise diverged(f"at step {int(first_bad) + 1} of {steps} in epoch {epoch}", settings)
        return bound_estimate(total, steps * batch)

    return run


def epoch_order(num_data, batch_size, seed):
    """Which data points each step of an epoch takes: int32 [steps, batch_size], none twice.

    An incomplete last batch is left out; the next epoch's order is another.
    """
    steps = num_data // batch_size
    order = tf.random.experimental.stateless_shuffle(tf.range(num_data), seed)
    return tf.reshape(order[: steps * batch_size], [steps, batch_size])


def step_loss(vae, x, seed, settings):
    """(`Bound`, loss): what a step on the batch x makes small, in nats per image, and its bound."""
    if settings.algorithm == "wake_sleep":
        wake, sleep, bound = wake_sleep(vae, x, seed)
        return bound, -tf.reduce_mean(wake + sleep)
    bound = sgvb(vae, x, seed, estimator=settings.estimator, num_samples=settings.num_samples)
    return bound, -tf.reduce_mean(bound.elbo)


def weights_loss(variables, settings, num_images):
    """−log p(φ, θ) up to a constant, its share of one image, in nats; 0 without a prior."""
    if settings.prior_std is None:
        return 0.0
    squares = sum(tf.reduce_sum(v**2) for v in variables)
    return squares / (2 * settings.prior_std**2 * num_images)


def diverged(when, settings):
    return TrainingDiverged(
        f"the bound became NaN or infinite {when}. Try a smaller learning rate (it is "
        f"{settings.learning_rate}), a smaller `init_std` (it is {settings.init_std}), or the "
        "other optimizer."
    )


def _row(epoch, seconds, trained, tested):
    seen = epoch * trained.elbo.num_samples
    row = {"epoch": epoch, "samples_seen": seen, "seconds": seconds}
    for name, bound in (("train", trained), ("test", tested)):
        row[f"{name}_elbo"] = bound.elbo.value
        row[f"{name}_elbo_se"] = bound.elbo.standard_error
        row[f"{name}_reconstruction"] = bound.reconstruction.value
        row[f"{name}_kl"] = bound.kl.value
    return row
