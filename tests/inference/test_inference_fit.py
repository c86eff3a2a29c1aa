"""`Fit`: draws and InferenceData, from a posterior and from chains."""

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp

from vicourse.estimate import Estimate
from vicourse.inference import Fit

tfd = tfp.distributions


def fit(posterior=None, draws=None, sample_stats=None):
    return Fit(
        algorithm="by hand",
        model=None,
        posterior=posterior,
        draws=draws,
        objective=np.zeros(3),
        elbo=None if posterior is None else Estimate(-1.5, 0.01, 100, "monte_carlo"),
        seed=0,
        seconds=1.0,
        converged=True,
        stop_reason="enough",
        sample_stats=sample_stats or {},
    )


def test_from_a_posterior():
    one = fit(posterior=tfd.Normal(tf.constant(3.0, tf.float64), 2.0))
    assert one.sample(4, seed=1).shape == (4,)
    np.testing.assert_array_equal(one.sample(4, seed=1), one.sample(4, seed=1))
    data = one.to_inference_data(num_samples=4000, seed=2)
    assert data.posterior["z"].shape == (1, 4000)
    assert abs(float(data.posterior["z"].mean()) - 3.0) < 4 * 2 / np.sqrt(4000)
    assert "sample_stats" not in data.groups()
    assert "ELBO -1.500 ± 0.010" in repr(one)


def test_from_chains():
    draws = {"a": np.arange(6.0).reshape(2, 3), "b": np.arange(24.0).reshape(2, 3, 4)}
    one = fit(draws=draws, sample_stats={"diverging": np.zeros((2, 3), bool)})
    picked = one.sample(2000, seed=0)
    assert picked["b"].shape == (2000, 4)
    # Names stay together, all chains and draws come up, and equally often.
    np.testing.assert_array_equal(picked["b"][:, 0], 4 * picked["a"])
    counts = np.bincount(picked["a"].numpy().astype(int), minlength=6)
    assert np.all(np.abs(counts - 2000 / 6) < 4 * np.sqrt(2000 * 5 / 36))
    data = one.to_inference_data()
    assert data.posterior["b"].shape == (2, 3, 4)
    assert data.sample_stats["diverging"].shape == (2, 3)


def test_bad_counts_and_seeds_are_named():
    one = fit(posterior=tfd.Normal(0.0, 1.0))
    with pytest.raises(ValueError, match="num_samples"):
        one.sample(0, seed=0)
    with pytest.raises(TypeError, match="seed"):
        one.sample(1, seed=None)
