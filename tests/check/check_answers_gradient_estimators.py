"""Right and wrong answers to the exercises of algorithms/gradient_estimators."""

import numpy as np
from scipy import special, stats

_TINY = 1e-30  # a complex step: the imaginary part is the derivative, without any rounding

# Gauss–Hermite nodes: means under N(0, 1), exact for polynomials of degree below 40.
_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(20)
_WEIGHTS = _WEIGHTS / _WEIGHTS.sum()


def _complex_log_normal(z, m, s):
    return -0.5 * np.log(2 * np.pi) - np.log(s) - (z - m) ** 2 / (2 * s**2)


def _score_by_complex_steps(z, m, s):
    by_m = _complex_log_normal(z, m + 1j * _TINY, s)
    by_s = _complex_log_normal(z, m, s + 1j * _TINY)
    return np.array([by_m, by_s]).imag / _TINY


def _weighed_by_a_covariance(log_p, z, m, s):
    """With this baseline the estimate is the sample covariance of f and the score."""
    values = log_p - stats.norm.logpdf(z, m, s)
    return np.array([np.cov(values, h)[0, 1] for h in _score_by_complex_steps(z, m, s)])


def _moved_by_complex_steps(slope, eps, s):
    """f is log p's tangent at the draw minus log q, at m = 0: differentiate it as a whole."""

    def value(dm, ds, in_q):
        path = dm + (s + ds) * eps  # the draw, and how it moves
        log_p = slope * (path - s * eps)
        return np.mean(log_p - _complex_log_normal(path, in_q * dm, s + in_q * ds))

    step = 1j * _TINY
    rows = [[value(step, 0, in_q), value(0, step, in_q)] for in_q in (1, 0)]
    return np.array(rows).imag / _TINY


def _weights_times_scores(z, m, s):
    log_joint = stats.norm.logpdf(z) + stats.norm.logpdf(5, z)
    weights = (log_joint - stats.norm.logpdf(z, m, s)) / len(z)
    return _score_by_complex_steps(z, m, s) @ weights


def _path_by_complex_steps(z, w, m, s):
    def below(z, w, m_1):
        first, second = ((z - mean) / (s * np.sqrt(2)) for mean in (m_1, m[1]))
        return w * (1 + special.erf(first)) / 2 + (1 - w) * (1 + special.erf(second)) / 2

    step = 1j * _TINY
    density = below(z + step, w, m[0]).imag
    slopes = below(z + 0j, w + step, m[0]).imag, below(z + 0j, w, m[0] + step).imag
    return -np.array(slopes) / density


def _noise_by_quadrature(m, s, d):
    z = m + s * _NODES
    f = stats.norm.logpdf(z) - stats.norm.logpdf(z, m, s)
    h = _NODES / s

    def mean(values):
        return _WEIGHTS @ values

    rest_mean, rest_variance = (d - 1) * mean(f), (d - 1) * (mean(f**2) - mean(f) ** 2)
    best = mean(f * h**2) / mean(h**2) + rest_mean
    left = f + rest_mean - best
    weighed = mean((left**2 + rest_variance) * h**2) - mean(left * h) ** 2
    slope = -z + (z - m) / s**2
    return np.array([weighed, mean(slope**2) - mean(slope) ** 2])


# Independent answers: complex steps, a covariance, quadrature, SciPy's own densities.
INDEPENDENT = {
    "gradient_estimators.1": _score_by_complex_steps,
    "gradient_estimators.2": _weighed_by_a_covariance,
    "gradient_estimators.3": _moved_by_complex_steps,
    "gradient_estimators.5": _weights_times_scores,
    "gradient_estimators.6": _path_by_complex_steps,
    "gradient_estimators.7": _noise_by_quadrature,
}

