"""Active units and the amortization gap, against answers known beforehand."""

import numpy as np
import pytest
import scipy.optimize
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


def bound_by_quadrature(vae, x):
    """ELBO(μ, log σ) of one image as a function of four numbers: NumPy, Gauss–Hermite, 20 × 20."""
    w3, b3, w4, b4 = (np.float64(v) for v in vae.decoder.trainable_variables)
    nodes, weights = np.polynomial.hermite_e.hermegauss(20)
    noise = np.stack(np.meshgrid(nodes, nodes), axis=-1).reshape(-1, 2)
    weights = np.outer(weights, weights).ravel() / weights.sum() ** 2

    def elbo(parameters):
        mu, log_sigma = np.split(parameters, 2)
        logits = np.tanh((mu + np.exp(log_sigma) * noise) @ w3 + b3) @ w4 + b4
        fit = weights @ (logits @ x - np.logaddexp(0, logits).sum(axis=1))
        return fit - 0.5 * np.sum(mu**2 + np.exp(2 * log_sigma) - 1 - 2 * log_sigma)

    return elbo


def test_a_decoder_that_listens_to_z():
    """The best Gaussian for each image by SciPy on the quadrature's bound, from the same start."""
    vae = vaes.VAE(2, num_pixels=6, hidden=4, seed=3, init_std=0.7)
    q = vae.posterior(X).distribution
    starts = np.hstack([q.loc, np.log(q.scale)]).astype(np.float64)
    gaps = []
    for x, start in zip(np.float64(X), starts, strict=True):
        elbo = bound_by_quadrature(vae, x)
        best = scipy.optimize.minimize(lambda p, elbo=elbo: -elbo(p), start)
        gaps.append(-best.fun - elbo(start))
    gap = amortization_gap(vae, X, seed=0, num_steps=1500, num_samples=5000)
    assert np.mean(gaps) > 0.5  # the test can tell
    assert gap.value == pytest.approx(np.mean(gaps), rel=0.02)
    assert gap.standard_error == pytest.approx(np.std(gaps, ddof=1) / np.sqrt(8), rel=0.1)
