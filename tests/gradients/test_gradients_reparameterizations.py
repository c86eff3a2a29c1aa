"""The three recipes (Kingma & Welling, section 2.4), each against its density by SciPy.

One-dimensional noise is integrated over, so those checks are exact; sums of noise are sampled.
"""

import itertools
from typing import NamedTuple

import numpy as np
import pytest
import tensorflow as tf
from gradient_checks import assert_mean, derivative
from scipy import integrate, stats

from vicourse.gradients import REPARAMETERIZATIONS, pathwise_derivatives, reparameterization


class Case(NamedTuple):
    """How a recipe is called, and SciPy's distribution as a function of the same parameters."""

    structure: dict
    parameters: dict
    exact: object
    noise: object = stats.uniform()


ONE_TO_ONE = {
    "exponential": Case({}, {"rate": 1.7}, lambda rate: stats.expon(scale=1 / rate)),
    "cauchy": Case({}, {"loc": 0.3, "scale": 1.6}, stats.cauchy),
    "logistic": Case({}, {"loc": 0.3, "scale": 1.6}, stats.logistic),
    "rayleigh": Case({}, {"scale": 1.6}, lambda scale: stats.rayleigh(0, scale)),
    "pareto": Case({}, {"concentration": 2.4, "scale": 0.7}, lambda a, s: stats.pareto(a, 0, s)),
    "weibull": Case(
        {}, {"concentration": 1.5, "scale": 2.0}, lambda k, s: stats.weibull_min(k, 0, s)
    ),
    "reciprocal": Case(
        {}, {"low": 0.5, "log_ratio": 1.4}, lambda a, r: stats.loguniform(a, a * np.exp(r))
    ),
    "gompertz": Case(
        {}, {"concentration": 0.6, "rate": 1.8}, lambda c, rate: stats.gompertz(c, 0, 1 / rate)
    ),
    "gumbel": Case({}, {"loc": 0.3, "scale": 1.6}, stats.gumbel_r),
    "normal": Case({}, {"loc": 0.3, "scale": 1.6}, stats.norm, stats.norm()),
    "laplace": Case({}, {"loc": 0.3, "scale": 1.6}, stats.laplace, stats.laplace()),
    "student_t": Case(
        {"df": 3.5}, {"loc": 0.3, "scale": 1.6}, lambda m, s: stats.t(3.5, m, s), stats.t(3.5)
    ),
    "uniform": Case({}, {"loc": 0.3, "scale": 1.6}, stats.uniform),
    "triangular": Case(
        {},
        {"loc": 0.3, "scale": 1.6},
        lambda m, s: stats.triang(0.5, m - s, 2 * s),
        stats.triang(0.5, -1, 2),
    ),
    "log_normal": Case(
        {}, {"loc": 0.3, "scale": 0.6}, lambda m, s: stats.lognorm(s, 0, np.exp(m)), stats.norm()
    ),
}
SUMS = {
    "gamma": Case({"concentration": 3}, {"rate": 1.7}, lambda rate: stats.gamma(3, 0, 1 / rate)),
    "beta": Case({"concentration1": 2, "concentration0": 5}, {}, lambda: stats.beta(2, 5)),
    "chi_squared": Case({"df": 3}, {}, lambda: stats.chi2(3)),
    "f": Case({"df1": 3, "df2": 7}, {}, lambda: stats.f(3, 7)),
}
SCALAR = ONE_TO_ONE | SUMS


def of(name, dtype=tf.float64):
    return reparameterization(name, dtype=dtype, **{**SCALAR[name].structure})


def exact(name, values=None):
    case = SCALAR[name]
    return case.exact(*(case.parameters.values() if values is None else values))


def tensors(parameters):
    return {name: tf.constant(value, tf.float64) for name, value in parameters.items()}


def bump(z):
    """A smooth function that tames every tail; for NumPy and TensorFlow."""
    return z / (1 + z**2 / 16)


def test_each_recipe_has_its_cases():
    assert {*SCALAR, "dirichlet", "multivariate_normal"} == set(REPARAMETERIZATIONS)
    kinds = {name: of(name).recipe for name in SCALAR}
    assert kinds["gumbel"] == "inverse CDF"
    assert kinds["triangular"] == "location-scale"
    assert kinds["f"] == kinds["log_normal"] == "composition"


