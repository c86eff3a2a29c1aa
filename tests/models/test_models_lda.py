"""Latent Dirichlet allocation against SciPy's densities, quadrature and a one-topic limit."""

import numpy as np
import pytest
import scipy.stats as st

from vicourse.models import LDA, NotKnownExactly, quadrature


def test_log_joint_against_scipy():
    counts = np.array([[2, 0, 1], [0, 3, 1]])
    theta = np.array([[0.2, 0.8], [0.6, 0.4]])
    phi = np.array([[0.1, 0.3, 0.6], [0.5, 0.25, 0.25]])
    want = sum(st.dirichlet([0.7, 0.7]).logpdf(row) for row in theta)
    want += sum(st.dirichlet([1.3] * 3).logpdf(row) for row in phi)
    for x, row in zip(counts, theta, strict=True):
        want += st.multinomial(x.sum(), row @ phi).logpmf(x)
    got = LDA(counts, 2, alpha=0.7, beta=1.3).log_joint({"proportions": theta, "topics": phi})
    assert float(got) == pytest.approx(want, abs=1e-9)


@pytest.mark.slow
def test_evidence_by_quadrature():
    """One document, two words, two topics: three dimensions."""
    model = LDA([[3, 2]], 2, alpha=4.0, beta=5.0)
    truth = quadrature(model, tolerance=1e-3)
    assert truth.log_evidence == pytest.approx(model.log_evidence(), abs=1e-6)


def test_evidence_of_one_word():
    """By symmetry one word is each of the V words with probability 1/V."""
    assert LDA([[0, 1, 0]], 3, 0.4, 0.9).log_evidence() == pytest.approx(-np.log(3))


def test_evidence_adds_up_to_one():
    """Σ p(x) over all counts of two documents with two words each, of a vocabulary of two."""
    documents = [(2, 0), (1, 1), (0, 2)]
    total = sum(
        np.exp(LDA([a, b], 2, 0.5, 0.8).log_evidence()) for a in documents for b in documents
    )
    assert total == pytest.approx(1.0, abs=1e-12)


def test_bad_input():
    with pytest.raises(ValueError, match="at least 0"):
        LDA([[1, -1]], 2)
    with pytest.raises(ValueError, match="whole numbers"):
        LDA([[0.5, 1.0]], 2)
    with pytest.raises(ValueError, match="different words"):
        LDA([[3], [2]], 2)
    with pytest.raises(ValueError, match="num_topics"):
        LDA([[1, 2]], 1)
    with pytest.raises(ValueError, match="alpha"):
        LDA([[1, 2]], 2, alpha=0.0)
    with pytest.raises(NotKnownExactly, match="joint"):
        LDA([[30, 20]], 2).log_evidence()
