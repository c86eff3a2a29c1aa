"""The encoder and the decoder: two small Keras networks that output parameters, not samples.

Source: Kingma & Welling (2014), appendix C; the output is log σ², as in their appendix B.
Chapter: deep/vae_mnist.
"""

import keras
import numpy as np

from vicourse.validation import check_choice, check_integer, check_number

ACTIVATIONS = ("tanh", "relu", "softplus")


def encoder(num_pixels, num_latents, hidden=500, **network):
    """x ↦ (μ, log σ²), the parameters of q(z | x) = N(μ, diag σ²).

        h = tanh(W₁ x + b₁),   (μ, log σ²) = W₂ h + b₂

    Args:
        num_pixels: length of a flattened image x.
        num_latents: length of z; the output has twice as many entries, μ first.
        hidden: units of the one hidden layer.
        network: `activation` of the hidden layer, "tanh" unless given; `init_std`: weights and
            biases start as independent draws from N(0, init_std²), 0.01 unless given; `seed`, an
            integer, of those draws.

    Returns:
        A Keras model from [batch, num_pixels] to [batch, 2 · num_latents].
    """
    num_pixels, num_latents = _sizes(num_pixels, num_latents)
    return _one_hidden_layer("encoder", num_pixels, hidden, 2 * num_latents, **network)


def decoder(num_pixels, num_latents, hidden=500, **network):
    """z ↦ the logits of p(x | z) = ∏ Bernoulli(xᵢ; sigmoid(logitᵢ)), one per pixel.

        h = tanh(W₃ z + b₃),   logits = W₄ h + b₄

    Args: as for `encoder`.

    Returns:
        A Keras model from [batch, num_latents] to [batch, num_pixels].
    """
    num_pixels, num_latents = _sizes(num_pixels, num_latents)
    return _one_hidden_layer("decoder", num_latents, hidden, num_pixels, **network)


def _sizes(num_pixels, num_latents):
    return tuple(
        check_integer(name, size, minimum=1)
        for name, size in (("num_pixels", num_pixels), ("num_latents", num_latents))
    )


def _one_hidden_layer(name, inputs, hidden, outputs, *, activation="tanh", init_std=0.01, seed=0):
    hidden = check_integer("hidden", hidden, minimum=1)
    check_choice("activation", activation, ACTIVATIONS)
    init_std = check_number("init_std", init_std, above=0)
    seeds = np.random.SeedSequence(check_integer("seed", seed, minimum=0)).generate_state(4)

    def normal(number):
        return keras.initializers.RandomNormal(stddev=init_std, seed=int(seeds[number]))

    return keras.Sequential(
        [
            keras.Input((inputs,)),
            keras.layers.Dense(hidden, activation, True, normal(0), normal(1)),
            keras.layers.Dense(outputs, None, True, normal(2), normal(3)),
        ],
        name=name,
    )
