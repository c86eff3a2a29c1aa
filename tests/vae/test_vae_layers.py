"""Several hidden layers, and the start of Glorot & Bengio (2010)."""

import json

import numpy as np
import pytest
import vae_helpers as helpers

from vicourse.vae import VAE, Settings, decoder, encoder
from vicourse.vae.networks import hidden_sizes


def test_number_of_weights():
    """784 - 200 - 200 - 50 + 50, and 50 - 200 - 200 - 784: Burda and others' one-layer model."""
    vae = VAE(50, 784, (200, 200), init_std=None)
    layers = [(784, 200), (200, 200), (200, 100), (50, 200), (200, 200), (200, 784)]
    assert sum(w.size for w in helpers.weights(vae)) == sum(n * m + m for n, m in layers)


def test_layers_go_from_x_to_z_and_back():
    vae = VAE(2, 16, (7, 5, 3))
    kernels = [w.shape for w in helpers.weights(vae)[::2]]
    assert kernels[:4] == [(16, 7), (7, 5), (5, 3), (3, 4)]
    assert kernels[4:] == [(2, 3), (3, 5), (5, 7), (7, 16)]


@pytest.mark.parametrize("init_std", [0.7, None])
def test_each_layer_is_a_tanh_but_the_last(init_std):
    """h₁ = tanh(W₁x + b₁), h₂ = tanh(W₂h₁ + b₂), output = W₃h₂ + b₃, in NumPy."""
    network = encoder(6, 2, (5, 4), init_std=init_std)
    w1, b1, w2, b2, w3, b3 = (np.asarray(v, np.float64) for v in network.trainable_variables)
    x = helpers.bits(5, 6)
    expected = np.tanh(np.tanh(x @ w1 + b1) @ w2 + b2) @ w3 + b3
    np.testing.assert_allclose(network(x), expected, rtol=1e-5, atol=1e-6)


def test_glorot_start():
    """Weights ~ U(−a, a), a = √(6 / (in + out)), whose SD is √(2 / (in + out)); biases 0."""
    for network in (encoder(100, 20, (80, 60), init_std=None), decoder(100, 20, 80, init_std=None)):
        for kernel, bias in zip(*[iter(network.trainable_variables)] * 2, strict=True):
            values, limit = np.ravel(kernel), np.sqrt(6 / sum(kernel.shape))
            # The fourth moment of a uniform is 9/5 of its variance's square.
            error = np.sqrt((9 / 5 - 1) / (4 * values.size))
            assert abs(values.std() / np.sqrt(2 / sum(kernel.shape)) - 1) < 4 * error
            assert 0.98 * limit < np.abs(values).max() <= limit
            np.testing.assert_array_equal(bias, 0)


@pytest.mark.parametrize("init_std", [0.01, None])
def test_no_two_layers_share_their_draws(init_std):
    """Draws are compared up to their scale: layers of one size would hide nothing."""
    weights = helpers.weights(VAE(4, 4, (8, 8), seed=0, init_std=init_std))
    starts = [np.ravel(w)[:4] / np.abs(np.ravel(w)[0]) for w in weights if np.any(w)]
    assert len(starts) == (6 if init_std is None else 12)
    for number, one in enumerate(starts):
        for other in starts[number + 1 :]:
            assert not np.allclose(np.abs(one[1:]), np.abs(other[1:]), rtol=1e-3)


def test_glorot_start_depends_on_the_seed():
    first, again, other = (
        helpers.weights(VAE(2, 16, (8, 8), seed=seed, init_std=None)) for seed in (1, 1, 2)
    )
    for a, b, c in zip(first, again, other, strict=True):
        np.testing.assert_array_equal(a, b)
        assert not np.any(a == c) or not np.any(a)


def test_one_layer_may_be_written_in_two_ways():
    assert hidden_sizes(8) == hidden_sizes((8,)) == hidden_sizes([np.int64(8)]) == (8,)
    assert Settings(hidden=(8,)) == Settings(hidden=8)
    one, other = (helpers.weights(VAE(2, 16, hidden)) for hidden in (8, (8,)))
    for a, b in zip(one, other, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("hidden", [(), (8, 0), (8, 2.5), [8, None], "88", (True,)])
def test_bad_layers_are_named(hidden):
    for make in (hidden_sizes, lambda h: VAE(2, 16, h), lambda h: Settings(hidden=h)):
        with pytest.raises((ValueError, TypeError), match="`hidden`"):
            make(hidden)


def test_settings_with_layers_and_stages_go_through_json():
    settings = Settings(hidden=[np.int64(200), 100], init_std=None, stages=[1, np.int64(3)])
    assert settings.hidden == (200, 100)
    assert json.loads(json.dumps(settings.as_dict()))["hidden"] == [200, 100]
    assert Settings(**settings.as_dict()) == settings
    kernels = [w.shape for w in helpers.weights(settings.make_vae(16))[::2]]
    assert kernels == [(16, 200), (200, 100), (100, 40), (20, 100), (100, 200), (200, 16)]