@pytest.mark.parametrize("name", SCALAR)
def test_the_draws_have_the_distribution(name):
    """Kolmogorov–Smirnov: above 1.95/√n once in a thousand for a right recipe; q is TFP's too."""
    case, n = SCALAR[name], 20_000
    draws = of(name).sample(n, 1, **case.parameters).numpy()
    assert draws.shape == (n,)
    assert stats.kstest(draws, exact(name).cdf).statistic < 1.95 / np.sqrt(n)
    points = exact(name).ppf([0.05, 0.4, 0.9])
    q = of(name).distribution(**tensors(case.parameters))
    np.testing.assert_allclose(q.log_prob(points), exact(name).logpdf(points), rtol=1e-6)


@pytest.mark.parametrize("name", ONE_TO_ONE)
def test_the_density_follows_by_a_change_of_variables(name):
    """log q(g(ε)) = log p(ε) − log |dg/dε|, and g carries quantiles of ε to quantiles of z."""
    case, one = ONE_TO_ONE[name], of(name)
    share = np.linspace(0.03, 0.97, 13)
    eps = tf.constant(case.noise.ppf(share))
    with tf.GradientTape() as tape:
        tape.watch(eps)
        z = one.transform(eps, **tensors(case.parameters))
    log_slope = np.log(tape.gradient(z, eps))
    q = one.distribution(**tensors(case.parameters))
    np.testing.assert_allclose(q.log_prob(z), one.noise.log_prob(eps) - log_slope, rtol=1e-6)
    np.testing.assert_allclose(exact(name).cdf(z), share, rtol=1e-6)


@pytest.mark.parametrize("name", ONE_TO_ONE)
def test_the_path_gives_the_exact_gradient(name):
    """E_ε[∂f(g(ε))/∂φ] by a sum over the noise's quantiles = ∂/∂φ ∫ q f, by SciPy's quadrature."""
    case, one = ONE_TO_ONE[name], of(name)
    eps = tf.constant(case.noise.ppf((np.arange(50_000) + 0.5) / 50_000))
    variables = tensors(case.parameters)
    with tf.GradientTape() as tape:
        tape.watch(list(variables.values()))
        mean = tf.reduce_mean(bump(one.transform(eps, **variables)))
    found = [float(each) for each in tape.gradient(mean, list(variables.values()))]

    def average(values):
        q = exact(name, values)
        cuts = q.ppf(np.linspace(0, 1, 9)[1:-1])
        pieces = itertools.pairwise([q.support()[0], *cuts, q.support()[1]])
        with np.errstate(over="ignore"):  # SciPy's Gumbel, far out
            return sum(integrate.quad(lambda z: bump(z) * q.pdf(z), *ab)[0] for ab in pieces)

    expected = derivative(average, list(case.parameters.values()), h=1e-4)
    assert np.all(np.abs(expected) > 0.01)
    np.testing.assert_allclose(found, expected, atol=2e-4)


@pytest.mark.parametrize("name", ["weibull", "laplace", "log_normal", "gamma"])
def test_derivatives_draw_by_draw_are_unbiased(name):
    """Closed forms: E[z] = λ Γ(1 + 1/k), E[z²] = μ² + 2b², E[z] = exp(μ + σ²/2), E[z] = k/rate."""
    case = SCALAR[name]
    f = tf.square if name == "laplace" else tf.identity
    found = pathwise_derivatives(of(name), f, 20_000, 3, **case.parameters)

    def average(values):
        q = exact(name, values)
        return q.moment(2) if name == "laplace" else q.mean()

    expected = derivative(average, list(case.parameters.values()))
    assert list(found) == list(case.parameters)
    assert_mean(np.stack(list(found.values()), axis=-1), expected)


def test_dirichlet():
    """Each share is a Beta(a_k, Σa − a_k), and the covariance is −a_i a_j / (a²(a + 1))."""
    one = reparameterization("dirichlet", concentration=[2, 1, 4])
    z = one.sample(20_000, 5).numpy()
    np.testing.assert_allclose(z.sum(axis=-1), 1)
    for k, a in enumerate([2, 1, 4]):
        assert stats.kstest(z[:, k], stats.beta(a, 7 - a).cdf).pvalue > 1e-3
    centred = z - np.array([2, 1, 4]) / 7
    assert_mean(centred[:, 0] * centred[:, 2], -2 * 4 / (7**2 * 8))
    expected = stats.dirichlet([2, 1, 4]).logpdf(z[0])
    np.testing.assert_allclose(one.distribution().log_prob(z[0]), expected)


