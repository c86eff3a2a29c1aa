"""Coordinate ascent for latent Dirichlet allocation."""

import functools
from typing import NamedTuple

import numpy as np
import scipy.sparse
import tensorflow as tf
import tensorflow_probability as tfp
from scipy.special import gammaln, log_softmax, logsumexp

from vicourse.inference.coordinate_ascent.expectations import expected_log_dirichlet, kl_dirichlet
from vicourse.inference.coordinate_ascent.start import numpy_generator

tfd = tfp.distributions

LOCAL_TOLERANCE = 1e-5  # words; see `LDAUpdates.local_step`
MAX_LOCAL_STEPS = 100


class Topics(NamedTuple):
    """What belongs to all documents: q(φ) = Π_k Dirichlet(φ_k; lam[k]), lam of shape [K, V]."""

    lam: np.ndarray


class Documents(NamedTuple):
    """What belongs to single documents: q(θ) and q(c).

    gamma is [D, K]; q_c, the topics of the words, is [W, K] with a row for each of the W entries of
    x that are not 0, row after row.
    """

    gamma: np.ndarray
    q_c: np.ndarray


class LDAQ(NamedTuple):
    """q(θ) q(φ) = Π_d Dirichlet(θ_d; gamma[d]) Π_k Dirichlet(φ_k; lam[k]).

    gamma is [D, K], lam is [K, V]. The third factor, q(c) for the topic of each word, is at its
    best given these two, and so is not kept.
    """

    gamma: np.ndarray
    lam: np.ndarray


class LDAUpdates:
    """q(c, θ, φ) = q(c) q(θ) q(φ) for `LDA`.

    A sweep is a local step (q of what belongs to one document) and a global step (the topics).
    Stochastic variational inference uses both on minibatches.

    Source: Blei, Ng and Jordan (2003), Latent Dirichlet allocation, equations (6) and (7) and
        section 5.4; with names as in Hoffman, Blei and Bach (2010), Online learning for latent
        Dirichlet allocation (their φ is our q_c, their λ our `lam`).
    Chapter: applications/topic_models
    """

    def __init__(self, model):
        self._model = model

    def start(self, seed):
        """Random topics near the uniform one, then a local step."""
        topics = self.start_global(seed)
        return self.join(self.local_step(self._model.data, topics), topics)

    def start_global(self, seed):
        """λ_kv ~ Gamma(100, rate 100), as in the authors' code: what breaks the symmetry."""
        shape = (self._model.num_topics, self._model.data.shape[1])
        return Topics(numpy_generator(seed).gamma(100.0, 0.01, size=shape))

    def sweep(self, q):
        """The local step, continued from where it was, then the topics."""
        documents = self.local_step(self._model.data, Topics(q.lam), q.gamma)
        return self.join(documents, self.global_step(self._model.data, documents))

    def local_step(self, data, topics, gamma=None):
        """`Documents` given the topics: q(c) and q(θ) in turn.

            q_c[k] ∝ exp(E[log θ_dk] + E[log φ_kv]),   gamma_dk = α + Σ_v x_dv q_c[k]

        until gamma changes by less than 1e-5 words on average, or 100 times.

        Args:
            data: x, [D, V].
            topics: `Topics`.
            gamma: where to begin; by default at α + N_d/K.
        """
        model, words = self._model, Words(data)
        if gamma is None:
            lengths = data.sum(axis=1, keepdims=True)
            gamma = np.tile(model.alpha + lengths / model.num_topics, (1, model.num_topics))
        log_topics = words.log_topics(topics)
        for _ in range(MAX_LOCAL_STEPS):
            q_c = np.exp(log_softmax(words.log_proportions(gamma) + log_topics, axis=1))
            last, gamma = gamma, model.alpha + words.per_document @ q_c
            if np.mean(np.abs(gamma - last)) < LOCAL_TOLERANCE:
                break
        return Documents(gamma, q_c)

    def global_step(self, data, documents, scale=1.0):
        """lam_kv = β + Σ_d x_dv q_c[k], each document counted `scale` times: `Topics`."""
        return Topics(self._model.beta + scale * (Words(data).per_word @ documents.q_c).T)

    @staticmethod
    def join(documents, topics):
        """Both parts as one q."""
        return LDAQ(documents.gamma, topics.lam)

    def elbo(self, q):
        """The ELBO in nats, with each document's multinomial coefficient as in `LDA.log_joint`."""
        topics = Topics(q.lam)
        return self._local_elbo(self._model.data, q.gamma, topics) + self.global_elbo(topics)

    def local_elbo(self, data, documents, topics):
        """E[log p(x, c | θ, φ)] + H[q(c)] − Σ_d KL(q(θ_d) ‖ p(θ_d)) in nats, at the best q(c)."""
        return self._local_elbo(data, documents.gamma, topics)

    def _local_elbo(self, data, gamma, topics):
        words = Words(data)
        log_weights = words.log_proportions(gamma) + words.log_topics(topics)
        log_data = words.counts @ logsumexp(log_weights, axis=1)
        log_coefficients = gammaln(data.sum(axis=1) + 1).sum() - gammaln(words.counts + 1).sum()
        return float(log_data + log_coefficients - kl_dirichlet(gamma, self._model.alpha).sum())

    def global_elbo(self, topics):
        """−Σ_k KL(q(φ_k) ‖ p(φ_k)) in nats."""
        return float(-kl_dirichlet(topics.lam, self._model.beta).sum())

    @staticmethod
    def interpolate(old, new, rho):
        """(1 − ρ) old + ρ new: a Dirichlet's parameters are its natural ones plus a constant."""
        return Topics((1 - rho) * old.lam + rho * new.lam)

    def posterior(self, q):
        """q(θ) q(φ) over {"proportions", "topics"}."""
        constant = functools.partial(tf.constant, dtype=self._model.dtype)
        return tfd.JointDistributionNamed(
            {
                "proportions": tfd.Independent(tfd.Dirichlet(constant(q.gamma)), 1),
                "topics": tfd.Independent(tfd.Dirichlet(constant(q.lam)), 1),
            }
        )


class Words:
    """The entries of x that are not 0, in a row: all that LDA needs of the documents.

    Attributes:
        counts: [W], how often each of these words occurs in its document.
        per_document, per_word: sparse [D, W] and [V, W], which add up the counts.
    """

    def __init__(self, data):
        self._document, self._word = np.nonzero(data)
        self.counts = data[self._document, self._word]
        places = np.arange(len(self.counts))
        entries = (self.counts, (self._document, places))
        self.per_document = scipy.sparse.csr_matrix(entries, (len(data), len(places)))
        entries = (self.counts, (self._word, places))
        self.per_word = scipy.sparse.csr_matrix(entries, (data.shape[1], len(places)))

    def log_proportions(self, gamma):
        """E[log θ_dk] for each entry's document, [W, K]."""
        return expected_log_dirichlet(gamma)[self._document]

    def log_topics(self, topics):
        """E[log φ_kv] for each entry's word, [W, K]."""
        return expected_log_dirichlet(topics.lam).T[self._word]
