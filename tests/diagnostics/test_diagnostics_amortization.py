"""The amortization gap and its parts, against answers known beforehand."""

import numpy as np
import pytest
import scipy.optimize
import tensorflow as tf

from vicourse import vae as vaes
from vicourse.diagnostics import amortization_gap, best_gaussians, elbo_by_image


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


@pytest.mark.parametrize(
    ("function", "options", "named"),
    [
        (best_gaussians, {"num_steps": 0}, "num_steps"),
        (amortization_gap, {"num_steps": 0}, "num_steps"),
        (amortization_gap, {"num_samples": 1}, "num_samples"),
    ],
)
def test_bad_counts(function, options, named):
    with pytest.raises(ValueError, match=named):
        function(a_vae(np.zeros(4)), X, seed=0, **options)


def test_nan_never_passes():
    vae = a_vae(np.zeros(4))
    q = vae.posterior(X)
    with pytest.raises(ValueError, match="num_samples"):
        elbo_by_image(vae, X, q, seed=0, num_samples=0)
    vae.decoder.trainable_variables[-1].assign(np.full(6, np.nan))
    with pytest.raises(FloatingPointError, match="8 images"):
        elbo_by_image(vae, X, q, seed=0)
    vae.decoder.trainable_variables[0].assign(np.full((2, 3), np.nan))
    with pytest.raises(FloatingPointError, match="climb"):
        best_gaussians(vae, X, seed=0, num_steps=3)


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


@pytest.fixture(scope="module")
def listening():
    """A decoder that listens to z; for each image its bound, and the best Gaussian by SciPy."""
    vae = vaes.VAE(2, num_pixels=6, hidden=4, seed=3, init_std=0.7)
    q = vae.posterior(X).distribution
    starts = np.hstack([q.loc, np.log(q.scale)]).astype(np.float64)
    bounds = [bound_by_quadrature(vae, x) for x in np.float64(X)]
    best = [
        scipy.optimize.minimize(lambda p, elbo=elbo: -elbo(p), start)
        for elbo, start in zip(bounds, starts, strict=True)
    ]
    at_start = np.array([elbo(start) for elbo, start in zip(bounds, starts, strict=True)])
    return vae, at_start, np.array([b.x for b in best]), -np.array([b.fun for b in best])


def test_bound_of_each_image(listening):
    vae, at_start, _, _ = listening
    found = elbo_by_image(vae, X, vae.posterior(X), seed=1, num_samples=20_000)
    np.testing.assert_allclose(found, at_start, atol=0.02)
    assert np.ptp(at_start) > 1  # no two images have one bound


def test_best_gaussian_of_each_image(listening):
    vae, _, parameters, at_best = listening
    q = best_gaussians(vae, X, seed=0, num_steps=3000, learning_rate=0.003)
    assert q.batch_shape == [8]
    assert q.event_shape == [2]
    np.testing.assert_allclose(q.mean(), parameters[:, :2], atol=0.1)
    np.testing.assert_allclose(q.stddev(), np.exp(parameters[:, 2:]), rtol=0.1)
    found = elbo_by_image(vae, X, q, seed=1, num_samples=20_000)
    np.testing.assert_allclose(found, at_best, atol=0.03)


def test_one_seed_gives_both_bounds_the_same_noise(listening):
    """Two Gaussians that are nearly one: their bounds from one draw differ by next to nothing."""
    vae = listening[0]
    q = vae.posterior(X)
    moved = best_gaussians(vae, X, seed=0, num_steps=1, learning_rate=1e-5)
    same = elbo_by_image(vae, X, moved, seed=5, num_samples=1)
    assert np.max(np.abs(same - elbo_by_image(vae, X, q, seed=5, num_samples=1))) < 1e-3
    assert np.min(np.abs(same - elbo_by_image(vae, X, q, seed=6, num_samples=1))) > 1e-3


def test_a_decoder_that_listens_to_z(listening):
    vae, at_start, _, at_best = listening
    gaps = at_best - at_start
    gap = amortization_gap(vae, X, seed=0, num_steps=1500, num_samples=5000)
    assert np.mean(gaps) > 0.5  # the test can tell
    assert gap.value == pytest.approx(np.mean(gaps), rel=0.02)
    assert gap.standard_error == pytest.approx(np.std(gaps, ddof=1) / np.sqrt(8), rel=0.1)
