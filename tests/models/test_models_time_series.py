"""The hidden Markov and state-space models against enumeration and the joint Gaussian."""

import itertools

import numpy as np
import pytest
import scipy.special
import scipy.stats as st
from models_catalogue import CATALOGUE

from vicourse.models import HiddenMarkov, StateSpace, enumerate_states, quadrature

INITIAL = np.array([0.4, 0.6])
TRANSITION = np.array([[0.9, 0.1], [0.3, 0.7]])
X = np.array([-1.0, -0.4, 2.0, 1.2])


def sequences(means):
    """Every sequence of states, and log p(x, c | μ) for each, term by term."""
    states = enumerate_states(2, len(X))
    logs = []
    for c in states:
        total = np.log(INITIAL[c[0]]) + st.norm(means[c], 0.8).logpdf(X).sum()
        for before, after in itertools.pairwise(c):
            total += np.log(TRANSITION[before, after])
        logs.append(total)
    return states, np.array(logs)


@pytest.fixture(scope="module")
def markov():
    return HiddenMarkov(X, INITIAL, TRANSITION, prior_sd=2.0, noise_sd=0.8)


def test_forward_algorithm_sums_over_sequences(markov):
    means = np.array([-1.0, 1.5])
    _, logs = sequences(means)
    want = scipy.special.logsumexp(logs) + st.norm(0, 2).logpdf(means).sum()
    assert float(markov.log_joint(means)) == pytest.approx(want, abs=1e-10)


def test_smoothing_by_enumeration(markov):
    means = np.array([-1.0, 1.5])
    states, logs = sequences(means)
    weights = scipy.special.softmax(logs)
    want = np.array([[weights[states[:, t] == k].sum() for k in range(2)] for t in range(4)])
    np.testing.assert_allclose(markov.smooth(means), want, atol=1e-10)


@pytest.mark.slow
def test_markov_evidence_and_posterior_by_quadrature(markov):
    truth = quadrature(markov)
    assert truth.log_evidence == pytest.approx(markov.log_evidence(), abs=1e-8)
    np.testing.assert_allclose(truth.mean(), markov.posterior().mean(), atol=1e-7)


def joint_covariances(model):
    """Cov of the path z (flattened) and of x given it, by running the recursion on covariances."""
    num_steps, k = model.event_shape
    a, q = model.transition, model.process_covariance
    blocks = np.zeros((num_steps, num_steps, k, k))
    blocks[0, 0] = model.initial_covariance
    for t in range(1, num_steps):
        blocks[t, t] = a @ blocks[t - 1, t - 1] @ a.T + q
    for t in range(num_steps):
        for later in range(t + 1, num_steps):
            blocks[later, t] = a @ blocks[later - 1, t]
            blocks[t, later] = blocks[later, t].T
    path = blocks.transpose(0, 2, 1, 3).reshape(num_steps * k, num_steps * k)
    see = np.kron(np.eye(num_steps), model.observation)
    return path, see, see @ path @ see.T + np.kron(np.eye(num_steps), model.noise_covariance)


def test_kalman_evidence_is_the_joint_gaussian():
    model = CATALOGUE["state_space"]("float64")
    _, _, covariance = joint_covariances(model)
    want = st.multivariate_normal(cov=covariance).logpdf(model.data.ravel())
    assert model.log_evidence() == pytest.approx(want, abs=1e-9)


def test_path_posterior_by_conditioning():
    model = CATALOGUE["state_space"]("float64")
    path, see, covariance = joint_covariances(model)
    gain = path @ see.T @ np.linalg.inv(covariance)
    flat = model.posterior().distribution
    np.testing.assert_allclose(flat.mean(), gain @ model.data.ravel(), atol=1e-9)
    np.testing.assert_allclose(flat.covariance(), path - gain @ see @ path, atol=1e-9)


def test_bad_input():
    with pytest.raises(ValueError, match="transition"):
        HiddenMarkov(X, INITIAL, TRANSITION.T)
    with pytest.raises(ValueError, match="transition"):
        HiddenMarkov(X, INITIAL, np.full((3, 3), 1 / 3))
    with pytest.raises(ValueError, match="initial"):
        HiddenMarkov(X, INITIAL * 2, TRANSITION)
    with pytest.raises(ValueError, match="data"):
        HiddenMarkov(X[:, None], INITIAL, TRANSITION)
    one = np.eye(1)
    with pytest.raises(ValueError, match="data"):
        StateSpace(X, one, one, one, one, one)
    with pytest.raises(ValueError, match="noise_covariance"):
        StateSpace(X[:, None], one, one, one, -one, one)
    with pytest.raises(ValueError, match="transition"):
        StateSpace(X[:, None], np.eye(2), one, one, one, one)
