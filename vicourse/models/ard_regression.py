"""Linear regression that finds out by itself which features matter.

Every weight has a precision of its own, its relevance; where the data do not speak for a feature,
its relevance grows and pulls the weight to zero (automatic relevance determination).

Source: C. M. Bishop and M. E. Tipping, "Variational relevance vector machines", UAI (2000);
C. M. Bishop, Pattern Recognition and Machine Learning (2006), sections 7.2 and 10.3.
Chapter: algorithms/coordinate_ascent.
"""

import tensorflow as tf
import tensorflow_probability as tfp

from vicourse.models.kinds import BayesianModel
from vicourse.validation import check_array, check_number

tfb = tfp.bijectors
tfd = tfp.distributions


class ARDRegression(BayesianModel):
    """Linear regression with a relevance per feature and unknown noise.

        α_j ~ Gamma(a, rate b),   w_j | α_j ~ N(0, 1/α_j),   τ ~ Gamma(c, rate d)
        y_n | w, τ ~ N(x_nᵀ w, 1/τ)

    The latents are {"weights": w, [P], "relevances": α, [P], "precision": τ}. A large α_j means
    an *irrelevant* feature; the name is the field's. An intercept is a column of ones in X.
    Bring features to similar scales, or one prior does not suit all of them.

    Args:
        features: X, [N, P].
        data: y, [N].
        a, b: shape and rate of the relevances' prior; small numbers let many weights vanish.
        c, d: shape and rate of the noise precision's prior.
        dtype: `tf.float64` or `tf.float32`.
    """

    name = "Linear regression with relevances"

    def __init__(self, features, data, a=0.01, b=0.01, c=0.01, d=0.01, dtype=tf.float64):
        self.features = check_array("features", features, shape=(None, None))
        self.a = check_number("a", a, above=0)
        self.b = check_number("b", b, above=0)
        self.c = check_number("c", c, above=0)
        self.d = check_number("d", d, above=0)
        self.data = self._check_data(data)
        num_weights = self.features.shape[1]
        event_shape = {"weights": [num_weights], "relevances": [num_weights], "precision": []}
        bijector = {"weights": tfb.Identity(), "relevances": tfb.Exp(), "precision": tfb.Exp()}
        super().__init__(event_shape, bijector, dtype)

        def weights(relevances):
            each = tfd.Normal(tf.zeros_like(relevances), tf.math.rsqrt(relevances))
            return tfd.Independent(each, 1)

        relevance = tfd.Gamma(self._constant(self.a), self._constant(self.b))
        self.prior = tfd.JointDistributionNamed(
            {
                "relevances": tfd.Sample(relevance, [num_weights]),
                "weights": weights,
                "precision": tfd.Gamma(self._constant(self.c), self._constant(self.d)),
            }
        )

    def _check_data(self, data):
        return check_array("data", data, shape=(len(self.features),))

    def likelihood(self, z):
        loc = tf.linalg.matvec(self._constant(self.features), z["weights"])
        return tfd.Independent(tfd.Normal(loc, tf.math.rsqrt(z["precision"])[..., None]), 1)
