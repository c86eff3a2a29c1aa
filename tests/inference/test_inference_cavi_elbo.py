"""The closed ELBO of every model at an arbitrary q, against other ways to the same number.

Exact: ELBO = log evidence − KL(q ‖ p), by formula or by a sum over all assignments. Monte Carlo:
the mean of log p − log q over draws, with the model's own log densities.
"""

import numpy as np
import pytest
import scipy.special
import scipy.stats as st
import tensorflow as tf
import tensorflow_probability as tfp
from cavi_cases import CASES, all_moved

from vicourse.inference.coordinate_ascent import updates_of
from vicourse.models import LDA, GaussianMixture, NormalWishartMixture, enumerate_states
from vicourse.models.mixture import given_assignments

tfd = tfp.distributions


def arbitrary(model, size, seed=0):
    updates = updates_of(model)
    return updates, all_moved(updates.sweep(updates.start(seed)), size, np.random.default_rng(seed))


def assert_mean(values, want, below):
    """The mean of Monte Carlo values is `want`, and their standard error small enough to tell."""
    values = np.asarray(values)
    error = values.std(ddof=1) / np.sqrt(values.size)
    assert error < below
    assert abs(values.mean() - want) < 4 * error


@pytest.mark.parametrize("name", ["normal_gamma", "ard_regression"])
def test_by_monte_carlo(name):
    """E_q[log p(x, z) − log q(z)]."""
    updates, q = arbitrary(CASES[name], 0.2)
    posterior = updates.posterior(q)
    z = posterior.sample(40_000, seed=[1, 2])
    values = CASES[name]._log_joint(z) - posterior.log_prob(z)
    assert_mean(values, updates.elbo(q), below=0.05)


def test_gaussian_mixture_by_enumeration():
    """ELBO = Σ_c q(c) [log p(x, c) − log q(c) − KL(q(μ) ‖ p(μ | x, c))], and at most log p(x)."""
    data = np.array([[-2.0, 0.1], [-1.1, 0.3], [0.3, -0.5], [1.9, 0.2], [2.4, 1.0]])
    model = GaussianMixture(data, np.array([0.3, 0.7]), 2.0, 0.8)
    updates, q = arbitrary(model, 0.5)
    states = enumerate_states(2, 5)
    log_data, loc, variance = given_assignments(data, states, 2, 2.0, 0.8)
    log_q = np.log(q.phi)[np.arange(5), states].sum(axis=1)
    exact = tfd.Normal(loc, np.sqrt(variance)[..., None])
    kl = tfd.kl_divergence(tfd.Normal(q.m, np.sqrt(q.s2)[:, None]), exact).numpy()
    gains = np.log(model.weights)[states].sum(axis=1) + log_data - log_q - kl.sum(axis=(1, 2))
    assert updates.elbo(q) == pytest.approx(np.exp(log_q) @ gains, abs=1e-10)
    for _ in range(50):
        q = updates.sweep(q)
    assert model.log_evidence() - 3 < updates.elbo(q) < model.log_evidence()


def test_lda_by_enumeration():
    """ELBO = Σ_c q(c) [log p(x, c) − log q(c) − KL(q(θ) q(φ) ‖ p(θ, φ | x, c))] over 2⁶ topics of
    six words: given c, θ and φ are Dirichlet again."""
    counts, alpha, beta = np.array([[2, 0, 1], [0, 2, 1]]), 0.7, 1.3
    model = LDA(counts, 2, alpha, beta)
    updates, q = arbitrary(model, 0.5)
    document, word = np.repeat(np.argwhere(counts >= 0), counts.ravel(), axis=0).T
    psi = scipy.special.digamma
    weights = psi(q.gamma)[document] + psi(q.lam).T[word] - psi(q.lam.sum(axis=1))
    log_q_c = scipy.special.log_softmax(weights, axis=1)

    def log_beta(a):
        return scipy.special.gammaln(a).sum(-1) - scipy.special.gammaln(a.sum(-1))

    total = 0.0
    for c in enumerate_states(2, 6):
        in_document, in_topic = np.zeros((2, 2)), np.zeros((2, 3))
        np.add.at(in_document, (document, c), 1)
        np.add.at(in_topic, (c, word), 1)
        log_p = np.sum(log_beta(alpha + in_document) - log_beta(np.full((2, 2), alpha)))
        log_p += np.sum(log_beta(beta + in_topic) - log_beta(np.full((2, 3), beta)))
        kl = tfd.kl_divergence(tfd.Dirichlet(q.gamma), tfd.Dirichlet(alpha + in_document))
        log_q = log_q_c[np.arange(6), c].sum()
        gain = log_p - log_q - tf.reduce_sum(kl)
        kl = tfd.kl_divergence(tfd.Dirichlet(q.lam), tfd.Dirichlet(beta + in_topic))
        total += np.exp(log_q) * (gain - tf.reduce_sum(kl))
    total += 2 * np.log(3)  # each document's multinomial coefficient, 3!/(2! 1!)
    assert updates.elbo(q) == pytest.approx(float(total), abs=1e-10)
    for _ in range(50):
        q = updates.sweep(q)
    assert model.log_evidence() - 2 < updates.elbo(q) < model.log_evidence()


def test_normal_wishart_mixture_by_monte_carlo():
    """E_q[log p(π, Λ, μ) + Σ r log(π_k N(x_n; μ_k, Λ_k⁻¹)) − log q] + H[r]."""
    model = CASES["normal_wishart_mixture"]
    updates, q = arbitrary(model, 0.1)
    posterior = updates.posterior(q)
    z = posterior.sample(10_000, seed=[3, 4])
    values = model.prior.log_prob(z) - posterior.log_prob(z)
    away = model.data[:, None, :] - z["means"][:, None]  # [S, N, K, D]
    log_normal = tf.linalg.logdet(z["precisions"])[:, None] - 2 * np.log(2 * np.pi)
    log_normal -= tf.einsum("snkd,skde,snke->snk", away, z["precisions"], away)
    log_weighted = tf.math.log(z["weights"])[:, None] + 0.5 * log_normal
    values += tf.reduce_sum(q.r * log_weighted, axis=[1, 2])
    assert_mean(values + st.entropy(q.r, axis=1).sum(), updates.elbo(q), below=0.1)


def test_normal_wishart_mixture_stays_below_the_evidence():
    """Eight points, 2⁸ assignments."""
    data = np.random.default_rng(5).normal(size=(8, 2)) * [1.0, 0.3]
    model = NormalWishartMixture(data, 2, 0.8)
    updates = updates_of(model)
    for seed in range(5):
        q = updates.start(seed)
        for _ in range(50):
            q = updates.sweep(q)
        assert model.log_evidence() - 5 < updates.elbo(q) < model.log_evidence()


def test_potts_by_enumeration():
    """ELBO = Σ_c q(c) [log p(x, c) − log q(c)] over all 2⁹ images of 3 × 3 pixels."""
    image = np.random.default_rng(6).normal(size=(3, 3))
    model = type(CASES["potts"])(image, np.array([-0.5, 0.8]), 0.9, 0.7)
    updates, q = arbitrary(model, 0.5)
    labels = enumerate_states(2, 9)
    log_q = np.log(q.q.reshape(9, 2))[np.arange(9), labels].sum(axis=1)
    gains = model.log_joint(labels.reshape(-1, 3, 3)).numpy() - log_q
    assert updates.elbo(q) == pytest.approx(np.exp(log_q) @ gains, abs=1e-10)
