"""The four conjugate models against SciPy: integrals of the joint, and predictive chains."""

import numpy as np
import pytest
import scipy.integrate
import scipy.stats as st
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as some

from vicourse.models import BetaBernoulli, DirichletMultinomial, GammaPoisson, NormalNormal


def test_normal_normal_of_the_book():
    """x = 5 under unit variances: mean 2.5, variance 0.5, log evidence log N(5; 0, 2)."""
    model = NormalNormal()
    assert float(model.posterior().mean()) == pytest.approx(2.5)
    assert float(model.posterior().variance()) == pytest.approx(0.5)
    assert model.log_evidence() == pytest.approx(-7.515512, abs=5e-7)
    assert model.log_evidence() == pytest.approx(st.norm(0, np.sqrt(2)).logpdf(5), abs=1e-12)


def test_normal_normal_is_the_joint_gaussian():
    """p(x) = N(x; m₀ 1, σ² I + s₀² 1 1ᵀ); the posterior by conditioning that Gaussian."""
    x, m0, s0, sigma = np.array([5.0, 4.0, 7.5]), 1.0, 2.0, 0.7
    model = NormalNormal(x, m0, s0, sigma)
    covariance = sigma**2 * np.eye(3) + s0**2
    want = st.multivariate_normal(np.full(3, m0), covariance).logpdf(x)
    assert model.log_evidence() == pytest.approx(want, abs=1e-10)
    gain = np.full(3, s0**2) @ np.linalg.inv(covariance)
    assert float(model.posterior().mean()) == pytest.approx(m0 + gain @ (x - m0))
    assert float(model.posterior().variance()) == pytest.approx(s0**2 - gain @ np.full(3, s0**2))


def test_normal_normal_far_from_zero():
    """A shift of data and prior by a million changes nothing."""
    x = np.array([0.3, -1.0, 2.0])
    near, far = NormalNormal(x), NormalNormal(x + 1e6, prior_mean=1e6)
    assert far.log_evidence() == pytest.approx(near.log_evidence(), abs=1e-8)


@given(
    some.lists(some.integers(0, 1), min_size=1, max_size=6),
    some.floats(0.3, 5.0),
    some.floats(0.3, 5.0),
)
@settings(max_examples=10, deadline=None)
def test_beta_bernoulli_is_polyas_urn(data, a, b):
    """p(x) = Π_n p(x_n | x_1 … x_{n−1}), each factor a share of the urn's balls."""
    heads, tails, want = a, b, 0.0
    for x in data:
        want += np.log((heads if x else tails) / (heads + tails))
        heads, tails = heads + x, tails + 1 - x
    model = BetaBernoulli(data, a, b)
    assert model.log_evidence() == pytest.approx(want, abs=1e-10)
    assert float(model.posterior().mean()) == pytest.approx(heads / (heads + tails))


def test_beta_bernoulli_births():
    """BDA3, section 2.4: the posterior mean is 438/982 = 0.446, with standard deviation 0.016."""
    posterior = BetaBernoulli().posterior()
    assert float(posterior.mean()) == pytest.approx(0.446, abs=5e-4)
    assert float(posterior.stddev()) == pytest.approx(0.016, abs=5e-4)


def test_gamma_poisson_by_quadrature():
    """∫ Gamma(z; a, rate b) Π Poisson(x_n; z) dz with SciPy's densities."""
    x, a, b = np.array([2, 0, 5]), 2.5, 0.7
    model = GammaPoisson(x, a, b)

    def joint(z):
        return st.gamma(a, scale=1 / b).pdf(z) * np.prod(st.poisson(z).pmf(x))

    evidence, _ = scipy.integrate.quad(joint, 0, 60, epsabs=1e-14)
    assert model.log_evidence() == pytest.approx(np.log(evidence), abs=1e-9)
    assert float(model.log_joint(1.7)) == pytest.approx(np.log(joint(1.7)), abs=1e-10)
    mean, _ = scipy.integrate.quad(lambda z: z * joint(z), 0, 60, epsabs=1e-14)
    assert float(model.posterior().mean()) == pytest.approx(mean / evidence)


