"""The search for a start: its density, its derivatives, and Newton's steps on a Gaussian."""

import numpy as np
import pytest
from scipy import stats

from vicourse.inference.starts import Density, search_paths
from vicourse.models import Gaussian

MEAN = np.array([1.0, -2.0, 0.5])
COVARIANCE = np.array([[2.0, 0.6, -0.3], [0.6, 1.0, 0.2], [-0.3, 0.2, 0.5]])


@pytest.fixture(scope="module")
def density():
    return Density(Gaussian(MEAN, COVARIANCE))


@pytest.mark.parametrize("num_points", [1, 49, 50, 51, 130])
def test_values_at_any_number_of_points(density, num_points):
    points = np.random.default_rng(0).normal(size=(num_points, 3))
    wanted = stats.multivariate_normal(MEAN, COVARIANCE).logpdf(points)
    np.testing.assert_allclose(density.values(points), wanted, rtol=1e-12)


def test_derivatives_of_a_gaussian(density):
    # ∇ log N(u | m, S) = −S⁻¹ (u − m),  ∇∇ᵀ log N = −S⁻¹
    u = np.array([0.3, 0.1, -1.0])
    precision = np.linalg.inv(COVARIANCE)
    gradient, hessian = density.gradient_and_hessian(u)
    np.testing.assert_allclose(gradient, -precision @ (u - MEAN), rtol=1e-12)
    np.testing.assert_allclose(hessian, -precision, rtol=1e-12)
    np.testing.assert_allclose(density.gradient(u), gradient, rtol=1e-12)
    assert np.isclose(density.value(u), density.values(u[np.newaxis])[0], rtol=1e-12)


def test_newtons_method_takes_one_step_on_a_gaussian():
    # Newton's step S ∇ log N(u | m, S) = m − u ends at the mean, from everywhere.
    paths = search_paths(Gaussian(MEAN, COVARIANCE), seed=0, num_starts=3)
    assert len(paths) == 3
    for path in paths:
        assert path.at_maximum
        assert len(path.gaussians) == 2
        np.testing.assert_allclose(path.gaussians[-1].loc, MEAN, rtol=1e-10)
        tril = path.gaussians[-1].scale_tril
        np.testing.assert_allclose(tril @ tril.T, COVARIANCE, rtol=1e-10)
