"""Right and wrong answers to the exercises of algorithms/stochastic_vi."""

import numpy as np
from scipy import special


def _target_by_copies(counts, num_data, alpha):
    """The mean over the minibatch is the mean over the data, in homogeneous form."""
    return alpha + num_data * np.ones(len(counts)) @ counts / np.size(counts[:, 0])


def _natural_by_sherman_morrison(gradient, lam):
    """(D − c 11ᵀ)⁻¹ = D⁻¹ + c D⁻¹11ᵀD⁻¹ / (1 − c 1ᵀD⁻¹1), with ψ'(x) = ζ(2, x)."""
    inverse, c = 1 / special.zeta(2, lam), special.zeta(2, lam.sum())
    correction = c * (inverse @ gradient) / (1 - c * inverse.sum())
    return inverse * (gradient + correction)


def _local_by_loops(x, log_topics, gamma, alpha, rounds):
    num_topics, num_words = log_topics.shape
    for _ in range(rounds):
        total = special.psi(sum(gamma))
        fresh = [float(alpha)] * num_topics
        for v in range(num_words):
            weights = [
                np.exp(special.psi(gamma[k]) - total + log_topics[k, v]) for k in range(num_topics)
            ]
            for k in range(num_topics):
                fresh[k] += x[v] * weights[k] / sum(weights)
        gamma = fresh
    return np.array(gamma)


def _global_by_loops(lam, x, q_c, num_data, beta, rho):
    new = np.array(lam)
    for k, v in np.ndindex(lam.shape):
        seen = sum(x[m, v] * q_c[m, k, v] for m in range(len(x)))
        new[k, v] += rho * (beta + num_data * seen / len(x) - lam[k, v])
    return new


def _step_by_frequencies(lam, counts, num_data, rho):
    return lam + rho * (num_data * counts / np.sum(counts) + 1 - lam)


def _error_by_impulses(rho, start, noise):
    """λ is linear in its start and in each step's noise: send one impulse through at a time."""

    def run(first, impulses):
        e = first
        for r, impulse in zip(rho, impulses, strict=True):
            e = e + r * (impulse - e)
        return e

    answers = [run(0.0, row) for row in np.eye(len(rho))]
    return np.array([run(start, np.zeros(len(rho))), noise * np.sum(np.square(answers))])


# Independent answers: copies, Sherman and Morrison, loops, the response to single impulses.
INDEPENDENT = {
    "stochastic_vi.1": _target_by_copies,
    "stochastic_vi.2": _natural_by_sherman_morrison,
    "stochastic_vi.3": _local_by_loops,
    "stochastic_vi.4": _global_by_loops,
    "stochastic_vi.5": _step_by_frequencies,
    "stochastic_vi.7": _error_by_impulses,
}

SECRETS = (
    "alpha + scale * tf.reduce_sum(counts, axis=0)",
    "tf.linalg.diag(trigamma(lam))",
    "tf.linalg.matvec(q_c, x)",
    "tf.reduce_sum(x[:, None, :] * q_c, axis=0)",
    "lam_hat = 1.0 + scale * counts",
    'prediction = "b"',
    "(1.0 - r) ** 2 * variance + r**2 * noise",
)

# Right answers written in other ways: NumPy, loops, plain Python.
VARIANTS = {
    "stochastic_vi.1": [
        """
def target(counts, num_data, alpha):
    return alpha + num_data * np.mean(counts, axis=0)
""",
        """
def target(counts, num_data, alpha):
    lam_hat = [float(alpha)] * len(counts[0])
    for row in counts:
        for k in range(len(row)):
            lam_hat[k] += float(num_data) * float(row[k]) / len(counts)
    return lam_hat
""",
    ],
    "stochastic_vi.2": [
        """
def natural_gradient(gradient, lam):
    from scipy import special
    g, lam = np.asarray(gradient, float), np.asarray(lam, float)
    fisher = np.diag(special.polygamma(1, lam)) - special.polygamma(1, lam.sum())
    return np.linalg.solve(fisher, g)
""",
        """
def natural_gradient(gradient, lam):
    with tf.GradientTape() as outer:
        outer.watch(lam)
        with tf.GradientTape() as inner:
            inner.watch(lam)
            a = tf.reduce_sum(tf.math.lgamma(lam)) - tf.math.lgamma(tf.reduce_sum(lam))
        slope = inner.gradient(a, lam)
    fisher = outer.jacobian(slope, lam)
    return tf.linalg.matvec(tf.linalg.inv(fisher), gradient)
""",
    ],
    "stochastic_vi.3": [
        """
def local_step(x, log_topics, gamma, alpha, rounds):
    from scipy import special
    x, t = np.asarray(x, float), np.asarray(log_topics, float)
    gamma = np.asarray(gamma, float)
    for _ in range(int(rounds)):
        weights = np.exp(special.digamma(gamma))[:, None] * np.exp(t)
        gamma = float(alpha) + (weights / np.sum(weights, axis=0)) @ x
    return gamma
""",
    ],
    "stochastic_vi.4": [
        """
def global_step(lam, x, q_c, num_data, beta, rho):
    counts = tf.einsum("mv,mkv->kv", x, q_c)
    return lam + rho * (beta + num_data / float(len(x)) * counts - lam)
""",
        """
def global_step(lam, x, q_c, num_data, beta, rho):
    new = np.array(lam, float)
    for k in range(len(lam)):
        for v in range(len(lam[0])):
            seen = 0.0
            for m in range(len(x)):
                seen += float(x[m][v]) * float(q_c[m][k][v])
            lam_hat = float(beta) + float(num_data) / len(x) * seen
            new[k, v] = (1.0 - float(rho)) * new[k, v] + float(rho) * lam_hat
    return new
""",
    ],
    "stochastic_vi.5": [
        """
def mended_step(lam, counts, num_data, rho):
    share = counts / np.sum(counts)
    return lam + rho * (1.0 + num_data * share - lam)
""",
    ],
    "stochastic_vi.7": [
        """
def error(rho, start, noise):
    rho = np.asarray(rho, float)
    kept = np.cumprod((1.0 - rho)[::-1])[::-1]
    later = np.append(kept[1:], 1.0)
    return float(start) * kept[0], float(noise) * np.sum(np.square(rho * later))
""",
        """
def error(rho, start, noise):
    if len(rho) == 0:
        return start, 0.0 * noise
    mean, variance = error(rho[:-1], start, noise)
    r = rho[-1]
    return mean - r * mean, (1.0 - r) * (1.0 - r) * variance + r * r * noise
""",
    ],
}

