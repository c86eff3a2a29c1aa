"""A Bayesian mixture of Gaussians in which weights, means and covariances are all unknown.

Source: C. M. Bishop, Pattern Recognition and Machine Learning (2006), section 10.2.
Chapter: algorithms/coordinate_ascent, applications/clustering_and_segmentation.
"""

import numpy as np
import scipy.special
import tensorflow as tf
import tensorflow_probability as tfp

from vicourse.models.enumeration import enumerate_states
from vicourse.models.kinds import BayesianModel
from vicourse.validation import check_array, check_covariance, check_integer, check_number

tfb = tfp.bijectors
tfd = tfp.distributions


class NormalWishartMixture(BayesianModel):
    """Unknown weights π, means μ_k and precision matrices Λ_k (inverse covariances).

        π ~ Dirichlet(α₀ 1_K),   Λ_k ~ Wishart(W₀, ν₀),   μ_k | Λ_k ~ N(m₀, (β₀ Λ_k)⁻¹)
        c_n ~ Categorical(π),   x_n | c_n, μ, Λ ~ N(μ_{c_n}, Λ_{c_n}⁻¹)

    The latents are {"weights": π, [K], "precisions": Λ, [K, D, D], "means": μ, [K, D]}. The
    assignments c_n are summed out of `log_joint`. The evidence is an exact sum over the Kᴺ
    assignments, so it exists for few data only. All K! orders of the components are equally
    probable.

    Args:
        data: x, [N, D].
        num_components: K, 2 or more.
        concentration: α₀; below 1, weights of components that are not needed go to 0.
        prior_mean: m₀, [D]; by default 0. Standardise the data, or say where they are.
        prior_count: β₀, how many observations the prior on a mean is worth.
        degrees: ν₀, above D − 1; by default D.
        scale_inverse: W₀⁻¹, [D, D]; by default the identity. A component's covariance is
            expected to be near W₀⁻¹/ν₀.
        dtype: `tf.float64` or `tf.float32`.
    """

    name = "Gaussian mixture, all unknown"

    def __init__(
        self,
        data,
        num_components,
        concentration=1.0,
        prior_mean=None,
        prior_count=1.0,
        degrees=None,
        scale_inverse=None,
        dtype=tf.float64,
    ):
        self.data = self._check_data(data)
        dim = self.data.shape[1]
        self.num_components = check_integer("num_components", num_components, minimum=2)
        self.concentration = check_number("concentration", concentration, above=0)
        prior_mean = np.zeros(dim) if prior_mean is None else prior_mean
        self.prior_mean = check_array("prior_mean", prior_mean, shape=(dim,))
        self.prior_count = check_number("prior_count", prior_count, above=0)
        degrees = dim if degrees is None else degrees
        self.degrees = check_number("degrees", degrees, above=dim - 1)
        scale_inverse = np.eye(dim) if scale_inverse is None else scale_inverse
        self.scale_inverse = check_covariance("scale_inverse", scale_inverse, dim)
        count = self.num_components
        event_shape = {"weights": [count], "precisions": [count, dim, dim], "means": [count, dim]}
        # Without a shift of the diagonal: TFP's default would be a float32 number.
        triangle = tfb.FillScaleTriL(diag_bijector=tfb.Exp(), diag_shift=None)
        bijector = {
            # Why not SoftmaxCentered: see `conjugate.DirichletMultinomial`.
            "weights": tfb.IteratedSigmoidCentered(),
            "precisions": tfb.Chain([tfb.CholeskyOuterProduct(), triangle]),
            "means": tfb.Identity(),
        }
        super().__init__(event_shape, bijector, dtype)
        self.prior = self._prior()

    def _check_data(self, data):
        return check_array("data", data, shape=(None, None))

    def _prior(self):
        count = self.num_components
        scale = np.linalg.cholesky(np.linalg.inv(self.scale_inverse))
        wishart = tfd.WishartTriL(self._constant(self.degrees), self._constant(scale))

        def means(precisions):
            scale = _covariance_root(self._constant(self.prior_count) * precisions)
            loc = self._constant(np.tile(self.prior_mean, (count, 1)))
            return tfd.Independent(tfd.MultivariateNormalTriL(loc, scale), 1)

        concentration = self._constant(np.full(count, self.concentration))
        return tfd.JointDistributionNamed(
            {
                "weights": tfd.Dirichlet(concentration),
                "precisions": tfd.Sample(wishart, [count]),
                "means": means,
            }
        )

    def likelihood(self, z):
        components = tfd.MultivariateNormalTriL(z["means"], _covariance_root(z["precisions"]))
        mixture = tfd.MixtureSameFamily(tfd.Categorical(probs=z["weights"]), components)
        return tfd.Sample(mixture, len(self.data))

    def log_evidence(self):
        """log p(x) = log Σ_c p(c) p(x | c) over all Kᴺ assignments c, in nats.

        Given c, weights and components separate, and each is conjugate:
        p(c) = B(α₀ + N_c)/B(α₀), p(x | c) a product of Normal–Wishart evidences.
        """
        states = enumerate_states(self.num_components, len(self.data))
        subsets = enumerate_states(2, len(self.data)).astype(bool)
        of_subset = np.array([self._log_evidence_of_one(self.data[rows]) for rows in subsets])
        places = 2 ** np.arange(len(self.data))[::-1]  # a subset's row in `subsets`
        terms = np.zeros(len(states))
        for k in range(self.num_components):
            chosen = states == k
            terms += of_subset[chosen @ places]
            terms += scipy.special.gammaln(self.concentration + chosen.sum(axis=1))
        terms -= self.num_components * scipy.special.gammaln(self.concentration)
        total = self.num_components * self.concentration
        log_ratio = scipy.special.gammaln(total) - scipy.special.gammaln(total + len(self.data))
        return float(log_ratio + scipy.special.logsumexp(terms))

    def _log_evidence_of_one(self, x):
        """log p(x) of the points [n, D] of one component: a Normal–Wishart model, in nats.

        π^(−nD/2) (β₀/β)^(D/2) |W|^(ν/2) / |W₀|^(ν₀/2) Γ_D(ν/2)/Γ_D(ν₀/2)
        """
        n, dim = x.shape
        count, degrees = self.prior_count + n, self.degrees + n
        loc = (self.prior_count * self.prior_mean + x.sum(axis=0)) / count
        shift = loc - self.prior_mean
        scale_inverse = self.scale_inverse + (x - loc).T @ (x - loc)
        scale_inverse += self.prior_count * np.outer(shift, shift)
        log_dets = self.degrees * np.linalg.slogdet(self.scale_inverse)[1]
        log_dets -= degrees * np.linalg.slogdet(scale_inverse)[1]
        log_gammas = scipy.special.multigammaln(degrees / 2, dim)
        log_gammas -= scipy.special.multigammaln(self.degrees / 2, dim)
        log_counts = dim * np.log(self.prior_count / count) - n * dim * np.log(np.pi)
        return 0.5 * (log_dets + log_counts) + log_gammas


def _covariance_root(precisions):
    """The lower Cholesky factors of the inverse matrices, [..., D, D]."""
    return tf.linalg.cholesky(tf.linalg.inv(precisions))
