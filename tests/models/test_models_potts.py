"""The Potts model: transfer matrices against sums over all images, and a chain's known Z."""

import numpy as np
import pytest
import scipy.stats as st
from scipy.special import logsumexp, softmax

from vicourse.inference import laplace
from vicourse.models import NotKnownExactly, Potts, enumerate_states

MEANS = np.array([-1.0, 0.2, 1.5])


def potts(height, width, num_labels=2, coupling=0.7):
    image = np.random.default_rng(3).normal(size=(height, width))
    return Potts(image, MEANS[:num_labels], coupling, 0.8)


def brute_force(model):
    """log_joint of every image, written out pair by pair."""
    height, width = model.data.shape
    labels = enumerate_states(model.num_labels, height * width).reshape(-1, height, width)
    values = st.norm(model.means[labels], 0.8).logpdf(model.data).sum(axis=(1, 2))
    for i, j in np.ndindex(height, width):
        if i + 1 < height:
            values += model.coupling * (labels[:, i, j] == labels[:, i + 1, j])
        if j + 1 < width:
            values += model.coupling * (labels[:, i, j] == labels[:, i, j + 1])
    return labels, values


@pytest.mark.parametrize(
    ("height", "width", "num_labels", "coupling"),
    [(3, 3, 2, 0.7), (4, 3, 2, -0.5), (2, 4, 3, 1.1), (1, 5, 3, 0.6), (1, 1, 2, 0.6)],
)
def test_against_all_images(height, width, num_labels, coupling):
    model = potts(height, width, num_labels, coupling)
    labels, values = brute_force(model)
    np.testing.assert_allclose(model.log_joint(labels), values, atol=1e-10)
    assert model.log_evidence() == pytest.approx(logsumexp(values), abs=1e-10)
    chosen = labels[..., None] == np.arange(num_labels)
    want = np.tensordot(softmax(values), chosen, axes=(0, 0))
    np.testing.assert_allclose(model.marginals(), want, atol=1e-10)


def test_normalizer_of_a_chain():
    """A chain of n labels: Z = K (e^J + K − 1)^(n − 1)."""
    want = np.log(3) + 6 * np.log(np.exp(0.7) + 2)
    assert potts(7, 1, 3).log_normalizer() == pytest.approx(want, abs=1e-10)
    assert potts(1, 7, 3).log_normalizer() == pytest.approx(want, abs=1e-10)


def test_evidence_of_a_normalised_prior():
    """∫ p(x) dx = 1 with log Z subtracted: one row of two pixels, by a sum over a grid of x."""
    grid = np.linspace(-6, 6, 31)
    total = sum(
        np.exp(Potts(np.array([[a, b]]), MEANS[:2], 0.7, 0.8).log_evidence())
        for a in grid
        for b in grid
    )
    log_z = potts(1, 2).log_normalizer()
    assert total * (grid[1] - grid[0]) ** 2 == pytest.approx(np.exp(log_z), rel=1e-6)


def test_coupling_draws_neighbours_together():
    """The likelihood of agreement between two pixels without data grows with J."""
    for coupling in (-1.0, 0.0, 2.0):
        _, values = brute_force(Potts(np.zeros((1, 2)), np.array([-1.0, 1.0]), coupling, 0.8))
        agree = softmax(values)[[0, 3]].sum()
        assert agree == pytest.approx(np.exp(coupling) / (np.exp(coupling) + 1), abs=1e-10)


def test_simulate_puts_noise_on_labels():
    labels = np.arange(3)[np.random.default_rng(0).integers(0, 3, size=(60, 50))]
    model = Potts(np.zeros((60, 50)), MEANS, 0.7, 0.8)
    noise = model.simulate(labels, seed=1).data - MEANS[labels]
    assert abs(noise.mean()) < 4 * 0.8 / np.sqrt(noise.size)
    assert noise.std() == pytest.approx(0.8, rel=0.05)
    np.testing.assert_array_equal(model.simulate(labels, 1).data - MEANS[labels], noise)


def test_batches_and_repr():
    model = potts(2, 3)
    labels = np.zeros((4, 5, 2, 3), int)
    assert model.log_joint(labels).shape == (4, 5)
    assert "2 × 3 pixels" in repr(model)
    assert model.knows == {"evidence"}


def test_gradients_are_refused():
    model = potts(2, 2)
    for touch in (
        lambda: model.dim,
        lambda: model.flat_bijector,
        lambda: model.unconstrained_log_joint(np.zeros(4)),
        lambda: laplace(model, seed=0),
    ):
        with pytest.raises(TypeError, match="coordinate_ascent"):
            touch()


def test_bad_input():
    model = potts(2, 2)
    for labels in (
        np.zeros((2, 3), int),
        np.full((2, 2), 2),
        np.full((2, 2), -1),
        np.zeros((2, 2)),
    ):
        with pytest.raises(ValueError, match="`z`"):
            model.log_joint(labels)
    with pytest.raises(ValueError, match="means"):
        Potts(np.zeros((2, 2)), np.array([1.0]))
    with pytest.raises(ValueError, match="noise_sd"):
        Potts(np.zeros((2, 2)), MEANS, noise_sd=0.0)
    with pytest.raises(NotKnownExactly, match="narrower"):
        potts(30, 30).log_evidence()
