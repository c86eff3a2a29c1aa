"""The two networks: Kingma & Welling (2014), appendix C; start as in their section 5."""

import numpy as np
import pytest
import vae_helpers as helpers

from vicourse.vae import VAE, decoder, encoder


def test_shapes():
    assert encoder(16, 3, 8)(np.zeros((5, 16), np.float32)).shape == (5, 6)
    assert decoder(16, 3, 8)(np.zeros((5, 3), np.float32)).shape == (5, 16)


def test_encoder_is_the_papers_formula():
    """h = tanh(W₁x + b₁), output = W₂h + b₂, in NumPy."""
    network = encoder(6, 2, 4, init_std=1.0)
    w1, b1, w2, b2 = (np.asarray(v, np.float64) for v in network.trainable_variables)
    x = helpers.bits(5, 6)
    np.testing.assert_allclose(network(x), np.tanh(x @ w1 + b1) @ w2 + b2, rtol=1e-5, atol=1e-6)


def test_decoder_is_the_papers_formula():
    network = decoder(6, 2, 4, init_std=1.0)
    w3, b3, w4, b4 = (np.asarray(v, np.float64) for v in network.trainable_variables)
    z = np.random.default_rng(0).normal(size=(5, 2)).astype(np.float32)
    np.testing.assert_allclose(network(z), np.tanh(z @ w3 + b3) @ w4 + b4, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("init_std", [0.01, 0.3])
def test_start_is_normal_with_sd_init_std(init_std):
    """Weights and biases ~ N(0, init_std²): SD within 4 of its own standard errors, σ/√(2n)."""
    for network in (encoder(100, 20, 80, init_std=init_std), decoder(100, 20, 80)):
        std = init_std if network.name == "encoder" else 0.01
        for variable in network.trainable_variables:
            values = np.ravel(variable)
            assert abs(values.mean()) < 4 * std / np.sqrt(values.size)
            # A zero bias, a variance of 0.01 or a Glorot start would all be far outside.
            assert abs(values.std() - std) < 4 * std / np.sqrt(2 * values.size)
        assert max(np.abs(np.ravel(network.trainable_variables[0]))) > 3 * std  # not truncated


def test_same_seed_same_start():
    first, again, other = (VAE(2, 16, 8, seed=seed) for seed in (1, 1, 2))
    for a, b, c in zip(*map(helpers.weights, (first, again, other)), strict=True):
        np.testing.assert_array_equal(a, b)
        assert not np.any(a == c)


def test_no_two_parts_share_their_draws():
    """Kernels and biases of one network, and encoder and decoder, start from draws of their own."""
    starts = [np.ravel(w)[:4] for w in helpers.weights(VAE(4, 4, 4, seed=0))]
    for number, one in enumerate(starts):
        for other in starts[number + 1 :]:
            assert not np.any(one == other)


@pytest.mark.parametrize("activation", ["tanh", "relu", "softplus"])
def test_activation(activation):
    formula = {
        "tanh": np.tanh,
        "relu": lambda a: np.maximum(a, 0),
        "softplus": lambda a: np.log1p(np.exp(a)),
    }[activation]
    network = decoder(6, 2, 4, init_std=1.0, activation=activation)
    w3, b3, w4, b4 = (np.asarray(v, np.float64) for v in network.trainable_variables)
    z = np.array([[0.5, -2.0]], np.float32)
    np.testing.assert_allclose(network(z), formula(z @ w3 + b3) @ w4 + b4, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("num_pixels", {"num_pixels": 0}),
        ("num_latents", {"num_latents": -1}),
        ("hidden", {"hidden": 2.5}),
        ("activation", {"activation": "tahn"}),
        ("init_std", {"init_std": 0}),
        ("init_std", {"init_std": float("nan")}),
        ("seed", {"seed": None}),
    ],
)
@pytest.mark.parametrize("network", [encoder, decoder])
def test_bad_arguments_are_named(network, name, arguments):
    with pytest.raises((ValueError, TypeError), match=f"`{name}`"):
        network(**{"num_pixels": 16, "num_latents": 2, "hidden": 8, **arguments})
