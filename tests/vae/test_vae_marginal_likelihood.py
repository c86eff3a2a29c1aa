"""Three estimators of log p(x), against evidence that is known, and where the paper's one fails.

The linear-Gaussian model: z ~ N(0, I), x | z ~ N(W z, s² I), so x ~ N(0, W Wᵀ + s² I), and the
posterior is a Gaussian that can be drawn from exactly.
"""

import numpy as np
import pytest
import scipy.stats as st
import tensorflow as tf
import tensorflow_probability as tfp
import vae_helpers as helpers

from vicourse.vae import (
    evidence_by_appendix_d,
    evidence_by_importance,
    gaussian_of,
)
from vicourse.vae.kernel_density import log_kernel_density

tfd = tfp.distributions


class LinearGaussian:
    """In NumPy and SciPy, apart from `log_joint`."""

    def __init__(self, num_latents, s=0.5):
        self.W = np.random.default_rng(5).normal(size=(num_latents + 2, num_latents))
        self.s = s
        self.x = np.random.default_rng(6).normal(size=num_latents + 2)
        self.cov = np.linalg.inv(np.eye(num_latents) + self.W.T @ self.W / s**2)
        self.mean = self.cov @ self.W.T @ self.x / s**2
        covariance = self.W @ self.W.T + s**2 * np.eye(num_latents + 2)
        self.log_evidence = st.multivariate_normal(cov=covariance).logpdf(self.x)

    def log_joint(self, x, z):
        prior = tfd.Independent(tfd.Normal(tf.zeros_like(z), tf.ones_like(z)), 1)
        likelihood = tfd.Normal(tf.linalg.matvec(tf.constant(self.W), z), self.s)
        return prior.log_prob(z) + tf.reduce_sum(likelihood.log_prob(x), axis=-1)

    def posterior_draws(self, num_draws, n, seed=0):
        """Exact ones, and log p(x, z) of each."""
        rng = np.random.default_rng(seed)
        z = rng.multivariate_normal(self.mean, self.cov, (num_draws, n))
        return z, self.log_joint(self.x, tf.constant(z)).numpy()


@pytest.mark.parametrize("widen", [1.0, 1.4])
def test_importance_is_unbiased_for_the_evidence_and_its_log_is_below(widen):
    """E[p̂] = p(x), E[log p̂] < log p(x): 4000 copies, K = 5, q off the posterior."""
    model = LinearGaussian(2)
    x = np.tile(model.x, (4000, 1))
    scale = 1.3 * np.sqrt(np.diag(model.cov))
    q = tfd.Independent(tfd.Normal(np.tile(model.mean + 0.1, (4000, 1)), scale), 1)
    found = evidence_by_importance(model.log_joint, x, q, 0, num_samples=5, widen=widen)
    mean, error = helpers.mean_and_error(np.exp(found.value - model.log_evidence))
    assert error < 0.03
    assert abs(mean - 1) < 4 * error
    mean, error = helpers.mean_and_error(found.value)
    assert mean + 4 * error < model.log_evidence
    assert found.num_samples == 5


def test_the_standard_error_of_importance_is_the_spread_of_repetitions():
    model = LinearGaussian(2)
    scale = 1.5 * np.sqrt(np.diag(model.cov))
    q = tfd.Independent(tfd.Normal(np.tile(model.mean, (500, 1)), scale), 1)
    x = np.tile(model.x, (500, 1))
    found = evidence_by_importance(model.log_joint, x, q, 1, num_samples=200)
    assert np.mean(found.error) == pytest.approx(found.value.std(), rel=0.15)
    assert np.all(np.abs(found.value - model.log_evidence) < 5 * found.error)


