"""The Gaussian mixture: sums over assignments against the log joint, SciPy and quadrature."""

import numpy as np
import pytest
import scipy.special
import scipy.stats as st
import tensorflow as tf

from vicourse.models import GaussianMixture, NotKnownExactly, enumerate_states, quadrature

DATA = np.array([[-2.0], [-1.1], [0.3], [1.9], [2.4]])
WEIGHTS = np.array([0.3, 0.7])


@pytest.fixture(scope="module")
def model():
    return GaussianMixture(DATA, WEIGHTS, prior_sd=2.0, noise_sd=0.8)


def test_states_are_counted_like_numbers():
    np.testing.assert_array_equal(enumerate_states(2, 2), [[0, 0], [0, 1], [1, 0], [1, 1]])
    states = enumerate_states(3, 4)
    np.testing.assert_array_equal(states @ 3 ** np.arange(4)[::-1], np.arange(81))


def test_too_many_states():
    with pytest.raises(NotKnownExactly, match=r"2\^21"):
        enumerate_states(2, 21)
    with pytest.raises(TypeError, match="num_values"):
        enumerate_states(2.0, 3)
    with pytest.raises(ValueError, match="num_variables"):
        enumerate_states(2, 0)
    with pytest.raises(NotKnownExactly, match="fewer data"):
        GaussianMixture(np.zeros((30, 1)), WEIGHTS).log_evidence()


def test_log_joint_against_scipy(model):
    means = np.array([[-1.0], [1.5]])
    densities = st.norm(means[:, 0], 0.8).pdf(DATA)  # [N, K]
    want = np.log(densities @ WEIGHTS).sum() + st.norm(0, 2).logpdf(means).sum()
    assert float(model.log_joint(means)) == pytest.approx(want, abs=1e-10)


def test_log_joint_sums_over_assignments():
    """log p(x, μ) = log Σ_c p(x, c, μ), in two dimensions and for a batch of means."""
    data = np.random.default_rng(1).normal(size=(4, 2))
    model = GaussianMixture(data, np.array([0.2, 0.5, 0.3]), 2.0, 0.8)
    means = tf.constant(np.random.default_rng(2).normal(size=(6, 3, 2)))
    each = model.complete_log_joint(means[:, None], enumerate_states(3, 4))
    assert each.shape == (6, 81)
    total = scipy.special.logsumexp(each, axis=1)
    np.testing.assert_allclose(model.log_joint(means), total, atol=1e-10)


def test_evidence_by_joint_gaussians(model):
    """p(x | c): the data of one component are N(0, s² 1 1ᵀ + σ² I)."""
    total = 0.0
    for c in enumerate_states(2, 5):
        term = np.prod(WEIGHTS[c])
        for k in range(2):
            x = DATA[c == k, 0]
            if len(x):
                term *= st.multivariate_normal(cov=4.0 + 0.64 * np.eye(len(x))).pdf(x)
        total += term
    assert model.log_evidence() == pytest.approx(np.log(total), abs=1e-10)


def test_evidence_and_posterior_by_quadrature(model):
    truth = quadrature(model)
    assert truth.log_evidence == pytest.approx(model.log_evidence(), abs=1e-8)
    np.testing.assert_allclose(truth.mean(), model.posterior().mean(), atol=1e-7)
    assert truth.kl_q_p(model.posterior()) == pytest.approx(0, abs=1e-8)


def test_order_of_components_does_not_matter():
    """With equal weights: p(x, μ) is the same for every permutation of the means."""
    model = GaussianMixture(DATA, np.full(3, 1 / 3))
    means = np.array([[-1.0], [0.4], [2.0]])
    assert float(model.log_joint(means)) == pytest.approx(float(model.log_joint(means[[2, 0, 1]])))


def test_bad_input(model):
    with pytest.raises(ValueError, match="add up to 1"):
        GaussianMixture(DATA, np.array([0.3, 0.3]))
    with pytest.raises(ValueError, match="above 0"):
        GaussianMixture(DATA, np.array([1.5, -0.5]))
    with pytest.raises(ValueError, match="shape"):
        GaussianMixture(DATA[:, 0], WEIGHTS)
    with pytest.raises(ValueError, match="noise_sd"):
        GaussianMixture(DATA, WEIGHTS, noise_sd=-1.0)
    means = np.zeros((2, 1))
    with pytest.raises(ValueError, match="assignments"):
        model.complete_log_joint(means, [0, 1])
    with pytest.raises(ValueError, match="assignments"):
        model.complete_log_joint(means, np.zeros(5))
    with pytest.raises(ValueError, match="assignments"):
        model.complete_log_joint(means, [0, 1, 2, 0, 1])
