"""Right and wrong answers to the exercises of algorithms/coordinate_ascent."""

import numpy as np
from scipy import stats


def _precision_by_quadrature(x, m, v, m0, l0, a, b):
    """Two values of the averaged log joint, up to a constant, tell a_N and b_N apart."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(20)
    mu, weights = m + np.sqrt(v) * nodes, weights / weights.sum()

    def mean_log_joint(tau):
        log_p = stats.gamma.logpdf(tau, a, scale=1 / b) + stats.norm.logpdf(
            mu, m0, (l0 * tau) ** -0.5
        )
        log_p = log_p + stats.norm.logpdf(x[:, None], mu, tau**-0.5).sum(axis=0)
        return weights @ log_p

    one, two, four = (mean_log_joint(tau) for tau in (1.0, 2.0, 4.0))
    # f(τ) = A log τ − B τ: f(4) − 2 f(2) + f(1) = −B and f(2) − f(1) = A log 2 − B
    rate = -(four - 2 * two + one)
    return np.array([(two - one + rate) / np.log(2) + 1, rate])


def _mixture_by_loops(x, pi, m, s2, prior_sd, noise_sd):
    share = np.zeros((len(x), len(m)))
    for n, point in enumerate(x):
        for k in range(len(m)):
            density = stats.norm.pdf(point, m[k], noise_sd)
            share[n, k] = pi[k] * density * np.exp(-s2[k] / (2 * noise_sd**2))
        share[n] /= share[n].sum()
    variances = 1 / (prior_sd**-2.0 + share.sum(axis=0) / noise_sd**2)
    return np.array([variances * (x @ share) / noise_sd**2, variances])


def _pixels_by_argument(log_lik, q, coupling):
    """With the table of neighbours, and pixels in a row."""
    height, width, labels = q.shape
    at = np.argwhere(np.ones((height, width)))
    near = np.abs(at[:, None] - at).sum(axis=-1) == 1
    beliefs, log_lik = q.reshape(-1, labels).copy(), log_lik.reshape(-1, labels)
    for i in range(len(at)):
        weights = np.exp(log_lik[i] + coupling * near[i] @ beliefs)
        beliefs[i] = weights / weights.sum()
    return beliefs.reshape(q.shape)


def _rate_by_sweeps(precision):
    """A sweep is linear in the means: its matrix, column by column from unit starts."""
    columns = []
    for start in np.eye(len(precision)):
        m = start.copy()
        for i in range(len(m)):
            m[i] -= precision[i] @ m / precision[i, i]
        columns.append(m)
    return np.abs(np.linalg.eigvals(np.transpose(columns))).max()


def _critical_by_derivatives(height, width, num_labels):
    """The largest eigenvalue of the sweep's derivative at the even q, at J = 1."""
    at = np.argwhere(np.ones((height, width)))
    near = (np.abs(at[:, None] - at).sum(axis=-1) == 1).astype(float)
    even = np.full(num_labels, 1 / num_labels)
    jacobian = np.diag(even) - np.outer(even, even)
    return 1 / np.linalg.eigvalsh(np.kron(near, jacobian)).max()


# Independent answers: quadrature, loops over densities, sweeps by hand, eigenvalues.
INDEPENDENT = {
    "coordinate_ascent.1": _precision_by_quadrature,
    "coordinate_ascent.2": _mixture_by_loops,
    "coordinate_ascent.4": _pixels_by_argument,
    "coordinate_ascent.5": _rate_by_sweeps,
    "coordinate_ascent.6": _critical_by_derivatives,
}

SECRETS = (
    "l0 * ((m - m0) ** 2 + v)",
    "tf.reduce_sum(phi, axis=0) / noise",
    'prediction = "a"',
    "coupling * q[k, n]",
    "np.linalg.solve(lower, -above)",
    "(down + across)",
)

