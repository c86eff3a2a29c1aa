"""Exercises of the chapter algorithms/diagnostics: instruments, what they see, what they cost.

Everything here is NumPy in float64, written plainly. SBC is simulation-based calibration: ranks of
planted truths among draws from fits.
"""

import numpy as np
from scipy import special

from vicourse.check.exercise import Case, Choice, Exercise, Mistake

# 1. The share of planted truths in a central interval of draws, and what an exact fit promises.


def _ranks(truth, draws):
    return np.sum(draws < truth[:, None], axis=1)


def _covered(truth, draws, j):
    ranks = _ranks(truth, draws)
    return np.mean((j <= ranks) & (ranks <= draws.shape[1] - j))


def _promised(truth, draws, j):
    num_ranks = draws.shape[1] + 1
    return (num_ranks - 2 * j) / num_ranks


def _coverage_with(covered=_covered, promised=_promised):
    return lambda truth, draws, j: np.array([covered(truth, draws, j), promised(truth, draws, j)])


_coverage = _coverage_with()


def _share_where(inside):
    """The share of data sets where `inside(ranks, L, j)` holds."""
    return lambda truth, draws, j: np.mean(inside(_ranks(truth, draws), draws.shape[1], j))


COVERAGE = Exercise(
    id="diagnostics.1",
    title="What an interval promises",
    call="coverage(truth, draws, j)",
    builds="vicourse.diagnostics.Calibration.coverage",
    cases=(
        Case(
            {
                "truth": np.array([1.2, 0.9, 1.6, 3.0]),
                "draws": np.array(
                    [[1.0, 2, 0, 3], [0.5, -1.1, 1.4, 0.2], [1.0, 2, 3, 4], [0.0, 1, -2, 1.5]]
                ),
                "j": 1,
            }
        ),
        Case(
            {
                "truth": np.array([0.7, 0.9, 3.9]),
                "draws": np.array(
                    [
                        [0.3, -0.5, 1.2, -1.7, 0.9],
                        [0.4, 0.2, -0.3, 0.8, 1.1],
                        [2.1, 1.3, 0.7, 1.9, 3.4],
                    ]
                ),
                "j": 2,
            }
        ),
        Case(
            {
                "truth": np.array([-2.5, 1.0]),
                "draws": np.array(
                    [[-0.2, 0.7, -2.1, 1.1, 0.4, -0.9, 0.1], [0.5, 0.3, 1.8, 0.9, 2.7, 0.6, 1.2]]
                ),
                "j": 1,
            }
        ),
        Case(
            {
                "truth": np.array([0.0, 0.0, 2.0, 3.0]),
                "draws": np.array([[0.0, 1, 2, 1], [0.0, 3, 1, 2], [1.0, 2, 0, 3], [3.0, 0, 2, 2]]),
                "j": 1,
            },
            alone="right where no draw equals the truth. With ties: r counts the draws that lie "
            "strictly below.",
        ),
    ),
    reference=_coverage,
    hints=(
        "First the rank of each truth: how many draws of its row lie below it? It is one of "
        "0, 1, …, L.",
        "The truth is in the interval if at least j draws lie below it, and at least j above: "
        "j ≤ r ≤ L − j.",
        "For an exact posterior each of the L + 1 ranks is equally likely. How many ranks are "
        "there from j to L − j, both included?",
    ),
    mistakes=(
        Mistake(
            "the promise is divided by L, the number of draws. L draws leave L + 1 places for the "
            "truth.",
            _coverage_with(promised=lambda truth, draws, j: 1 - 2 * j / draws.shape[1]),
        ),
        Mistake(
            "from j to L − j there are L + 1 − 2j ranks, both ends included. You counted L − 2j.",
            _coverage_with(
                promised=lambda truth, draws, j: _promised(truth, draws, j + 0.5),
            ),
        ),
        Mistake(
            "the promise leaves out one tail. The interval has two, with j ranks each.",
            _coverage_with(promised=lambda truth, draws, j: _promised(truth, draws, j / 2)),
        ),
        Mistake(
            "the two numbers are for a truth *outside* the interval.",
            lambda *a: 1 - _coverage(*a),
        ),
        Mistake(
            "the first number is the share of truths outside the interval.",
            _coverage_with(covered=lambda *a: 1 - _covered(*a)),
        ),
        Mistake(
            "the promise is for a truth outside the interval.",
            _coverage_with(promised=lambda *a: 1 - _promised(*a)),
        ),
        Mistake(
            "ranks j and L − j lie inside the interval: j draws are below the truth then, or "
            "above.",
            _coverage_with(covered=_share_where(lambda r, n, j: (j < r) & (r < n - j))),
        ),
        Mistake(
            "the rank L − j lies inside the interval: j draws are above the truth then.",
            _coverage_with(covered=_share_where(lambda r, n, j: (j <= r) & (r < n - j))),
        ),
        Mistake(
            "you let one rank too many in. There are L draws, not L + 1: the upper end is L − j.",
            _coverage_with(covered=_share_where(lambda r, n, j: (j <= r) & (r <= n + 1 - j))),
        ),
        Mistake(
            "you looked at the lower end only. The truth may also lie above the interval.",
            _coverage_with(covered=_share_where(lambda r, n, j: j <= r)),
        ),
        Mistake(
            "you looked at the upper end only. The truth may also lie below the interval.",
            _coverage_with(covered=_share_where(lambda r, n, j: r <= n - j)),
        ),
        Mistake(
            "you counted the data sets. Asked is their share.",
            _coverage_with(covered=lambda truth, *a: len(truth) * _covered(truth, *a)),
        ),
        Mistake("the two numbers have changed places.", lambda *a: _coverage(*a)[::-1]),
        Mistake(
            "these are the ranks. Go on from them.", lambda truth, draws, j: _ranks(truth, draws)
        ),
        Mistake("this is the share alone. Return the pair.", _covered),
        Mistake("this is the promise alone. Return the pair.", _promised),
    ),
)


