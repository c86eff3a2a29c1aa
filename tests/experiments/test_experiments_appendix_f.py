"""Appendix F where the truth is known: each exact answer found a second way, and the figures."""

import json

import numpy as np
import pytest
import scipy.stats as st
import tensorflow as tf
from scipy.integrate import dblquad

from vicourse.cli import main
from vicourse.estimate import estimate
from vicourse.experiments import appendix_f
from vicourse.experiments.appendix_f import NOISE_SD, WeightsOfOneFactor
from vicourse.models import LinearGaussian, quadrature
from vicourse.results import load_result
from vicourse.vae import full_bayes_bound

X = appendix_f.simulate(12, seed=4)
LOC, SD = np.array([1.0, -0.3]), np.array([0.2, 0.35])


@pytest.fixture(scope="module")
def truth():
    return quadrature(WeightsOfOneFactor(X))


@pytest.fixture(scope="module")
def plane():
    """log p(w, X) on a grid of its own, by SciPy's density of every x: points [M, 2], logs [M]."""
    axis = np.linspace(-3.5, 3.5, 201)
    points = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
    covariances = points[:, :, None] * points[:, None, :] + NOISE_SD**2 * np.eye(2)
    precision, log_det = np.linalg.inv(covariances), np.linalg.slogdet(covariances)[1]
    quadratic = np.einsum("ni,mij,nj->m", X, precision, X)
    log_likelihood = -(quadratic + len(X) * (log_det + 2 * np.log(2 * np.pi))) / 2
    return points, log_likelihood + st.norm.logpdf(points).sum(axis=1), (axis[1] - axis[0]) ** 2


def some_q():
    """A q far from the best one and much wider, its recognition model included."""
    model = appendix_f.make_model(seed=3)
    for variable in model.parameter_posterior.trainable_variables:
        variable.assign([1.5, 1.2])  # in units of the start: SDs of 0.1 · exp(1.5) and of less
    q_w, q_z = model.parameter_posterior, model.posterior(X)
    return model, (q_w.mean().numpy(), q_w.stddev().numpy(), q_z.mean().numpy(), q_z.stddev())


def test_the_weights_model_is_the_linear_gaussian_with_its_latents_integrated_out():
    model = WeightsOfOneFactor(X)
    weights = tf.constant([[0.7, -0.4], [-1.5, 0.9]], tf.float64)
    expected = [
        LinearGaussian(X, w.numpy()[:, None], NOISE_SD).log_evidence()
        + st.norm.logpdf(w.numpy()).sum()
        for w in weights
    ]
    np.testing.assert_allclose(model.log_joint(weights), expected)
    np.testing.assert_allclose(model.likelihood(weights).log_prob(X), model.log_likelihood(weights))


def test_the_estimate_is_of_the_closed_bound():
    model, parts = some_q()
    values = full_bayes_bound(model, tf.constant(X), 1, num_data=12, num_samples=5000)
    found = estimate(tf.reduce_mean(values, axis=1))
    assert abs(found.value - appendix_f.bound(X, *parts)) < 4 * found.standard_error


def test_the_bound_is_the_evidence_less_both_divergences(truth, plane):
    """log p(X) = bound + KL(q(w) ‖ p(w | X)) + E_q(w)[Σ_i KL(q(z | x_i) ‖ p(z | x_i, w))]."""
    points, log_joint, cell = plane
    log_evidence = np.log(np.sum(np.exp(log_joint)) * cell)
    assert truth.log_evidence == pytest.approx(log_evidence, abs=1e-6)
    _, (_, _, z_mean, z_sd) = some_q()
    log_q = st.norm.logpdf(points, LOC, SD).sum(axis=1)
    mass = np.exp(log_q) * cell
    kl_w = mass @ (log_q - log_joint + log_evidence)
    # p(z | x, w) is Gaussian, and the KL of two Gaussians is in every book.
    total = NOISE_SD**2 + np.sum(points**2, axis=1)
    mean, variance = X @ points.T / total, NOISE_SD**2 / total
    z_variance = np.asarray(z_sd) ** 2
    kl_z = (np.log(variance / z_variance) + (z_variance + (z_mean - mean) ** 2) / variance - 1) / 2
    expected = log_evidence - kl_w - mass @ kl_z.sum(axis=0)
    assert appendix_f.bound(X, LOC, SD, z_mean, z_sd) == pytest.approx(expected, abs=1e-6)