def test_multivariate_normal():
    """Mean, covariance L Lᵀ (not Lᵀ L), and ∂E[z₀ z₁]/∂L = L's other entries, at fixed noise."""
    one = reparameterization("multivariate_normal", dim=2)
    loc, tril = np.array([0.5, -1.0]), tf.Variable([[1.5, 0.0], [0.8, 0.4]], dtype=tf.float64)
    with tf.GradientTape() as tape:
        z = one.sample(20_000, 6, loc=loc, scale_tril=tril)
        product = (z[:, 0] - loc[0]) * (z[:, 1] - loc[1])
    centred = z.numpy() - loc
    assert_mean(centred, 0)
    covariance = tril.numpy() @ tril.numpy().T
    assert_mean(centred[:, :, None] * centred[:, None, :], covariance)
    gradient = tape.gradient(product, tril) / 20_000
    np.testing.assert_allclose(gradient, [[0.8, 0], [1.5, 0]], atol=0.06)
    q = one.distribution(loc=loc, scale_tril=tf.constant(tril))
    np.testing.assert_allclose(
        q.log_prob(z[0]), stats.multivariate_normal(loc, covariance).logpdf(z[0])
    )


@pytest.mark.parametrize("name", SCALAR)
def test_float32_stays_float32_and_finite_at_the_edge(name):
    """A uniform of float32 is exactly 0 once in 8 million draws: the noise must not be."""
    case, one = SCALAR[name], of(name, tf.float32)
    assert one.sample(10, 7, **case.parameters).dtype == tf.float32
    edge = one.noise.quantile(0.0) if one.recipe == "inverse CDF" else one.noise.sample(seed=(0, 1))
    with tf.GradientTape() as tape:
        tape.watch(edge)
        z = one.transform(edge, **one.checked(case.parameters))
    assert np.isfinite(z.numpy()).all()


def test_the_same_seed_gives_the_same_noise():
    one = reparameterization("laplace")
    first, second = (one.sample(5, 8, loc=loc, scale=2.0) for loc in (0.0, 1.0))
    np.testing.assert_allclose(second - first, 1.0)


@pytest.mark.parametrize(("call", "kind", "words"), [
    (lambda: reparameterization("erlang"), ValueError, "erlang"),
    (lambda: reparameterization("gamma"), TypeError, "concentration"),
    (lambda: reparameterization("gamma", concentration=2.5), TypeError, "concentration"),
    (lambda: reparameterization("dirichlet", concentration=3), ValueError, "concentration"),
    (lambda: reparameterization("normal", df=3), TypeError, "nothing but a name"),
    (lambda: reparameterization("normal", dtype=tf.int32), ValueError, "dtype"),
    (lambda: reparameterization("student_t", df=-1.0), ValueError, "df"),
    (lambda: reparameterization("normal").sample(3, 0, loc=0.0), TypeError, "loc, scale"),
    (lambda: reparameterization("normal").sample(3, 0, loc=0.0, scale=-1.0), ValueError, "scale"),
    (lambda: reparameterization("normal").sample(3, 0, loc=np.nan, scale=1.0), ValueError, "loc"),
    (lambda: reparameterization("normal").sample(0, 0, loc=0.0, scale=1.0), ValueError, "num_"),
    (lambda: reparameterization("multivariate_normal", dim=2).sample(
        3, 0, loc=[0.0, 0.0], scale_tril=[[1.0, 0.5], [0.5, 1.0]]), ValueError, "lower triang"),
    (lambda: pathwise_derivatives(of("beta"), tf.identity, 5, 0), ValueError, "number of terms"),
    (lambda: pathwise_derivatives(of("normal"), tf.identity, 2, 0, loc=[0.0, 1.0], scale=1.0),
     ValueError, "loc"),
])  # fmt: skip
def test_bad_input_is_named(call, kind, words):
    with pytest.raises(kind, match=words):
        call()
