"""Exercises of the chapter foundations/monte_carlo: averages by drawing, and what they are worth.

Everything here is NumPy in float64, written plainly. In the last two exercises the posterior is
N(0, I), and the proposal is a Gaussian that stands beside it.
"""

import numpy as np

from vicourse.check.exercise import Case, Choice, Exercise, Mistake, Number

# 1. The mean and its standard error.


def _standard_error(values):
    return np.std(values, ddof=1) / np.sqrt(len(values))


def _mean_and_error(values):
    return np.array([np.mean(values), _standard_error(values)])


def _with_error(error_of):
    """The right mean, and `error_of(values)`."""
    return lambda values: np.array([np.mean(values), error_of(values)])


ERROR_BAR = Exercise(
    id="monte_carlo.1",
    title="The error bar",
    call="mean_and_error(values)",
    builds="vicourse.estimate.estimate",
    cases=(
        Case({"values": np.array([2.0, 5, 3, 6])}),
        Case({"values": np.array([0.3, -1.2, 0.8, 2.5, -0.4, 1.1])}),
        Case({"values": np.array([0.0, 1, 0, 0, 1])}),
        Case(
            {"values": np.array([9998.5, 10000, 10001, 10000.5, 9999])},
            alone="your formula is right for small values, not for these, which lie close "
            "together and far from 0. The difference of two huge squares has lost its digits: "
            "subtract the mean before you square.",
        ),
    ),
    reference=_mean_and_error,
    hints=(
        "First the spread of the draws, s; then the spread of their mean, which is smaller. "
        "By which factor?",
        "s² is the sum of squared deviations from the mean, divided by n − 1, because the mean "
        "was estimated from the same draws.",
        "The error is s/√n. `np.std` divides by n unless you say `ddof=1`, and "
        "`tf.math.reduce_std` always divides by n.",
    ),
    mistakes=(
        Mistake(
            "the second number is s, the spread of the draws. Their mean is surer than one of "
            "them: the √n is missing.",
            _with_error(lambda v: np.std(v, ddof=1)),
        ),
        Mistake(
            "the second number is the spread of the draws: the √n is missing, and the variance "
            "was divided by n, not n − 1.",
            _with_error(np.std),
        ),
        Mistake(
            "the variance of the draws was divided by n. With the mean estimated from the same "
            "draws it is n − 1.",
            _with_error(lambda v: np.std(v) / np.sqrt(len(v))),
        ),
        Mistake(
            "n − 1 has come in twice. It belongs under s², and n itself under the error.",
            _with_error(lambda v: np.std(v, ddof=1) / np.sqrt(len(v) - 1)),
        ),
        Mistake(
            "s is divided by n. Variances add, so the error falls like 1/√n.",
            _with_error(lambda v: np.std(v, ddof=1) / len(v)),
        ),
        Mistake(
            "the second number is the variance of the mean, s²/n. The error is its root.",
            _with_error(lambda v: np.var(v, ddof=1) / len(v)),
        ),
        Mistake(
            "the second number is the variance of the draws.",
            _with_error(lambda v: np.var(v, ddof=1)),
        ),
        Mistake(
            "the variance stands where the standard deviation belongs: it is s/√n, not s²/√n.",
            _with_error(lambda v: np.var(v, ddof=1) / np.sqrt(len(v))),
        ),
        Mistake(
            "this is half of a 95 % interval, two standard errors. Return one.",
            _with_error(lambda v: 2 * _standard_error(v)),
        ),
        Mistake(
            "the deviations were not squared: this is the mean distance from the mean, over √n.",
            _with_error(lambda v: np.mean(np.abs(v - v.mean())) / np.sqrt(len(v))),
        ),
        Mistake(
            "the mean was not subtracted: this is the root of the mean square, over √n.",
            _with_error(lambda v: np.sqrt(np.mean(v**2) / len(v))),
        ),
        Mistake(
            "the two numbers have changed places: first the mean, then its error.",
            lambda values: _mean_and_error(values)[::-1],
        ),
        Mistake("this is the mean alone. Return the pair (mean, error).", np.mean),
        Mistake("this is the error alone. Return the pair (mean, error).", _standard_error),
    ),
)


# 2. (1 − P)/(P r²) draws for P = P(χ²_10 < 1) and a relative error r of 10 %.

