"""The models of posteriordb that the course does not teach elsewhere.

Priors that are not named are flat, so these log joints are not normalised over the data.

Source: posteriordb's Stan programs.
Chapter: algorithms/vi_vs_mcmc
"""

import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp

from vicourse.models import Model
from vicourse.validation import check_array, check_choice, check_number

tfb = tfp.bijectors
tfd = tfp.distributions


_NOISE_PRIORS = {
    "flat": None,
    "half_cauchy": lambda scale: tfd.HalfCauchy(tf.zeros_like(scale), scale),
    "half_normal": tfd.HalfNormal,
}


class Regression(Model):
    """Linear regression with unknown noise.

        y_n ~ N(x_nᵀ β, σ²),   β ~ flat or N(0, weight_sd²),   σ ~ flat, half-Cauchy or half-normal

    Args:
        features: X, [N, D].
        y: [N].
        weight_sd: of the prior of each weight; None is flat.
        noise: "flat", "half_cauchy" or "half_normal".
        noise_scale: of that prior.
        dtype: `tf.float64` or `tf.float32`.
    """

    name = "Linear regression"

    def __init__(
        self, features, y, *, weight_sd=None, noise="flat", noise_scale=1.0, dtype=tf.float64
    ):
        self.features = check_array("features", features, shape=(None, None))
        self.y = check_array("y", y, shape=(len(self.features),))
        check_choice("noise", noise, _NOISE_PRIORS)
        shapes = {"beta": [self.features.shape[1]], "sigma": []}
        super().__init__(shapes, {"beta": tfb.Identity(), "sigma": tfb.Exp()}, dtype)
        self._noise_scale = check_number("noise_scale", noise_scale, above=0)
        self._weight_sd, self._noise = weight_sd, noise

    def _log_joint(self, z):
        loc = tf.linalg.matvec(self._constant(self.features), z["beta"])
        likelihood = tfd.Normal(loc, z["sigma"][..., None])
        log_joint = tf.reduce_sum(likelihood.log_prob(self._constant(self.y)), axis=-1)
        if self._weight_sd is not None:
            prior = tfd.Normal(self._constant(0.0), self._constant(self._weight_sd))
            log_joint += tf.reduce_sum(prior.log_prob(z["beta"]), axis=-1)
        if self._noise != "flat":
            prior = _NOISE_PRIORS[self._noise](self._constant(self._noise_scale))
            log_joint += prior.log_prob(z["sigma"])
        return log_joint


class OrderedMixture(Model):
    """Two normal components on the line, the left one first.

        y_n ~ θ N(μ₁, σ₁²) + (1 − θ) N(μ₂, σ₂²),   μ₁ < μ₂,   μ_k ~ N(0, 2²),   σ_k ~ half-N(0, 2²),
        θ ~ Beta(5, 5)

    Args:
        y: [N].
        dtype: `tf.float64` or `tf.float32`.
    """

    name = "Mixture of two normals"

    def __init__(self, y, dtype=tf.float64):
        self.y = check_array("y", y, shape=(None,))
        bijectors = {"mu": tfb.Ascending(), "sigma": tfb.Exp(), "theta": tfb.Sigmoid()}
        super().__init__({"mu": [2], "sigma": [2], "theta": []}, bijectors, dtype)

    def _log_joint(self, z):
        two = self._constant(2.0)
        parts = tfd.Normal(z["mu"][..., None, :], z["sigma"][..., None, :])
        shares = tf.stack([z["theta"], 1 - z["theta"]], axis=-1)[..., None, :]
        log_parts = tf.math.log(shares) + parts.log_prob(self._constant(self.y)[:, None])
        return (
            tf.reduce_sum(tf.reduce_logsumexp(log_parts, axis=-1), axis=-1)
            + tf.reduce_sum(tfd.Normal(tf.zeros_like(two), two).log_prob(z["mu"]), axis=-1)
            + tf.reduce_sum(tfd.HalfNormal(two).log_prob(z["sigma"]), axis=-1)
            + tfd.Beta(self._constant(5.0), self._constant(5.0)).log_prob(z["theta"])
        )


