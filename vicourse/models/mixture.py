"""A Bayesian mixture of Gaussians: the model in which exact inference first becomes hopeless.

Source: D. M. Blei, A. Kucukelbir and J. D. McAuliffe, "Variational inference: a review for
statisticians", JASA 112 (2017), section 2.1, with weights and several dimensions added.
Chapter: foundations/latent_variables, algorithms/coordinate_ascent.
"""

import numpy as np
import scipy.special
import tensorflow as tf
import tensorflow_probability as tfp

from vicourse.models.enumeration import enumerate_states
from vicourse.models.kinds import BayesianModel
from vicourse.validation import argument_error, check_array, check_number, check_probabilities

tfb = tfp.bijectors
tfd = tfp.distributions


class GaussianMixture(BayesianModel):
    """Unknown component means; known weights and a known, common standard deviation.

        μ_k ~ N(0, s² I_D),   c_n ~ Categorical(π),   x_n | c_n, μ ~ N(μ_{c_n}, σ² I_D)

    The latents are the means μ, [K, D]. The assignments c_n are summed out of `log_joint`:

        log p(x, μ) = Σ_k log p(μ_k) + Σ_n log Σ_k π_k N(x_n; μ_k, σ² I)

    With equal weights the posterior is the same under all K! orders of the components. Evidence
    and posterior are exact sums over the Kᴺ assignments, so they exist for few data only.

    Args:
        data: x, [N, D].
        weights: π, [K], positive and adding up to 1.
        prior_sd: s.
        noise_sd: σ.
        dtype: `tf.float64` or `tf.float32`.
    """

    name = "Gaussian mixture"

    def __init__(self, data, weights, prior_sd=5.0, noise_sd=1.0, dtype=tf.float64):
        self.weights = check_probabilities("weights", weights)
        self.prior_sd = check_number("prior_sd", prior_sd, above=0)
        self.noise_sd = check_number("noise_sd", noise_sd, above=0)
        self.data = self._check_data(data)
        super().__init__([len(self.weights), self.data.shape[1]], tfb.Identity(), dtype)
        each = tfd.Normal(self._constant(0.0), self._constant(self.prior_sd))
        self.prior = tfd.Sample(each, self.event_shape)

    def _check_data(self, data):
        return check_array("data", data, shape=(None, None))

    def likelihood(self, z):
        components = tfd.Independent(tfd.Normal(z, self._constant(self.noise_sd)), 1)
        assignment = tfd.Categorical(probs=self._constant(self.weights))
        return tfd.Sample(tfd.MixtureSameFamily(assignment, components), len(self.data))

    def complete_log_joint(self, z, assignments):
        """log p(x, c, μ) in nats, with the assignments in the open.

        Args:
            z: the means, [..., K, D].
            assignments: c, integers [..., N] in 0 … K − 1.

        Returns:
            [...], the leading shapes broadcast.
        """
        z = self._check_latents(z)
        wanted = f"integers below {len(self.weights)} of shape [..., {len(self.data)}]"
        try:
            c = tf.convert_to_tensor(assignments)
        except (TypeError, ValueError):
            raise argument_error("assignments", assignments, wanted, kind=TypeError) from None
        if not c.dtype.is_integer or c.shape[-1:] != [len(self.data)]:
            raise argument_error("assignments", assignments, wanted)
        if tf.executing_eagerly() and not np.all((c >= 0) & (c < len(self.weights))):
            raise argument_error("assignments", assignments, wanted)
        chosen = tf.one_hot(c, len(self.weights), dtype=self.dtype)  # [..., N, K]
        noise = tfd.Normal(tf.matmul(chosen, z), self._constant(self.noise_sd))
        log_data = tf.reduce_sum(noise.log_prob(self._constant(self.data)), axis=[-2, -1])
        log_choice = tf.reduce_sum(chosen * self._constant(np.log(self.weights)), axis=[-2, -1])
        return self.prior.log_prob(z) + log_choice + log_data

    def posterior(self):
        """p(μ | x): a mixture of Kᴺ Gaussians, one for each assignment, over [K, D]."""
        log_joint, loc, variance = self._given_each_assignment()
        gaussian = tfd.Normal(self._constant(loc), self._constant(np.sqrt(variance))[..., None])
        return tfd.MixtureSameFamily(
            tfd.Categorical(logits=self._constant(log_joint)), tfd.Independent(gaussian, 2)
        )

    def log_evidence(self):
        """log p(x) = log Σ_c p(c) p(x | c) over all Kᴺ assignments c, in nats."""
        log_joint, _, _ = self._given_each_assignment()
        return float(scipy.special.logsumexp(log_joint))

    def _given_each_assignment(self):
        """log p(x, c), [Kᴺ], and the mean [Kᴺ, K, D] and variance [Kᴺ, K] of each p(μ_k | x, c)."""
        states = enumerate_states(len(self.weights), len(self.data))
        log_prior = np.log(self.weights)[states].sum(axis=1)
        log_data, loc, variance = given_assignments(
            self.data, states, len(self.weights), self.prior_sd, self.noise_sd
        )
        return log_prior + log_data, loc, variance


def given_assignments(data, states, num_components, prior_sd, noise_sd):
    """What is known once the assignments are: each component is a Normal–Normal model of its data.

    Args:
        data: x, [N, D].
        states: assignments c, [S, N], integers.
        num_components: K.
        prior_sd, noise_sd: s and σ.

    Returns:
        log p(x | c), [S], and the mean [S, K, D] and variance [S, K] of each p(μ_k | x, c).
    """
    chosen = (states[:, :, None] == np.arange(num_components)).astype(float)  # [S, N, K]
    counts = chosen.sum(axis=1)
    sums = np.einsum("snk,nd->skd", chosen, data)
    variance = 1 / (prior_sd**-2 + counts * noise_sd**-2)
    loc = variance[..., None] * sums * noise_sd**-2
    # log p(x | c) = log p(x, μ | c) − log p(μ | x, c) at μ = 0, where it is shortest.
    log_data_at_0 = -0.5 * np.sum(data**2) / noise_sd**2
    log_data_at_0 -= data.size * np.log(noise_sd * np.sqrt(2 * np.pi))
    log_ratio = 0.5 * np.log(variance / prior_sd**2) * data.shape[1]
    log_ratio += 0.5 * np.sum(loc**2, axis=-1) / variance
    return log_data_at_0 + log_ratio.sum(axis=-1), loc, variance
