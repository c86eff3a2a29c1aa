"""Training: Kingma & Welling (2014), algorithm 1, and what its history says."""

import dataclasses
import json

import numpy as np
import pytest
import vae_helpers as helpers

from vicourse.data import load_digits_stand_in
from vicourse.vae import Settings, evaluate_bound, train
from vicourse.vae.training import make_epoch

# So small a step that float32 weights do not move: what changes then is chance alone.
FROZEN = 1e-30
# q(z|x) = N(0, e⁻⁴⁰): z is 0, and the bound depends on the bits alone.
PINNED = ([0.0, 0.0], [-40.0, -40.0])


def epoch_of(settings, images, posterior=None, decoder_bias=None):
    """(vae, one epoch as a function of (seed, epoch)); q and p(x|z) set by hand if given."""
    vae = settings.make_vae(images[0].size)
    if posterior:
        helpers.set_posterior(vae, *posterior)
    if decoder_bias is not None:
        vae.decoder.trainable_variables[-1].assign(decoder_bias)
    optimizer = settings.make_optimizer(vae.trainable_variables)
    return vae, make_epoch(vae, optimizer, settings, settings.stored_images(images, 0))


def trained(epochs=2, data=None, **changes):
    settings = helpers.tiny_settings(**changes)
    return train(settings, data or helpers.tiny_data(), epochs, progress=False)


@pytest.fixture(scope="module")
def plain_run():
    return trained()


def numbers(result):
    """The history without the seconds, and the weights."""
    history = [{k: v for k, v in row.items() if k != "seconds"} for row in result.history]
    return history, helpers.weights(result.vae)


def test_the_mean_image_is_that_of_the_training_images():
    """With steps that move nothing the last biases are where they began."""
    data = helpers.tiny_data()
    data = dataclasses.replace(data, x_test=255 - data.x_test)
    frozen = {"binarization": "dynamic", "output_bias": "mean_image", "learning_rate": FROZEN}
    bias = helpers.weights(trained(1, data, **frozen).vae)[-1]
    mean = data.x_train.reshape(60, 16).mean(axis=0) / 255
    np.testing.assert_allclose(bias, np.log(mean / (1 - mean)), rtol=1e-4)


def test_the_bound_rises_on_real_digits():
    """From −784 log 2 = −543.4 nats at the start, by more than 350 in two epochs."""
    data = load_digits_stand_in()
    settings = Settings(num_latents=2, hidden=32, learning_rate=0.05)
    x = settings.stored_images(data.x_test, 1).astype(np.float32)
    before = evaluate_bound(settings.make_vae(784), x, 0).elbo
    assert before.value == pytest.approx(-784 * np.log(2), abs=2)
    result = train(settings, data, 2, progress=False)
    assert np.all(np.diff([before.value, *result.column("test_elbo")]) > 0)
    assert evaluate_bound(result.vae, x, 0).elbo.value > before.value + 350


def test_z_learns_the_kind_of_image():
    """Two images, stripes left or above, differ in 8 pixels: z must carry one bit, log 2 nats.

    By Gibbs' inequality no log p(x), so no ELBO, is above −H of the two kinds; without z the
    best is 8 pixels at ½ each, about −8 log 2. A KL averaged over latents, or left out, breaks
    the upper limit; a likelihood averaged over pixels never learns the kind.
    """
    data = helpers.tiny_data()
    kinds = data.x_test[:, 3, 0] > 127  # ink at the lower left
    share = np.array([kinds.mean(), 1 - kinds.mean()])
    limit = np.sum(share * np.log(share))
    settings = helpers.tiny_settings(binarization="threshold", learning_rate=0.3, init_std=0.3)
    result = train(settings, data, 80, progress=False)
    reached = result.column("test_elbo")[-20:].mean()  # 600 draws of z
    assert -2 < reached < limit
    assert result.column("test_kl")[-20:].mean() > np.log(2)


