"""Right and wrong answers to the exercises of foundations/divergences."""

import numpy as np
from scipy import optimize, spatial, stats

# Gauss–Hermite nodes: means under N(0, 1), exact for polynomials of degree below 40.
_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(20)
_WEIGHTS = _WEIGHTS / _WEIGHTS.sum()


def _mean_log_ratio(mu_p, sigma_p, mu_q, sigma_q):
    z = mu_p + sigma_p * _NODES[:, None]
    log_ratio = stats.norm.logpdf(z, mu_p, sigma_p) - stats.norm.logpdf(z, mu_q, sigma_q)
    return _WEIGHTS @ log_ratio


def _moments_by_quadrature(weights, means, sds):
    z = means + sds * _NODES[:, None]  # one column for each component
    first, second = _WEIGHTS @ z @ weights, _WEIGHTS @ z**2 @ weights
    return np.array([first, np.sqrt(second - first**2)])


def _terms_in_long_double(log_p, log_q):
    log_ratio = log_p.astype(np.longdouble) - log_q
    return (log_ratio + 1 / np.exp(log_ratio) - 1).astype(np.float64)


def _where_the_values_cross():
    """The same point with other tools: Simpson's rule, Nelder–Mead, and bisection."""
    z = np.linspace(-18, 18, 2401)
    simpson = np.r_[1, np.tile([4, 2], 1200)[:-1], 1] * (z[1] - z[0]) / 3
    p = 0.8 * stats.norm.pdf(z, -3, 0.7) + 0.2 * stats.norm.pdf(z, 3, 0.7)

    def least(alpha, start):
        def objective(x):
            q = stats.norm.pdf(z, x[0], x[1])
            return np.log(simpson @ (p**alpha * q ** (1 - alpha))) / (alpha * (alpha - 1))

        settings = {"xatol": 1e-7, "fatol": 1e-11}
        return optimize.minimize(objective, start, method="Nelder-Mead", options=settings).fun

    return optimize.bisect(
        lambda alpha: least(alpha, (-3, 0.7)) - least(alpha, (-2, 2.3)), 0.74, 0.78, xtol=1e-7
    )


# Independent answers: SciPy's own divergences, and quadrature.
INDEPENDENT = {
    "divergences.1": lambda p, q: stats.entropy(p, q, axis=1),
    "divergences.2": _mean_log_ratio,
    "divergences.3": _moments_by_quadrature,
    "divergences.4": _terms_in_long_double,
    "divergences.5": lambda p, q: spatial.distance.jensenshannon(p, q, axis=1) ** 2,
    "divergences.7": _where_the_values_cross,
}

SECRETS = (
    "xlogy(p, p / q), axis",
    "(mu_p - mu_q) ** 2",
    "(means - mean) ** 2",
    "expm1(log_ratio)",
    "0.5 * (p + q)",
    'prediction = "c"',
    "lowest(alpha, (-2, 2.4))",
)

# Right answers written in other ways: NumPy, loops, plain Python, TFP, SciPy.
VARIANTS = {
    "divergences.1": [
        """
def waste(p, q):
    from scipy.special import rel_entr
    return rel_entr(p, q).sum(axis=-1)
""",
        """
def waste(p, q):
    result = []
    for p_row, q_row in zip(p, q):
        total = 0.0
        for a, b in zip(map(float, p_row), map(float, q_row)):
            if a > 0.0:
                total += a * math.log(a / b) if b > 0.0 else math.inf
        result.append(total)
    return result
""",
        """
def waste(p, q):
    safe = tf.where(p > 0.0, p, tf.ones_like(p))
    terms = tf.where(p > 0.0, p * (tf.math.log(safe) - tf.math.log(q)), tf.zeros_like(p))
    return tf.reduce_sum(terms, axis=-1)
""",
    ],
    "divergences.2": [
        """
def gaussian_kl(mu_p, sigma_p, mu_q, sigma_q):
    return tfd.kl_divergence(tfd.Normal(mu_p, sigma_p), tfd.Normal(mu_q, sigma_q))
""",
        """
def gaussian_kl(mu_p, sigma_p, mu_q, sigma_q):
    ratio = (sigma_p / sigma_q) ** 2.0
    return 0.5 * (ratio - 1.0 - np.log(ratio) + ((mu_p - mu_q) / sigma_q) ** 2.0)
""",
        """
def gaussian_kl(mu_p, sigma_p, mu_q, sigma_q):
    out = []
    for a, s, b, t in zip(mu_p, sigma_p, mu_q, sigma_q):
        a, s, b, t = float(a), float(s), float(b), float(t)
        out.append(math.log(t) - math.log(s) + (s * s + (a - b) * (a - b)) / (2.0 * t * t) - 0.5)
    return out
""",
    ],
    "divergences.3": [
        """
def cover(weights, means, sds):
    mean = np.sum(weights * means)
    return np.array([mean, np.sqrt(np.sum(weights * (sds**2.0 + means**2.0)) - mean**2.0)])
""",
        """
def cover(weights, means, sds):
    mixture = tfd.MixtureSameFamily(tfd.Categorical(probs=weights), tfd.Normal(means, sds))
    return mixture.mean(), mixture.stddev()
""",
        """
def cover(weights, means, sds):
    first = second = 0.0
    for w, m, s in zip(weights, means, sds):
        first += float(w * m)
        second += float(w * (m * m + s * s))
    return [first, math.sqrt(second - first * first)]
""",
    ],
    "divergences.4": [
        """
def kl_terms(log_p, log_q):
    return log_p - log_q + np.exp(log_q - log_p) - 1.0
""",
        """
def kl_terms(log_p, log_q):
    terms = []
    for a, b in zip(log_p, log_q):
        gap = float(b) - float(a)
        terms.append(math.expm1(gap) - gap)
    return tuple(terms)
""",
        """
def kl_terms(log_p, log_q):
    ratio = tf.exp(log_q - log_p)
    return ratio - 1.0 - tf.math.log(ratio)
""",
    ],
    "divergences.5": [
        """
def jensen_shannon(p, q):
    m = (p + q) / 2.0
    kl_p = np.sum(p * np.log(p / m), axis=1)
    kl_q = np.sum(q * np.log(q / m), axis=1)
    return (kl_p + kl_q) / 2.0
""",
        """
def jensen_shannon(p, q):
    entropy = lambda r: -np.sum(r * np.log(r), axis=-1)
    return entropy(0.5 * (p + q)) - 0.5 * (entropy(p) + entropy(q))
""",
        """
def jensen_shannon(p, q):
    m = tfd.Categorical(probs=(p + q) / 2.0)
    to_p, to_q = (tfd.kl_divergence(tfd.Categorical(probs=r), m) for r in (p, q))
    return 0.5 * to_p + 0.5 * to_q
""",
    ],
}

