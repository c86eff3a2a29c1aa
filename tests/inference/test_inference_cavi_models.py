"""What coordinate ascent finds, against closed forms, exact sums, quadrature and scikit-learn."""

import numpy as np
import pytest
import scipy.stats as st
from cavi_cases import CASES, COUNTS, POINTS, X, Y
from scipy.special import digamma, gammaln
from sklearn.decomposition import LatentDirichletAllocation
from sklearn.mixture import BayesianGaussianMixture

from vicourse.inference import coordinate_ascent
from vicourse.inference.coordinate_ascent import updates_of
from vicourse.inference.coordinate_ascent.potts import PottsQ
from vicourse.models import LDA, ARDRegression, GaussianMixture, NormalGamma, Potts


def settled(model, q, sweeps=300):
    for _ in range(sweeps):
        q = updates_of(model).sweep(q)
    return q


@pytest.mark.parametrize("num_data", [1, 4, 20])
def test_normal_gamma_gap_in_closed_form(num_data):
    """Exact means, and the gap of the docstring, which the exact posterior's a alone decides."""
    model = NormalGamma(np.linspace(-1, 4, num_data) + 0.3, 0.5, 0.8, a=1.2, b=2.0)
    fit = coordinate_ascent(model, seed=0, tolerance=1e-12)
    loc, _, a, b = model.updated()
    gap = 0.5 * np.log(a + 0.5) + a * np.log((a + 0.5) / a) + gammaln(a) - gammaln(a + 0.5) - 0.5
    assert model.log_evidence() - float(fit.elbo) == pytest.approx(gap, abs=1e-8)
    assert fit.q.mu_N == pytest.approx(loc, rel=1e-12)
    assert fit.q.a_N / fit.q.b_N == pytest.approx(a / b, rel=1e-5)


def ard_with_one_feature(x, y, a, b, c, d):
    """log p(y), E[w | y] and SD[w | y]: w by hand, α and τ by quadrature over their logarithms.

    p(y | α, τ) = N(y; 0, I/τ + x xᵀ/α), and w | y, α, τ has the precision α + τ xᵀx.
    """
    n = len(y)
    log_tau, log_alpha = np.linspace(-4, 6, 400)[:, None], np.linspace(-25, 8, 1200)
    tau, alpha = np.exp(log_tau), np.exp(log_alpha)
    precision = alpha + tau * (x @ x)
    squares = tau * (y @ y) - (tau * (x @ y)) ** 2 / precision
    log_p = 0.5 * (n * (log_tau - np.log(2 * np.pi)) + log_alpha - np.log(precision) - squares)
    log_p = log_p + st.gamma(a, scale=1 / b).logpdf(alpha) + log_alpha
    log_p += st.gamma(c, scale=1 / d).logpdf(tau) + log_tau
    weights = np.exp(log_p - log_p.max())  # falls to 0 at every border
    total = weights.sum()
    mean = np.sum(weights * tau * (x @ y) / precision) / total
    square = np.sum(weights * ((tau * (x @ y) / precision) ** 2 + 1 / precision)) / total
    cell = (log_tau[1, 0] - log_tau[0, 0]) * (log_alpha[1] - log_alpha[0])
    return log_p.max() + np.log(total * cell), mean, np.sqrt(square - mean**2)


def test_ard_regression_with_one_feature():
    """The ELBO is below the evidence by quadrature, and close; so are the weight's mean and SD."""
    prior = {"a": 0.5, "b": 0.4, "c": 2.0, "d": 0.3}
    fit = coordinate_ascent(ARDRegression(X[:, :1], Y, **prior), seed=0, tolerance=1e-10)
    evidence, mean, sd = ard_with_one_feature(X[:, 0], Y, **prior)
    assert evidence - 0.2 < float(fit.elbo) < evidence
    assert abs(fit.q.m[0] - mean) < 0.1 * sd
    assert 0.9 * sd < np.sqrt(fit.q.S[0, 0]) < sd  # a factorised q is too sure of itself


