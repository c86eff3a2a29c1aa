"""A lattice of latents: log p(x) as the integral is, and draws that have the posterior's shares."""

import numpy as np
import pytest
import vae_helpers as helpers

from vicourse.vae import VAE, draws_by_quadrature, evidence_by_quadrature


@pytest.mark.parametrize("num_latents", [1, 2])
def test_quadrature_is_the_integral(num_latents):
    vae, x = helpers.lively_vae(num_latents), helpers.bits(4, 6)
    expected = helpers.Exact(helpers.weights(vae)).log_evidence(x)
    found = evidence_by_quadrature(vae, x, half_width=7.0)
    np.testing.assert_allclose(found.value, expected, rtol=2e-6)
    assert np.all(found.error < 1e-4)


def test_quadrature_with_three_latents():
    """Against draws from the prior: log p(x) = log E_p(z)[p(x | z)], within 4 standard errors."""
    vae, x = helpers.lively_vae(3), helpers.bits(3, 6)
    *_, w3, b3, w4, b4 = helpers.weights(vae)
    z = np.random.default_rng(1).normal(size=(200_000, 3))
    p = 1 / (1 + np.exp(-(np.tanh(z @ w3 + b3) @ w4 + b4)))
    likelihood = np.exp(x @ np.log(p).T + (1 - x) @ np.log(1 - p).T)
    found = evidence_by_quadrature(vae, x, spacing=0.5)
    for value, terms in zip(found.value, likelihood, strict=True):
        mean, error = helpers.mean_and_error(terms / np.exp(value))
        assert abs(mean - 1) < 4 * error


def narrow_vae():
    """Posteriors of SD about 0.1 in one latent."""
    vae = VAE(1, 6, 4, seed=3, init_std=0.7)
    vae.decoder.trainable_variables[2].assign(np.full((4, 6), 9.0) * [1, -1, 1, -1, 1, -1])
    return vae, np.float32([[1, 0, 1, 0, 1, 0], [1, 1, 0, 0, 1, 0]])


def test_a_coarse_or_narrow_lattice_says_so():
    """The error reported covers the error made: h too large, and a lattice that ends too soon."""
    vae, x = narrow_vae()
    exact = helpers.Exact(helpers.weights(vae)).log_evidence(x)
    for spacing in (0.5, 0.35):
        found = evidence_by_quadrature(vae, x, spacing=spacing)
        off = np.abs(found.value - exact)
        assert off.max() > 1e-3
        assert np.all(found.error > off)
    found = evidence_by_quadrature(vae, x, spacing=0.1, half_width=0.6)
    assert np.abs(found.value - exact).max() > 0.1
    assert found.error.max() > 0.1


@pytest.mark.parametrize(("num_latents", "spacing"), [(1, 0.001), (2, 0.1)])
def test_draws_have_the_posteriors_shares(num_latents, spacing):
    """4000 draws for each of two images, over more points than a chunk holds: means of functions of
    z₁ as the grid has them, within 4 standard errors; and one seed, one set of draws."""
    vae, x = helpers.lively_vae(num_latents), helpers.bits(2, 6, seed=1)
    exact = helpers.Exact(helpers.weights(vae))
    log_joint = exact.log_joint(x)
    z = draws_by_quadrature(vae, np.repeat(x, 4000, axis=0), 5, spacing=spacing)
    assert z.shape == (8000, num_latents)
    for log_weights, draws in zip(log_joint, np.split(z[:, 0], 2), strict=True):
        weights = np.exp(log_weights - log_weights.max())
        for f in (np.copy, np.square, np.tanh, np.sin, lambda z: np.cos(3 * z)):
            mean, error = helpers.mean_and_error(f(draws))
            assert abs(mean - np.average(f(exact.z[:, 0]), weights=weights)) < 4 * error
    again = draws_by_quadrature(vae, np.repeat(x, 4000, axis=0), 5, spacing=spacing)
    np.testing.assert_array_equal(again, z)


@pytest.mark.parametrize("function", [evidence_by_quadrature, draws_by_quadrature])
def test_what_a_lattice_cannot_answer_is_refused(function):
    seed = [0] if function is draws_by_quadrature else []
    x = helpers.bits(2, 6)
    with pytest.raises(ValueError, match="at most three latents"):
        function(VAE(4, 6, 3), x, *seed)
    with pytest.raises(ValueError, match="`vae`"):
        function(VAE(2, 6, 3, likelihood="gaussian"), x, *seed)
    with pytest.raises(ValueError, match="`spacing`"):
        function(VAE(2, 6, 3), x, *seed, spacing=0.0)
    with pytest.raises(ValueError, match="binary"):
        function(VAE(2, 6, 3), x / 2, *seed)


@pytest.mark.parametrize("function", [evidence_by_quadrature, draws_by_quadrature])
def test_weights_that_are_nan_are_named(function):
    vae, x = VAE(2, 6, 4), helpers.bits(2, 6)
    bias = vae.decoder.trainable_variables[1]
    bias.assign(np.full(bias.shape, np.nan))
    with pytest.raises(FloatingPointError, match="NaN in the weights"):
        function(vae, x, *([0] if function is draws_by_quadrature else []))
