"""SVGD against sums written out, fixed points known by hand, and its known failure."""

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp
from inference_cases import Cliff

from vicourse.inference import DivergedError, Fit, svgd
from vicourse.inference.starts import Gaussian as Start
from vicourse.inference.stein import median_rule, stein_direction
from vicourse.inference.svgd import Swarm
from vicourse.models import (
    EightSchoolsNonCentred,
    GammaPoisson,
    Gaussian,
    NormalNormal,
    correlated_gaussian,
)

tfb = tfp.bijectors

SHORT = {"num_starts": 1, "jit_compile": False}


def swarm_at(model, first):
    """Particles away from the answer, in the model's own units."""
    start = Start(np.zeros(model.dim), np.eye(model.dim))
    return Swarm(
        model, start, tf.constant(first), bandwidth=None, learning_rate=0.1, jit_compile=False
    )


def some_particles():
    rng = np.random.default_rng(0)
    return rng.normal(size=(5, 3)), rng.normal(size=(5, 3)), 1.7


def test_direction_written_out():
    """φ(v_i) = 1/n Σ_j [k(v_j, v_i) s_j + ∇_{v_j} k(v_j, v_i)], ∇k by finite differences. The force
    is φ n / Σ_j k(v_j, v_i)."""
    v, s, h = some_particles()

    def k(a, b):
        return np.exp(-np.sum((a - b) ** 2) / h)

    want = np.zeros_like(v)
    for i in range(len(v)):
        for j in range(len(v)):
            steps = 1e-6 * np.eye(v.shape[1])
            push = [(k(v[j] + e, v[i]) - k(v[j] - e, v[i])) / 2e-6 for e in steps]
            want[i] += (k(v[j], v[i]) * s[j] + np.array(push)) / len(v)
    direction, force, _ = stein_direction(v, s, h)
    np.testing.assert_allclose(direction, want, atol=1e-9)
    mass = [np.mean([k(a, b) for a in v]) for b in v]
    np.testing.assert_allclose(force, want / np.array(mass)[:, None], atol=1e-8)


def test_discrepancy_is_the_rate_of_descent():
    """S = 1/n Σ_i [s_iᵀ φ(v_i) + div φ(v_i)], what KL(q ‖ p) loses along φ (Liu and Wang 2016).
    Automatic differentiation takes the divergence of φ, with the particles inside φ held."""
    v, s, h = some_particles()
    places = tf.constant(v)

    def phi(x):
        kernel = tf.exp(-tf.reduce_sum((x[:, None] - v) ** 2, -1) / h)
        pushes = 2 / h * (x[:, None] - v) * kernel[..., None]
        return (kernel @ s + tf.reduce_sum(pushes, axis=1)) / len(v)

    with tf.GradientTape() as tape:
        tape.watch(places)
        value = phi(places)
    divergence = np.einsum("iaa->i", tape.batch_jacobian(value, places))
    want = np.mean(np.sum(s * value.numpy(), axis=1) + divergence)
    assert float(stein_direction(v, s, h)[2]) == pytest.approx(want, rel=1e-12)


def test_median_rule():
    """Squared distances 1, 4 and 9 between three points on a line: the median is 4."""
    assert median_rule(np.array([[0.0], [1.0], [3.0]])) == pytest.approx(4 / np.log(3))
    assert median_rule(np.zeros((1, 2))) == 1.0


def test_one_particle_is_the_mode():
    """z ~ Gamma(a, b), u = log z: the mode is log(a/b), and S at rest is 2 dim/h with h = 1."""
    model = GammaPoisson([2, 0, 5], a=2.5, b=0.7)
    fit = svgd(model, seed=0, num_particles=1, **SHORT)
    np.testing.assert_allclose(np.log(fit.draws), np.log((2.5 + 7) / (0.7 + 3)), atol=1e-3)
    assert fit.draws.shape == (1, 1)
    assert fit.objective[-1] == pytest.approx(2.0, abs=1e-4)
    assert fit.converged


def test_two_particles_by_hand():
    """On N(0, 1), at ±a, φ = 0 where exp(−4a²/h)(1 + 4/h) = 1. The median rule makes the
    exponential ½, so h = 4 and a = √log 2. Here on N(2.5, 0.5), compiled by XLA."""
    fit = svgd(NormalNormal(), seed=0, num_particles=2, num_starts=1, tolerance=1e-4)
    a = np.sqrt(0.5 * np.log(2))
    np.testing.assert_allclose(np.sort(fit.draws[0]), [2.5 - a, 2.5 + a], atol=1e-3)


def test_a_gaussian_from_far_away():
    """200 particles, huddled 3 SDs off, to correlation 0.9: means to 0.02, SDs and correlation to
    5 %; S falls from 10 to below 0.01."""
    first = 3 + 0.1 * np.random.default_rng(1).normal(size=(200, 2))
    swarm = swarm_at(correlated_gaussian(0.9), first)
    speeds = [swarm.move() for _ in range(4)]
    z = swarm.latents().numpy()
    np.testing.assert_allclose(z.mean(axis=0), 0, atol=0.02)
    np.testing.assert_allclose(z.std(axis=0), 1, rtol=0.05)
    assert np.corrcoef(z.T)[0, 1] == pytest.approx(0.9, abs=0.01)
    assert swarm.trace[0] > 10
    assert swarm.trace[-1] < 0.01
    assert speeds[-1] < 1e-3 < speeds[0]


