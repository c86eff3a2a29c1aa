"""Right and wrong answers to the exercises of algorithms/richer_posteriors."""

import numpy as np
from scipy import stats


def _bill_by_building(dim, rank, folds):
    from vicourse import families

    made = [
        families.mean_field(dim),
        families.full_rank(dim),
        families.low_rank(dim, rank=rank),
        families.planar(dim, num_layers=folds),
    ]
    return np.array([sum(v.shape.num_elements() for v in q.trainable_variables) for q in made])


def _derivative(function, x):
    """The Jacobian [S, D, D] by complex steps, exact to rounding."""
    steps = 1e-30j * np.eye(x.shape[1])
    return np.stack([function(x + step).imag / 1e-30 for step in steps], axis=-1)


def _planar_by_a_whole_jacobian(eps, u, w, b):
    jacobian = _derivative(lambda e: e + np.tanh(e @ w + b)[:, None] * u, eps)
    return stats.norm.logpdf(eps).sum(axis=1) - np.linalg.slogdet(jacobian)[1]


def _coupling_by_conditioning(y, beta, gamma):
    """y_1 ~ N(0, 1), y_2 | y_1 ~ N(β(y_1² − 1), exp(2γ y_1)): no Jacobian needed."""
    first, second = y.T
    loc = beta * (first**2 - 1)
    return stats.norm.logpdf(first) + stats.norm.logpdf(second, loc, np.exp(gamma * first))


def _price_by_quadrature():
    z = np.linspace(-45, 45, 90_001)
    humps = [stats.norm.pdf(z, loc) for loc in (-30, 0, 30)]
    p = 0.5 * humps[0] + 0.3 * humps[1] + 0.2 * humps[2]
    q = 0.625 * humps[0] + 0.375 * humps[1]
    seen = q > 1e-200
    return np.sum(q[seen] * np.log(q[seen] / p[seen])) * (z[1] - z[0])


def _iaf_by_a_whole_jacobian(eps, s):
    jacobian = _derivative(lambda e: e * np.exp(-s), eps)
    return stats.norm.logpdf(eps).sum(axis=1) - np.linalg.slogdet(jacobian)[1]


def _kept_from_the_whole_posterior(num_steps, step_variance, noise_variance):
    """The slope of E[z_t | z_{t−1}, x] from the joint precision, later steps integrated out."""
    size = int(num_steps)
    differences = np.eye(size) - np.eye(size, k=-1)
    precision = differences.T @ differences / step_variance + np.eye(size) / noise_variance
    weights = []
    for t in range(1, size):
        covariance = np.linalg.inv(precision[t - 1 :, t - 1 :])
        weights.append(covariance[1, 0] / covariance[0, 0])
    return np.array(weights)


# Independent answers: the package's variables, whole Jacobians, conditioning, quadrature.
INDEPENDENT = {
    "richer_posteriors.1": _bill_by_building,
    "richer_posteriors.2": _planar_by_a_whole_jacobian,
    "richer_posteriors.3": _coupling_by_conditioning,
    "richer_posteriors.4": _price_by_quadrature,
    "richer_posteriors.5": _iaf_by_a_whole_jacobian,
    "richer_posteriors.6": _kept_from_the_whole_posterior,
}

SECRETS = (
    "full + folds * (2 * dim + 1)",
    "slope * tf.reduce_sum(u * w)",
    "0.5 * second**2 - gamma * first",
    "price = 0.2231",
    "log_noise + tf.reduce_sum(s, axis=-1)",
    "1.0 / (1.0 + step_variance * later)",
)

