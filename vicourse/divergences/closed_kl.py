"""Closed-form KL pairs that TFP 0.25 lacks; importing this file teaches them to TFP.

Afterwards `tfd.kl_divergence` finds them as it finds its own. All are in nats, batched, and
differentiable. Binomial, Geometric and NegativeBinomial are all made of coin tosses, and the KL of
independent tosses adds up: KL = (expected number of tosses under p) · KL(one toss of p ‖ one of q).
"""

import tensorflow as tf
import tensorflow_probability as tfp

tfd = tfp.distributions


def _register(kind):
    """`tfp.distributions.RegisterKL` for two of a kind, harmless when repeated."""

    def decorate(function):
        # TFP refuses a pair that is registered already: on a second import of this file, or
        # once a later TFP has the pair itself.
        try:
            return tfd.RegisterKL(kind, kind)(function)
        except ValueError:
            return function

    return decorate


@_register(tfd.Poisson)
def kl_poisson_poisson(p, q, name=None):
    """KL between Poissons: λ_p log(λ_p/λ_q) − λ_p + λ_q.

    Source: E[x] = λ_p in E_p[x log(λ_p/λ_q) − λ_p + λ_q]; the factorials cancel.
    Chapter: foundations/divergences
    """
    with tf.name_scope(name or "kl_poisson_poisson"):
        rate_p, rate_q = p.rate_parameter(), q.rate_parameter()
        return tf.math.xlogy(rate_p, rate_p / rate_q) - rate_p + rate_q


@_register(tfd.Binomial)
def kl_binomial_binomial(p, q, name=None):
    """KL between Binomials of n tosses each: n [π_p log(π_p/π_q) + (1−π_p) log((1−π_p)/(1−π_q))].

    Raises:
        NotImplementedError: the numbers of tosses differ: then there is no closed form.

    Chapter: foundations/divergences
    """
    with tf.name_scope(name or "kl_binomial_binomial"):
        return _same_count(p, q) * _kl_of_one_toss(p, q)


@_register(tfd.Geometric)
def kl_geometric_geometric(p, q, name=None):
    """KL between Geometrics (failures before a success): 1/π_p times the KL of one toss.

    = log(π_p/π_q) + (1−π_p)/π_p · log((1−π_p)/(1−π_q)).

    Chapter: foundations/divergences
    """
    with tf.name_scope(name or "kl_geometric_geometric"):
        return _kl_of_one_toss(p, q) / p.probs_parameter()


@_register(tfd.NegativeBinomial)
def kl_negative_binomial_negative_binomial(p, q, name=None):
    """KL between NegativeBinomials (successes before r failures): r/(1−π_p) times one toss's KL.

    Raises:
        NotImplementedError: the r differ: then there is no closed form.

    Chapter: foundations/divergences
    """
    with tf.name_scope(name or "kl_negative_binomial_negative_binomial"):
        return _same_count(p, q) * _kl_of_one_toss(p, q) / (1 - p.probs_parameter())


@_register(tfd.InverseGamma)
def kl_inverse_gamma_inverse_gamma(p, q, name=None):
    """KL between inverse Gammas with concentrations a and scales b: that of Gammas with rates b.

    KL does not change under the invertible map x → 1/x, so that it is
    (a_p − a_q) ψ(a_p) − log Γ(a_p) + log Γ(a_q) + a_q log(b_p/b_q) + a_p (b_q − b_p)/b_p.

    Chapter: foundations/divergences
    """
    with tf.name_scope(name or "kl_inverse_gamma_inverse_gamma"):
        gamma_p, gamma_q = (tfd.Gamma(dist.concentration, rate=dist.scale) for dist in (p, q))
        return tfd.kl_divergence(gamma_p, gamma_q)


@_register(tfd.WishartLinearOperator)
def kl_wishart_wishart(p, q, name=None):
    """KL between Wisharts with ν degrees of freedom and scale matrix V, of size d × d:

        ν_q/2 (log|V_q| − log|V_p|) + ν_p/2 (tr(V_q⁻¹V_p) − d)
        + log Γ_d(ν_q/2) − log Γ_d(ν_p/2) + (ν_p − ν_q)/2 ψ_d(ν_p/2)

    Γ_d and ψ_d are the multivariate gamma and digamma functions. TFP's `scale` is L, V = L Lᵀ.

    Source: Bishop (2006), Pattern Recognition and Machine Learning, appendix B (log
        normaliser, E[log|X|], E[X] = νV), put into E_p[log p − log q].
    Chapter: foundations/divergences
    """
    with tf.name_scope(name or "kl_wishart_wishart"):
        # log|V| = 2 log|L|, and tr(V_q⁻¹V_p) is the squared Frobenius norm of L_q⁻¹L_p.
        ratio = q.scale.solve(p.scale.to_dense())
        trace = tf.reduce_sum(ratio**2, axis=[-2, -1])
        log_det = 2 * (q.scale.log_abs_determinant() - p.scale.log_abs_determinant())
        d = p.event_shape[-1]
        return (
            0.5 * q.df * log_det
            + 0.5 * p.df * (trace - d)
            + _sum_over_dimensions(tf.math.lgamma, 0.5 * q.df, d)
            - _sum_over_dimensions(tf.math.lgamma, 0.5 * p.df, d)
            + 0.5 * (p.df - q.df) * _sum_over_dimensions(tf.math.digamma, 0.5 * p.df, d)
        )


def _kl_of_one_toss(p, q):
    return tfd.kl_divergence(
        tfd.Bernoulli(logits=p.logits_parameter()), tfd.Bernoulli(logits=q.logits_parameter())
    )


def _same_count(p, q):
    counts = [tf.get_static_value(dist.total_count) for dist in (p, q)]
    if any(count is None for count in counts) or (counts[0] != counts[1]).any():
        raise NotImplementedError(
            f"No closed-form KL between two {type(p).__name__} unless their `total_count` are "
            "known and equal. `vicourse.divergences.kl` sums it instead."
        )
    return p.total_count


def _sum_over_dimensions(function, a, d):
    """Σ_{i=0}^{d−1} function(a − i/2): log Γ_d(a) up to a constant that cancels, or ψ_d(a)."""
    return tf.reduce_sum(function(a[..., tf.newaxis] - 0.5 * tf.range(d, dtype=a.dtype)), axis=-1)
