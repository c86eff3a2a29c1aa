"""Enumeration against sums in NumPy; relaxations against quadrature over their noise."""

import itertools

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp
from gradient_checks import assert_mean, derivative, repeated, variables
from scipy import integrate, special

from vicourse.gradients import gradient_estimator, gradient_samples

tfd = tfp.distributions

LOGITS = np.array([[0.3, -1.0, 0.8], [1.2, 0.1, -0.4]])
TABLE = np.array([[0.4, -2.0, 1.0], [-0.3, 0.9, -1.1], [2.0, 0.2, -0.6]])


def elbo_of_pair(logits):
    """Two latents of three values, log p(i, j) = TABLE[i, j]."""
    q = special.softmax(logits, axis=1)
    return sum(
        q[0, i] * q[1, j] * (TABLE[i, j] - np.log(q[0, i]) - np.log(q[1, j]))
        for i, j in itertools.product(range(3), repeat=2)
    )


def of_indices(z):
    return tf.gather_nd(tf.constant(TABLE), z)


def of_one_hots(z):
    return tf.einsum("...i,ij,...j->...", z[..., 0, :], tf.constant(TABLE), z[..., 1, :])


@pytest.mark.parametrize(("kind", "target"), [
    (lambda logits: tfd.Categorical(logits), of_indices),
    (lambda logits: tfd.OneHotCategorical(logits, dtype=tf.float64), of_one_hots),
], ids=["categorical", "one_hot"])  # fmt: skip
def test_enumeration_is_exact(kind, target):
    """Two latents in a batch of 4: each draw of the gradient is the truth, and so is the value."""
    q = tfd.Independent(kind(variables(LOGITS, 4)), 1)
    truth = derivative(lambda flat: elbo_of_pair(flat.reshape(2, 3)), LOGITS.ravel())
    values, (gradient,) = gradient_estimator("enumeration")(target, q, 3, 0)
    assert values.shape == [3, 4]
    np.testing.assert_allclose(values, elbo_of_pair(LOGITS), rtol=1e-12)
    np.testing.assert_allclose(gradient, np.tile(truth.reshape(2, 3), (4, 1, 1)), atol=1e-9)


@pytest.mark.parametrize("q", [
    tfd.Bernoulli(logits=tf.Variable(0.4, dtype=tf.float64)),
    tfd.Categorical(logits=tf.Variable([0.0, 0.4], dtype=tf.float64)),
    tfd.OneHotCategorical(logits=tf.Variable([0.0, 0.4], dtype=tf.float64), dtype=tf.float64),
], ids=lambda q: q.name)  # fmt: skip
def test_enumeration_of_one_latent(q):
    """d/dlogit of q f(1) + (1 − q) f(0) + H = q (1 − q) (f(1) − f(0) − logit)."""
    one_hot = isinstance(q, tfd.OneHotCategorical)
    settings = {"num_samples": 1, "num_repeats": 2, "seed": 0}

    def target(z):
        return 1.7 * tf.cast(z[..., 1] if one_hot else z, tf.float64) - 5

    (found,) = gradient_samples("enumeration", target, q, **settings)
    expected = special.expit(0.4) * special.expit(-0.4) * (1.7 - 0.4)
    if found.shape.rank == 2:
        expected = [-expected, expected]
    np.testing.assert_allclose(found, [expected, expected], rtol=1e-12)


def test_the_score_function_agrees_with_enumeration():
    q = tfd.Independent(tfd.Categorical(variables(LOGITS, 20_000)), 1)
    (draws,) = repeated("score_function_loo", of_indices, q, num_samples=4)
    (truth,) = gradient_estimator("enumeration")(of_indices, q, 1, 0)[1]
    assert_mean(draws, truth[0].numpy())


LOGIT = 0.6
Q = special.expit(LOGIT)
ENTROPY_GRADIENT = -LOGIT * Q * (1 - Q)
# log p(z) = z³ on [0, 1]: straight-through sees the derivatives 0 and 3, the truth is a step of 1.
TRUTH = Q * (1 - Q) + ENTROPY_GRADIENT


def cube(z):
    return z**3


def cube_of_second(z):
    return z[..., 1] ** 3


def coin(repeats):
    return tfd.Bernoulli(logits=variables(LOGIT, repeats), dtype=tf.float64)


def two_values(repeats):
    """The same coin as a one-hot vector: the difference of two Gumbels is logistic."""
    logits = variables([-0.2, LOGIT - 0.2], repeats)
    return tfd.OneHotCategorical(logits, dtype=tf.float64)


def relaxed_mean(name, temperature):
    """E[f'(z) z_τ (1 − z_τ)/τ] + ∂H/∂logit by quadrature over u, z_τ = sigmoid((l + logit u)/τ);
    f' at z_τ for Gumbel-softmax, at 1[z_τ > 1/2] for straight-through."""

    def integrand(u):
        z = special.expit((LOGIT + special.logit(u)) / temperature)
        at = z if name == "gumbel_softmax" else float(z > 0.5)
        return 3 * at**2 * z * (1 - z) / temperature

    middle = 1 - Q  # where z_τ = 1/2
    ends = [0, middle / 2, middle, (1 + middle) / 2, 1]
    parts = [integrate.quad(integrand, *part, limit=200)[0] for part in itertools.pairwise(ends)]
    return sum(parts) + ENTROPY_GRADIENT