# 2. A prediction: who objects to an SD that is twice too large?

PREDICTION = Choice(
    id="diagnostics.2",
    title="A prediction",
    right="b",
    wrong={
        "a": "k-hat asks where the weights are enormous. How large can p/q become if q is wider "
        "than p?",
        "c": "That would be so for an SD half as large. Which way is q wrong here, and what does "
        "that do to the largest weight?",
        "d": "Two of them stay calm. One asks for heavy tails of the weights, and one only whether "
        "the truth lies above and below equally often.",
        "e": "A cautious method is wrong too: its intervals promise 90 % and hold more. One of the "
        "three notices.",
    },
    why="A q that is too wide has bounded weights, which is all that k-hat asks about. The truth "
    "lies above and below q's centre equally often, which is all that the shift test asks about. "
    "Only the ranks as a whole crowd in the middle: a cap.",
    hints=(
        "Take the instruments one at a time, and write down what each of them asks.",
        "Put numbers to it in one dimension: p = N(0, 1), q = N(0, 4). What is the largest weight? "
        "Where do the truths lie among the draws of q?",
    ),
)


# 3. A bug to find: which slip heals as the data grow?

BUG = Choice(
    id="diagnostics.3",
    title="A bug to find",
    right="a",
    wrong={
        "b": "That makes q too wide, and the coverage too high: for n = 1 it would be 98 %. Yours "
        "is too low.",
        "c": "For n = 1 it would give the table's 76 % as well, with the SD ½ for √½. With more "
        "data the SD then shrinks much too fast. What does the table say for n = 16?",
        "d": "For n = 1 that is no mistake at all, and its row would say 90 %. After that q stays "
        "too wide.",
        "e": "The standard error of the coverage is √(0.9 · 0.1/4000) = 0.005. How many of them is "
        "0.76 away from 0.90?",
    },
    why="The centre x̄ is off by the prior's pull, x̄/(n + 1), which is large for one observation "
    "and fades with n. On a large data set nobody would have noticed. Plant truths where the prior "
    "matters: with little data.",
    hints=(
        "The coverage is too low: q is too narrow for where it stands. Which suspects make it so?",
        "Two suspects are left, and for n = 1 they agree. Which of them becomes harmless as n "
        "grows, and which one worse?",
    ),
)