class GaussianProcess(Model):
    """Regression by a Gaussian process, its function integrated out.

        y ~ N(0, K),   K_ij = α² exp(−(x_i − x_j)² / 2ρ²) + σ [i = j],
        ρ ~ Gamma(25, 4),   α ~ half-N(0, 2²),   σ ~ half-N(0, 1)

    σ, not σ², stands on the diagonal, as in the collection.

    Args:
        x, y: [N].
        dtype: `tf.float64` or `tf.float32`.
    """

    name = "Gaussian process"

    def __init__(self, x, y, dtype=tf.float64):
        self.x = check_array("x", x, shape=(None,))
        self.y = check_array("y", y, shape=self.x.shape)
        positive = {name: tfb.Exp() for name in ("rho", "alpha", "sigma")}
        super().__init__({name: [] for name in positive}, positive, dtype)

    def _log_joint(self, z):
        rho, alpha, sigma = (z[name][..., None, None] for name in ("rho", "alpha", "sigma"))
        distance = self._constant(np.subtract.outer(self.x, self.x) ** 2)
        eye = tf.eye(len(self.x), dtype=self.dtype)
        covariance = alpha**2 * tf.exp(-distance / (2 * rho**2)) + sigma * eye
        zero = tf.zeros(len(self.x), self.dtype)
        y = tfd.MultivariateNormalTriL(zero, tf.linalg.cholesky(covariance))
        return (
            y.log_prob(self._constant(self.y))
            + tfd.Gamma(self._constant(25.0), self._constant(4.0)).log_prob(z["rho"])
            + tfd.HalfNormal(self._constant(2.0)).log_prob(z["alpha"])
            + tfd.HalfNormal(self._constant(1.0)).log_prob(z["sigma"])
        )


class Garch(Model):
    """Volatility that remembers: GARCH(1, 1), all priors flat.

        y_t ~ N(μ, s_t²),   s_t² = α₀ + α₁ (y_{t−1} − μ)² + β₁ s_{t−1}²,   s₁ given,
        α₀ > 0,   α₁, β₁ > 0,   α₁ + β₁ < 1

    The latent `shares` is (α₁, β₁, 1 − α₁ − β₁), a point of the simplex.

    Args:
        y: [T].
        first_sd: s₁.
        dtype: `tf.float64` or `tf.float32`.
    """

    name = "GARCH(1, 1)"

    def __init__(self, y, first_sd, dtype=tf.float64):
        self.y = check_array("y", y, shape=(None,))
        self.first_sd = check_number("first_sd", first_sd, above=0)
        bijectors = {
            "mu": tfb.Identity(),
            "alpha0": tfb.Exp(),
            "shares": tfb.IteratedSigmoidCentered(),
        }
        super().__init__({"mu": [], "alpha0": [], "shares": [3]}, bijectors, dtype)

    def _log_joint(self, z):
        mu, y = z["mu"][..., None], self._constant(self.y)
        alpha1, beta1 = z["shares"][..., 0, None], z["shares"][..., 1, None]
        pushed = z["alpha0"][..., None] + alpha1 * (y[:-1] - mu) ** 2
        # The first step is the constant s₁²: s² ← 0 · s² + s₁². Steps s² ← d s² + p compose:
        # first (d, p), then (d', p') is (d d', d' p + p'). So all T are done in log T rounds.
        first = self._constant(self.first_sd**2) * tf.ones_like(mu)
        push = tf.concat([first, pushed], axis=-1)
        decay = tf.concat([tf.zeros_like(mu), beta1 * tf.ones_like(pushed)], axis=-1)
        _, variance = tfp.math.scan_associative(_compose, (decay, push), axis=-1)
        return tf.reduce_sum(tfd.Normal(mu, tf.sqrt(variance)).log_prob(y), axis=-1)


def _compose(first, then):
    return first[0] * then[0], then[0] * first[1] + then[1]