# Right answers written in other ways: NumPy, loops, plain Python.
VARIANTS = {
    "coordinate_ascent.1": [
        """
def precision_turn(x, m, v, m0, l0, a, b):
    rate = float(b) + float(l0) * (float(m - m0) ** 2 + float(v)) / 2.0
    for one in x:
        rate = rate + (float(one - m) ** 2 + float(v)) / 2.0
    return float(a) + len(x) / 2.0 + 0.5, rate
""",
        """
def precision_turn(x, m, v, m0, l0, a, b):
    n = float(len(x))
    mean_square = m**2 + v
    squares = np.sum(np.square(x)) - 2.0 * m * np.sum(x) + n * mean_square
    squares = squares + l0 * (mean_square - 2.0 * m * m0 + m0**2)
    return np.stack([a + 0.5 * n + 0.5, b + squares / 2.0])
""",
    ],
    "coordinate_ascent.2": [
        """
def mixture_sweep(x, pi, m, s2, prior_sd, noise_sd):
    x, tau = np.asarray(x), 1.0 / np.square(noise_sd)
    log_phi = np.log(pi) - 0.5 * tau * (np.square(x[:, None] - np.asarray(m)) + s2)
    phi = np.exp(log_phi)
    phi = phi / phi.sum(axis=1, keepdims=True)
    variance = 1.0 / (np.square(1.0 / prior_sd) + tau * phi.sum(axis=0))
    return np.stack([variance * tau * (x @ phi), variance])
""",
        """
def mixture_sweep(x, pi, m, s2, prior_sd, noise_sd):
    K, noise, rows = len(m), float(noise_sd) ** 2, [[], []]
    totals, sums = [0.0] * K, [0.0] * K
    for one in x:
        w = [
            float(pi[k]) * math.exp(-(float(one - m[k]) ** 2 + float(s2[k])) / (2.0 * noise))
            for k in range(K)
        ]
        for k in range(K):
            totals[k] += w[k] / sum(w)
            sums[k] += float(one) * w[k] / sum(w)
    for k in range(K):
        precision = 1.0 / float(prior_sd) ** 2 + totals[k] / noise
        rows[0].append(sums[k] / noise / precision)
        rows[1].append(1.0 / precision)
    return rows
""",
    ],
    "coordinate_ascent.4": [
        """
def mended_sweep(log_lik, q, coupling):
    q, coupling = np.array(q, float), float(coupling)
    H, W, K = q.shape
    padded = np.zeros((H + 2, W + 2, K))
    padded[1:-1, 1:-1] = q
    for i in range(1, H + 1):
        for j in range(1, W + 1):
            heard = padded[i - 1, j] + padded[i + 1, j] + padded[i, j - 1] + padded[i, j + 1]
            weights = np.exp(log_lik[i - 1, j - 1] + coupling * heard)
            padded[i, j] = weights / weights.sum()
    return padded[1:-1, 1:-1]
""",
    ],
    "coordinate_ascent.5": [
        """
def rate(precision):
    precision = np.asarray(precision, float)
    d = len(precision)
    sweep = np.eye(d)
    for i in range(d):
        turn = np.eye(d)
        turn[i] = -precision[i] / precision[i, i]
        turn[i, i] = 0.0
        sweep = turn @ sweep
    return np.abs(np.linalg.eigvals(sweep)).max()
""",
        """
def rate(precision):
    lower = tf.linalg.band_part(precision, -1, 0)
    sweep = tf.eye(len(precision), dtype=lower.dtype) - tf.linalg.solve(lower, precision)
    return tf.reduce_max(tf.abs(tf.linalg.eigvals(sweep)))
""",
    ],
    "coordinate_ascent.6": [
        """
def critical_coupling(height, width, num_labels):
    height, width = int(height), int(width)
    def chain(n):
        return np.eye(n, k=1) + np.eye(n, k=-1)
    grid = np.kron(chain(height), np.eye(width)) + np.kron(np.eye(height), chain(width))
    return int(num_labels) / np.linalg.eigvalsh(grid)[-1]
""",
    ],
}

_TURN = "precision_turn(x, m, v, m0, l0, a, b)"
_SQUARES = "(tf.reduce_sum((x - m)**2 + v) + l0 * ((m - m0)**2 + v))"
_A_N = "a + (len(x) + 1) / 2"
_MIX = "mixture_sweep(x, pi, m, s2, prior_sd, noise_sd)"
_GRID = "critical_coupling(height, width, num_labels)"

