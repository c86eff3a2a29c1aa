"""Monte Carlo EM: no encoder, and for every training image a chain of its own.

    ∇_θ log p(x) = E_{p(z|x)}[∇_θ log p(x, z)]        (Fisher's identity)

so a draw from the posterior gives an unbiased gradient of the marginal likelihood itself, not of a
bound. The price is the draw.

Source: Kingma & Welling (2014), appendix E; Wei and Tanner (1990), A Monte Carlo implementation of
    the EM algorithm.
Chapter: deep/paper_experiments
"""

import time
from dataclasses import dataclass, field

import numpy as np
import tensorflow as tf
from tqdm.auto import tqdm

from vicourse.compiled import compiled
from vicourse.estimate import estimate_from_sums
from vicourse.inference.kernels import JitteredHmc
from vicourse.seeds import fold_in, split_seed
from vicourse.vae import checkpoint as checkpoints
from vicourse.vae.evaluation import sums_of
from vicourse.vae.settings import Settings
from vicourse.vae.training import (
    TrainedVAE,
    TrainingDiverged,
    check_run,
    epoch_order,
    identity_of,
    weights_loss,
)
from vicourse.validation import argument_error, check_integer, check_number

FIRST_STEP_SIZE = 0.1


@dataclass(frozen=True)
class MonteCarloEM:
    """The settings of a run; those of the chains are the paper's.

    Attributes:
        model: `Settings` of the decoder, the bits, the batches, the optimizer, the prior of the
            weights and the seed. There is no encoder, hence no bound: its `algorithm`, `estimator`
            and `num_samples` must be left as they are.
        num_leapfrog_steps: of the one proposal that an image's chain makes when its batch comes.
        target_accept: the acceptance to which the step size, one for all images, is tuned.
        num_updates: steps of the optimizer on a batch, with the same draws.

    Chapter: deep/paper_experiments
    """

    model: Settings = field(default_factory=Settings)
    num_leapfrog_steps: int = 10
    target_accept: float = 0.9
    num_updates: int = 5

    def __post_init__(self):
        check_integer("num_leapfrog_steps", self.num_leapfrog_steps, minimum=1)
        check_integer("num_updates", self.num_updates, minimum=1)
        check_number("target_accept", self.target_accept, above=0, below=1)
        if (self.model.algorithm, self.model.estimator, self.model.num_samples) != ("aevb", "B", 1):
            wanted = "settings with the default algorithm, estimator and num_samples"
            raise argument_error("model", self.model, wanted, "Monte Carlo EM has no bound.")

    def as_dict(self):
        """The settings as JSON has them."""
        return {
            **self.model.as_dict(),
            "algorithm": "monte_carlo_em",
            "num_leapfrog_steps": self.num_leapfrog_steps,
            "target_accept": self.target_accept,
            "num_updates": self.num_updates,
        }


@dataclass(frozen=True)
class TrainedByEM(TrainedVAE):
    """What `train_by_monte_carlo_em` returns.

    Attributes:
        vae: the trained `VAE`. Its encoder is as it began: `posterior` means nothing.
        settings: the `MonteCarloEM` it was trained with.
        data_name: of the images it was trained on.
        history: a list with one dict an epoch: `epoch`, `samples_seen` (images, each counted once
            however many updates it serves), `seconds`, `train_log_joint` and
            `train_log_joint_se` (log p(x, z) at the chains, nats per image; no bound on anything),
            `acceptance` and `step_size`, of the chains.
        chains: [n, num_latents], where the chain of each training image stands.

    Chapter: deep/paper_experiments
    """

    chains: np.ndarray


