"""Exercises of the chapter algorithms/vi_vs_mcmc: a chain, a leapfrog, and what a bias is worth.

Everything here is NumPy in float64, written plainly. Shapes: `u`, `r` are [dim]; `log_p` is
[places]; `draws` is [chains, draws].
"""

import numpy as np

from vicourse.check.exercise import Case, Choice, Exercise, Mistake

# 1. A Metropolis chain as a matrix: T[i, j] is the probability of a move from i to j.


def _matrix(log_p, accept, proposal=0.5, stay=True, ring=False):
    """Moves to the two neighbours, accepted with `accept(from, to)` of the log densities."""
    n = len(log_p)
    matrix = np.zeros((n, n))
    for i in range(n):
        for j in (i - 1, i + 1):
            if ring or 0 <= j < n:
                matrix[i, j % n] += proposal * accept(log_p[i], log_p[j % n])
        if stay:
            matrix[i, i] = 1 - matrix[i].sum()
    return matrix


def _metropolis(here, there):
    return np.minimum(1, np.exp(there - here))


def _chain(log_p):
    return _matrix(log_p, _metropolis)


def _rows_divided(log_p):
    matrix = _matrix(log_p, _metropolis, stay=False)
    return matrix / matrix.sum(axis=1, keepdims=True)


CHAIN = Exercise(
    id="vi_vs_mcmc.1",
    title="A chain as a matrix",
    call="transition_matrix(log_p)",
    cases=(
        Case({"log_p": np.array([0.0, 1.0, 0.5])}),
        Case({"log_p": np.array([-3.0, -1.5, -2.0, 0.3])}),
        Case({"log_p": np.array([2.0, -1.0, 0.0, 1.0, -0.4])}),
    ),
    reference=_chain,
    hints=(
        "Fill the places beside the diagonal first. From i the move to i + 1 is proposed with "
        "probability 1/2, and accepted with probability min(1, p_(i+1)/p_i).",
        "You get logarithms, so a ratio of probabilities is the exponential of a difference.",
        "The walker is always somewhere: each row sums to 1. What is left of a row is the "
        "probability of staying, and it belongs on the diagonal.",
    ),
    mistakes=(
        Mistake(
            "this is the transpose. T[i, j] is the move from i to j: rows sum to 1.",
            lambda log_p: _chain(log_p).T,
        ),
        Mistake(
            "the diagonal is empty: a refused walker stays where it is.",
            lambda log_p: _matrix(log_p, _metropolis, stay=False),
        ),
        Mistake(
            "you divided each row by its sum. What is refused must go to the diagonal, not be "
            "shared out among the neighbours.",
            _rows_divided,
        ),
        Mistake(
            "the ratio is upside down: accept with min(1, p_j/p_i) for a move from i to j.",
            lambda log_p: _matrix(log_p, lambda here, there: _metropolis(there, here)),
        ),
        Mistake(
            "the proposal is missing: each neighbour is proposed with probability 1/2.",
            lambda log_p: _matrix(log_p, _metropolis, proposal=1.0),
        ),
        Mistake(
            "the minimum with 1 is missing: a probability of acceptance cannot exceed 1.",
            lambda log_p: _matrix(log_p, lambda here, there: np.exp(there - here)),
        ),
        Mistake(
            "you accept with p_j/(p_i + p_j). That is Barker's rule: it has the right stationary "
            "distribution too, but refuses more. Asked is Metropolis.",
            lambda log_p: _matrix(log_p, lambda here, there: 1 / (1 + np.exp(here - there))),
        ),
        Mistake(
            "beyond the last place comes the first one in your chain. It is a line, not a ring.",
            lambda log_p: _matrix(log_p, _metropolis, ring=True),
        ),
        Mistake(
            "the exponential is missing: you compared differences of logarithms with 1.",
            lambda log_p: _matrix(log_p, lambda here, there: np.minimum(1, there - here)),
        ),
    ),
)


# 2. Leapfrog steps over a Gaussian N(0, Λ⁻¹): the gradient of its log density at u is −Λ u.


def _slide(u, r, precision, step_size, num_steps, first=0.5, move=1.0, last=0.5, sign=-1, old=0):
    u, r = np.asarray(u, float), np.asarray(r, float)
    for _ in range(int(num_steps)):
        before = u
        r = r + first * sign * step_size * precision @ u
        u = u + move * step_size * r
        r = r + last * sign * step_size * precision @ (before if old else u)
    return np.array([u, r])


def _leapfrog(u, r, precision, step_size, num_steps):
    return _slide(u, r, precision, step_size, num_steps)


def _slip(**change):
    return lambda *inputs: _slide(*inputs, **change)


_PRECISION = np.array([[2.0, -0.8], [-0.8, 1.0]])

