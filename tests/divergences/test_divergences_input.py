"""What divergences refuse, and that the refusal names the argument and the remedy."""

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from vicourse import divergences as dv

tfd = tfp.distributions


def normal(mu, sigma):
    return tfd.Normal(np.float64(mu), np.float64(sigma))


P = normal(0, 1)
VECTOR = tfd.MultivariateNormalDiag(np.zeros(2), np.ones(2))


@pytest.mark.parametrize(
    ("p", "q", "kind", "message"),
    [
        (P, 3.0, TypeError, "`q`: wanted a TFP distribution"),
        (P, VECTOR, ValueError, "`q`: wanted the event shape of p"),
        (P, tfd.Poisson(np.float64(3)), TypeError, "mass and a density"),
        (P, tfd.Normal(0.0, 1.0), TypeError, "`q`: wanted the dtype of p, float64"),
        (P, tfd.Normal(np.zeros(2), np.ones(2)), ValueError, "tfd.Independent"),
        (VECTOR, tfd.Dirichlet(np.ones(2)), ValueError, "free dimensions"),
        (normal(np.nan, 1), P, ValueError, "`p`: the parameter `loc` of Normal is NaN"),
        (P, tfd.Independent(normal(0, np.nan), 0), ValueError, "`q`: the parameter `scale`"),
        (normal(0, -1), P, ValueError, "`p`: the parameters of Normal are out of range"),
        (tfd.JointDistributionSequential([P, P]), P, TypeError, "one tensor"),
    ],
)
def test_pairs_that_cannot_be_compared(p, q, kind, message):
    with pytest.raises(kind, match=message):
        dv.kl(p, q)


@pytest.mark.parametrize("method", ["quadrature", "monte_carlo"])
def test_a_negative_scale_is_found_by_every_method(method):
    with pytest.raises(ValueError, match="`scale` must be positive"):
        dv.kl(normal(0, -1), P, method=method, seed=0)


@pytest.mark.parametrize(
    ("options", "kind", "message"),
    [
        ({"name": "kll"}, ValueError, "Did you mean 'kl'"),
        ({"method": "exact"}, ValueError, "`method`: wanted one of"),
        ({"name": "renyi"}, ValueError, "`alpha`"),
        ({"name": "renyi", "alpha": -0.5}, ValueError, "`alpha`: wanted a finite number of at"),
        ({"name": "renyi", "alpha": np.inf}, ValueError, "`alpha`"),
        ({"name": "jensen_shannon", "method": "closed"}, ValueError, "no closed form"),
        (
            {"name": "wasserstein2", "q": tfd.Laplace(np.float64(0), np.float64(1))},
            ValueError,
            "Gaussian",
        ),
        ({"name": "squared_mmd", "method": "closed"}, ValueError, "`method`"),
        ({"name": "squared_mmd", "bandwidth": 0.0}, ValueError, "`bandwidth`"),
        ({"p": VECTOR, "q": VECTOR, "method": "quadrature"}, ValueError, "scalar distributions"),
        ({"method": "monte_carlo"}, TypeError, "`seed`"),
        ({"method": "monte_carlo", "seed": 0, "num_samples": 0}, ValueError, "`num_samples`"),
        ({"method": "monte_carlo", "seed": 0, "num_samples": 2.5}, TypeError, "`num_samples`"),
    ],
)
def test_options_that_make_no_sense(options, kind, message):
    arguments = {"name": "kl", "p": P, "q": normal(1, 2), **options}
    with pytest.raises(kind, match=message):
        dv.divergence(**arguments)


@pytest.mark.parametrize(
    ("x", "y", "kind", "message"),
    [
        (np.zeros((5, 2)), np.zeros((6, 2)), ValueError, "`q`"),
        (np.zeros(3), np.zeros(3), ValueError, "`p`: wanted at least 4 points"),
        (np.array([0, 1, np.nan, 2]), np.zeros(4), ValueError, "`p`: wanted finite"),
        (np.zeros(4), np.zeros(4), ValueError, "`bandwidth`.*median distance is 0"),
        (["a", "b", "c", "d"], np.zeros(4), TypeError, "`p`"),
    ],
)
def test_samples_that_mmd_refuses(x, y, kind, message):
    with pytest.raises(kind, match=message):
        dv.squared_mmd(x, y)


def test_a_distribution_that_hides_its_support_is_refused():
    class Hidden(tfd.Distribution):
        def __init__(self):
            super().__init__(tf.float64, tfd.FULLY_REPARAMETERIZED, False, True, parameters={})

        def _event_shape(self):
            return tf.TensorShape([])

        def _batch_shape(self):
            return tf.TensorShape([])

    with pytest.raises(TypeError, match="_default_event_space_bijector"):
        dv.kl(Hidden(), P)


def test_tails_too_long_to_sum(monkeypatch):
    monkeypatch.setattr("vicourse.divergences.integration._MAX_ATOMS", 2**12)
    slow = tfd.NegativeBinomial(np.float64(0.5), probs=np.float64(1 - 1e-6))
    with pytest.raises(ValueError, match="tails are too long"):
        dv.total_variation(slow, tfd.Poisson(np.float64(3)))


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    mu=some.floats(-5, 5),
    sigma=some.floats(0.2, 5),
    nu=some.floats(-5, 5),
    tau=some.floats(0.2, 5),
)
def test_inequalities_that_hold_for_all_pairs(mu, sigma, nu, tau):
    """0 ≤ H² ≤ TV ≤ √2·H, TV ≤ √(KL/2) (Pinsker), JS ≤ log 2·TV, KL ≤ log(1 + χ²)."""
    p, q = normal(mu, sigma), normal(nu, tau)
    kl, js, tv, chi = (
        float(f(p, q)) for f in (dv.kl, dv.jensen_shannon, dv.total_variation, dv.chi_squared)
    )
    h = float(dv.hellinger(p, q))
    slack = 1e-9
    assert 0 <= h**2 <= tv + slack
    assert tv <= min(1, np.sqrt(2) * h, np.sqrt(max(kl, 0) / 2)) + slack
    assert -slack <= js <= np.log(2) * tv + slack
    assert kl <= np.log1p(chi) + slack
