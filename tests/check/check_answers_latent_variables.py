"""Right and wrong answers to the exercises of foundations/latent_variables."""

import numpy as np
from scipy import special, stats

from vicourse import models


def _softmax_of_scipy_s_densities(x, shares, means, sd):
    log_joint = np.log(shares) + stats.norm.logpdf(x[:, None], means, sd)
    return special.softmax(log_joint, axis=1)


def _regression_of_z_on_x(x, se, mu, tau):
    """E[z | x] = E[z] + Cov(z, x) Var(x)⁻¹ (x − E[x]) for a Gaussian pair."""
    return mu + tau**2 / (tau**2 + se**2) * (x - mu)


def _regression_on_the_factors(x, loadings, noise_sd, mean):
    """The same in several dimensions: Cov(z, x) = Wᵀ and Var(x) = W Wᵀ + Ψ."""
    covariance = loadings @ loadings.T + np.diag(noise_sd**2)
    return np.linalg.solve(covariance, (x - mean).T).T @ loadings


def _package_s_evidence(x, shares, prior_sd, noise_sd):
    model = models.GaussianMixture(x[:, None], shares, float(prior_sd), float(noise_sd))
    return model.log_evidence()


def _draws_by_quadrature(x, noise_sd, relative_error):
    """The moments of p(x | z) under the prior by the trapezoidal rule, one number at a time."""
    step = 1e-3
    z = step * np.arange(-12_000, 12_001)
    prior = step * stats.norm.pdf(z)
    w = stats.norm.pdf(x[..., None], z, noise_sd)
    first, second = (w * prior).sum(axis=-1), (w**2 * prior).sum(axis=-1)
    relative_variance = np.prod(second, axis=1) / np.prod(first, axis=1) ** 2 - 1
    return relative_variance / relative_error**2


INDEPENDENT = {
    "latent_variables.1": _softmax_of_scipy_s_densities,
    "latent_variables.2": _regression_of_z_on_x,
    "latent_variables.3": _regression_on_the_factors,
    "latent_variables.4": _package_s_evidence,
    "latent_variables.5": lambda log_p: special.logsumexp(
        log_p, axis=1, b=np.full_like(log_p, 1 / log_p.shape[1])
    ),
    "latent_variables.7": _draws_by_quadrature,
}

