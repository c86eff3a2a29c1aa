"""Hamiltonian chains for many images at once, against posteriors that are known."""

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp
import vae_helpers as helpers

from vicourse.vae import posterior_draws
from vicourse.vae.posterior_draws import make_sampler

tfd = tfp.distributions
COPIES = 150  # chains for each image: their means are independent


def correlated(x, z):
    """log N(z; (x, −x), C) + 7, C with SDs 0.5 and 0.1 and correlation 0.6; any dtype."""
    scale_tril = tf.constant([[0.5, 0.0], [0.06, 0.08]], z.dtype)
    mean = tf.stack([x, -x], axis=-1)
    return tfd.MultivariateNormalTriL(mean, scale_tril).log_prob(z) + 7


def close(values, expected):
    """Whether the mean over independent rows is `expected`, within 4.5 standard errors."""
    error = values.std(axis=0, ddof=1) / np.sqrt(len(values))
    return np.all(np.abs(values.mean(axis=0) - expected) < 4.5 * error)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_draws_have_the_moments_of_a_gaussian(dtype):
    """Mean (x, −x), covariance C, for two x, from a start three units away."""
    x = np.repeat(np.array([1.0, -2.0], dtype), COPIES)
    draws = posterior_draws(correlated, x, np.full([len(x), 2], 3, dtype), 1, num_draws=100)
    assert draws.z.shape == (100, 2 * COPIES, 2)
    assert draws.z.dtype == dtype
    log_joint = correlated(tf.constant(x), tf.constant(draws.z[-1])).numpy()
    np.testing.assert_allclose(draws.log_joint[-1], log_joint, rtol=1e-4, atol=1e-4)
    covariance = np.array([[0.25, 0.03], [0.03, 0.01]])
    for i, mean in enumerate([(1, -1), (-2, 2)]):
        z = np.float64(draws.z[:, i * COPIES : (i + 1) * COPIES])
        assert close(z.mean(axis=0), mean)
        centred = z - np.array(mean)
        assert close(np.einsum("snd,sne->nde", centred, centred) / len(z), covariance)


def test_each_image_has_a_step_size_of_its_own():
    """N(0, x²) with x from 0.001 to 1: the same acceptance, and step sizes in proportion to x."""
    x = np.repeat([0.001, 0.03, 1.0], 30)
    log_joint = lambda x, z: tfd.Normal(tf.zeros_like(x), x).log_prob(z[:, 0])  # noqa: E731
    draws = posterior_draws(log_joint, x, x[:, None], 2, num_warmup=300)
    groups = draws.acceptance.reshape(3, 30).mean(axis=1)
    assert np.all((groups > 0.84) & (groups < 0.97))
    relative = np.median((draws.step_size / x).reshape(3, 30), axis=1)
    np.testing.assert_allclose(relative, relative.mean(), rtol=0.25)


def test_a_vaes_posterior_against_a_grid():
    """E[z | x] and E[z² | x] of a VAE whose posteriors are no Gaussians, by integrals."""
    vae, x = helpers.lively_vae(2), helpers.bits(2, 6)
    exact = helpers.Exact(helpers.weights(vae))
    posterior = np.exp(exact.log_joint(x) - exact.log_evidence(x)[:, None]) * exact.cell
    copies = np.repeat(x, COPIES, axis=0)
    start = vae.prior.sample(len(copies), seed=tf.constant([0, 1]))
    z = np.float64(posterior_draws(vae.log_joint, copies, start, 3, num_draws=60).z)
    for i in range(2):
        mine = z[:, i * COPIES : (i + 1) * COPIES]
        assert close(mine.mean(axis=0), posterior[i] @ exact.z)
        assert close((mine**2).mean(axis=0), posterior[i] @ exact.z**2)


def test_one_sampler_for_many_uses():
    """The seed alone decides; the weights of the moment count; a bad start is named."""
    centre = tf.Variable(0.0, dtype=tf.float64)
    log_joint = lambda x, z: tfd.Normal(centre, x).log_prob(z[:, 0])  # noqa: E731
    x, start = np.full(50, 0.1), np.zeros([50, 1])
    sample = make_sampler(log_joint, x, start, num_draws=5)
    first, again, other = (sample(x, start, seed).z for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert not np.any(first == other)
    assert abs(first.mean()) < 0.1
    centre.assign(2.0)
    assert abs(sample(x, start, 0).z.mean() - 2) < 0.1
    start[:3] = np.nan
    with pytest.raises(ValueError, match=r"`start`.*3 of 50 images"):
        sample(x, start, 0)


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("start", {"start": np.zeros([4, 2])}),
        ("start", {"start": np.zeros(3)}),
        ("start", {"start": np.zeros([3, 2], int)}),
        ("num_draws", {"num_draws": 0}),
        ("num_warmup", {"num_warmup": 5}),
        ("num_leapfrog_steps", {"num_leapfrog_steps": 1.5}),
        ("target_accept", {"target_accept": 1.0}),
        ("seed", {"seed": None}),
    ],
)
def test_bad_arguments_are_named(name, changes):
    arguments = {"x": np.zeros(3), "start": np.zeros([3, 2]), "seed": 0, **changes}
    with pytest.raises((ValueError, TypeError), match=f"`{name}`"):
        posterior_draws(correlated, **arguments)
