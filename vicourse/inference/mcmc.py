"""Markov chain Monte Carlo with NUTS or HMC, the reference for variational fits."""

import time

import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp

from vicourse.compiled import compiled
from vicourse.inference.chains import have_met
from vicourse.inference.fit import Fit
from vicourse.inference.kernels import kernel_of
from vicourse.inference.starts import best_on_path, search_paths
from vicourse.seeds import as_seed, fold_in, split_seed
from vicourse.validation import check_integer, check_number

WARMUP_WINDOWS = 4


def mcmc(
    model,
    *,
    seed,
    kernel="nuts",
    num_chains=4,
    num_warmup=1000,
    num_samples=1000,
    target_accept=0.8,
    max_tree_depth=None,
    num_leapfrog_steps=None,
):
    """Draws from p(z | x) by Hamiltonian Monte Carlo, on the unconstrained space.

        (v, r) moves by leapfrog steps along  dv/dt = r,  dr/dt = −∂H/∂v,  r fresh from N(0, I)
        H(v, r) = −log p(x, T(u)) − log |det dT/du| + ½ rᵀr,   u = unit · v
        HMC: the end (v', r') is accepted with probability min(1, exp(H(v, r) − H(v', r')))

    **NUTS** follows a trajectory until it would turn back and picks a place on it: its length
    suits the posterior. **HMC** takes a fixed number of steps. That number must suit the posterior:
    too few steps and the chain creeps, too many and the trajectory comes back. Where its length is
    a multiple of a Gaussian's period it returns to where it began, so each draw of HMC takes its
    step size from ε · U(0.8, 1.2). For NUTS there is nothing to set; prefer it.

    Each chain starts at a draw from its own Gaussian (see `starts`), the first from a search that
    begins at u = 0, the others from random points. Warm-up has four windows of equal length. In
    each, dual averaging tunes the step size towards `target_accept`; after each, the unit of every
    coordinate becomes the standard deviation of the window's draws, averaged over the chains
    (a diagonal mass matrix). Then both are fixed and the draws are kept.

    Args:
        model: a model.
        seed: an integer or a pair.
        kernel: "nuts" or "hmc".
        num_chains: independent chains; at least 2 lets R-hat compare them.
        num_warmup: draws per chain for adaptation, thrown away; a multiple of 4.
        num_samples: draws per chain to keep.
        target_accept: the acceptance that the step size is tuned to, for both kernels. Raise it to
            0.95 or 0.99 where divergences are reported. (In theory 0.65 is the best for HMC in many
            dimensions; 0.8 costs little and is safer.)
        max_tree_depth: of NUTS: at most 2^max_tree_depth leapfrog steps a draw; 10 if None.
        num_leapfrog_steps: of HMC: leapfrog steps a draw; 10 if None.

    Returns:
        A `Fit` with `draws` [num_chains, num_samples, *event_shape]; its objective is the log
        density of the unconstrained draws in nats. `sample_stats` has "lp", "diverging", "energy",
        "acceptance_rate", "n_steps", "step_size" (ε), and with NUTS "reached_max_treedepth". A draw
        is diverging if the energy on the way (for HMC: at the end) is off by more than 1000 nats.
        `converged` says that every rank-normalised split R-hat is below 1.01 and no draw diverged.

    Each window of the warm-up, and the sampling, is one compiled call: Ctrl-C is heeded between
    them, and keeps nothing.

    Raises:
        ValueError, TypeError: bad arguments.

    Source: Hoffman and Gelman (2014), The No-U-Turn Sampler, algorithm 6; Neal (2011), MCMC using
        Hamiltonian dynamics; the best acceptance of HMC from Beskos et al. (2013), Optimal tuning
        of the hybrid Monte Carlo algorithm; R-hat from Vehtari et al. (2021), Rank-normalization,
        folding, and localization.
    Chapter: algorithms/vi_vs_mcmc
    """
    began = time.perf_counter()
    num_chains = check_integer("num_chains", num_chains, minimum=1)
    num_warmup = check_integer("num_warmup", num_warmup, minimum=4 * WARMUP_WINDOWS)
    num_samples = check_integer("num_samples", num_samples, minimum=4)
    target_accept = check_number("target_accept", target_accept, above=0, below=1)
    kernel = kernel_of(kernel, num_leapfrog_steps, max_tree_depth)

    start_seed, warmup_seed, sample_seed = split_seed(seed, 3)
    chains = _Chains(model, kernel, target_accept)
    state, unit = _starts(model, start_seed, num_chains)
    state, unit, step_size = chains.warm_up(state, unit, num_warmup, warmup_seed)
    u, stats = chains.sample(state, unit, step_size, num_samples, sample_seed)

    draws = tf.nest.map_structure(_chains_first, model.flat_bijector.forward(u))
    stats = {name: _chains_first(part) for name, part in stats.items()}
    converged, stop_reason = have_met(_chains_first(u), stats["diverging"])
    return Fit(
        algorithm=kernel.name,
        model=model,
        posterior=None,
        draws=draws,
        objective=stats["lp"],
        elbo=None,
        seed=seed,
        seconds=time.perf_counter() - began,
        converged=converged,
        stop_reason=stop_reason,
        sample_stats=stats,
    )