SECRETS = (
    "(eps**2 - 1.0) / s",
    "tf.reduce_sum(values) - values",
    "slope_of_f = slope + eps / s",
    'prediction = "c"',
    "tf.stop_gradient(log_p - log_q)",
    "first.cdf(z) - second.cdf(z)",
    "4.0 * c**2 / s**2",
)

# Right answers written in other ways: NumPy, loops, plain Python, tapes, TFP.
VARIANTS = {
    "gradient_estimators.1": [
        """
def score(z, m, s):
    return np.stack([(z - m) / s**2.0, (z - m) ** 2.0 / s**3.0 - 1.0 / s])
""",
        """
def score(z, m, s):
    m, s = m * tf.ones_like(z), s * tf.ones_like(z)
    with tf.GradientTape() as tape:
        tape.watch([m, s])
        log_q = tfd.Normal(m, s).log_prob(z)
    return tape.gradient(log_q, [m, s])
""",
    ],
    "gradient_estimators.2": [
        """
def weighed_gradient(log_p, z, m, s):
    z = np.asarray(z)
    f = np.asarray(log_p) + np.square(z - m) / (2.0 * s**2)
    f = f - np.mean(f)
    share = 1.0 / (len(z) - 1.0)
    return share * np.sum(f * (z - m)) / s**2, share * np.sum(f * (z - m) ** 2) / s**3
""",
        """
def weighed_gradient(log_p, z, m, s):
    n = len(z)
    f = [float(log_p[r]) + 0.5 * float((z[r] - m) / s) ** 2 for r in range(n)]
    by_m, by_s = 0.0, 0.0
    for r in range(n):
        baseline = sum(f[k] for k in range(n) if k != r) / (n - 1)
        e = float((z[r] - m) / s)
        by_m += (f[r] - baseline) * e / float(s) / n
        by_s += (f[r] - baseline) * (e**2 - 1.0) / float(s) / n
    return [by_m, by_s]
""",
    ],
    "gradient_estimators.3": [
        """
def moved_gradients(slope, eps, s):
    rows, n = [[0.0, 1.0 / float(s)], [0.0, 0.0]], len(eps)
    for a, e in zip(slope, eps):
        a, e = float(a), float(e)
        f_slope = a + e / float(s)
        rows[0][0] += a / n
        rows[0][1] += a * e / n
        rows[1][0] += f_slope / n
        rows[1][1] += f_slope * e / n
    return rows
""",
        """
def moved_gradients(slope, eps, s):
    m = tf.zeros_like(s)
    rows = []
    for stop in (tf.identity, tf.stop_gradient):
        with tf.GradientTape() as tape:
            tape.watch([m, s])
            z = m + s * eps
            log_q = tfd.Normal(stop(m), stop(s)).log_prob(z)
            f = tf.reduce_mean(slope * z - log_q)
        rows.append(tf.stack(tape.gradient(f, [m, s])))
    return tf.stack(rows)
""",
    ],
    "gradient_estimators.5": [
        """
def mended_gradient(z, m, s):
    by_m, by_s, m, s = 0.0, 0.0, float(m), float(s)
    for one in z:
        one = float(one)
        log_p = -math.log(2.0 * math.pi) - one**2 / 2.0 - (5.0 - one) ** 2 / 2.0
        log_q = -math.log(2.0 * math.pi) / 2.0 - math.log(s) - (one - m) ** 2 / (2.0 * s**2)
        by_m += (log_p - log_q) * (one - m) / s**2 / len(z)
        by_s += (log_p - log_q) * ((one - m) ** 2 / s**3 - 1.0 / s) / len(z)
    return by_m, by_s
""",
    ],
    "gradient_estimators.6": [
        """
def mixture_path(z, w, m, s):
    q = tfd.MixtureSameFamily(tfd.Categorical(probs=[w, 1.0 - w]), tfd.Normal(m, s))
    humps = tfd.Normal(m[:, None], s)
    below, inside = humps.cdf(z), humps.prob(z)
    return tf.stack([below[1] - below[0], w * inside[0]]) / q.prob(z)
""",
        """
def mixture_path(z, w, m, s):
    w, s, paths = float(w), float(s), [[], []]
    for one in z:
        e = [(float(one) - float(mean)) / s for mean in m]
        below = [0.5 * math.erfc(-value / math.sqrt(2.0)) for value in e]
        inside = [math.exp(-0.5 * value**2) / math.sqrt(2.0 * math.pi) / s for value in e]
        density = w * inside[0] + (1.0 - w) * inside[1]
        paths[0].append((below[1] - below[0]) / density)
        paths[1].append(w * inside[0] / density)
    return paths
""",
    ],
    "gradient_estimators.7": [
        """
def noise(m, s, d):
    m, s, d = float(m), float(s), float(d)
    bend = (1.0 / s - s) ** 2
    return (d + 1.0) * m**2 + (d / 2.0 + 1.0) * bend, bend
""",
        """
def noise(m, s, d):
    c = (1.0 - s * s) / (s + s)
    moved = 4.0 * c * c
    return m * m * (d + 1) + moved * (d + 2) / 2.0, moved
""",
    ],
}

