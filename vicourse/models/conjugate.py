"""Four conjugate models: the posterior has the prior's form, and the evidence is a closed formula.

They are the ground truth of the foundations: whatever an approximation says can be checked here.
Exact evidences are computed in float64 with SciPy, apart from the TFP code of the log joints.

Source: Gelman et al., Bayesian Data Analysis, 3rd ed. (BDA3), chapters 2 and 3.
Chapter: foundations/latent_variables.
"""

import numpy as np
import scipy.special
import tensorflow as tf
import tensorflow_probability as tfp

from vicourse.models.kinds import BayesianModel
from vicourse.validation import check_array, check_counts, check_number, check_positive

tfb = tfp.bijectors
tfd = tfp.distributions


class NormalNormal(BayesianModel):
    """An unknown mean under Gaussian noise of known size.

        z ~ N(m₀, s₀²),   x_n | z ~ N(z, σ²)
        p(z | x) = N(m, s²),   1/s² = 1/s₀² + N/σ²,   m = s² (m₀/s₀² + Σ x_n/σ²)

    With the defaults, the single point x = 5: mean 2.5, variance 0.5, log evidence −7.515512.

    Args:
        data: x, [N].
        prior_mean, prior_sd: m₀ and s₀.
        noise_sd: σ.
        dtype: `tf.float64` or `tf.float32`.
    """

    name = "Normal–Normal"

    def __init__(self, data=(5.0,), prior_mean=0.0, prior_sd=1.0, noise_sd=1.0, dtype=tf.float64):
        super().__init__([], tfb.Identity(), dtype)
        self.prior_mean = check_number("prior_mean", prior_mean)
        self.prior_sd = check_number("prior_sd", prior_sd, above=0)
        self.noise_sd = check_number("noise_sd", noise_sd, above=0)
        self.data = self._check_data(data)
        self.prior = tfd.Normal(self._constant(self.prior_mean), self._constant(self.prior_sd))

    def _check_data(self, data):
        return check_array("data", data, shape=(None,))

    def likelihood(self, z):
        return tfd.Sample(tfd.Normal(z, self._constant(self.noise_sd)), self.data.shape)

    def posterior(self):
        """N(m, s²), a scalar `tfd.Normal`."""
        precision = self.prior_sd**-2 + len(self.data) * self.noise_sd**-2
        weighted = self.prior_mean * self.prior_sd**-2 + self.data.sum() * self.noise_sd**-2
        return tfd.Normal(self._constant(weighted / precision), self._constant(precision**-0.5))

    def log_evidence(self):
        """log N(x; m₀ 1, σ² I + s₀² 1 1ᵀ) in nats."""
        n, residual = len(self.data), self.data - self.prior_mean
        # The covariance has one eigenvalue σ² + N s₀² (along 1) and N − 1 eigenvalues σ².
        large = self.noise_sd**2 + n * self.prior_sd**2
        along = n * residual.mean() ** 2
        across = ((residual - residual.mean()) ** 2).sum()
        log_det = np.log(large) + 2 * (n - 1) * np.log(self.noise_sd)
        squares = along / large + across / self.noise_sd**2
        return float(-0.5 * (n * np.log(2 * np.pi) + log_det + squares))


class BetaBernoulli(BayesianModel):
    """An unknown probability of success.

        z ~ Beta(a, b),   x_n | z ~ Bernoulli(z)
        p(z | x) = Beta(a + s, b + N − s),   p(x) = B(a + s, b + N − s) / B(a, b),   s = Σ x_n

    The data are the sequence of outcomes, so no binomial coefficient appears in p(x).
    The default data are 980 births with placenta previa, 437 of them girls (BDA3, section 2.4).

    Args:
        data: x, [N], zeros and ones.
        a, b: the prior's parameters.
        dtype: `tf.float64` or `tf.float32`.
    """

    name = "Beta–Bernoulli"

    def __init__(self, data=(1,) * 437 + (0,) * 543, a=1.0, b=1.0, dtype=tf.float64):
        super().__init__([], tfb.Sigmoid(), dtype)
        self.a = check_number("a", a, above=0)
        self.b = check_number("b", b, above=0)
        self.data = self._check_data(data)
        self.prior = tfd.Beta(self._constant(self.a), self._constant(self.b))

    def _check_data(self, data):
        return check_counts("data", data, shape=(None,), maximum=1)

    def likelihood(self, z):
        return tfd.Sample(tfd.Bernoulli(probs=z, dtype=self.dtype), self.data.shape)

    def _updated(self):
        successes = self.data.sum()
        return self.a + successes, self.b + len(self.data) - successes

    def posterior(self):
        """Beta(a + s, b + N − s)."""
        a, b = self._updated()
        return tfd.Beta(self._constant(a), self._constant(b))

    def log_evidence(self):
        """log B(a + s, b + N − s) − log B(a, b) in nats."""
        a, b = self._updated()
        return float(scipy.special.betaln(a, b) - scipy.special.betaln(self.a, self.b))


