"""A hidden Markov model with Gaussian observations and unknown state means.

It is the Gaussian mixture with memory: the assignments form a chain, and the forward algorithm
sums over their Kᵀ sequences in T K² steps.

Source: C. M. Bishop, Pattern Recognition and Machine Learning (2006), section 13.2.
Chapter: algorithms/coordinate_ascent, applications/clustering_and_segmentation.
"""

import numpy as np
import scipy.special
import tensorflow as tf
import tensorflow_probability as tfp

from vicourse.models.enumeration import enumerate_states
from vicourse.models.kinds import BayesianModel
from vicourse.models.mixture import given_assignments
from vicourse.validation import check_array, check_number, check_probabilities

tfb = tfp.bijectors
tfd = tfp.distributions


class HiddenMarkov(BayesianModel):
    """Unknown state means; known initial, transition and noise parameters.

        μ_k ~ N(0, s²),   c_1 ~ Categorical(π),   c_t | c_{t−1} ~ Categorical(A[c_{t−1}])
        x_t | c_t, μ ~ N(μ_{c_t}, σ²)

    The latents are the means μ, [K]; the states c_t are summed out of `log_joint` by the forward
    algorithm. Posterior and evidence are exact sums over the Kᵀ sequences: few data only.

    Args:
        data: x, [T].
        initial: π, [K], positive and adding up to 1.
        transition: A, [K, K], positive, each row adding up to 1.
        prior_sd: s.
        noise_sd: σ.
        dtype: `tf.float64` or `tf.float32`.
    """

    name = "Hidden Markov model"

    def __init__(self, data, initial, transition, prior_sd=5.0, noise_sd=1.0, dtype=tf.float64):
        self.initial = check_probabilities("initial", initial)
        num_states = len(self.initial)
        self.transition = check_probabilities("transition", transition, (num_states, num_states))
        self.prior_sd = check_number("prior_sd", prior_sd, above=0)
        self.noise_sd = check_number("noise_sd", noise_sd, above=0)
        self.data = self._check_data(data)
        super().__init__([num_states], tfb.Identity(), dtype)
        each = tfd.Normal(self._constant(0.0), self._constant(self.prior_sd))
        self.prior = tfd.Sample(each, self.event_shape)

    def _check_data(self, data):
        return check_array("data", data, shape=(None,))

    def likelihood(self, z):
        return tfd.HiddenMarkovModel(
            tfd.Categorical(probs=self._constant(self.initial)),
            tfd.Categorical(probs=self._constant(self.transition)),
            tfd.Normal(z, self._constant(self.noise_sd)),
            num_steps=len(self.data),
        )

    def smooth(self, z):
        """p(c_t = k | x, μ) given the means z [..., K], by forward–backward: [..., T, K]."""
        z = self._check_latents(z)
        return self.likelihood(z).posterior_marginals(self._constant(self.data)).probs_parameter()

    def posterior(self):
        """p(μ | x): a mixture of Kᵀ Gaussians, one for each sequence of states, over [K]."""
        log_joint, loc, variance = self._given_each_sequence()
        gaussian = tfd.Normal(self._constant(loc), self._constant(np.sqrt(variance)))
        return tfd.MixtureSameFamily(
            tfd.Categorical(logits=self._constant(log_joint)), tfd.Independent(gaussian, 1)
        )

    def log_evidence(self):
        """log p(x) = log Σ_c p(c) p(x | c) over all Kᵀ sequences c, in nats."""
        log_joint, _, _ = self._given_each_sequence()
        return float(scipy.special.logsumexp(log_joint))

    def _given_each_sequence(self):
        """log p(x, c), [Kᵀ], and the mean and variance [Kᵀ, K] of each p(μ_k | x, c)."""
        c = enumerate_states(len(self.initial), len(self.data))
        log_prior = np.log(self.initial)[c[:, 0]]
        log_prior += np.log(self.transition)[c[:, :-1], c[:, 1:]].sum(axis=1)
        log_data, loc, variance = given_assignments(
            self.data[:, None], c, len(self.initial), self.prior_sd, self.noise_sd
        )
        return log_prior + log_data, loc[..., 0], variance
