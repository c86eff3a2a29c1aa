"""The two kinds of model: a prior times a likelihood, and a bare target density.

Source: Gelman et al., Bayesian Data Analysis, 3rd ed. (BDA3), section 1.3.
Chapter: foundations/latent_variables
"""

import abc
import copy

import tensorflow as tf
import tensorflow_probability as tfp

from vicourse.models.base import Model
from vicourse.seeds import split_seed
from vicourse.validation import argument_error

tfb = tfp.bijectors
tfd = tfp.distributions


class BayesianModel(Model):
    """A prior p(z) and a likelihood p(x | z): log p(x, z) is the sum of their logs.

        log p(x, z) = log p(z) + log p(x | z)

    A subclass sets `self.prior` (a TFP distribution over the latents), `self.data` (what
    `_check_data` returns) and writes `likelihood` and `_check_data`.

    Args:
        event_shape, bijector, dtype: the attributes of `Model`.

    Attributes:
        prior: p(z), a TFP distribution.
        data: x, a NumPy array of float64.
    """

    @abc.abstractmethod
    def likelihood(self, z):
        """p(· | z), a TFP distribution over data of the shape of `data`, batched as z is."""

    @abc.abstractmethod
    def _check_data(self, data):
        """`data` as a float64 array, or an error that names it."""

    def log_likelihood(self, z):
        """log p(x | z) in nats, summed over the data: [...] for latents z [..., *event_shape]."""
        return self._log_likelihood(self._check_latents(z))

    def _log_likelihood(self, z):
        return self.likelihood(z).log_prob(self._constant(self.data))

    def _log_joint(self, z):
        return self.prior.log_prob(z) + self._log_likelihood(z)

    def with_data(self, data):
        """The same model with other data of the same shape."""
        data = self._check_data(data)
        if data.shape != self.data.shape:
            raise argument_error(
                "data", data, f"shape {self.data.shape}", "Make a new model for other sizes."
            )
        other = copy.copy(self)
        other.data = data
        return other

    def simulate(self, seed):
        """Latents from the prior, then data from the likelihood, as many as the model holds.

        Args:
            seed: an integer or a pair.

        Returns:
            A pair `(model, z)`: the same model with the simulated data inside, and the latents that
            made them.
        """
        latent_seed, data_seed = split_seed(seed)
        z = self.prior.sample(seed=latent_seed)
        data = self.likelihood(z).sample(seed=data_seed)
        return self.with_data(data.numpy()), z


class Target(Model):
    """A normalised density with no data: the posterior is the density, the log evidence is 0.

        log p(x, z) = log p(z),   log p(x) = log ∫ p(z) dz = 0

    It serves to study an algorithm on a shape: a ridge, a funnel, a banana.

    Args:
        distribution: the density, a TFP distribution with exact `sample` and `log_prob`.
        bijector: from unconstrained space to its support; the identity by default.

    Attributes:
        distribution: as given.
    """

    name = "Target"

    def __init__(self, distribution, bijector=None):
        if not isinstance(distribution, tfd.Distribution):
            raise argument_error("distribution", distribution, "a TFP distribution", kind=TypeError)
        is_one_tensor = isinstance(distribution.event_shape, tf.TensorShape)
        if not is_one_tensor or distribution.batch_shape.rank not in (0, None):
            remedy = "If its parts make up one event, wrap it: `tfd.Independent(dist, k)`."
            wanted = "one distribution over one tensor, batch shape []"
            raise argument_error("distribution", distribution, wanted, remedy)
        super().__init__(distribution.event_shape, bijector or tfb.Identity(), distribution.dtype)
        self.distribution = distribution

    def _log_joint(self, z):
        return self.distribution.log_prob(z)

    def posterior(self):
        """The density itself."""
        return self.distribution

    def log_evidence(self):
        """0.0: the density is normalised."""
        return 0.0