class _Chains:
    """Chains in coordinates v, u = unit · v: one step size for v suits every scale of u."""

    def __init__(self, model, kernel, target_accept):
        self._model = model
        self._kernel = kernel
        self._target_accept = target_accept

    def warm_up(self, state, unit, num_warmup, seed):
        """The state, the units and the step size after `WARMUP_WINDOWS` windows."""
        window = num_warmup // WARMUP_WINDOWS

        def run(state, unit, step_size, seed):
            kernel = tfp.mcmc.DualAveragingStepSizeAdaptation(
                self._make_kernel(unit, step_size), window, self._target_accept
            )
            v, _, results = tfp.mcmc.sample_chain(
                window,
                state / unit,
                kernel=kernel,
                trace_fn=None,
                return_final_kernel_results=True,
                seed=seed,
            )
            return v * unit, results.new_step_size

        step_size = tf.constant(0.5 * self._model.dim**-0.25, self._model.dtype)
        run = compiled(run, state, unit, step_size, as_seed(seed))
        for number in range(WARMUP_WINDOWS):
            u, step_size = run(state, unit, step_size, fold_in(seed, number))
            state = u[-1]
            # The last window leaves the units alone: its step size was tuned for them.
            if number < WARMUP_WINDOWS - 1:
                unit = _units(u, unit)
        return state, unit, step_size

    def sample(self, state, unit, step_size, num_samples, seed):
        """Unconstrained draws [num_samples, num_chains, dim] and their statistics."""

        def run(state, unit, step_size, seed):
            v, trace = tfp.mcmc.sample_chain(
                num_samples,
                state / unit,
                kernel=self._make_kernel(unit, step_size),
                trace_fn=self._kernel.statistics,
                seed=seed,
            )
            return v * unit, trace

        run = compiled(run, state, unit, step_size, as_seed(seed))
        return run(state, unit, step_size, as_seed(seed))

    def _make_kernel(self, unit, step_size):
        return self._kernel.make(lambda v: self._model.unconstrained_log_joint(v * unit), step_size)


def _starts(model, seed, num_chains):
    """Where the chains begin, [num_chains, dim], and the units of the first window, [dim]."""
    path_seed, elbo_seed, draw_seed = split_seed(seed, 3)
    paths = search_paths(model, path_seed, num_chains)
    found = [best_on_path(model, path, elbo_seed) for path in paths]
    best = max(found, key=lambda pair: pair[1])[0]
    epsilon = tf.random.stateless_normal([num_chains, model.dim], draw_seed, dtype=tf.float64)
    # `found` is shorter where the density is not finite at some random points: then begin again.
    gaussians = [found[chain % len(found)][0] for chain in range(num_chains)]
    states = [
        gaussian.loc + gaussian.scale_tril @ noise
        for gaussian, noise in zip(gaussians, epsilon.numpy(), strict=True)
    ]
    unit = np.linalg.norm(best.scale_tril, axis=1)
    return tf.constant(np.array(states), model.dtype), tf.constant(unit, model.dtype)


def _units(u, old_unit):
    """Standard deviations of a window's draws u [draws, chains, dim], within chains.

    The old units count like 10 more draws, so that chains stuck in one place make no unit zero.
    """
    num_draws = u.shape[0] * u.shape[1]
    variance = tf.reduce_mean(tf.math.reduce_variance(u, axis=0), axis=0)
    return tf.sqrt((num_draws * variance + 10 * old_unit**2) / (num_draws + 10))


def _chains_first(part):
    """[draws, chains, ...] as a NumPy array [chains, draws, ...], ArviZ's order."""
    return np.swapaxes(part.numpy(), 0, 1)
