"""Closed forms that the course leans on, each reached by a road of its own, from far away.

The table of DReG's variances is in tests/gradients, log p(x) = ELBO + KL in test_core_identity.
"""

import numpy as np
import pytest
import scipy.optimize
import tensorflow as tf
import tensorflow_probability as tfp

from vicourse.divergences import kl, reverse_kl
from vicourse.models import LinearGaussian, NormalNormal, correlated_gaussian, fit_ppca
from vicourse.objectives import elbo

tfd = tfp.distributions


def test_normal_normal_by_maximizing_the_bound():
    """x = 5: the best N(m, s²) has m = 2.5, s² = 0.5, and its bound is log p(x) = −7.515512."""
    model = NormalNormal()
    noise = np.polynomial.hermite_e.hermegauss(3)  # exact: the log joint is quadratic

    def minus_elbo(parameters):
        m, s = parameters[0], np.exp(parameters[1])
        expected = noise[1] @ model.log_joint(m + s * noise[0]).numpy() / np.sqrt(2 * np.pi)
        return -expected - np.log(s) - 0.5 * np.log(2 * np.pi * np.e)

    found = scipy.optimize.minimize(minus_elbo, [-1.0, 1.0], method="Nelder-Mead", tol=1e-7)
    assert (found.x[0], np.exp(2 * found.x[1])) == pytest.approx((2.5, 0.5), abs=1e-5)
    assert -found.fun == pytest.approx(-7.515512, abs=1e-6)
    assert -found.fun == pytest.approx(model.log_evidence(), abs=1e-9)


@pytest.mark.parametrize(
    ("rho", "sd", "gap"), [(0.9, 0.435890, 0.830366), (0.5, 0.866025, 0.143841)]
)
def test_mean_field_on_a_correlated_gaussian(rho, sd, gap):
    """Reverse KL: SD √(1 − ρ²); forward KL: SD 1; both −½ log(1 − ρ²) away from the target."""
    target = correlated_gaussian(rho).posterior()

    def best(divergence):
        """By symmetry one standard deviation serves both coordinates."""
        found = scipy.optimize.minimize_scalar(
            lambda sd: float(divergence(target, tfd.MultivariateNormalDiag(np.zeros(2), [sd, sd]))),
            bounds=(0.1, 5.0),
            options={"xatol": 1e-7},
        )
        return found.x, found.fun

    assert best(reverse_kl) == pytest.approx((sd, gap), abs=2e-6)
    assert best(kl) == pytest.approx((1.0, gap), abs=2e-6)


@pytest.mark.slow
def test_a_linear_vae_ends_at_probabilistic_pca():
    """max ELBO over decoder (W, μ, σ) and encoder N(V(x − c), diag(s²)) = max likelihood of PPCA.

    E_q ‖x − Wz − μ‖² = ‖x − Wm − μ‖² + Σ_k s_k² ‖w_k‖², and the KL to N(0, I) is closed; the
    sums run over the data. One diagonal s is enough: the best W has orthogonal columns (Lucas,
    Tucker, Grosse and Norouzi 2019, Don't blame the ELBO, section 4).
    """
    rng = np.random.default_rng(2)
    data = rng.normal(size=(40, 2)) @ np.array([[2.0, 1.0, 0.0, -1.0], [0.3, -1.0, 1.0, 0.5]])
    data += 0.5 * rng.normal(size=data.shape) + 1.0
    (count, size), latent = data.shape, 2
    sizes = [size * latent, size, 1, latent * size, size, latent]

    def unpack(flat):
        w, mu, log_sd, v, c, log_s = tf.split(flat, sizes)
        return tf.reshape(w, [size, latent]), mu, log_sd[0], tf.reshape(v, [latent, size]), c, log_s

    def bound(flat):
        w, mu, log_sd, v, c, log_s = unpack(flat)
        m = tf.matmul(data - c, v, transpose_b=True)
        error = data - tf.matmul(m, w, transpose_b=True) - mu
        squares = tf.reduce_sum(error**2)
        squares += count * tf.reduce_sum(tf.exp(2 * log_s) * tf.reduce_sum(w**2, axis=0))
        log_likelihood = -0.5 * squares * tf.exp(-2 * log_sd)
        log_likelihood -= count * size * (log_sd + 0.5 * np.log(2 * np.pi))
        kl_terms = 0.5 * (m**2 + tf.exp(2 * log_s) - 1) - log_s
        return log_likelihood - tf.reduce_sum(kl_terms)

    @tf.function
    def value_and_gradient(flat):
        with tf.GradientTape() as tape:
            tape.watch(flat)
            value = -bound(flat)
        return value, tape.gradient(value, flat)

    found = scipy.optimize.minimize(
        lambda flat: [part.numpy() for part in value_and_gradient(tf.constant(flat))],
        0.5 * rng.normal(size=sum(sizes)),
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": 5000, "maxfun": 10000, "ftol": 1e-15, "gtol": 1e-9},
    )
    best = LinearGaussian(data, *fit_ppca(data, latent)).log_evidence()
    assert -found.fun == pytest.approx(best, abs=1e-4)
    assert -found.fun <= best + 1e-9
    w, mu, log_sd, v, c, log_s = (part.numpy() for part in unpack(tf.constant(found.x)))
    assert np.exp(log_sd) == pytest.approx(fit_ppca(data, latent).noise_sd, abs=1e-3)
    # The encoder has become the posterior: no draw is off by more than the optimizer is.
    model = LinearGaussian(data, w, np.exp(log_sd), mu)
    q = tfd.Independent(tfd.Normal((data - c) @ v.T, np.exp(log_s)), 2)
    values = elbo(model.log_joint, q, num_samples=5, seed=0)
    np.testing.assert_allclose(values, best, atol=0.1)


def test_what_tfp_lacks_is_here_and_student_t_has_no_closed_form():
    """TFP alone registers no pair for these; with `vicourse.divergences` all but one are closed."""
    one, two = np.float64(1.3), np.float64(2.1)
    pairs = [
        [tfd.Poisson(one), tfd.Poisson(two)],
        [tfd.Binomial(np.float64(5), probs=one / 3), tfd.Binomial(np.float64(5), probs=two / 3)],
        [tfd.Geometric(probs=one / 3), tfd.Geometric(probs=two / 3)],
        [tfd.NegativeBinomial(one, probs=one / 3), tfd.NegativeBinomial(one, probs=two / 3)],
        [tfd.InverseGamma(one, two), tfd.InverseGamma(two, one)],
        [tfd.WishartTriL(4 + one, np.eye(2)), tfd.WishartTriL(4 + two, np.eye(2))],
    ]
    assert {kl(*pair).method for pair in pairs} == {"closed"}
    student = [tfd.StudentT(df, np.float64(0), np.float64(1)) for df in (one + 3, two + 3)]
    assert kl(*student).method == "quadrature"