_A = "(z - m)"
_H_S = f"({_A}**2 / s**3 - 1 / s)"
_F = "(log_p - tfd.Normal(m, s).log_prob(z))"
_S = "float(len(z))"
_OTHERS = f"((tf.reduce_sum({_F}) - {_F}) / ({_S} - 1))"


def _times_score(weight):
    h_s = f"({weight}) * {_H_S}"
    return f"(tf.reduce_mean(({weight}) * {_A} / s**2), tf.reduce_mean({h_s}))"


_LOG_P = "(tfd.Normal(0., 1.).log_prob(z) + tfd.Normal(z, 1.).log_prob(5.))"
_LOG_Q = "tfd.Normal(m, s).log_prob(z)"
_ALONG = "[tf.reduce_mean(slope), tf.reduce_mean(slope * eps)]"
_PLAIN = "[tf.reduce_mean(slope), tf.reduce_mean(slope * eps) + 1 / s]"
_LANDING = "[tf.reduce_mean(slope + eps / s), tf.reduce_mean((slope + eps / s) * eps)]"
_F_1, _F_2 = (f"tfd.Normal(m[{i}], s).cdf(z)" for i in (0, 1))
_Q_1, _Q_2 = (f"tfd.Normal(m[{i}], s).prob(z)" for i in (0, 1))
_Q = f"(w * {_Q_1} + (1 - w) * {_Q_2})"
_RIGHT = "noise(float(m), float(s), d)"

