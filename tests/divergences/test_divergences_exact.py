"""Quadrature, summation and closed forms against each other and against answers worked by hand."""

import numpy as np
import pytest
import scipy.stats as st
import tensorflow_probability as tfp
from scipy.integrate import quad
from scipy.special import betaln

from vicourse import divergences as dv

tfd = tfp.distributions
F_DIVERGENCES = [n for n in dv.NAMES if n not in ("wasserstein2", "squared_mmd")]


def f64(*values):
    return [np.float64(value) for value in values]


def normal(mu, sigma):
    return tfd.Normal(*f64(mu, sigma))


def compute(name, p, q, **options):
    if name == "renyi":
        options = {"alpha": 0.3, **options}
    return dv.divergence(name, p, q, **options)


def by_scipy(name, p, q, low, high, alpha=0.3):
    """The textbook integral of each divergence over SciPy's densities p and q."""

    def kl(a, b):
        return quad(lambda x: a(x) * np.log(a(x) / b(x)), low, high, limit=500)[0]

    def middle(x):
        return 0.5 * (p(x) + q(x))

    formulas = {
        "kl": lambda: kl(p, q),
        "reverse_kl": lambda: kl(q, p),
        "jeffreys": lambda: kl(p, q) + kl(q, p),
        "jensen_shannon": lambda: 0.5 * kl(p, middle) + 0.5 * kl(q, middle),
        "renyi": lambda: (
            np.log(quad(lambda x: p(x) ** alpha * q(x) ** (1 - alpha), low, high)[0]) / (alpha - 1)
        ),
        "chi_squared": lambda: quad(lambda x: (p(x) - q(x)) ** 2 / q(x), low, high)[0],
        "hellinger": lambda: np.sqrt(1 - quad(lambda x: np.sqrt(p(x) * q(x)), low, high)[0]),
        "total_variation": lambda: (
            0.5 * quad(lambda x: abs(p(x) - q(x)), low, high, limit=2000, epsabs=1e-11)[0]
        ),
    }
    return formulas[name]()


@pytest.mark.parametrize("name", F_DIVERGENCES)
def test_quadrature_against_the_textbook_integral(name):
    """Two truncated Normals on one range: TFP has no closed form for them."""
    p, q = tfd.TruncatedNormal(*f64(0.4, 0.8, -2, 3)), tfd.TruncatedNormal(*f64(-0.2, 1.1, -2, 3))
    scipy_p = st.truncnorm(-2.4 / 0.8, 2.6 / 0.8, 0.4, 0.8).pdf
    scipy_q = st.truncnorm(-1.8 / 1.1, 3.2 / 1.1, -0.2, 1.1).pdf
    result = compute(name, p, q)
    assert result.method == "quadrature"
    assert float(result) == pytest.approx(by_scipy(name, scipy_p, scipy_q, -2, 3), abs=1e-8)
    assert result.standard_error < 1e-8


@pytest.mark.parametrize("name", F_DIVERGENCES)
def test_summation_against_the_textbook_sum(name):
    """Poisson(3) and Geometric(0.3), which have no common closed form."""
    k = np.arange(400)
    p, q = st.poisson(3).pmf(k), st.geom(0.3, loc=-1).pmf(k)
    m = (p + q) / 2

    def kl(a, b):
        return np.sum(a * np.log(np.where(a > 0, a, 1) / np.where(b > 0, b, 1)))

    # Far out both underflow to 0, p first: there KL(q‖p) needs log densities.
    log_p, log_q = st.poisson(3).logpmf(k), st.geom(0.3, loc=-1).logpmf(k)
    kl_qp = np.sum(q * (log_q - log_p))
    expected = {
        "kl": kl(p, q),
        "reverse_kl": kl_qp,
        "jeffreys": kl(p, q) + kl_qp,
        "jensen_shannon": kl(p, m) / 2 + kl(q, m) / 2,
        "renyi": np.log(np.sum(p**0.3 * q**0.7)) / -0.7,
        "chi_squared": np.sum((p - q) ** 2 / q),
        "hellinger": np.sqrt(np.sum((np.sqrt(p) - np.sqrt(q)) ** 2) / 2),
        "total_variation": np.sum(np.abs(p - q)) / 2,
    }
    result = compute(name, tfd.Poisson(*f64(3)), tfd.Geometric(probs=np.float64(0.3)))
    assert result.method == "summation"
    assert float(result) == pytest.approx(expected[name], abs=1e-11)


@pytest.mark.parametrize("name", sorted(set(F_DIVERGENCES) - {"jensen_shannon"}))
def test_gaussian_closed_form_against_quadrature(name):
    p, q = normal(0.4, 0.8), normal(-0.2, 0.8 if name == "total_variation" else 1.1)
    closed, numeric = compute(name, p, q), compute(name, p, q, method="quadrature")
    assert (closed.method, numeric.method) == ("closed", "quadrature")
    assert float(closed) == pytest.approx(float(numeric), abs=1e-10)


