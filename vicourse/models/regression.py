"""Bayesian regression: linear with known noise, linear with unknown noise, logistic, probit.

The two linear models are conjugate; the other two are the smallest useful models that are not.

Source: C. M. Bishop, Pattern Recognition and Machine Learning (2006), sections 3.3, 3.5, 4.3.5
and 4.5; BDA3, section 14.2.
Chapter: algorithms/black_box_vi, algorithms/vi_vs_mcmc.
"""

import numpy as np
import scipy.special
import scipy.stats
import tensorflow as tf
import tensorflow_probability as tfp

from vicourse.models.kinds import BayesianModel
from vicourse.validation import check_array, check_counts, check_number

tfb = tfp.bijectors
tfd = tfp.distributions


class LinearRegression(BayesianModel):
    """Linear regression with known noise.

        w ~ N(0, s² I_P),   y | w ~ N(X w, σ² I_N)
        p(w | y) = N(m, S),   S⁻¹ = I/s² + XᵀX/σ²,   m = S Xᵀ y/σ²
        p(y) = N(0, s² X Xᵀ + σ² I_N)

    An intercept is a column of ones in X.

    Args:
        features: X, [N, P].
        data: y, [N].
        prior_sd: s.
        noise_sd: σ.
        dtype: `tf.float64` or `tf.float32`.
    """

    name = "Linear regression"

    def __init__(self, features, data, prior_sd=1.0, noise_sd=1.0, dtype=tf.float64):
        self.features = check_array("features", features, shape=(None, None))
        self.prior_sd = check_number("prior_sd", prior_sd, above=0)
        self.noise_sd = check_number("noise_sd", noise_sd, above=0)
        self.data = self._check_data(data)
        super().__init__([self.features.shape[1]], tfb.Identity(), dtype)
        each = tfd.Normal(self._constant(0.0), self._constant(self.prior_sd))
        self.prior = tfd.Sample(each, self.event_shape)

    def _check_data(self, data):
        return check_array("data", data, shape=(len(self.features),))

    def likelihood(self, z):
        loc = tf.linalg.matvec(self._constant(self.features), z)
        return tfd.Independent(tfd.Normal(loc, self._constant(self.noise_sd)), 1)

    def posterior(self):
        """N(m, S), a `tfd.MultivariateNormalTriL` over [P]."""
        gram = self.features.T @ self.features / self.noise_sd**2
        covariance = np.linalg.inv(np.eye(len(gram)) / self.prior_sd**2 + gram)
        loc = covariance @ self.features.T @ self.data / self.noise_sd**2
        scale = np.linalg.cholesky(covariance)
        return tfd.MultivariateNormalTriL(self._constant(loc), self._constant(scale))

    def log_evidence(self):
        """log N(y; 0, s² X Xᵀ + σ² I_N) in nats."""
        covariance = self.prior_sd**2 * self.features @ self.features.T
        covariance += self.noise_sd**2 * np.eye(len(self.data))
        return float(scipy.stats.multivariate_normal(cov=covariance).logpdf(self.data))