# 4. Pareto k of N(0, diag(s²)) as a proposal for N(0, Σ).


def _precision_ratios(s, covariance):
    """The eigenvalues of Σ_q^½ Σ⁻¹ Σ_q^½, rising: q's variance over p's, along its axes."""
    return np.linalg.eigvalsh(s[:, None] * np.linalg.inv(covariance) * s)


def _tail_index(s, covariance):
    return max(0.0, 1 - _precision_ratios(s, covariance)[0])


def _clipped(index_of):
    """max(0, ·) of an index, since no learner's mistake depends on it."""
    return lambda s, covariance: max(0.0, index_of(s, covariance))


_RIDGE = np.array([[1.0, 0.9], [0.9, 1.0]])

TAIL = Exercise(
    id="diagnostics.4",
    title="The tail of the weights",
    call="tail_index(s, covariance)",
    cases=(
        Case({"s": np.array([0.5, 1.0]), "covariance": np.diag([1.0, 2.0])}),
        Case({"s": np.array([0.6, 0.4]), "covariance": _RIDGE}),
        Case({"s": np.array([1.5, 0.8]), "covariance": np.array([[2.0, -1.1], [-1.1, 1.5]])}),
        Case(
            {
                "s": np.array([0.9, 0.7, 1.1]),
                "covariance": np.array([[1.0, 0.5, 0.3], [0.5, 1.4, 0.6], [0.3, 0.6, 2.0]]),
            }
        ),
        Case(
            {"s": np.array([2.0, 1.8]), "covariance": np.array([[1.0, 0.3], [0.3, 1.2]])},
            alone="right where q is too thin somewhere. Where it is wider than the target in every "
            "direction, all moments of the weights are finite. Which k says so?",
        ),
    ),
    reference=_tail_index,
    hints=(
        "Begin in one dimension: with q = N(0, s²) and p = N(0, v), what is the exponent of "
        "q(z) (p(z)/q(z))^(1/k′)? It must fall off at both ends.",
        "In one dimension that gives k = 1 − s²/v, or 0 where this is negative. In d dimensions "
        "the exponent is a quadratic form, and must fall off in every direction.",
        "Stretch space so that q becomes N(0, I). The target's precision is then the matrix with "
        "entries s_i (Σ⁻¹)_ij s_j, and the direction that matters is its eigenvector with the "
        "smallest eigenvalue.",
    ),
    mistakes=(
        Mistake(
            "you compared the variances latent by latent. A ridge is thinly covered *between* the "
            "axes.",
            _clipped(lambda s, covariance: 1 - np.min(s**2 / np.diag(covariance))),
        ),
        Mistake(
            "you compared q with the conditional variances, 1/(Σ⁻¹)_ii: how wide the target is "
            "along each axis when the other latents are held fixed.",
            _clipped(lambda s, covariance: 1 - np.min(s**2 * np.diag(np.linalg.inv(covariance)))),
        ),
        Mistake(
            "this is for the direction in which q is widest. The thinnest one counts.",
            _clipped(lambda *a: 1 - _precision_ratios(*a)[-1]),
        ),
        Mistake(
            "this is the ratio s²/v along the worst axis. What is 1 minus it?",
            lambda *a: _precision_ratios(*a)[0],
        ),
        Mistake(
            "the ratio is upside down, v/s² for s²/v.",
            lambda *a: 1 - 1 / _precision_ratios(*a)[0],
        ),
        Mistake(
            "this is 1/k: the moments of the weights are finite below it.",
            lambda *a: 1 / np.maximum(1 - _precision_ratios(*a)[0], 0),
        ),
        Mistake(
            "you took ratios of standard deviations. k is 1 minus a ratio of variances.",
            _clipped(lambda *a: 1 - np.sqrt(_precision_ratios(*a)[0])),
        ),
        Mistake(
            "you took s for the variances. They are standard deviations.",
            _clipped(lambda s, covariance: 1 - _precision_ratios(np.sqrt(s), covariance)[0]),
        ),
        Mistake(
            "the covariance stands where its inverse belongs, the precision.",
            _clipped(lambda s, covariance: 1 - _precision_ratios(s, np.linalg.inv(covariance))[0]),
        ),
        Mistake(
            "the smallest variance of q belongs to another direction than the largest of the "
            "target. Compare them along one and the same.",
            _clipped(
                lambda s, covariance: 1 - np.min(s**2) / np.linalg.eigvalsh(covariance)[-1],
            ),
        ),
        Mistake(
            "you compared the largest variances of q and of the target, which may belong to "
            "different directions.",
            _clipped(
                lambda s, covariance: 1 - np.max(s**2) / np.linalg.eigvalsh(covariance)[-1],
            ),
        ),
        Mistake(
            "you divided by the s² instead of multiplying: q's width stands in the wrong place.",
            _clipped(lambda s, covariance: 1 - _precision_ratios(1 / s, covariance)[0]),
        ),
        Mistake(
            "you compared the products of all the variances. A tail needs one thin direction only.",
            _clipped(lambda *a: 1 - np.prod(_precision_ratios(*a))),
        ),
        Mistake("the sign is turned round.", lambda *a: _precision_ratios(*a)[0] - 1),
    ),
)