_M = "float(len(counts))"
_SUM = "tf.reduce_sum(counts, axis=0)"
_DIAGONAL = "tf.math.polygamma(tf.ones_like(lam), lam)"
_TOTAL = "tf.math.polygamma(tf.constant(1.0, lam.dtype), tf.reduce_sum(lam))"
_FISHER = f"(tf.linalg.diag({_DIAGONAL}) - {_TOTAL})"
_LAM_HAT = "global_step(lam, x, q_c, num_data, beta, 1.0)"
_SCALE = "num_data / tf.reduce_sum(counts)"

# Wrong answers as learners write them, with part of the message where it is recognised.
WRONG = {
    "stochastic_vi.1": [
        (f"alpha + {_SUM}", "N/M is missing"),
        (f"num_data / {_M} * (alpha + {_SUM})", "the prior is counted N/M times too"),
        (f"alpha + num_data * {_SUM}", "each row is counted N times"),
        (f"alpha + {_M} / num_data * {_SUM}", "upside down"),
        (f"num_data / {_M} * {_SUM}", "the prior's α is missing"),
        (f"alpha + {_SUM} / {_M}", "the prior plus a mean"),
        (f"alpha + num_data * {_SUM} / tf.reduce_sum(counts)", "the number of counts"),
        (f"num_data * alpha + {_SUM}", None),
    ],
    "stochastic_vi.2": [
        ("gradient", "this is the gradient itself"),
        (f"tf.linalg.matvec({_FISHER}, gradient)", "you multiplied by F"),
        (f"gradient / {_DIAGONAL}", "F is diagonal here"),
        (f"gradient / tf.linalg.diag_part({_FISHER})", "only the diagonal"),
        (
            f"tf.linalg.solve(tf.linalg.diag({_DIAGONAL}) + {_TOTAL}, gradient[:, None])[:, 0]",
            "is added",
        ),
        ("-natural_gradient(gradient, lam)", None),
        ("natural_gradient(gradient, 2 * lam)", None),
    ],
    "stochastic_vi.3": [
        ("local_step(x, log_topics, gamma, alpha, rounds - 1)", "one round too few"),
        ("local_step(x, log_topics, gamma, alpha, rounds + 1)", "one round too many"),
        ("local_step(x, 0 * log_topics, gamma, alpha, rounds)", "the topics are left out"),
        (
            "local_step(x, log_topics, gamma, alpha, rounds) / (alpha * len(gamma) + sum(x))",
            "propor",
        ),
        ("local_step(x, log_topics, gamma, 2 * alpha, rounds)", None),
        ("local_step(x, log_topics, gamma, alpha, rounds) - alpha", None),
    ],
    "stochastic_vi.4": [
        ("global_step(lam, x, q_c, num_data, beta, 1 - rho)", "have changed places"),
        ("global_step(lam, x, q_c, float(len(x)), beta, rho)", "N/M is missing"),
        ("global_step(lam, x, q_c, num_data, beta * num_data / len(x), rho)", "N/M times too"),
        (_LAM_HAT, "this is λ̂"),
        (f"lam + rho * {_LAM_HAT}", "this is λ + ρ λ̂"),
        (f"rho * ({_LAM_HAT} - lam)", "Add it to λ"),
        ("global_step(lam, x, q_c, num_data, 0 * beta, rho)", "the prior's β is missing"),
        (f"tf.exp((1 - rho) * tf.math.log(lam) + rho * tf.math.log({_LAM_HAT}))", "logarithms"),
        ("global_step(lam, x[::-1], q_c, num_data, beta, rho)", None),
    ],
    "stochastic_vi.5": [
        ("step_given(lam, counts, num_data, rho)", "the bug is still in it"),
        (f"(1 - rho) * lam + rho * {_SCALE} * counts", "the prior is gone altogether"),
        ("(1 - rho) * lam + rho * (1 + counts)", "N/M is gone altogether"),
        (
            f"(1 - rho) * lam + rho * (tf.reduce_sum(counts) / num_data + {_SCALE} * counts)",
            "divid",
        ),
        ("mended_step(lam, counts, num_data, 1 - rho)", "have changed places"),
        ("mended_step(lam, counts, 2 * num_data, rho)", None),
    ],
    "stochastic_vi.7": [
        ("error(rho[::-1], start, noise)", "in the wrong order"),
        ("error(rho, start, noise**2)", "a variance already"),
        ("error(rho, start, noise)[::-1]", "have changed places"),
        ("(error(rho, start, noise)[0], rho[-1] ** 2 * noise)", "of the last step alone"),
        ("(error(rho, start, noise)[0], sum(rho**2) * noise)", "is kept in full"),
        ("(error(rho, start, noise)[0], error(rho, start, noise)[1] ** 0.5)", "standard deviation"),
        ("error(rho / 2, start, noise)", None),
    ],
}
