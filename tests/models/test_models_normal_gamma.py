"""The Normal–Gamma model against SciPy: the evidence is a multivariate Student-t."""

import numpy as np
import pytest
import scipy.stats as st

from vicourse.models import NormalGamma

DATA = np.array([1.0, 2.5, 0.3, 4.0])


@pytest.fixture(scope="module")
def model():
    return NormalGamma(DATA, prior_mean=0.5, prior_count=0.8, a=1.2, b=2.0)


def test_evidence_is_a_student_t(model):
    """x ~ t with 2 a₀ degrees, location μ₀ and shape (b₀/a₀)(I + 1 1ᵀ/λ₀)."""
    shape = 2.0 / 1.2 * (np.eye(4) + 1 / 0.8)
    want = st.multivariate_t(np.full(4, 0.5), shape, df=2.4).logpdf(DATA)
    assert model.log_evidence() == pytest.approx(want, abs=1e-10)


def test_log_joint_against_scipy(model):
    mu, tau = 1.3, 0.6
    want = st.gamma(1.2, scale=1 / 2.0).logpdf(tau)
    want += st.norm(0.5, (0.8 * tau) ** -0.5).logpdf(mu)
    want += st.norm(mu, tau**-0.5).logpdf(DATA).sum()
    assert float(model.log_joint({"mean": mu, "precision": tau})) == pytest.approx(want, abs=1e-10)


def test_bad_input():
    with pytest.raises(ValueError, match="prior_count"):
        NormalGamma(DATA, prior_count=0.0)
    with pytest.raises(ValueError, match="above 0"):
        NormalGamma(DATA, a=-1.0)
    with pytest.raises(ValueError, match="shape"):
        NormalGamma(DATA[:, None])
