"""The KL pairs that TFP lacks, against sums and integrals over SciPy's densities, and PyTorch."""

import importlib

import numpy as np
import pytest
import scipy.stats as st
import tensorflow as tf
import tensorflow_probability as tfp
from scipy.integrate import quad

from vicourse.divergences import closed_kl, kl

tfd = tfp.distributions
K = np.arange(2000)


def f64(*values):
    return [np.float64(value) for value in values]


def kl_by_sum(p, q):
    """Σ_k p(k) (log p(k) − log q(k)) over SciPy's mass functions."""
    log_p, log_q = p.logpmf(K), q.logpmf(K)
    keep = np.isfinite(log_p) & np.isfinite(log_q)
    assert np.exp(log_p[keep]).sum() == pytest.approx(1, abs=1e-12)
    return np.sum(np.exp(log_p[keep]) * (log_p[keep] - log_q[keep]))


def kl_by_quad(p, q, low=0, high=np.inf):
    def integrand(x):
        return p.pdf(x) * (p.logpdf(x) - q.logpdf(x))

    return sum(quad(integrand, a, b, epsabs=1e-13)[0] for a, b in ((low, 1), (1, high)))


PAIRS = {
    "poisson": lambda: (
        [tfd.Poisson(rate) for rate in f64(3.2, 4.7)],
        kl_by_sum(st.poisson(3.2), st.poisson(4.7)),
    ),
    "binomial": lambda: (
        [tfd.Binomial(np.float64(7), probs=prob) for prob in f64(0.3, 0.45)],
        kl_by_sum(st.binom(7, 0.3), st.binom(7, 0.45)),
    ),
    # SciPy's geometric counts tosses, TFP's the failures among them: the same KL.
    "geometric": lambda: (
        [tfd.Geometric(probs=prob) for prob in f64(0.3, 0.45)],
        kl_by_sum(st.geom(0.3), st.geom(0.45)),
    ),
    # SciPy's probability is that of ending, TFP's that of going on.
    "negative_binomial": lambda: (
        [tfd.NegativeBinomial(np.float64(2.5), probs=prob) for prob in f64(0.3, 0.45)],
        kl_by_sum(st.nbinom(2.5, 0.7), st.nbinom(2.5, 0.55)),
    ),
    "inverse_gamma": lambda: (
        [tfd.InverseGamma(*f64(a, b)) for a, b in ((3.0, 2.0), (4.5, 1.2))],
        kl_by_quad(st.invgamma(3.0, scale=2.0), st.invgamma(4.5, scale=1.2)),
    ),
    # In one dimension the Wishart with scale V is the Gamma(ν/2, scale 2V).
    "wishart_1d": lambda: (
        [tfd.WishartTriL(nu, np.sqrt([[v]])) for nu, v in ((5.0, 0.7), (3.5, 1.3))],
        kl_by_quad(st.gamma(2.5, scale=1.4), st.gamma(1.75, scale=2.6)),
    ),
}


@pytest.mark.parametrize("name", PAIRS)
def test_against_scipy_densities(name):
    (p, q), expected = PAIRS[name]()
    assert expected > 0.01
    np.testing.assert_allclose(tfd.kl_divergence(p, q), expected, rtol=1e-9)
    result = kl(p, q)
    assert result.method == "closed"
    assert float(result) == pytest.approx(expected, rel=1e-9)


def test_wishart_in_three_dimensions_against_scipy_densities():
    """KL = E_p[log p − log q], by 20,000 draws from SciPy: within 4 standard errors."""
    v_p = np.array([[1.0, 0.3, 0.1], [0.3, 2.0, -0.4], [0.1, -0.4, 0.5]])
    v_q = np.array([[1.4, -0.2, 0.0], [-0.2, 1.5, 0.3], [0.0, 0.3, 0.9]])
    p, q = st.wishart(6.5, v_p), st.wishart(5.0, v_q)
    x = np.moveaxis(p.rvs(20_000, random_state=np.random.default_rng(3)), 0, -1)
    values = p.logpdf(x) - q.logpdf(x)
    ours = tfd.kl_divergence(
        tfd.WishartTriL(6.5, np.linalg.cholesky(v_p)), tfd.WishartTriL(5.0, np.linalg.cholesky(v_q))
    )
    assert abs(values.mean() - ours) < 4 * values.std() / np.sqrt(values.size)
    assert values.std() / np.sqrt(values.size) < 0.02 * ours


