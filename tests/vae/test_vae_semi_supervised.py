"""M2's bounds (Kingma, Mohamed, Rezende, Welling 2014) by quadrature over z and sums over y."""

import numpy as np
import pytest
import tensorflow as tf
import vae_helpers as helpers
from scipy.special import log_softmax, logsumexp
from scipy.stats import norm

from vicourse.vae import (
    M2,
    labelled_bound,
    train_classifier,
    train_semi_supervised,
    unlabelled_bound,
)

CLASSES, PIXELS, DRAWS = 3, 4, 20_000
Z = np.linspace(-12, 12, 2401)
STEP = Z[1] - Z[0]
X, Y = helpers.bits(2, PIXELS, seed=1), np.array([2, 0])


def lively_model(seed=3):
    return M2(CLASSES, 1, PIXELS, hidden=5, seed=seed, init_std=0.7)


def perceptron(network, inputs):
    w1, b1, w2, b2 = (np.asarray(v, np.float64) for v in network.trainable_variables)
    return np.tanh(inputs @ w1 + b1) @ w2 + b2


class Exact:
    """log p(x, y, z), q(z | x, y) and q(y | x) of one image on a grid over z, in NumPy."""

    def __init__(self, model, x):
        self.log_joint, self.log_q_z = np.empty([2, CLASSES, len(Z)])
        for y, one_hot in enumerate(np.eye(CLASSES)):
            logits = perceptron(model.decoder, np.column_stack([Z, np.tile(one_hot, (len(Z), 1))]))
            p = 1 / (1 + np.exp(-logits))
            log_likelihood = np.log(np.where(x == 1, p, 1 - p)).sum(1)
            self.log_joint[y] = log_likelihood + norm.logpdf(Z) - np.log(CLASSES)
            mu, log_variance = perceptron(model.encoder, np.concatenate([x, one_hot]))
            self.log_q_z[y] = norm.logpdf(Z, mu, np.exp(log_variance) ** 0.5)
        self.log_q_y = log_softmax(perceptron(model.classifier, x))

    def labelled(self):
        """∫ q(z|x,y) [log p(x,y,z) − log q(z|x,y)] dz for every y."""
        return np.sum(np.exp(self.log_q_z) * (self.log_joint - self.log_q_z), axis=1) * STEP

    def unlabelled(self):
        """Σ_y ∫ q(y|x) q(z|x,y) [log p(x,y,z) − log q(y|x) − log q(z|x,y)] dz."""
        log_q = self.log_q_y[:, None] + self.log_q_z
        return np.sum(np.exp(log_q) * (self.log_joint - log_q)) * STEP

    def log_evidence(self):
        """log p(x, y) for every y."""
        return logsumexp(self.log_joint, axis=1) + np.log(STEP)


@pytest.fixture(scope="module")
def model():
    return lively_model()


@pytest.fixture(scope="module")
def exact(model):
    return [Exact(model, x) for x in X]


def test_labelled_bound_is_its_integral(model, exact):
    mean, error = helpers.mean_and_error(labelled_bound(model, X, Y, 0, num_samples=DRAWS))
    expected = np.array([one.labelled()[y] for one, y in zip(exact, Y, strict=True)])
    assert np.all(error < 0.01)
    assert np.all(np.abs(mean - expected) < 4 * error)


def test_unlabelled_bound_is_its_sum_of_integrals(model, exact):
    mean, error = helpers.mean_and_error(unlabelled_bound(model, X, 0, num_samples=DRAWS))
    expected = np.array([one.unlabelled() for one in exact])
    assert np.all(error < 0.01)
    assert np.all(np.abs(mean - expected) < 4 * error)


def test_bounds_lie_below_the_evidence_by_their_kl(exact):
    """log p(x) = −U(x) + KL(q(y|x) q(z|x,y) ‖ p(y, z | x)), and the same with y known."""
    for one in exact:
        evidence = logsumexp(one.log_evidence())
        log_q = one.log_q_y[:, None] + one.log_q_z
        kl = np.sum(np.exp(log_q) * (log_q - (one.log_joint - evidence))) * STEP
        assert kl > 0.01
        assert one.unlabelled() + kl == pytest.approx(evidence, abs=1e-8)
        assert np.all(one.labelled() < one.log_evidence())


def test_no_draw_is_made_for_the_label(model):
    """With z known (SD e⁻¹⁰) two seeds give one value: y is summed out, not drawn."""
    still = lively_model()
    kernel, bias = still.encoder.trainable_variables[2:]
    kernel.assign(tf.zeros_like(kernel))
    bias.assign([0.3, -20.0])
    first, second = (unlabelled_bound(still, X, seed) for seed in (0, 1))
    np.testing.assert_allclose(first, second, atol=1e-3)


