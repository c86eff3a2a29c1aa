"""Hypothesis strategies for bad arguments, and what an error about one of them must say."""

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as some

NOT_NUMBERS = some.sampled_from([None, "text", b"bytes", 1j, {}, object(), {1.0}])
NOT_FINITE = some.sampled_from([np.nan, np.inf, -np.inf, np.float32("nan")])
RAGGED = some.just([[1.0], [1.0, 2.0]])
NOT_SCALARS = NOT_NUMBERS | some.sampled_from([True, [1.0], np.ones(3), np.ones((2, 2))])
QUICK = settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


def bad_number(minimum=None, above=None, below=None, maximum=None):
    """Anything but a finite number within the bounds, each of which is refused or kept as named."""
    choices = [NOT_SCALARS, NOT_FINITE, some.just(10**400)]
    if above is not None:
        choices += [some.floats(max_value=above), some.integers(max_value=int(np.floor(above)))]
    if minimum is not None:
        choices.append(some.floats(max_value=minimum, exclude_max=True))
    if below is not None:
        choices.append(some.floats(min_value=below))
    if maximum is not None:
        choices.append(some.floats(min_value=maximum, exclude_min=True))
    return some.one_of(choices)


def bad_integer(minimum=1):
    numbers = some.floats() | some.integers(max_value=minimum - 1)
    return NOT_SCALARS | numbers | some.just(np.float64(minimum))


def bad_seed():
    others = some.sampled_from([True, np.ones(3, int), [1, 2, 3], np.ones(2), [[1, 2]]])
    return NOT_NUMBERS | some.floats() | others


def bad_dtype():
    return some.sampled_from(["int32", "float16", "double precision", None, complex, 3.5, [1]])


@some.composite
def with_entry(draw, valid, entries):
    """The valid array with one entry replaced."""
    array = np.array(valid, float)
    place = draw(some.integers(0, array.size - 1))
    array.flat[place] = draw(entries)
    return array


@some.composite
def _other_rank(draw, valid):
    array = np.asarray(valid, float)
    changes = [lambda a: a[None], lambda a: a[..., None], lambda a: a[:0], lambda a: a.flat[0]]
    return draw(some.sampled_from(changes))(array)


def bad_array(valid, *more):
    """Not an array, of the wrong rank, empty, or with an entry that is not finite; and `more`."""
    text = some.just(np.asarray(valid).astype(str))
    return some.one_of(
        NOT_NUMBERS, RAGGED, text, _other_rank(valid), with_entry(valid, NOT_FINITE), *more
    )


def bad_reals(valid, *more):
    return bad_array(valid, some.just(np.asarray(valid).astype(int)), *more)


def bad_positive(valid):
    return bad_array(valid, with_entry(valid, some.floats(max_value=0.0)))


def bad_counts(valid, maximum=None):
    fractions = some.floats(0.1, 0.9) | some.floats(max_value=-0.1)
    too_many = [] if maximum is None else [with_entry(valid, some.integers(maximum + 1, 99))]
    return bad_array(valid, with_entry(valid, fractions), *too_many)


def bad_probabilities(valid):
    scaled = some.floats(1.01, 3.0).map(lambda factor: np.asarray(valid) * factor)
    return bad_array(valid, scaled, with_entry(valid, some.floats(-1.0, 0.0)))


def bad_covariance(valid):
    negative = some.floats(0.1, 9.0).map(lambda factor: -factor * np.asarray(valid))
    larger = some.just(np.eye(len(valid) + 1))
    skewed = np.array(valid, float)
    if len(valid) > 1:
        skewed[0, 1] += 0.1
        larger |= some.just(skewed)
    return bad_reals(valid, negative, larger)


def refused(argument, function, *args, **kwargs):
    """The call must fail with an error that names the argument and says what was wanted."""
    with pytest.raises((ValueError, TypeError)) as caught:
        function(*args, **kwargs)
    message = str(caught.value)
    assert f"`{argument}" in message, message
    assert "wanted" in message, message
    return message
