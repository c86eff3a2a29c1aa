"""The deep state-space model where it is linear: the exact smoother's bound is the log evidence.

With one latent, z_1 ~ N(m, P), z_t = A z_{t−1} + N(0, Q), x_t = C z_t + N(0, R), the chain
p(z_t | z_{t−1}, x_{t:T}) is Gaussian; it comes from the backward information filter below, and the
evidence from the covariance of all x. Neither uses the package or TFP.
"""

import numpy as np
import pytest
import tensorflow as tf
from scipy.integrate import solve_ivp
from scipy.stats import multivariate_normal, norm

from vicourse.data import pendulum_series
from vicourse.models import StateSpace
from vicourse.vae import (
    DeepStateSpace,
    bound_of,
    one_step_predictions,
    train_on_bound,
)

T, A, Q, P, M = 6, 0.8, 0.5, 1.7, 0.4
C, R = np.array([1.0, -0.6]), np.array([0.3, 0.9])  # two observed numbers for one latent


def path_moments():
    """Mean [T] and covariance [T, T] of z_1 … z_T."""
    mean = M * A ** np.arange(T)
    variance = [P]
    for _ in range(T - 1):
        variance.append(A**2 * variance[-1] + Q)
    powers = np.abs(np.subtract.outer(np.arange(T), np.arange(T)))
    earlier = np.minimum.outer(np.arange(T), np.arange(T))
    return mean, A**powers * np.array(variance)[earlier]


def series_distribution():
    """p(x_1 … x_T) as one Gaussian over T·2 numbers."""
    mean, covariance = path_moments()
    noise = np.kron(np.eye(T), np.diag(R))
    return multivariate_normal(np.kron(mean, C), np.kron(covariance, np.outer(C, C)) + noise)


X = series_distribution().rvs(3, random_state=1).reshape(3, T, 2)
LOG_EVIDENCE = series_distribution().logpdf(X.reshape(3, -1))


def backward_information(x):
    """[n, T, 2]: η_t and Λ_t with p(x_t … x_T | z_t) ∝ exp(η_t z_t − Λ_t z_t² / 2)."""
    eta, precision = np.empty([2, *x.shape[:2]])
    for t in reversed(range(T)):
        eta[:, t], precision[:, t] = x[:, t] @ (C / R), np.sum(C**2 / R)
        if t + 1 < T:  # integrate z_{t+1} out of N(z_{t+1}; A z_t, Q) exp(η z − Λ z²/2)
            shrink = 1 + Q * precision[:, t + 1]
            eta[:, t] += A * eta[:, t + 1] / shrink
            precision[:, t] += A**2 * precision[:, t + 1] / shrink
    return np.stack([eta, precision], -1)


def linear_model(shift=0.0, scale=1.0):
    """A `DeepStateSpace` with straight lines for networks, and the exact smoother for q.

    shift and scale spoil q: its means are moved by so many of its SDs, its variances multiplied.
    """
    model = DeepStateSpace(1, 2, T, hidden=2)
    model.start.assign([M, np.log(P)])
    model.log_noise.assign(np.log(R) / 2)
    model.transition = lambda z: tf.concat(
        [(A - 1) * z, tf.fill(tf.shape(z), np.float32(np.log(Q)))], 1
    )
    model.emission = lambda z: z * C.astype(np.float32)

    def backwards(
        x,
    ):  # as a GRU would: the last time first; is it the first step? in a third column
        h = backward_information(x.numpy())
        first = np.broadcast_to(np.eye(T)[0], h.shape[:2])
        return tf.constant(np.concatenate([h, first[..., None]], -1)[:, ::-1], tf.float32)

    def inference(values):
        z, eta, precision, first = tf.split(values, 4, axis=1)
        prior_mean, prior_variance = first * M + (1 - first) * A * z, first * P + (1 - first) * Q
        variance = 1 / (1 / prior_variance + precision)
        mean = variance * (prior_mean / prior_variance + eta)
        return tf.concat([mean + shift * tf.sqrt(variance), tf.math.log(scale * variance)], axis=1)

    model.backwards, model.inference = backwards, inference
    return model