RARE = Number(
    id="monte_carlo.2",
    title="A prediction",
    answer=580904.76,
    hints=(
        "A draw is a 1 with probability P and otherwise a 0. What is its standard deviation?",
        "The variance is P(1 − P), and so the standard error is √(P(1 − P)/n). Set it equal to a "
        "tenth of P. `stats.chi2(10).cdf(1)` is P.",
    ),
    mistakes={
        58090.476: "the 10 % was not squared: ten times the accuracy costs a hundred times the "
        "draws.",
        5809.0476: "this many draws put one single point into the ball. One hit says little about "
        "how many there are on average: the error is as large as the answer.",
        0.01720860: "this makes the error 0.1 itself. Wanted is an error of a tenth of P, which is "
        "small.",
        2323619.0: "this makes two standard errors a tenth of P. Asked is one.",
        762.17: "the standard error of a share is √(P(1 − P)/n). Solve for n, not for √n.",
    },
)


# 3. The log evidence and its standard error by the delta method.


def _log_mean(log_weights):
    return np.logaddexp.reduce(log_weights) - np.log(len(log_weights))


def _relative_error(log_weights):
    # The weights divided by the largest: the ratio of error and mean does not notice.
    weights = np.exp(log_weights - log_weights.max())
    return _standard_error(weights) / weights.mean()


def _log_evidence(log_weights):
    return np.array([_log_mean(log_weights), _relative_error(log_weights)])


def _with_log_error(error_of):
    """The right log evidence, and `error_of(log_weights)`."""
    return lambda log_weights: np.array([_log_mean(log_weights), error_of(log_weights)])


EVIDENCE = Exercise(
    id="monte_carlo.3",
    title="The evidence, in logarithms",
    call="log_evidence(log_weights)",
    cases=(
        Case({"log_weights": np.array([0.0, 1, -1])}),
        Case({"log_weights": np.array([-1.3, 0.4, 1.1, -0.2])}),
        Case({"log_weights": np.array([2.2, 3.1, 0.7, 2.5, 1.6])}),
        Case(
            {"log_weights": np.array([-801.0, -800, -799.5, -802])},
            alone="your formula is right for moderate log weights, not for those near −800, whose "
            "exponentials round to 0. Shift all of them to a safe place before the exponential. "
            "Which of the two numbers must be shifted back?",
        ),
    ),
    reference=_log_evidence,
    hints=(
        "The first number is the logarithm of the mean weight. The mean weight has a standard "
        "error: the one of exercise 1.",
        "Near its mean m, log is a straight line of slope 1/m. So an error e of the mean becomes "
        "e/m after the logarithm.",
        "Subtract the largest log weight first. The logarithm of the mean needs it back; in the "
        "ratio of error and mean it cancels.",
    ),
    mistakes=(
        Mistake(
            "you averaged the log weights. That estimates the ELBO, and is too low. Average the "
            "weights, and then take the logarithm.",
            _mean_and_error,
        ),
        Mistake(
            "the first number is the logarithm of the sum: the −log n is missing.",
            lambda log_weights: (
                _log_evidence(log_weights) + np.array([np.log(len(log_weights)), 0])
            ),
        ),
        Mistake(
            "the first number is right. The second is the standard error of the mean weight, not "
            "of its logarithm: the slope of log is missing.",
            _with_log_error(lambda log_weights: _standard_error(np.exp(log_weights))),
        ),
        Mistake(
            "the second number is the logarithm of the weights' error. The delta method asks for "
            "the error of the logarithm.",
            _with_log_error(lambda log_weights: np.log(_standard_error(np.exp(log_weights)))),
        ),
        Mistake(
            "the second number is the error of the mean of the log weights. What is averaged here "
            "are the weights.",
            _with_log_error(_standard_error),
        ),
        Mistake(
            "the second number is the relative spread of one weight. The mean of n of them is "
            "surer: the √n is missing.",
            _with_log_error(
                lambda log_weights: _relative_error(log_weights) * np.sqrt(len(log_weights))
            ),
        ),
        Mistake(
            "the second number is a variance. The error is its root.",
            _with_log_error(lambda log_weights: _relative_error(log_weights) ** 2),
        ),
        Mistake(
            "the variance of the weights was divided by n. It is n − 1, as in exercise 1.",
            _with_log_error(
                lambda log_weights: _relative_error(log_weights) * np.sqrt(1 - 1 / len(log_weights))
            ),
        ),
        Mistake(
            "the error of the mean weight is multiplied by the mean weight. The slope of log at m "
            "is 1/m.",
            _with_log_error(
                lambda log_weights: (
                    _relative_error(log_weights) * np.exp(_log_mean(log_weights)) ** 2
                )
            ),
        ),
        Mistake(
            "the error was divided by the log evidence. Divide by the evidence itself.",
            _with_log_error(
                lambda log_weights: _standard_error(np.exp(log_weights)) / _log_mean(log_weights)
            ),
        ),
        Mistake(
            "these are the mean weight and its error. Asked is the logarithm of the mean, with "
            "its error.",
            lambda log_weights: _mean_and_error(np.exp(log_weights)),
        ),
        Mistake(
            "the first number is the mean weight: its logarithm is missing. The second is right.",
            lambda log_weights: np.array(
                [np.exp(_log_mean(log_weights)), _relative_error(log_weights)]
            ),
        ),
        Mistake(
            "the largest log weight was subtracted and not added again.",
            lambda log_weights: _log_evidence(log_weights) - np.array([log_weights.max(), 0]),
        ),
        Mistake(
            "the two numbers have changed places: first the log evidence, then its error.",
            lambda log_weights: _log_evidence(log_weights)[::-1],
        ),
        Mistake("this is the log evidence alone. Its error is missing.", _log_mean),
        Mistake("this is the error alone. Return the pair (log evidence, error).", _relative_error),
    ),
)


