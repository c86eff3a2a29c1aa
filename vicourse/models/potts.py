"""The Potts model: an image of labels in which neighbours like to agree, seen through noise.

With two labels it is the Ising model. Unlike the other models its latents are whole numbers, so
that there is no unconstrained space and no gradient: coordinate ascent is what fits it.

Source: C. M. Bishop, Pattern Recognition and Machine Learning (2006), section 8.3.3; D. J. C.
MacKay, Information Theory, Inference, and Learning Algorithms (2003), chapters 31 and 33.
Chapter: algorithms/coordinate_ascent, applications/clustering_and_segmentation.
"""

import numpy as np
import scipy.special
import tensorflow as tf
import tensorflow_probability as tfp

from vicourse.models.base import Model, NotKnownExactly
from vicourse.models.enumeration import MAX_STATES
from vicourse.seeds import as_seed
from vicourse.validation import argument_error, check_array, check_number

tfd = tfp.distributions


class Potts(Model):
    """Labels on a grid, each pixel with up to four neighbours; a noisy image of them.

        p(c) = exp(J Σ_<ij> [c_i = c_j]) / Z(J),   x_i | c_i ~ N(μ_{c_i}, σ²)

    The sum runs over pairs of neighbours, each once. In the Ising model's spins s = ±1 this is
    the coupling J/2, since [c_i = c_j] = (1 + s_i s_j)/2.

    **The prior is not normalised.** `log_joint` leaves out −log Z(J), which nobody can compute for
    a large grid: it is log p(x, c) + log Z(J). `log_evidence` and every ELBO of this model are
    likewise log Z(J) too high, so that their differences (the gap) are right. Subtract
    `log_normalizer()` on narrow grids.

    The latents are the labels c, integers [H, W] in 0 … K − 1.

    Args:
        data: x, [H, W], the noisy image.
        means: μ, [K], the brightness that belongs to each label, K ≥ 2.
        coupling: J; above 0 neighbours like to agree.
        noise_sd: σ.
        dtype: `tf.float64` or `tf.float32`, the type of the log densities.
    """

    name = "Potts model"

    def __init__(self, data, means, coupling=1.0, noise_sd=1.0, dtype=tf.float64):
        self.data = check_array("data", data, shape=(None, None))
        self.means = check_array("means", means, shape=(None,))
        if len(self.means) < 2:
            raise argument_error("means", self.means, "at least 2 labels")
        self.coupling = check_number("coupling", coupling)
        self.noise_sd = check_number("noise_sd", noise_sd, above=0)
        super().__init__(self.data.shape, None, dtype)

    @property
    def num_labels(self):
        """K."""
        return len(self.means)

    @property
    def log_likelihoods(self):
        """log p(x_i | c_i = k) in nats for every pixel and label, [H, W, K]."""
        standardised = (self.data[..., None] - self.means) / self.noise_sd
        return -0.5 * standardised**2 - np.log(self.noise_sd * np.sqrt(2 * np.pi))

    def _log_joint(self, z):
        chosen = tf.one_hot(z, self.num_labels, dtype=self.dtype)
        log_data = tf.reduce_sum(chosen * self._constant(self.log_likelihoods), axis=[-3, -2, -1])
        down = tf.reduce_sum(chosen[..., 1:, :, :] * chosen[..., :-1, :, :], axis=[-3, -2, -1])
        right = tf.reduce_sum(chosen[..., :, 1:, :] * chosen[..., :, :-1, :], axis=[-3, -2, -1])
        return log_data + self._constant(self.coupling) * (down + right)

    def log_evidence(self):
        """log Σ_c exp(log_joint(c)) = log p(x) + log Z(J) in nats, exact, for narrow grids.

        Site by site, a table holds the sum over all labels so far for each choice of the last W
        labels (a transfer matrix): H W Kᵂ⁺¹ steps with W the grid's shorter side.
        """
        return _log_sum(self.log_likelihoods, self.coupling)

    def log_normalizer(self):
        """log Z(J) = log Σ_c exp(J Σ_<ij> [c_i = c_j]) in nats, exact, for narrow grids."""
        return _log_sum(np.zeros_like(self.log_likelihoods), self.coupling)

    def marginals(self):
        """p(c_i = k | x), [H, W, K], exact, for narrow grids: H W K sums with one label held."""
        total, log_p = self.log_evidence(), np.zeros(self.log_likelihoods.shape)
        for i, j, k in np.ndindex(log_p.shape):
            held = self.log_likelihoods
            held[i, j, np.arange(self.num_labels) != k] = -np.inf
            log_p[i, j, k] = _log_sum(held, self.coupling) - total
        return np.exp(log_p)

    def simulate(self, labels, seed):
        """The same model with a new noisy image of the labels [H, W] (the prior has no sampler)."""
        labels = self._check_latents(labels)
        noise = tf.random.stateless_normal(labels.shape, as_seed(seed), dtype=tf.float64)
        data = tf.gather(self.means, labels) + self.noise_sd * noise
        return Potts(data.numpy(), self.means, self.coupling, self.noise_sd, self.dtype)

    @property
    def dim(self):
        """Not there: labels have no unconstrained space."""
        raise self._discrete()

    @property
    def flat_bijector(self):
        """Not there: labels have no unconstrained space."""
        raise self._discrete()

    def unconstrained_log_joint(self, u):
        """Not there: labels have no unconstrained space."""
        raise self._discrete()

    def _discrete(self):
        return TypeError(
            "The Potts model's latents are whole numbers: there is no unconstrained space, and no "
            "gradient. Fit it with `vicourse.inference.coordinate_ascent`."
        )

    def _check_latents(self, z):
        labels = tf.convert_to_tensor(z)
        wanted = f"integers below {self.num_labels} of shape [..., {self.data.shape}]"
        if not labels.dtype.is_integer or labels.shape[-2:] != self.data.shape:
            raise argument_error("z", z, wanted)
        if tf.executing_eagerly() and not np.all((labels >= 0) & (labels < self.num_labels)):
            raise argument_error("z", z, wanted)
        return labels

    def __repr__(self):
        height, width = self.data.shape
        return f"<Potts: {height} × {width} pixels, {self.num_labels} labels>"


def _log_sum(log_sites, coupling):
    """log Σ_c exp(Σ_i log_sites[i, c_i] + J Σ_<ij> [c_i = c_j]) for log_sites [H, W, K]."""
    if log_sites.shape[0] < log_sites.shape[1]:
        log_sites = log_sites.transpose(1, 0, 2)
    height, width, num_labels = log_sites.shape
    if num_labels ** (width + 1) > MAX_STATES:
        raise NotKnownExactly(
            f"The exact sum needs {num_labels}^{width + 1} numbers at a time for a grid whose "
            f"shorter side is {width}; at most {MAX_STATES:,} are kept. Use a narrower image."
        )
    agree = coupling * np.eye(num_labels)
    table = np.zeros(())  # one axis per column that has a label, the last label put in it
    for i, j in np.ndindex(height, width):
        if i == 0:
            table = table[..., None] + log_sites[i, j]
        else:  # sum over the label above while its neighbour below takes its place
            above = np.moveaxis(table, j, -1)[..., :, None] + agree
            table = scipy.special.logsumexp(above, axis=-2) + log_sites[i, j]
        if j > 0:  # the new label is the last axis, the one to its left is axis j − 1
            ones = [1] * (table.ndim - j - 1)
            table = table + agree.reshape([1] * (j - 1) + [num_labels, *ones, num_labels])
        table = np.moveaxis(table, -1, j)
    return float(scipy.special.logsumexp(table))
