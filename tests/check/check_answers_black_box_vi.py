"""Right and wrong answers to the exercises of algorithms/black_box_vi."""

import itertools

import numpy as np
from scipy import special, stats

_TINY = 1e-30  # a complex step: the imaginary part is the derivative, without any rounding


def _logistic_density(u, heads, tails):
    """dz/du is the density of the standard logistic distribution."""
    log_z, log_rest = stats.logistic.logcdf(u), stats.logistic.logsf(u)
    return special.xlogy(heads, 1) + heads * log_z + tails * log_rest + stats.logistic.logpdf(u)


def _kl_of_gaussians(covariance):
    """KL(N(0, diag(1/Λ_ii)) ‖ N(0, Σ)), the textbook formula with its trace."""
    variances = 1 / np.diag(np.linalg.inv(covariance))
    trace = np.trace(np.linalg.solve(covariance, np.diag(variances)))
    log_dets = np.linalg.slogdet(covariance)[1] - np.log(variances).sum()
    return 0.5 * (trace - len(covariance) + log_dets)


def _gradient_by_complex_steps(slope, eps, L):
    """log π is its tangent at each draw: differentiate the bound entry by entry."""

    def bound(loc, scale):
        log_density = np.sum(slope * (loc + eps @ scale.T), axis=1)
        return log_density.mean() + np.log(np.diag(scale)).sum()

    D = len(L)
    result = np.zeros((D, 1 + D))
    for i in range(D):
        loc = np.zeros(D, complex)
        loc[i] = 1j * _TINY
        result[i, 0] = bound(loc, L).imag / _TINY
        for j in range(i + 1):
            scale = L.astype(complex)
            scale[i, j] += 1j * _TINY
            result[i, 1 + j] = bound(np.zeros(D), scale).imag / _TINY
    return result


