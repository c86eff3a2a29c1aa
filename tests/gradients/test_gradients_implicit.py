"""Implicit reparameterization against explicit paths, TFP's own, closed forms and quadrature."""

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp
from gradient_checks import assert_mean, derivative, repeated, variables
from scipy import integrate, special, stats

from vicourse.gradients import gradient_estimator, gradient_samples

tfd = tfp.distributions


def constant(value):
    return tf.constant(value, tf.float64)


target = tfd.Gamma(constant(2.0), constant(0.7)).log_prob


def gamma(repeats):
    return tfd.Gamma(variables(3.0, repeats), variables(1.5, repeats))


def log_p(z):
    """For NumPy and TensorFlow."""
    return -((z - 1) ** 2) / 2


@pytest.mark.parametrize(("make_q", "tolerance"), [
    (lambda n: tfd.Normal(variables(0.4, n), variables(1.5, n)), 1e-12),
    (gamma, 1e-6),
    (lambda n: tfd.VonMises(variables(0.3, n), variables(1.7, n)), 1e-5),
], ids=["normal", "gamma", "von_mises"])  # fmt: skip
def test_draw_by_draw_as_the_path_that_tfp_has(make_q, tolerance):
    """The same draws, so the same gradients: explicit for the Normal, TFP's implicit ones else."""
    found = repeated("implicit", log_p, make_q(500))
    expected = repeated("reparameterization", log_p, make_q(500))
    for one, other in zip(found, expected, strict=True):
        assert np.std(other) > 0.01
        np.testing.assert_allclose(one, other, rtol=tolerance, atol=tolerance)


def truncated(n):
    return tfd.TruncatedNormal(variables(0.4, n), variables(1.5, n), constant(0.1), constant(2.0))


@pytest.mark.parametrize(("make_q", "scipy_q", "parameters"), [
    (gamma, lambda a, b: stats.gamma(a, scale=1 / b), (3.0, 1.5)),
    pytest.param(lambda n: tfd.Beta(variables(0.8, n), variables(2.5, n)),
                 lambda b, a: stats.beta(a, b), (2.5, 0.8), marks=pytest.mark.slow),
    (truncated,
     lambda m, s: stats.truncnorm((0.1 - m) / s, (2 - m) / s, m, s), (0.4, 1.5)),
    pytest.param(lambda n: tfd.StudentT(variables(4.0, n), constant(0.3), variables(1.7, n)),
                 lambda df, scale: stats.t(df, 0.3, scale), (4.0, 1.7), marks=pytest.mark.slow),
], ids=["gamma", "beta", "truncated_normal", "student_t"])  # fmt: skip
def test_draw_by_draw_as_the_quantile_function_moves(make_q, scipy_q, parameters):
    """z = F⁻¹(u) by SciPy, u fixed; its derivative, and that of f, by central differences."""
    seen = []

    def target(z):
        seen.append(z.numpy()[0])
        return log_p(z)

    found = repeated("implicit", target, make_q(100))
    u = scipy_q(*parameters).cdf(seen[0])

    def f(shifted):
        one = scipy_q(*shifted)
        return log_p(one.ppf(u)) - one.logpdf(one.ppf(u))

    h = 1e-5
    for i, gradient in enumerate(found):
        step = h * np.eye(2)[i]
        expected = (f(parameters + step) - f(parameters - step)) / (2 * h)
        np.testing.assert_allclose(gradient, expected, rtol=2e-4, atol=2e-4)


def test_the_path_that_tfp_gives_a_truncated_normal_is_refused():
    """TensorFlow's dz/dloc is 1 for every draw; by SciPy's quantile function it is far from 1. If
    this fails because the first number is right now, drop the refusal in `pieces`."""
    q = truncated(50)
    with tf.GradientTape() as tape:
        z = q.sample(1, seed=(0, 4))
    np.testing.assert_allclose(tape.gradient(z, q.loc), 1.0)
    for name in ("reparameterization", "sticking_the_landing"):
        for q in (truncated(2), tfd.Independent(truncated(2), 1)):
            with pytest.raises(ValueError, match=r"surrogate_posterior.*implicit"):
                repeated(name, log_p, q)


def test_path_of_the_exponential_by_hand():
    """z = −log(1 − u)/rate, so dz/drate = −z/rate; f = −c z − log rate + rate z."""
    rate, c = 1.7, 0.6
    q = tfd.Exponential(variables(rate, 100))
    z = q.sample(1, seed=(0, 4)).numpy()[0]
    (found,) = repeated("implicit", lambda z: -c * z, q, seed=(0, 4))
    np.testing.assert_allclose(found, (rate - c) * (-z / rate) - 1 / rate + z, rtol=1e-10)