# 4. The self-normalised mean, its standard error by the delta method, the effective sample size.


def _normalised(log_weights):
    weights = np.exp(log_weights - log_weights.max())
    return weights / weights.sum()


def _report_around(mean_of):
    """The three numbers with `mean_of(W, values)` for the mean, in the error too."""

    def report(log_weights, values):
        w = _normalised(log_weights)
        mean = mean_of(w, values)
        error = np.sqrt(np.sum(w**2 * (values - mean) ** 2))
        return np.array([mean, error, 1 / np.sum(w**2)])

    return report


_report = _report_around(np.dot)


def _posterior_sd(w, values):
    return np.sqrt(w @ (values - w @ values) ** 2)


def _with_entry(index, entry_of):
    """The right three numbers but one, which is `entry_of(W, values)`."""

    def wrong(log_weights, values):
        numbers = _report(log_weights, values)
        numbers[index] = entry_of(_normalised(log_weights), values)
        return numbers

    return wrong


REPORT = Exercise(
    id="monte_carlo.4",
    title="Three numbers to report",
    call="report(log_weights, values)",
    cases=(
        Case({"log_weights": np.array([0.0, 1, -1]), "values": np.array([2.0, 3, 1])}),
        Case(
            {
                "log_weights": np.array([-3.3, -2.1, -2.4, -4.0]),
                "values": np.array([1.5, -0.5, 0.7, 2.0]),
            }
        ),
        Case(
            {
                "log_weights": np.array([1.2, 0.3, 2.0, 0.9, 1.6]),
                "values": np.array([0.0, 1, 1, 0, 1]),
            }
        ),
        Case(
            {
                "log_weights": np.array([800.5, 799, 801, 800]),
                "values": np.array([-1.0, 0.5, 2.0, 1.2]),
            },
            alone="your formula is right for moderate log weights, not for those near 800, whose "
            "exponentials overflow. Only ratios of weights count here: what can be subtracted "
            "from every log weight without changing a ratio?",
        ),
    ),
    reference=_report,
    hints=(
        "Make weights W_i that add up to 1, from log weights with the largest one subtracted. All "
        "three numbers are short sums with these.",
        "For equal weights, W_i = 1/n, the numbers must become the plain mean, s/√n (with n for "
        "n − 1 under s) and n. Does yours?",
        "The error is the root of the sum of (W_i (f_i − v))², and the effective sample size is "
        "1 over the sum of W_i².",
    ),
    mistakes=(
        Mistake(
            "none of the three knows of the weights. The draws come from q, not from the "
            "posterior.",
            lambda log_weights, values: np.append(_mean_and_error(values), len(values)),
        ),
        Mistake(
            "the mean ignores the weights: the draws come from q, not from the posterior.",
            _report_around(lambda w, f: f.mean()),
        ),
        Mistake(
            "the mean ignores the weights: the draws come from q, not from the posterior.",
            _with_entry(0, lambda w, f: f.mean()),
        ),
        Mistake(
            "the log weights were used as if they were weights. Take their exponentials first.",
            lambda log_weights, values: np.array(
                [
                    (v := log_weights @ values / log_weights.sum()),
                    np.sqrt(np.sum((log_weights / log_weights.sum() * (values - v)) ** 2)),
                    log_weights.sum() ** 2 / np.sum(log_weights**2),
                ]
            ),
        ),
        Mistake(
            "the mean was divided by n, not by the sum of the weights.",
            lambda log_weights, values: np.concatenate(
                [[np.mean(np.exp(log_weights) * values)], _report(log_weights, values)[1:]]
            ),
        ),
        Mistake(
            "the error is that of a plain mean of the values. The weights belong into it too.",
            _with_entry(1, lambda w, f: np.std(f, ddof=1) / np.sqrt(len(f))),
        ),
        Mistake(
            "the error has W_i where it should have W_i²: this is the posterior's standard "
            "deviation, which does not shrink with n.",
            _with_entry(1, _posterior_sd),
        ),
        Mistake(
            "the error is the posterior's standard deviation over √n, as if the n draws were the "
            "posterior's own.",
            _with_entry(1, lambda w, f: _posterior_sd(w, f) / np.sqrt(len(f))),
        ),
        Mistake(
            "the error is the posterior's standard deviation over √ESS. That is a rule of thumb, "
            "which takes weights and values for unrelated. The delta method does not.",
            _with_entry(1, lambda w, f: _posterior_sd(w, f) * np.sqrt(np.sum(w**2))),
        ),
        Mistake(
            "the error lost its root: this is a variance.",
            _with_entry(1, lambda w, f: np.sum((w * (f - w @ f)) ** 2)),
        ),
        Mistake(
            "v was not subtracted in the error. A constant f has no error at all: does yours say "
            "so?",
            _with_entry(1, lambda w, f: np.sqrt(np.sum((w * f) ** 2))),
        ),
        Mistake(
            "the error is divided by √n once more. The W_i are already as small as 1/n.",
            _with_entry(1, lambda w, f: np.sqrt(np.sum((w * (f - w @ f)) ** 2)) / np.sqrt(len(f))),
        ),
        Mistake(
            "the last number is the share ESS/n. Asked is the ESS, a number of draws.",
            _with_entry(2, lambda w, f: 1 / np.sum(w**2) / len(w)),
        ),
        Mistake(
            "the last number is the sum of the squared W_i. The ESS is 1 over it.",
            _with_entry(2, lambda w, f: np.sum(w**2)),
        ),
        Mistake(
            "the last number lost a square: it is the square of the sum over the sum of squares.",
            lambda log_weights, values: np.array(
                [
                    *_report(log_weights, values)[:2],
                    np.exp(log_weights).sum() / np.exp(2 * log_weights).sum(),
                ]
            ),
        ),
        Mistake(
            "the last number is n. That would be so for equal weights.",
            _with_entry(2, lambda w, f: len(w)),
        ),
        Mistake(
            "error and ESS have changed places.",
            lambda *inputs: _report(*inputs)[[0, 2, 1]],
        ),
        Mistake(
            "this is the mean alone. Return three numbers: mean, error, ESS.",
            lambda *inputs: _report(*inputs)[0],
        ),
        Mistake(
            "the ESS is missing. Return three numbers: mean, error, ESS.",
            lambda *inputs: _report(*inputs)[:2],
        ),
    ),
)


