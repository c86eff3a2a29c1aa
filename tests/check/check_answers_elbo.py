"""Right and wrong answers to the exercises of foundations/elbo."""

import numpy as np
from scipy import optimize, stats

# Gauss–Hermite nodes: means under N(0, 1), exact for polynomials of degree below 40.
_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(20)
_WEIGHTS = _WEIGHTS / _WEIGHTS.sum()


def _mean_log_weight(m, s, x):
    z = m + s * _NODES
    log_joint = stats.norm.logpdf(z) + stats.norm.logpdf(x, loc=z)
    return _WEIGHTS @ (log_joint - stats.norm.logpdf(z, m, s))


def _log_mean_in_long_double(log_weights):
    # An 80-bit exponential neither overflows nor rounds to 0 at ±800.
    return np.log(np.exp(log_weights.astype(np.longdouble)).mean(axis=1)).astype(np.float64)


def _parabola_of_log_density(precision, target_mean, i, mean):
    """log q_i* is the log density along z_i, the others at their means: read off its parabola."""
    log_density = stats.multivariate_normal(target_mean, np.linalg.inv(precision)).logpdf
    points = np.tile(mean, (3, 1))
    points[:, i] = left, middle, right = -1.0, 0.0, 1.0
    low, here, high = log_density(points)
    curvature = low - 2 * here + high
    slope = (high - low) / (right - left)
    return np.array([middle - slope / curvature, -1 / curvature])


def _terms_with_scipy_s_densities(m, s, eps):
    z = np.exp(m + s * eps)
    log_joint = stats.expon.logpdf(z) + stats.poisson.logpmf(3, 10 * z)
    return log_joint - stats.lognorm.logpdf(z, s, scale=np.exp(m))


def _rule_and_gap_by_quadrature(rho):
    z = np.sqrt(1 - rho**2) * np.stack(np.meshgrid(_NODES, _NODES), axis=-1)
    weights = np.outer(_WEIGHTS, _WEIGHTS)
    log_p = stats.multivariate_normal([0, 0], [[1, rho], [rho, 1]]).logpdf(z)
    log_q = stats.norm.logpdf(z, scale=np.sqrt(1 - rho**2)).sum(axis=-1)
    mean = np.sum(weights * (log_p - log_q))
    return np.array([0.5 * np.sum(weights * (log_p - log_q - mean) ** 2), -mean])


def _ten_percent_too_small():
    def surplus(rho):
        rule, gap = _rule_and_gap_by_quadrature(rho)
        return rule - 0.9 * gap

    return optimize.brentq(surplus, 0.1, 0.9)


# Independent answers: quadrature and SciPy's own densities.
INDEPENDENT = {
    "elbo.1": _mean_log_weight,
    "elbo.2": _log_mean_in_long_double,
    "elbo.3": _parabola_of_log_density,
    "elbo.4": _terms_with_scipy_s_densities,
    "elbo.6": _rule_and_gap_by_quadrature,
    "elbo.7": _ten_percent_too_small,
}

SECRETS = (
    "log_prior + log_likelihood",
    "tf.exp(log_weights - largest)",
    "1.0 / precision[i, i]",
    "log_prob(log_z) - log_z",
    'prediction = "c"',
    "0.5 * rho**2",
    "optimize.brentq(lambda",
)

