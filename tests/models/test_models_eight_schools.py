"""Eight schools: the three forms against each other, SciPy, and posteriordb's reference draws."""

import numpy as np
import pytest
import scipy.integrate
import scipy.stats as st
import tensorflow as tf

from vicourse.models import (
    EightSchoolsCentred,
    EightSchoolsMarginal,
    EightSchoolsNonCentred,
    quadrature,
)

MU, TAU = np.float64(3.0), np.float64(2.5)
THETA = np.array([4.0, 2.0, 6.5, 1.0, -3.0, 3.3, 9.0, 0.0])


@pytest.fixture(scope="module")
def truth():
    return quadrature(EightSchoolsMarginal())


def test_centred_log_joint_against_scipy():
    model = EightSchoolsCentred()
    want = st.norm(0, 5).logpdf(MU) + st.halfcauchy(0, 5).logpdf(TAU)
    want += st.norm(MU, TAU).logpdf(THETA).sum()
    want += st.norm(THETA, model.standard_errors).logpdf(model.data).sum()
    got = model.log_joint({"mu": MU, "tau": TAU, "theta": THETA})
    assert float(got) == pytest.approx(want, abs=1e-10)


def test_non_centred_is_centred_in_other_coordinates():
    """θ = μ + τ η has the Jacobian τᴶ: log p(η) = log p(θ) + J log τ."""
    eta = (THETA - MU) / TAU
    z = {"mu": MU, "tau": TAU, "eta": eta}
    model = EightSchoolsNonCentred()
    np.testing.assert_allclose(model.theta({k: tf.constant(v) for k, v in z.items()}), THETA)
    centred = EightSchoolsCentred().log_joint({"mu": MU, "tau": TAU, "theta": THETA})
    want = float(centred) + 8 * np.log(TAU)
    assert float(model.log_joint(z)) == pytest.approx(want, abs=1e-10)


def test_marginal_integrates_the_effects_out():
    """∫ N(θ; μ, τ²) N(y_j; θ, σ_j²) dθ for each school."""
    model = EightSchoolsMarginal()
    want = st.norm(0, 5).logpdf(MU) + st.halfcauchy(0, 5).logpdf(TAU)
    for y, sigma in zip(model.data, model.standard_errors, strict=True):
        prior, noise = st.norm(MU, TAU), st.norm(y, sigma)
        integral, _ = scipy.integrate.quad(
            lambda t, prior=prior, noise=noise: prior.pdf(t) * noise.pdf(t), MU - 30, MU + 30
        )
        want += np.log(integral)
    assert float(model.log_joint({"mu": MU, "tau": TAU})) == pytest.approx(want, abs=1e-6)


def test_posterior_moments_against_posteriordb(truth):
    """posteriordb, eight_schools-eight_schools_noncentered: means and SDs of 10 000 draws.

    Four standard errors of the draws (SD/100) are allowed for means.
    """
    mean, sd = truth.mean(), truth.sd()
    assert mean["mu"] == pytest.approx(4.4105, abs=4 * 0.0331)
    assert mean["tau"] == pytest.approx(3.6021, abs=4 * 0.0320)
    assert sd["mu"] == pytest.approx(3.309, rel=0.05)
    assert sd["tau"] == pytest.approx(3.198, rel=0.05)


def test_effect_of_the_first_school_against_posteriordb(truth):
    """E[θ_1 | y] = E[(y_1/σ_1² + μ/τ²) / (1/σ_1² + 1/τ²)] = 6.1505 ± 0.0562."""

    def theta_1(z):
        pull = z["tau"] ** 2 / (z["tau"] ** 2 + 15.0**2)
        return z["mu"] + pull * (28.0 - z["mu"])

    assert truth.expectation(theta_1) == pytest.approx(6.1505, abs=4 * 0.0562)


def test_effects_have_the_priors_spread():
    """In simulations from the centred prior, (θ − μ) / τ is standard normal."""
    z = EightSchoolsCentred().prior.sample(2000, seed=[1, 2])
    eta = (z["theta"] - z["mu"][:, None]) / z["tau"][:, None]
    assert st.kstest(eta.numpy().ravel(), "norm").pvalue > 1e-3


@pytest.mark.parametrize(
    "kind", [EightSchoolsCentred, EightSchoolsNonCentred, EightSchoolsMarginal]
)
def test_other_data_and_bad_data(kind):
    assert kind([1.0, 2.0, 3.0], [1.0, 1.0, 2.0]).data.shape == (3,)
    with pytest.raises(ValueError, match="standard_errors"):
        kind([1.0, 2.0], [1.0, 1.0, 2.0])
    with pytest.raises(ValueError, match="above 0"):
        kind([1.0, 2.0], [1.0, 0.0])
    with pytest.raises(ValueError, match="NaN"):
        kind([1.0, np.nan], [1.0, 1.0])
