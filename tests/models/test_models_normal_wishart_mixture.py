"""The mixture with everything unknown: SciPy's densities, Student-t predictions, and sums."""

import itertools

import numpy as np
import pytest
import scipy.stats as st
from scipy.special import gammaln, logsumexp

from vicourse.models import NormalWishartMixture, NotKnownExactly

RNG = np.random.default_rng(2)
DATA = RNG.normal([1.0, 0.0], 1.0, size=(5, 2))
M0, SCALE_INVERSE = np.array([0.5, -0.3]), np.array([[1.0, 0.3], [0.3, 2.0]])


@pytest.fixture(scope="module")
def model():
    return NormalWishartMixture(DATA, 3, 0.7, M0, 0.8, 3.5, SCALE_INVERSE)


def test_log_joint_against_scipy(model):
    weights, means = np.array([0.2, 0.5, 0.3]), RNG.normal(size=(3, 2))
    precisions = st.wishart(4.0, np.eye(2)).rvs(3, random_state=1)
    want, densities = st.dirichlet(np.full(3, 0.7)).logpdf(weights), 0.0
    for pi, mu, matrix in zip(weights, means, precisions, strict=True):
        want += st.wishart(3.5, np.linalg.inv(SCALE_INVERSE)).logpdf(matrix)
        want += st.multivariate_normal(M0, np.linalg.inv(0.8 * matrix)).logpdf(mu)
        densities += pi * st.multivariate_normal(mu, np.linalg.inv(matrix)).pdf(DATA)
    want += np.log(densities).sum()
    got = model.log_joint({"weights": weights, "means": means, "precisions": precisions})
    assert float(got) == pytest.approx(want, abs=1e-8)


def predictive_evidence(points):
    """log p(x) of one component as a product of Student-t predictions, each point given those
    before it: t with ν + 1 − D degrees, mean m and shape W⁻¹ (β + 1)/(β (ν + 1 − D))."""
    m, beta, nu, scale_inverse, total = M0, 0.8, 3.5, SCALE_INVERSE, 0.0
    for x in points:
        degrees = nu - 1
        shape = scale_inverse * (beta + 1) / (beta * degrees)
        total += st.multivariate_t(m, shape, df=degrees).logpdf(x)
        scale_inverse = scale_inverse + beta / (beta + 1) * np.outer(x - m, x - m)
        m, beta, nu = (beta * m + x) / (beta + 1), beta + 1, nu + 1
    return total


def test_evidence_by_student_t_predictions(model):
    terms = []
    for c in itertools.product(range(3), repeat=5):
        counts = np.bincount(c, minlength=3)
        term = gammaln(2.1) - gammaln(7.1) + np.sum(gammaln(0.7 + counts) - gammaln(0.7))
        terms.append(term + sum(predictive_evidence(DATA[np.array(c) == k]) for k in range(3)))
    assert model.log_evidence() == pytest.approx(logsumexp(terms), abs=1e-9)


def test_defaults_are_about_the_origin():
    model = NormalWishartMixture(DATA, 2)
    np.testing.assert_array_equal(model.prior_mean, [0, 0])
    np.testing.assert_array_equal(model.scale_inverse, np.eye(2))
    assert model.degrees == 2


def test_bad_input():
    for arguments, words in [
        ({"num_components": 1}, "num_components"),
        ({"num_components": 2, "degrees": 1.0}, "degrees"),
        ({"num_components": 2, "prior_mean": np.zeros(3)}, "prior_mean"),
        ({"num_components": 2, "scale_inverse": -np.eye(2)}, "scale_inverse"),
        ({"num_components": 2, "concentration": 0.0}, "concentration"),
    ]:
        with pytest.raises(ValueError, match=words):
            NormalWishartMixture(DATA, **arguments)
    with pytest.raises(NotKnownExactly, match="fewer data"):
        NormalWishartMixture(np.zeros((30, 1)), 3).log_evidence()
