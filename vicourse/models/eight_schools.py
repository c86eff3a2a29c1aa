"""Eight schools: a small hierarchical model with a funnel in it, in three parameterizations.

    μ ~ N(0, 5²),   τ ~ half-Cauchy(5),   θ_j ~ N(μ, τ²),   y_j ~ N(θ_j, σ_j²),   j = 1 … J

Effects of coaching on a test in eight schools, with known standard errors σ_j. The priors are those
of posteriordb's `eight_schools`; other sources use other priors.

Source: D. B. Rubin, "Estimation in parallel randomized experiments", J. Educ. Stat. 6 (1981);
BDA3, section 5.5. The three forms: O. Papaspiliopoulos, G. O. Roberts and M. Sköld, "A general
framework for the parametrization of hierarchical models", Statistical Science 22 (2007).
Chapter: algorithms/black_box_vi, algorithms/diagnostics.
"""

import tensorflow as tf
import tensorflow_probability as tfp

from vicourse.models.kinds import BayesianModel
from vicourse.validation import check_array, check_positive

tfb = tfp.bijectors
tfd = tfp.distributions

EFFECTS = (28.0, 8.0, -3.0, 7.0, -1.0, 1.0, 18.0, 12.0)
STANDARD_ERRORS = (15.0, 10.0, 16.0, 11.0, 9.0, 11.0, 10.0, 18.0)


class _EightSchools(BayesianModel):
    """What the three forms share: the data, μ and τ."""

    def __init__(self, data=EFFECTS, standard_errors=STANDARD_ERRORS, dtype=tf.float64):
        self.data = check_array("data", data, shape=(None,))
        self.standard_errors = check_positive("standard_errors", standard_errors, self.data.shape)
        event_shape = {"mu": [], "tau": []}
        bijector = {"mu": tfb.Identity(), "tau": tfb.Exp()}
        for name in self._per_school:
            event_shape[name] = self.data.shape
            bijector[name] = tfb.Identity()
        super().__init__(event_shape, bijector, dtype)
        self.prior = tfd.JointDistributionNamed(self._prior_parts())

    def _check_data(self, data):
        return check_array("data", data, shape=(None,))

    def _prior_parts(self):
        zero, five = self._constant(0.0), self._constant(5.0)
        return {"mu": tfd.Normal(zero, five), "tau": tfd.HalfCauchy(zero, five)}

    def _observed(self, loc):
        noise = tfd.Normal(loc, self._constant(self.standard_errors))
        return tfd.Independent(noise, 1)


class EightSchoolsCentred(_EightSchools):
    """Latents μ, τ and the schools' effects θ_j themselves: a funnel in (θ_j, log τ).

        μ ~ N(0, 5²),   τ ~ half-Cauchy(5),   θ_j ~ N(μ, τ²),   y_j ~ N(θ_j, σ_j²)

    Args:
        data: y, [J], the estimated effects.
        standard_errors: σ, [J].
        dtype: `tf.float64` or `tf.float32`.
    """

    name = "Eight schools, centred"
    _per_school = ("theta",)

    def _prior_parts(self):
        def theta(mu, tau):
            schools = tf.zeros(self.data.shape, self.dtype)
            return tfd.Independent(tfd.Normal(mu[..., None] + schools, tau[..., None]), 1)

        return {**super()._prior_parts(), "theta": theta}

    def likelihood(self, z):
        return self._observed(z["theta"])


class EightSchoolsNonCentred(_EightSchools):
    """Latents μ, τ and standardised effects η_j ~ N(0, 1), with θ_j = μ + τ η_j: no funnel.

        μ ~ N(0, 5²),   τ ~ half-Cauchy(5),   η_j ~ N(0, 1),   y_j ~ N(μ + τ η_j, σ_j²)

    Args: as for `EightSchoolsCentred`.
    """

    name = "Eight schools, non-centred"
    _per_school = ("eta",)

    def _prior_parts(self):
        unit = tfd.Normal(self._constant(0.0), self._constant(1.0))
        return {**super()._prior_parts(), "eta": tfd.Sample(unit, self.data.shape)}

    def theta(self, z):
        """The schools' effects μ + τ η_j, [..., J]."""
        return z["mu"][..., None] + z["tau"][..., None] * z["eta"]

    def likelihood(self, z):
        return self._observed(self.theta(z))


class EightSchoolsMarginal(_EightSchools):
    """Latents μ and τ only, the effects integrated out: y_j ~ N(μ, σ_j² + τ²).

        μ ~ N(0, 5²),   τ ~ half-Cauchy(5),   y_j ~ N(μ, σ_j² + τ²)

    Two dimensions, so `quadrature` gives the evidence that all three forms share, and the exact
    posterior of (μ, τ).

    Args: as for `EightSchoolsCentred`.
    """

    name = "Eight schools, marginal"
    _per_school = ()

    def likelihood(self, z):
        variance = self._constant(self.standard_errors) ** 2 + z["tau"][..., None] ** 2
        return tfd.Independent(tfd.Normal(z["mu"][..., None], tf.sqrt(variance)), 1)
