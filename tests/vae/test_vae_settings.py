"""`Settings`: the paper's defaults, and every bad one named."""

import json

import numpy as np
import pytest
import vae_helpers as helpers

from vicourse.vae import Settings


def test_defaults_are_the_papers():
    """Kingma & Welling (2014), section 5: tanh, N(0, 0.01), M = 100, L = 1, Adagrad."""
    assert Settings().as_dict() == {
        "num_latents": 20,
        "hidden": 500,
        "activation": "tanh",
        "init_std": 0.01,
        "output_bias": None,
        "likelihood": "bernoulli",
        "algorithm": "aevb",
        "binarization": "fixed",
        "estimator": "B",
        "num_samples": 1,
        "batch_size": 100,
        "optimizer": "adagrad",
        "learning_rate": 0.01,
        "stages": [],
        "prior_std": None,
        "mixed_precision": None,
        "seed": 0,
    }


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("num_latents", 0),
        ("num_latents", 2.0),
        ("num_latents", True),
        ("hidden", -5),
        ("hidden", "500"),
        ("num_samples", 0),
        ("batch_size", 0),
        ("seed", -1),
        ("seed", None),
        ("init_std", 0.0),
        ("init_std", float("inf")),
        ("learning_rate", -0.01),
        ("learning_rate", float("nan")),
        ("learning_rate", "fast"),
        ("activation", "sigmoid"),
        ("binarization", "stochastic"),
        ("estimator", "b"),
        ("optimizer", "sgd"),
        ("output_bias", "mean"),
    ],
)
def test_bad_settings_are_named(name, value):
    with pytest.raises((ValueError, TypeError), match=f"`{name}`: wanted"):
        Settings(**{name: value})


def test_a_slip_is_met_with_the_right_word():
    with pytest.raises(ValueError, match="Did you mean 'adagrad'"):
        Settings(optimizer="adagard")


def test_numpy_numbers_become_plain_ones():
    """They come out of loops over arrays; Keras and JSON would refuse them later."""
    settings = Settings(num_latents=np.int64(2), learning_rate=np.float32(0.5), seed=np.int32(1))
    assert settings == Settings(num_latents=2, learning_rate=0.5, seed=1)
    assert json.loads(json.dumps(settings.as_dict())) == settings.as_dict()
    settings.make_vae(num_pixels=np.int64(16))


def test_fixed_bits_are_drawn_once_and_differ_between_train_and_test():
    images = helpers.tiny_data().x_train
    train, test = (Settings().stored_images(images, which) for which in (0, 1))
    assert train.shape == (60, 16)
    assert set(np.unique(train)) == {0, 1}
    np.testing.assert_array_equal(train, Settings().stored_images(images, 0))
    assert np.any(train != test)
    assert np.any(train != Settings(seed=1).stored_images(images, 0))
    # One run's test bits are not another run's training bits either.
    assert np.any(test != Settings(seed=1).stored_images(images, 0))
    np.testing.assert_array_equal(Settings().bits(train, [0, 1]), train)


def test_dynamic_bits_are_drawn_each_time():
    settings = Settings(binarization="dynamic")
    stored = settings.stored_images(helpers.tiny_data().x_train, 0)
    assert stored.max() > 1  # grey values
    first, again, other = (settings.bits(stored, [0, s]).numpy() for s in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert np.any(first != other)
    assert set(np.unique(first)) == {0, 1}


def test_threshold_bits():
    """1 where the grey value is above one half of 255."""
    settings = Settings(binarization="threshold")
    images = helpers.tiny_data().x_train
    stored = settings.stored_images(images, 0)
    np.testing.assert_array_equal(stored, images.reshape(60, 16) > 127)
    np.testing.assert_array_equal(settings.bits(stored, None), stored)


@pytest.mark.parametrize("binarization", ["dynamic", "fixed"])
def test_the_decoder_begins_at_the_mean_image(binarization):
    """At z = 0, where nothing else moves the logits; a pixel that is always off stays finite."""
    settings = Settings(binarization=binarization, init_std=None, output_bias="mean_image")
    images = helpers.tiny_data().x_train.copy()
    images[:, 1, 1] = 0
    stored = settings.stored_images(images, 0)
    vae = settings.make_vae(16, stored)
    many = [settings.bits(stored, [0, s]).numpy().mean(axis=0) for s in range(400)]
    found = vae.likelihood(np.zeros((1, 20), np.float32)).mean().numpy()[0]
    assert found[5] == pytest.approx(0.001)
    np.testing.assert_allclose(found[:5], np.mean(many, axis=0)[:5], atol=0.02)
    assert np.ptp(found) > 0.5
    start = Settings(binarization=binarization, init_std=None).make_vae(16)
    for ours, theirs in zip(helpers.weights(vae)[:-1], helpers.weights(start)[:-1], strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_a_mean_image_needs_images_of_bits():
    with pytest.raises(ValueError, match="training images"):
        Settings(output_bias="mean_image").make_vae(16)
    with pytest.raises(ValueError, match="likelihood='gaussian'"):
        Settings(likelihood="gaussian", binarization="none", output_bias="mean_image")