# 5. A bug to find: draws with s² where the standard deviation s belongs.

BUG = Choice(
    id="monte_carlo.5",
    title="A bug to find",
    right="d",
    wrong={
        "a": "Such a proposal does err from below. But its instruments would complain, and a wide "
        "proposal, s = 1.6, has no such excuse: its weights are bounded.",
        "b": "Then every weight would be too small or too large by the same constant, which for "
        "s = 1 is √(2π). What does the table say for s = 1?",
        "c": "Then the mean would be that of q/p under q, which is above 1 in every row (by "
        "Jensen's inequality, since the mean of p/q is 1).",
        "e": "It is right for s = 1, and it does confuse s with s². But divide by a density that "
        "is too narrow, in the first row: the far draws get enormous weights. Which of the two "
        "confusions makes weights too small, both times?",
    },
    why="The draws were closer together than the density they were divided by (s = 0.6), or "
    "further apart (s = 1.6). No instrument that looks at the weights can know it: they all "
    "trust that the draws come from q.",
    hints=(
        "Go through the suspects with s = 1. Which of them would have been noticed there?",
        "For s = 0.6 the right code gives an ESS below 2000 or so, and a k-hat near 0.7. The bug "
        "makes both look better. Where must the draws be for that?",
    ),
)


# 6. log(1 + χ²) from N(0, I) to N(offset, diag(s²)).


