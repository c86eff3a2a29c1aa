"""Right and wrong answers to the exercises of foundations/monte_carlo."""

import numpy as np
from scipy import optimize, stats


def _mean_and_scipy_s_error(values):
    return np.array([np.sum(values) / values.size, stats.sem(values)])


def _points_from_scipy_s_distributions():
    # χ² with ten degrees of freedom, by another name; then a coin with this probability.
    inside = stats.bernoulli(stats.gamma(5, scale=2).cdf(1))
    return (inside.std() / inside.mean() / 0.1) ** 2


def _log_evidence_by_jackknife(log_weights):
    # For a mean the jackknife's error is s/√n exactly. An 80-bit exponential survives ±800.
    weights = np.exp(log_weights.astype(np.longdouble))
    n = len(weights)
    without_one = (weights.sum() - weights) / (n - 1)
    error = np.sqrt((n - 1) * np.mean((without_one - without_one.mean()) ** 2))
    return np.array([np.log(weights.mean()), error / weights.mean()]).astype(np.float64)


def _report_by_derivatives(log_weights, values):
    """The infinitesimal jackknife: n² times the mean squared slope of v by each draw's share."""
    weights = np.exp(log_weights.astype(np.longdouble))
    mean = np.average(values, weights=weights)
    total = weights.sum()
    slopes = weights * values / total - weights * (weights @ values) / total**2
    ess = len(weights) / (1 + np.var(weights) / np.mean(weights) ** 2)
    return np.array([mean, np.sqrt(slopes @ slopes), ess]).astype(np.float64)


_GRID = np.linspace(-60, 60, 24_001)
_STEP = 0.005  # the grid's, without its rounding


def _log_squared_ratio(a, s):
    return 2 * stats.norm.logpdf(_GRID) - stats.norm.logpdf(_GRID, a, s)


def _log_cost_on_a_grid(offset, s):
    def one(a, s):
        log_f = _log_squared_ratio(a, s)
        if max(log_f[0], log_f[-1]) > log_f.max() - 50:  # it does not fall off: no integral
            return np.inf
        return np.log(_STEP * np.sum(np.exp(log_f)))

    return np.vectorize(one)(offset, s).sum(axis=1)


def _width_by_moments(offset):
    """Where E[Σ (z_j − a_j)²] under p²/q, normalised, is d s²: the derivative of the cost is 0."""

    def surplus(s):
        total = 0.0
        for a in offset:
            log_f = _log_squared_ratio(a, s)
            f = np.exp(log_f - log_f.max())
            total += np.sum(f * (_GRID - a) ** 2) / np.sum(f)
        return total / len(offset) - s**2

    return optimize.brentq(surplus, 0.8, 6, xtol=1e-15, rtol=1e-15)


# Independent answers: SciPy's own functions, the jackknife, sums on a fine grid.
INDEPENDENT = {
    "monte_carlo.1": _mean_and_scipy_s_error,
    "monte_carlo.2": _points_from_scipy_s_distributions,
    "monte_carlo.3": _log_evidence_by_jackknife,
    "monte_carlo.4": _report_by_derivatives,
    "monte_carlo.6": _log_cost_on_a_grid,
    "monte_carlo.7": _width_by_moments,
}

SECRETS = (
    "(values - mean) ** 2",
    "(1 - P) / (P * 0.1**2)",
    "largest + tf.math.log(mean)",
    "tf.nn.softmax",
    'verdict = "d"',
    "tf.where(room > 0.0",
    "tf.sqrt(b**2 - 8.0)",
)