# Right answers written in other ways: NumPy, loops, plain Python, TFP, float64.
VARIANTS = {
    "latent_variables.1": [
        """
def responsibilities(x, shares, means, sd):
    log_joint = np.log(shares) - 0.5 * ((np.asarray(x)[:, None] - means) / sd) ** 2.0
    joint = np.exp(log_joint - log_joint.max(axis=1, keepdims=True))
    return joint / joint.sum(axis=1, keepdims=True)
""",
        """
def responsibilities(x, shares, means, sd):
    rows = []
    for one in x:
        logs = [math.log(float(p)) - (float(one) - float(m)) ** 2 / (2.0 * float(sd) ** 2)
                for p, m in zip(shares, means)]
        rows.append([1.0 / sum(math.exp(min(b - a, 700.0)) for b in logs) for a in logs])
    return rows
""",
        """
def responsibilities(x, shares, means, sd):
    x, shares = tf.cast(x, tf.float64), tf.cast(shares, tf.float64)
    likelihood = tfd.Normal(tf.cast(means, tf.float64), tf.cast(sd, tf.float64))
    log_joint = tf.math.log(shares) + likelihood.log_prob(x[:, None])
    return tf.exp(log_joint - tf.reduce_logsumexp(log_joint, axis=1, keepdims=True))
""",
    ],
    "latent_variables.2": [
        """
def pooled_effects(x, se, mu, tau):
    weight = tau**2 / (tau**2 + se**2)
    return weight * x + (1.0 - weight) * mu
""",
        """
def pooled_effects(x, se, mu, tau):
    moved = []
    for measured, error in zip(x, se):
        share = 1.0 / (1.0 + float(tau) ** 2 / float(error) ** 2)
        moved.append(float(measured) + share * (float(mu) - float(measured)))
    return moved
""",
    ],
    "latent_variables.3": [
        """
def factor_means(x, loadings, noise_sd, mean):
    covariance = loadings @ tf.transpose(loadings) + tf.linalg.diag(noise_sd**2)
    solved = tf.linalg.solve(covariance, tf.transpose(x - mean))
    return tf.transpose(tf.transpose(loadings) @ solved)
""",
        """
def factor_means(x, loadings, noise_sd, mean):
    x, W = np.asarray(x), np.asarray(loadings)
    inverse = np.diag(1.0 / np.asarray(noise_sd) ** 2)
    rows = []
    for one in x:
        precision = W.T @ inverse @ W + np.eye(W.shape[1])
        rows.append(np.linalg.solve(precision, W.T @ inverse @ (one - np.asarray(mean))))
    return np.stack(rows)
""",
    ],
    "latent_variables.4": [
        """
def log_evidence(x, shares, prior_sd, noise_sd):
    # One point after the other: given the kinds so far, each mean has a Gaussian posterior.
    x, shares = [float(v) for v in x], [float(v) for v in shares]
    s, sigma = float(prior_sd) ** 2, float(noise_sd) ** 2

    def add(n, log_p, states):
        if n == len(x):
            return log_p
        logs = []
        for k, (m, v) in enumerate(states):
            total = v + sigma
            log_here = math.log(shares[k]) - 0.5 * math.log(2.0 * math.pi * total)
            log_here = log_here - 0.5 * (x[n] - m) ** 2 / total
            gain = v / total
            new = states[:k] + [(m + gain * (x[n] - m), v - gain * v)] + states[k + 1 :]
            logs.append(add(n + 1, log_p + log_here, new))
        return np.logaddexp.reduce(logs)

    return add(0, 0.0, [(0.0, s)] * len(shares))
""",
    ],
    "latent_variables.5": [
        """
def log_evidence_from_draws(log_p):
    largest = np.max(log_p, axis=1, keepdims=True)
    return largest[:, 0] + np.log(np.mean(np.exp(log_p - largest), axis=1))
""",
        """
def log_evidence_from_draws(log_p):
    result = []
    for row in np.asarray(log_p):
        total = -np.inf
        for value in row:
            total = np.logaddexp(total, value)
        result.append(total - math.log(len(row)))
    return result
""",
    ],
    "latent_variables.7": [
        """
def draws_needed(x, noise_sd, relative_error):
    x, sigma = tf.cast(x, tf.float64), tf.cast(noise_sd, tf.float64)
    log_first = tfd.Normal(tf.zeros_like(x), tf.sqrt(1.0 + sigma**2)).log_prob(x)
    log_second = tfd.Normal(tf.zeros_like(x), tf.sqrt(1.0 + sigma**2 / 2.0)).log_prob(x)
    log_second = log_second - tf.math.log(2.0 * sigma * math.sqrt(math.pi))
    log_ratio = tf.reduce_sum(log_second - 2.0 * log_first, axis=1)
    return (tf.exp(log_ratio) - 1.0) / tf.cast(relative_error, tf.float64) ** 2.0
""",
    ],
}

_LOG_JOINT = "tf.math.log(shares) - 0.5 * ((x[:, None] - means) / sd)**2"
_DENSITY = "np.exp(-0.5 * ((x[:, None] - means) / sd)**2) / (sd * np.sqrt(2 * np.pi))"
_V = "(loadings / noise_sd[:, None]**2)"
_M = f"(np.eye(loadings.shape[1]) + np.transpose(loadings) @ {_V})"

