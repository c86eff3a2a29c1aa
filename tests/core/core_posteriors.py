"""Posteriors that a model does not give itself, written down by enumeration."""

import numpy as np
import scipy.special
import scipy.stats as st
import tensorflow_probability as tfp

from vicourse.models import LDA, NormalWishartMixture, enumerate_states

tfd = tfp.distributions


def lda_log_posterior(model):
    """z → log p(θ, φ | x), a sum over the topics c of all words; [..., D, K], [..., K, V] to [...].

    Given c, every row is a Dirichlet: θ_d ~ Dir(α + n_d), φ_k ~ Dir(β + m_k), with n_dk words of
    document d and m_kv occurrences of word v in topic k; p(c | x) is their ratio of normalisers.
    """
    documents, words = np.repeat(
        np.argwhere(model.data >= 0), model.data.ravel().astype(int), axis=0
    ).T
    parts, weights = [], []
    for topics in enumerate_states(model.num_topics, len(words)):
        n = np.full((len(model.data), model.num_topics), model.alpha)
        m = np.full((model.num_topics, model.data.shape[1]), model.beta)
        np.add.at(n, (documents, topics), 1)
        np.add.at(m, (topics, words), 1)
        parts.append((n, m))
        weights.append(sum(_log_beta(row) for rows in (n, m) for row in rows))
    weights = np.array(weights) - scipy.special.logsumexp(weights)

    def log_posterior(z):
        theta, phi = (np.asarray(z[key]) for key in ("proportions", "topics"))
        terms = [_log_dirichlets(theta, n) + _log_dirichlets(phi, m) for n, m in parts]
        return scipy.special.logsumexp(np.stack(terms, -1) + weights, axis=-1)

    return log_posterior


def mixture_log_posterior(model):
    """z → log p(π, μ, Λ | x) of `NormalWishartMixture`, a sum over the assignments c of all points.

    Given c, π ~ Dir(α₀ + N_c) and each component is Normal–Wishart with the counts of its points;
    p(c | x) from their evidences, each a chain of Student-t predictions.

    Source: Bishop (2006), Pattern Recognition and Machine Learning, section 10.2.
    """
    subsets = enumerate_states(2, len(model.data)).astype(bool)
    updated, evidence = zip(
        *[_normal_wishart(model, model.data[rows]) for rows in subsets], strict=True
    )
    places = 2 ** np.arange(len(model.data))[::-1]
    states = enumerate_states(model.num_components, len(model.data))
    chosen = states[:, :, None] == np.arange(model.num_components)  # [S, N, K]
    concentrations = model.concentration + chosen.sum(axis=1)  # [S, K]
    which = np.einsum("snk,n->sk", chosen, places)
    weights = np.array([_log_beta(row) for row in concentrations])
    weights += np.asarray(evidence)[which].sum(axis=1)
    weights -= scipy.special.logsumexp(weights)

    def log_posterior(z):
        of_subset = []
        for loc, count, degrees, scale_inverse in updated:
            scale = np.linalg.cholesky(np.linalg.inv(scale_inverse))
            root = np.linalg.cholesky(np.linalg.inv(count * z["precisions"].numpy()))
            values = tfd.WishartTriL(degrees, scale).log_prob(z["precisions"])
            of_subset.append(values + tfd.MultivariateNormalTriL(loc, root).log_prob(z["means"]))
        of_subset = np.stack(of_subset, -1)  # [..., K, subsets]
        terms = sum(of_subset[..., k, which[:, k]] for k in range(model.num_components))
        powers = np.log(z["weights"].numpy()) @ (concentrations - 1).T
        log_betas = np.array([_log_beta(row) for row in concentrations])
        return scipy.special.logsumexp(terms + powers - log_betas + weights, axis=-1)

    return log_posterior


def _normal_wishart(model, x):
    """(m, β, ν, W⁻¹) after the points x of one component, and the log evidence of those points."""
    m, count, degrees = model.prior_mean, model.prior_count, model.degrees
    scale_inverse, evidence, dim = model.scale_inverse, 0.0, len(model.prior_mean)
    for point in x:
        df = degrees - dim + 1
        shape = scale_inverse * (count + 1) / (count * df)
        evidence += st.multivariate_t(m, shape, df).logpdf(point)
        shift = point - m
        scale_inverse = scale_inverse + count / (count + 1) * np.outer(shift, shift)
        m, count, degrees = m + shift / (count + 1), count + 1, degrees + 1
    return (m, count, degrees, scale_inverse), evidence


def log_posterior_of(model):
    """z → log p(z | x): the model's own, or one of the above."""
    if "posterior" in model.knows:
        return model.posterior().log_prob
    if isinstance(model, LDA):
        return lda_log_posterior(model)
    if isinstance(model, NormalWishartMixture):
        return mixture_log_posterior(model)
    raise NotImplementedError(
        f"{model.name} knows its evidence but not its posterior: write its posterior here, by "
        "enumeration, so that log p(x) = ELBO + KL is checked for it too."
    )


def _log_beta(concentration):
    gammaln = scipy.special.gammaln
    return gammaln(concentration).sum() - gammaln(concentration.sum())


def _log_dirichlets(rows, concentrations):
    """Σ_i log Dir(rows_i; concentrations_i): [..., R, C] to [...]."""
    log_powers = np.sum((concentrations - 1) * np.log(rows), axis=(-2, -1))
    return log_powers - sum(_log_beta(row) for row in concentrations)
