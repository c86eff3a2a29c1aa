"""Seeds: every random function of the course takes one, and the same seed gives the same numbers.

TFP turns an integer seed into a *stateful* one, whose numbers also depend on how many calls came
before. The course uses TensorFlow's stateless generators instead: a seed is a pair of integers,
and `as_seed` makes that pair from whatever the caller has.

Chapter: foundations/monte_carlo
"""

import numbers

import numpy as np
import tensorflow as tf

from vicourse.validation import argument_error

__all__ = ["as_seed", "fold_in", "split_seed"]


def as_seed(seed):
    """A stateless seed from whatever the caller has.

    Args:
        seed: an integer, or two integers (list, array or tensor).

    Returns:
        An int32 tensor of shape [2].

    Raises:
        TypeError: for anything else, `None` included: a result nobody can repeat is no result.
    """
    if isinstance(seed, numbers.Integral) and not isinstance(seed, bool):
        # Both halves of a 64-bit integer count, so that 1 and 2**32 + 1 are different seeds.
        value = int(seed) % 2**64
        halves = np.array([value >> 32, value & 0xFFFFFFFF], np.uint32).view(np.int32)
        return tf.constant(halves)
    if isinstance(seed, tf.Tensor | tf.Variable | np.ndarray | list | tuple):
        pair = tf.convert_to_tensor(seed)
        if pair.shape == (2,) and pair.dtype.is_integer:
            return tf.cast(pair, tf.int32)
    raise argument_error(
        "seed", seed, "an integer, or two integers", "Write for instance `seed=0`.", TypeError
    )


def split_seed(seed, n=2):
    """Independent seeds from one.

    Args:
        seed: as for `as_seed`.
        n: how many, at least 1.

    Returns:
        A list of n int32 tensors of shape [2].
    """
    return tf.unstack(tf.random.split(as_seed(seed), n), num=n)


def fold_in(seed, number):
    """The seed that belongs to a number (a step, an epoch, a chain) under `seed`.

    Args:
        seed: as for `as_seed`.
        number: an integer; the same one gives the same seed.

    Returns:
        An int32 tensor of shape [2].
    """
    return tf.random.fold_in(as_seed(seed), number)
