"""Pathfinder against closed forms, quadrature and Laplace's approximation."""

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp
from scipy.stats import multivariate_normal, norm

from vicourse.diagnostics import importance_check, report
from vicourse.inference import laplace, pathfinder
from vicourse.inference.inverse_hessian import factored_gaussian, inverse_hessian
from vicourse.inference.lbfgs import Point
from vicourse.inference.pathfinder import _best_on_path, _elbo
from vicourse.models import (
    EightSchoolsCentred,
    EightSchoolsMarginal,
    Funnel,
    GammaPoisson,
    Gaussian,
    Target,
    quadrature,
)

tfb = tfp.bijectors
tfd = tfp.distributions

SD = np.geomspace(0.1, 10, 10)
COVARIANCE = np.outer(SD, SD) * (0.5 + 0.5 * np.eye(10))  # correlation 0.5


def gaussian_kl(loc, covariance, mean, target):
    """KL(N(loc, covariance) ‖ N(mean, target)) in nats."""
    trace = np.trace(np.linalg.solve(target, covariance))
    distance = (loc - mean) @ np.linalg.solve(target, loc - mean)
    logs = np.linalg.slogdet(target)[1] - np.linalg.slogdet(covariance)[1]
    return 0.5 * (trace + distance - len(loc) + logs)


def log_standard_normal(u):
    return norm.logpdf(u[:, 0])


def two_modes():
    """0.8 N(−3, 0.5²) + 0.2 N(3, 1): mean −1.8. Most paths end in the lighter, wider mode."""
    return Target(
        tfd.MixtureSameFamily(
            tfd.Categorical(probs=tf.constant([0.8, 0.2], tf.float64)),
            tfd.MultivariateNormalDiag(np.array([[-3.0], [3.0]]), np.array([[0.5], [1.0]])),
        )
    )


def test_a_badly_scaled_gaussian():
    """10 dimensions, standard deviations from 0.1 to 10: the mean to 0.05 of them, and with rank
    12 for the covariance an ELBO = −KL (closed form) within 0.3 nats of the evidence, 0."""
    fit = pathfinder(Gaussian(2 * SD, COVARIANCE), seed=0, num_paths=1, num_elbo_samples=4000)
    base = fit.posterior.distribution
    np.testing.assert_allclose(base.mean() / SD, 2, atol=0.05)
    kl = gaussian_kl(base.mean().numpy(), base.covariance().numpy(), 2 * SD, COVARIANCE)
    assert kl < 0.3
    assert abs(float(fit.elbo) + kl) < 4 * fit.elbo.standard_error
    assert fit.converged
    assert fit.draws is None
    assert fit.objective[-1] > fit.objective[0]


def test_the_elbo_of_a_point():
    """The mean of log p − log q, averaged over much noise, is −KL(q ‖ p) in closed form."""
    rng = np.random.default_rng(0)
    pairs = rng.normal(size=(2, 3))
    gaussian = factored_gaussian(
        rng.normal(size=3), inverse_hessian(np.array([0.5, 1, 2]), pairs, pairs * [1, 2, 0.5])
    )
    tril = gaussian.scale_tril()
    log_joint = multivariate_normal(np.ones(3), np.diag([1.0, 2, 3])).logpdf
    noise = rng.normal(size=(100, 400, 3))
    values = [_elbo(gaussian, log_joint, each) for each in noise]
    expected = -gaussian_kl(gaussian.loc, tril @ tril.T, np.ones(3), np.diag([1.0, 2, 3]))
    assert abs(np.mean(values) - expected) < 4 * np.std(values) / 10
    assert np.std(values) / 10 < 0.01


def test_picks_the_highest_elbo_not_the_highest_density():
    """Target N(0, 1). Three points with the curvatures 1/α: N(0, 0.01) at the mode, N(0.1, 1) from
    a point far off, N(0, 100); −KL = −1.81, −0.005 and −47. A second NaN-ridden point loses."""

    def point(u, alpha, gradient):
        covariance = inverse_hessian(np.array([alpha]), [], [])
        return Point(np.array([u]), -0.5 * u**2, np.array([gradient]), covariance)

    points = [
        point(-50.0, 100.0, 0.5),
        point(3.0, 1.0, -2.9),
        point(np.nan, 1.0, 1.0),
        point(0.0, 0.01, 0.0),
    ]
    noise = np.random.default_rng(1).normal(size=(25, 1))
    best = _best_on_path(points, log_standard_normal, noise)
    assert best.place == 1
    np.testing.assert_allclose(best.gaussian.loc, 0.1, atol=1e-12)
    assert best.elbo == pytest.approx(-0.005, abs=0.1)
    assert best.at_maximum
    assert not _best_on_path(points[:2], log_standard_normal, noise).at_maximum


def test_elbo_is_the_evidence_minus_the_kl():
    """log p(x) − KL(q ‖ p(z | x)), the evidence in closed form and the KL by quadrature, where T is
    not the identity; the KL is small. In float32."""
    model = GammaPoisson([2, 0, 5], a=2.5, b=0.7, dtype=tf.float32)
    fit = pathfinder(model, seed=0, num_paths=1, num_elbo_samples=20_000)
    assert fit.posterior.dtype == tf.float32
    exact = GammaPoisson([2, 0, 5], a=2.5, b=0.7)
    base = fit.posterior.distribution
    q = tfd.LogNormal(np.float64(base.mean()[0]), np.float64(base.stddev()[0]))
    expected = exact.log_evidence() - quadrature(exact).kl_q_p(q)
    assert abs(float(fit.elbo) - expected) < 4 * fit.elbo.standard_error
    assert exact.log_evidence() - expected < 0.1


