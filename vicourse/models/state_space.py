"""A linear Gaussian state-space model: a hidden path seen through noise, and solved exactly.

Source: R. E. Kalman, "A new approach to linear filtering and prediction problems", J. Basic Eng.
82 (1960); C. M. Bishop, Pattern Recognition and Machine Learning (2006), section 13.3.
Chapter: algorithms/richer_posteriors.
"""

import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp

from vicourse.models.kinds import BayesianModel
from vicourse.validation import check_array, check_covariance

tfb = tfp.bijectors
tfd = tfp.distributions


class StateSpace(BayesianModel):
    """A path z_1 … z_T that moves linearly, and what is seen of it.

        z_1 ~ N(0, P),   z_t | z_{t−1} ~ N(A z_{t−1}, Q),   x_t | z_t ~ N(C z_t, R)

    Evidence by the Kalman filter; the posterior is one Gaussian over the whole path, with

        precision Λ = Dᵀ W D + I_T ⊗ Cᵀ R⁻¹ C,   mean Λ⁻¹ (Cᵀ R⁻¹ x_t)_t,

    D having I on the diagonal and −A below it, W = diag(P⁻¹, Q⁻¹, …, Q⁻¹).

    Args:
        data: x, [T, D].
        transition: A, [K, K].
        process_covariance: Q, [K, K].
        observation: C, [D, K].
        noise_covariance: R, [D, D].
        initial_covariance: P, [K, K].
        dtype: `tf.float64` or `tf.float32`.
    """

    name = "Linear state space"

    def __init__(
        self,
        data,
        transition,
        process_covariance,
        observation,
        noise_covariance,
        initial_covariance,
        dtype=tf.float64,
    ):
        self.observation = check_array("observation", observation, shape=(None, None))
        num_visible, num_latent = self.observation.shape
        self.transition = check_array("transition", transition, shape=(num_latent, num_latent))
        self.process_covariance = check_covariance(
            "process_covariance", process_covariance, num_latent
        )
        self.noise_covariance = check_covariance("noise_covariance", noise_covariance, num_visible)
        self.initial_covariance = check_covariance(
            "initial_covariance", initial_covariance, num_latent
        )
        self.data = self._check_data(data)
        super().__init__([len(self.data), num_latent], tfb.Identity(), dtype)
        self.prior = tfd.MarkovChain(
            self._gaussian(tf.zeros(num_latent, self.dtype), self.initial_covariance),
            self._step,
            num_steps=len(self.data),
        )

    def _check_data(self, data):
        return check_array("data", data, shape=(None, len(self.observation)))

    def _gaussian(self, loc, covariance):
        return tfd.MultivariateNormalTriL(loc, self._constant(np.linalg.cholesky(covariance)))

    def _step(self, _, z):
        loc = tf.linalg.matvec(self._constant(self.transition), z)
        return self._gaussian(loc, self.process_covariance)

    def likelihood(self, z):
        loc = tf.linalg.matvec(self._constant(self.observation), z)
        return tfd.Independent(self._gaussian(loc, self.noise_covariance), 1)

    def posterior(self):
        """p(z | x) over the whole path [T, K], correlated in time."""
        num_steps, num_latent = self.event_shape
        steps_back = np.eye(num_steps, k=-1)
        d = np.eye(num_steps * num_latent) - np.kron(steps_back, self.transition)
        w = np.kron(np.eye(num_steps), np.linalg.inv(self.process_covariance))
        w[:num_latent, :num_latent] = np.linalg.inv(self.initial_covariance)
        seen = self.observation.T @ np.linalg.inv(self.noise_covariance)  # Cᵀ R⁻¹
        precision = d.T @ w @ d + np.kron(np.eye(num_steps), seen @ self.observation)
        covariance = np.linalg.inv(precision)
        loc = covariance @ (self.data @ seen.T).ravel()
        flat = self._gaussian(self._constant(loc), (covariance + covariance.T) / 2)
        return tfd.TransformedDistribution(flat, tfb.Reshape(self.event_shape))

    def log_evidence(self):
        """log p(x) in nats, by the Kalman filter in float64."""

        def gaussian(covariance):
            loc = np.zeros(len(covariance))
            return tfd.MultivariateNormalTriL(loc, np.linalg.cholesky(covariance))

        kalman = tfd.LinearGaussianStateSpaceModel(
            num_timesteps=len(self.data),
            transition_matrix=self.transition,
            transition_noise=gaussian(self.process_covariance),
            observation_matrix=self.observation,
            observation_noise=gaussian(self.noise_covariance),
            initial_state_prior=gaussian(self.initial_covariance),
        )
        return float(kalman.log_prob(self.data))
