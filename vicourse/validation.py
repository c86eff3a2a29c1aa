"""Checks at the boundary: an error names the argument, what came, what was wanted, what to do."""

import numbers
from collections.abc import Hashable

import numpy as np


def argument_error(name, got, wanted, remedy="", kind=ValueError):
    """An exception (not raised here) that says which argument, what came and what was wanted."""
    return kind(f"`{name}`: wanted {wanted}, got {describe(got)}. {remedy}".rstrip())


def describe(value):
    """A short description for an error message: never a page of numbers."""
    if hasattr(value, "shape") and hasattr(value, "dtype") and len(value.shape) > 0:
        return f"an array of shape {tuple(value.shape)} and dtype {np.dtype(_numpy_dtype(value))}"
    text = repr(value)
    text = text if len(text) <= 60 else text[:57] + "..."
    return text if value is None else f"{text} ({type(value).__name__})"


def _numpy_dtype(value):
    return getattr(value.dtype, "as_numpy_dtype", value.dtype)


def check_integer(name, value, minimum=None, maximum=None):
    """`value` as an int, or an error; booleans and floats are not integers here."""
    wanted = "an integer" + (f" of at least {minimum}" if minimum is not None else "")
    wanted += f" and at most {maximum}" if maximum is not None else ""
    if isinstance(value, bool) or not isinstance(value, numbers.Integral):
        raise argument_error(name, value, wanted, kind=TypeError)
    if (minimum is not None and value < minimum) or (maximum is not None and value > maximum):
        raise argument_error(name, value, wanted)
    return int(value)


def check_number(name, value, above=None, below=None, minimum=None, maximum=None):
    """`value` as a finite float within the bounds given, or an error."""
    bounds = [
        (above, "above", lambda v, b: v > b),
        (below, "below", lambda v, b: v < b),
        (minimum, "of at least", lambda v, b: v >= b),
        (maximum, "of at most", lambda v, b: v <= b),
    ]
    bounds = [bound for bound in bounds if bound[0] is not None]
    wanted = " and ".join(f"{word} {bound}" for bound, word, _ in bounds)
    wanted = f"a finite number {wanted}".rstrip()
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise argument_error(name, value, wanted, kind=TypeError)
    try:
        number = float(value)
    except OverflowError:  # an integer beyond 1e308
        number = np.inf
    if not np.isfinite(number) or not all(holds(number, bound) for bound, _, holds in bounds):
        raise argument_error(name, value, wanted)
    return number


def check_choice(name, value, choices):
    """`value` if it is one of `choices`, or an error that lists them and guesses the one meant."""
    import difflib

    choices = list(choices)
    if isinstance(value, Hashable) and value in choices:
        return value
    near = difflib.get_close_matches(str(value), [str(choice) for choice in choices], n=1)
    remedy = f"Did you mean {near[0]!r}?" if near else ""
    raise argument_error(name, value, "one of " + ", ".join(map(repr, choices)), remedy)


def check_array(name, value, *, dtype=np.float64, shape=None, finite=True, allow_integer=False):
    """`value` as a NumPy array of `dtype`, or an error.

    Args:
        shape: a tuple in which `None` stands for any length, or `None` for any shape.
        finite: whether NaN and infinity are refused.
        allow_integer: integer arrays are refused unless this is set: where a density expects
            reals, an integer array is usually a slip (and TensorFlow would not convert it).
    """
    array = _as_array(name, value)
    if array.dtype.kind in "iu" and allow_integer:
        array = array.astype(dtype)
    if array.dtype.kind != "f" and not (array.ndim == 0 and array.dtype.kind in "iu"):
        raise argument_error(
            name, value, "floating-point numbers", "Convert it: `np.asarray(x, float)`.", TypeError
        )
    if shape is not None:
        fits = array.ndim == len(shape) and all(
            want in (None, length) for want, length in zip(shape, array.shape, strict=True)
        )
        if not fits:
            words = "(" + ", ".join("any" if want is None else str(want) for want in shape) + ")"
            raise argument_error(name, array, f"shape {words}")
    if 0 in array.shape:
        raise argument_error(name, array, "at least one entry")
    if finite and not np.all(np.isfinite(array)):
        bad = int(np.sum(~np.isfinite(array)))
        raise ValueError(
            f"`{name}`: wanted finite numbers, got {bad} NaN or infinite of {array.size}. "
            "Remove or fill in the missing values first."
        )
    return array.astype(dtype)


def _as_array(name, value):
    try:
        return np.asarray(value)
    except ValueError:  # NumPy tells what is wrong, but not with which argument
        raise argument_error(name, value, "rows of equal length") from None


def check_counts(name, value, shape=None, maximum=None):
    """`value` as a float64 array of whole numbers from 0 to `maximum`, or an error."""
    value = _as_array(name, value)
    if value.dtype == bool:
        value = value.astype(int)
    counts = check_array(name, value, shape=shape, allow_integer=True)
    top = np.inf if maximum is None else maximum
    if np.any((counts < 0) | (counts > top) | (counts != np.floor(counts))):
        bounds = "of at least 0" if maximum is None else f"from 0 to {maximum}"
        raise ValueError(
            f"`{name}`: wanted whole numbers {bounds}, got values from {counts.min()} to "
            f"{counts.max()}. These are counts; do not scale or standardise them."
        )
    return counts


def check_positive(name, value, shape=None):
    """`value` as a float64 array of numbers above zero, or an error."""
    array = check_array(name, value, shape=shape)
    if np.any(array <= 0):
        raise ValueError(f"`{name}`: wanted numbers above 0, got {array.min()} among them.")
    return array


def check_covariance(name, value, dim):
    """`value` as a float64 array [dim, dim], symmetric and positive definite, or an error."""
    matrix = check_array(name, value, shape=(dim, dim))
    if not np.allclose(matrix, matrix.T, rtol=1e-10, atol=0):
        raise ValueError(f"`{name}`: wanted a symmetric matrix. Did you mean `(A + A.T) / 2`?")
    smallest = np.linalg.eigvalsh(matrix)[0]
    if smallest <= 0:
        raise ValueError(
            f"`{name}`: wanted a positive definite matrix, got one with the eigenvalue {smallest}."
        )
    return matrix


def check_probabilities(name, value, shape=(None,)):
    """`value` as a float64 array, positive and adding up to 1 along the last axis, or an error."""
    array = check_positive(name, value, shape)
    sums = array.sum(axis=-1)
    if not np.allclose(sums, 1, rtol=0, atol=1e-6):
        raise argument_error(name, array, f"numbers that add up to 1, not {np.ravel(sums)}")
    return array
