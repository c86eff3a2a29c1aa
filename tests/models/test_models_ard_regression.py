"""Linear regression with relevances against SciPy's densities."""

import numpy as np
import pytest
import scipy.stats as st

from vicourse.models import ARDRegression

RNG = np.random.default_rng(1)
X, Y = RNG.normal(size=(5, 2)), RNG.normal(size=5)


def test_log_joint_against_scipy():
    model = ARDRegression(X, Y, a=2.0, b=1.5, c=3.0, d=0.7)
    w, alpha, tau = np.array([0.5, -1.0]), np.array([0.3, 4.0]), 1.7
    want = st.gamma(2.0, scale=1 / 1.5).logpdf(alpha).sum() + st.gamma(3, scale=1 / 0.7).logpdf(tau)
    want += st.norm(0, alpha**-0.5).logpdf(w).sum() + st.norm(X @ w, tau**-0.5).logpdf(Y).sum()
    got = model.log_joint({"weights": w, "relevances": alpha, "precision": tau})
    assert float(got) == pytest.approx(want, abs=1e-10)


def test_bad_input():
    with pytest.raises(ValueError, match="data"):
        ARDRegression(X, Y[:-1])
    for name in "abcd":
        with pytest.raises(ValueError, match=f"`{name}`"):
            ARDRegression(X, Y, **{name: 0.0})
