"""Right and wrong answers to the exercises of deep/aevb."""

import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp
from scipy import stats

tfd = tfp.distributions

# Independent answers: derivatives by the tape, roots by bisection, SciPy's densities, quadrature.


def _score_by_the_tape(f_values, z, mu, sigma):
    mu = tf.constant(mu, tf.float64)
    with tf.GradientTape() as tape:
        tape.watch(mu)
        weighed = tf.reduce_mean(f_values * tfd.Normal(mu, np.float64(sigma)).log_prob(z))
    return tape.gradient(weighed, mu).numpy()


def _quantile(u, a, b):
    return tfd.Kumaraswamy(np.float64(a), np.float64(b)).quantile(u).numpy()


def _sgvb_a(x, mu, log_var, eps, w, tau):
    rows = []
    for n in range(len(x)):
        q = stats.multivariate_normal(mu[n], np.diag(np.exp(log_var[n])))
        z = mu[n] + np.exp(log_var[n]) ** 0.5 * eps[n]
        likelihood = stats.multivariate_normal(w @ z, tau**2 * np.eye(len(w)))
        prior = stats.multivariate_normal(np.zeros(len(z)))
        rows.append(likelihood.logpdf(x[n]) + prior.logpdf(z) - q.logpdf(z))
    return np.array(rows)


def _objective(bounds, weights, num_data):
    return np.mean(bounds) * num_data + stats.norm.logpdf(weights).sum()


def _variance_by_quadrature(mu, sigma):
    """Var_q[log q − log p] by Gauss–Hermite quadrature, exact for polynomials."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(20)
    weights = weights / weights.sum()
    z = mu[..., None] + sigma[..., None] * nodes
    difference = stats.norm(mu[..., None], sigma[..., None]).logpdf(z) - stats.norm.logpdf(z)
    mean = (difference @ weights)[..., None]
    return ((difference - mean) ** 2 @ weights).sum(axis=1)


INDEPENDENT = {
    "aevb.1": _score_by_the_tape,
    "aevb.2": _quantile,
    "aevb.3": _sgvb_a,
    "aevb.4": _objective,
    "aevb.6": _variance_by_quadrature,
}

SECRETS = (
    "score = (z - mu) / sigma**2",
    "1.0 - (1.0 - u)",
    "log_likelihood + log_prior",
    'prediction = "c"',
    "(mu * sigma) ** 2",
)

# Right answers written in other ways: NumPy, loops, plain Python, TFP, the tape, float64.
VARIANTS = {
    "aevb.1": [
        """
def score_gradient(f_values, z, mu, sigma):
    total = 0.0
    for value, draw in zip(f_values, z):
        total += float(value) * (float(draw) - float(mu)) / float(sigma) ** 2
    return total / len(z)
""",
        """
def score_gradient(f_values, z, mu, sigma):
    return np.dot(f_values, z - mu) / np.square(sigma) / len(z)
""",
        """
def score_gradient(f_values, z, mu, sigma):
    mu = tf.convert_to_tensor(mu)
    with tf.GradientTape() as tape:
        tape.watch(mu)
        weighed = tf.reduce_mean(f_values * tfd.Normal(mu, sigma).log_prob(z))
    return tape.gradient(weighed, mu)
""",
    ],
    "aevb.2": [
        """
def kumaraswamy_draw(u, a, b):
    return np.power(1.0 - np.power(1.0 - u, 1.0 / b), 1.0 / a)
""",
        """
def kumaraswamy_draw(u, a, b):
    return tf.exp(tf.math.log(-tf.math.expm1(tf.math.log1p(-u) / b)) / a)
""",
        """
def kumaraswamy_draw(u, a, b):
    out = np.zeros(np.shape(u))
    for index in np.ndindex(*np.shape(u)):
        root = (1.0 - float(u[index])) ** (1.0 / float(b))
        out[index] = (1.0 - root) ** (1.0 / float(a))
    return out
""",
    ],
    "aevb.3": [
        """
def sgvb_a(x, mu, log_var, eps, w, tau):
    z = mu + np.exp(0.5 * log_var) * eps
    error = x - np.matmul(z, np.transpose(w))
    fit = -0.5 * np.sum(np.square(error / tau) + np.log(2.0 * np.pi * tau * tau), axis=1)
    return fit + 0.5 * np.sum(eps * eps + log_var - z * z, axis=1)
""",
        """
def sgvb_a(x, mu, log_var, eps, w, tau):
    q = tfd.MultivariateNormalDiag(mu, tf.sqrt(tf.exp(log_var)))
    z = q.mean() + q.stddev() * eps
    joint = tfd.Independent(tfd.Normal(tf.einsum("bl,dl->bd", z, w), tau), 1).log_prob(x)
    joint += tfd.MultivariateNormalDiag(tf.zeros_like(mu)).log_prob(z)
    return joint - q.log_prob(z)
""",
        """
def sgvb_a(x, mu, log_var, eps, w, tau):
    rows = []
    for n in range(len(x)):
        z = [float(m) + math.exp(float(v)) ** 0.5 * float(e)
             for m, v, e in zip(mu[n], log_var[n], eps[n])]
        total = 0.0
        for d in range(len(w)):
            mean = sum(float(w[d][j]) * z[j] for j in range(len(z)))
            total -= math.log(2.0 * math.pi * float(tau) ** 2) / 2.0
            total -= ((float(x[n][d]) - mean) / float(tau)) ** 2 / 2.0
        for j in range(len(z)):
            total += (float(eps[n][j]) ** 2 - z[j] ** 2 + float(log_var[n][j])) / 2.0
        rows.append(total)
    return rows
""",
    ],
    "aevb.4": [
        """
