"""One training step on several devices or machines: each takes its share of every minibatch.

The gradient of a mean over images is a mean of gradients, so it can be computed in parts:

    ∇ 1/M Σ_i L(x_i)  =  1/R Σ_r [ ∇ R/M Σ_{i in share r} L(x_i) ]

for R replicas with M/R images each. Every replica holds all weights, computes its own bracket, and
all of them receive the mean ("all-reduce") and make the same step. The noise is drawn for the whole
minibatch on every replica, which costs little, and each keeps its rows: so the result is that of
one device, but for the order in which float32 numbers are added.

Chapter: reference/cluster
"""

import json
import zlib

import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp

from vicourse.vae.cluster import is_chief, lost_workers_are_named
from vicourse.vae.evaluation import sums_of
from vicourse.vae.training import epoch_of, run_training, step_loss, weights_loss
from vicourse.validation import argument_error

tfd = tfp.distributions


def train_distributed(
    settings, data, epochs, strategy, *, checkpoint=None, save_every=1, progress=True
):
    """`train` on all devices of a `tf.distribute` strategy, each with its share of every batch.

        one step:  ∇ 1/M Σ_i L(x_i),  i = 1 … M,  each of R replicas summing M/R of the gradients

    It ends with the numbers of `train`, up to rounding in float32. With several workers each calls
    it with the same arguments, and each gets the same result; the chief, worker 0, writes the
    checkpoint, to a folder that all of them can read.

    Args:
        settings, data, epochs, save_every: as for `train`; all replicas together take one batch.
        strategy: a `tf.distribute.MirroredStrategy` for the devices of one machine, or what
            `worker_strategy` returns.
        checkpoint: as for `train`. A run goes on from it with any strategy, or with none.
        progress: as for `train`; the chief alone shows it.

    Returns:
        A `TrainedVAE`.

    Raises:
        WorkerLost: another worker ended, froze or cannot be reached.
        ValueError: the batch has no equal shares; the workers were started with different settings
            or data, see different checkpoints, or their weights have come apart.
        TrainingDiverged, CheckpointError: as for `train`.

    Chapter: reference/cluster
    """
    replicas = Replicas(strategy)
    with lost_workers_are_named(strategy):
        return run_training(
            replicas,
            settings,
            data,
            epochs,
            checkpoint=checkpoint,
            save_every=save_every,
            progress=progress,
        )


class Replicas:
    """Who takes the steps of a run: all replicas of a strategy together; see `OneDevice`."""

    def __init__(self, strategy):
        if not isinstance(strategy, tf.distribute.Strategy):
            wanted = "a tf.distribute strategy"
            raise argument_error("strategy", strategy, wanted, kind=TypeError)
        self._strategy = strategy
        self.is_chief = is_chief(strategy)
        self.scope = strategy.scope

    def check(self, settings):
        """An error unless a step with these settings can be taken in equal parts."""
        replicas = self._strategy.num_replicas_in_sync
        if settings.batch_size % replicas:
            wanted = f"a multiple of the number of replicas, {replicas}"
            remedy = "Each takes an equal share of every batch."
            raise argument_error("batch_size", settings.batch_size, wanted, remedy)
        if settings.algorithm != "aevb":
            remedy = "Wake-sleep's dreams are no shares of a batch: use `train`."
            raise argument_error("algorithm", settings.algorithm, "'aevb'", remedy)

    def make_epoch(self, vae, optimizer, settings, stored):
        """`vicourse.vae.training.make_epoch`, with every step in shares."""
        return make_shared_epoch(vae, optimizer, settings, stored, self._strategy)

    def check_agreement(self, what, remedy, *parts):
        """An error if the workers do not hold the same: `what` it is, and what to do about it.

        Args:
            parts: variables, or anything that JSON can hold. A check sum of them travels.
        """
        ours = check_sum(*parts)
        everyones = self._gathered(ours)
        if np.any(everyones != ours):
            raise ValueError(
                f"the workers do not have the same {what}: their check sums are "
                f"{everyones.tolist()}. {remedy}"
            )

    def _gathered(self, number):
        """[replicas]: each replica's number. Vectors with one entry each add up to the list."""
        count = self._strategy.num_replicas_in_sync
        slots = self._strategy.experimental_distribute_values_from_function(
            lambda replica: tf.one_hot(
                replica.replica_id_in_sync_group, count, number, dtype=tf.int64
            )
        )
        return np.asarray(self._strategy.reduce("SUM", slots, axis=None))