def test_the_evidence_is_the_kalman_filters():
    """Our Gaussian of all x against `vicourse.models.StateSpace`, at m = 0: the same algebra."""
    _, covariance = path_moments()
    whole = np.kron(covariance, np.outer(C, C)) + np.kron(np.eye(T), np.diag(R))
    kalman = StateSpace(X[0], [[A]], [[Q]], C[:, None], np.diag(R), [[P]])
    expected = multivariate_normal(np.zeros(2 * T), whole).logpdf(X[0].ravel())
    assert kalman.log_evidence() == pytest.approx(expected, abs=1e-9)


def test_with_the_exact_smoother_every_draw_gives_the_log_evidence():
    """log p(x, z) − log q(z | x) = log p(x) for any z where q(z | x) = p(z | x)."""
    values = bound_of(linear_model(), X.astype(np.float32), 0, num_samples=50)
    np.testing.assert_allclose(values, np.tile(LOG_EVIDENCE, (50, 1)), atol=1e-4)


@pytest.mark.parametrize(
    ("spoilt", "loss"),
    [({"shift": 0.5}, T * 0.5**2 / 2), ({"scale": 1.6}, T * (1.6 - 1 - np.log(1.6)) / 2)],
)
def test_any_other_q_loses_its_kl(spoilt, loss):
    """log p(x) − bound = Σ_t KL of the two conditionals: δ²/2, or (c − 1 − log c)/2, at each t."""
    values = np.float64(
        bound_of(linear_model(**spoilt), X.astype(np.float32), 0, num_samples=20_000)
    )
    mean, error = values.mean(0), values.std(0, ddof=1) / np.sqrt(len(values))
    assert np.all(error < 0.02)
    assert np.all(np.abs(mean - (LOG_EVIDENCE - loss)) < 4 * error)


def test_predictions_are_the_conditional_means():
    """E[x_t | x_{<t}] of the joint Gaussian, and its log density by the particle filter."""
    predicted, evidence = one_step_predictions(
        linear_model(), X.astype(np.float32), 0, num_particles=20_000
    )
    whole = series_distribution()
    for t in range(T):
        known, new = slice(0, 2 * t), slice(2 * t, 2 * t + 2)
        gain = whole.cov[new, known] @ np.linalg.pinv(whole.cov[known, known])
        expected = whole.mean[new] + (X.reshape(3, -1)[:, known] - whole.mean[known]) @ gain.T
        np.testing.assert_allclose(predicted[:, t], expected, atol=0.05)
    np.testing.assert_allclose(evidence, LOG_EVIDENCE, atol=0.1)


def lively_model():
    return DeepStateSpace(2, 1, 4, hidden=3, seed=1, init_std=0.7)


def perceptron(network, inputs):
    w1, b1, w2, b2 = (np.asarray(v, np.float64) for v in network.trainable_variables)
    return np.tanh(inputs @ w1 + b1) @ w2 + b2


def test_the_joint_is_what_the_docstring_says():
    """log p(z_1) + Σ log N(z_t; z_{t−1} + f, s²) + Σ log N(x_t; g, r²), in NumPy."""
    model, rng = lively_model(), np.random.default_rng(0)
    model.start.assign([0.3, -0.5, 0.7, -0.4])
    x, z = rng.normal(size=[4, 1]), rng.normal(size=[4, 2])
    change, log_variance = np.split(perceptron(model.transition, z[:-1]), 2, axis=1)
    expected = norm.logpdf(z[0], [0.3, -0.5], np.exp([0.35, -0.2])).sum()
    expected += norm.logpdf(z[1:], z[:-1] + change, np.sqrt(np.exp(log_variance))).sum()
    expected += norm.logpdf(x, perceptron(model.emission, z), 0.3).sum()
    found = model.log_joint(x[None].astype(np.float32), z[None].astype(np.float32))
    np.testing.assert_allclose(found, [expected], rtol=1e-5)