# 5. The Wasserstein bound for q = N(a, diag(s²)) and the posterior N(0, I), and the distance.


def _fourth_moment(offset, s):
    return np.sum(s**2) ** 2 + 2 * np.sum(s**4)


def _chi_squared(offset, s):
    room = 2 * s**2 - 1
    if np.any(room <= 0):
        return np.inf
    return np.expm1(np.sum(np.log(s**2) - 0.5 * np.log(room) + offset**2 / room))


def _chi_squared_turned_round(offset, s):
    room = 2 - s**2
    if np.any(room <= 0):
        return np.inf
    return np.expm1(np.sum(offset**2 / room - np.log(s) - 0.5 * np.log(room)))


def _bound(moment=_fourth_moment, chi_squared=_chi_squared):
    return lambda *a: np.sqrt(2) * (moment(*a) * chi_squared(*a)) ** 0.25


def _distance(offset, s):
    return np.sqrt(np.sum(offset**2) + np.sum((1 - s) ** 2))


def _bound_with(bound=None, distance=_distance):
    return lambda offset, s: np.array([(bound or _bound())(offset, s), distance(offset, s)])


_wasserstein = _bound_with()


def _kl(offset, s):
    return np.sum(0.5 * (s**2 + offset**2 - 1) - np.log(s))