class GammaPoisson(BayesianModel):
    """An unknown rate of events.

        z ~ Gamma(a, rate b),   x_n | z ~ Poisson(z)
        p(z | x) = Gamma(a + Σ x_n, rate b + N)
        p(x) = bᵃ Γ(a + Σ x_n) / (Γ(a) (b + N)^(a + Σ x_n) Π x_n!)

    The default data are deaths by horse kick in the Prussian army, 200 corps-years (Bortkiewicz
    1898): 109 years without a death, 65 with one, 22 with two, 3 with three, 1 with four.

    Args:
        data: x, [N], whole numbers.
        a, b: the prior's shape and rate.
        dtype: `tf.float64` or `tf.float32`.
    """

    name = "Gamma–Poisson"

    def __init__(
        self,
        data=(0,) * 109 + (1,) * 65 + (2,) * 22 + (3,) * 3 + (4,),
        a=1.0,
        b=1.0,
        dtype=tf.float64,
    ):
        super().__init__([], tfb.Exp(), dtype)
        self.a = check_number("a", a, above=0)
        self.b = check_number("b", b, above=0)
        self.data = self._check_data(data)
        self.prior = tfd.Gamma(self._constant(self.a), self._constant(self.b))

    def _check_data(self, data):
        return check_counts("data", data, shape=(None,))

    def likelihood(self, z):
        return tfd.Sample(tfd.Poisson(z), self.data.shape)

    def posterior(self):
        """Gamma(a + Σ x_n, rate b + N)."""
        a, b = self.a + self.data.sum(), self.b + len(self.data)
        return tfd.Gamma(self._constant(a), self._constant(b))

    def log_evidence(self):
        """log p(x) by the formula above, in nats."""
        a, b = self.a + self.data.sum(), self.b + len(self.data)
        prior_constant = self.a * np.log(self.b) - scipy.special.gammaln(self.a)
        posterior_constant = a * np.log(b) - scipy.special.gammaln(a)
        log_factorials = scipy.special.gammaln(self.data + 1).sum()
        return float(prior_constant - posterior_constant - log_factorials)


class DirichletMultinomial(BayesianModel):
    """Unknown probabilities of K categories, seen through their counts.

        z ~ Dirichlet(α),   x | z ~ Multinomial(N, z)
        p(z | x) = Dirichlet(α + x)
        p(x) = N! / Π x_k! · B(α + x) / B(α),   B(α) = Π Γ(α_k) / Γ(Σ α_k)

    The default data are 1447 answers to a poll before the US election of 1988: Bush, Dukakis,
    other or no opinion (BDA3, section 3.4).

    Args:
        data: x, [K], whole numbers, K ≥ 2.
        concentration: α, [K], or one number for all.
        dtype: `tf.float64` or `tf.float32`.
    """

    name = "Dirichlet–multinomial"

    def __init__(self, data=(727, 583, 137), concentration=1.0, dtype=tf.float64):
        self.data = self._check_data(data)
        # Not `SoftmaxCentered`: its Jacobian measures area on the simplex, √K times the measure
        # of `tfd.Dirichlet`'s density, and every bound would be ½ log K too high.
        super().__init__(self.data.shape, tfb.IteratedSigmoidCentered(), dtype)
        alpha = check_positive("concentration", concentration)
        if alpha.ndim > 0:
            check_positive("concentration", alpha, self.data.shape)
        self.concentration = np.broadcast_to(alpha, self.data.shape)
        self.prior = tfd.Dirichlet(self._constant(self.concentration))

    def _check_data(self, data):
        data = check_counts("data", data, shape=(None,))
        if len(data) < 2:
            raise ValueError(f"`data`: wanted counts of at least 2 categories, got {len(data)}.")
        return data

    def likelihood(self, z):
        return tfd.Multinomial(self._constant(self.data.sum()), probs=z)

    def posterior(self):
        """Dirichlet(α + x)."""
        return tfd.Dirichlet(self._constant(self.concentration + self.data))

    def log_evidence(self):
        """log p(x) by the formula above, in nats."""
        gammaln, alpha = scipy.special.gammaln, self.concentration
        log_coefficient = gammaln(self.data.sum() + 1) - gammaln(self.data + 1).sum()
        log_ratio = _log_multivariate_beta(alpha + self.data) - _log_multivariate_beta(alpha)
        return float(log_coefficient + log_ratio)


def _log_multivariate_beta(alpha):
    return scipy.special.gammaln(alpha).sum() - scipy.special.gammaln(alpha.sum())