def test_horse_kicks():
    """Bortkiewicz (1898): 122 deaths in 200 corps-years."""
    model = GammaPoisson()
    assert (len(model.data), model.data.sum()) == (200, 122)


def test_dirichlet_multinomial_against_scipy():
    x, alpha = np.array([3, 0, 4, 2]), np.array([1.0, 2.0, 0.5, 1.5])
    model = DirichletMultinomial(x, alpha)
    assert model.log_evidence() == pytest.approx(
        st.dirichlet_multinomial(alpha, x.sum()).logpmf(x), abs=1e-10
    )
    z = np.array([0.1, 0.2, 0.3, 0.4])
    want = st.dirichlet(alpha).logpdf(z) + st.multinomial(9, z).logpmf(x)
    assert float(model.log_joint(z)) == pytest.approx(want, abs=1e-10)
    np.testing.assert_allclose(model.posterior().mean(), (x + alpha) / (x + alpha).sum())


@pytest.mark.parametrize("kind", [BetaBernoulli, GammaPoisson, DirichletMultinomial])
def test_simulated_counts_have_the_priors_mean(kind):
    """E[x] = E[E[x | z]]: within four standard errors over 4000 draws of both."""
    model = {
        BetaBernoulli: lambda: BetaBernoulli([0] * 5, a=2.0, b=6.0),
        GammaPoisson: lambda: GammaPoisson([0] * 5, a=3.0, b=2.0),
        DirichletMultinomial: lambda: DirichletMultinomial([5, 0], np.array([1.0, 3.0])),
    }[kind]()
    want = {BetaBernoulli: 0.25, GammaPoisson: 1.5, DirichletMultinomial: 1.25}[kind]
    z = model.prior.sample(4000, seed=[1, 2])
    firsts = model.likelihood(z).sample(seed=[3, 4]).numpy()[:, 0]
    assert abs(firsts.mean() - want) < 4 * firsts.std() / np.sqrt(len(firsts))


def test_simulated_noise_is_independent_of_the_latents():
    """z and x − z of 100 simulations: correlation 0 within 4/√100. Drawn with one seed, it is 1."""
    model = NormalNormal([0.0])
    pairs = [(float(z), float(m.data[0]) - float(z)) for m, z in map(model.simulate, range(100))]
    assert abs(np.corrcoef(np.array(pairs).T)[0, 1]) < 4 / np.sqrt(100)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: NormalNormal([]), "at least one"),
        (lambda: NormalNormal([1, 2]), "floating-point"),
        (lambda: NormalNormal([1.0, np.nan]), "NaN"),
        (lambda: NormalNormal([[1.0]]), "shape"),
        (lambda: NormalNormal(noise_sd=0.0), "noise_sd"),
        (lambda: NormalNormal(prior_sd=-1.0), "prior_sd"),
        (lambda: NormalNormal(prior_mean=np.inf), "prior_mean"),
        (lambda: BetaBernoulli([0, 2]), "from 0 to 1"),
        (lambda: BetaBernoulli([0.5]), "whole numbers"),
        (lambda: BetaBernoulli(a=0.0), "`a`"),
        (lambda: GammaPoisson([-1]), "at least 0"),
        (lambda: GammaPoisson(b=np.nan), "`b`"),
        (lambda: DirichletMultinomial([3]), "at least 2"),
        (lambda: DirichletMultinomial([3, 4], np.array([1.0, 2.0, 3.0])), "concentration"),
        (lambda: DirichletMultinomial([3, 4], -1.0), "above 0"),
    ],
)
def test_bad_input(make, words):
    with pytest.raises((ValueError, TypeError), match=words):
        make()


def test_float32_posterior_is_float32():
    assert NormalNormal(dtype=tf.float32).posterior().mean().dtype == tf.float32
