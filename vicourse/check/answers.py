"""Read what a learner's function returned as numbers, compare it, and show it."""

import numpy as np

MAX_SHOWN = 16
_MAX_ENTRIES = 10_000_000


class NotNumbers(Exception):
    """The answer cannot be read as real numbers; the message says what it is instead."""


class InputChanged(Exception):
    """The answer wrote into what it was given; the message says how to avoid it."""


class NothingReturned(NotNumbers):
    """`None` or `...`: most likely a stub."""


def as_numbers(value):
    """`value` as a float64 array, from Python, NumPy or TensorFlow numbers.

    Raises:
        NothingReturned: for `None` and `...`.
        NotNumbers: for anything else that is not an array of real numbers.
    """
    if value is None or value is ...:
        raise NothingReturned(f"It returned {value}. If you wrote an answer: is `return` missing?")
    if callable(value) and not hasattr(value, "__array__"):
        raise NotNumbers("It returned a function. Call that function, and return what it gives.")
    try:
        array = np.asarray(value)
    except Exception as error:
        raise NotNumbers(
            f"It returned {_a_kind(value)}, which cannot be read as one array of numbers."
        ) from error
    if array.dtype.kind not in "fiu":
        raise NotNumbers(f"It returned {_a_kind(value)}, not real numbers.")
    if array.size > _MAX_ENTRIES:
        raise NotNumbers(f"It returned an array of shape {array.shape}, which is far too large.")
    return array.astype(np.float64)


def in_shape(got, shape):
    """`got` in `shape` if it differs by superfluous axes of length 1 at most, otherwise `None`.

    Where a wanted axis has length 1 itself, the two cannot be told apart and nothing is dropped.
    """
    if got.shape == shape:
        return got
    dropped = tuple(length for length in got.shape if length != 1)
    return got.reshape(shape) if dropped == shape else None


def is_close(got, expected, rtol, atol, nan_equals_nan=False):
    """Whether `got` equals `expected`, in shape and within the tolerance in every entry."""
    got = in_shape(got, expected.shape)
    return got is not None and np.allclose(got, expected, rtol, atol, nan_equals_nan)


def show(value):
    """A value in one line: all of it where it is short, otherwise its shape."""
    if isinstance(value, str):
        return repr(value)
    array = np.asarray(value)
    if array.size > MAX_SHOWN:
        return f"an array of shape {array.shape}"
    array = array + 0.0 if array.dtype.kind == "f" else array  # turns -0. into 0.
    text = np.array2string(array, precision=4, suppress_small=True, separator=", ")
    return " ".join(text.split()).replace("[ ", "[")


def _a_kind(value):
    kind = type(value).__name__
    if isinstance(value, tuple | list):
        return f"a {kind} of {len(value)}"
    return f"an object of type `{kind}`"