# Wrong answers as learners write them, with part of the message where it is recognised.
WRONG = {
    "latent_variables.1": [
        ("tf.nn.softmax(-0.5 * ((x[:, None] - means) / sd)**2, axis=1)", "the shares are missing"),
        (
            "tf.nn.softmax(tf.math.log(shares) - 0.5 * (x[:, None] - means)**2 / sd, axis=1)",
            "you divided by sd where",
        ),
        (
            "tf.nn.softmax(tf.math.log(shares) - ((x[:, None] - means) / sd)**2, axis=1)",
            "the factor ½",
        ),
        (f"tf.nn.softmax({_LOG_JOINT}, axis=0)", "you normalised over the points"),
        (f"shares * {_DENSITY}", "this is the joint"),
        (_DENSITY, "this is the likelihood"),
        (
            f"(shares * {_DENSITY}) / np.sum(shares * {_DENSITY}, axis=1, keepdims=True)",
            "right, but not for waits of 500",
        ),
        (f"np.sum(shares * {_DENSITY}, axis=1)", "this is the evidence"),
        (f"tf.one_hot(tf.argmax({_LOG_JOINT}, axis=1), shares.shape[0])", "most probable kind"),
        ("tf.nn.softmax(x[:, None] - means, axis=1)", None),
    ],
    "latent_variables.2": [
        ("(x / se**2 + mu / tau**2) / (1 / se**2 + 1 / tau**2)", "not at τ = 0"),
        ("(x * se**2 + mu * tau**2) / (se**2 + tau**2)", "the weights have changed places"),
        ("(x / se + mu / tau) / (1 / se + 1 / tau)", "you weighed by 1/σ"),
        ("0.0 * se + mu", "complete pooling"),
        ("1.0 * x", "no pooling at all"),
        ("x / se**2 + mu / tau**2", "divide by the sum"),
        ("0.5 * (x + mu)", "without weights"),
        ("np.mean(x) + 0.0 * se", None),
    ],
    "latent_variables.3": [
        (
            "(x - mean) @ (loadings / noise_sd[:, None]) @ np.linalg.inv(np.eye(loadings.shape[1])"
            " + np.transpose(loadings) @ (loadings / noise_sd[:, None]))",
            "you used the standard deviations",
        ),
        (f"x @ {_V} @ np.linalg.inv({_M})", "the mean μ is not subtracted"),
        (
            f"(x - mean) @ {_V} @ np.linalg.inv(np.transpose(loadings) @ {_V})",
            "this is weighted least squares",
        ),
        (
            "(x - mean) @ loadings @ np.linalg.inv(np.eye(loadings.shape[1])"
            " + np.transpose(loadings) @ loadings)",
            "the noise does not enter",
        ),
        ("(x - mean) @ np.transpose(np.linalg.pinv(loadings))", "this is ordinary least squares"),
        (f"(x - mean) @ {_V}", "M⁻¹ is missing"),
        (f"(x - mean) @ {_V} @ {_M}", None),
    ],
    "latent_variables.4": [
        (
            "np.sum(-0.5 * np.log(2 * np.pi * (noise_sd**2 + prior_sd**2))"
            " - 0.5 * x**2 / (noise_sd**2 + prior_sd**2))",
            "you treated the points as independent",
        ),
        ("np.exp(log_evidence(x, shares, prior_sd, noise_sd))", "this is p(x)"),
        (
            "log_evidence(x, shares, np.sqrt(prior_sd), np.sqrt(noise_sd))",
            "you used standard deviations",
        ),
        (
            "log_evidence(x, np.ones(len(shares)), prior_sd, noise_sd)",
            "the shares are missing",
        ),
        (
            "log_evidence(x, np.ones(len(shares)) / len(shares), prior_sd, noise_sd)",
            "the same probability",
        ),
        (
            "np.log(np.exp(log_evidence(x, shares, prior_sd, noise_sd)))",
            "right for moderate data",
        ),
        ("log_evidence(x, shares, noise_sd, prior_sd)", None),
    ],
    "latent_variables.5": [
        ("log_evidence_given(log_p)", "the bug is still in it"),
        ("tf.reduce_logsumexp(log_p, axis=1)", "the logarithm of the sum"),
        ("np.log(np.mean(np.exp(log_p), axis=1))", "right for moderate likelihoods"),
        ("np.mean(np.exp(log_p), axis=1)", "this is the evidence itself"),
        ("np.max(log_p, axis=1)", "the best draw alone"),
        (
            "tf.reduce_logsumexp(log_p, axis=0) - np.log(log_p.shape[0])",
            "you averaged over the data sets",
        ),
        ("tf.reduce_logsumexp(log_p) - np.log(log_p.shape[0] * log_p.shape[1])", "everything"),
        ("np.min(log_p, axis=1)", None),
    ],
    "latent_variables.7": [
        (
            "relative_error * draws_needed(x, noise_sd, relative_error)",
            "Its square belongs there",
        ),
        ("draws_needed(x, noise_sd, relative_error) + relative_error**-2", "the −1 is missing"),
        ("draws_needed(x, noise_sd, 1.0)", "of a single draw"),
        (
            "sum(draws_needed(x[:, i:i + 1], noise_sd, relative_error) for i in range(x.shape[1]))",
            "you added up the single",
        ),
        ("np.log(draws_needed(x, noise_sd, relative_error))", "this is the logarithm"),
        ("draws_needed(x, 2 * noise_sd, relative_error)", None),
    ],
}

SECRETS = (
    "tf.nn.softmax(log_joint",
    "x * tau**2",
    "np.linalg.inv(precision)",
    "np.equal.outer",
    "tf.reduce_logsumexp(log_p, axis=1) - ",
    "ratio - 1.0",
)
