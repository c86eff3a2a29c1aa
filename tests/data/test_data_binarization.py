"""Bits of grey values: P(bit = 1) = x / 255, each kind with its own contract."""

import numpy as np
import pytest
import tensorflow as tf

from vicourse import data

RAMP = np.arange(256, dtype=np.uint8)  # every grey value once
DRAWS = 4000


def raised(error, match, function, *args):
    with pytest.raises(error, match=match):
        function(*args)


def test_pixel_probabilities_are_x_over_255():
    p = data.pixel_probabilities(RAMP)
    assert p.dtype == np.float32
    np.testing.assert_allclose(p, [x / 255 for x in range(256)], rtol=1e-7)
    np.testing.assert_array_equal(data.pixel_probabilities(p), p)


@pytest.mark.parametrize("how", ["fixed", "dynamic"])
@pytest.mark.parametrize("form", ["uint8", "float32", "float64"])
def test_the_mean_of_the_bits_is_x_over_255(how, form):
    """Binomial: |mean − p| within 5 standard errors; 0 and 255 without exception.

    `image < uniform`, the slip that inverts the picture, gives 1 − p.
    """
    images = np.tile(RAMP, (DRAWS, 1))
    if form != "uint8":
        images = images.astype(form) / 255
    bits = np.asarray(data.binarize(images, how, seed=3))
    assert bits.shape == images.shape
    assert set(np.unique(bits)) == {0, 1}
    p = np.arange(256) / 255
    error = np.sqrt(p * (1 - p) / DRAWS)
    assert np.all(np.abs(bits.mean(0) - p) <= 5 * error)


@pytest.mark.parametrize("how", ["fixed", "dynamic"])
def test_pixels_are_drawn_on_their_own(how):
    """Correlation of neighbours, of neighbouring images and of two seeds: 0 within 5 / √n."""
    half = np.full((500, 28, 28), 0.5)
    bits = np.asarray(data.binarize(half, how, seed=0), float) - 0.5
    other = np.asarray(data.binarize(half, how, seed=1), float) - 0.5
    bound = 5 / np.sqrt(bits[1:].size)
    assert abs(4 * np.mean(bits[:, :, 1:] * bits[:, :, :-1])) < bound
    assert abs(4 * np.mean(bits[1:] * bits[:-1])) < bound
    assert abs(4 * np.mean(bits[1:] * other[1:])) < bound


def test_fixed_bits_are_those_of_the_pcg64_stream():
    """NumPy's stream: uniform = (64 random bits >> 11) / 2⁵³; bit = uniform < x / 255."""
    images = np.random.default_rng(0).integers(0, 256, (5, 28, 28), dtype=np.uint8)
    raw = np.random.PCG64(17).random_raw(images.size)
    uniform = (raw >> np.uint64(11)) * 2.0**-53
    expected = uniform.reshape(images.shape) * 255 < images
    bits = data.binarize(images, "fixed", seed=17)
    assert bits.dtype == np.uint8
    np.testing.assert_array_equal(bits, expected)
    np.testing.assert_array_equal(data.binarize_fixed(data.pixel_probabilities(images), 17), bits)


def test_fixed_bits_do_not_depend_on_what_follows(monkeypatch):
    """Blocks are only for memory: other block sizes and fewer images give the same bits."""
    images = np.random.default_rng(0).integers(0, 256, (9, 28, 28), dtype=np.uint8)
    bits = data.binarize_fixed(images, 4)
    np.testing.assert_array_equal(data.binarize_fixed(images[:2], 4), bits[:2])
    monkeypatch.setattr("vicourse.data.binarization._BLOCK", 1000)
    np.testing.assert_array_equal(data.binarize_fixed(images, 4), bits)
    assert (data.binarize_fixed(images, 5) != bits).mean() > 0.2


def test_threshold_splits_between_127_and_128():
    """x / 255 > 0.5: 127 / 255 = 0.498, 128 / 255 = 0.502."""
    bits = data.binarize(RAMP, "threshold")
    assert bits.dtype == np.uint8
    assert np.flatnonzero(bits).tolist() == list(range(128, 256))
    assert data.binarize(np.array([0.0, 0.5, 0.51, 1.0]), "threshold").tolist() == [0, 0, 1, 1]