@pytest.mark.parametrize("temperature", [1.0, 0.3])
@pytest.mark.parametrize("name", ["gumbel_softmax", "straight_through"])
def test_the_mean_is_what_quadrature_says(name, temperature):
    options = {"num_samples": 2, "temperature": temperature}
    expected = relaxed_mean(name, temperature)
    (draws,) = repeated(name, cube, coin(50_000), **options)
    assert_mean(draws, expected)
    (draws,) = repeated(name, cube_of_second, two_values(50_000), **options)
    assert_mean(draws, [-expected, expected])


def test_gumbel_softmax_trades_bias_for_noise():
    """Bias to zero and variance up, as the temperature falls. (Not step by step: on its way the
    bias may change its sign, here near 0.45.)"""
    biases, spreads = [], []
    for temperature in (2.0, 1.0, 0.05):
        biases.append(abs(relaxed_mean("gumbel_softmax", temperature) - TRUTH))
        (draws,) = repeated("gumbel_softmax", cube, coin(100_000), temperature=temperature)
        assert_mean(draws, relaxed_mean("gumbel_softmax", temperature))
        spreads.append(np.std(draws))
    assert biases[0] > 2 * biases[1] > 8 * biases[2]
    assert spreads[0] < spreads[1] < spreads[2]


@pytest.mark.parametrize("name", ["gumbel_softmax", "straight_through"])
def test_compiled_the_mean_is_the_same(name):
    """XLA draws other numbers from the same seed."""
    q = tfd.Bernoulli(logits=tf.Variable(LOGIT, dtype=tf.float64), dtype=tf.float64)
    settings = {"num_samples": 2, "num_repeats": 20_000, "seed": 1, "temperature": 0.5}
    (draws,) = gradient_samples(name, cube, q, **settings)
    assert_mean(draws, relaxed_mean(name, 0.5))


def test_straight_through_stays_biased():
    """For τ → 0 its mean is q (1 − q) (f'(0) + f'(1))/2 + ∂H: 1.5 where the truth has 1."""
    limit = Q * (1 - Q) * (0 + 3) / 2 + ENTROPY_GRADIENT
    np.testing.assert_allclose(relaxed_mean("straight_through", 0.01), limit, rtol=1e-2)
    (draws,) = repeated("straight_through", cube, coin(200_000), temperature=0.02)
    assert_mean(draws, relaxed_mean("straight_through", 0.02))
    assert abs(draws.mean() - TRUTH) > 8 * draws.std() / np.sqrt(draws.size)


@pytest.mark.parametrize("make_q", [coin, two_values])
def test_straight_through_sees_true_draws_only(make_q):
    """Exactly 0 and 1, with q's probabilities; so the mean of the values is the ELBO."""
    seen = []

    def target(z):
        seen.append(z.numpy())
        return cube(z) if make_q is coin else cube_of_second(z)

    q = make_q(10_000)
    values, _ = gradient_estimator("straight_through", temperature=0.7)(target, q, 1, 3)
    assert set(np.unique(seen[0])) == {0.0, 1.0}
    assert_mean(values.numpy()[0], Q + q.entropy().numpy()[0])


def test_a_temperature_that_is_a_variable_is_read_at_every_step():
    temperature = tf.Variable(1.0, dtype=tf.float64)
    estimator = gradient_estimator("gumbel_softmax", temperature=temperature)
    q = coin(50)
    warm = estimator(cube, q, 1, 3)[1][0].numpy()
    temperature.assign(0.5)
    cold = gradient_estimator("gumbel_softmax", temperature=0.5)(cube, q, 1, 3)[1][0]
    np.testing.assert_allclose(estimator(cube, q, 1, 3)[1][0], cold, rtol=1e-12)
    assert np.all(warm != cold)


def test_bad_input_is_named():
    for wrong in (0.0, -1.0, np.inf):
        with pytest.raises(ValueError, match="temperature"):
            gradient_estimator("gumbel_softmax", temperature=wrong)
    with pytest.raises(TypeError, match="temperature"):
        gradient_estimator("straight_through", temperature="cold")
    relax = gradient_estimator("gumbel_softmax", temperature=0.5)
    with pytest.raises(ValueError, match=r"OneHotCategorical.*nothing between"):
        relax(of_indices, tfd.Independent(tfd.Categorical(variables(LOGITS, 2)), 1), 3, 0)
    with pytest.raises(ValueError, match=r"surrogate_posterior.*dtype=tf.float64"):
        relax(cube, tfd.Bernoulli(logits=variables(LOGIT, 2)), 3, 0)
    with pytest.raises(ValueError, match=r"target_log_prob_fn.*\(3, 2\)"):
        relax(cube, tfd.Independent(tfd.Bernoulli(variables(LOGITS, 2), dtype=tf.float64), 2), 3, 0)
    many = tfd.Independent(tfd.Bernoulli(tf.Variable(tf.zeros([21]))), 1)
    with pytest.raises(ValueError, match="2\\^21"):
        gradient_estimator("enumeration")(lambda z: z, many, 3, 0)