def test_badly_scaled_coordinates():
    """SDs 1000 and 0.001, correlation 0.5: the start's units make them alike."""
    covariance = np.array([[1e6, 0.5], [0.5, 1e-6]])
    fit = svgd(Gaussian(np.array([500.0, -0.02]), covariance), seed=0, **SHORT)
    z = fit.draws[0]
    np.testing.assert_allclose((z.mean(axis=0) - [500, -0.02]) / [1e3, 1e-3], 0, atol=0.02)
    np.testing.assert_allclose(z.std(axis=0), [1e3, 1e-3], rtol=0.08)
    assert np.corrcoef(z.T)[0, 1] == pytest.approx(0.5, abs=0.03)


def test_the_variance_collapses_in_many_dimensions():
    """50 particles that begin as exact draws of N(0, I): in 2 dimensions they keep the variance, in
    50 they lose four fifths of it (Ba et al. 2022). The means stay."""
    variances = {}
    for dim in (2, 50):
        fit = svgd(correlated_gaussian(0.0, dim), seed=0, num_particles=50, tolerance=0.01, **SHORT)
        assert fit.converged
        np.testing.assert_allclose(fit.draws[0].mean(axis=0), 0, atol=0.02)
        variances[dim] = fit.draws[0].var(axis=0).mean()
    assert variances[2] > 0.8
    assert variances[50] < 0.2


@pytest.mark.slow
def test_dicts_of_latents_same_seed_and_arviz():
    model = EightSchoolsNonCentred()
    fits = [svgd(model, seed=s, num_particles=20, **SHORT) for s in (3, 3, 4)]
    assert isinstance(fits[0], Fit)
    assert set(fits[0].draws) == set(model.event_shape)
    for key, shape in model.event_shape.items():
        assert fits[0].draws[key].shape == (1, 20, *shape)
        np.testing.assert_array_equal(fits[0].draws[key], fits[1].draws[key])
        assert np.all(fits[0].draws[key] != fits[2].draws[key])
    assert fits[0].to_inference_data().posterior["mu"].shape == (1, 20)
    assert np.all(fits[0].sample(7, seed=0)["tau"].numpy() > 0)
    assert fits[0].posterior is None
    assert fits[0].elbo is None


def test_float32_and_a_bandwidth_of_ones_own():
    """Two particles with h = 2 in units of the start, by the same equation: a² = ½ log 3."""
    model = NormalNormal(dtype=tf.float32)
    fit = svgd(model, seed=0, num_particles=2, bandwidth=2.0, **SHORT)
    assert fit.draws.dtype == np.float32
    a = np.sqrt(0.5 * 0.5 * np.log(3))
    np.testing.assert_allclose(np.sort(fit.draws[0]), [2.5 - a, 2.5 + a], atol=2e-3)


def test_nan_stops_with_the_last_good_particles():
    with pytest.raises(DivergedError, match=r"Step \d+: .*gradient.*learning_rate") as caught:
        svgd(Cliff(), seed=0, **SHORT)
    assert caught.value.fit.draws.shape == (1, 100)
    assert np.all(np.isfinite(caught.value.fit.draws))


def test_a_last_step_over_the_cliff_is_seen():
    """One particle walks up the line log p = z, 0.1 a step, and is over with the 200th."""

    class Ramp(Cliff):
        def _log_joint(self, z):
            return z + 1e-30 * tf.sqrt(19.95 - z)

    swarm = swarm_at(Ramp(), np.zeros((1, 1)))
    with pytest.raises(FloatingPointError, match="Step 200"):
        swarm.move()
    np.testing.assert_array_equal(swarm.latents(), [0.0])


def test_ctrl_c_and_too_few_steps(monkeypatch):
    with pytest.warns(UserWarning, match="Raise `max_steps`"):
        fit = svgd(NormalNormal(), seed=0, tolerance=1e-12, max_steps=1, **SHORT)
    assert not fit.converged
    assert len(fit.objective) == 200

    def interrupted(self):
        raise KeyboardInterrupt

    monkeypatch.setattr(Swarm, "move", interrupted)
    fit = svgd(NormalNormal(), seed=0, **SHORT)
    assert fit.stop_reason == "interrupted after 0 steps"
    assert fit.draws.shape == (1, 100)


def test_bad_input_is_named():
    bad = {"num_particles": 0, "bandwidth": 0.0, "learning_rate": -1.0, "tolerance": 0.0}
    for name, value in {**bad, "max_steps": 0, "num_starts": 0}.items():
        with pytest.raises(ValueError, match=name):
            svgd(NormalNormal(), seed=0, **{name: value})
    with pytest.raises(TypeError, match="seed"):
        svgd(NormalNormal(), seed=None)
