"""A Gaussian with unknown mean and precision: the smallest model with two dependent latents.

The posterior is exact, so that coordinate ascent can be watched missing it by a known amount.

Source: C. M. Bishop, Pattern Recognition and Machine Learning (2006), sections 2.3.6 and 10.1.3.
Chapter: algorithms/coordinate_ascent.
"""

import numpy as np
import scipy.special
import tensorflow as tf
import tensorflow_probability as tfp

from vicourse.models.kinds import BayesianModel
from vicourse.validation import check_array, check_number

tfb = tfp.bijectors
tfd = tfp.distributions


class NormalGamma(BayesianModel):
    """Unknown mean μ and unknown precision τ (one over the variance) of a Gaussian.

        τ ~ Gamma(a₀, rate b₀),   μ | τ ~ N(μ₀, 1/(λ₀ τ)),   x_n | μ, τ ~ N(μ, 1/τ)
        p(μ, τ | x) = Gamma(τ; a, b) N(μ; m, 1/(λ τ))
        λ = λ₀ + N,   m = (λ₀ μ₀ + Σ x_n)/λ,   a = a₀ + N/2
        b = b₀ + ½ Σ (x_n − x̄)² + ½ (λ₀ N/λ) (x̄ − μ₀)²
        p(x) = (2π)^(−N/2) (λ₀/λ)^½ b₀^a₀ Γ(a) / (b^a Γ(a₀))

    The latents are {"mean": μ, "precision": τ}.

    Args:
        data: x, [N].
        prior_mean: μ₀.
        prior_count: λ₀, how many observations the prior on the mean is worth.
        a, b: shape a₀ and rate b₀ of the precision's prior.
        dtype: `tf.float64` or `tf.float32`.
    """

    name = "Normal–Gamma"

    def __init__(self, data, prior_mean=0.0, prior_count=1.0, a=1.0, b=1.0, dtype=tf.float64):
        super().__init__(
            {"mean": [], "precision": []}, {"mean": tfb.Identity(), "precision": tfb.Exp()}, dtype
        )
        self.prior_mean = check_number("prior_mean", prior_mean)
        self.prior_count = check_number("prior_count", prior_count, above=0)
        self.a = check_number("a", a, above=0)
        self.b = check_number("b", b, above=0)
        self.data = self._check_data(data)
        self.prior = self._normal_gamma(self.prior_mean, self.prior_count, self.a, self.b)

    def _check_data(self, data):
        return check_array("data", data, shape=(None,))

    def _normal_gamma(self, loc, count, a, b):
        """Gamma(τ; a, b) N(μ; loc, 1/(count τ))."""

        def mean(precision):
            return tfd.Normal(self._constant(loc), tf.math.rsqrt(self._constant(count) * precision))

        precision = tfd.Gamma(self._constant(a), self._constant(b))
        return tfd.JointDistributionNamed({"precision": precision, "mean": mean})

    def likelihood(self, z):
        return tfd.Sample(tfd.Normal(z["mean"], tf.math.rsqrt(z["precision"])), self.data.shape)

    def updated(self):
        """The numbers (m, λ, a, b) of the exact posterior."""
        n, average = len(self.data), self.data.mean()
        count = self.prior_count + n
        loc = (self.prior_count * self.prior_mean + n * average) / count
        squares = np.sum((self.data - average) ** 2)
        squares += self.prior_count * n / count * (average - self.prior_mean) ** 2
        return loc, count, self.a + n / 2, self.b + squares / 2

    def posterior(self):
        """p(μ, τ | x), a joint distribution over {"mean", "precision"}."""
        return self._normal_gamma(*self.updated())

    def log_evidence(self):
        """log p(x) by the formula above, in nats."""
        _, count, a, b = self.updated()
        log_gammas = scipy.special.gammaln(a) - scipy.special.gammaln(self.a)
        log_powers = self.a * np.log(self.b) - a * np.log(b)
        log_counts = 0.5 * np.log(self.prior_count / count)
        log_constant = -0.5 * len(self.data) * np.log(2 * np.pi)
        return float(log_gammas + log_powers + log_counts + log_constant)