def test_the_classifier_learns_from_images_without_labels_only(model):
    with tf.GradientTape(persistent=True) as tape:
        labelled = labelled_bound(model, X, Y, 0)
        unlabelled = unlabelled_bound(model, X, 0)
    weights = model.classifier.trainable_variables
    assert all(g is None for g in tape.gradient(labelled, weights))
    assert all(np.any(g != 0) for g in tape.gradient(unlabelled, weights))


def test_the_objective_weighs_every_image_alike_and_adds_the_classifier():
    """1/N [Σ −U + Σ −L] + w · mean log q(y | x), at a step size that moves nothing.

    q(z | x, y) has an SD of e⁻³, so that little noise hides a wrong weight.
    """
    model = lively_model()
    kernel, bias = model.encoder.trainable_variables[2:]
    kernel.assign(tf.zeros_like(kernel))
    bias.assign([0.3, -6.0])
    exact = [Exact(model, x) for x in X]
    history = train_semi_supervised(
        model,
        np.repeat(X[1:], 9, axis=0),
        np.concatenate([X, X[:1]]),
        np.array([2, 0, 1]),
        classifier_weight=2.0,
        epochs=40,
        batch_size=9,
        learning_rate=1e-9,
        seed=0,
    )
    mean, error = helpers.mean_and_error([epoch.value for epoch in history])
    known = [exact[0].labelled()[2], exact[1].labelled()[0], exact[0].labelled()[1]]
    classified = np.mean([exact[0].log_q_y[2], exact[1].log_q_y[0], exact[0].log_q_y[1]])
    expected = (9 * exact[1].unlabelled() + np.sum(known)) / 12 + 2 * classified
    assert error < 0.02
    assert abs(mean - expected) < 4 * error + 1e-5


def copies(model):
    parts = (model.encoder, model.decoder, model.classifier)
    return [[v.numpy().copy() for v in part.trainable_variables] for part in parts]


def moved(before, after):
    """For the encoder, the decoder and the classifier: whether any number changed."""
    return [
        any(np.any(a != b) for a, b in zip(*parts, strict=True))
        for parts in zip(before, after, strict=True)
    ]


def test_a_held_classifier_stays_as_it_is():
    model = lively_model()
    before = copies(model)
    fit(model, hold_classifier=True)
    assert moved(before, copies(model)) == [True, True, False]


def test_the_classifier_alone_moves_alone_and_learns_its_labels():
    """The mean log q(y | x) over the labelled images, from Exact; then towards log 1 = 0."""
    model = lively_model()
    before, start = copies(model), [Exact(model, x).log_q_y[y] for x, y in zip(X, Y, strict=True)]
    history = train_classifier(model, X, Y, steps=100, learning_rate=0.1, seed=0)
    assert moved(before, copies(model)) == [False, False, True]
    assert history[0].value == pytest.approx(np.mean(start), rel=1e-5)
    assert history[-1].value > -0.05


@pytest.mark.slow
def test_one_label_a_kind_is_enough_for_two_kinds():
    """Ink on the left or above: two labelled images, and 60 without a label."""
    data = helpers.tiny_data()
    x = (data.x_train.reshape(-1, 16) > 127).astype(np.float32)
    first = [int(np.argmax(data.y_train == kind)) for kind in (0, 1)]
    model = M2(2, 1, 16, hidden=8, seed=0, init_std=0.1)
    history = train_semi_supervised(
        model,
        x,
        x[first],
        np.array([0, 1]),
        classifier_weight=1.0,
        epochs=60,
        batch_size=20,
        learning_rate=0.02,
        seed=0,
    )
    assert history[-1].value > history[0].value + 5
    test = (data.x_test.reshape(-1, 16) > 127).astype(np.float32)
    assert np.all(np.argmax(model.label_posterior(test).logits, 1) == data.y_test)


def fit(model=None, **changes):
    given = {
        "x_labelled": X,
        "y_labelled": Y,
        "classifier_weight": 1.0,
        "epochs": 1,
        "batch_size": 2,
        "learning_rate": 0.01,
        "seed": 0,
    }
    return train_semi_supervised(model or lively_model(), X, **{**given, **changes})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("y_labelled", np.array([0, 3])),
        ("y_labelled", np.array([0, -1])),
        ("y_labelled", np.array([0])),
        ("y_labelled", np.array([0.5, 1.0])),
        ("classifier_weight", -1.0),
    ],
)
def test_bad_arguments_are_named(name, value):
    with pytest.raises((ValueError, TypeError), match=f"`{name}`"):
        fit(**{name: value})


def test_same_seed_same_numbers(model):
    first, again, other = (unlabelled_bound(model, X, seed).numpy() for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert not np.any(first == other)