def test_gamma_is_unbiased():
    """ELBO = −KL(Gamma(a, b) ‖ Gamma(a₀, b₀)): ∂/∂a = −(a − a₀) ψ'(a) − (b₀ − b)/b and
    ∂/∂b = −a₀/b + a b₀/b²; the KL itself is checked by quadrature."""
    a, b, a0, b0 = 3.0, 1.5, 2.0, 0.7
    by_a = -(a - a0) * special.polygamma(1, a) - (b0 - b) / b
    by_b = -a0 / b + a * b0 / b**2

    def elbo(parameters):
        q, p = stats.gamma(parameters[0], scale=1 / parameters[1]), stats.gamma(a0, scale=1 / b0)
        return integrate.quad(lambda z: q.pdf(z) * (p.logpdf(z) - q.logpdf(z)), 0, 60)[0]

    np.testing.assert_allclose(derivative(elbo, [a, b], h=1e-3), [by_a, by_b], rtol=1e-4)
    draws = np.stack(repeated("implicit", target, gamma(30_000), num_samples=2), axis=-1)
    assert_mean(draws, [by_a, by_b])


def test_a_mixture_that_tfp_cannot_differentiate_through():
    """Gradients of weights and locations of a mixture, against quadrature."""
    logits, loc, scale = np.array([0.3, -0.5]), np.array([-1.0, 2.0]), np.array([0.7, 1.2])

    def elbo(parameters):
        weights = special.softmax(parameters[:2])
        nodes = np.linspace(-9, 12, 20_001)
        q = weights @ stats.norm(parameters[2:, None], scale[:, None]).pdf(nodes)
        return np.trapezoid(q * (stats.norm(0.5, 2).logpdf(nodes) - np.log(q)), nodes)

    q = tfd.MixtureSameFamily(
        tfd.Categorical(logits=variables(logits, 30_000)),
        tfd.Normal(variables(loc, 30_000), constant(scale)),
    )
    with pytest.raises(ValueError, match="differentiated"):
        repeated("reparameterization", target, q)
    found = repeated("implicit", tfd.Normal(constant(0.5), constant(2.0)).log_prob, q)
    truth = derivative(elbo, [*logits, *loc])
    # The components' variables come first.
    assert_mean(found[0], truth[2:])
    assert_mean(found[1], truth[:2])


CONCENTRATION, RATE = np.array([3.0, 1.2]), np.array([1.5, 0.4])
BY_CONCENTRATION = -(CONCENTRATION - 2) * special.polygamma(1, CONCENTRATION) - (0.7 - RATE) / RATE
BY_RATE = -2 / RATE + CONCENTRATION * 0.7 / RATE**2


def target_of_two(z):
    return tf.reduce_sum(target(z), axis=-1)


def test_several_latents():
    """Independent Gammas: each has its own gradient, as in `test_gamma_is_unbiased`."""
    gammas = tfd.Gamma(variables(CONCENTRATION, 10_000), variables(RATE, 10_000))
    draws = repeated("implicit", target_of_two, tfd.Independent(gammas, 1), num_samples=2)
    assert_mean(draws[0], BY_CONCENTRATION)
    assert_mean(draws[1], BY_RATE)


@pytest.mark.slow
def test_compiled():
    """XLA draws other numbers from the same seed; their means are the same."""
    q = tfd.Independent(tfd.Gamma(tf.Variable(CONCENTRATION), tf.Variable(RATE)), 1)
    settings = {"num_samples": 4, "num_repeats": 2000, "seed": 1}
    draws = gradient_samples("implicit", target_of_two, q, **settings)
    assert_mean(draws[0], BY_CONCENTRATION)
    assert_mean(draws[1], BY_RATE)


@pytest.mark.parametrize("q", [
    tfd.Bernoulli(logits=variables(0.3, 2), dtype=tf.float64),
    tfd.Poisson(variables(3.0, 2)),
    tfd.MultivariateNormalDiag(variables([0.3, 0.2], 2), constant([1.0, 1.0])),
    tfd.MixtureSameFamily(tfd.Categorical(logits=variables([0.3, 0.2], 2)),
                          tfd.Poisson(constant([1.0, 2.0]))),
    tfd.JointDistributionSequential([tfd.Normal(tf.Variable(0.0), 1.0)]),
], ids=lambda q: q.name)  # fmt: skip
def test_a_q_without_a_smooth_scalar_distribution_function_is_refused(q):
    with pytest.raises(ValueError, match=r"surrogate_posterior.*continuous.*scalar"):
        gradient_estimator("implicit")(lambda z: z, q, 3, 0)