@pytest.mark.parametrize("form", [np.uint8, np.float32, np.float64])
def test_dynamic_inside_tf_function(form):
    """The same bits as outside, fresh ones for each seed, one trace for all of them."""
    images = np.random.default_rng(0).integers(0, 256, (10, 28, 28), dtype=np.uint8)
    images = images if form is np.uint8 else (images / 255).astype(form)
    traces = []

    @tf.function(
        input_signature=[tf.TensorSpec([None, 28, 28], form), tf.TensorSpec([2], tf.int32)]
    )
    def draw(batch, seed):
        traces.append(1)
        return data.binarize(batch, "dynamic", seed)

    first, again, other = (draw(images, tf.constant(pair)) for pair in ([0, 7], [0, 7], [0, 8]))
    assert first.dtype == tf.float32
    assert len(traces) == 1
    np.testing.assert_array_equal(first, again)
    np.testing.assert_array_equal(first, data.binarize(images, "dynamic", 7))
    assert np.mean(first != other) > 0.2


def test_dynamic_compiles_with_xla():
    """XLA draws other bits; their mean is still x / 255 (5 standard errors)."""
    draw = tf.function(data.binarize_dynamic, jit_compile=True)
    bits = draw(tf.constant(np.tile(RAMP, (DRAWS, 1))), tf.constant([0, 1])).numpy()
    p = np.arange(256) / 255
    assert np.all(np.abs(bits.mean(0) - p) <= 5 * np.sqrt(p * (1 - p) / DRAWS))


EACH = [("fixed", 0), ("dynamic", 0), ("threshold", None)]


@pytest.mark.parametrize(("how", "seed"), EACH)
@pytest.mark.parametrize("as_tensor", [False, True])
def test_bad_images(how, seed, as_tensor):
    wrap = tf.constant if as_tensor else lambda x: x
    good = np.array([[0.0, 0.5], [0.25, 1.0]], np.float32)

    def refused(images, error, match):
        raised(error, match, data.binarize, wrap(images), how, seed)

    for dtype in (np.int32, np.int64, np.uint16, np.int8, bool):
        refused(good.astype(dtype), TypeError, r"`images`: .*Convert whole.*astype\(np\.uint8\)")
    refused(255 * good, ValueError, "values from 0 to 255. Divide grey values by 255")
    refused(good - 0.1, ValueError, "values from -0.1")
    refused(np.where(good == 0.5, np.nan, good), ValueError, "remove NaN")
    refused(np.where(good == 0.5, np.inf, good), ValueError, "to inf")
    refused((good > 0).astype(np.uint8), ValueError, "bits already")
    refused(np.zeros((0, 28, 28), np.uint8), ValueError, "at least one pixel")


def test_float_bits_and_blank_images_are_fine():
    """Bits as floats are probabilities 0 and 1: they stay. A black page is a page."""
    bits = np.array([0.0, 1.0, 1.0])
    for how, seed in EACH:
        np.testing.assert_array_equal(data.binarize(bits, how, seed), bits)
        np.testing.assert_array_equal(data.binarize(np.zeros(5, np.uint8), how, seed), np.zeros(5))


@pytest.mark.parametrize("bad", [[0.0, 2.0], [-1.0, 0.5], [np.nan, 0.5]])
def test_bad_values_inside_tf_function_stop_the_run(bad):
    draw = tf.function(lambda batch: data.binarize(batch, "dynamic", 0))
    raised(tf.errors.InvalidArgumentError, r"Divide grey|remove NaN", draw, tf.constant(bad))


def test_bits_inside_tf_function_stop_the_run():
    draw = tf.function(lambda batch: data.binarize(batch, "dynamic", 0))
    raised(tf.errors.InvalidArgumentError, "bits already", draw, tf.constant([0, 1], tf.uint8))


@pytest.mark.parametrize(("how", "seed"), [("fixed", 0), ("threshold", None)])
def test_only_dynamic_works_inside_tf_function(how, seed):
    draw = tf.function(lambda batch: data.binarize(batch, how, seed))
    raised(TypeError, "use `binarize_dynamic`", draw, tf.constant([0.5]))


def test_bad_seeds_and_kinds():
    raised(TypeError, "`seed`", data.binarize, RAMP, "fixed")
    raised(TypeError, "`seed`", data.binarize, RAMP, "dynamic")
    raised(ValueError, "`seed`.*leave it out", data.binarize, RAMP, "threshold", 0)
    raised(ValueError, "`seed`.*at least 0", data.binarize, RAMP, "fixed", -1)
    raised(TypeError, "`seed`", data.binarize, RAMP, "fixed", 1.0)
    raised(ValueError, "Did you mean 'dynamic'", data.binarize, RAMP, "dynamik", 0)