LEAPFROG = Exercise(
    id="vi_vs_mcmc.2",
    title="Leapfrog",
    call="leapfrog(u, r, precision, step_size, num_steps)",
    cases=(
        Case(
            {
                "u": np.array([1.0, 0.5]),
                "r": np.array([0.0, -1.0]),
                "precision": np.eye(2),
                "step_size": 0.5,
                "num_steps": 1,
            }
        ),
        Case(
            {
                "u": np.array([1.5, -0.3]),
                "r": np.array([0.4, 0.7]),
                "precision": _PRECISION,
                "step_size": 0.3,
                "num_steps": 3,
            }
        ),
        Case(
            {
                "u": np.array([0.2, -1.0, 0.6]),
                "r": np.array([1.1, 0.3, -0.5]),
                "precision": np.array([[1.5, 0.3, 0.0], [0.3, 2.0, -0.4], [0.0, -0.4, 0.7]]),
                "step_size": 0.2,
                "num_steps": 5,
            }
        ),
    ),
    reference=_leapfrog,
    hints=(
        "The log density is −½ uᵀΛu plus a constant. What is its gradient?",
        "One step: half a kick at the old place, a whole move with the new momentum, half a kick "
        "at the new place.",
        "Write one step, and put it into a loop over num_steps. The second half kick needs the "
        "gradient at the place that was just reached.",
    ),
    mistakes=(
        Mistake(
            "the kick has the wrong sign: it goes uphill in the log density, and the gradient "
            "of the log density is −Λu.",
            _slip(sign=1),
        ),
        Mistake("both kicks are whole: each is half a kick.", _slip(first=1.0, last=1.0)),
        Mistake("the move is halved too: only the kicks are.", _slip(move=0.5)),
        Mistake(
            "the second half kick is missing.",
            _slip(last=0.0),
        ),
        Mistake("the first half kick is missing.", _slip(first=0.0)),
        Mistake(
            "one whole kick and then the move: that is the symplectic Euler method. Split the "
            "kick into two halves, one before the move and one after it.",
            _slip(first=1.0, last=0.0),
        ),
        Mistake(
            "the second half kick uses the gradient at the old place. Then turning the momentum "
            "round does not lead back.",
            _slip(old=1),
        ),
        Mistake(
            "the two results have changed places: first the position u, then the momentum r.",
            lambda *inputs: _leapfrog(*inputs)[::-1],
        ),
        Mistake("this is the position alone. Return the pair (u, r).", lambda *a: _leapfrog(*a)[0]),
        Mistake(
            "the momentum came back turned round. Asked is the momentum as it is after the path.",
            lambda *inputs: _leapfrog(*inputs) * np.array([[1], [-1]]),
        ),
    ),
)


# 3. The number of independent draws that are as wrong as a biased fit.


def _worth(q_mean, q_sd, mean, sd):
    return np.array([(sd / (q_mean - mean)) ** 2, 0.5 / (q_sd / sd - 1) ** 2])


def _pair(of_mean, of_sd):
    return lambda *inputs: np.array([of_mean(*inputs), of_sd(*inputs)])


def _for_mean(*inputs):
    return _worth(*inputs)[0]


def _for_sd(*inputs):
    return _worth(*inputs)[1]


WORTH = Exercise(
    id="vi_vs_mcmc.3",
    title="What a bias is worth",
    call="draws_worth(q_mean, q_sd, mean, sd)",
    cases=(
        Case({"q_mean": 1.5, "q_sd": 1.0, "mean": 1.0, "sd": 2.0}),
        Case({"q_mean": 3.09, "q_sd": 2.61, "mean": 3.6, "sd": 3.22}),
        Case({"q_mean": -0.4, "q_sd": 0.7, "mean": 0.3, "sd": 0.5}),
    ),
    reference=_worth,
    hints=(
        "The mean of n independent draws has the standard error sd/√n. Set it equal to the error "
        "of q_mean.",
        "The standard deviation of n Gaussian draws has the standard error sd/√(2n). Set it equal "
        "to the error of q_sd.",
        "Solve both for n. Only the ratios of the errors to sd matter.",
    ),
    mistakes=(
        Mistake(
            "the error of the mean is not in units of sd: divide the difference by sd first.",
            _pair(lambda q_mean, q_sd, mean, sd: (q_mean - mean) ** -2, _for_sd),
        ),
        Mistake(
            "you measured the errors in q's standard deviations. q may be far too narrow: "
            "use the posterior's.",
            lambda q_mean, q_sd, mean, sd: np.array(
                [(q_sd / (q_mean - mean)) ** 2, 0.5 / (sd / q_sd - 1) ** 2]
            ),
        ),
        Mistake(
            "the 2 of the standard deviation is missing: its standard error is sd/√(2n).",
            _pair(_for_mean, lambda *a: 2 * _for_sd(*a)),
        ),
        Mistake(
            "the squares are missing: an error that shrinks like 1/√n asks for n like 1/error².",
            lambda q_mean, q_sd, mean, sd: np.array(
                [sd / abs(q_mean - mean), 0.5 / abs(q_sd / sd - 1)]
            ),
        ),
        Mistake(
            "both are upside down: these are squared errors, not numbers of draws.",
            lambda *inputs: 1 / _worth(*inputs),
        ),
        Mistake(
            "you compared variances. The formula is for the relative error of the standard "
            "deviation.",
            _pair(
                _for_mean,
                lambda q_mean, q_sd, mean, sd: 0.5 / ((q_sd / sd) ** 2 - 1) ** 2,
            ),
        ),
        Mistake(
            "the two numbers have changed places: first for the mean, then for the standard "
            "deviation.",
            lambda *inputs: _worth(*inputs)[::-1],
        ),
        Mistake("this is the number for the mean alone. Return the pair.", _for_mean),
    ),
)