# Wrong answers as learners write them, with part of the message where it is recognised.
WRONG = {
    "coordinate_ascent.1": [
        (f"(a + len(x) / 2, b + {_SQUARES} / 2)", "a slip of some printings"),
        ("precision_turn(x, m, 0 * v, m0, l0, a, b)", "takes μ for known"),
        ("precision_turn(x, m, v, m0, 1.0, a, b)", "λ₀ is missing"),
        (f"({_A_N}, b + tf.reduce_sum((x - m)**2 + v) / 2)", "the prior of μ is missing"),
        (f"({_A_N}, b + {_SQUARES})", "lost their factor ½"),
        (f"({_A_N}, {_SQUARES} / 2)", "no share of its prior, b"),
        (f"{_TURN}[::-1]", "changed places"),
        (f"{_TURN}[0] / {_TURN}[1]", "this is E[τ]"),
        ("precision_turn(x, m, v, -m0, l0, a, b)", None),
        (f"(a + (len(x) - 1) / 2, b + {_SQUARES} / 2)", None),
    ],
    "coordinate_ascent.2": [
        ("mixture_sweep(x, pi, m, 0 * s2, prior_sd, noise_sd)", "This is what EM does"),
        ("mixture_sweep(x, tf.ones_like(pi), m, s2, prior_sd, noise_sd)", "the weights π are"),
        ("mixture_sweep(x, pi, m, s2, 1e9, noise_sd)", "the prior of the means is missing"),
        (f"({_MIX}[0], 1 / {_MIX}[1])", "holds precisions"),
        (f"({_MIX}[0], tf.sqrt({_MIX}[1]))", "holds standard deviations"),
        (f"{_MIX}[::-1]", "changed places"),
        (f"{_MIX}[0]", "the means alone"),
        ("mixture_sweep(x, pi, m, s2, noise_sd, prior_sd)", None),
    ],
    "coordinate_ascent.4": [
        ("flickering_sweep(log_lik, np.array(q), coupling)", "the bug is still in it"),
        ("mended_sweep(0 * log_lik, q, coupling)", "see nothing"),
        ("mended_sweep(log_lik, q, -coupling)", "the wrong sign"),
        ("mended_sweep(log_lik, q, coupling / 2)", "the coupling is halved"),
        (
            "mended_sweep(log_lik[::-1, ::-1], q[::-1, ::-1], coupling)[::-1, ::-1]",
            "you went backwards",
        ),
        ("mended_sweep(log_lik, mended_sweep(log_lik, q, coupling), coupling)", None),
        ("q", None),
    ],
    "coordinate_ascent.5": [
        ("rate(np.linalg.inv(precision))", "you inverted the matrix first"),
        ("rate(precision)**2", "what the ELBO keeps"),
        ("rate(precision)**0.5", "the root of it"),
        ("1 - rate(precision)", "one minus the rate"),
        (
            "np.max(np.abs(np.linalg.eigvals(np.eye(len(precision)) - np.array(precision) "
            "/ np.diag(precision)[:, None])))",
            "all latents at once",
        ),
        (
            "np.linalg.norm(np.linalg.solve(np.tril(precision), np.triu(precision, 1)), 2)",
            "the largest singular value",
        ),
        (
            "np.linalg.eigvals(-np.linalg.solve(np.tril(precision), np.triu(precision, 1)))"
            ".real.max()",
            "the largest real part",
        ),
        ("0.9 * rate(precision)", None),
    ],
    "coordinate_ascent.6": [
        ("critical_coupling(height, width, 2)", "this is for two labels"),
        ("int(num_labels) / 4", "a grid without edges"),
        ("np.log(1 + np.sqrt(float(num_labels)))", "the exact model on an infinite grid"),
        (f"{_GRID} / 2", "the Ising model's spins"),
        ("critical_coupling(height - 1, width - 1, num_labels)", "n where n + 1 belongs"),
        (f"1 / {_GRID}", "this is λ/K"),
        ("critical_coupling(num_labels, width, height)", None),
    ],
}