def test_against_pytorch():
    """torch.distributions.kl, where PyTorch (the bench extra) is installed."""
    torch = pytest.importorskip("torch")
    td = torch.distributions
    t64 = [torch.tensor(v, dtype=torch.float64) for v in (0.3, 0.45, 3.2, 4.7, 7.0)]
    scale_p, scale_q = np.array([[2.0, 0.0], [0.4, 1.1]]), np.array([[1.0, 0.0], [-0.7, 0.6]])
    p_w, q_w = (
        td.Wishart(torch.tensor(df, dtype=torch.float64), scale_tril=torch.tensor(scale))
        for df, scale in ((4.5, scale_p), (3.0, scale_q))
    )
    theirs = [
        td.kl_divergence(td.Poisson(t64[2]), td.Poisson(t64[3])),
        td.kl_divergence(td.Binomial(7, t64[0]), td.Binomial(7, t64[1])),
        td.kl_divergence(td.Geometric(t64[0]), td.Geometric(t64[1])),
        td.kl_divergence(p_w, q_w),
    ]
    ours = [tfd.kl_divergence(*PAIRS[name]()[0]) for name in ("poisson", "binomial", "geometric")]
    ours.append(tfd.kl_divergence(tfd.WishartTriL(4.5, scale_p), tfd.WishartTriL(3.0, scale_q)))
    np.testing.assert_allclose(ours, [float(value) for value in theirs], rtol=1e-10)


def test_kl_is_zero_at_equality_batched_and_differentiable():
    rates = tf.Variable([1.0, 2.0, 5.0], dtype=tf.float64)
    with tf.GradientTape() as tape:
        values = tfd.kl_divergence(tfd.Poisson(rates), tfd.Poisson(np.float64(2.0)))
    assert values.shape == [3]
    assert values[1] == 0
    # d/dλ_p = log(λ_p/λ_q)
    np.testing.assert_allclose(tape.gradient(values, rates), np.log([0.5, 1, 2.5]), atol=1e-12)


def test_impossible_outcomes_of_a_toss():
    """KL(Bin(n, 0) ‖ Bin(n, ½)) = n log 2; the reverse is infinite."""
    never, fair = (tfd.Binomial(np.float64(4), probs=prob) for prob in f64(0, 0.5))
    np.testing.assert_allclose(tfd.kl_divergence(never, fair), 4 * np.log(2))
    assert tfd.kl_divergence(fair, never) == np.inf


def test_different_counts_have_no_closed_form_and_are_summed():
    p, q = (tfd.Binomial(np.float64(n), probs=np.float64(0.3)) for n in (5, 9))
    with pytest.raises(NotImplementedError, match="total_count"):
        tfd.kl_divergence(p, q)
    result = kl(p, q)
    assert result.method == "summation"
    assert float(result) == pytest.approx(kl_by_sum(st.binom(5, 0.3), st.binom(9, 0.3)), abs=1e-12)
    assert float(kl(q, p)) == np.inf


def test_counts_unknown_while_tracing_are_refused():
    @tf.function
    def traced(n):
        return tfd.kl_divergence(
            tfd.NegativeBinomial(n, logits=n), tfd.NegativeBinomial(n, logits=n)
        )

    with pytest.raises(NotImplementedError, match="known and equal"):
        traced(tf.constant(3.0))


def test_registration_survives_a_second_import():
    importlib.reload(closed_kl)
    assert tfd.kl_divergence(tfd.Poisson(1.0), tfd.Poisson(1.0)) == 0
