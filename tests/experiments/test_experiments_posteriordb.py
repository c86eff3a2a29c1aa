"""The nine models against densities written out with SciPy, and the files that they come from."""

import json

import numpy as np
import pytest
import scipy.stats as st
import tensorflow as tf

from vicourse.data import DataError
from vicourse.experiments import POSTERIORS, load_posterior
from vicourse.experiments.posteriordb_models import (
    Garch,
    GaussianProcess,
    OrderedMixture,
    Regression,
)

RNG = np.random.default_rng(0)


def f64(values):
    return tf.constant(values, tf.float64)


def test_regression_with_each_prior():
    features, y = RNG.normal(size=(7, 2)), RNG.normal(size=7)
    beta, sigma = np.array([[0.3, -1.2], [2.0, 0.1]]), np.array([0.7, 1.9])
    likelihood = [
        st.norm.logpdf(y, features @ b, s).sum() for b, s in zip(beta, sigma, strict=True)
    ]
    z = {"beta": f64(beta), "sigma": f64(sigma)}
    np.testing.assert_allclose(Regression(features, y).log_joint(z), likelihood)
    weights = st.norm.logpdf(beta, 0, 10).sum(axis=1)
    for noise, prior in (("half_cauchy", st.halfcauchy), ("half_normal", st.halfnorm)):
        model = Regression(features, y, weight_sd=10.0, noise=noise, noise_scale=2.5)
        expected = likelihood + weights + prior.logpdf(sigma, scale=2.5)
        np.testing.assert_allclose(model.log_joint(z), expected)


def test_ordered_mixture():
    y, mu, sigma, theta = RNG.normal(size=9), np.array([-1.0, 0.5]), np.array([0.6, 1.4]), 0.3
    density = theta * st.norm.pdf(y, mu[0], sigma[0]) + (1 - theta) * st.norm.pdf(
        y, mu[1], sigma[1]
    )
    prior = st.norm.logpdf(mu, 0, 2).sum() + st.halfnorm.logpdf(sigma, scale=2).sum()
    expected = np.log(density).sum() + prior + st.beta.logpdf(theta, 5, 5)
    z = {"mu": f64(mu), "sigma": f64(sigma), "theta": f64(theta)}
    assert float(OrderedMixture(y).log_joint(z)) == pytest.approx(expected)


def test_gaussian_process_has_sigma_on_the_diagonal():
    """As the collection's program has it: σ, not σ²."""
    x, y, rho, alpha, sigma = np.arange(4.0), RNG.normal(size=4), 1.7, 0.8, 0.3
    covariance = np.array([[alpha**2 * np.exp(-((a - b) ** 2) / 2 / rho**2) for b in x] for a in x])
    expected = (
        st.multivariate_normal.logpdf(y, np.zeros(4), covariance + 0.3 * np.eye(4))
        + st.gamma.logpdf(rho, 25, scale=1 / 4)
        + st.halfnorm.logpdf(alpha, scale=2)
        + st.halfnorm.logpdf(sigma)
    )
    z = {"rho": f64(rho), "alpha": f64(alpha), "sigma": f64(sigma)}
    assert float(GaussianProcess(x, y).log_joint(z)) == pytest.approx(expected)


def test_garch_by_a_loop():
    y, first, mu, alpha0, alpha1, beta1 = RNG.normal(size=12), 0.5, 0.2, 0.9, 0.4, 0.35
    variance, expected = first**2, 0.0
    for t, value in enumerate(y):
        if t:
            variance = alpha0 + alpha1 * (y[t - 1] - mu) ** 2 + beta1 * variance
        expected += st.norm.logpdf(value, mu, np.sqrt(variance))
    shares = f64([alpha1, beta1, 1 - alpha1 - beta1])
    z = {"mu": f64(mu), "alpha0": f64(alpha0), "shares": shares}
    assert float(Garch(y, first).log_joint(z)) == pytest.approx(expected)
    batch = {name: tf.stack([part, part]) for name, part in z.items()}
    np.testing.assert_allclose(Garch(y, first).log_joint(batch), [expected] * 2)


KIDS = {"N": 4, "kid_score": [1, 2, 3, 5], "mom_hs": [0, 1, 1, 0], "mom_iq": [90, 100, 95, 99]}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with one posterior: invented data of the right form, and draws N(3, 2²)."""
    monkeypatch.setenv("VICOURSE_DATA_DIR", str(tmp_path))
    stem = tmp_path / "posteriordb" / POSTERIORS["kidiq"]
    stem.parent.mkdir()
    (stem.parent / f"{stem.name}.data.json").write_text(json.dumps(KIDS))
    draws = RNG.normal(3, 2, size=(10, 1000)).astype(np.float32)
    np.savez(f"{stem}.draws.npz", **{"beta[1]": draws})
    return stem.parent


def test_what_is_known_comes_from_the_draws(folder):
    reference = load_posterior("kidiq")
    assert reference.mean["beta[1]"] == pytest.approx(3, abs=0.1)
    assert reference.sd["beta[1]"] == pytest.approx(2, abs=0.1)
    assert reference.mean_error["beta[1]"] == pytest.approx(2 / np.sqrt(10_000), rel=0.2)
    np.testing.assert_array_equal(reference.model.features[:, 2], KIDS["mom_iq"])
    z = {"beta": f64([[1.0, 2.0, 3.0]]), "sigma": f64([0.5])}
    named = {name: float(values[0]) for name, values in reference.quantities(z).items()}
    assert named == {"beta[1]": 1, "beta[2]": 2, "beta[3]": 3, "sigma": 0.5}


@pytest.mark.parametrize("suffix", ["data.json", "draws.npz"])
@pytest.mark.parametrize("content", [b"", b"not what it says", b'{"N": 4', None])
def test_a_damaged_or_missing_file_is_named(folder, suffix, content):
    file = folder / f"{POSTERIORS['kidiq']}.{suffix}"
    if content is None:
        file.unlink()
    else:
        file.write_bytes(content)
    with pytest.raises(DataError, match="kidiq-kidscore_momhsiq"):
        load_posterior("kidiq")


def test_draws_that_are_not_finite_are_refused(folder):
    bad = np.full((10, 10), np.nan)
    np.savez(folder / f"{POSTERIORS['kidiq']}.draws.npz", **{"beta[1]": bad})
    with pytest.raises(DataError, match="finite"):
        load_posterior("kidiq")


def test_without_a_folder_it_says_what_to_do(monkeypatch):
    monkeypatch.delenv("VICOURSE_DATA_DIR", raising=False)
    with pytest.raises(DataError, match="VICOURSE_DATA_DIR"):
        load_posterior("kidiq")
    with pytest.raises(ValueError, match="eight_schools"):
        load_posterior("eight schools")
