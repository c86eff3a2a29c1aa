"""Held-out log-likelihood by importance sampling: against integrals over z."""

import numpy as np
import pytest
import vae_helpers as helpers
from test_vae_iwae import ExactTwo

from vicourse.vae import VAE, held_out_log_likelihood
from vicourse.vae.held_out import _held_out


@pytest.fixture(scope="module")
def case():
    vae = helpers.lively_vae(1)
    return vae, helpers.bits(40, 6), ExactTwo(helpers.weights(vae))


def test_it_is_the_evidence(case):
    """Mean over images of log ∫ p(x, z) dz, within 4 errors of the draws; s/√n over images."""
    vae, x, exact = case
    found = held_out_log_likelihood(vae, x, 3)
    evidence = exact.log_evidence(x)
    assert 0 < found.draws_error < 0.01
    assert abs(found.log_likelihood.value - evidence.mean()) < 4 * found.draws_error
    assert found.log_likelihood.num_samples == 40
    error = evidence.std(ddof=1) / np.sqrt(40)
    assert found.log_likelihood.standard_error == pytest.approx(error, rel=0.02)
    assert found.num_samples == 5000
    assert "K = 5000 draws" in str(found)
    assert "n = 40" in str(found)


def test_the_gap_is_the_divergence_to_the_posterior(case):
    """Mean over images of KL(q(z | x) ‖ p(z | x)), an integral; its error is that over images."""
    vae, x, exact = case
    gap = held_out_log_likelihood(vae, x, 4).gap
    divergence = exact.kl_to_posterior(x)
    squares = exact.under_q(x, (exact.log_joint(x) - exact.log_q(x) - exact.elbo(x)[:, None]) ** 2)
    error = np.sqrt(squares.mean() / (40 * 5000))  # of the ELBO, from its draws
    assert divergence.mean() > 50 * error  # the test can tell
    assert gap.value == pytest.approx(divergence.mean(), abs=4 * error + 0.01)
    assert gap.standard_error == pytest.approx(divergence.std(ddof=1) / np.sqrt(40), rel=0.1)


def test_a_tenth_of_the_draws_is_its_bound(case):
    """K = 20: its tenth is L_2, by a double integral; and L_2 < L_20 < log p(x)."""
    vae, x, exact = case
    copies = np.tile(x[:4], (500, 1))
    found = held_out_log_likelihood(vae, copies, 1, num_samples=20, batch_size=2000)
    tenth, evidence = exact.bound_of_two(x[:4]).mean(), exact.log_evidence(x[:4]).mean()
    # 20,000 values of L_2 whose spread is below 1.5 nats.
    assert found.with_a_tenth == pytest.approx(tenth, abs=4 * 1.5 / np.sqrt(20_000))
    assert tenth + 10 * found.draws_error < found.log_likelihood.value < evidence


def test_the_parts_are_put_together():
    """L_K from ten parts by hand: log of the mean of their weights; its error by the delta method.

    Weights of 1 ± 0.1: the log's error is the weights' relative error, s/√10.
    """
    rng = np.random.default_rng(0)
    weights = 1 + 0.1 * rng.normal(size=(10, 3))
    elbo = np.array([-92.0, -91.0, -95.0])
    found = _held_out(np.log(weights) - 90, elbo, 50)
    assert found.log_likelihood.value == pytest.approx(np.log(weights.mean(0)).mean() - 90)
    relative = weights.std(0, ddof=1) / weights.mean(0) / np.sqrt(10)
    assert found.draws_error == pytest.approx(np.sqrt((relative**2).sum()) / 3)
    assert found.with_a_tenth == pytest.approx(np.log(weights).mean() - 90)
    np.testing.assert_allclose(found.by_image, np.log(weights.mean(0)) - 90)
    each = np.log(weights.mean(0)) - 90 - elbo
    assert found.gap.value == pytest.approx(each.mean())
    assert found.gap.standard_error == pytest.approx(each.std(ddof=1) / np.sqrt(3))


def test_draws_error_is_the_spread_over_draws():
    """Lognormal weights, 500 for each of 3 images, 400 times: the SD of L_K is `draws_error`."""
    weights = np.random.default_rng(1).lognormal(sigma=0.5, size=(400, 10, 50, 3))
    runs = [_held_out(np.log(one.mean(axis=1)), np.zeros(3), 500) for one in weights]
    spread = np.std([run.log_likelihood.value for run in runs], ddof=1)
    said = np.sqrt(np.mean([run.draws_error**2 for run in runs]))
    assert 0.87 < spread / said < 1.15  # the SD of 400 values has an error of 3.5 %


def test_batches_and_parts_draw_anew(case):
    """Equal images in different batches have different draws; sizes that do not divide n too."""
    vae, x, _ = case
    same = np.repeat(x[:1], 7, axis=0)
    for size in (1, 3):
        found = held_out_log_likelihood(vae, same, 0, num_samples=10, batch_size=size)
        assert found.log_likelihood.standard_error > 0.001
        assert found.log_likelihood.num_samples == 7
        assert found.draws_error > 0.001


def test_batches_leave_every_image_in_once():
    """q of SD e⁻²⁰: nothing is left to chance, and q's density cancels in differences."""
    vae = VAE(1, 6, 4, seed=3, init_std=0.7)
    helpers.set_posterior(vae, [0.4], [-40.0])
    x = helpers.bits(7, 6)
    values = [
        held_out_log_likelihood(vae, x, 0, num_samples=1000, batch_size=size).log_likelihood.value
        for size in (3, 100)
    ]
    assert values[1] == pytest.approx(values[0], abs=0.05)
    assert abs(held_out_log_likelihood(vae, x[:6], 0, num_samples=1000)[0].value - values[0]) > 0.06


def test_seed(case):
    vae, x, _ = case
    first, again, other = (
        held_out_log_likelihood(vae, x, seed, num_samples=10)[0].value for seed in (0, 0, 1)
    )
    assert first == again
    assert first != other


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("num_samples", {"num_samples": 5}),
        ("num_samples", {"num_samples": 25}),
        ("num_samples", {"num_samples": 20.0}),
        ("batch_size", {"batch_size": 0}),
        ("seed", {"seed": None}),
        ("x", {"x": np.full((5, 6), 0.5)}),
        ("x", {"x": np.zeros((5, 7), np.float32)}),
    ],
)
def test_bad_arguments_are_named(case, name, options):
    with pytest.raises((ValueError, TypeError), match=f"`{name}`"):
        held_out_log_likelihood(case[0], **{"x": case[1], "seed": 0, **options})


def test_nan_never_passes():
    vae = helpers.lively_vae(1)
    vae.decoder.trainable_variables[0].assign(np.full((1, 4), np.nan))
    with pytest.raises(FloatingPointError, match="L_K of 3 images"):
        held_out_log_likelihood(vae, helpers.bits(3, 6), 0, num_samples=10)