_KL = "tf.reduce_sum(p * tf.math.log(p / q), 1)"
_GAUSSIAN = "gaussian_kl(mu_p, sigma_p, mu_q, sigma_q)"
_MEAN = "tf.reduce_sum(weights * means)"

# Wrong answers as learners write them, with part of the message where it is recognised.
WRONG = {
    "divergences.1": [
        (_KL, "right where all probabilities are positive"),
        ("tf.reduce_sum(tf.math.xlogy(p, p / (q + 1e-9)), 1)", "right where all probabilities"),
        ("waste(q, p)", "you swapped the arguments"),
        ("np.sum(p * np.log2(p / q), 1)", "this is in bits"),
        ("-tf.reduce_sum(p * tf.math.log(q), 1)", "this is the cross-entropy"),
        ("tf.reduce_mean(tf.math.xlogy(p, p / q), 1)", "you averaged over the words"),
        ("tf.reduce_sum(tf.math.log(p / q), 1)", "not weighted by p"),
        ("tf.math.xlogy(p, p / q)", "one value per word"),
        ("tf.reduce_sum(tf.math.xlogy(p, p / q))", "summed over the pairs too"),
        ("tf.reduce_sum((p - q)**2, 1)", None),
    ],
    "divergences.2": [
        ("gaussian_kl(mu_q, sigma_q, mu_p, sigma_p)", "you swapped the arguments"),
        (
            "0.5*tf.math.log(sigma_q/sigma_p) + (sigma_p + (mu_p - mu_q)**2)/(2*sigma_q) - 0.5",
            "you used σ where the formula has σ²",
        ),
        (f"{_GAUSSIAN} + 0.5", "the −½ is missing"),
        (f"-{_GAUSSIAN}", "the sign is turned round"),
        (f"tf.reduce_sum({_GAUSSIAN})", "you added up the pairs"),
        ("gaussian_kl(mu_p, sigma_p, mu_p, sigma_q)", "squared difference of the means"),
        (f"{_GAUSSIAN} + tf.math.log(sigma_q / sigma_p)", "counts twice"),
        ("(mu_p - mu_q)**2 / (2 * sigma_q**2)", None),
        (f"{_GAUSSIAN} + 0.5 * np.log(2 * np.pi)", None),
    ],
    "divergences.3": [
        (
            f"({_MEAN}, tf.reduce_sum(weights * (sds**2 + means**2)) - {_MEAN}**2)",
            "you returned the variance",
        ),
        (f"({_MEAN}, tf.sqrt(tf.reduce_sum(weights * sds**2)))", "spread of the means is missing"),
        (f"({_MEAN}, tf.reduce_sum(weights * sds))", "you averaged the standard deviations"),
        (
            f"({_MEAN}, tf.sqrt(tf.reduce_sum(weights * (means - {_MEAN})**2)))",
            "spread within the components is missing",
        ),
        ("(tf.reduce_mean(means), tf.math.reduce_std(means))", None),
        ("cover(1.0 + 0.0 * weights / 3.0, means, sds)", None),
    ],
    "divergences.4": [
        ("log_p - log_q", "its terms can be negative"),
        ("tf.abs(log_p - log_q)", "you took absolute values"),
        ("tf.nn.relu(log_p - log_q)", "you cut the negative terms off"),
        ("0.5 * (log_p - log_q)**2", "half the square"),
        ("kl_terms(log_q, log_p)", "p and q have changed places"),
        ("log_p - log_q + tf.exp(log_p - log_q) - 1", "it must be q/p"),
        ("log_p - log_q + tf.exp(log_q)/tf.exp(log_p) - 1", "right for moderate log densities"),
        ("tf.reduce_mean(kl_terms(log_p, log_q))", "Asked is one term per draw"),
        ("tf.exp(log_p) - tf.exp(log_q)", None),
    ],
    "divergences.5": [
        ("jensen_shannon_given(p, q)", "the bug is still in it"),
        ("2 * jensen_shannon(p, q)", "the two halves are missing"),
        ("tf.sqrt(jensen_shannon(p, q))", "this is the square root"),
        ("jensen_shannon(p, q) / np.log(2)", "this is in bits"),
        ("waste(p, q)", None),
        ("0.5 * waste(p, 0.5 * (p + q))", None),
    ],
}
