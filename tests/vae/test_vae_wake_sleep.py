"""Wake-sleep: what each phase moves and where to, against finite differences of exact sums.

Source: Hinton, Dayan, Frey and Neal (1995); Kingma & Welling (2014), section 5.
"""

import functools
import itertools

import numpy as np
import pytest
import tensorflow as tf
import vae_helpers as helpers
from scipy.stats import norm

from vicourse.seeds import split_seed
from vicourse.vae import VAE, Settings, sgvb, train
from vicourse.vae.training import step_loss
from vicourse.vae.wake_sleep import wake_sleep

SEEDS = 40
COPIES = 500
NUM_ENCODER = 4  # W₁, b₁, W₂, b₂ come first


@pytest.fixture(scope="module")
def case():
    return helpers.lively_vae(1, num_pixels=4, hidden=3), helpers.bits(3, 4, seed=2)


def differences(function, parameters, step=1e-4):
    """Central differences of `function` of a list of arrays, for each weight, as one array."""
    flat = np.concatenate([w.ravel() for w in parameters])
    cuts = np.cumsum([w.size for w in parameters])[:-1]

    def value(weights):
        parts = zip(np.split(weights, cuts), parameters, strict=True)
        return function([part.reshape(w.shape) for part, w in parts])

    steps = step * np.eye(flat.size)
    return np.array([(value(flat + s) - value(flat - s)) / (2 * step) for s in steps])


def sampled_gradient(vae, objective):
    """Mean and standard error over seeds of ∇ objective(seed), the weights in one array."""

    @tf.function
    def gradient(seed):
        with tf.GradientTape() as tape:
            value = objective(seed)
        variables = vae.trainable_variables
        parts = tape.gradient(value, variables)
        pairs = zip(parts, variables, strict=True)
        parts = [tf.zeros(v.shape) if part is None else part for part, v in pairs]
        return tf.concat([tf.reshape(part, [-1]) for part in parts], 0)

    values = np.float64([gradient(tf.constant([1, seed])) for seed in range(SEEDS)])
    return values.mean(0), values.std(0, ddof=1) / np.sqrt(SEEDS)


def test_each_phase_moves_one_network(case):
    """∂wake/∂φ = 0 and ∂sleep/∂θ = 0, exactly; the others are not."""
    vae, x = case
    phi, theta = slice(NUM_ENCODER), slice(NUM_ENCODER, None)
    for phase, mine, others in ((0, theta, phi), (1, phi, theta)):
        with tf.GradientTape() as tape:
            value = tf.reduce_sum(wake_sleep(vae, x, 0)[phase])
        gradients = tape.gradient(value, vae.trainable_variables)
        assert all(np.any(g.numpy() != 0) for g in gradients[mine])
        assert all(g is None or not np.any(g.numpy()) for g in gradients[others])


def test_the_step_descends_both_phases_at_once(case):
    """E[−∇ loss] is, for θ, ∇ of the ELBO by quadrature; for φ, ∇ Σ_x ∫ p(x, z) log q(z|x) dz, with
    all 2⁴ images listed. Within 4 standard errors, for every weight."""
    vae, x = case
    parameters = helpers.weights(vae)
    encoder, decoder = parameters[:NUM_ENCODER], parameters[NUM_ENCODER:]
    every = np.array(list(itertools.product([0.0, 1.0], repeat=4)))
    joint = np.exp(helpers.Exact(parameters, points=901).log_joint(every))  # [16, grid]

    def wake(theta):
        return helpers.Exact([*encoder, *theta], points=901).elbo(x).mean()

    def sleep(phi):
        exact = helpers.Exact([*phi, *decoder], points=901)
        return np.sum(joint * exact.log_q(every)) * exact.cell

    expected = np.concatenate([differences(sleep, encoder), differences(wake, decoder)])
    settings = helpers.tiny_settings(algorithm="wake_sleep")
    copies = np.tile(x, (COPIES, 1))
    mean, error = sampled_gradient(vae, lambda seed: -step_loss(vae, copies, seed, settings)[1])
    assert np.median(np.abs(expected)) > 10 * np.median(error)  # the test can tell
    assert np.all(np.abs(mean - expected) < 4 * error + 1e-4)


