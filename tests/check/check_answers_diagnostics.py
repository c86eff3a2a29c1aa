"""Right and wrong answers to the exercises of algorithms/diagnostics."""

import numpy as np
from scipy import linalg, stats


def _coverage_by_order_statistics(truth, draws, j):
    """From the j-th smallest draw to the j-th largest; exact ranks are beta-binomial(1, 1)."""
    ordered = np.sort(draws, axis=1)
    num_draws = draws.shape[1]
    low, high = ordered[:, j - 1], ordered[:, num_draws - j]
    held = np.mean((truth > low) & (truth <= high))
    rank = stats.betabinom(num_draws, 1, 1)
    return np.array([held, rank.cdf(num_draws - j) - rank.cdf(j - 1)])


def _tail_by_generalised_eigenvalues(s, covariance):
    """The largest variance of p in units of q's, v/s², solves Σ x = (v/s²) diag(s²) x."""
    largest = linalg.eigh(covariance, np.diag(s**2), eigvals_only=True)[-1]
    return max(0.0, 1 - 1 / largest)


def _wasserstein_by_quadrature(offset, s):
    """χ² on a grid, the fourth moment from cumulants, the distance between quantile functions."""
    grid = np.linspace(-60, 60, 24_001)
    log_integral = 0.0
    for a, sd in zip(offset, s, strict=True):
        log_f = 2 * stats.norm.logpdf(grid) - stats.norm.logpdf(grid, a, sd)
        if max(log_f[0], log_f[-1]) > log_f.max() - 50:  # it does not fall off: no integral
            log_integral = np.inf
        else:
            log_integral += np.log(0.005 * np.sum(np.exp(log_f)))
    mean, variance = np.sum(s**2), np.sum(stats.chi2(1, scale=s**2).var())
    bound = np.sqrt(2) * ((mean**2 + variance) * np.expm1(log_integral)) ** 0.25
    nodes, weights = np.polynomial.hermite_e.hermegauss(10)
    moved = (offset[:, None] + s[:, None] * nodes - nodes) ** 2  # each quantile to its partner
    return np.array([bound, np.sqrt(np.sum(moved @ (weights / weights.sum())))])


def _needed_by_intervals(level, ratio):
    low, high = stats.norm.interval(level, scale=ratio)
    held = stats.norm.cdf(high) - stats.norm.cdf(low)
    return (3 * stats.bernoulli(level).std() / (held - level)) ** 2


# Independent answers: order statistics, generalised eigenvalues, sums on a grid, SciPy's intervals.
INDEPENDENT = {
    "diagnostics.1": _coverage_by_order_statistics,
    "diagnostics.4": _tail_by_generalised_eigenvalues,
    "diagnostics.5": _wasserstein_by_quadrature,
    "diagnostics.6": _needed_by_intervals,
}

SECRETS = (
    "(ranks >= j) & (ranks <= num_draws - j)",
    'prediction = "b"',
    'verdict = "a"',
    "tf.linalg.eigvalsh",
    "tf.math.expm1",
    "normal.quantile(",
)

