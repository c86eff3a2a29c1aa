"""Coordinate ascent for the Potts model: an image's labels, one pixel at a time."""

import functools
from typing import NamedTuple

import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp
from scipy.special import log_softmax, xlogy

from vicourse.inference.coordinate_ascent.start import numpy_generator

tfd = tfp.distributions


class PottsQ(NamedTuple):
    """q(c) = Π_i Categorical(c_i; q[i]), q of shape [H, W, K]."""

    q: np.ndarray


class PottsUpdates:
    """q(c) = Π_i q(c_i), one factor per pixel, for `Potts`.

    No two black squares of a chessboard are neighbours, so that all black pixels can be set at once
    and it is still coordinate ascent; then all white ones.

    Source: MacKay (2003), section 33.2 (the Ising model, where it is E[s_i] = tanh of the mean
        field); Wainwright and Jordan (2008), on naive mean field.
    Chapter: algorithms/coordinate_ascent
    """

    def __init__(self, model):
        self._model = model
        self._log_likelihoods = model.log_likelihoods
        rows, columns = np.indices(model.data.shape)
        self._black = (rows + columns)[..., None] % 2 == 0

    def start(self, seed):
        """Each pixel by its own brightness alone, blurred by random numbers."""
        noise = numpy_generator(seed).normal(size=self._log_likelihoods.shape)
        return PottsQ(np.exp(log_softmax(self._log_likelihoods + noise, axis=-1)))

    def sweep(self, q):
        """The black pixels, then the white ones."""
        q = PottsQ(np.where(self._black, self._best(q), q.q))
        return PottsQ(np.where(self._black, q.q, self._best(q)))

    def _best(self, q):
        """q_i(k) ∝ p(x_i | k) exp(J Σ_{j next to i} q_j(k)), for every pixel."""
        field = self._log_likelihoods + self._model.coupling * _sum_over_neighbours(q.q)
        return np.exp(log_softmax(field, axis=-1))

    def elbo(self, q):
        """E[log p(x | c)] + J Σ_<ij> q(c_i = c_j) + H[q(c)] in nats: log Z(J) too high."""
        pairs = 0.5 * np.sum(q.q * _sum_over_neighbours(q.q))  # each pair is met twice
        local = np.sum(q.q * self._log_likelihoods - xlogy(q.q, q.q))
        return float(local + self._model.coupling * pairs)

    def posterior(self, q):
        """q(c), integers [H, W]."""
        constant = functools.partial(tf.constant, dtype=self._model.dtype)
        return tfd.Independent(tfd.Categorical(probs=constant(q.q)), 2)


def _sum_over_neighbours(q):
    """Σ q_j over the up to four neighbours j of each pixel: [H, W, K] to the same."""
    total = np.zeros_like(q)
    total[1:] += q[:-1]
    total[:-1] += q[1:]
    total[:, 1:] += q[:, :-1]
    total[:, :-1] += q[:, 1:]
    return total