def train_by_monte_carlo_em(
    settings, data, epochs, *, checkpoint=None, save_every=1, progress=True
):
    """Fit a VAE's decoder to images by Monte Carlo EM, batch after batch.

        E:  z_i ← one HMC proposal from where the chain of image i stands
        M:  θ ← θ + a step along ∇_θ 1/M Σ_i log p_θ(x_i | z_i),  several times with the same z

    The chains begin at draws from the prior and go on from visit to visit. Between two visits to an
    image the weights move on, and its chain does not: the more images, the staler the chains. (The
    paper says that Monte Carlo EM is not an on-line algorithm. One batch of all images is its
    classical form.)

    Args:
        settings: a `MonteCarloEM`.
        data, epochs, checkpoint, save_every, progress: as for `train`.

    Returns:
        A `TrainedByEM`.

    Raises:
        TrainingDiverged, CheckpointError, ValueError: as for `train`.

    Source: Kingma & Welling (2014), appendix E: 10 leapfrog steps, 90 % acceptance, 5 updates. As
        in the authors' code, chains persist and one step size serves all images; where chains
        begin, and the batches, are ours.
    Chapter: deep/paper_experiments
    """
    model = settings.model
    epochs = check_run(model, data, epochs, save_every)
    images = model.stored_images(data.x_train, 0)
    vae = model.make_vae(images.shape[1], images)
    optimizer = model.make_optimizer(vae.decoder.trainable_variables)
    chains = tf.Variable(vae.prior.sample(len(images), seed=fold_in(model.seed, 0)))
    step_size = tf.Variable(FIRST_STEP_SIZE)
    variables = [*vae.decoder.trainable_variables, *optimizer.variables, chains, step_size]
    identity = identity_of(settings, data)
    history = checkpoints.restore(checkpoint, variables, identity) if checkpoint else []
    seconds = history[-1]["seconds"] if history else 0.0
    if len(history) < epochs:  # compiling takes seconds
        run_epoch = make_epoch(vae, optimizer, settings, images, chains, step_size)
    with tqdm(total=epochs, initial=len(history), unit="epoch", disable=not progress) as bar:
        for epoch in range(len(history) + 1, epochs + 1):
            start = time.perf_counter()
            optimizer.learning_rate.assign(model.rate(epoch))
            log_joint, acceptance = run_epoch(fold_in(model.seed, epoch), epoch)
            seconds += time.perf_counter() - start
            history.append(
                {
                    "epoch": epoch,
                    "samples_seen": epoch * log_joint.num_samples,
                    "seconds": seconds,
                    "train_log_joint": log_joint.value,
                    "train_log_joint_se": log_joint.standard_error,
                    "acceptance": acceptance,
                    "step_size": float(step_size),
                }
            )
            if checkpoint and (epoch % save_every == 0 or epoch == epochs):
                checkpoints.save(checkpoint, variables, identity, history)
            bar.set_postfix_str(f"acceptance {acceptance:.2f}")
            bar.update()
    return TrainedByEM(vae, settings, data.name, history, chains.numpy())


def make_epoch(vae, optimizer, settings, stored, chains, step_size):
    """One pass over the images: a function of (seed, epoch) that moves weights and chains."""
    model, num_images = settings.model, len(stored)
    batch = model.batch_size
    steps = num_images // batch
    stored = tf.constant(stored)
    variables = vae.decoder.trainable_variables

    def all_steps(batches, starts, epsilon, bits_seed, chain_seed):
        ends = tf.TensorArray(tf.float32, steps, element_shape=starts.shape[1:])
        sums, accepted = tf.zeros([2], tf.float64), tf.zeros([], tf.float64)
        for step in tf.range(steps):
            x = model.bits(batches[step], tf.random.fold_in(bits_seed, step))
            seed = tf.random.fold_in(chain_seed, step)
            z, log_joint, acceptance = e_step(vae, x, starts[step], epsilon, seed, settings)
            epsilon *= tf.exp(acceptance - settings.target_accept)
            for _ in range(settings.num_updates):
                with tf.GradientTape() as tape:
                    loss = m_step_loss(vae, x, z, model, num_images)
                optimizer.apply(tape.gradient(loss, variables), variables)
            ends = ends.write(step, z)
            sums += sums_of(log_joint)
            accepted += tf.cast(acceptance, tf.float64)
        return ends.stack(), epsilon, sums, accepted

    examples = (
        tf.TensorSpec([steps, batch, stored.shape[1]], stored.dtype),
        tf.TensorSpec([steps, batch, vae.num_latents]),
        tf.TensorSpec([]),
        tf.TensorSpec([2], tf.int32),
        tf.TensorSpec([2], tf.int32),
    )
    all_steps = compiled(all_steps, *examples, autograph=True)

    def run(seed, epoch):
        order_seed, bits_seed, chain_seed = split_seed(seed, 3)
        order = epoch_order(num_images, batch, order_seed)
        batches, starts = tf.gather(stored, order), tf.gather(chains, order)
        ends, epsilon, sums, accepted = all_steps(batches, starts, step_size, bits_seed, chain_seed)
        if not np.all(np.isfinite([*sums.numpy(), float(epsilon)])):
            raise TrainingDiverged(
                f"log p(x, z) became NaN or infinite in epoch {epoch}. Try a smaller learning "
                f"rate (it is {model.learning_rate}) or a smaller `init_std`."
            )
        chains.assign(tf.tensor_scatter_nd_update(chains, order[..., None], ends))
        step_size.assign(epsilon)
        return estimate_from_sums(*sums.numpy(), steps * batch), float(accepted / steps)

    return run


def e_step(vae, x, z, step_size, seed, settings):
    """One HMC proposal for each image: where its chain then stands, [batch, num_latents].

    Also log p(x, z) there, [batch], and the mean probability of acceptance.
    """
    kernel = JitteredHmc(lambda z: vae.log_joint(x, z), step_size, settings.num_leapfrog_steps)
    z, results = kernel.one_step(z, kernel.bootstrap_results(z), seed)
    acceptance = tf.reduce_mean(tf.exp(tf.minimum(results.log_accept_ratio, 0.0)))
    return z, results.accepted_results.target_log_prob, acceptance


def m_step_loss(vae, x, z, model, num_images):
    """−1/M Σ_i log p_θ(x_i | z_i) − log p(θ)/N, in nats per image; z is held fixed."""
    loss = -tf.reduce_mean(vae.likelihood(z).log_prob(x))
    return loss + weights_loss(vae.decoder.trainable_variables, model, num_images)
