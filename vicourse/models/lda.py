"""Latent Dirichlet allocation: documents as mixtures of topics.

Source: D. M. Blei, A. Y. Ng and M. I. Jordan, "Latent Dirichlet allocation", JMLR 3 (2003), with
the topics given a prior (their section 5.4).
Chapter: applications/topic_models.
"""

import numpy as np
import scipy.special
import tensorflow as tf
import tensorflow_probability as tfp

from vicourse.models.enumeration import enumerate_states
from vicourse.models.kinds import BayesianModel
from vicourse.validation import check_counts, check_integer, check_number

tfb = tfp.bijectors
tfd = tfp.distributions


class LDA(BayesianModel):
    """Documents of counted words; each word is drawn from one of K topics.

        φ_k ~ Dirichlet(β 1_V),   θ_d ~ Dirichlet(α 1_K)
        x_d | θ, φ ~ Multinomial(N_d, Σ_k θ_dk φ_k)

    The latents are {"proportions": θ, [D, K], "topics": φ, [K, V]}; the topic of each word is
    summed out of `log_joint`. The data are counts, so each document's multinomial coefficient
    N_d! / Π_v x_dv! is part of p(x | z); texts that model the sequence of words leave it out.
    All K! orders of the topics are equally probable.

    Args:
        data: x, [D, V], whole numbers: how often word v occurs in document d.
        num_topics: K, 2 or more.
        alpha, beta: the Dirichlet parameters of proportions and topics.
        dtype: `tf.float64` or `tf.float32`.
    """

    name = "Latent Dirichlet allocation"

    def __init__(self, data, num_topics, alpha=1.0, beta=1.0, dtype=tf.float64):
        self.num_topics = check_integer("num_topics", num_topics, minimum=2)
        self.alpha = check_number("alpha", alpha, above=0)
        self.beta = check_number("beta", beta, above=0)
        self.data = self._check_data(data)
        num_documents, num_words = self.data.shape
        event_shape = {
            "proportions": [num_documents, self.num_topics],
            "topics": [self.num_topics, num_words],
        }
        # Why not SoftmaxCentered: see `conjugate.DirichletMultinomial`.
        simplex = tfb.IteratedSigmoidCentered()
        super().__init__(event_shape, {"proportions": simplex, "topics": simplex}, dtype)
        self.prior = tfd.JointDistributionNamed(
            {
                "proportions": self._dirichlets(self.alpha, *event_shape["proportions"]),
                "topics": self._dirichlets(self.beta, *event_shape["topics"]),
            }
        )

    def _check_data(self, data):
        data = check_counts("data", data, shape=(None, None))
        if data.shape[1] < 2:
            raise ValueError(f"`data`: wanted at least 2 different words, got {data.shape[1]}.")
        return data

    def _dirichlets(self, concentration, count, size):
        each = tfd.Dirichlet(tf.fill([size], self._constant(concentration)))
        return tfd.Sample(each, [count])

    def likelihood(self, z):
        lengths = self._constant(self.data.sum(axis=1))
        words = tf.matmul(z["proportions"], z["topics"])
        return tfd.Independent(tfd.Multinomial(lengths, probs=words), 1)

    def log_evidence(self):
        """log p(x) in nats: the exact sum over the topics of all words, Kᴺ of them: toys only.

            p(x) = Π_d N_d!/Π_v x_dv! · Σ_c Π_d B(α + n_d)/B(α) · Π_k B(β + m_k)/B(β)

        with c the topic of each word, n_dk how many words of document d and m_kv how many
        occurrences of word v are in topic k.
        """
        counts = self.data.astype(int)
        document, word = np.repeat(np.argwhere(counts >= 0), counts.ravel(), axis=0).T
        topics = enumerate_states(self.num_topics, counts.sum())
        chosen = (topics[:, :, None] == np.arange(self.num_topics)).astype(float)  # [S, N, K]
        in_document = np.einsum("snk,nd->sdk", chosen, np.eye(len(counts))[document])
        in_topic = np.einsum("snk,nv->skv", chosen, np.eye(counts.shape[1])[word])
        terms = _log_ratio(in_document, self.alpha) + _log_ratio(in_topic, self.beta)
        log_factorial = scipy.special.gammaln(counts.sum(axis=1) + 1).sum()
        log_factorial -= scipy.special.gammaln(counts + 1).sum()
        return float(log_factorial + scipy.special.logsumexp(terms))


def _log_ratio(counts, concentration):
    """Σ log B(concentration + counts) − log B(concentration) over the rows: [S, R, C] to [S]."""
    gammaln, size = scipy.special.gammaln, counts.shape[2]
    after = gammaln(counts + concentration).sum(axis=2)
    after -= gammaln(counts.sum(axis=2) + size * concentration)
    before = size * gammaln(concentration) - gammaln(size * concentration)
    return np.sum(after - before, axis=1)