WASSERSTEIN = Exercise(
    id="diagnostics.5",
    title="A bound, and what it bounds",
    call="bound_and_distance(offset, s)",
    builds="vicourse.diagnostics.wasserstein_bound",
    cases=(
        Case({"offset": np.array([0.0, 0.5]), "s": np.array([1.0, 1.2])}),
        Case({"offset": np.array([-0.3, 0.2, 1.1]), "s": np.array([0.9, 1.3, 1.1])}),
        Case({"offset": np.array([0.4, 0.0, -0.6, 0.1]), "s": np.array([0.8, 1.0, 1.25, 0.95])}),
        Case(
            {"offset": np.array([0.1, 0.3]), "s": np.array([0.7, 1.3])},
            alone="right where χ² is finite. The integral of p²/q is infinite as soon as 2s² ≤ 1 "
            "in one coordinate, and so is the bound.",
        ),
    ),
    reference=_wasserstein,
    hints=(
        "The bound has two factors: the fourth moment of ‖z − m‖, and 1 + χ², the integral of "
        "p²/q, which is a product over the coordinates. You have derived its logarithm in "
        "monte_carlo.6.",
        "‖z − m‖² = Σ s_i² ε_i². Square it, and take means: E[ε⁴] = 3 where the same coordinate "
        "meets itself, and 1 where two different ones meet.",
        "The fourth moment is (Σ s_i²)² + 2 Σ s_i⁴. And log(1 + χ²) = Σ (log s_i² − "
        "½ log(2s_i² − 1) + a_i²/(2s_i² − 1)), where all 2s_i² > 1.",
        "W₂ between N(a, s²) and N(0, 1) moves each quantile to its partner: the squared distance "
        "is a² + (s − 1)². Coordinates add up.",
    ),
    mistakes=(
        Mistake(
            "the fourth moment is the square of the second: its own spread is missing, 2 Σ s_i⁴.",
            _bound_with(_bound(lambda a, s: np.sum(s**2) ** 2)),
        ),
        Mistake(
            "the fourth moment is 3 Σ s_i⁴: the products of different coordinates are missing.",
            _bound_with(_bound(lambda a, s: 3 * np.sum(s**4))),
        ),
        Mistake(
            "the fourth moment is 3 (Σ s_i²)². The 3 is for a coordinate that meets itself; two "
            "different ones bring a 1.",
            _bound_with(_bound(lambda a, s: 3 * np.sum(s**2) ** 2)),
        ),
        Mistake(
            "distances are taken from 0, the posterior's mean. In the bound m is q's own.",
            _bound_with(
                _bound(
                    lambda a, s: np.sum(s**2 + a**2) ** 2 + 2 * np.sum(s**4 + 2 * a**2 * s**2),
                )
            ),
        ),
        Mistake(
            "this has 1 + χ² where the bound has χ². It would not vanish where q is the posterior.",
            _bound_with(_bound(chi_squared=lambda *a: 1 + _chi_squared(*a))),
        ),
        Mistake(
            "this has log(1 + χ²) where the bound has χ².",
            _bound_with(_bound(chi_squared=lambda *a: np.log1p(_chi_squared(*a)))),
        ),
        Mistake(
            "χ² is turned round: this is χ²(q‖p), the integral of q²/p.",
            _bound_with(_bound(chi_squared=_chi_squared_turned_round)),
        ),
        Mistake(
            "the KL divergence stands where χ² belongs.",
            _bound_with(_bound(chi_squared=_kl)),
        ),
        Mistake(
            "you took s for the variances. They are standard deviations.",
            lambda offset, s: _wasserstein(offset, np.sqrt(s)),
        ),
        Mistake(
            "the factor √2 is missing.",
            _bound_with(lambda *a: _bound()(*a) / np.sqrt(2)),
        ),
        Mistake(
            "the factor is √2, not 2.",
            _bound_with(lambda *a: _bound()(*a) * np.sqrt(2)),
        ),
        Mistake(
            "χ² needs its fourth root. You took the square root.",
            _bound_with(lambda *a: _bound()(*a) * _chi_squared(*a) ** 0.25),
        ),
        Mistake(
            "the fourth moment needs its fourth root. You took the square root.",
            _bound_with(lambda *a: _bound()(*a) * _fourth_moment(*a) ** 0.25),
        ),
        Mistake(
            "this is the bound of order 1. Asked is the one for W₂.",
            _bound_with(lambda a, s: np.sqrt(np.sum(s**2) * _chi_squared(a, s))),
        ),
        Mistake(
            "the distance is squared.",
            _bound_with(distance=lambda *a: _distance(*a) ** 2),
        ),
        Mistake(
            "the distance sees the offsets only. It also takes work to change the widths.",
            _bound_with(distance=lambda a, s: np.linalg.norm(a)),
        ),
        Mistake(
            "in the distance variances are compared. It is the standard deviations.",
            _bound_with(distance=lambda a, s: np.sqrt(np.sum(a**2) + np.sum((1 - s**2) ** 2))),
        ),
        Mistake("the two have changed places.", lambda *a: _wasserstein(*a)[::-1]),
        Mistake("this is the bound alone. Return the distance too.", _bound()),
        Mistake("this is the distance alone. Return the bound too.", _distance),
    ),
)


# 6. How many data sets until a wrong SD shows in the coverage?


def _quantile(level):
    return special.ndtri((1 + level) / 2)