# Right answers written in other ways: NumPy, loops, plain Python, TFP.
VARIANTS = {
    "richer_posteriors.1": [
        """
def bill(dim, rank, folds):
    triangle = sum(range(1, int(dim) + 1))
    location = int(dim)
    fold = location + location + 1
    return np.array(
        [
            location + location,
            location + triangle,
            location + location + location * int(rank),
            location + triangle + fold * int(folds),
        ]
    )
""",
    ],
    "richer_posteriors.2": [
        """
def planar_log_q(eps, u, w, b):
    log_noise = tf.reduce_sum(tfd.Normal(0.0, 1.0).log_prob(eps), axis=1)
    tanh = tf.math.tanh(tf.linalg.matvec(eps, w) + b)
    return log_noise - tf.math.log1p((1.0 - tanh * tanh) * tf.tensordot(u, w, 1))
""",
        """
def planar_log_q(eps, u, w, b):
    answer = []
    for e in np.asarray(eps, float):
        along, depth, log_q = 0.0, float(b), 0.0
        for i in range(len(e)):
            along += float(u[i]) * float(w[i])
            depth += float(w[i]) * e[i]
            log_q -= 0.5 * e[i] ** 2 + 0.5 * math.log(2.0 * math.pi)
        answer.append(log_q - math.log(1.0 + along / math.cosh(depth) ** 2.0))
    return answer
""",
    ],
    "richer_posteriors.3": [
        """
def coupling_log_q(y, beta, gamma):
    first, second = y[:, 0], y[:, 1]
    centre = beta * (tf.square(first) - 1.0)
    below = tfd.Normal(0.0, 1.0).log_prob(first)
    return below + tfd.Normal(centre, tf.exp(gamma * first)).log_prob(second)
""",
        """
def coupling_log_q(y, beta, gamma):
    answer = []
    for first, second in np.asarray(y, float):
        noise = (second - float(beta) * (first**2.0 - 1.0)) / math.exp(float(gamma) * first)
        squares = 0.5 * (first**2.0 + noise**2.0)
        answer.append(-squares - math.log(2.0 * math.pi) - float(gamma) * first)
    return answer
""",
    ],
    "richer_posteriors.5": [
        """
def mended_log_q(eps, s):
    return tf.reduce_sum(tfd.Normal(0.0, 1.0).log_prob(eps) + s, axis=1)
""",
        """
def mended_log_q(eps, s):
    answer = []
    for noise, scales in zip(np.asarray(eps, float), np.asarray(s, float)):
        total = 0.0
        for e, one in zip(noise, scales):
            total += one - 0.5 * e**2.0 - 0.5 * math.log(2.0 * math.pi)
        answer.append(total)
    return answer
""",
    ],
    "richer_posteriors.6": [
        """
def kept(num_steps, step_variance, noise_variance):
    r, v = float(step_variance), float(noise_variance)
    weights, later = [1.0 / (1.0 + r / v)], 1.0 / v
    while len(weights) < int(num_steps) - 1:
        later = 1.0 / v + later / (1.0 + r * later)
        weights.insert(0, 1.0 / (1.0 + r * later))
    return weights
""",
    ],
}

_NOISE = "tf.reduce_sum(tfd.Normal(0.0, 1.0).log_prob(eps), axis=-1)"
_ALONG = "tf.reduce_sum(u * w)"
_TANH = "tf.math.tanh(tf.linalg.matvec(eps, w) + b)"
_FIRST, _SECOND = "y[:, 0]", "y[:, 1]"
_BENT = f"beta * ({_FIRST}**2 - 1.0)"


def _through(second, log_det=f"gamma * {_FIRST}"):
    normal = "tfd.Normal(0.0, 1.0).log_prob"
    return f"{normal}({_FIRST}) + {normal}({second}) - {log_det}"


_TRIANGLE = "dim * (dim + 1) // 2"
_RIGHT = "kept(num_steps, step_variance, noise_variance)"