def test_the_kernel_density_is_scipys():
    """The bandwidth picked among ten by SciPy, and the density there, for two images at once."""
    rng = np.random.default_rng(2)
    z = rng.normal(size=(25, 2, 3)) @ rng.normal(size=(3, 3)) + 1
    points = rng.normal(size=(7, 2, 3))
    found = log_kernel_density(z, points)
    for i in range(2):
        scott = 25 ** (-1 / 7)
        factors = scott * np.exp((np.arange(10) - 5) / 2)
        scores = [
            st.gaussian_kde(z[12:, i].T, factor).logpdf(z[:12, i].T).sum() for factor in factors
        ]
        best = factors[int(np.argmax(scores))]
        expected = st.gaussian_kde(z[:, i].T, best).logpdf(points[:, i].T)
        np.testing.assert_allclose(found[:, i], expected)


def test_appendix_d_is_unbiased_for_one_over_the_evidence_and_its_log_is_above():
    """E[1/p̂] = 1/p(x) with exact posterior draws, and E[log p̂] > log p(x): 2000 copies."""
    model = LinearGaussian(2)
    z, log_joint = model.posterior_draws(50, 2000)
    found = evidence_by_appendix_d(z, log_joint)
    mean, error = helpers.mean_and_error(np.exp(model.log_evidence - found.value))
    assert error < 0.02
    assert abs(mean - 1) < 4 * error
    mean, error = helpers.mean_and_error(found.value)
    assert mean - 4 * error > model.log_evidence
    assert found.num_samples == 25


def test_appendix_d_gets_worse_with_dimension_and_better_with_draws():
    """Mean error, nats, of exact posterior draws: small at 2 latents, a nat and more at 8."""
    off = {}
    for num_latents, num_draws in ((2, 50), (3, 50), (8, 50), (3, 200)):
        model = LinearGaussian(num_latents)
        found = evidence_by_appendix_d(*model.posterior_draws(num_draws, 150))
        off[num_latents, num_draws] = found.value.mean() - model.log_evidence
    assert 0 < off[2, 50] < off[3, 50] < 0.6
    assert off[8, 50] > 1
    assert off[3, 200] < off[3, 50] / 2


def test_appendix_d_from_one_of_two_modes_is_too_low_by_its_share():
    """p(x, z) = e³ (0.5 N(z; −4, 0.3²) + 0.5 N(z; 4, 0.3²)), chains in the right one: log 0.5."""
    z = np.random.default_rng(3).normal(4, 0.3, (400, 200, 1))
    two = np.logaddexp(st.norm.logpdf(z, -4, 0.3), st.norm.logpdf(z, 4, 0.3)) + np.log(0.5) + 3
    found = evidence_by_appendix_d(z, two[..., 0])
    mean, error = helpers.mean_and_error(found.value)
    assert error < 0.01
    assert mean == pytest.approx(3 + np.log(0.5), abs=0.05)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_gaussian_of_draws(dtype):
    z = np.random.default_rng(4).normal(size=(30, 2, 3)).astype(dtype)
    q = gaussian_of(z)
    assert q.dtype == dtype
    for i in range(2):
        np.testing.assert_allclose(q.mean()[i], z[:, i].mean(axis=0), atol=1e-6)
        np.testing.assert_allclose(q.covariance()[i], np.cov(z[:, i].T), rtol=1e-4)


def test_what_cannot_be_answered_is_refused():
    good = np.random.default_rng(0).normal(size=(50, 4, 3))
    flat = good.copy()
    flat[:, 2] = flat[0, 2]
    with pytest.raises(ValueError, match=r"`z`.*stuck"):
        evidence_by_appendix_d(flat, np.zeros((50, 4)))
    with pytest.raises(ValueError, match=r"`z`.*stuck"):
        gaussian_of(flat)
    with pytest.raises(ValueError, match=r"`z`.*at least"):
        evidence_by_appendix_d(good[:15], np.zeros((15, 4)))
    with pytest.raises(ValueError, match="`log_joint`"):
        evidence_by_appendix_d(good, np.zeros((49, 4)))
    with pytest.raises(ValueError, match="`log_joint`"):
        evidence_by_appendix_d(good, np.full((50, 4), np.nan))
    x = helpers.bits(4, 6)
    nan = lambda x, z: np.nan * z[:, 0]  # noqa: E731
    with pytest.raises(FloatingPointError, match="importance weights of 4 images"):
        evidence_by_importance(nan, x, gaussian_of(good), 0, num_samples=2)
