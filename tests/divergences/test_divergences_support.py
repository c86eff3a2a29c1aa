"""KL is infinite where p has mass and q has none, and TFP's log densities do not always say so."""

import numpy as np
import pytest
import tensorflow_probability as tfp

from vicourse import divergences as dv

tfd = tfp.distributions


def f64(*values):
    return [np.float64(value) for value in values]


NORMAL = tfd.Normal(*f64(0, 1))
EXPONENTIAL = tfd.Exponential(*f64(1))


@pytest.mark.parametrize(
    "q",
    [
        EXPONENTIAL,  # TFP's log density is finite below 0
        tfd.Gamma(*f64(2, 1)),  # … NaN below 0
        tfd.Beta(*f64(2, 3)),
        tfd.LogNormal(*f64(0, 1)),
        tfd.Uniform(*f64(-1, 1)),
    ],
    ids=lambda q: q.name,
)
@pytest.mark.parametrize("method", ["quadrature", "monte_carlo"])
def test_kl_of_a_normal_from_a_narrower_support_is_infinite(q, method):
    result = dv.kl(NORMAL, q, method=method, seed=0)
    assert float(result) == np.inf
    assert result.note


def test_the_other_way_round_is_finite():
    """KL(Exp(1) ‖ N(0,1)) = −H + ½log 2π + ½E[x²] = −1 + ½log 2π + 1."""
    expected = 0.5 * np.log(2 * np.pi)
    assert float(dv.kl(EXPONENTIAL, NORMAL)) == pytest.approx(expected, abs=1e-10)
    sampled = dv.kl(EXPONENTIAL, NORMAL, method="monte_carlo", seed=1)
    assert abs(float(sampled) - expected) < 4 * sampled.standard_error


def test_bounded_divergences_stay_bounded_on_disjoint_supports():
    """JS = log 2, TV = H = 1, and Rényi of order 1/2 infinite."""
    p, q = tfd.Uniform(*f64(0, 1)), tfd.Uniform(*f64(3, 4))
    for method in ("quadrature", "monte_carlo"):
        options = {"method": method, "seed": 0}
        assert float(dv.jensen_shannon(p, q, **options)) == pytest.approx(np.log(2), abs=1e-9)
        assert float(dv.total_variation(p, q, **options)) == pytest.approx(1, abs=1e-9)
        assert float(dv.hellinger(p, q, **options)) == pytest.approx(1, abs=1e-9)
        assert float(dv.renyi(p, q, 0.5, **options)) == np.inf


def test_partial_overlap_of_uniforms():
    """U(0,1) and U(0.3,1.3): TV = 0.3, H² = 1 − 0.7, KL infinite both ways."""
    p, q = tfd.Uniform(*f64(0, 1)), tfd.Uniform(*f64(0.3, 1.3))
    assert float(dv.total_variation(p, q)) == pytest.approx(0.3, abs=1e-10)
    assert float(dv.hellinger(p, q)) ** 2 == pytest.approx(0.3, abs=1e-10)
    assert float(dv.jeffreys(p, q, method="quadrature")) == np.inf


def test_discrete_supports():
    """Poisson beyond a Binomial's n; a category that q does not have."""
    result = dv.kl(tfd.Poisson(*f64(3)), tfd.Binomial(np.float64(9), probs=np.float64(0.3)))
    assert float(result) == np.inf
    assert "mass" in result.note
    three = tfd.Categorical(probs=np.array([0.2, 0.3, 0.5]))
    two = tfd.Categorical(probs=np.array([0.2, 0.8]))
    assert float(dv.kl(three, two, method="quadrature")) == np.inf
    expected = 0.8 * np.log(0.8 / 0.3)
    assert float(dv.kl(two, three, method="quadrature")) == pytest.approx(expected, abs=1e-12)


def test_a_mixture_of_exponentials_has_no_mass_below_zero():
    mixture = tfd.MixtureSameFamily(
        tfd.Categorical(probs=np.array([0.4, 0.6])), tfd.Exponential(np.array([1.0, 2.0]))
    )
    assert float(dv.kl(NORMAL, mixture)) == np.inf
    sampled = dv.kl(mixture, EXPONENTIAL, method="monte_carlo", seed=3)
    assert abs(float(sampled) - float(dv.kl(mixture, EXPONENTIAL))) < 4 * sampled.standard_error