def test_kl_by_hand():
    """N(0,1) and N(1,2²): log 2 + (1 + 1)/8 − 1/2 forward, −log 2 + (4 + 1)/2 − 1/2 reverse."""
    p, q = normal(0, 1), normal(1, 2)
    forward, reverse = np.log(2) + 0.25 - 0.5, -np.log(2) + 2.5 - 0.5
    for method in ("closed", "quadrature"):
        assert float(dv.kl(p, q, method=method)) == pytest.approx(forward, abs=1e-11)
        assert float(dv.reverse_kl(p, q, method=method)) == pytest.approx(reverse, abs=1e-11)
        assert float(dv.jeffreys(p, q, method=method)) == pytest.approx(
            forward + reverse, abs=1e-11
        )


def test_student_t_by_quadrature():
    """SciPy's quad over SciPy's densities; KL of t with ν = 2 from a Normal is infinite."""
    p, q = tfd.StudentT(*f64(5, 0.3, 1.2)), tfd.StudentT(*f64(3, 0, 1))
    scipy_p, scipy_q = st.t(5, 0.3, 1.2), st.t(3)
    expected = quad(
        lambda x: scipy_p.pdf(x) * (scipy_p.logpdf(x) - scipy_q.logpdf(x)), -60, 60, limit=500
    )[0]
    result = dv.kl(p, q)
    assert result.method == "quadrature"
    assert float(result) == pytest.approx(expected, abs=1e-6)
    assert float(dv.kl(tfd.StudentT(*f64(2, 0, 1)), normal(0, 1))) == np.inf
    assert float(dv.kl(tfd.StudentT(*f64(3, 0, 1)), normal(0, 1))) == pytest.approx(
        # −H[t₃] + ½log 2π + ½E[x²], with E[x²] = 3
        -float(st.t(3).entropy()) + 0.5 * np.log(2 * np.pi) + 1.5,
        abs=1e-9,
    )


@pytest.mark.parametrize("alpha", [0.5, 0.9, 1.3, 2.0])
def test_renyi_of_multivariate_gaussians_adds_up_over_independent_parts(alpha):
    """Two independent coordinates, then rotated: D_α is the sum of the one-dimensional ones."""
    rotation = np.array([[np.cos(0.6), -np.sin(0.6)], [np.sin(0.6), np.cos(0.6)]])
    parts = [(normal(0.4, 0.8), normal(-0.2, 1.1)), (normal(-1, 0.5), normal(0, 0.7))]
    expected = sum(float(dv.renyi(p, q, alpha, method="quadrature")) for p, q in parts)

    def joint(side):
        loc = np.array([float(pair[side].loc) for pair in parts])
        sigma = np.array([float(pair[side].scale) for pair in parts])
        return tfd.MultivariateNormalTriL(
            rotation @ loc, np.linalg.cholesky(rotation @ np.diag(sigma**2) @ rotation.T)
        )

    assert float(dv.renyi(joint(0), joint(1), alpha)) == pytest.approx(expected, abs=1e-9)


def test_renyi_limits():
    """α → 1 is KL; α = 0 is −log of q's mass on p's support, here log 4; it grows with α."""
    p, q = normal(0.4, 0.8), normal(-0.2, 1.1)
    kl = float(dv.kl(p, q))
    assert float(dv.renyi(p, q, 1)) == kl
    assert float(dv.renyi(p, q, 1 - 1e-6)) == pytest.approx(kl, abs=1e-5)
    assert float(dv.renyi(p, q, 1 + 1e-6)) == pytest.approx(kl, abs=1e-5)
    inner, outer = tfd.Uniform(*f64(0, 1)), tfd.Uniform(*f64(-1, 3))
    assert float(dv.renyi(inner, outer, 0)) == pytest.approx(np.log(4), abs=1e-10)
    values = [float(dv.renyi(p, q, alpha)) for alpha in (0, 0.2, 0.5, 1, 2)]
    assert values == sorted(values)


def test_chi_squared_and_renyi_are_infinite_where_tails_are_too_heavy():
    """∫ p²/q of N(0, 2²) over N(0, 1) diverges; so does D_2."""
    p, q = normal(0, 2), normal(0, 1)
    for method in ("closed", "quadrature"):
        assert float(dv.chi_squared(p, q, method=method)) == np.inf
        assert float(dv.renyi(p, q, 2, method=method)) == np.inf
    assert "tails" in dv.chi_squared(p, q, method="quadrature").note


def test_chi_squared_of_betas_is_infinite_where_one_falls_too_fast():
    """∫ x^{2a−c−1} (1 − x)^{2b−d−1} dx is finite if and only if 2a > c and 2b > d.

    Near 1, where a float has few digits after the last 9, quadrature has to see it too.
    """
    for a, b, c, d in [(1.5, 0.42, 1.5, 1.15), (0.42, 1.5, 1.15, 1.5), (0.6, 0.8, 1.1, 1.7)]:
        p, q = tfd.Beta(*f64(a, b)), tfd.Beta(*f64(c, d))
        assert float(dv.chi_squared(p, q, method="quadrature")) == np.inf
    p, q = tfd.Beta(*f64(1.5, 0.8)), tfd.Beta(*f64(1.2, 0.7))
    exact = np.exp(betaln(1.2, 0.7) - 2 * betaln(1.5, 0.8) + betaln(1.8, 0.9))
    assert float(dv.chi_squared(p, q, method="quadrature")) == pytest.approx(exact - 1, rel=1e-6)


