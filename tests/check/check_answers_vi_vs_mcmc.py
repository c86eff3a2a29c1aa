"""Right and wrong answers to the exercises of algorithms/vi_vs_mcmc."""

import arviz as az
import numpy as np
from scipy import optimize


def _chain_from_detailed_balance(log_p):
    # Half the smaller of two probabilities is the traffic between two neighbours.
    p = np.exp(log_p)
    n = len(p)
    traffic = np.minimum.outer(p, p) / 2 * (np.abs(np.subtract.outer(range(n), range(n))) == 1)
    matrix = traffic / p[:, None]
    return matrix + np.diag(1 - matrix.sum(axis=1))


def _power_of_one_step(u, r, precision, step_size, num_steps):
    # A leapfrog step over a Gaussian is linear in (u, r): a product of three block matrices.
    one = np.eye(len(u))
    kick = np.block([[one, 0 * one], [-0.5 * step_size * precision, one]])
    move = np.block([[one, step_size * one], [0 * one, one]])
    state = np.linalg.matrix_power(kick @ move @ kick, num_steps) @ np.concatenate([u, r])
    return state.reshape(2, -1)


def _number_by_bisection(q_mean, q_sd, mean, sd):
    def solve(error, standard_error):
        return np.exp(
            optimize.brentq(
                lambda log_n: np.log(standard_error(np.exp(log_n)) / error), -20, 20, xtol=1e-13
            )
        )

    return np.array(
        [
            solve(abs(q_mean - mean), lambda n: sd / np.sqrt(n)),
            solve(abs(q_sd - sd), lambda n: sd / np.sqrt(2 * n)),
        ]
    )


def _arviz_r_hat(draws):
    # ArviZ wants four draws at least; repeated chains would change the answer, so by the
    # decomposition of the total sum of squares where there are fewer.
    if draws.shape[1] >= 4:
        return az.rhat(draws, method="identity")
    m, n = draws.shape
    total = np.sum((draws - draws.mean()) ** 2)
    inside = sum(np.sum((chain - chain.mean()) ** 2) for chain in draws)
    within, between = inside / (m * (n - 1)), (total - inside) / (n * (m - 1))
    return np.sqrt((n - 1) / n + between / within)


# Independent answers: detailed balance, powers of a matrix, root finding, ArviZ.
INDEPENDENT = {
    "vi_vs_mcmc.1": _chain_from_detailed_balance,
    "vi_vs_mcmc.2": _power_of_one_step,
    "vi_vs_mcmc.3": _number_by_bisection,
    "vi_vs_mcmc.4": _arviz_r_hat,
}

SECRETS = (
    "np.minimum(0.0, np.diff(log_p))",
    "tf.linalg.matvec(precision, u)",
    "0.5 / stretch**2",
    "means = tf.reduce_mean(draws, axis=1)",
    'prediction = "b"',
)