# Right answers written in other ways: NumPy, loops, plain Python, SciPy.
VARIANTS = {
    "monte_carlo.1": [
        """
def mean_and_error(values):
    return np.mean(values), np.std(values, ddof=1) / np.sqrt(len(values))
""",
        """
def mean_and_error(values):
    values = [float(value) for value in values]
    n = len(values)
    mean = sum(values) / n
    squares = 0.0
    for value in values:
        squares += (value - mean) ** 2
    return [mean, math.sqrt(squares / (n - 1) / n)]
""",
        """
def mean_and_error(values):
    n = len(values)
    mean = tf.reduce_mean(values)
    return tf.stack([mean, tf.math.reduce_std(values) / tf.sqrt(n - 1.0)])
""",
    ],
    "monte_carlo.3": [
        """
def log_evidence(log_weights):
    n = len(log_weights)
    log_mean = np.logaddexp.reduce(log_weights) - np.log(n)
    relative = np.exp(log_weights - log_mean)
    return log_mean, np.std(relative, ddof=1) / np.sqrt(n)
""",
        """
def log_evidence(log_weights):
    log_weights = [float(value) for value in log_weights]
    n, top = len(log_weights), max(log_weights)
    weights = [math.exp(value - top) for value in log_weights]
    mean = sum(weights) / n
    variance = sum((w - mean) ** 2 for w in weights) / (n - 1)
    return top + math.log(mean), math.sqrt(variance / n) / mean
""",
        """
def log_evidence(log_weights):
    n = len(log_weights)
    shares = tf.nn.softmax(log_weights)
    ess = 1.0 / tf.reduce_sum(shares**2)
    log_mean = tf.reduce_logsumexp(log_weights) - math.log(n)
    return tf.stack([log_mean, tf.sqrt((n / ess - 1.0) / (n - 1.0))])
""",
    ],
    "monte_carlo.4": [
        """
def report(log_weights, values):
    weights = np.exp(log_weights - np.max(log_weights))
    weights = weights / np.sum(weights)
    mean = np.sum(weights * values)
    error = np.sqrt(np.sum(weights**2 * (values - mean) ** 2))
    return mean, error, 1.0 / np.sum(weights**2)
""",
        """
def report(log_weights, values):
    log_weights = [float(value) for value in log_weights]
    values = [float(value) for value in values]
    top = max(log_weights)
    weights = [math.exp(value - top) for value in log_weights]
    total = sum(weights)
    mean = sum(w * f for w, f in zip(weights, values)) / total
    square = 0.0
    for w, f in zip(weights, values):
        square += (w * (f - mean)) ** 2
    return [mean, math.sqrt(square) / total, total**2 / sum(w**2 for w in weights)]
""",
    ],
    "monte_carlo.6": [
        """
def log_cost(offset, s):
    totals = []
    for row_a, row_s in zip(offset, s):
        total = 0.0
        for a, sd in zip(row_a, row_s):
            a, room = float(a), 2.0 * float(sd) ** 2 - 1.0
            if room <= 0:
                total = math.inf
            else:
                total += 2.0 * math.log(sd) - math.log(room) / 2.0 + a**2 / room
        totals.append(total)
    return totals
""",
        """
def log_cost(offset, s):
    v = np.square(s)
    with np.errstate(all="ignore"):
        factor = v / np.sqrt(2.0 * v - 1.0) * np.exp(np.square(offset) / (2.0 * v - 1.0))
    factor = np.where(2.0 * v > 1.0, factor, np.inf)
    return np.log(np.prod(factor, axis=1))
""",
    ],
    "monte_carlo.7": [
        """
def best_width(offset):
    r = np.mean(np.square(offset))
    roots = np.roots([2.0, -(3.0 + 2.0 * r), 1.0])
    return np.sqrt(max(roots))
""",
        """
def best_width(offset):
    total, d = sum(float(a) ** 2 for a in offset), len(offset)
    half = (3.0 * d + 2.0 * total) / (4.0 * d)
    return math.sqrt(half + math.sqrt(half**2 - 0.5))
""",
        """
def best_width(offset):
    r = float(np.mean(np.square(offset)))
    low, high = 0.75, 10.0
    for _ in range(60):
        middle = 0.5 * (low + high)
        v = middle**2
        slope = (v - 1.0) / v - 2.0 * r / (2.0 * v - 1.0)
        low, high = (middle, high) if slope < 0.0 else (low, middle)
    return low
""",
    ],
}

_MEAN = "tf.reduce_mean(values)"
_W = "tf.exp(log_weights)"
_LOG_MEAN = "tf.reduce_logsumexp(log_weights) - np.log(len(log_weights))"
_SHARES = "tf.nn.softmax(log_weights)"
_RIGHT = "report(log_weights, values)"
_ROOM = "(2 * s**2 - 1)"
_COST = "np.array(log_cost(offset, s))"
_R = "tf.reduce_mean(offset**2)"