def test_first_step_of_adagrad():
    """Accumulator at 0: a weight moves by lr · g / √(g²) = ± lr.

    Less only where a gradient is not far above √ε = 3e-4, which few are from this start.
    """
    settings = helpers.tiny_settings(batch_size=60, learning_rate=0.003, init_std=0.2)
    vae, run = epoch_of(settings, helpers.tiny_data().x_train)
    before = helpers.weights(vae)
    run(1, 1)
    moves = [np.ravel(w - b) for w, b in zip(helpers.weights(vae), before, strict=True)]
    sizes = np.abs(np.concatenate(moves)) / 0.003
    assert np.all(sizes < 1.001)
    assert np.mean(sizes > 0.99) > 0.8


def test_first_step_goes_up():
    """From weights near 0 all p are near ½, and ∂/∂b of Σ x log p + (1 − x) log(1 − p) = x − ½."""
    settings = helpers.tiny_settings(batch_size=60, learning_rate=0.003)
    images = helpers.tiny_data().x_train
    vae, run = epoch_of(settings, images)
    before = helpers.weights(vae)[-1]
    run(1, 1)
    slope = settings.stored_images(images, 0).mean(0) - 0.5
    clear = np.abs(slope) > 0.02
    assert clear.sum() > 8
    assert set(np.sign(slope[clear])) == {-1, 1}
    moves = helpers.weights(vae)[-1] - before
    np.testing.assert_allclose(moves[clear], 0.003 * np.sign(slope[clear]), rtol=5e-3)


def test_second_step_of_adagrad():
    """Step t moves by lr · g_t / √(Σ g²): at a steady gradient the second is lr/√2."""
    images = np.full((8, 4, 4), 255, np.uint8)
    settings = helpers.tiny_settings(batch_size=8, learning_rate=1e-4, binarization="threshold")
    vae, run = epoch_of(settings, images)
    places = []
    for epoch in range(3):
        places.append(helpers.weights(vae)[-1])
        run(epoch, epoch)
    np.testing.assert_allclose(places[1] - places[0], 1e-4, rtol=1e-2)
    np.testing.assert_allclose(places[2] - places[1], 1e-4 / np.sqrt(2), rtol=1e-2)


def test_history():
    """Columns, samples seen (whole batches only), reconstruction − KL = ELBO, plain JSON."""
    result = trained(epochs=3, batch_size=25)
    assert list(result.column("epoch")) == [1, 2, 3]
    assert list(result.column("samples_seen")) == [50, 100, 150]  # 60 images: two batches of 25
    assert set(result.history[0]) == {"epoch", "samples_seen", "seconds"} | {
        f"{which}_{part}"
        for which in ("train", "test")
        for part in ("elbo", "elbo_se", "reconstruction", "kl")
    }
    for which in ("train", "test"):
        parts = [result.column(f"{which}_{p}") for p in ("elbo", "reconstruction", "kl")]
        np.testing.assert_allclose(parts[0], parts[1] - parts[2], rtol=1e-5)
        assert np.all(parts[0] < 0)
        assert np.all(parts[2] > 0)
        assert np.all(result.column(f"{which}_elbo_se") > 0)
    assert np.all(np.diff(result.column("seconds")) > 0)
    assert json.loads(json.dumps(result.history)) == result.history
    assert result.data_name == "stripes"


def test_the_test_bound_is_of_the_test_images(plain_run):
    """Dark test images: training goes on as before, and only the test bound tells."""
    data = helpers.tiny_data()
    other = trained(data=dataclasses.replace(data, x_test=np.zeros_like(data.x_test)))
    np.testing.assert_array_equal(plain_run.column("train_elbo"), other.column("train_elbo"))
    assert np.all(np.abs(plain_run.column("test_elbo") - other.column("test_elbo")) > 0.1)


def test_same_seed_same_numbers(plain_run):
    (history, weights), (same_history, same_weights) = numbers(plain_run), numbers(trained())
    assert history == same_history
    for w, same in zip(weights, same_weights, strict=True):
        np.testing.assert_array_equal(w, same)
    other_history, other_weights = numbers(trained(seed=1))
    assert all(
        a["test_elbo"] != b["test_elbo"] for a, b in zip(history, other_history, strict=True)
    )
    for w, other in zip(weights, other_weights, strict=True):
        assert not np.any(w == other)