# Right answers written in other ways: NumPy, loops, plain Python, TFP, SciPy.
VARIANTS = {
    "elbo.1": [
        """
def elbo(m, s, x):
    return -0.5 * math.log(2.0 * math.pi) + 0.5 + math.log(s) - s ** 2 - (m**2 + (x - m)**2) / 2.0
""",
        """
def elbo(m, s, x):
    fit = tfd.Normal(m, 1.0).log_prob(x) - 0.5 * s**2
    return fit - tfd.kl_divergence(tfd.Normal(m, s), tfd.Normal(0.0, 1.0))
""",
        """
def elbo(m, s, x):
    log_evidence = -0.5 * np.log(4.0 * np.pi) - x**2 / 4.0
    variance = 0.5
    gap = 0.5 * ((s**2 + (m - x / 2.0)**2) / variance - 1.0 + np.log(variance) - 2.0 * np.log(s))
    return log_evidence - gap
""",
    ],
    "elbo.2": [
        """
def importance_weighted_bound(log_weights):
    return tf.reduce_logsumexp(log_weights, axis=1) - math.log(log_weights.shape[1])
""",
        """
def importance_weighted_bound(log_weights):
    rows = []
    for row in log_weights:
        row = [float(value) for value in row]
        top = max(row)
        total = 0.0
        for value in row:
            total += math.exp(value - top)
        rows.append(top + math.log(total / len(row)))
    return rows
""",
        """
def importance_weighted_bound(log_weights):
    return np.logaddexp.reduce(log_weights, axis=-1) - np.log(np.shape(log_weights)[-1])
""",
    ],
    "elbo.3": [
        """
def coordinate_update(precision, target_mean, i, mean):
    new = float(target_mean[i])
    for j in range(len(mean)):
        if j != i:
            new -= float(precision[i][j]) * float(mean[j] - target_mean[j]) / float(precision[i][i])
    return [new, 1.0 / float(precision[i][i])]
""",
        """
def coordinate_update(precision, target_mean, i, mean):
    others = [j for j in range(len(mean)) if j != i]
    covariance = np.linalg.inv(precision)
    block = np.linalg.inv(covariance[np.ix_(others, others)])
    regression = covariance[int(i), others] @ block
    deviation = np.asarray(mean)[others] - np.asarray(target_mean)[others]
    return (target_mean[i] + regression @ deviation,
            covariance[i, i] - regression @ covariance[others, int(i)])
""",
    ],
    "elbo.4": [
        """
def elbo_terms(m, s, eps):
    z = tf.exp(m + s * eps)
    log_joint = tfd.Exponential(1.0).log_prob(z) + tfd.Poisson(10.0 * z).log_prob(3.0)
    return log_joint - tfd.LogNormal(m, s).log_prob(z)
""",
        """
def elbo_terms(m, s, eps):
    terms = []
    for e in eps:
        u = float(m) + float(s) * float(e)
        log_joint = -11.0 * math.exp(u) + 3.0 * (math.log(10.0) + u) - math.log(6.0)
        terms.append(log_joint + u + float(e)**2 / 2.0 + math.log(s * math.sqrt(2.0 * math.pi)))
    return terms
""",
        """
def elbo_terms(m, s, eps):
    u = m + s * eps
    log_joint_of_u = 4.0 * u - 11.0 * np.exp(u) + np.log(10.0**3.0 / 6.0)
    log_q_of_u = -0.5 * eps**2.0 - np.log(s) - 0.5 * np.log(2.0 * np.pi)
    return log_joint_of_u - log_q_of_u
""",
    ],
    "elbo.6": [
        """
def rule_and_gap(rho):
    return np.square(rho) / 2.0, -np.log(np.sqrt(1.0 - np.square(rho)))
""",
        """
def rule_and_gap(rho):
    variance = 1.0 - float(rho) ** 2
    log_p_constant = -math.log(2.0 * math.pi) - 0.5 * math.log(variance)
    log_q_constant = -math.log(2.0 * math.pi) - math.log(variance)
    coefficient = float(rho) / variance
    return np.array([0.5 * (coefficient * variance)**2, log_q_constant - log_p_constant])
""",
    ],
}

_PI = "0.5 * np.log(2 * np.pi)"
_LOG_PRIOR = "tfd.Normal(0., 1.).log_prob(m)"
_LOG_LIK = "tfd.Normal(m, 1.).log_prob(x)"
_ENTROPY = "tfd.Normal(m, s).entropy()"
_GIVEN = "elbo_terms_given(m, s, eps)"
_Z = "tf.exp(m + s * eps)"
_JOINT = f"tfd.Exponential(1.).log_prob({_Z}) + tfd.Poisson(10. * {_Z}).log_prob(3.)"
_SUM_OTHERS = (
    "tf.reduce_sum(precision[i] * (mean - target_mean))"
    " - precision[i, i] * (mean[i] - target_mean[i])"
)

