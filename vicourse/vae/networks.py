"""The encoder and the decoder: small Keras networks that output parameters, not samples.

Source: Kingma & Welling (2014), appendix C; the output is log σ², as in their appendix B.
Chapter: deep/vae_mnist.
"""

import keras
import numpy as np

from vicourse.validation import check_choice, check_integer, check_number

ACTIVATIONS = ("tanh", "relu", "softplus")
MIXED_PRECISIONS = (None, "bfloat16")


def encoder(num_pixels, num_latents, hidden=500, **network):
    """x ↦ (μ, log σ²), the parameters of q(z | x) = N(μ, diag σ²).

        h = tanh(W₁ x + b₁),   (μ, log σ²) = W₂ h + b₂

    Args:
        num_pixels: length of a flattened image x.
        num_latents: length of z; the output has twice as many entries, μ first.
        hidden: units of the hidden layer; several numbers for several layers, from x on.
        network: `activation` of the hidden layers, "tanh" unless given; `init_std`: weights and
            biases start as independent draws from N(0, init_std²), 0.01 unless given, or, where it
            is None, weights as Glorot & Bengio (2010) have it and biases at 0; `seed`, an integer,
            of those draws; `mixed_precision`, "bfloat16" for layers that compute in it, while their
            weights and what comes out stay float32, None for float32 throughout.

    Returns:
        A Keras model from [batch, num_pixels] to [batch, 2 · num_latents].
    """
    num_pixels, num_latents = _sizes(num_pixels, num_latents)
    return _perceptron("encoder", num_pixels, hidden, 2 * num_latents, **network)


def decoder(num_pixels, num_latents, hidden=500, *, outputs_per_pixel=1, **network):
    """z ↦ the parameters of p(x | z), for instance the logits of ∏ Bernoulli(xᵢ; sigmoid(logitᵢ)).

        h = tanh(W₃ z + b₃),   outputs = W₄ h + b₄

    Args:
        outputs_per_pixel: 1 for the logits of bits, 2 for location and log variance.
        num_pixels, num_latents, network: as for `encoder`.
        hidden: as for `encoder`, from z on.

    Returns:
        A Keras model from [batch, num_latents] to [batch, outputs_per_pixel · num_pixels].
    """
    num_pixels, num_latents = _sizes(num_pixels, num_latents)
    outputs_per_pixel = check_integer("outputs_per_pixel", outputs_per_pixel, minimum=1)
    return _perceptron("decoder", num_latents, hidden, outputs_per_pixel * num_pixels, **network)


def hidden_sizes(hidden):
    """`hidden` as a tuple of integers, one a layer; ValueError, TypeError for anything else."""
    sizes = hidden if isinstance(hidden, tuple | list) and hidden else (hidden,)
    return tuple(check_integer("hidden", size, minimum=1) for size in sizes)


def _sizes(num_pixels, num_latents):
    return tuple(
        check_integer(name, size, minimum=1)
        for name, size in (("num_pixels", num_pixels), ("num_latents", num_latents))
    )


def _perceptron(
    name,
    inputs,
    hidden,
    outputs,
    *,
    activation="tanh",
    init_std=0.01,
    seed=0,
    mixed_precision=None,
):
    sizes = hidden_sizes(hidden)
    check_choice("activation", activation, ACTIVATIONS)
    check_choice("mixed_precision", mixed_precision, MIXED_PRECISIONS)
    if init_std is not None:
        init_std = check_number("init_std", init_std, above=0)
    seeds = np.random.SeedSequence(check_integer("seed", seed, minimum=0))
    seeds = [int(state) for state in seeds.generate_state(2 * len(sizes) + 2)]

    def dense(number, units, activation):
        weights, biases = seeds[2 * number : 2 * number + 2]
        if init_std is None:
            start = keras.initializers.GlorotUniform(weights), keras.initializers.Zeros()
        else:
            start = [
                keras.initializers.RandomNormal(stddev=init_std, seed=s) for s in (weights, biases)
            ]
        return keras.layers.Dense(units, activation, True, *start, dtype=dtype)

    dtype = f"mixed_{mixed_precision}" if mixed_precision else "float32"
    layers = [dense(number, units, activation) for number, units in enumerate(sizes)]
    layers.append(dense(len(sizes), outputs, None))
    if mixed_precision:
        layers.append(keras.layers.Activation("linear", dtype="float32"))
    return keras.Sequential([keras.Input((inputs,), dtype="float32"), *layers], name=name)