# Right answers written in other ways: NumPy, loops, plain Python.
VARIANTS = {
    "vi_vs_mcmc.1": [
        """
def transition_matrix(log_p):
    n = len(log_p)
    rows = []
    for i in range(n):
        row = [0.0] * n
        for j in (i - 1, i + 1):
            if 0 <= j < n:
                row[j] = 0.5 * min(1.0, math.exp(float(log_p[j]) - float(log_p[i])))
        row[i] = 1.0 - math.fsum(row)
        rows.append(row)
    return rows
""",
        """
def transition_matrix(log_p):
    p = np.exp(log_p)
    ratio = np.minimum(1.0, p[None, :] / p[:, None]) / 2.0
    moves = np.triu(np.tril(ratio, 1), -1) * (1.0 - np.eye(len(p)))
    return moves + np.diag(1.0 - moves.sum(axis=1))
""",
    ],
    "vi_vs_mcmc.2": [
        """
def leapfrog(u, r, precision, step_size, num_steps):
    u, r = np.array(u), np.array(r)
    r = r - 0.5 * step_size * (precision @ u)
    for step in range(num_steps):
        u = u + step_size * r
        r = r - step_size * (precision @ u)
    return u, r + 0.5 * step_size * (precision @ u)
""",
        """
def leapfrog(u, r, precision, step_size, num_steps):
    u, r, dim = [float(a) for a in u], [float(a) for a in r], len(u)
    half = float(step_size) / 2.0
    for _ in range(num_steps):
        for part in ("first", "second"):
            if part == "second":
                u = [u[i] + 2.0 * half * r[i] for i in range(dim)]
            pull = [sum(float(precision[i][j]) * u[j] for j in range(dim)) for i in range(dim)]
            r = [r[i] - half * pull[i] for i in range(dim)]
    return [u, r]
""",
    ],
    "vi_vs_mcmc.3": [
        """
def draws_worth(q_mean, q_sd, mean, sd):
    return np.array([sd**2 / (q_mean - mean)**2, sd**2 / (2.0 * (q_sd - sd)**2)])
""",
        """
def draws_worth(q_mean, q_sd, mean, sd):
    error = abs(float(q_mean) - float(mean)) / float(sd)
    ratio = float(q_sd) / float(sd)
    return [error ** -2.0, 1.0 / (2.0 * ratio**2.0 - 4.0 * ratio + 2.0)]
""",
    ],
    "vi_vs_mcmc.4": [
        """
def r_hat(draws):
    within = np.var(draws, axis=1, ddof=1).mean()
    between = np.var(np.mean(draws, axis=1), ddof=1)
    n = draws.shape[1]
    return np.sqrt(((n - 1.0) / n * within + between) / within)
""",
        """
def r_hat(draws):
    m, n = len(draws), len(draws[0])
    means = [sum(float(d) for d in chain) / n for chain in draws]
    inside = [sum((float(d) - a)**2.0 for d in chain) for chain, a in zip(draws, means)]
    grand = sum(means) / m
    within = sum(inside) / (m * (n - 1.0))
    between = sum((a - grand)**2.0 for a in means) / (m - 1.0)
    return math.sqrt(1.0 - 1.0 / n + between / within)
""",
    ],
}

_TWICE = "leapfrog(u, r, precision, step_size, num_steps)"

# Wrong answers as learners write them, with part of the message where it is recognised.
WRONG = {
    "vi_vs_mcmc.1": [
        ("np.transpose(transition_matrix(log_p))", "this is the transpose"),
        (
            "transition_matrix(log_p) - np.diag(np.diag(transition_matrix(log_p)))",
            "the diagonal is empty",
        ),
        ("transition_matrix(-np.array(log_p))", "the ratio is upside down"),
        (
            "2 * transition_matrix(log_p) - np.eye(len(log_p))",
            "the proposal is missing",
        ),
        ("transition_matrix(np.exp(log_p))", None),
        ("np.tile(np.exp(log_p) / np.sum(np.exp(log_p)), (len(log_p), 1))", None),
    ],
    "vi_vs_mcmc.2": [
        ("leapfrog(u, r, -precision, step_size, num_steps)", "the kick has the wrong sign"),
        (f"{_TWICE}[::-1]", "changed places"),
        (f"{_TWICE}[0]", "the position alone"),
        (f"({_TWICE}[0], -{_TWICE}[1])", "turned round"),
        ("leapfrog(u, r, 2 * precision, step_size, num_steps)", "both kicks are whole"),
        ("leapfrog(u, r, precision, step_size, num_steps + 1)", None),
        ("leapfrog(u, r, tf.linalg.inv(precision), 2 * step_size, num_steps)", None),
    ],
    "vi_vs_mcmc.3": [
        (
            "((q_mean - mean)**-2, draws_worth(q_mean, q_sd, mean, sd)[1])",
            "not in units of sd",
        ),
        (
            "(((q_mean - mean) / sd)**-2, (q_sd / sd - 1)**-2)",
            "the 2 of the standard deviation is missing",
        ),
        ("(((q_mean - mean) / sd)**2, 2 * (q_sd / sd - 1)**2)", "upside down"),
        ("(sd / abs(q_mean - mean), 0.5 / abs(q_sd / sd - 1))", "the squares are missing"),
        ("draws_worth(q_mean, q_sd, mean, sd)[::-1]", "changed places"),
        ("((q_mean - mean) / sd, q_sd / sd - 1)", None),
        ("(((q_mean - mean) / sd)**-2, 2 / (q_sd / sd - 1)**2)", None),
    ],
    "vi_vs_mcmc.4": [
        ("r_hat_given(draws)", "the bug is still in it"),
        ("r_hat(draws)**2", "R-hat squared"),
        (
            "np.sqrt(r_hat(draws)**2 + 1 / draws.shape[1])",
            "(n − 1)/n became 1",
        ),
        ("r_hat_given(tf.transpose(draws))", None),
        ("r_hat(tf.transpose(draws))", None),
    ],
}