@pytest.mark.parametrize(
    "changes",
    [
        {"binarization": "fixed", "optimizer": "adam", "learning_rate": 0.01},
        {"binarization": "dynamic", "estimator": "A"},
        {"binarization": "threshold", "num_samples": 3, "activation": "relu"},
    ],
    ids=str,
)
def test_every_kind_of_run_learns(changes):
    result = trained(epochs=10, **changes)
    start = -16 * np.log(2)
    assert result.column("test_elbo")[-1] > start + 0.5


def test_each_epoch_draws_z_anew():
    """Weights and bits fixed: only z and the order can change the epoch's bound, and z does."""
    images = np.repeat(helpers.tiny_data().x_train[:1], 60, axis=0)
    settings = helpers.tiny_settings(learning_rate=FROZEN, init_std=0.7, binarization="threshold")
    _, run = epoch_of(settings, images)
    first, again, other = (run(seed, 1).elbo.value for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_epochs_differ_in_a_run():
    """`train` gives each epoch, and each test, a seed of its own."""
    result = trained(epochs=4, learning_rate=FROZEN, init_std=0.7)
    for name in ("train_elbo", "test_elbo"):
        assert len(set(result.column(name))) == 4


def test_each_step_draws_z_anew():
    """One image in 60 steps of one: had all steps the same noise, all bounds would be equal."""
    images = np.repeat(helpers.tiny_data().x_train[:1], 60, axis=0)
    settings = helpers.tiny_settings(
        learning_rate=FROZEN, init_std=0.7, binarization="threshold", batch_size=1
    )
    _, run = epoch_of(settings, images)
    assert run(1, 1).elbo.standard_error > 1e-3


def test_dynamic_bits_are_fresh_in_each_step_and_epoch():
    """One grey image in 60 steps of one; z is pinned, so the bound depends on the bits alone.

    Var[Σ_i x_i · logit_i] = Σ logit² · p(1 − p) for bits of probability p = 128/255.
    """
    p, logits = 128 / 255, np.linspace(-2, 2, 16)
    settings = helpers.tiny_settings(learning_rate=FROZEN, binarization="dynamic", batch_size=1)
    _, run = epoch_of(settings, np.full((60, 4, 4), 128, np.uint8), PINNED, logits)
    first, again, other = (run(seed, 1).elbo for seed in (1, 1, 2))
    expected = np.sqrt(np.sum(logits**2) * p * (1 - p) / 60)
    assert first.standard_error == pytest.approx(expected, rel=4 / np.sqrt(2 * 60))
    assert first.value == again.value
    assert first.value != other.value


def test_every_image_is_used_once_an_epoch():
    """With z pinned and weights frozen, the mean over an epoch is NumPy's over all images."""
    images, logits = helpers.tiny_data().x_train, np.linspace(-2, 2, 16)
    frozen = {"learning_rate": FROZEN, "binarization": "threshold"}
    vae, run = epoch_of(helpers.tiny_settings(batch_size=10, **frozen), images, PINNED, logits)
    x = np.float64(images.reshape(60, 16) > 127)
    values = helpers.Exact(helpers.weights(vae)).log_likelihood(x, np.zeros((1, 2)))[:, 0]
    first, other = (run(seed, 1).reconstruction for seed in (1, 2))
    assert first.value == pytest.approx(values.mean(), rel=1e-6)
    assert first.standard_error == pytest.approx(values.std(ddof=1) / np.sqrt(60), rel=1e-5)
    assert other.value == pytest.approx(first.value, rel=1e-6)


def test_an_incomplete_batch_is_another_in_each_epoch():
    """60 images in batches of 7: four are left out, and not the same four each time."""
    images, logits = helpers.tiny_data().x_train, np.linspace(-2, 2, 16)
    settings = helpers.tiny_settings(batch_size=7, learning_rate=FROZEN, binarization="threshold")
    _, run = epoch_of(settings, images, PINNED, logits)
    first, other = (run(seed, 1).reconstruction for seed in (1, 2))
    assert first.num_samples == 56
    assert abs(first.value - other.value) > 1e-4


def test_too_few_images():
    with pytest.raises(ValueError, match="`batch_size`: wanted at most the number of training"):
        trained(batch_size=61)


@pytest.mark.parametrize("epochs", [0, -1, 2.0, None])
def test_bad_epochs(epochs):
    with pytest.raises((ValueError, TypeError), match="`epochs`"):
        trained(epochs=epochs)