def objective(bounds, weights, num_data):
    return num_data * np.mean(bounds) - 0.5 * np.sum(np.square(weights) + np.log(2.0 * np.pi))
""",
        """
def objective(bounds, weights, num_data):
    total = sum(float(b) for b in bounds) * float(num_data) / len(bounds)
    for weight in weights:
        total -= float(weight) ** 2 / 2.0 + math.log(math.sqrt(2.0 * math.pi))
    return total
""",
    ],
    "aevb.6": [
        """
def variance_of_b(mu, sigma):
    return np.sum(np.square(mu * sigma) + np.square(np.square(sigma) - 1.0) / 2.0, axis=-1)
""",
        """
def variance_of_b(mu, sigma):
    rows = []
    for i in range(len(mu)):
        total = 0.0
        for m, s in zip(mu[i], sigma[i]):
            v = float(s) ** 2
            total += float(m) ** 2 * v + (1.0 - v) ** 2 / 2.0
        rows.append(total)
    return rows
""",
    ],
}

_DRAW = "(mu + tf.exp(log_var / 2) * eps)"
_PRIOR = "tf.reduce_sum(tfd.Normal(0.0, 1.0).log_prob(weights))"
_ELBO = "sgvb_a(x, mu, log_var, eps, w, tau)"
_LOG_Q = "tf.reduce_sum(-0.5 * np.log(2 * np.pi) - log_var / 2 - eps**2 / 2, 1)"

# Wrong answers as learners write them, with part of the message where it is recognised.
WRONG = {
    "aevb.1": [
        ("tf.reduce_mean(f_values * (mu - z) / sigma**2)", "you differentiated log q by z"),
        ("tf.reduce_mean(f_values * (z - mu) / sigma)", "you divided by σ"),
        ("tf.reduce_mean(f_values * (z - mu))", "the division by σ² is missing"),
        ("tf.reduce_sum(f_values * (z - mu) / sigma**2)", "Asked is their mean"),
        ("tf.reduce_mean(f_values * tfd.Normal(mu, sigma).log_prob(z))", "weighs f with log q"),
        (
            "tf.reduce_mean((f_values - tf.reduce_mean(f_values)) * (z - mu) / sigma**2)",
            "as a baseline",
        ),
        ("tf.reduce_mean(f_values)", None),
        ("tf.reduce_mean(f_values * tfd.Normal(mu, sigma).prob(z))", None),
    ],
    "aevb.2": [
        ("1 - (1 - u**a)**b", "this is F itself"),
        ("kumaraswamy_draw(u, b, a)", "changed places"),
        ("kumaraswamy_draw(1 - u, a, b)", "quantiles of 1 − u"),
        ("1 - (1 - u)**(1 / b)", "the last root"),
        ("(1 - u)**(1 / (a * b))", "the outer 1"),
        ("u**(1 / a)", "the root of order b is missing"),
        ("tfd.Beta(a, b).quantile(u)", None),
        ("(1 - u**(1 / a))**(1 / b)", None),
    ],
    "aevb.3": [
        (f"{_ELBO} + {_LOG_Q}", "this is log p(x, z)"),
        (f"{_ELBO} + 2 * {_LOG_Q}", "is added"),
        (f"{_ELBO} - tf.reduce_sum(tfd.Normal(0.0, 1.0).log_prob({_DRAW}), 1)", "is missing"),
        ("sgvb_a(x, mu, 2 * log_var, eps, w, tau)", "you read `log_var` as log σ"),
        ("sgvb_a(x, mu, log_var, eps, w, tau**0.5)", "you took tau for the variance"),
        (f"-{_ELBO}", "this is the loss"),
        (f"tf.reduce_mean({_ELBO})", "you averaged over the batch"),
        ("sgvb_a(x, mu, log_var, 0 * eps, w, tau)", None),
        (f"{_ELBO} + tf.reduce_sum(log_var, 1)", None),
    ],
    "aevb.4": [
        ("objective_given(bounds, weights, num_data)", "the bug is still in it"),
        (f"tf.reduce_sum(bounds) + {_PRIOR}", "now nothing is scaled"),
        (f"tf.reduce_mean(bounds) + {_PRIOR} / num_data", "per data point"),
        (f"tf.reduce_mean(bounds) + {_PRIOR}", "weighs N times too much"),
        ("tf.reduce_mean(bounds) * num_data", "gone altogether"),
        (f"tf.reduce_mean(bounds) * num_data - {_PRIOR}", "the prior is subtracted"),
        ("tf.reduce_mean(bounds) * num_data - 0.5 * tf.reduce_sum(weights**2)", None),
        (f"tf.reduce_mean(bounds) * num_data + 2 * {_PRIOR}", None),
    ],
    "aevb.6": [
        ("tf.reduce_sum((mu * sigma)**2, 1)", "the part with ε² is missing"),
        ("tf.reduce_sum((1 - sigma**2)**2 / 2, 1)", "the part with ε is missing"),
        ("tf.reduce_sum((mu * sigma)**2 + (1 - sigma**2)**2 / 4, 1)", "you took Var[ε²] for 1"),
        ("tf.reduce_sum((mu * sigma)**2 + 2 * (1 - sigma**2)**2, 1)", "the ½ in front"),
        ("tf.reduce_sum((mu * sigma)**2 + sigma**4 / 2, 1)", "variance of log p(z) alone"),
        ("tf.reduce_sum((1 - sigma**4) / 2, 1)", "the mean over x"),
        ("tf.sqrt(variance_of_b(mu, sigma))", "the standard deviation"),
        ("tf.reduce_sum(mu**2 + (1 - sigma**2)**2 / 2, 1)", None),
        ("0.5 * tf.reduce_sum(mu**2 + sigma**2 - 2 * tf.math.log(sigma) - 1, 1)", None),
    ],
}