def test_ard_finds_the_features_that_matter():
    rng = np.random.default_rng(8)
    features = rng.normal(size=(200, 8))
    data = features @ [2.0, 0, 0, -1.0, 0, 0, 0, 0] + 0.5 * rng.normal(size=200)
    fit = coordinate_ascent(ARDRegression(features, data), seed=0)
    relevances = fit.q.a_N / fit.q.b_N
    used = np.array([0, 3])
    assert relevances[used].max() < 3 < 10 < np.delete(relevances, used).min()
    np.testing.assert_allclose(fit.q.m[used], [2.0, -1.0], atol=0.1)
    assert np.abs(np.delete(fit.q.m, used)).max() < 0.12
    assert (fit.q.d_N / fit.q.c_N) ** 0.5 == pytest.approx(0.5, abs=0.05)
    # Features whose units differ by a factor of 10¹²: another prior in effect, but no NaN.
    scaled = coordinate_ascent(
        ARDRegression(features * 2.0 ** np.array([-20, 20, 0, 10, -10, 5, -5, 0]), data), seed=0
    )
    assert np.all(np.isfinite(scaled.q.S))


def test_gaussian_mixture_against_the_exact_posterior():
    """Well separated clusters: q(μ) is one of the exact posterior's K! equal parts, so that
    the gap is log K! nats when the weights are equal."""
    data = np.array([[-10.0], [-9.2], [-10.3], [10.1], [9.6]])
    model = GaussianMixture(data, np.array([0.5, 0.5]), 8.0, 1.0)
    fit = coordinate_ascent(model, seed=1, tolerance=1e-12)
    assert model.log_evidence() - float(fit.elbo) == pytest.approx(np.log(2), abs=1e-6)
    variances = 1 / (1 / 64 + np.array([3, 2]))
    want = np.array([data[:3].sum(), data[3:].sum()]) * variances
    order = np.argsort(fit.q.m[:, 0])
    np.testing.assert_allclose(fit.q.m[order, 0], want, rtol=1e-8)
    np.testing.assert_allclose(fit.q.s2[order], variances, rtol=1e-8)


class SameStart(BayesianGaussianMixture):
    """scikit-learn's mixture, from given responsibilities."""

    def _initialize_parameters(self, X, *args, **kwargs):
        self._initialize(X, self.responsibilities)