def test_quadrature_calls_no_slow_convergence_infinite():
    """2b − d = 0.03 is finite by a hair: quadrature may give up, and must not say infinite."""
    p, q = tfd.Beta(*f64(0.91, 0.425)), tfd.Beta(*f64(1.44, 0.82))
    with pytest.raises(ValueError, match="method='monte_carlo'"):
        dv.chi_squared(p, q, method="quadrature")


def test_wasserstein2_by_hand_and_of_commuting_covariances():
    """1-D: √((μ_p − μ_q)² + (σ_p − σ_q)²). For diagonal covariances the same, coordinate by
    coordinate; a common rotation changes nothing."""
    assert float(dv.wasserstein2(normal(0, 1), normal(3, 5))) == pytest.approx(5, abs=1e-14)
    assert float(dv.wasserstein2(normal(1, 2), normal(1, 2))) == 0
    rotation = np.array([[0.6, -0.8], [0.8, 0.6]])

    def rotated(loc, sigma):
        cov = rotation @ np.diag(np.square(sigma)) @ rotation.T
        return tfd.MultivariateNormalTriL(rotation @ loc, np.linalg.cholesky(cov))

    p, q = rotated([0.0, 1.0], [1.0, 2.0]), rotated([2.0, 0.0], [3.0, 0.5])
    assert float(dv.wasserstein2(p, q)) == pytest.approx(np.sqrt(4 + 1 + 4 + 2.25), abs=1e-12)


def test_wasserstein2_of_covariances_that_do_not_commute():
    """Against the trace formula with SciPy's matrix square root."""
    from scipy.linalg import sqrtm

    cov_p, cov_q = np.array([[2.0, 0.6], [0.6, 1.0]]), np.array([[0.5, -0.3], [-0.3, 1.5]])
    root = sqrtm(cov_p)
    expected = np.sqrt(np.trace(cov_p + cov_q - 2 * sqrtm(root @ cov_q @ root)).real)
    p, q = (tfd.MultivariateNormalTriL(np.zeros(2), np.linalg.cholesky(c)) for c in (cov_p, cov_q))
    assert float(dv.wasserstein2(p, q)) == pytest.approx(expected, abs=1e-10)


@pytest.mark.parametrize(
    ("p", "q"),
    [
        (lambda: tfd.Gamma(*f64(0.1, 1)), lambda: tfd.Gamma(*f64(0.2, 3))),  # infinite at 0
        (lambda: normal(0, 1e-4), lambda: normal(30, 1e3)),  # scales 10⁷ apart
        (lambda: tfd.Cauchy(*f64(0, 1)), lambda: tfd.Cauchy(*f64(2, 3))),  # heavy tails
        (lambda: tfd.InverseGamma(*f64(0.5, 1)), lambda: tfd.InverseGamma(*f64(0.7, 2))),
        (lambda: tfd.Beta(*f64(0.5, 3)), lambda: tfd.Beta(*f64(2, 2))),
        (lambda: tfd.LogNormal(*f64(5, 2)), lambda: tfd.LogNormal(*f64(0, 3))),
    ],
    ids=["gamma", "narrow", "cauchy", "inverse_gamma", "beta", "lognormal"],
)
def test_quadrature_copes_with_hard_shapes(p, q):
    exact, numeric = dv.kl(p(), q()), dv.kl(p(), q(), method="quadrature")
    assert exact.method == "closed"
    assert float(numeric) == pytest.approx(float(exact), rel=1e-8)


def test_mixtures_are_integrated_over_all_their_parts():
    """Two uniform halves make one uniform; KL(U(0,2) ‖ U(0,4)) = log 2."""
    halves = tfd.MixtureSameFamily(
        tfd.Categorical(probs=np.array([0.5, 0.5])),
        tfd.Uniform(np.array([0.0, 1.0]), np.array([1.0, 2.0])),
    )
    result = dv.kl(halves, tfd.Uniform(*f64(0, 4)))
    assert float(result) == pytest.approx(np.log(2), abs=1e-9)
    assert float(dv.kl(tfd.Uniform(*f64(0, 4)), halves)) == np.inf


def test_float32_agrees_with_float64():
    p32, q32 = tfd.StudentT(5.0, 0.3, 1.2), tfd.StudentT(3.0, 0.0, 1.0)
    p64, q64 = tfd.StudentT(*f64(5, 0.3, 1.2)), tfd.StudentT(*f64(3, 0, 1))
    result = dv.kl(p32, q32)
    assert float(result) == pytest.approx(float(dv.kl(p64, q64)), abs=1e-5)
    assert result.standard_error > 1e-8