# Right answers written in other ways: NumPy, loops, plain Python, SciPy.
VARIANTS = {
    "diagnostics.1": [
        """
def coverage(truth, draws, j):
    num_ranks = draws.shape[1] + 1
    ranks = np.sum(np.asarray(draws) < np.asarray(truth)[:, None], axis=1)
    inside = (ranks >= j) & (ranks < num_ranks - j)
    return [np.mean(inside), float(1.0 - 2.0 * j / num_ranks)]
""",
        """
def coverage(truth, draws, j):
    count = 0
    for z, row in zip(truth, draws):
        below = sum(1 for draw in row if float(draw) < float(z))
        if j <= below <= len(row) - j:
            count = count + 1
    places = len(row) + 1
    return count / len(truth), (places - 2 * int(j)) / places
""",
        """
def coverage(truth, draws, j):
    j, num_draws = int(j), draws.shape[1]
    ordered = tf.sort(draws, axis=1)
    inside = (truth > ordered[:, j - 1]) & (truth <= ordered[:, num_draws - j])
    share = tf.reduce_mean(tf.cast(inside, tf.float32))
    return float(share), (num_draws + 1 - 2 * j) / (num_draws + 1)
""",
    ],
    "diagnostics.4": [
        """
def tail_index(s, covariance):
    s = np.asarray(s)
    ratios = np.linalg.eigvalsh(covariance / s[:, None] / s)
    return max(1.0 - 1.0 / np.max(ratios), 0.0)
""",
        """
def tail_index(s, covariance):
    precision = np.linalg.inv(covariance)
    q_precision = np.diag(1.0 / np.square(s))
    low, high = 0.0, 1.0
    for _ in range(50):
        k = 0.5 * (low + high)
        exponent = q_precision + (precision - q_precision) / k
        low, high = (low, k) if np.all(np.linalg.eigvalsh(exponent) > 0.0) else (k, high)
    return high
""",
        """
def tail_index(s, covariance):
    factor = tf.linalg.cholesky(covariance)
    inverse = tf.linalg.triangular_solve(factor, tf.linalg.diag(s))
    smallest = tf.linalg.svd(inverse, compute_uv=False)[-1]
    return tf.nn.relu(1.0 - smallest**2)
""",
    ],
    "diagnostics.5": [
        """
def bound_and_distance(offset, s):
    offset, v = np.asarray(offset, np.float64), np.asarray(s, np.float64) ** 2
    chi_squared = np.inf
    if np.all(2.0 * v > 1.0):
        factors = v / np.sqrt(2.0 * v - 1.0) * np.exp(offset**2 / (2.0 * v - 1.0))
        chi_squared = np.prod(factors) - 1.0
    moment = np.sum(v) ** 2 + 2.0 * np.sum(v**2)
    distance = np.sqrt(np.sum(offset**2) + np.sum((np.sqrt(v) - 1.0) ** 2))
    return np.array([(4.0 * moment * chi_squared) ** 0.25, distance])
""",
        """
def bound_and_distance(offset, s):
    log_factor, moment, squared = 0.0, 0.0, 0.0
    for i, (a, sd) in enumerate(zip(offset, s)):
        a, sd = float(a), float(sd)
        room = 2.0 * sd**2 - 1.0
        if room <= 0:
            log_factor = math.inf
        else:
            log_factor += math.log(sd**2 / math.sqrt(room)) + a**2 / room
        for j, other in enumerate(s):
            moment += (3.0 if i == j else 1.0) * sd**2 * float(other) ** 2
        squared += a**2 + (sd - 1.0) ** 2
    return math.sqrt(2.0) * (moment * math.expm1(log_factor)) ** 0.25, math.sqrt(squared)
""",
    ],
    "diagnostics.6": [
        """
def data_sets_needed(level, ratio):
    from scipy import stats
    c = stats.norm.ppf((1.0 + level) / 2.0)
    change = 2.0 * stats.norm.cdf(c * ratio) - 1.0 - level
    return (3.0 / change) ** 2 * level * (1.0 - level)
""",
        """
def data_sets_needed(level, ratio):
    answers = []
    for p, r in zip(level, ratio):
        p, r = float(p), float(r)
        low, high = 0.0, 10.0
        for _ in range(60):
            c = 0.5 * (low + high)
            low, high = (c, high) if math.erf(c) < p else (low, c)
        change = math.erf(low * r) - p
        answers.append((3.0 * math.sqrt(p * (1.0 - p)) / change) ** 2)
    return answers
""",
        """
def data_sets_needed(level, ratio):
    c = tf.math.erfinv(level)
    held = tf.math.erf(c * ratio)
    return 9.0 * (level - level**2) / tf.square(held - level)
""",
    ],
}

_R = "np.sum(np.array(draws) < np.array(truth)[:, None], axis=1)"
_N = "draws.shape[1]"


def _promise(expression):
    return f"(float(coverage(truth, draws, j)[0]), float({expression}))"


def _share(condition):
    return f"(np.mean({condition}), float(coverage(truth, draws, j)[1]))"


_RATIOS = "np.linalg.eigvalsh(np.array(s)[:, None] * np.linalg.inv(covariance) * np.array(s))"
_BOTH = "np.array(bound_and_distance(offset, s))"
_CHI2 = (
    "np.expm1(np.sum(np.log(s**2) - 0.5 * np.log(2 * s**2 - 1)"
    " + np.array(offset**2 / (2 * s**2 - 1))))"
)
_FOURTH = "(np.sum(s**2) ** 2 + 2 * np.sum(s**4))"
_C = "stats.norm.ppf((1 + np.array(level)) / 2)"
_CHANGE = f"(2 * stats.norm.cdf({_C} * ratio) - 1 - level)"
_VARIANCE = "level * (1 - level)"


def _bound(moment=_FOURTH, chi_squared=_CHI2, factor="2**0.5"):
    return f"({factor} * ({moment} * {chi_squared}) ** 0.25, {_BOTH}[1])"