def check_sum(*parts):
    """The CRC-32 of arrays, variables, and of what JSON can hold, one after the other."""
    total = 0
    for part in parts:
        is_array = hasattr(part, "shape")
        content = np.asarray(part).tobytes() if is_array else json.dumps(part).encode()
        total = zlib.crc32(content, total)
    return total


def make_shared_epoch(vae, optimizer, settings, stored, strategy):
    """`make_epoch` over the strategy's replicas: a function of (seed, epoch), the same on each.

    `vae` and `optimizer` were made in the strategy's scope. XLA compiles a replica's gradients,
    noise included, since its random numbers are not those of plain TensorFlow.
    """
    num_images, batch = len(stored), settings.batch_size
    steps, replicas = num_images // batch, strategy.num_replicas_in_sync
    stored = tf.constant(stored)
    variables = vae.trainable_variables

    @tf.function(jit_compile=True, autograph=False)
    def gradients_of_share(images, step, bits_seed, z_seed, replica):
        x = settings.bits(images, tf.random.fold_in(bits_seed, step))
        seed = tf.random.fold_in(z_seed, step)
        return share_of_step(vae, x, seed, settings, num_images, replica, replicas)

    def one_step(images, step, bits_seed, z_seed):
        context = tf.distribute.get_replica_context()
        gradients, loss, sums = gradients_of_share(
            images, step, bits_seed, z_seed, context.replica_id_in_sync_group
        )
        optimizer.apply(gradients, variables)  # Keras adds up the replicas' gradients
        return context.all_reduce("SUM", [tf.cast(loss, tf.float64), sums])

    @tf.function
    def all_steps(batches, bits_seed, z_seed):
        total = tf.zeros([2, 3], tf.float64)
        first_bad = steps
        for step in tf.range(steps):
            results = strategy.run(one_step, (batches[step], step, bits_seed, z_seed))
            loss, sums = [strategy.experimental_local_results(result)[0] for result in results]
            total += sums
            if not tf.math.is_finite(loss) and step < first_bad:
                first_bad = step
        return total, first_bad

    return epoch_of(all_steps, stored, settings)


def share_of_step(vae, x, seed, settings, num_images, replica, replicas):
    """One replica's part of a step's gradients: added over all replicas they are the step's.

    Args:
        vae: a `VAE`.
        x: the whole batch, [M, num_pixels], the same for every replica.
        seed: of the whole batch's z.
        settings, num_images: as for `make_epoch`.
        replica: which, from 0; an integer or an integer tensor.
        replicas: how many. They divide M.

    Returns:
        gradients: one for each of `vae.trainable_variables`.
        loss: a scalar; over all replicas it adds up to the loss of the batch, in nats per image.
        sums: `sums_of` the bound of this replica's images.
    """
    batch = settings.batch_size
    share = batch // replicas
    rows = tf.slice(x, [replica * share, 0], [share, -1])
    part = _ShareOfBatch(vae, replica * share, batch)
    with tf.GradientTape() as tape:
        bound, loss = step_loss(part, rows, seed, settings)
        loss += weights_loss(vae.trainable_variables, settings, num_images)
        loss /= replicas  # a mean over one share, and the shares are equal
    return tape.gradient(loss, vae.trainable_variables), loss, sums_of(bound)


class _ShareOfBatch:
    """What `sgvb` needs of a `VAE`, where x is a batch's rows from `start` on."""

    def __init__(self, vae, start, batch_size):
        self.prior, self.likelihood = vae.prior, vae.likelihood
        self._posterior, self._rows = vae.posterior, (start, batch_size)

    def posterior(self, x):
        return _ShareOfPosterior(self._posterior(x), *self._rows)


class _ShareOfPosterior:
    """q(z | x), which draws for its rows what the whole batch's q(z | x) draws there."""

    def __init__(self, q, start, batch_size):
        self.log_prob, self.kl_divergence = q.log_prob, q.kl_divergence
        self._q, self._start, self._batch_size = q, start, batch_size

    def sample(self, num_samples, seed):
        mu, sigma = self._q.distribution.loc, self._q.distribution.scale
        rows, width = mu.shape
        zeros = tf.zeros([self._batch_size, width])
        noise = tfd.Normal(zeros, tf.ones_like(zeros)).sample(num_samples, seed=seed)
        return mu + sigma * tf.slice(noise, [0, self._start, 0], [-1, rows, -1])
