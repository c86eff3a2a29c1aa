"""Means and divergences in NumPy against TFP's, and the Wishart's against Monte Carlo and D = 1."""

import numpy as np
import scipy.stats as st
import tensorflow_probability as tfp

from vicourse.inference.coordinate_ascent.expectations import (
    expected_log_det_wishart,
    expected_log_dirichlet,
    expected_log_gamma,
    kl_dirichlet,
    kl_gamma,
    kl_wishart,
)
from vicourse.inference.coordinate_ascent.start import nearest_of_random_points

tfd = tfp.distributions
RNG = np.random.default_rng(4)


def test_dirichlet():
    alpha, prior = RNG.gamma(1.0, 2.0, size=(2, 3, 4))
    want = tfd.kl_divergence(tfd.Dirichlet(alpha), tfd.Dirichlet(prior))
    np.testing.assert_allclose(kl_dirichlet(alpha, prior), want, rtol=1e-10)
    want = tfd.kl_divergence(tfd.Dirichlet(alpha), tfd.Dirichlet(np.full((3, 4), 0.7)))
    np.testing.assert_allclose(kl_dirichlet(alpha, 0.7), want, rtol=1e-10)
    draws = np.log(st.dirichlet(alpha[0]).rvs(200_000, random_state=1))
    error = draws.std(axis=0) / np.sqrt(len(draws))
    assert np.all(np.abs(draws.mean(axis=0) - expected_log_dirichlet(alpha[0])) < 5 * error)


def test_gamma():
    a, b, prior_a, prior_b = RNG.gamma(2.0, 1.0, size=(4, 5))
    want = tfd.kl_divergence(tfd.Gamma(a, b), tfd.Gamma(prior_a, prior_b))
    np.testing.assert_allclose(kl_gamma(a, b, prior_a, prior_b), want, rtol=1e-10)
    want = st.loggamma(a).mean() - np.log(b)
    np.testing.assert_allclose(expected_log_gamma(a, b), want, rtol=1e-10)


def test_wishart_in_one_dimension_is_a_gamma():
    """Wishart(w, ν) = Gamma(ν/2, rate 1/(2w)) for D = 1."""
    nu, w = np.array([3.0, 5.5]), np.array([0.4, 2.0])
    got = kl_wishart(nu, w[:, None, None], 2.5, np.array([[1 / 0.7]]))
    want = kl_gamma(nu / 2, 1 / (2 * w), 1.25, 1 / 1.4)
    np.testing.assert_allclose(got, want, rtol=1e-10)
    got = expected_log_det_wishart(nu, w[:, None, None])
    np.testing.assert_allclose(got, expected_log_gamma(nu / 2, 1 / (2 * w)), rtol=1e-10)


def test_wishart_against_draws():
    scale, prior_scale = np.array([[0.5, 0.2], [0.2, 0.3]]), np.array([[1.0, -0.3], [-0.3, 0.8]])
    q, p = st.wishart(4.5, scale), st.wishart(3.2, prior_scale)
    draws = np.moveaxis(q.rvs(20_000, random_state=2), 0, -1)
    for values, got in [
        (np.linalg.slogdet(np.moveaxis(draws, -1, 0))[1], expected_log_det_wishart),
        (q.logpdf(draws) - p.logpdf(draws), kl_wishart),
    ]:
        arguments = (np.array([4.5]), scale[None])
        if got is kl_wishart:
            arguments += (3.2, np.linalg.inv(prior_scale))
        error = values.std() / np.sqrt(values.size)
        assert abs(values.mean() - got(*arguments)[0]) < 5 * error
        assert error < 0.02


def test_the_start_finds_far_points():
    """Three tight clusters: k-means++ picks one point of each, but for one time in thousands."""
    data = np.repeat([[0.0, 0.0], [1e3, 0.0], [0.0, 1e3]], 10, axis=0) + RNG.normal(size=(30, 2))
    for seed in range(5):
        r = nearest_of_random_points(data, 3, seed)
        assert {tuple(rows.sum(axis=0)) for rows in np.split(r, 3)} == {
            (10, 0, 0),
            (0, 10, 0),
            (0, 0, 10),
        }
    same = nearest_of_random_points(np.ones((4, 1)), 2, 0)  # no two points differ
    np.testing.assert_array_equal(same.sum(axis=1), 1)
