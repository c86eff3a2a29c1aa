"""The bound of two stochastic layers, against integrals over both of them."""

import numpy as np
import pytest
import tensorflow as tf
import vae_helpers as helpers
from scipy.special import logsumexp
from scipy.stats import norm

from vicourse.vae import TwoLayerVAE, active_per_layer, bound_of, train_on_bound

PIXELS, DRAWS = 4, 20_000
AXIS = np.linspace(-9, 9, 721)
CELL = (AXIS[1] - AXIS[0]) ** 2
X = helpers.bits(2, PIXELS, seed=1)


def perceptron(network, inputs):
    w1, b1, w2, b2 = (np.asarray(v, np.float64) for v in network.trainable_variables)
    return np.tanh(inputs @ w1 + b1) @ w2 + b2


def gaussian(network, inputs, values):
    """log N(values; μ, σ²) with (μ, log σ²) the network's output, one latent."""
    mu, log_variance = np.split(perceptron(network, inputs), 2, axis=-1)
    return norm.logpdf(values, mu, np.sqrt(np.exp(log_variance)))


def exact(model, x):
    """(log p(x, z₁, z₂), log q(z₁, z₂ | x)) on the grid [z₁, z₂], for one image."""
    column = AXIS[:, None]
    p = 1 / (1 + np.exp(-perceptron(model.decoder_1, column)))
    log_likelihood = np.log(np.where(x == 1, p, 1 - p)).sum(1)
    log_p = (
        log_likelihood[:, None]
        + gaussian(model.decoder_2, column, AXIS[None, :]).T  # rows of the network: z₂
        + norm.logpdf(AXIS)[None, :]
    )
    log_q1 = gaussian(model.encoder_1, x[None], AXIS[None, :])[0]
    return log_p, log_q1[:, None] + gaussian(model.encoder_2, column, AXIS[None, :])


def lively_model():
    """Far from its start, and with p(z₁ | z₂) far from N(0, 1) for all z₂."""
    model = TwoLayerVAE((1, 1), PIXELS, hidden=(5, 4), seed=2, init_std=0.7)
    model.decoder_2.trainable_variables[-1].assign([-2.0, 0.8])
    return model


@pytest.fixture(scope="module")
def case():
    model = lively_model()
    return model, [exact(model, x) for x in X]


def test_the_bound_is_its_integral_and_lies_below_the_evidence_by_the_kl(case):
    model, grids = case
    values = np.float64(bound_of(model, X, 0, num_samples=DRAWS))
    mean, error = values.mean(0), values.std(0, ddof=1) / np.sqrt(DRAWS)
    for row, (log_p, log_q) in enumerate(grids):
        expected = np.sum(np.exp(log_q) * (log_p - log_q)) * CELL
        evidence = logsumexp(log_p) + np.log(CELL)
        kl = np.sum(np.exp(log_q) * (log_q - (log_p - evidence))) * CELL
        assert np.sum(np.exp(log_q)) * CELL == pytest.approx(1, abs=1e-5)
        assert kl > 0.1
        assert expected + kl == pytest.approx(evidence, abs=1e-4)
        assert abs(mean[row] - expected) < 4 * error[row]
        assert error[row] < 0.05


def test_more_importance_samples_close_the_gap(case):
    """ELBO < L_20 < log p(x), and L_20 loses less than half of what the ELBO loses."""
    model, grids = case
    evidence = [logsumexp(log_p) + np.log(CELL) for log_p, _ in grids]
    many = bound_of(model, X, 1, num_importance_samples=20, num_samples=2000)
    one = bound_of(model, X, 1, num_samples=DRAWS)
    gap_many, gap_one = (evidence - np.float64(values).mean(0) for values in (many, one))
    assert np.all(gap_many > 0)
    assert np.all(gap_many < gap_one / 2)


@pytest.mark.slow
def test_training_raises_the_bound_towards_the_evidence():
    """After training the bound is higher, and still below the new evidence, by quadrature."""
    model = lively_model()
    x = np.repeat([[1, 1, 0, 0], [0, 0, 1, 1]], 20, axis=0).astype(np.float32)
    history = train_on_bound(model, x, epochs=100, batch_size=20, learning_rate=0.02, seed=0)
    assert history[-1].value > history[0].value + 1
    for image in x[[0, -1]]:
        log_p, log_q = exact(model, image)
        bound = np.sum(np.exp(log_q) * (log_p - log_q)) * CELL
        assert bound < logsumexp(log_p) + np.log(CELL)
        assert bound > -2.0  # two images: log 2 = 0.69 nats at best


def test_active_units_are_counted_in_each_layer():
    """Layer 1 by its means; layer 2 by E over z₁ of its means: here set by hand.

    z₁'s first mean is a difference of pixels, its second 0; z₂ = tanh of 0, 1 or both of them.
    """
    model = TwoLayerVAE((2, 3), PIXELS, hidden=(1, 2), seed=0)
    kernel, bias, out, out_bias = model.encoder_1.trainable_variables
    kernel.assign([[1.0], [0.0], [0.0], [0.0]])
    bias.assign([0.0])
    out.assign([[3.0, 0.0, 0.0, 0.0]])
    out_bias.assign([0.0, 0.0, -4.0, 0.0])
    kernel, bias, out, out_bias = model.encoder_2.trainable_variables
    kernel.assign([[1.0, 0.0], [0.0, 1.0]])
    bias.assign([0.0, 0.0])
    # z₂'s first unit follows z₁'s active one, its second the idle one, its third nothing.
    out.assign([[1.0, 0.0, 0.0] + [0.0] * 3, [0.0, 1.0, 0.0] + [0.0] * 3])
    out_bias.assign([0.0] * 6)
    x = helpers.bits(200, PIXELS)
    assert active_per_layer(model, x, 0, num_samples=400) == (1, 1)
    out.assign(tf.zeros_like(out))
    assert active_per_layer(model, x, 0) == (1, 0)


def test_same_seed_same_numbers():
    model = lively_model()
    first, again, other = (bound_of(model, X, seed).numpy() for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert not np.any(first == other)


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("num_latents", lambda: TwoLayerVAE(5)),
        ("hidden", lambda: TwoLayerVAE((2, 1), hidden=(5,))),
        ("num_samples", lambda: active_per_layer(lively_model(), X, 0, num_samples=10)),
    ],
)
def test_bad_arguments_are_named(name, make):
    with pytest.raises(ValueError, match=f"`{name}`"):
        make()