# Wrong answers as learners write them, with part of the message where it is recognised.
WRONG = {
    "elbo.1": [
        (f"-2*{_PI} - 0.5*(m**2 + s**2) - 0.5*((x-m)**2 + s**2)", "this is the energy alone"),
        (f"{_LOG_PRIOR} + {_LOG_LIK} + {_ENTROPY}", "you put the mean m in place of z"),
        (f"{_LOG_PRIOR} + {_LOG_LIK} - 0.5*s**2 + {_ENTROPY}", "one s² is missing"),
        (f"{_LOG_PRIOR} + {_LOG_LIK} - s + {_ENTROPY}", "s stands where"),
        (f"{_LOG_PRIOR} + {_LOG_LIK} - s**2 - {_ENTROPY}", "the entropy has the wrong sign"),
        (f"{_LOG_LIK} - 0.5*s**2 + {_ENTROPY}", "the prior is missing"),
        (
            f"{_LOG_LIK} - 0.5*s**2 - 2*tfd.Normal(m, s).kl_divergence(tfd.Normal(0., 1.))",
            "subtracted twice",
        ),
        ("0.5 + tf.math.log(s) - s**2 - 0.5*m**2 - 0.5*(x-m)**2", "½ log 2π is missing"),
        ("tf.math.log(s) - s**2 - 0.5*m**2 - 0.5*(x-m)**2", "all constants are missing"),
        (f"-({_LOG_PRIOR} + {_LOG_LIK} - s**2 + {_ENTROPY})", "the sign is turned round"),
        (f"{_LOG_PRIOR} + {_LOG_LIK} - s**2 + 2*{_ENTROPY}", None),
        ("tfd.Normal(m, s).log_prob(x)", None),
    ],
    "elbo.2": [
        ("tf.reduce_mean(log_weights, axis=1)", "That estimates the ELBO"),
        ("tf.reduce_logsumexp(log_weights, axis=1)", "the −log K is missing"),
        ("tf.reduce_max(log_weights, axis=1)", "the largest log weight of each row"),
        (
            "tf.reduce_logsumexp(log_weights, 1) - np.log(len(log_weights))",
            "you subtracted log S",
        ),
        ("tf.math.log(tf.reduce_mean(tf.exp(log_weights), axis=0))", "across the S repeats"),
        ("tf.math.log(tf.reduce_mean(tf.exp(log_weights)))", "Keep one value per row"),
        ("tf.math.log(tf.reduce_mean(tf.exp(log_weights), axis=1))", "right for moderate"),
        ("np.log(np.mean(np.exp(np.float64(log_weights)), axis=1) + 1e-300)", "right for moderate"),
        (
            "tf.reduce_max(log_weights) + tf.math.log("
            "tf.reduce_mean(tf.exp(log_weights - tf.reduce_max(log_weights)), axis=1))",
            "right for moderate",
        ),
        (
            "tf.reduce_max(log_weights, axis=1) - np.log(log_weights.shape[1])",
            None,
        ),
        ("tf.math.log(tf.reduce_sum(log_weights, axis=1))", None),
    ],
    "elbo.3": [
        (
            f"(target_mean[i] - ({_SUM_OTHERS}) / precision[i, i], tf.linalg.inv(precision)[i, i])",
            "the variance is Σ_ii",
        ),
        (
            f"(target_mean[i] + ({_SUM_OTHERS}) / precision[i, i], 1 / precision[i, i])",
            "the wrong sign",
        ),
        (
            "(-(tf.reduce_sum(precision[i] * mean) / precision[i, i] - mean[i]),"
            " 1 / precision[i, i])",
            "you forgot the target's mean",
        ),
        (
            "coordinate_update(tf.linalg.inv(precision), target_mean, i, mean)",
            "you used the covariance",
        ),
        ("(target_mean[i], tf.linalg.inv(precision)[i, i])", "the target's own marginal"),
        (
            "(coordinate_update(precision, target_mean, i, mean)[0], precision[i, i] ** -0.5)",
            "the standard deviation",
        ),
        ("coordinate_update(precision, target_mean, i, mean)[0]", "Return the pair"),
        (
            "(target_mean[i] - tf.reduce_sum(precision[i] * (mean - target_mean))"
            " / precision[i, i], 1 / precision[i, i])",
            "the sum runs over j = i too",
        ),
        ("(mean[i], 1 / precision[i, i])", None),
        ("coordinate_update(precision, mean, i, target_mean)", None),
    ],
    "elbo.4": [
        (_GIVEN, "the bug is still in it"),
        (f"{_GIVEN} - (m + s * eps)", "the Jacobian has the wrong sign"),
        (f"{_GIVEN} + {_Z}", "not its logarithm"),
        (f"{_GIVEN} + 2 * (m + s * eps)", "the Jacobian is there twice"),
        (f"{_JOINT} - tfd.Normal(m, s).log_prob({_Z})", "It is log z that is Normal"),
        ("tf.reduce_mean(elbo_terms(m, s, eps))", "Asked is one term for each draw"),
        (f"{_GIVEN} + m", "each draw has a Jacobian of its own"),
        (f"{_JOINT} - tfd.LogNormal(m, s**2).log_prob({_Z})", None),
        (f"{_GIVEN} - tf.math.log(s)", None),
    ],
    "elbo.6": [
        ("(rho**2, -0.5 * tf.math.log(1 - rho**2))", "the whole variance"),
        ("(0.5 * rho**2, -tf.math.log(1 - rho**2))", "lost its factor ½"),
        ("(0.5 * rho**2, 0.5 * tf.math.log(1 - rho**2))", "the gap has the wrong sign"),
        ("(0.5 * rho**2, -0.5 * tf.math.log(1 - rho))", "ρ where it should have ρ²"),
        ("(-0.5 * tf.math.log(1 - rho**2), 0.5 * rho**2)", "changed places"),
        ("(0.5 * (rho / (1 - rho**2))**2, -0.5 * tf.math.log(1 - rho**2))", "variance 1 under q"),
        ("0.5 * rho**2", "the rule alone"),
        ("(0.5 * rho, -0.5 * tf.math.log(1 - rho**2))", None),
        ("(0.25 * rho**2, -0.5 * tf.math.log(1 - rho**2))", None),
    ],
}