def _gains_by_scipy(trace, block):
    blocks = np.split(trace, len(trace) // block)
    gain = [b.mean() - a.mean() for a, b in itertools.pairwise(blocks)]
    error = [np.sqrt(stats.sem(a) ** 2 + stats.sem(b) ** 2) for a, b in itertools.pairwise(blocks)]
    return np.array([gain, [max(0.01, 2 * e) for e in error]])


def _gain_by_a_t_test(before, after):
    """The t statistic of paired samples is the mean difference over its standard error."""
    gain = np.mean(after - before)
    return np.array([gain, gain / stats.ttest_rel(after, before).statistic])


def _scatter_by_a_covariance_matrix(gamma, n):
    """From φ_0 in balance: φ = A (start, noise), so its covariance is A Aᵀ."""
    keep = 1 - gamma
    start = np.sqrt(np.sum(gamma**2 * keep ** (2 * np.arange(20_000))))
    A = np.zeros((n, n + 1))
    for t in range(n):
        A[t, 0] = keep ** (t + 1) * start
        A[t, 1 : t + 2] = gamma * keep ** np.arange(t, -1, -1)
    covariance = A @ A.T
    return np.array([covariance[-1, -1], covariance.mean()])


# Independent answers: SciPy's distributions and tests, complex steps, a covariance matrix.
INDEPENDENT = {
    "black_box_vi.1": _logistic_density,
    "black_box_vi.2": _kl_of_gaussians,
    "black_box_vi.3": _gradient_by_complex_steps,
    "black_box_vi.4": _gains_by_scipy,
    "black_box_vi.6": _gain_by_a_t_test,
    "black_box_vi.7": _scatter_by_a_covariance_matrix,
}

SECRETS = (
    "(tails + 1.0) * log_rest",
    "tf.linalg.logdet(covariance)",
    "slope[:, :, None] * eps[:, None, :]",
    "np.hypot(error[1:], error[:-1])",
    'prediction = "c"',
    "np.asarray(after) - np.asarray(before)",
    "(n - k) * (1.0 - gamma) ** k",
)

# Right answers written in other ways: NumPy, loops, plain Python, tapes, TFP.
VARIANTS = {
    "black_box_vi.1": [
        """
def log_density_of_u(u, heads, tails):
    u = np.asarray(u, dtype=float)
    return -(heads + 1.0) * np.logaddexp(0.0, -u) - (tails + 1.0) * np.logaddexp(0.0, u)
""",
        """
def log_density_of_u(u, heads, tails):
    sigmoid = tfp.bijectors.Sigmoid()
    log_joint = heads * tf.math.log_sigmoid(u) + tails * tf.math.log_sigmoid(-u)
    return log_joint + sigmoid.forward_log_det_jacobian(u)
""",
    ],
    "black_box_vi.2": [
        """
def mean_field_gap(covariance):
    precision = np.linalg.inv(np.asarray(covariance, dtype=float))
    log_det = np.linalg.slogdet(precision)[1]
    return (np.sum(np.log(np.diag(precision))) - log_det) / 2.0
""",
        """
def mean_field_gap(covariance):
    precision = tf.linalg.inv(covariance)
    best = tfd.MultivariateNormalDiag(scale_diag=tf.linalg.diag_part(precision) ** -0.5)
    target = tfd.MultivariateNormalTriL(scale_tril=tf.linalg.cholesky(covariance))
    return tfd.kl_divergence(best, target) + 0.0 * covariance[0, 0]
""",
    ],
    "black_box_vi.3": [
        """
def full_rank_gradient(slope, eps, L):
    slope, eps, L = np.asarray(slope), np.asarray(eps), np.asarray(L)
    by_scale = np.tril(np.einsum("si,sj->ij", slope, eps) / len(eps))
    by_scale = by_scale + np.diag(1.0 / np.diag(L))
    return np.concatenate([slope.mean(axis=0)[:, None], by_scale], axis=1)
""",
        """
def full_rank_gradient(slope, eps, L):
    loc = tf.zeros_like(slope[0])
    with tf.GradientTape() as tape:
        tape.watch([loc, L])
        u = loc + tf.linalg.matvec(L, eps)
        entropy = tf.reduce_sum(tf.math.log(tf.linalg.diag_part(L)))
        bound = tf.reduce_mean(tf.reduce_sum(slope * u, axis=1)) + entropy
    by_loc, by_scale = tape.gradient(bound, [loc, L])
    return tf.concat([by_loc[:, None], tf.linalg.band_part(by_scale, -1, 0)], 1)
""",
    ],
    "black_box_vi.4": [
        """
def gains(trace, block):
    trace, rows = [float(value) for value in trace], [[], []]
    before, error_before = None, None
    for start in range(0, len(trace), int(block)):
        values = trace[start : start + int(block)]
        level = sum(values) / len(values)
        square = sum((value - level) ** 2 for value in values) / (len(values) - 1.0) / len(values)
        if before is not None:
            rows[0].append(level - before)
            rows[1].append(max(0.01, 2.0 * math.sqrt(square + error_before)))
        before, error_before = level, square
    return rows
""",
        """
def gains(trace, block):
    rows = tf.reshape(trace, [-1, block])
    level = tf.reduce_mean(rows, axis=1)
    size = tf.cast(block, rows.dtype)
    error = tf.math.reduce_variance(rows, axis=1) / (size - 1.0)
    threshold = tf.maximum(0.01, 2.0 * tf.sqrt(error[1:] + error[:-1]))
    return tf.stack([level[1:] - level[:-1], threshold])
""",
    ],
    "black_box_vi.6": [
        """
def mended_gain(before, after):
    gains = [float(a) - float(b) for b, a in zip(before, after)]
    mean = sum(gains) / len(gains)
    variance = sum((gain - mean) ** 2 for gain in gains) / (len(gains) - 1.0)
    return mean, math.sqrt(variance / len(gains))
""",
        """
def mended_gain(before, after):
    covariance = np.cov(before, after)
    variance = covariance[0, 0] + covariance[1, 1] - 2.0 * covariance[0, 1]
    return np.mean(after) - np.mean(before), np.sqrt(variance / len(before))
""",
    ],
    "black_box_vi.7": [
        """
def scatter(gamma, n):
    gamma, n = float(gamma), int(n)
    last, total = gamma / (2.0 - gamma), 0.0
    for t in range(n):
        for r in range(n):
            total += last * (1.0 - gamma) ** abs(t - r) / n / n
    return last, total
""",
        """
def scatter(gamma, n):
    keep, n = 1.0 - float(gamma), float(n)
    last = (1.0 - keep) / (1.0 + keep)
    slow = (1.0 + keep) / (1.0 - keep) - 2.0 * keep * (1.0 - keep**n) / (n * (1.0 - keep) ** 2.0)
    return [last, last * slow / n]
""",
    ],
}

_JOINT = "(heads * tf.math.log_sigmoid(u) + tails * tf.math.log_sigmoid(-u))"
_JACOBIAN = "(tf.math.log_sigmoid(u) + tf.math.log_sigmoid(-u))"
_DIAGONAL = "tf.reduce_sum(tf.math.log(tf.linalg.diag_part(tf.linalg.inv(covariance))))"
_LOG_DET = "tf.linalg.logdet(covariance)"
_BY_LOC = "tf.reduce_mean(slope, axis=0)[:, None]"
_OUTER = "tf.einsum('si,sj->ij', slope, eps) / float(len(eps))"
_LOWER = f"tf.linalg.band_part({_OUTER}, -1, 0)"
_ENTROPY = "tf.linalg.diag(1 / tf.linalg.diag_part(L))"
_ROWS = "np.reshape(trace, (-1, int(block)))"
_MEAN, _ERROR = f"{_ROWS}.mean(1)", f"({_ROWS}.std(1, ddof=1) / np.sqrt(int(block)))"
_BOTH = f"np.hypot({_ERROR}[1:], {_ERROR}[:-1])"
_D = "(np.asarray(after) - np.asarray(before))"
_LAST = "float(gamma) / (2 - float(gamma))"
_MEAN_OF_N = "scatter(gamma, n)[1]"


def _columns(by_loc, by_scale):
    return f"tf.concat([{by_loc}, {by_scale}], 1)"


def _two_rows(gain, threshold):
    return f"np.stack([{gain}, {threshold}])"


# Wrong answers as learners write them, with part of the message where it is recognised.
WRONG = {
    "black_box_vi.1": [
        (_JOINT, "the Jacobian is missing"),
        (f"{_JOINT} - {_JACOBIAN}", "the Jacobian is subtracted"),
        (f"{_JOINT} + u", "the Jacobian of the exponential"),
        (f"{_JOINT} + tf.exp({_JACOBIAN})", "without its logarithm"),
        (f"{_JOINT} + tf.math.log_sigmoid(u)", "1 − z is missing"),
        ("log_density_of_u(u, tails, heads)", "have changed places"),
        ("log_density_of_u(u, heads + 1., tails)", None),
        (f"{_JOINT} + tf.math.softplus(u)", None),
    ],
    "black_box_vi.2": [
        (
            f"0.5 * (tf.reduce_sum(tf.math.log(tf.linalg.diag_part(covariance))) - {_LOG_DET})",
            "the gap of the forward KL",
        ),
        (f"{_DIAGONAL} + {_LOG_DET}", "the ½ is missing"),
        (f"0.5 * {_DIAGONAL}", "depends on the units"),
        (f"0.5 * ({_DIAGONAL} - {_LOG_DET})", "is added, not subtracted"),
        (f"0.5 * {_LOG_DET}", "What are the variances of q"),
        ("-mean_field_gap(covariance)", "A KL divergence is never negative"),
        ("mean_field_gap(covariance) + 1", None),
        ("mean_field_gap(2 * covariance + tf.linalg.diag(tf.linalg.diag_part(covariance)))", None),
    ],
    "black_box_vi.3": [
        (_columns(_BY_LOC, _LOWER), "the entropy is missing"),
        (_columns(_BY_LOC, f"{_OUTER} + {_ENTROPY}"), "above the diagonal"),
        (_columns(_BY_LOC, f"{_LOWER} - {_ENTROPY}"), "has the wrong sign"),
        (_columns(_BY_LOC, f"{_LOWER} + tf.linalg.inv(L)"), "inverse *transposed*"),
        (_columns(_BY_LOC, f"{_LOWER} + tf.eye(len(L))"), "the identity"),
        (
            _columns(_BY_LOC, f"tf.linalg.band_part(tf.transpose({_OUTER}), -1, 0) + {_ENTROPY}"),
            "slope and ε have changed places",
        ),
        (_columns(f"{_LOWER} + {_ENTROPY}", _BY_LOC), "the columns have changed places"),
        (_columns(f"2 * {_BY_LOC}", f"{_LOWER} + {_ENTROPY}"), None),
        ("full_rank_gradient(slope, slope, L)", None),
    ],
    "black_box_vi.4": [
        (_two_rows(f"np.diff({_MEAN})", f"2 * {_BOTH}"), "the tolerance is missing"),
        (_two_rows(f"np.diff({_MEAN})", f"np.maximum(0.01, {_BOTH})"), "the factor 2 is missing"),
        (
            _two_rows(f"np.diff({_MEAN})", f"np.maximum(0.01, 2 * ({_ERROR}[1:] + {_ERROR}[:-1]))"),
            "They add as squares",
        ),
        (
            _two_rows(f"np.diff({_MEAN})", f"np.maximum(0.01, 2 * {_ERROR}[1:])"),
            "only the present block's error",
        ),
        (_two_rows(f"-np.diff({_MEAN})", f"np.maximum(0.01, 2 * {_BOTH})"), "the other way round"),
        ("np.transpose(gains(trace, block))", "lie the other way"),
        (_two_rows(f"np.diff({_MEAN})", f"np.maximum(0.1, 2 * {_BOTH})"), None),
        (_two_rows(f"np.diff({_MEAN}) / {_MEAN}[:-1]", f"np.maximum(0.01, 2 * {_BOTH})"), None),
    ],
    "black_box_vi.6": [
        ("gain_given(before, after)", "the bug is still in it"),
        (f"({_D}.mean(), {_D}.std(ddof=1))", "the standard deviation of one difference"),
        (f"({_D}.mean(), {_D}.std() / np.sqrt(len(before)))", "S − 1 belongs"),
        (f"({_D}.mean(), {_D}.std(ddof=1) / len(before))", "you divided by S."),
        ("mended_gain(after, before)", "the gain has the wrong sign"),
        (f"{_D}.mean()", "the gain alone"),
        (f"({_D}.mean(), 2 * {_D}.std(ddof=1) / np.sqrt(len(before)))", None),
        (f"(np.median({_D}), {_D}.std(ddof=1) / np.sqrt(len(before)))", None),
    ],
    "black_box_vi.7": [
        (f"({_LAST}, {_LAST} / float(n))", "count as independent"),
        (f"({_LAST}, 1 / float(n))", "the chapter's rule for large n"),
        (f"(float(gamma) / 2, {_MEAN_OF_N})", "the first variance is γ/2"),
        (f"(float(gamma)**2, {_MEAN_OF_N})", "the variance that one step adds"),
        ("np.sqrt(scatter(gamma, n))", "these are standard deviations"),
        ("np.divide(scatter(gamma, n), float(gamma))", "the noise has γ where γ² belongs"),
        ("scatter(float(gamma), n + 1)", None),
        ("scatter(0.5 * float(gamma), n)", None),
    ],
}