def test_bound_is_estimator_bs(case):
    """The wake phase's z give the ELBO: unbiased by quadrature, and B's for the same z."""
    vae, x = case
    seed = tf.constant([3, 4])
    wake, _, bound = wake_sleep(vae, x, seed)
    same = sgvb(vae, x, split_seed(seed, 2)[0])
    for ours, theirs in zip(bound, same, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-6)
    assert np.all(wake < bound.reconstruction - 0.9)  # log p(z) ≤ −½ log 2π is part of it
    values = np.float64(wake_sleep(vae, np.repeat(x, 20_000, axis=0), 5)[2].elbo).reshape(3, -1)
    error = values.std(1, ddof=1) / np.sqrt(values.shape[1])
    exact = helpers.Exact(helpers.weights(vae)).elbo(x)
    assert np.all(error < 0.05)
    assert np.all(np.abs(values.mean(1) - exact) < 4 * error)


def linear_vae(slope=0.3, noise=0.08, posterior_scale=1.0):
    """A VAE that is linear and Gaussian but for 1e-3: tanh and sigmoid near their middles.

    x = ½ + slope · z / 4 · (1, −1) + noise · ε,   q = the exact posterior N(mean(x), variance)
    """
    vae = VAE(1, 2, 1, likelihood="gaussian")
    small = 0.01
    a = np.array([slope / 4, -slope / 4])
    variance = 1 / (1 + a @ a / noise**2)
    row = variance * a / noise**2  # E[z|x] = row · (x − ½)
    values = [
        *(small * row[:, None], [-small * row.sum() / 2]),
        *([[1 / small, 0.0]], [0.0, np.log(variance * posterior_scale)]),
        *([[small]], [0.0]),
        *([[slope / small, -slope / small, 0, 0]], [0, 0, 2 * np.log(noise), 2 * np.log(noise)]),
    ]
    for variable, value in zip(vae.trainable_variables, values, strict=True):
        variable.assign(np.reshape(value, variable.shape))
    return vae, variance


def test_the_exact_posterior_is_the_sleep_phases_fixed_point():
    """E_p(x, z)[∇_φ log q(z|x)] = 0 at q = p(z|x), where x is linear in z and Gaussian.

    With twice the variance the bias of log σ² is pulled by ½ (½ − 1) = −¼.
    """

    def sleep(vae, seed):
        return tf.reduce_mean(wake_sleep(vae, tf.zeros([4000, 2]), seed)[1])  # as many dreams

    for scale, pull in ((1.0, 0.0), (2.0, -0.25)):
        vae, variance = linear_vae(posterior_scale=scale)
        assert variance == pytest.approx(0.36, abs=0.01)  # z is far from known, and far from free
        bias = slice(5, 7)  # W₁ [2, 1], b₁ [1], W₂ [1, 2], then b₂ [2]
        mean, error = sampled_gradient(vae, functools.partial(sleep, vae))
        assert np.all(error[bias] < 0.01)
        # 0.01: what the curvature of tanh and sigmoid leaves.
        assert np.all(np.abs(mean[bias] - [0.0, pull]) < 4 * error[bias] + 0.01)


@pytest.mark.slow
def test_training_by_wake_sleep_raises_the_bound():
    """Two kinds of stripes, one latent: by more than 2 nats, though no step climbs it."""
    settings = helpers.tiny_settings(
        algorithm="wake_sleep", num_latents=1, optimizer="adam", init_std=0.3, learning_rate=0.02
    )
    elbo = train(settings, helpers.tiny_data(), 100, progress=False).column("test_elbo")
    assert elbo[-20:].mean() > elbo[0] + 2


@pytest.mark.parametrize("changes", [{"estimator": "A"}, {"num_samples": 5}, {"estimator": "IW"}])
def test_what_wake_sleep_would_ignore_is_refused(changes):
    with pytest.raises(ValueError, match=r"`estimator`: wanted.*wake_sleep"):
        Settings(algorithm="wake_sleep", **changes)


def test_other_algorithms_are_refused():
    with pytest.raises(ValueError, match="Did you mean 'wake_sleep'"):
        Settings(algorithm="wake-sleep")


def test_log_prior_is_part_of_the_wake_phase(case):
    """wake = log p(x|z) + log N(z; 0, 1) for the z that the encoder drew."""
    _, x = case
    sure = helpers.lively_vae(1, num_pixels=4, hidden=3)
    helpers.set_posterior(sure, [1.3], [-30.0])  # z = 1.3 but for 3e-7
    wake = wake_sleep(sure, x, 0)[0]
    exact = helpers.Exact(helpers.weights(sure))
    expected = exact.log_likelihood(x, np.array([[1.3]]))[:, 0] + norm.logpdf(1.3)
    np.testing.assert_allclose(wake, expected, rtol=1e-4)