# Wrong answers as learners write them, with part of the message where it is recognised.
WRONG = {
    "richer_posteriors.1": [
        (
            f"[dim, {_TRIANGLE}, dim * (rank + 1), {_TRIANGLE} + folds * (2 * dim + 1)]",
            "the locations are missing",
        ),
        (
            "[2 * dim, dim + dim**2, dim * (rank + 2), dim + dim**2 + folds * (2 * dim + 1)]",
            "you counted all D² entries",
        ),
        (
            f"[2 * dim, dim + {_TRIANGLE}, dim * (rank + 1), "
            f"dim + {_TRIANGLE} + folds * (2 * dim + 1)]",
            "the low-rank Gaussian lost its diagonal",
        ),
        ("bill(dim, rank, 1)", "It has K"),
        (
            f"[2 * dim, dim + {_TRIANGLE}, dim * (rank + 2), folds * (2 * dim + 1)]",
            "lost the affine map",
        ),
        (
            f"[2 * dim, {_TRIANGLE}, dim * (rank + 2), {_TRIANGLE} + folds * (2 * dim + 1)]",
            "lacks D numbers",
        ),
        ("bill(dim + 1, rank, folds)", None),
    ],
    "richer_posteriors.2": [
        (f"{_NOISE} + tf.math.log(1.0 + (1.0 - {_TANH}**2) * {_ALONG})", "density falls"),
        (_NOISE, "the Jacobian is missing"),
        (f"{_NOISE} - tf.math.log(1.0 + {_TANH}**2 * {_ALONG})", "Here tanh² stands"),
        (f"{_NOISE} - tf.math.log(1.0 + {_ALONG}) * tf.ones_like({_TANH})", "is missing: the det"),
        ("planar_log_q(eps, w, u, b)", "u and w have changed places"),
        (
            f"planar_log_q(eps, u, w, b) - {_NOISE} + tf.reduce_mean("
            "tfd.Normal(0.0, 1.0).log_prob(eps), axis=-1)",
            "you averaged",
        ),
        ("planar_log_q(eps, u, w, b) + 1.0", None),
        ("planar_log_q(eps, u, 2.0 * w, b)", None),
    ],
    "richer_posteriors.3": [
        (_through(f"({_SECOND} - {_BENT}) / tf.exp(gamma * {_FIRST})", "0.0"), "−γ y_1"),
        (
            _through(f"({_SECOND} - {_BENT}) / tf.exp(gamma * {_FIRST})", f"(-gamma * {_FIRST})"),
            "the wrong sign",
        ),
        (_through(f"{_BENT} + tf.exp(gamma * {_FIRST}) * {_SECOND}"), "ran the layer forwards"),
        (_through(f"({_SECOND} - {_BENT}) * tf.exp(gamma * {_FIRST})"), "it is divided"),
        (_through(f"{_SECOND} / tf.exp(gamma * {_FIRST}) - {_BENT}"), "undo the shift first"),
        ("coupling_log_q(y, beta, 2.0 * gamma)", None),
    ],
    "richer_posteriors.5": [
        ("log_q_given(eps, s)", "the bug is still in it"),
        (_NOISE, "now the log determinant is missing"),
        (f"{_NOISE} + tf.reduce_mean(s, axis=-1)", "the s_i are averaged"),
        (f"{_NOISE} + tf.reduce_sum(tf.exp(s), axis=-1)", "you added exp(s)"),
        ("mended_log_q(eps, 2.0 * s)", None),
    ],
    "richer_posteriors.6": [
        (f"{_RIGHT}[::-1]", "the order is turned round"),
        (f"1.0 - np.asarray({_RIGHT})", "1 − λ"),
        ("kept(num_steps, noise_variance, step_variance)", "changed places"),
        ("kept(num_steps, step_variance**2, noise_variance**2)", "do not square"),
        ("kept(num_steps + 1, step_variance, noise_variance)", "one too many"),
        (
            "[1.0 / (1.0 + step_variance / noise_variance)] * (int(num_steps) - 1)",
            "only x_t is in it",
        ),
        ("kept(num_steps, 2.0 * step_variance, noise_variance)", None),
    ],
}
