"""The Hamiltonian kernels of `mcmc`: how each is made, and what it tells about a draw.

Both follow a frictionless particle over the landscape −log p by leapfrog steps. HMC takes a fixed
number of them and accepts or rejects the place where it ends; NUTS goes on until it would turn back
and picks a place on the way.
"""

import tensorflow as tf
import tensorflow_probability as tfp

from vicourse.seeds import split_seed
from vicourse.validation import argument_error, check_choice, check_integer

MAX_ENERGY_ERROR = 1000.0  # nats; beyond, a trajectory has diverged
JITTER = 0.2


class Nuts:
    """The No-U-Turn Sampler: at most 2^max_tree_depth leapfrog steps a draw."""

    name = "NUTS"

    def __init__(self, max_tree_depth):
        self._max_tree_depth = max_tree_depth

    def make(self, target_log_prob_fn, step_size):
        """TFP's kernel."""
        return tfp.mcmc.NoUTurnSampler(
            target_log_prob_fn,
            step_size=step_size,
            max_tree_depth=self._max_tree_depth,
            max_energy_diff=MAX_ENERGY_ERROR,
        )

    @staticmethod
    def statistics(_, results):
        """What is kept of every draw, by ArviZ's names."""
        return {
            "lp": results.target_log_prob,
            "diverging": results.has_divergence,
            "energy": -results.energy,  # TFP keeps the log density of (u, momentum)
            "acceptance_rate": tf.exp(tf.minimum(results.log_accept_ratio, 0.0)),
            "n_steps": results.leapfrogs_taken,
            "reached_max_treedepth": results.reach_max_depth,
            "step_size": results.step_size * tf.ones_like(results.target_log_prob),
        }


class Hmc:
    """Hamiltonian Monte Carlo with a fixed number of leapfrog steps, of jittered size."""

    def __init__(self, num_leapfrog_steps):
        self.name = f"HMC ({num_leapfrog_steps} leapfrog steps)"
        self._num_leapfrog_steps = num_leapfrog_steps

    def make(self, target_log_prob_fn, step_size):
        """TFP's kernel, with jitter."""
        return JitteredHmc(target_log_prob_fn, step_size, self._num_leapfrog_steps)

    @staticmethod
    def statistics(_, results):
        """What is kept of every draw, by ArviZ's names."""
        lp = results.accepted_results.target_log_prob
        proposal = results.proposed_results
        momentum = tf.where(
            results.is_accepted[..., tf.newaxis],
            proposal.final_momentum[0],
            proposal.initial_momentum[0],
        )
        return {
            "lp": lp,
            "diverging": results.log_accept_ratio < -MAX_ENERGY_ERROR,
            "energy": -lp + tf.reduce_sum(momentum**2, axis=-1) / 2,
            "acceptance_rate": tf.exp(tf.minimum(results.log_accept_ratio, 0.0)),
            "n_steps": tf.ones_like(lp, tf.int32) * proposal.num_leapfrog_steps,
            "step_size": tf.ones_like(lp) * results.accepted_results.step_size,
        }


class JitteredHmc(tfp.mcmc.TransitionKernel):
    """TFP's HMC with a step size drawn anew for every draw of every chain: ε · U(0.8, 1.2).

    A Gaussian's particle goes round in a circle. Where the fixed length of a trajectory is a whole
    number of rounds (or of half rounds), a chain comes back to where it was (or to the mirror
    image), draw after draw: its energy hardly changes, every proposal is accepted, and nothing is
    explored. Jitter breaks the resonance. It is drawn without a look at the state, so that each
    draw still leaves p(z | x) as it is.

    The results are those of `tfp.mcmc.HamiltonianMonteCarlo`; the step size in them is ε, which
    dual averaging tunes.

    Source: Neal (2011), MCMC using Hamiltonian dynamics (on periodic trajectories).
    Chapter: algorithms/vi_vs_mcmc
    """

    is_calibrated = True

    def __init__(self, target_log_prob_fn, step_size, num_leapfrog_steps):
        self.parameters = {  # under this name TFP looks for them
            "target_log_prob_fn": target_log_prob_fn,
            "step_size": step_size,
            "num_leapfrog_steps": num_leapfrog_steps,
        }
        self._hmc = tfp.mcmc.HamiltonianMonteCarlo(
            **self.parameters, store_parameters_in_results=True
        )

    def one_step(self, current_state, previous_kernel_results, seed=None):
        """The next state [num_chains, dim] and its results."""
        jitter_seed, step_seed = split_seed(seed)
        step_size = previous_kernel_results.accepted_results.step_size
        shape = [current_state.shape[0], 1]
        jitter = tf.random.stateless_uniform(
            shape, jitter_seed, 1 - JITTER, 1 + JITTER, current_state.dtype
        )
        state, results = self._hmc.one_step(
            current_state, _with_step_size(previous_kernel_results, step_size * jitter), step_seed
        )
        return state, _with_step_size(results, step_size)

    def bootstrap_results(self, init_state):
        """Results to begin with."""
        return self._hmc.bootstrap_results(init_state)


def kernel_of(kernel, num_leapfrog_steps, max_tree_depth):
    """The kernel that the arguments of `mcmc` describe, or an error."""
    given = {"nuts": max_tree_depth, "hmc": num_leapfrog_steps}
    names = {"nuts": "max_tree_depth", "hmc": "num_leapfrog_steps"}
    kinds = {"nuts": Nuts, "hmc": Hmc}
    check_choice("kernel", kernel, kinds)
    for other in kinds.keys() - {kernel}:
        if given[other] is not None:
            raise argument_error(
                names[other],
                given[other],
                f"None with the kernel {kernel!r}",
                f"It belongs to the kernel {other!r}.",
            )
    value = 10 if given[kernel] is None else given[kernel]
    return kinds[kernel](check_integer(names[kernel], value, minimum=1))


def _with_step_size(results, step_size):
    return results._replace(
        accepted_results=results.accepted_results._replace(step_size=step_size),
        proposed_results=results.proposed_results._replace(step_size=step_size),
    )
