"""The kernels of `mcmc`, one call each: detailed balance, resonance, divergence, the books."""

import numpy as np
import pytest
import scipy.stats
import tensorflow as tf
import tensorflow_probability as tfp

from vicourse.compiled import compiled
from vicourse.inference import mcmc
from vicourse.inference.kernels import Hmc, JitteredHmc
from vicourse.models import NormalNormal
from vicourse.seeds import as_seed

LENGTH = 10
# Leapfrog turns a unit Gaussian's (u, r) by θ a step, cos θ = 1 − ε²/2: LENGTH θ = 2π is one round.
RESONANT = 2 * np.sin(np.pi / LENGTH)


def standard_normal(u):
    return -tf.reduce_sum(u**2, axis=-1) / 2


def chain(kernel, state, num_draws, trace_fn=None, seed=0):
    """Draws [num_draws, chains, dim] from a kernel, and what `trace_fn` kept."""

    def run(seed):
        return tfp.mcmc.sample_chain(
            num_draws,
            tf.constant(state, tf.float64),
            kernel=kernel,
            trace_fn=trace_fn,
            seed=seed,
        )

    return compiled(run, as_seed(seed), jit_compile=False)(as_seed(seed))


def test_jitter_breaks_the_resonance():
    """A whole number of rounds: without jitter the chains stay at 3; with it, they forget it."""
    state = np.full([20, 2], 3.0)
    plain = tfp.mcmc.HamiltonianMonteCarlo(standard_normal, np.float64(RESONANT), LENGTH)
    np.testing.assert_allclose(chain(plain, state, 10), 3.0, atol=1e-6)
    draws = chain(JitteredHmc(standard_normal, np.float64(RESONANT), LENGTH), state, 400)[100:]
    spread = 1 / np.sqrt(20)  # of the mean of 20 chains, were each one draw: generous
    assert np.all(np.abs(np.mean(draws, axis=(0, 1))) < 4 * spread)
    np.testing.assert_allclose(np.std(draws, axis=(0, 1)), 1.0, rtol=0.1)


def test_detailed_balance_on_a_skewed_density():
    """From exact draws u of Gumbel's −u − exp(−u), one draw u' each: (u, u') is exchangeable.

    E[f(u) g(u')] = E[g(u) f(u')] for all f, g; and u' is Gumbel again. The step is so large that
    many proposals are rejected: without the acceptance both would fail.
    """
    num_chains = 20_000
    u = np.random.default_rng(0).gumbel(size=[num_chains, 1])
    kernel = JitteredHmc(lambda u: -u[..., 0] - tf.exp(-u[..., 0]), np.float64(1.1), 3)
    draws, accepted = chain(kernel, u, 1, lambda _, results: results.is_accepted)
    assert 0.3 < np.mean(accepted) < 0.9
    before, after = u[:, 0], draws.numpy()[0, :, 0]
    pairs = [
        (lambda v: v < 0, lambda v: v > 1),
        (lambda v: v, lambda v: v**2),
        (np.tanh, lambda v: v > 2),
    ]
    for f, g in pairs:
        flow = f(before) * 1.0 * g(after) - g(before) * 1.0 * f(after)
        assert abs(flow.mean()) < 4 * flow.std() / np.sqrt(num_chains)
    assert scipy.stats.kstest(after, "gumbel_r").pvalue > 1e-4


def test_the_books_of_hmc():
    """energy = −lp + ½ rᵀr with r ~ N(0, I) in equilibrium; lp is the density of the draw."""
    u = np.random.default_rng(1).normal(size=[4000, 3])
    kernel = Hmc(4)
    assert kernel.name == "HMC (4 leapfrog steps)"
    draws, stats = chain(
        kernel.make(standard_normal, np.float64(1.2)), u, 2, kernel.statistics, seed=3
    )
    stats = {name: part.numpy() for name, part in stats.items()}
    np.testing.assert_allclose(stats["lp"], standard_normal(draws))
    kinetic = stats["energy"] + stats["lp"]
    assert np.all(kinetic >= 0)
    error = np.sqrt(3 / 2) / np.sqrt(kinetic.size)  # ½ χ²₃ has the variance 3/2
    assert abs(kinetic.mean() - 3 / 2) < 4 * error
    # A draw that was refused stays, and so does its energy's potential; some are, not all.
    stayed = np.all(draws[1] == draws[0], axis=1)
    assert 0.02 < stayed.mean() < 0.5
    assert abs(1 - stayed.mean() - stats["acceptance_rate"][1].mean()) < 4 * 0.5 / np.sqrt(4000)
    assert np.all(stats["n_steps"] == 4)
    assert np.all(stats["step_size"] == 1.2)
    assert not stats["diverging"].any()


def test_an_energy_error_beyond_1000_nats_diverges():
    """−u⁴ with steps of 2 from u = 3: the force throws the particle out of the world."""
    kernel = Hmc(5)

    def quartic(u):
        return -tf.reduce_sum(u**4, axis=-1)

    draws, stats = chain(
        kernel.make(quartic, np.float64(2.0)), [[3.0], [3.0]], 3, kernel.statistics
    )
    assert np.all(stats["diverging"])
    assert np.all(stats["acceptance_rate"].numpy() == 0)
    np.testing.assert_array_equal(draws, np.full([3, 2, 1], 3.0))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"kernel": "nut"}, "`kernel`: .*Did you mean 'nuts'"),
        ({"kernel": "hmc", "num_leapfrog_steps": 0}, "`num_leapfrog_steps`"),
        ({"kernel": "hmc", "num_leapfrog_steps": 2.5}, "`num_leapfrog_steps`"),
        (
            {"kernel": "hmc", "max_tree_depth": 5},
            "`max_tree_depth`: .*belongs to .* 'nuts'",
        ),
        ({"num_leapfrog_steps": 5}, "`num_leapfrog_steps`: .*None with the kernel 'nuts'"),
        ({"max_tree_depth": 0}, "`max_tree_depth`"),
    ],
)
def test_bad_kernels_are_named(arguments, words):
    with pytest.raises((ValueError, TypeError), match=words):
        mcmc(NormalNormal(), **{"seed": 0, **arguments})