def test_normal_wishart_mixture_against_scikit_learn():
    model = CASES["normal_wishart_mixture"]
    for seed in range(3):
        start = updates_of(model).start(seed)
        other = SameStart(
            n_components=3,
            weight_concentration_prior_type="dirichlet_distribution",
            weight_concentration_prior=model.concentration,
            mean_prior=model.prior_mean,
            mean_precision_prior=model.prior_count,
            degrees_of_freedom_prior=model.degrees,
            covariance_prior=model.scale_inverse,
            reg_covar=0.0,
            tol=1e-14,
            max_iter=2000,
        )
        other.responsibilities = start.r
        other.fit(POINTS)
        q = settled(model, start, 1000)
        np.testing.assert_allclose(q.r, other.predict_proba(POINTS), atol=1e-6)
        np.testing.assert_allclose(q.m, other.means_, rtol=1e-5, atol=1e-6)
        covariances = np.linalg.inv(q.W) / q.nu[:, None, None]
        np.testing.assert_allclose(covariances, other.covariances_, rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(q.alpha, other.weight_concentration_, rtol=1e-5)
        np.testing.assert_allclose(q.nu, other.degrees_of_freedom_, rtol=1e-5)
        np.testing.assert_allclose(q.beta, other.mean_precision_, rtol=1e-5)


class SameTopics(LatentDirichletAllocation):
    """scikit-learn's LDA, from given topics."""

    def _init_latent_vars(self, n_features, *args, **kwargs):
        super()._init_latent_vars(n_features, *args, **kwargs)
        self.components_ = self.lam.copy()
        totals = digamma(self.lam.sum(axis=1, keepdims=True))
        self.exp_dirichlet_component_ = np.exp(digamma(self.lam) - totals)


def simulated_documents(num_documents=40, seed=0):
    rng = np.random.default_rng(seed)
    topics, proportions = rng.dirichlet(np.full(12, 0.2), 3), rng.dirichlet(np.full(3, 0.5), 60)
    return np.array([rng.multinomial(50, p) for p in (proportions @ topics)[:num_documents]]) * 1.0


@pytest.mark.slow
def test_lda_against_scikit_learn():
    """Same start, batch: the same topics and document parameters at convergence."""
    counts = simulated_documents()
    model = LDA(counts, 3, alpha=0.5, beta=0.3)
    updates = updates_of(model)
    start = updates.start(7)
    other = SameTopics(
        n_components=3,
        doc_topic_prior=0.5,
        topic_word_prior=0.3,
        learning_method="batch",
        max_iter=300,
        mean_change_tol=1e-9,
        max_doc_update_iter=2000,
        random_state=0,
    )
    other.lam = start.lam
    other.fit(counts)
    q = settled(model, start, 300)
    np.testing.assert_allclose(q.lam, other.components_, rtol=1e-3, atol=1e-3)
    proportions = q.gamma / q.gamma.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(proportions, other.transform(counts), atol=1e-4)


def test_lda_leaves_empty_documents_and_words_at_the_prior():
    """An empty document has γ = α; each topic has λ = β for a word that nobody uses."""
    q = coordinate_ascent(CASES["lda"], seed=0).q
    np.testing.assert_allclose(q.gamma[2], 0.4, rtol=1e-12)
    np.testing.assert_allclose(q.lam[:, 5], 0.7, rtol=1e-12)
    # Every word is somewhere: counts are shared out, not lost.
    np.testing.assert_allclose((q.lam - 0.7).sum(axis=0), COUNTS.sum(axis=0), atol=1e-9)
    np.testing.assert_allclose((q.gamma - 0.4).sum(axis=1), COUNTS.sum(axis=1), atol=1e-9)


@pytest.mark.parametrize("coupling", [0.0, 0.4, 1.0, 2.5, -1.0])
def test_potts_stays_below_the_exact_sum(coupling):
    image = np.random.default_rng(9).normal(size=(4, 4))
    model = Potts(image, np.array([-0.5, 0.8]), coupling, 0.8)
    fit = coordinate_ascent(model, seed=0, tolerance=1e-10, num_starts=3)
    gap = model.log_evidence() - float(fit.elbo)
    if coupling == 0:  # then the pixels are independent, and q is exact
        assert gap == pytest.approx(0.0, abs=1e-9)
        np.testing.assert_allclose(fit.q.q, model.marginals(), atol=1e-10)
    else:
        assert 1e-4 < gap < 3


def test_potts_leaves_a_chessboard_in_one_sweep():
    """Neighbours that like to agree, and a q in which none do. All pixels updated at once would
    swap black and white for ever; in turn, all 60 pairs agree: about 60 J nats are gained."""
    updates = updates_of(Potts(np.zeros((6, 6)), np.array([-1.0, 1.0]), coupling=2.5))
    black = np.indices((6, 6)).sum(axis=0) % 2
    q = PottsQ(0.05 + 0.9 * np.stack([black, 1 - black], axis=-1))
    swept = updates.sweep(q)
    assert updates.elbo(swept) > updates.elbo(q) + 100
    assert np.ptp(swept.q.argmax(axis=-1)) == 0


def test_potts_cleans_a_noisy_image():
    """A square in the dark with noise as large as the contrast: most wrong pixels are mended."""
    labels = np.zeros((30, 30), int)
    labels[8:20, 8:20] = 1
    labels[20:27, 3:10] = 2
    means = np.array([0.0, 1.5, 3.0])
    model = Potts(np.zeros((30, 30)), means, 1.2, 1.0).simulate(labels, seed=1)
    by_brightness = np.abs(model.data[..., None] - means).argmin(axis=-1)
    fit = coordinate_ascent(model, seed=0)
    before, after = (by_brightness != labels).mean(), (fit.q.q.argmax(axis=-1) != labels).mean()
    assert before > 0.2
    assert after < 0.05


def test_potts_sets_neighbours_one_after_the_other():
    """From a chessboard of labels with J > 0: set all at once, it would turn into its negative and
    back for ever. In turn, one colour gives way, all agree, and the ELBO rises at once to
    log p(x | all agree) + J · (pairs of neighbours)."""
    model = Potts(np.zeros((6, 5)), np.array([-1.0, 1.0]), 3.0, 1.0)
    updates, chessboard = updates_of(model), np.indices((6, 5)).sum(axis=0) % 2
    q = updates.sweep(type(updates.start(0))(np.eye(2)[chessboard]))
    pairs = 5 * 5 + 6 * 4
    want = st.norm(1.0).logpdf(np.zeros(30)).sum() + 3.0 * pairs
    assert updates.elbo(q) == pytest.approx(want, abs=0.05)
