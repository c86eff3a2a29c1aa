"""Draws from p(z | x) for many images at once: one Hamiltonian chain for each, side by side.

No encoder is asked: what is drawn is the model's own posterior, whatever q says of it.

Source: Kingma & Welling (2014), appendices D and E.
Chapter: deep/paper_experiments
"""

from typing import NamedTuple

import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp

from vicourse.compiled import compiled
from vicourse.inference.kernels import JitteredHmc
from vicourse.seeds import as_seed, split_seed
from vicourse.validation import argument_error, check_integer, check_number

FIRST_STEP_SIZE = 0.1


class PosteriorDraws(NamedTuple):
    """Draws from the posterior of each image, and how its chain went.

    Attributes:
        z: [num_draws, n, num_latents]; neighbours along the first axis depend on one another.
        log_joint: [num_draws, n], log p(x, z) of each draw, in nats.
        acceptance: [n], the mean probability that a proposal was accepted, after the warm-up.
        step_size: [n], ε, tuned for each image by itself.

    Chapter: deep/paper_experiments
    """

    z: np.ndarray
    log_joint: np.ndarray
    acceptance: np.ndarray
    step_size: np.ndarray


def posterior_draws(log_joint, x, start, seed, **options):
    """Draws from p(z | x) ∝ p(x, z) by Hamiltonian Monte Carlo, a chain for each image.

        (z, r) moves by leapfrog steps along  dz/dt = r,  dr/dt = ∇_z log p(x, z),  r from N(0, I)

    The step size of each chain is tuned by dual averaging, in a warm-up that is thrown away, and
    then fixed; every draw takes ε · U(0.8, 1.2), against trajectories that come back to where they
    began. Posteriors of different images differ in width, so one step size for all would be too
    long for some and too short for others.

    A chain stays in the mode that it finds first: where modes are far apart, its draws are those of
    one of them.

    Args:
        log_joint: a function of (x, z) with z [n, num_latents] to log p(x, z), [n], in nats; for
            instance `vae.log_joint`.
        x: what is observed, [n, ...].
        start: where the chains begin, [n, num_latents], float32 or float64 as the model; draws from
            the prior, for instance.
        seed: of the chains.
        options: `num_draws` to keep for each image, 50 unless given; `num_warmup` draws before
            them, 100; `num_leapfrog_steps` of a proposal, 4; `target_accept`, 0.9.

    Returns:
        `PosteriorDraws`.

    Raises:
        ValueError, TypeError: bad arguments; or the density is not finite where a chain begins.

    Source: Kingma & Welling (2014), appendix E: 50 draws, 4 leapfrog steps, 90 % acceptance.
        Warm-up, jitter and the step size for each image are ours.
    Chapter: deep/paper_experiments
    """
    return make_sampler(log_joint, x, start, **options)(x, start, seed)


def make_sampler(
    log_joint, x, start, *, num_draws=50, num_warmup=100, num_leapfrog_steps=4, target_accept=0.9
):
    """`posterior_draws` compiled once for many uses: a function of (x, start, seed).

    Its `x` and `start` are of the shapes given here. Weights that `log_joint` reads from variables
    are those of the moment.
    """
    num_draws = check_integer("num_draws", num_draws, minimum=1)
    num_warmup = check_integer("num_warmup", num_warmup, minimum=10)
    steps = check_integer("num_leapfrog_steps", num_leapfrog_steps, minimum=1)
    target_accept = check_number("target_accept", target_accept, above=0, below=1)
    x, start = tf.convert_to_tensor(x), tf.convert_to_tensor(start)
    if start.shape.rank != 2 or x.shape[:1] != start.shape[:1] or not start.dtype.is_floating:
        wanted = f"floating-point numbers of shape [{x.shape[0]}, num_latents], a row an image"
        raise argument_error("start", start, wanted)

    def run(x, start, seed):
        warm_seed, draw_seed = split_seed(seed)

        def make_kernel(step_size):
            return JitteredHmc(lambda z: log_joint(x, z), step_size, steps)

        first = tf.fill([start.shape[0], 1], tf.constant(FIRST_STEP_SIZE, start.dtype))
        adaptive = tfp.mcmc.DualAveragingStepSizeAdaptation(
            make_kernel(first), num_warmup, target_accept
        )
        warm, _, results = tfp.mcmc.sample_chain(
            num_warmup,
            start,
            kernel=adaptive,
            trace_fn=None,
            return_final_kernel_results=True,
            seed=warm_seed,
        )
        step_size = results.new_step_size
        z, (log_p, log_ratio) = tfp.mcmc.sample_chain(
            num_draws,
            warm[-1],
            kernel=make_kernel(step_size),
            trace_fn=lambda _, results: (
                results.accepted_results.target_log_prob,
                results.log_accept_ratio,
            ),
            seed=draw_seed,
        )
        acceptance = tf.reduce_mean(tf.exp(tf.minimum(log_ratio, 0)), axis=0)
        return z, log_p, acceptance, step_size[:, 0], log_joint(x, start)

    run = compiled(run, x, start, as_seed(0))

    def sample(x, start, seed):
        seed = as_seed(seed)
        *found, at_start = run(tf.convert_to_tensor(x), tf.convert_to_tensor(start), seed)
        bad = int(np.sum(~np.isfinite(at_start)))
        if bad:
            raise ValueError(
                f"`start`: log p(x, z) is NaN or infinite for {bad} of {len(at_start)} images "
                "there. Look for NaN in the images, the weights and `start`."
            )
        return PosteriorDraws(*(part.numpy() for part in found))

    return sample