# Wrong answers as learners write them, with part of the message where it is recognised.
WRONG = {
    "monte_carlo.1": [
        ("(np.mean(values), np.std(values, ddof=1))", "the √n is missing."),
        ("(np.mean(values), np.std(values))", "divided by n, not n − 1"),
        (
            "(np.mean(values), np.std(values) / np.sqrt(len(values)))",
            "the variance of the draws was",
        ),
        (f"({_MEAN}, tf.math.reduce_std(values) / len(values) ** 0.5)", "was divided by n."),
        ("(np.mean(values), np.std(values, ddof=1) / len(values))", "s is divided by n"),
        ("(np.mean(values), np.var(values, ddof=1) / len(values))", "The error is its root"),
        ("(np.mean(values), np.var(values, ddof=1))", "the variance of the draws"),
        (
            "(np.mean(values), np.std(values, ddof=1) / np.sqrt(len(values) - 1))",
            "come in twice",
        ),
        ("mean_and_error(values)[::-1]", "changed places"),
        ("np.mean(values)", "the mean alone"),
        (
            f"({_MEAN}, tf.sqrt((tf.reduce_mean(values**2) - {_MEAN}**2) / (len(values) - 1)))",
            "has lost its digits",
        ),
        ("(np.median(values), np.std(values, ddof=1) / np.sqrt(len(values)))", None),
        ("(np.sum(values), np.std(values, ddof=1) * np.sqrt(len(values)))", None),
    ],
    "monte_carlo.3": [
        ("mean_and_error(log_weights)", "That estimates the ELBO"),
        (f"({_LOG_MEAN}, mean_and_error({_W})[1])", "the slope of log is missing"),
        (f"({_LOG_MEAN}, mean_and_error(log_weights)[1])", "What is averaged here"),
        (
            "(tf.reduce_logsumexp(log_weights), log_evidence(log_weights)[1])",
            "the −log n is missing",
        ),
        (f"({_LOG_MEAN}, tf.math.log(mean_and_error({_W})[1]))", "the logarithm of the weights"),
        (f"mean_and_error({_W})", "these are the mean weight and its error"),
        (
            f"({_LOG_MEAN}, np.std({_W}) / np.mean({_W}) / np.sqrt(len(log_weights)))",
            "It is n − 1",
        ),
        (
            f"({_LOG_MEAN}, np.std({_W}, ddof=1) / np.mean({_W}))",
            "the relative spread of one weight",
        ),
        (f"({_LOG_MEAN}, log_evidence(log_weights)[1] ** 2)", "The error is its root"),
        (
            f"(tf.math.log(tf.reduce_mean({_W})), mean_and_error({_W})[1] / tf.reduce_mean({_W}))",
            "right for moderate log weights",
        ),
        (
            f"({_LOG_MEAN}, mean_and_error({_W})[1] / tf.reduce_mean({_W}))",
            "right for moderate log weights",
        ),
        (_LOG_MEAN, "Its error is missing"),
        (f"({_LOG_MEAN}, mean_and_error({_W})[1] / ({_LOG_MEAN}))", "divided by the log evidence"),
        (f"({_LOG_MEAN}, 0.5 * log_evidence(log_weights)[1])", None),
        ("(tf.reduce_max(log_weights), log_evidence(log_weights)[1])", None),
    ],
    "monte_carlo.4": [
        ("(*mean_and_error(values), len(values))", "none of the three"),
        (
            "(np.mean(values), np.sqrt(np.sum((np.array(tf.nn.softmax(log_weights))"
            " * (values - np.mean(values))) ** 2)), report(log_weights, values)[2])",
            "the mean ignores the weights",
        ),
        (f"(np.mean(values), *{_RIGHT}[1:])", "the mean ignores the weights"),
        (f"(tf.reduce_mean({_W} * values), *{_RIGHT}[1:])", "divided by n, not by the sum"),
        (
            f"({_RIGHT}[0], np.std(values, ddof=1) / np.sqrt(len(values)), {_RIGHT}[2])",
            "that of a plain mean",
        ),
        (
            f"({_RIGHT}[0], tf.sqrt(tf.reduce_sum({_SHARES} * (values - {_RIGHT}[0]) ** 2)),"
            f" {_RIGHT}[2])",
            "does not shrink with n",
        ),
        (
            f"({_RIGHT}[0], tf.sqrt(tf.reduce_sum({_SHARES} * (values - {_RIGHT}[0]) ** 2)"
            f" / {_RIGHT}[2]), {_RIGHT}[2])",
            "a rule of thumb",
        ),
        (f"({_RIGHT}[0], {_RIGHT}[1] ** 2, {_RIGHT}[2])", "this is a variance"),
        (
            f"({_RIGHT}[0], tf.sqrt(tf.reduce_sum(({_SHARES} * values) ** 2)), {_RIGHT}[2])",
            "v was not subtracted",
        ),
        (f"(*{_RIGHT}[:2], tf.reduce_sum({_SHARES} ** 2))", "the sum of the squared W_i"),
        (f"(*{_RIGHT}[:2], {_RIGHT}[2] / len(values))", "the share ESS/n"),
        (f"({_RIGHT}[0], {_RIGHT}[2], {_RIGHT}[1])", "changed places"),
        (
            f"(tf.reduce_sum({_W} * values) / tf.reduce_sum({_W}), {_RIGHT}[1],"
            f" tf.reduce_sum({_W}) ** 2 / tf.reduce_sum({_W} ** 2))",
            "right for moderate log weights",
        ),
        (f"{_RIGHT}[0]", "the mean alone"),
        (f"{_RIGHT}[:2]", "the ESS is missing"),
        ("report(values, log_weights)", None),
        (f"({_RIGHT}[0], 2 * {_RIGHT}[1], {_RIGHT}[2])", None),
    ],
    "monte_carlo.6": [
        (
            f"tf.reduce_sum(tf.math.log(s**2) - 0.5 * tf.math.log({_ROOM}) + offset**2 / {_ROOM},"
            " axis=1)",
            "right where every proposal is wide enough",
        ),
        (
            f"np.nan_to_num(np.sum(np.log(s**2) - 0.5 * np.log(np.array({_ROOM}))"
            f" + np.array(offset**2 / {_ROOM}), axis=1))",
            "right where every proposal is wide enough",
        ),
        (f"np.exp({_COST})", "1 + χ² itself"),
        (f"np.exp({_COST}) - 1", "this is χ²"),
        (
            "tf.reduce_sum(offset**2 / (2 - s**2) - tf.math.log(s) - 0.5 * tf.math.log(2 - s**2),"
            " axis=1)",
            "turned round",
        ),
        ("log_cost(offset, s**0.5)", "you took s for the variance"),
        (
            f"tf.reduce_sum(tf.math.log(s) - 0.5 * tf.math.log({_ROOM}) + offset**2 / {_ROOM},"
            " axis=1)",
            "log s where they should have log s²",
        ),
        (
            f"tf.reduce_sum(tf.math.log(s**2) - 0.5 * tf.math.log({_ROOM})"
            f" + 0.5 * offset**2 / {_ROOM}, axis=1)",
            "a factor ½ too much",
        ),
        (
            f"tf.reduce_mean(tf.math.log(s**2) - 0.5 * tf.math.log({_ROOM}) + offset**2 / {_ROOM},"
            " axis=1)",
            "you averaged over the coordinates",
        ),
        (
            "tf.reduce_sum(tf.math.log(s) + (1 + offset**2) / (2 * s**2) - 0.5, axis=1)",
            "the KL divergence from the posterior",
        ),
        ("-log_cost(offset, s)", "the sign is turned round"),
        (f"tf.reduce_sum(tf.math.log(s**2) + offset**2 / {_ROOM}, axis=1)", None),
        ("log_cost(s, offset)", None),
    ],
    "monte_carlo.7": [
        (f"1 + {_R}", "this is the variance that makes"),
        (f"tf.sqrt(1 + {_R})", "makes KL(posterior‖q) smallest"),
        ("1.0", "the posterior's own width"),
        (f"tf.sqrt(1 + 2 * {_R})", "right for small offsets only"),
        ("best_width(offset) ** 2", "Asked is s"),
        ("best_width(offset * float(len(offset)) ** 0.5)", "the sum of the squared offsets"),
        ("best_width(offset / 2.0**0.5)", "a factor ½ too much"),
        ("(0.5 / best_width(offset) ** 2) ** 0.5", "the other root"),
        (f"tf.sqrt(1.5 + {_R})", None),
        ("best_width(0.9 * offset)", None),
    ],
}