# 4. A bug to find: R-hat.


def _r_hat(draws, axis=1, root=True, shrink=True):
    n = draws.shape[1]
    within = draws.var(axis=1, ddof=1).mean()
    between = draws.mean(axis=axis).var(ddof=1)
    squared = ((n - 1) / n if shrink else 1.0) + between / within
    return np.sqrt(squared) if root else squared


BUG = Exercise(
    id="vi_vs_mcmc.4",
    title="A bug to find",
    call="r_hat(draws)",
    cases=(
        Case({"draws": np.array([[0.0, 1.0, 2.0, 1.5], [4.0, 5.0, 6.5, 5.0]])}),
        Case({"draws": np.array([[0.1, -0.4, 0.9], [1.2, 0.3, -0.2], [-1.0, 0.6, 0.4]])}),
        Case({"draws": np.round(np.random.default_rng(5).standard_normal((3, 5)), 1)}),
    ),
    reference=_r_hat,
    hints=(
        "Say for each line which axis it reduces: chains are axis 0, draws are axis 1.",
        "There is one mean for each chain. How many numbers does `means` hold?",
        "Average over the draws of a chain. The line after it then takes the variance of as many "
        "numbers as there are chains.",
    ),
    mistakes=(
        Mistake(
            "this is the function as it was given: the bug is still in it.",
            lambda draws: _r_hat(draws, axis=0),
        ),
        Mistake("the square root is gone: this is R-hat squared.", lambda d: _r_hat(d, root=False)),
        Mistake(
            "(n − 1)/n became 1. That term was right.", lambda draws: _r_hat(draws, shrink=False)
        ),
        Mistake(
            "the variance between the chains is divided by the number of chains. It has m − 1 "
            "below, if there are m chains.",
            lambda draws: np.sqrt(
                (draws.shape[1] - 1) / draws.shape[1]
                + draws.mean(axis=1).var() / draws.var(axis=1, ddof=1).mean()
            ),
        ),
        Mistake(
            "the factor of the variance between chains still counts draws. It is m/(m − 1) for m "
            "chains: use the length of `means`.",
            lambda draws: np.sqrt(
                (draws.shape[1] - 1) / draws.shape[1]
                + draws.mean(axis=1).var()
                * draws.shape[1]
                / (draws.shape[1] - 1)
                / draws.var(axis=1, ddof=1).mean()
            ),
        ),
        Mistake(
            "now the variance within is taken across the chains too. It belongs to each chain.",
            lambda draws: np.sqrt(
                (draws.shape[1] - 1) / draws.shape[1]
                + draws.mean(axis=1).var(ddof=1) / draws.var(ddof=1)
            ),
        ),
    ),
)


# 5. A prediction.

PREDICTION = Choice(
    id="vi_vs_mcmc.5",
    title="A prediction",
    right="b",
    wrong={
        "a": "The posterior does become Gaussian. But a correlated Gaussian is still one that mean "
        "field cannot follow: where does N enter √(1 − ρ²)?",
        "c": "Both standard deviations shrink like 1/√N. Do they shrink at different rates?",
        "d": "For a Gaussian posterior the ratio is √(1 − ρ²). Can that be above 1, whatever N is?",
    },
    why="More data make the posterior narrower and more Gaussian, and its correlation settles at "
    "that of the inverse Fisher information. Data cure the shape, not the family.",
    hints=(
        "Write down the ratio of the two standard deviations for a Gaussian posterior.",
        "The precision of the posterior is nearly N times a fixed matrix. What does a factor N do "
        "to a correlation?",
    ),
)


EXERCISES = (CHAIN, LEAPFROG, WORTH, BUG, PREDICTION)