def _held(level, ratio):
    """How often a central interval of the posterior, stretched by `ratio`, has the truth."""
    return 2 * special.ndtr(_quantile(level) * ratio) - 1


def _needed(level, ratio, held=_held, errors=3.0, variance=None):
    variance = level * (1 - level) if variance is None else variance
    return errors**2 * variance / (held(level, ratio) - level) ** 2


NEEDED = Exercise(
    id="diagnostics.6",
    title="How many data sets?",
    call="data_sets_needed(level, ratio)",
    cases=(
        Case({"level": np.array([0.9, 0.5]), "ratio": np.array([0.6, 0.8])}),
        Case({"level": np.array([0.95, 0.8, 0.9]), "ratio": np.array([0.9, 1.3, 1.1])}),
        Case({"level": np.array([0.68, 0.99]), "ratio": np.array([0.5, 0.85])}),
    ),
    reference=_needed,
    hints=(
        "Let c be the half-width of the posterior's own interval, in its SDs: Φ(c) = "
        "(1 + level)/2. How wide is q's interval, in the same unit?",
        "The truth is a draw from the exact posterior. So it lies in q's interval with the "
        "probability 2 Φ(c · ratio) − 1.",
        "A share of n data sets has the standard error √(level (1 − level)/n). Set three of them "
        "equal to the change of the coverage, and solve for n.",
    ),
    mistakes=(
        Mistake(
            "you solved for √n. Square it.",
            lambda *a: np.sqrt(_needed(*a)),
        ),
        Mistake(
            "this makes the change one standard error. Three were asked, and errors shrink with "
            "√n.",
            lambda *a: _needed(*a, errors=1.0),
        ),
        Mistake(
            "the 3 was not squared: three times the accuracy costs nine times the data sets.",
            lambda *a: _needed(*a, errors=np.sqrt(3)),
        ),
        Mistake(
            "this makes the change two standard errors. Three were asked.",
            lambda *a: _needed(*a, errors=2.0),
        ),
        Mistake(
            "your interval leaves out one tail: Φ(c) = level. A central one leaves out two.",
            lambda level, ratio: _needed(
                level,
                ratio,
                held=lambda level, ratio: 2 * special.ndtr(special.ndtri(level) * ratio) - 1,
            ),
        ),
        Mistake(
            "you compared one end of the interval only, Φ(c · ratio) with (1 + level)/2.",
            lambda level, ratio: 4 * _needed(level, ratio),
        ),
        Mistake(
            "the ratio is upside down: q's interval is `ratio` times as wide as the posterior's.",
            lambda level, ratio: _needed(level, 1 / ratio),
        ),
        Mistake(
            "you took `ratio` for a ratio of variances. It is one of standard deviations.",
            lambda level, ratio: _needed(level, np.sqrt(ratio)),
        ),
        Mistake(
            "you squared the ratio. Intervals grow with the SD, not with the variance.",
            lambda level, ratio: _needed(level, ratio**2),
        ),
        Mistake(
            "the coverage does not shrink in proportion: level · ratio would be right for a "
            "uniform distribution.",
            lambda level, ratio: _needed(level, ratio, held=lambda level, ratio: level * ratio),
        ),
        Mistake(
            "the standard error is that of the wrong method. Asked is that of an exact one, with "
            "the coverage `level`: it is what you compare with.",
            lambda level, ratio: _needed(
                level, ratio, variance=_held(level, ratio) * (1 - _held(level, ratio))
            ),
        ),
        Mistake(
            "this is the coverage itself. Go on from it.",
            _held,
        ),
        Mistake(
            "level (1 − level) stands under a root in the standard error, so n has it once, "
            "without a root.",
            lambda level, ratio: _needed(level, ratio, variance=np.sqrt(level * (1 - level))),
        ),
        Mistake(
            "the spread of a single coverage is missing: a 0 or 1 has the variance "
            "level (1 − level).",
            lambda level, ratio: _needed(level, ratio, variance=1.0),
        ),
    ),
)


EXERCISES = (COVERAGE, PREDICTION, BUG, TAIL, WASSERSTEIN, NEEDED)