def _cost_parts(offset, s):
    """The part of the widths and the part of the offsets, in nats, summed over d; NaN: infinite."""
    room = 2 * s**2 - 1
    return np.sum(np.log(s**2) - 0.5 * np.log(room), axis=1), np.sum(offset**2 / room, axis=1)


def _log_cost(offset, s):
    with np.errstate(all="ignore"):
        total = sum(_cost_parts(offset, s))
    return np.where(np.all(2 * s**2 > 1, axis=1), total, np.inf)


def _cost_turned_round(offset, s):
    return np.sum(offset**2 / (2 - s**2) - np.log(s) - 0.5 * np.log(2 - s**2), axis=1)


COST = Exercise(
    id="monte_carlo.6",
    title="What a misplaced proposal costs",
    call="log_cost(offset, s)",
    builds="vicourse.divergences.renyi",
    cases=(
        Case({"offset": np.array([[1.0, 0], [0, 0]]), "s": np.array([[1.0, 1], [2, 0.8]])}),
        Case(
            {
                "offset": np.array([[0.5, -1.2, 0.3], [2.0, 0.1, -0.7]]),
                "s": np.array([[1.2, 0.9, 1.5], [1.1, 0.75, 1.3]]),
            }
        ),
        Case(
            {
                "offset": np.array([[0.0, 0.4], [1.0, -1.0], [0.2, 0.3]]),
                "s": np.array([[0.6, 1.1], [0.8, 1.2], [0.5, 0.65]]),
            },
            alone="your formula is right where every proposal is wide enough. In some of these "
            "rows one coordinate is too narrow, or both are: 2s² ≤ 1. What is the integral of p²/q "
            "there? One coordinate is enough to spoil a row.",
        ),
    ),
    reference=_log_cost,
    hints=(
        "1 + χ² is the integral of p²/q, and p²/q is a product over the coordinates. So its "
        "logarithm is a sum, and one coordinate is all you need.",
        "In one coordinate the exponent of p²/q is −z² + (z − a)²/(2s²), with a for the offset. "
        "Complete the square. For which s does it fall off at all?",
        "The square has the precision (2s² − 1)/s², and leaves the exponent a²/(2s² − 1). The "
        "Gaussian integral and the constants give s²/√(2s² − 1).",
    ),
    mistakes=(
        Mistake(
            "this is 1 + χ² itself. Its logarithm is asked: in many coordinates the number itself "
            "overflows.",
            lambda offset, s: np.exp(_log_cost(offset, s)),
        ),
        Mistake(
            "this is χ². Asked is log(1 + χ²).",
            lambda offset, s: np.expm1(_log_cost(offset, s)),
        ),
        Mistake(
            "this is log χ²: the 1 is missing.",
            lambda offset, s: np.log(np.expm1(_log_cost(offset, s))),
        ),
        Mistake(
            "the arguments are turned round: this is the integral of q²/p. The squared density is "
            "the posterior's.",
            _cost_turned_round,
        ),
        Mistake(
            "you took s for the variance. It is the standard deviation.",
            lambda offset, s: _log_cost(offset, np.sqrt(s)),
        ),
        Mistake(
            "this is the KL divergence from the posterior to q. The cost is always larger: by "
            "Jensen's inequality.",
            lambda offset, s: np.sum(np.log(s) + (1 + offset**2) / (2 * s**2) - 0.5, axis=1),
        ),
        Mistake(
            "this is KL(q‖p), which does not ask for wide proposals at all.",
            lambda offset, s: np.sum((s**2 + offset**2 - 1) / 2 - np.log(s), axis=1),
        ),
        Mistake(
            "the offsets have a factor ½ too much: p is squared, and so the exponent of a Gaussian "
            "comes twice.",
            lambda offset, s: _cost_parts(offset, s)[0] + _cost_parts(offset, s)[1] / 2,
        ),
        Mistake(
            "the offsets have the wrong sign: a misplaced proposal costs more, not less.",
            lambda offset, s: _cost_parts(offset, s)[0] - _cost_parts(offset, s)[1],
        ),
        Mistake(
            "the offsets are missing.",
            lambda offset, s: _cost_parts(offset, s)[0],
        ),
        Mistake(
            "this is the part of the offsets. The widths cost too: the constants do not cancel.",
            lambda offset, s: _cost_parts(offset, s)[1],
        ),
        Mistake(
            "the widths have log s where they should have log s².",
            lambda offset, s: _log_cost(offset, s) - np.sum(np.log(s), axis=1),
        ),
        Mistake(
            "the widths lost a root: log(2s² − 1) comes with a factor ½.",
            lambda offset, s: _log_cost(offset, s) - np.sum(0.5 * np.log(2 * s**2 - 1), axis=1),
        ),
        Mistake(
            "you averaged over the coordinates. The factors multiply, so their logarithms add.",
            lambda offset, s: _log_cost(offset, s) / offset.shape[1],
        ),
        Mistake(
            "you added up the χ² of the coordinates. It is 1 + χ² that multiplies.",
            lambda offset, s: np.log1p(
                sum(np.expm1(_log_cost(offset[:, [i]], s[:, [i]])) for i in range(offset.shape[1]))
            ),
        ),
        Mistake(
            "you added up everything. Keep one number per row.",
            lambda offset, s: _log_cost(offset, s).sum(),
        ),
        Mistake(
            "the sign is turned round: this is the log of the share of draws that remains.",
            lambda offset, s: -_log_cost(offset, s),
        ),
    ),
)


