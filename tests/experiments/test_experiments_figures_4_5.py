"""Figures 4 and 5: the grid, the pictures that are kept, and where their model comes from."""

import json

import numpy as np
import pytest
from scipy.stats import norm

from vicourse.data import load_digits_stand_in
from vicourse.experiments import figure_2, figures_4_5, manifold_grid, unpack_pictures
from vicourse.experiments.figures_4_5 import codes_by_square, pack_pictures
from vicourse.experiments.paper_vae import checkpoint_path, paper_cell, paper_run, paper_settings

TINY = paper_cell("digits", 2, samples=2_800)


def test_grid_cells_hold_equal_shares_of_the_prior():
    """Φ of each coordinate is the middle of its fifth; z₁ rises along a row, z₂ falls down it."""
    grid = manifold_grid(5)
    shares = norm.cdf(grid).reshape(5, 5, 2)
    middles = [0.1, 0.3, 0.5, 0.7, 0.9]
    np.testing.assert_allclose(shares[2, :, 0], middles)
    np.testing.assert_allclose(shares[:, 2, 1], middles[::-1])
    np.testing.assert_allclose(shares[:, :, 0], np.tile(middles, (5, 1)))
    with pytest.raises(ValueError, match="`side`"):
        manifold_grid(0)


def test_codes_are_counted_in_the_square_of_their_picture():
    """Each grid point falls into its own square; far out to the right and up is the upper right."""
    order = np.arange(1, 26)
    codes = np.repeat(manifold_grid(5), order, axis=0)
    np.testing.assert_array_equal(codes_by_square(codes, 5), order.reshape(5, 5))
    (row,), (column,) = np.nonzero(codes_by_square([[40.0, 8.5]], 5))
    assert (row, column) == (0, 4)
    with pytest.raises(ValueError, match="`codes`"):
        codes_by_square([[0.0, np.nan]], 5)


def test_pictures_survive_json_to_half_a_grey_level():
    pictures = np.random.default_rng(0).uniform(size=(7, 28, 20))
    packed = json.loads(json.dumps(pack_pictures(pictures)))
    found = unpack_pictures(packed)
    assert found.shape == pictures.shape
    assert np.abs(found - pictures).max() <= 0.5 / 31 + 1e-9
    for bad in (1.1, -0.1, np.nan):
        with pytest.raises(ValueError, match="`pictures`"):
            pack_pictures(np.full((1, 2, 2), bad))


def test_models_are_figure_2s():
    """N_z = 5, 10 and 20 of MNIST, 2 of Frey Face: the very runs, so the very checkpoints."""
    shared = [cell for cell in figures_4_5.cells(False) if cell in figure_2.cells(False)]
    assert [(cell["images"], cell["num_latents"]) for cell in shared] == [
        ("frey_face", 2),
        ("mnist", 5),
        ("mnist", 10),
        ("mnist", 20),
    ]
    (other,) = [cell for cell in figures_4_5.cells(False) if cell not in shared]
    assert (other["images"], other["num_latents"], other["samples"]) == ("mnist", 2, 18_000_000)


def test_a_cell_keeps_decoded_means_of_its_checkpoint(tmp_path):
    trained = paper_run(TINY, tmp_path)
    before = checkpoint_path(TINY, tmp_path).stat().st_mtime_ns
    kept = json.loads(json.dumps(figures_4_5.run(TINY, tmp_path)))
    assert checkpoint_path(TINY, tmp_path).stat().st_mtime_ns == before  # found, not trained again
    assert kept["samples_seen"] == 2_800
    w3, b3, w4, b4 = (v.numpy() for v in trained.vae.decoder.trainable_variables)
    z = manifold_grid(figures_4_5.SIDE)
    expected = 1 / (1 + np.exp(-(np.tanh(z @ w3 + b3) @ w4 + b4)))
    manifold = unpack_pictures(kept["manifold"])
    np.testing.assert_allclose(manifold, expected.reshape(225, 28, 28), atol=0.5 / 31 + 1e-4)
    data = load_digits_stand_in()
    bits = paper_settings(TINY).stored_images(data.x_train, 0)
    w1, b1, w2, b2 = (v.numpy() for v in trained.vae.encoder.trainable_variables)
    right = norm.cdf(np.tanh(bits @ w1 + b1) @ w2[:, 0] + b2[0]) > 8 / 15
    assert np.sum(kept["codes"]) == len(bits)
    assert np.sum(kept["codes"], axis=0)[8:].sum() == pytest.approx(right.sum(), abs=2)
    samples = unpack_pictures(kept["samples"])
    assert samples.shape == (100, 28, 28)
    assert samples.std(axis=0).max() > 0
    assert "manifold and samples" in figures_4_5.report([{**kept, "settings": TINY}])[0]


@pytest.mark.slow
def test_more_latents_have_no_manifold(tmp_path):
    kept = figures_4_5.run(paper_cell("grey_digits", 3, samples=1_400), tmp_path)
    assert "manifold" not in kept
    assert unpack_pictures(kept["samples"]).shape == (100, 28, 28)
