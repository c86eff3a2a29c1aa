"""Active units and the amortization gap, against answers known beforehand."""

import numpy as np
import pytest
import tensorflow as tf

from vicourse import vae as vaes
from vicourse.diagnostics import active_units, amortization_gap


def test_active_units_are_those_whose_mean_varies():
    """Variances 4, 0.04 and 0.0004 over x: the third is below 0.01 (SD 0.02, not variance)."""
    rng = np.random.default_rng(0)
    means = rng.normal(size=(5000, 3)) * [2.0, 0.2, 0.02] + [0.0, 5.0, 5.0]
    active, variances = active_units(means)
    assert active.tolist() == [True, True, False]
    np.testing.assert_allclose(variances, [4.0, 0.04, 0.0004], rtol=0.1)
    assert active_units(means, threshold=1.0)[0].tolist() == [True, False, False]
    with pytest.raises(ValueError, match="means"):
        active_units(means[0])
    with pytest.raises(ValueError, match="threshold"):
        active_units(means, threshold=-1)


def a_vae(encoder_bias):
    """A decoder that ignores z: the best q is the prior for every image."""
    vae = vaes.VAE(2, num_pixels=6, hidden=3, seed=0)
    for weights in vae.decoder.trainable_variables:
        weights.assign(tf.zeros_like(weights))
    *_, kernel, bias = vae.encoder.trainable_variables
    kernel.assign(tf.zeros_like(kernel))
    bias.assign(encoder_bias)
    return vae


X = np.random.default_rng(1).integers(0, 2, size=(8, 6)).astype(np.float32)


def test_an_encoder_off_its_optimum_has_its_kl_as_gap():
    """The best q is N(0, I), so the gap is KL(N(mu, σ²) ‖ N(0, 1)) summed over the latents."""
    mu, log_variance = np.array([0.8, -0.4]), np.array([0.5, -1.0])
    gap = amortization_gap(
        a_vae(np.concatenate([mu, log_variance])), X, seed=0, num_steps=400, learning_rate=0.02
    )
    exact = 0.5 * np.sum(mu**2 + np.exp(log_variance) - 1 - log_variance)
    assert gap.value == pytest.approx(exact, abs=5e-3)
    assert gap.num_samples == 8


def test_an_encoder_at_its_optimum_has_none():
    gap = amortization_gap(a_vae(np.zeros(4)), X, seed=0, num_steps=20)
    assert abs(gap.value) < 1e-3


def test_bad_counts():
    with pytest.raises(ValueError, match="num_steps"):
        amortization_gap(a_vae(np.zeros(4)), X, seed=0, num_steps=0)
