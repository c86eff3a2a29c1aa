"""The mean bound of a set of images, and its standard error."""

import numpy as np
import pytest
import vae_helpers as helpers

from vicourse.vae import VAE, Bound, evaluate_bound
from vicourse.vae.evaluation import bound_estimate, sums_of


@pytest.fixture(scope="module")
def case():
    vae = helpers.lively_vae(1)
    return vae, helpers.bits(3, 6), helpers.Exact(helpers.weights(vae))


def test_mean_and_standard_error_are_numpys():
    """mean, and s/√n with s over n − 1, in two batches; for each part."""
    rng = np.random.default_rng(0)
    values = rng.normal(-100, 3, (3, 50)).astype(np.float32)
    sums = sum(sums_of(Bound(*part)) for part in (values[:, :20], values[:, 20:]))
    result = bound_estimate(sums, 50)
    for part, expected in zip(result, np.float64(values), strict=True):
        assert part.value == pytest.approx(expected.mean(), rel=1e-12)
        assert part.standard_error == pytest.approx(expected.std(ddof=1) / np.sqrt(50), rel=1e-9)
        assert part.num_samples == 50


def test_one_image_has_no_spread():
    assert bound_estimate(sums_of(Bound(*np.float32([[-3], [-2], [1]]))), 1).elbo.value == -3


@pytest.mark.parametrize("estimator", ["A", "B"])
def test_against_quadrature(case, estimator):
    """Many copies of three images: the mean over images of ELBO, reconstruction and KL."""
    vae, x, exact = case
    copies = np.tile(x, (5000, 1))
    result = evaluate_bound(vae, copies, 1, estimator=estimator)
    elbo, reconstruction = exact.elbo(x).mean(), exact.reconstruction(x).mean()
    assert result.elbo.num_samples == 15_000
    assert abs(result.elbo.value - elbo) < 4 * result.elbo.standard_error
    error = result.reconstruction.standard_error
    assert abs(result.reconstruction.value - reconstruction) < 4 * error
    assert result.kl.value == pytest.approx(reconstruction - elbo, abs=4 * error)
    assert "nats per image (" in str(result)
    assert "n = 15000)" in str(result)


def test_batches_change_only_the_draws(case):
    """Batch sizes that do and do not divide n leave every image in, once."""
    vae, x, _ = case
    x = np.concatenate([x, x, x, x[:1]])
    helper = VAE(1, 6, 4, seed=3, init_std=0.7)
    helpers.set_posterior(helper, [0.4], [-40.0])  # z pinned: nothing is left to chance
    results = [evaluate_bound(helper, x, 0, batch_size=size) for size in (1, 3, 10, 1000)]
    for result in results[1:]:
        assert result.elbo.value == pytest.approx(results[0].elbo.value, rel=1e-6)
    # Each batch has noise of its own: with one for all, equal images would have equal bounds.
    same = np.repeat(x[:1], 50, axis=0)
    assert evaluate_bound(vae, same, 0, batch_size=1).elbo.standard_error > 0.01


def test_seed(case):
    vae, x, _ = case
    first, again, other = (evaluate_bound(vae, x, seed).elbo.value for seed in (0, 0, 1))
    assert first == again
    assert first != other


@pytest.mark.parametrize(
    ("x", "problem"),
    [
        (np.zeros((5, 7), np.float32), "shape"),
        (np.zeros(6, np.float32), "shape"),
        (np.zeros((0, 6), np.float32), "at least one entry"),
        (np.ones((5, 6), np.uint8), "floating-point"),
        (np.full((5, 6), 255.0), "binary images"),
        (np.full((5, 6), 0.5), "binary images"),
    ],
)
def test_bad_images(case, x, problem):
    with pytest.raises((ValueError, TypeError), match=f"`x`: wanted.*{problem}"):
        evaluate_bound(case[0], x, 0)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("batch_size", {"batch_size": 0}),
        ("num_samples", {"num_samples": 0}),
        ("seed", {"seed": None}),
    ],
)
def test_bad_options(case, name, options):
    with pytest.raises((ValueError, TypeError), match=f"`{name}`"):
        evaluate_bound(case[0], case[1], **{"seed": 0, **options})