def test_on_a_funnel_the_best_is_not_the_last():
    """Neal's funnel: its mode is in the neck, where there is no mass. −KL of the pick is more than
    10 nats above that of the Gaussian with the exact curvature at the mode, z_1 = −9/2, z_2 = 0:
    variances 9 and e^(−9/2)."""
    fit = pathfinder(Funnel(), seed=3, num_paths=1)
    mode = tfd.MultivariateNormalDiag(np.array([-4.5, 0.0]), np.array([3.0, np.exp(-2.25)]))
    z = mode.sample(10_000, seed=[0, 1])
    of_mode = np.mean(Funnel().log_joint(z) - mode.log_prob(z))
    assert float(fit.elbo) > of_mode + 10
    assert fit.objective[-1] == pytest.approx(np.max(fit.objective))
    assert fit.posterior.distribution.mean()[0] > -4


@pytest.mark.slow
def test_where_the_density_has_no_maximum():
    """Centred eight schools: log p grows without end as tau goes to 0. Pathfinder says that it
    found no maximum, and its ELBO beats Laplace's, which went there."""
    fit = pathfinder(EightSchoolsCentred(), seed=0, num_paths=1)
    assert not fit.converged
    assert fit.stop_reason.startswith("0 of 1 paths")
    assert float(fit.elbo) > float(laplace(EightSchoolsCentred(), seed=0).elbo) + 5


def test_several_paths_weigh_the_modes():
    """Two far modes of masses 0.8 and 0.2, the mean by quadrature. More paths end in the lighter
    one, so the proposals' mean is wrong, and picking by the weights mends it."""
    fit = pathfinder(two_modes(), seed=1, num_paths=6, num_draws=4000)
    exact = float(quadrature(two_modes()).expectation(lambda z: z[..., 0]))
    proposals = fit.posterior.sample(4000, seed=[0, 1]).numpy()
    assert fit.draws.shape == (1, 4000, 1)
    assert abs(np.mean(proposals) - exact) > 0.8
    assert abs(np.mean(fit.draws) - exact) < 0.25
    assert abs(np.mean(fit.draws < 0) - 0.8) < 0.05
    check = importance_check(fit, seed=2)
    assert check.k_hat < 0.5
    assert abs(float(check.log_evidence)) < 4 * check.log_evidence.standard_error + 1e-3


def test_several_paths_on_two_latents():
    """Eight schools, marginal: mean and standard deviation of mu and log tau by quadrature."""
    model = EightSchoolsMarginal(dtype=tf.float32)
    fit = pathfinder(model, seed=0, num_paths=2, num_draws=4000)
    assert {name: part.shape for name, part in fit.draws.items()} == {
        "mu": (1, 4000),
        "tau": (1, 4000),
    }
    exact = quadrature(EightSchoolsMarginal())
    for fn in (lambda z: z["mu"], lambda z: tf.math.log(z["tau"])):
        values = fn(fit.draws)
        mean = float(exact.expectation(fn))
        sd = np.sqrt(float(exact.expectation(lambda z, fn=fn: fn(z) ** 2)) - mean**2)
        assert abs(np.mean(values) - mean) < 0.15 * sd
        assert abs(np.std(values) / sd - 1) < 0.15
    assert "k-hat" in str(report(fit))
    assert fit.sample(10, seed=0)["tau"].shape == (10,)


def test_equal_weights_have_no_tail_and_seeds_repeat():
    """Where q is the posterior nothing is smoothed, and the draws are from it: N(0.5, 2²). The same
    seed gives the same draws."""
    model = Gaussian(np.array([0.5]), np.array([[4.0]]))
    fit, same = (pathfinder(model, seed=0, num_paths=2, num_draws=4000) for _ in range(2))
    assert np.mean(fit.draws) == pytest.approx(0.5, abs=0.2)
    assert np.std(fit.draws) == pytest.approx(2.0, abs=0.15)
    np.testing.assert_array_equal(fit.draws, same.draws)
    assert float(fit.elbo) == float(same.elbo)


def test_nothing_finite_is_an_error():
    nan = Target(tfd.Normal(tf.constant(np.nan, tf.float64), 1.0), tfb.Identity())
    with pytest.raises(ValueError, match=r"2 of 20 random points.*Check the data"):
        pathfinder(nan, seed=0, num_paths=2)
    box = tfd.Independent(tfd.Uniform(tf.fill([3], tf.constant(-2.5, tf.float64)), 2.5), 1)
    with pytest.raises(ValueError, match="no Gaussian on any path"):
        pathfinder(Target(box), seed=0, num_paths=1)


@pytest.mark.parametrize("name", ["num_paths", "history_size", "max_steps", "num_draws"])
def test_bad_counts_are_named(name):
    with pytest.raises(ValueError, match=name):
        pathfinder(two_modes(), seed=0, **{name: 0})


def test_no_seed_is_an_error():
    with pytest.raises(TypeError, match="seed"):
        pathfinder(two_modes(), seed=None)