def test_q_at_t_sees_the_present_and_the_future_alone():
    """∂ log q / ∂z_T is of q(z_T | z_{T−1}, x_T) alone: it feels x_T and not x_1."""
    model, rng = lively_model(), np.random.default_rng(0)
    z = tf.constant(rng.normal(size=[1, 4, 2]), tf.float32)
    x = rng.normal(size=[1, 4, 1]).astype(np.float32)

    def slope(x):
        with tf.GradientTape() as tape:
            tape.watch(z)
            log_q = model.posterior(tf.constant(x)).log_prob(z)
        return tape.gradient(log_q, z).numpy()[0, -1]

    past, present = x.copy(), x.copy()
    past[0, 0], present[0, -1] = 2.0, 2.0
    np.testing.assert_allclose(slope(past), slope(x), rtol=1e-5)
    assert np.all(np.abs(slope(present) - slope(x)) > 1e-3)


def test_a_paths_density_does_not_depend_on_how_it_is_asked_for():
    """log q of drawn paths, step by step while drawing, and of all steps at once."""
    q = lively_model().posterior(
        tf.constant(np.random.default_rng(0).normal(size=[3, 4, 1]), tf.float32)
    )
    z, log_q = q.experimental_sample_and_log_prob([5, 2], seed=tf.constant([0, 1]))
    assert z.shape == (5, 2, 3, 4, 2)
    np.testing.assert_allclose(q.log_prob(z), log_q, rtol=1e-4)


@pytest.mark.slow
def test_training_raises_the_bound_and_keeps_below_the_evidence():
    """On linear series, whose evidence under the truth is known on average: −entropy."""
    x = series_distribution().rvs(400, random_state=2).reshape(400, T, 2).astype(np.float32)
    model = DeepStateSpace(1, 2, T, hidden=8, seed=0, init_std=None)
    history = train_on_bound(model, x, epochs=60, batch_size=50, learning_rate=0.02, seed=0)
    best = -series_distribution().entropy()
    assert best - 1.0 < history[-1].value < best + 4 * history[-1].standard_error
    assert history[0].value < best - 1.5


def test_same_seed_same_numbers():
    model, x = lively_model(), np.zeros([2, 4, 1], np.float32)
    first, again, other = (bound_of(model, x, seed).numpy() for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert not np.any(first == other)


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("num_steps", lambda: DeepStateSpace(1, 1, 1)),
        ("num_latents", lambda: DeepStateSpace(0, 1, 5)),
        (
            "num_particles",
            lambda: one_step_predictions(
                lively_model(), np.zeros([1, 4, 1], "f"), 0, num_particles=1
            ),
        ),
        ("seed", lambda: pendulum_series(3, seed=None)),
        ("noise_std", lambda: pendulum_series(3, seed=0, noise_std=0.0)),
    ],
)
def test_bad_arguments_are_named(name, make):
    with pytest.raises((ValueError, TypeError), match=f"`{name}`"):
        make()


def test_pendulum_moves_as_its_equation_says():
    """θ″ = −sin θ by SciPy's Runge-Kutta from the same start."""
    found = pendulum_series(3, 12, seed=5, noise_std=1e-7)
    rng = np.random.default_rng(5)
    starts = np.stack([rng.uniform(-2.5, 2.5, 3), 0.5 * rng.standard_normal(3)])
    times = np.arange(12) * 0.5
    for row, start in enumerate(starts.T):
        solved = solve_ivp(
            lambda _, y: [y[1], -np.sin(y[0])], [0, 6], start, t_eval=times, rtol=1e-9, atol=1e-9
        )
        np.testing.assert_allclose(found[row, :, 0], np.sin(solved.y[0]), atol=2e-3)


def test_pendulum_noise_has_its_standard_deviation():
    clean, noisy = (pendulum_series(400, seed=0, noise_std=std) for std in (1e-7, 0.2))
    assert np.std(noisy - clean) == pytest.approx(0.2, rel=0.03)