def test_coordinate_ascent_ends_at_a_peak():
    """No step of 0.01 in any mean or log SD leads up; both half planes have the same peak."""
    best = appendix_f.coordinate_ascent(X, LOC)
    top = appendix_f.bound(X, *best)
    for part in range(4):
        for entry in np.ndindex(best[part].shape):
            for step in (-0.01, 0.01):
                moved = [each.copy() for each in best]
                moved[part][entry] = best[part][entry] * (1 + step) + step * (part % 2 == 0)
                assert appendix_f.bound(X, *moved) < top
    other = appendix_f.coordinate_ascent(X, -LOC)
    assert appendix_f.bound(X, *other) == pytest.approx(top)
    np.testing.assert_allclose(other[0], -best[0])


def test_the_half_plane_that_q_chose(truth, plane):
    points, log_joint, _ = plane
    mass = np.exp(log_joint - log_joint.max()) * (points @ LOC > 0)
    expected = mass @ points / mass.sum()
    found, weights = appendix_f.half_plane(truth, LOC)
    assert weights.sum() == pytest.approx(1)
    np.testing.assert_allclose(weights @ found, expected, atol=0.01)
    np.testing.assert_allclose(truth.mean(), 0, atol=1e-6)


def test_prediction_averages_the_density_over_the_weights():
    """log ∫ q(w) N(x; 0, w wᵀ + σ² I) dw, by SciPy's integrator."""
    x = np.array([1.3, -0.2])

    def integrand(b, a):
        w = np.array([a, b])
        density = st.multivariate_normal(np.zeros(2), np.outer(w, w) + NOISE_SD**2 * np.eye(2))
        return st.norm.pdf(w, LOC, SD).prod() * density.pdf(x)

    (a, b), (c, d) = LOC - 6 * SD, LOC + 6 * SD
    expected = np.log(dblquad(integrand, a, c, b, d, epsabs=1e-7)[0])
    found = appendix_f.log_predictive(x[np.newaxis], *appendix_f.nodes(LOC, SD))
    assert found[0] == pytest.approx(expected, abs=1e-4)


CELLS = load_result("appendix_f")["cells"]


@pytest.mark.parametrize("cell", CELLS, ids=lambda cell: str(cell["settings"]))
def test_what_the_committed_run_says(cell):
    """The bound is below the evidence by log 2 at least, is what its estimate says, and within
    0.2 nats of the best q's; q and its rival are too narrow, and q stays in one half plane."""
    assert abs(cell["elbo"] - cell["elbo_exact"]) < 4 * cell["elbo_se"]
    assert cell["elbo"] < cell["log_evidence"] + 4 * cell["elbo_se"]
    assert cell["log_evidence"] - cell["elbo_exact"] > cell["kl_weights"] > np.log(2)
    assert -1e-3 < cell["elbo_best"] - cell["elbo_exact"] < 0.2
    ratios = np.array(cell["sd_best"]) / cell["sd_posterior"]
    assert np.all(ratios < 0.9)
    np.testing.assert_allclose(cell["sd"], cell["sd_best"], rtol=0.2)
    assert np.dot(cell["mean"], cell["mean_posterior"]) > 0


def test_the_narrowness_does_not_go_away_with_more_data():
    """At 1000 points the SDs are what Fisher informations say: 1/σ² per point with z known, which
    is what q(w) believes; of x alone, with C = w wᵀ + σ² I, ½ tr(C⁻¹ ∂ᵢC C⁻¹ ∂ⱼC)."""
    w = np.array(appendix_f.TRUE_WEIGHTS)
    precision = np.linalg.inv(np.outer(w, w) + NOISE_SD**2 * np.eye(2))
    parts = [precision @ (np.outer(e, w) + np.outer(w, e)) for e in np.eye(2)]
    fisher = np.array([[np.trace(a @ b) / 2 for a in parts] for b in parts])
    for cell in CELLS[-3:]:
        assert cell["settings"]["num_data"] == 1000
        np.testing.assert_allclose(cell["sd_best"], NOISE_SD / np.sqrt(1000), rtol=0.03)
        expected = np.sqrt(np.diag(np.linalg.inv(fisher)) / 1000)
        np.testing.assert_allclose(cell["sd_posterior"], expected, rtol=0.05)


@pytest.mark.slow
def test_the_quick_way_through(tmp_path, capsys):
    assert main(["reproduce", "appendix_f", "--quick", "--quiet", "--out", str(tmp_path)]) == 0
    assert "bound lacks" in capsys.readouterr().out
    (cell,) = json.loads((tmp_path / "appendix_f.quick.json").read_text())["cells"]
    assert cell["kl_weights"] > np.log(2)
    assert 0 < cell["elbo_best"] - cell["elbo_exact"] < 0.5
    assert abs(cell["elbo"] - cell["elbo_exact"]) < 4 * cell["elbo_se"]