# 7. The width that makes the cost smallest: 2u² − (3 + 2r)u + 1 = 0, u = s², r the mean square.


def _best_variance(r):
    b = 3 + 2 * r
    return (b + np.sqrt(b**2 - 8)) / 4


def _width_by(variance_of):
    """The root of `variance_of(r)`, with r the mean squared offset."""
    return lambda offset: np.sqrt(variance_of(np.mean(offset**2)))


_best_width = _width_by(_best_variance)


WIDTH = Exercise(
    id="monte_carlo.7",
    title="The best width",
    call="best_width(offset)",
    cases=(
        Case({"offset": np.array([1.0, -1])}),
        Case({"offset": np.array([0.5, 0, -0.3])}),
        Case({"offset": np.array([2.0, 0, 0, 0])}),
        Case({"offset": np.array([-1.5, 2.5])}),
    ),
    reference=_best_width,
    hints=(
        "With one s for all coordinates the cost of exercise 6 is d log s² − (d/2) log(2s² − 1) + "
        "|a|²/(2s² − 1), with |a|² for the sum of the squared offsets. Write u for s².",
        "Set the derivative by u to zero, and multiply by u (2u − 1)²/d. Only r = |a|²/d is left "
        "of the offsets.",
        "The equation is 2u² − (3 + 2r)u + 1 = 0. One of its two roots has 2u > 1; the answer is "
        "the square root of that one.",
    ),
    mistakes=(
        Mistake(
            "this is the best variance, s². Asked is s.",
            lambda offset: _best_variance(np.mean(offset**2)),
        ),
        Mistake(
            "this is the other root of the quadratic equation. There 2s² < 1, and the cost is "
            "infinite.",
            _width_by(lambda r: 1 / (2 * _best_variance(r))),
        ),
        Mistake(
            "you used the sum of the squared offsets where their mean belongs: d coordinates "
            "share one s.",
            lambda offset: np.sqrt(_best_variance(np.sum(offset**2))),
        ),
        Mistake(
            "this width makes KL(posterior‖q) smallest. The cost of exercise 6 asks for more.",
            _width_by(lambda r: 1 + r),
        ),
        Mistake(
            "this is the variance that makes KL(posterior‖q) smallest. Asked is a standard "
            "deviation, and the cost of exercise 6 asks for another one.",
            lambda offset: 1 + np.mean(offset**2),
        ),
        Mistake(
            "this is the posterior's own width, which KL(q‖posterior) likes best. With an offset "
            "the cost of exercise 6 asks for more.",
            lambda offset: 1.0,
        ),
        Mistake(
            "this is the first-order answer, right for small offsets only.",
            _width_by(lambda r: 1 + 2 * r),
        ),
        Mistake(
            "your cost has a factor ½ too much with the offsets.",
            _width_by(lambda r: _best_variance(r / 2)),
        ),
        Mistake(
            "you took the square of the mean offset, not the mean of the squares.",
            lambda offset: np.sqrt(_best_variance(np.mean(offset) ** 2)),
        ),
        Mistake(
            "you took the mean size of the offsets, not the mean of their squares.",
            lambda offset: np.sqrt(_best_variance(np.mean(np.abs(offset)))),
        ),
        Mistake(
            "this is the lowest cost. Asked is where it is.",
            lambda offset: _log_cost(offset[None], np.full((1, len(offset)), _best_width(offset)))[
                0
            ],
        ),
    ),
)


EXERCISES = (ERROR_BAR, RARE, EVIDENCE, REPORT, BUG, COST, WIDTH)
