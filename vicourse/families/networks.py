"""The small neural networks inside coupling and autoregressive flows.

Weights are kept in units of the start, as everything else that `vi` trains: weight =
start + UNIT·raw/√(inputs), so that the step size that suits a location suits a network too. (The
layers of Keras have no such units, draw their start from a global seed, and have masks nowhere.)

Source of the masks: Germain, Gregor, Murray and Larochelle (2015), MADE: masked autoencoder for
distribution estimation, section 4.
"""

import itertools

import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp

from vicourse.families.affine import trained
from vicourse.seeds import split_seed
from vicourse.validation import argument_error, check_integer

tfb = tfp.bijectors

UNIT = 0.3
LAST = 0.01  # how much smaller the last layer starts: outputs near 0, yet with gradients
LIMIT = 3.0  # of a log scale


class Network(tf.Module):
    """x ↦ W_K tanh(… tanh(W_1 x + b_1) …) + b_K, from [..., sizes[0]] to [..., sizes[-1]].

    Args:
        sizes: the number of units in each layer, inputs first, outputs last.
        dtype: of weights and inputs.
        seed: for the random start; outputs start near 0.
        masks: one array [sizes[i], sizes[i + 1]] of 0 and 1 a layer: 0 cuts a connection. By
            default there is none to cut.
    """

    def __init__(self, sizes, dtype, seed, masks=None):
        super().__init__(name="network")
        shapes = list(itertools.pairwise(sizes))
        masks = [np.ones(shape) for shape in shapes] if masks is None else masks
        seeds = split_seed(seed, len(shapes))
        self.masks = [tf.constant(mask, dtype) for mask in masks]
        self.weights, self.biases = [], []
        for place, (shape, layer_seed) in enumerate(zip(shapes, seeds, strict=True)):
            scale = tf.constant(max(shape[0], 1) ** -0.5, dtype)
            size = scale * (LAST if place == len(shapes) - 1 else 1.0)
            start = size * tf.random.stateless_normal(shape, layer_seed, dtype=dtype)
            unit = tfb.Scale(UNIT * scale)
            self.weights.append(trained(start, tfb.Shift(start)(unit), f"weights_{place}"))
            zero = tf.zeros(shape[1], dtype)
            unit = tfb.Scale(tf.constant(UNIT, dtype))
            self.biases.append(trained(zero, unit, f"biases_{place}"))

    def __call__(self, x):
        layers = list(zip(self.weights, self.masks, self.biases, strict=True))
        for weights, mask, bias in layers[:-1]:
            x = tf.math.tanh(tf.linalg.matmul(x, weights * mask) + bias)
        weights, mask, bias = layers[-1]
        return tf.linalg.matmul(x, weights * mask) + bias


def autoregressive_masks(dim, hidden_units, outputs_per_input):
    """Masks for which the outputs of coordinate i depend on the inputs 1 … i − 1 alone.

    Each unit has a number. Input i has the number i; hidden units share 1 … dim − 1 among
    themselves; all outputs of coordinate i have the number i. A connection into a hidden unit is
    kept if the number does not fall, a connection into an output if it rises.

    Args:
        dim: number of inputs.
        hidden_units: number of units in each hidden layer.
        outputs_per_input: the outputs are ordered coordinate by coordinate.

    Returns:
        A list of arrays [units before, units after] of 0 and 1.
    """
    inputs = np.arange(1, dim + 1)
    hidden = [1 + np.arange(units) % max(dim - 1, 1) for units in hidden_units]
    numbers = [inputs, *hidden]
    masks = [before[:, None] <= after for before, after in itertools.pairwise(numbers)]
    return [*masks, numbers[-1][:, None] < np.repeat(inputs, outputs_per_input)]


def check_hidden_units(hidden_units):
    """`hidden_units` as a tuple of integers of at least 1, or an error."""
    if not isinstance(hidden_units, list | tuple) or not hidden_units:
        raise argument_error(
            "hidden_units", hidden_units, "the sizes of the hidden layers, such as (32, 32)"
        )
    return tuple(check_integer("hidden_units", units, minimum=1) for units in hidden_units)


def shift_and_log_scale(outputs):
    """Outputs [..., n, 2] as a shift and a log scale, [..., n] each.

    The log scale stays within ±LIMIT, so that one wild step cannot make a scale overflow.
    """
    shift, log_scale = tf.unstack(outputs, axis=-1)
    return shift, LIMIT * tf.math.tanh(log_scale / LIMIT)