# Wrong answers as learners write them, with part of the message where it is recognised.
WRONG = {
    "diagnostics.1": [
        (_promise(f"1 - 2 * j / {_N}"), "divided by L, the number of draws"),
        (_promise(f"({_N} - 2 * j) / ({_N} + 1)"), "You counted L − 2j"),
        (_promise(f"1 - j / ({_N} + 1)"), "leaves out one tail"),
        (_share(f"(j < {_R}) & ({_R} < {_N} - j)"), "ranks j and L − j lie inside"),
        (_share(f"j <= {_R}"), "the lower end only"),
        (_share(f"({_R} < j) | ({_R} > {_N} - j)"), "the share of truths outside"),
        (_share(f"(j <= {_R}) & ({_R} <= {_N} + 1 - j)"), "one rank too many"),
        (
            "coverage(truth, np.array(draws) - 1e-5, j)",
            "r counts the draws that lie strictly below",
        ),
        ("coverage(truth, draws, j)[::-1]", "changed places"),
        (_R, "these are the ranks"),
        ("coverage(truth, draws, j)[0]", "the share alone"),
        ("coverage(truth, draws, j + 1)", None),
        (_promise("0.9"), None),
    ],
    "diagnostics.4": [
        ("max(0, 1 - np.min(s**2 / np.diag(covariance)))", "latent by latent"),
        (
            "max(0, 1 - np.min(s**2 * np.diag(np.linalg.inv(covariance))))",
            "the conditional variances",
        ),
        (f"max(0, 1 - {_RATIOS}[-1])", "The thinnest one counts"),
        (f"{_RATIOS}[0]", "What is 1 minus it?"),
        (f"1 - 1 / {_RATIOS}[0]", "upside down"),
        (f"max(0, 1 - {_RATIOS}[0] ** 0.5)", "ratios of standard deviations"),
        ("tail_index(s**0.5, covariance)", "you took s for the variances"),
        ("tail_index(s, np.linalg.inv(covariance))", "its inverse belongs"),
        (
            "max(0, 1 - np.min(s**2) / np.linalg.eigvalsh(covariance)[-1])",
            "belongs to another direction",
        ),
        (f"1 - {_RATIOS}[0]", "Which k says so?"),
        ("tail_index(s, covariance) / 2", None),
        ("tail_index(s**2, covariance)", None),
    ],
    "diagnostics.5": [
        (_bound("np.sum(s**2) ** 2"), "its own spread is missing"),
        (_bound("3 * np.sum(s**4)"), "the products of different coordinates"),
        (_bound("3 * np.sum(s**2) ** 2"), "two different ones bring a 1"),
        (_bound(chi_squared=f"(1 + {_CHI2})"), "1 + χ² where the bound has χ²"),
        (_bound(chi_squared=f"np.log1p({_CHI2})"), "log(1 + χ²) where the bound has χ²"),
        (
            _bound(chi_squared="np.sum((s**2 + offset**2 - 1) / 2 - np.log(s))"),
            "the KL divergence stands",
        ),
        ("bound_and_distance(offset, s**0.5)", "you took s for the variances"),
        (_bound(factor="1"), "the factor √2 is missing"),
        (_bound(factor="2"), "the factor is √2, not 2"),
        (f"(np.sqrt(np.sum(s**2) * {_CHI2}), {_BOTH}[1])", "the bound of order 1"),
        (f"({_BOTH}[0], {_BOTH}[1] ** 2)", "the distance is squared"),
        (f"({_BOTH}[0], np.linalg.norm(offset))", "sees the offsets only"),
        (
            f"({_BOTH}[0], np.sqrt(np.sum(offset**2 + (1 - s**2) ** 2)))",
            "It is the standard deviations",
        ),
        (_bound(), "right where χ² is finite"),
        (f"{_BOTH}[::-1]", "changed places"),
        (f"{_BOTH}[0]", "the bound alone"),
        ("bound_and_distance(2 * offset, s)", None),
        ("bound_and_distance(offset, 1 / s)", None),
    ],
    "diagnostics.6": [
        (f"3 * np.sqrt({_VARIANCE}) / np.abs({_CHANGE})", "you solved for √n"),
        (f"{_VARIANCE} / {_CHANGE} ** 2", "one standard error"),
        (f"3 * {_VARIANCE} / {_CHANGE} ** 2", "the 3 was not squared"),
        (
            f"9 * {_VARIANCE} / (2 * stats.norm.cdf(stats.norm.ppf(level) * ratio)"
            " - 1 - level) ** 2",
            "leaves out one tail",
        ),
        (
            f"9 * {_VARIANCE} / (stats.norm.cdf({_C} * ratio) - (1 + np.array(level)) / 2) ** 2",
            "one end of the interval only",
        ),
        ("data_sets_needed(level, 1 / ratio)", "the ratio is upside down"),
        ("data_sets_needed(level, ratio**0.5)", "a ratio of variances"),
        ("data_sets_needed(level, ratio**2)", "you squared the ratio"),
        (f"9 * {_VARIANCE} / (level * ratio - level) ** 2", "in proportion"),
        (
            f"9 * ({_CHANGE} + level) * (1 - level - {_CHANGE}) / {_CHANGE} ** 2",
            "that of the wrong method",
        ),
        (f"9 / {_CHANGE} ** 2", "the spread of a single coverage"),
        (f"{_CHANGE} + level", "this is the coverage itself"),
        ("2 * data_sets_needed(level, ratio)", None),
        ("data_sets_needed(ratio / 2, level)", None),
    ],
}