class LinearRegressionUnknownNoise(BayesianModel):
    """Linear regression with unknown noise variance v: the Normal–inverse-gamma model.

        v ~ InvGamma(a, b),   w | v ~ N(0, s² v I_P),   y | w, v ~ N(X w, v I_N)
        p(w, v | y) = InvGamma(v; a_N, b_N) N(w; m, v S)
        S⁻¹ = I/s² + XᵀX,   m = S Xᵀ y,   a_N = a + N/2,   b_N = b + ½ (yᵀy − mᵀ S⁻¹ m)
        p(y) = (2π)^(−N/2) |S|^½ s^(−P) bᵃ Γ(a_N) / (b_N^a_N Γ(a))

    The latents are {"variance": v, "weights": w}.

    Args:
        features: X, [N, P].
        data: y, [N].
        prior_sd: s, the weights' prior standard deviation in units of the noise's.
        a, b: shape and scale of the inverse gamma prior.
        dtype: `tf.float64` or `tf.float32`.
    """

    name = "Linear regression, unknown noise"

    def __init__(self, features, data, prior_sd=1.0, a=1.0, b=1.0, dtype=tf.float64):
        self.features = check_array("features", features, shape=(None, None))
        self.prior_sd = check_number("prior_sd", prior_sd, above=0)
        self.a = check_number("a", a, above=0)
        self.b = check_number("b", b, above=0)
        self.data = self._check_data(data)
        num_weights = self.features.shape[1]
        event_shape = {"variance": [], "weights": [num_weights]}
        bijector = {"variance": tfb.Exp(), "weights": tfb.Identity()}
        super().__init__(event_shape, bijector, dtype)
        scale = self.prior_sd * np.eye(num_weights)
        self.prior = self._normal_inverse_gamma(self.a, self.b, np.zeros(num_weights), scale)

    def _check_data(self, data):
        return check_array("data", data, shape=(len(self.features),))

    def _normal_inverse_gamma(self, a, b, loc, scale):
        """InvGamma(v; a, b) N(w; loc, v · scale scaleᵀ)."""
        scale = self._constant(scale)

        def weights(variance):
            sd = tf.sqrt(variance)[..., None, None]
            return tfd.MultivariateNormalTriL(self._constant(loc), sd * scale)

        variance = tfd.InverseGamma(self._constant(a), self._constant(b))
        return tfd.JointDistributionNamed({"variance": variance, "weights": weights})

    def likelihood(self, z):
        loc = tf.linalg.matvec(self._constant(self.features), z["weights"])
        return tfd.Independent(tfd.Normal(loc, tf.sqrt(z["variance"])[..., None]), 1)

    def _updated(self):
        precision = np.eye(self.features.shape[1]) / self.prior_sd**2
        precision = precision + self.features.T @ self.features
        loc = np.linalg.solve(precision, self.features.T @ self.data)
        # ½ (yᵀy − mᵀ S⁻¹ m), written as a sum of squares so that nothing cancels.
        residual = self.data - self.features @ loc
        squares = residual @ residual + loc @ loc / self.prior_sd**2
        return self.a + len(self.data) / 2, self.b + squares / 2, loc, np.linalg.inv(precision)

    def posterior(self):
        """p(w, v | y), a joint distribution over {"variance", "weights"}."""
        a, b, loc, covariance = self._updated()
        return self._normal_inverse_gamma(a, b, loc, np.linalg.cholesky(covariance))

    def log_evidence(self):
        """log p(y) by the formula above, in nats."""
        a, b, loc, covariance = self._updated()
        log_gammas = scipy.special.gammaln(a) - scipy.special.gammaln(self.a)
        log_powers = self.a * np.log(self.b) - a * np.log(b)
        log_dets = 0.5 * np.linalg.slogdet(covariance)[1] - len(loc) * np.log(self.prior_sd)
        return float(log_gammas + log_powers + log_dets - len(self.data) / 2 * np.log(2 * np.pi))


class _BinaryRegression(BayesianModel):
    """Labels 0 and 1 that depend on X w, w ~ N(0, s² I_P); a subclass says how."""

    def __init__(self, features, data, prior_sd=1.0, dtype=tf.float64):
        self.features = check_array("features", features, shape=(None, None))
        self.prior_sd = check_number("prior_sd", prior_sd, above=0)
        self.data = self._check_data(data)
        super().__init__([self.features.shape[1]], tfb.Identity(), dtype)
        each = tfd.Normal(self._constant(0.0), self._constant(self.prior_sd))
        self.prior = tfd.Sample(each, self.event_shape)

    def _check_data(self, data):
        return check_counts("data", data, shape=(len(self.features),), maximum=1)


class LogisticRegression(_BinaryRegression):
    """Logistic regression: no conjugate prior, no closed evidence.

        w ~ N(0, s² I_P),   y_n | w ~ Bernoulli(1 / (1 + exp(−x_nᵀ w)))

    An intercept is a column of ones in X.

    Args:
        features: X, [N, P].
        data: y, [N], zeros and ones.
        prior_sd: s.
        dtype: `tf.float64` or `tf.float32`.
    """

    name = "Logistic regression"

    def likelihood(self, z):
        logits = tf.linalg.matvec(self._constant(self.features), z)
        return tfd.Independent(tfd.Bernoulli(logits=logits, dtype=self.dtype), 1)


class ProbitRegression(_BinaryRegression):
    """Probit regression: like the logistic one, with Φ, the standard normal CDF, as its curve.

        w ~ N(0, s² I_P),   y_n | w ~ Bernoulli(Φ(x_nᵀ w))

    That is: y_n = 1 where x_nᵀ w plus standard normal noise is above 0. Since Φ and a Gaussian
    integrate to a Φ, expectation propagation has closed forms here.

    An intercept is a column of ones in X.

    Args:
        features: X, [N, P].
        data: y, [N], zeros and ones.
        prior_sd: s.
        dtype: `tf.float64` or `tf.float32`.
    """

    name = "Probit regression"

    def likelihood(self, z):
        probits = tf.linalg.matvec(self._constant(self.features), z)
        return tfd.Independent(tfd.ProbitBernoulli(probits=probits, dtype=self.dtype), 1)