# Wrong answers as learners write them, with part of the message where it is recognised.
WRONG = {
    "gradient_estimators.1": [
        (f"({_A} / s, {_A}**2 / s**3 - 1 / s)", "s stands where s² belongs"),
        (f"(-{_A} / s**2, {_H_S})", "the first derivative is by z"),
        (f"({_A} / s**2, {_A}**2 / s**3)", "the normalising constant"),
        (f"({_A} / s**2, {_A}**2 / s**2 - 1)", "by log s"),
        (f"({_A} / s, {_A}**2 / (2 * s**2) - 1 / (2 * s))", "you took s for the variance"),
        (f"tf.transpose(tf.stack([{_A} / s**2, {_H_S}]))", "lie the other way"),
        (f"({_A} / s**2, {_A} / s**3 - 1 / s)", None),
        ("score(z, s, s)", None),
    ],
    "gradient_estimators.2": [
        (_times_score(f"{_F} - tf.reduce_mean({_F})"), "the draw's own value is in its baseline"),
        (_times_score(_F), "there is no baseline"),
        (_times_score("log_p - " + _OTHERS.replace(_F, "log_p")), "−log q is missing"),
        (_times_score("log_p"), "and the baseline too"),
        (_times_score(f"{_F} - {_OTHERS} * ({_S} - 1)"), "Asked is their mean"),
        (_times_score(f"{_F} - {_OTHERS} * ({_S} - 1) / {_S}"), "There are S − 1 others"),
        (f"[{_S} * g for g in weighed_gradient(log_p, z, m, s)]", "you added up the draws"),
        ("tf.stack(weighed_gradient(log_p, z, m, s)) * [1, s]", "by log s"),
        (_times_score(f"{_F} - {_OTHERS} + 1"), None),
        ("weighed_gradient(log_p, z, m, s**2)", None),
    ],
    "gradient_estimators.3": [
        (f"[{_ALONG}, {_LANDING}]", "in the first row the entropy is missing"),
        (f"[{_PLAIN}, {_ALONG}]", "in the second row log q is missing"),
        (f"[{_PLAIN}, {_LANDING.replace('+', '-')}]", "the wrong sign: it is +ε/s"),
        (f"[{_PLAIN}, {_LANDING.replace('eps / s', 'eps')}]", "in the second row s is missing"),
        (f"[{_LANDING}, {_PLAIN}]", "the two rows have changed places"),
        (f"tf.transpose([{_PLAIN}, {_LANDING}])", "rows and columns"),
        (f"tf.stack([{_PLAIN}, {_LANDING}]) * [1, s]", "by log s"),
        (_PLAIN, "the first row alone"),
        (f"[{_PLAIN}, {_PLAIN}]", None),
    ],
    "gradient_estimators.5": [
        ("gradient_given(z, m, s)", "the bug is still in it"),
        (_times_score(f"-{_LOG_Q}"), "It is the other way round"),
        (_times_score("-1"), "noise around nothing"),
        (_times_score(_LOG_P), "log q is missing in the weight"),
        ("(0 * m, 0 * s)", "everything is held fixed now"),
        ("weighed_gradient(" + _LOG_P + ", z, m, s)", "this has a baseline"),
        ("moved_gradients(5 - 2 * z, (z - m) / s, s)[0]", "this moves the draws"),
        ("(5 - 2 * m, 1 / s - 2 * s)", "this is the exact gradient"),
        ("[0.5 * g for g in gradient_given(z, m, s)]", None),
    ],
    "gradient_estimators.6": [
        ("[-p for p in mixture_path(z, w, m, s)]", "both signs are turned round"),
        (f"(({_F_2} - {_F_1}), w * {_Q_1})", "you did not divide by q(z)"),
        (f"(({_Q_1} - {_Q_2}) / {_Q}, w * {_Q_1} / {_Q} * (z - m[0]) / s**2)", "this is the score"),
        (f"(({_F_2} - {_F_1}) / {_Q}, {_Q_1} / {_Q})", "lost the weight w"),
        (f"(({_F_1} - {_F_2}) / {_Q}, w * {_Q_1} / {_Q})", "by w has the wrong sign"),
        (f"(-{_F_1} / {_Q}, w * {_Q_1} / {_Q})", "lost the second component"),
        ("mixture_path(z, w, m, s**0.5)", "you took s for the variance"),
        ("mixture_path(z, w, m[::-1], s)", None),
    ],
    "gradient_estimators.7": [
        (f"({_RIGHT}[0] + m**2, {_RIGHT}[1])", "from the weighed one: this is a second moment"),
        (f"({_RIGHT}[0] + (1 - s**2)**2 / s**2, {_RIGHT}[1])", "your baseline is the mean of f"),
        (f"(noise(float(m), float(s), 1)[0], {_RIGHT}[1])", "the other latents are missing"),
        ("noise(float(m), float(s), d + 1)", "only d − 1 of them are others"),
        (f"({_RIGHT}[0], s**2)", "the moved one is plain reparameterization"),
        (f"np.sqrt({_RIGHT})", "these are standard deviations"),
        ("noise(2 * float(m), float(s), d)", None),
        ("noise(float(m), float(s)**2, d)", None),
    ],
}
