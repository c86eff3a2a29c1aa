"""Exercises of the chapter algorithms/gradient_estimators: draws that are weighed, and moved.

Everything here is NumPy in float64, written plainly. q = N(m, s²), s its standard deviation; a
gradient is the pair of the derivatives by m and by s.
"""

import numpy as np
from scipy import special

from vicourse.check.exercise import Case, Choice, Exercise, Mistake

_LOG_2PI = np.log(2 * np.pi)


def _log_normal(z, m, s):
    return -0.5 * _LOG_2PI - np.log(s) - 0.5 * ((z - m) / s) ** 2


# 1. The score of N(m, s²): the derivatives of log q(z) by m and by s.


def _score(z, m, s):
    return np.array([(z - m) / s**2, (z - m) ** 2 / s**3 - 1 / s])


def _score_with(by_m=None, by_s=None):
    """The right score, but for the entries given: functions of z − m and s."""

    def wrong(z, m, s):
        right = _score(z, m, s)
        return np.array(
            [
                right[0] if by_m is None else by_m(z - m, s),
                right[1] if by_s is None else by_s(z - m, s),
            ]
        )

    return wrong


SCORE = Exercise(
    id="gradient_estimators.1",
    title="The score",
    call="score(z, m, s)",
    cases=(
        Case({"z": np.array([1.0, -2, 0.5]), "m": 0.0, "s": 2.0}),
        Case({"z": np.array([0.3, 2.2, -1.4, 1.1]), "m": 0.7, "s": 0.6}),
        Case({"z": np.array([-3.5, 1.5, 0.2]), "m": -1.2, "s": 1.7}),
    ),
    reference=_score,
    hints=(
        "Write down log q(z) = −½ log 2π − log s − (z − m)²/(2s²). Differentiate by m, then by s, "
        "with z held fixed.",
        "s stands in two places. One of them is the normalising constant, −log s.",
        "The derivative of −(z − m)²/(2s²) by s is (z − m)²/s³. By m it is (z − m)/s².",
    ),
    mistakes=(
        Mistake(
            "the first derivative is by z. By m it has the other sign: log q rises when m moves "
            "towards the draw.",
            _score_with(by_m=lambda a, s: -a / s**2),
        ),
        Mistake(
            "in the derivative by m, s stands where s² belongs.",
            _score_with(by_m=lambda a, s: a / s),
        ),
        Mistake(
            "the derivative by m lost its 1/s².",
            _score_with(by_m=lambda a, s: a),
        ),
        Mistake(
            "in the derivative by s the normalising constant −log s is missing. Without its −1/s "
            "the score's mean would not be 0.",
            _score_with(by_s=lambda a, s: a**2 / s**3),
        ),
        Mistake(
            "in the derivative by s the 1/s has the wrong sign: it comes from −log s.",
            _score_with(by_s=lambda a, s: a**2 / s**3 + 1 / s),
        ),
        Mistake(
            "the second derivative is by log s. By s it has one more factor 1/s.",
            _score_with(by_s=lambda a, s: a**2 / s**2 - 1),
        ),
        Mistake(
            "the second derivative is by the variance s². Asked is the one by s.",
            _score_with(by_s=lambda a, s: (a**2 / s**2 - 1) / (2 * s**2)),
        ),
        Mistake(
            "in the derivative by s, s² stands where s³ belongs: 1/s² differentiated is −2/s³.",
            _score_with(by_s=lambda a, s: a**2 / s**2 - 1 / s),
        ),
        Mistake(
            "the derivative by s has a factor ½ too much with the square: 1/s² differentiated "
            "brings a 2.",
            _score_with(by_s=lambda a, s: a**2 / (2 * s**3) - 1 / s),
        ),
        Mistake(
            "in the derivative by s the square has the wrong sign: −1/(2s²) grows with s.",
            _score_with(by_s=lambda a, s: -(a**2) / s**3 - 1 / s),
        ),
        Mistake(
            "you took s for the variance. It is the standard deviation.",
            lambda z, m, s: np.array([(z - m) / s, ((z - m) ** 2 / s - 1) / (2 * s)]),
        ),
        Mistake(
            "you took s for the variance. It is the standard deviation.",
            lambda z, m, s: _score(z, m, np.sqrt(s)),
        ),
        Mistake("the two derivatives have changed places.", lambda *a: _score(*a)[::-1]),
        Mistake("the sign of both is turned round.", lambda *a: -_score(*a)),
        Mistake(
            "you averaged over the draws. Keep one score for each draw: it will be weighed first.",
            lambda *a: _score(*a).mean(axis=1),
        ),
        Mistake(
            "you added up the draws. Keep one score for each draw.",
            lambda *a: _score(*a).sum(axis=1),
        ),
        Mistake("you added the two derivatives. Return a pair.", lambda *a: _score(*a).sum(axis=0)),
        Mistake(
            "this is the derivative by m alone. Return the pair, by m and by s.",
            lambda *a: _score(*a)[0],
        ),
        Mistake(
            "the numbers are right, but lie the other way: one row for m and one for s, please.",
            lambda *a: _score(*a).T,
        ),
        Mistake("this is log q itself. Differentiate it.", _log_normal),
    ),
)


# 2. The score function with the leave-one-out baseline, for f = log p − log q.


def _others(values):
    return (values.sum() - values) / (len(values) - 1)


def _weighed(baseline=_others, log_q=_log_normal, by=_score):
    """The mean of (f − baseline of f) times the score, for f = log p − log q."""

    def gradient(log_p, z, m, s):
        values = log_p - log_q(z, m, s)
        return np.mean((values - baseline(values)) * by(z, m, s), axis=1)

    return gradient


_leave_one_out = _weighed()


def _not_averaged(log_p, z, m, s):
    values = log_p - _log_normal(z, m, s)
    return (values - _others(values)) * _score(z, m, s)


LEAVE_ONE_OUT = Exercise(
    id="gradient_estimators.2",
    title="Weigh the draws",
    call="weighed_gradient(log_p, z, m, s)",
    builds="vicourse.gradients.gradient_estimator",
    cases=(
        Case({"log_p": np.array([-3.0, -1, -7]), "z": np.array([1.0, 3, -1]), "m": 0.0, "s": 2.0}),
        Case({"log_p": np.array([-4.5, -2.5]), "z": np.array([-0.4, 1.6]), "m": 0.5, "s": 0.8}),
        Case(
            {
                "log_p": np.array([-5.2, -9.1, -2.4, -6.3]),
                "z": np.array([1.7, 0.2, 3.1, 1.1]),
                "m": 1.4,
                "s": 1.3,
            }
        ),
    ),
    reference=_leave_one_out,
    hints=(
        "First f for each draw: log p − log q. Then its baseline, then the score of exercise 1.",
        "The sum of the other values is the sum of all of them, minus the draw's own.",
        "f minus the baseline weighs the draw's score. The result is the mean of these products "
        "over the S draws, once for m and once for s.",
    ),
    mistakes=(
        Mistake(
            "the draw's own value is in its baseline. The gradient shrinks by the factor "
            "(S − 1)/S, on average too.",
            _weighed(lambda values: values.mean()),
        ),
        Mistake(
            "there is no baseline. This is right on average, but noisier.",
            _weighed(lambda values: 0.0),
        ),
        Mistake(
            "−log q is missing from f: this estimates the gradient of E_q[log p] alone.",
            _weighed(log_q=lambda z, m, s: 0.0),
        ),
        Mistake(
            "−log q is missing from f, and the baseline too.",
            _weighed(lambda values: 0.0, log_q=lambda z, m, s: 0.0),
        ),
        Mistake(
            "log q is added. In f it is subtracted.",
            _weighed(log_q=lambda *a: -_log_normal(*a)),
        ),
        Mistake(
            "the sum of the others is divided by S. There are S − 1 others.",
            _weighed(lambda values: (values.sum() - values) / len(values)),
        ),
        Mistake(
            "the baseline is the sum of the other values. Asked is their mean.",
            _weighed(lambda values: values.sum() - values),
        ),
        Mistake(
            "the baseline is the sum of all values divided by S − 1. Take the draw's own value "
            "out of the sum.",
            _weighed(lambda values: values.sum() / (len(values) - 1)),
        ),
        Mistake(
            "the baseline is added. It is subtracted.",
            _weighed(lambda values: -_others(values)),
        ),
        Mistake(
            "you added up the draws. The estimate is their mean.",
            lambda log_p, z, m, s: len(z) * _leave_one_out(log_p, z, m, s),
        ),
        Mistake(
            "the sign is turned round: this is the gradient of the loss, −ELBO.",
            lambda *a: -_leave_one_out(*a),
        ),
        Mistake(
            "the second derivative is by log s. Asked is the one by s.",
            lambda log_p, z, m, s: _leave_one_out(log_p, z, m, s) * np.array([1, s]),
        ),
        Mistake(
            "in the score by m, s stands where s² belongs.",
            lambda log_p, z, m, s: _leave_one_out(log_p, z, m, s) * np.array([s, 1]),
        ),
        Mistake(
            "there is no baseline, and log q lost its −log s.",
            _weighed(lambda values: 0.0, log_q=lambda z, m, s: _log_normal(z, m, s) + np.log(s)),
        ),
        Mistake(
            "there is no baseline, and log q lost its ½ log 2π.",
            _weighed(lambda values: 0.0, log_q=lambda *a: _log_normal(*a) + 0.5 * _LOG_2PI),
        ),
        Mistake(
            "in log q the square lost its factor ½, or s its square: is it (z − m)²/(2s²)?",
            _weighed(log_q=lambda z, m, s: -(((z - m) / s) ** 2)),
        ),
        Mistake(
            "in log q the square lost its factor ½, or s its square: is it (z − m)²/(2s²)?",
            _weighed(log_q=lambda z, m, s: -((z - m) ** 2) / (2 * s)),
        ),
        Mistake(
            "these are the draws' own terms. Average them: one number for m, one for s.",
            _not_averaged,
        ),
        Mistake(
            "this is the derivative by m alone. Return the pair, by m and by s.",
            lambda *a: _leave_one_out(*a)[0],
        ),
        Mistake("the two derivatives have changed places.", lambda *a: _leave_one_out(*a)[::-1]),
    ),
)


# 3. The pathwise gradients: rows reparameterization and sticking the landing, columns m and s.


def _moved(slope, eps, s):
    return np.array([_full_path(slope, eps, s), _landing(slope, eps, s)])


def _full_path(slope, eps, s, entropy=1.0):
    return np.array([np.mean(slope), np.mean(slope * eps) + entropy / s])


def _landing(slope, eps, s):
    return _along(slope + eps / s, eps)


def _along(slope, eps):
    """The chain rule: z moves by 1 with m and by ε with s."""
    return np.array([np.mean(slope), np.mean(slope * eps)])


def _second_row(slope_of_f):
    """The right first row; below it the path of another slope of f: of log p's slope, ε and s."""

    def wrong(slope, eps, s):
        second = _along(slope_of_f(slope, eps, s), eps)
        return np.array([_full_path(slope, eps, s), second])

    return wrong


def _first_row(row):
    return lambda *inputs: np.array([row(*inputs), _landing(*inputs)])


MOVE = Exercise(
    id="gradient_estimators.3",
    title="Move the draws",
    call="moved_gradients(slope, eps, s)",
    builds="vicourse.gradients.gradient_estimator",
    cases=(
        Case({"slope": np.array([3.0, 1, -2]), "eps": np.array([-1.0, 0.5, 2]), "s": 2.0}),
        Case({"slope": np.array([0.4, -1.7]), "eps": np.array([1.3, 0.2]), "s": 0.5}),
        Case(
            {
                "slope": np.array([5.1, 2.2, 3.8, 0.7]),
                "eps": np.array([-0.6, 0.9, -0.1, 1.8]),
                "s": 1.4,
            }
        ),
    ),
    reference=_moved,
    hints=(
        "When m grows by a little, every draw moves by as much. When s grows by a little, the draw "
        "m + s ε moves by ε times as much.",
        "With z = m + s ε, −log q(z) is ½ ε² + log s + ½ log 2π: what is left of m and s in it? "
        "That is the first row's share of q.",
        "For the second row hold m and s in q fixed and let only z move: −log q has the slope "
        "(z − m)/s², which is ε/s. Add it to the slope of log p before the chain rule.",
    ),
    mistakes=(
        Mistake(
            "in the first row the entropy is missing: −log q(m + s ε) holds log s.",
            _first_row(lambda slope, eps, s: _along(slope, eps)),
        ),
        Mistake(
            "log q is missing in both rows: these are gradients of E_q[log p].",
            lambda slope, eps, s: np.array([_along(slope, eps)] * 2),
        ),
        Mistake(
            "in the first row the entropy has the wrong sign: −log q holds +log s.",
            _first_row(lambda slope, eps, s: _full_path(slope, eps, s, entropy=-1.0)),
        ),
        Mistake(
            "in the first row you added log s. Its derivative by s is 1/s.",
            _first_row(lambda slope, eps, s: _full_path(slope, eps, s, s * np.log(s))),
        ),
        Mistake(
            "in the first row you added s. The derivative of log s by s is 1/s.",
            _first_row(lambda slope, eps, s: _full_path(slope, eps, s, s**2)),
        ),
        Mistake(
            "the first row's 1/s also went to m. The entropy of q does not depend on m.",
            _first_row(lambda slope, eps, s: _along(slope, eps) + 1 / s),
        ),
        Mistake(
            "in the second row the slope of −log q has the wrong sign: it is +ε/s.",
            _second_row(lambda slope, eps, s: slope - eps / s),
        ),
        Mistake(
            "in the second row s is missing: the slope of −log q is (z − m)/s² = ε/s.",
            _second_row(lambda slope, eps, s: slope + eps),
        ),
        Mistake(
            "in the second row s² stands where s belongs: (z − m)/s² is ε/s.",
            _second_row(lambda slope, eps, s: slope + eps / s**2),
        ),
        Mistake(
            "in the second row log q is missing. It is held fixed in m and s, but not in z.",
            _second_row(lambda slope, eps, s: slope),
        ),
        Mistake(
            "the second row has the entropy twice: as ε/s along the path, and again as 1/s.",
            lambda *a: _moved(*a) + np.array([[0, 0], [0, 1 / a[-1]]]),
        ),
        Mistake(
            "the derivatives by s lack their chain rule: the draw m + s ε moves by ε.",
            lambda slope, eps, s: np.array(
                [
                    [slope.mean(), slope.mean() + 1 / s],
                    [(slope + eps / s).mean(), (slope + eps / s).mean()],
                ]
            ),
        ),
        Mistake(
            "you added up the draws. Each entry is a mean over them.",
            lambda slope, eps, s: len(eps) * _moved(slope, eps, s),
        ),
        Mistake(
            "you added up the draws. Each entry is a mean over them.",
            lambda slope, eps, s: (
                len(eps) * _moved(slope, eps, s) - np.array([[0, (len(eps) - 1) / s], [0, 0]])
            ),
        ),
        Mistake(
            "the second derivative is by log s. Asked is the one by s.",
            lambda slope, eps, s: _moved(slope, eps, s) * np.array([1, s]),
        ),
        Mistake("the two rows have changed places.", lambda *a: _moved(*a)[::-1]),
        Mistake(
            "rows and columns have changed places: one row for each estimator, please.",
            lambda *a: _moved(*a).T,
        ),
        Mistake("the sign is turned round: this is the loss.", lambda *a: -_moved(*a)),
        Mistake(
            "this is the first row alone, reparameterization. The second is missing.",
            _full_path,
        ),
        Mistake(
            "this is the second row alone, sticking the landing. The first is missing.",
            _landing,
        ),
    ),
)


# 4. A prediction: the best mean field of a correlated Gaussian.

PREDICTION = Choice(
    id="gradient_estimators.4",
    title="A prediction",
    right="c",
    wrong={
        "a": "The two are silent where f is the same for every draw. Is it, at the best member of "
        "a family that does not hold the posterior?",
        "b": "Sticking the landing is silent where log p and log q have the same slope everywhere. "
        "Can a q with independent latents have the slope of a correlated p?",
        "d": "The gradient is the mean of the estimates. That the mean is 0 says nothing about "
        "their spread.",
    },
    why="Nobody lands: log p − log q = constant + ρ z_1 z_2/(1 − ρ²) here, and that varies with "
    "the draw. The noise that stays says that the family is too small. A fit that shrugs it off "
    "as 'Monte Carlo error' overlooks a free diagnosis.",
    hints=(
        "The chapter's estimators landed because q was the posterior. Which property of f did "
        "they need?",
        "At the mean-field optimum, log p − log q is a constant plus a multiple of z_1 z_2. "
        "Differentiate it by z_1.",
    ),
)


# 5. A bug to find: log q in the weight, differentiated.


def _chapter_log_p(z):
    return _log_normal(z, 0.0, 1.0) + _log_normal(5.0, z, 1.0)


def _by_tape(times_log_p, times_log_q):
    """The mean of (a log p + b log q) times the score."""

    def gradient(z, m, s):
        weight = times_log_p * _chapter_log_p(z) + times_log_q * _log_normal(z, m, s)
        return np.mean(weight * _score(z, m, s), axis=1)

    return gradient


_mended = _by_tape(1, -1)


def _bug_with_baseline(z, m, s):
    return _leave_one_out(_chapter_log_p(z), z, m, s)


def _moved_instead(row):
    """What comes if the draws are moved, with ε = (z − m)/s."""
    return lambda z, m, s: row(5 - 2 * z, (z - m) / s, s)


BUG = Exercise(
    id="gradient_estimators.5",
    title="A bug to find",
    call="mended_gradient(z, m, s)",
    builds="vicourse.gradients.gradient_estimator",
    cases=(
        Case({"z": np.array([1.0, 3, -1]), "m": 0.0, "s": 2.0}),
        Case({"z": np.array([2.1, 1.2, 3.3, 2.7]), "m": 2.5, "s": 0.7}),
        Case({"z": np.array([0.6, -0.9]), "m": -0.4, "s": 1.5}),
    ),
    reference=_mended,
    hints=(
        "Which part of the gradient is wrong, and by how much? Put s = 1 into the exact gradient "
        "by s, 1/s − 2s, and look for a multiple of 1/s that makes it 0.",
        "The draws do not depend on m and s here. Does the weight? The estimator holds it fixed "
        "and differentiates log q alone. What does the tape do?",
        "The product rule differentiates both factors. `tf.stop_gradient` tells the tape to take "
        "its argument for a constant.",
    ),
    mistakes=(
        Mistake(
            "the bug is still in it: the weight is differentiated too, as −log q times the score.",
            _by_tape(1, -2),
        ),
        Mistake(
            "you held log q fixed and let the weight vary. It is the other way round.",
            _by_tape(0, -1),
        ),
        Mistake(
            "this differentiates the weight alone, −log q. The chapter's learner fell into the "
            "same pit: noise around nothing.",
            lambda z, m, s: -np.mean(_score(z, m, s), axis=1),
        ),
        Mistake(
            "log q is missing in the weight: the entropy is no longer counted twice, but not at "
            "all.",
            _by_tape(1, 0),
        ),
        Mistake("everything is held fixed now: the gradient is 0.", lambda z, m, s: np.zeros(2)),
        Mistake(
            "log q is added in the weight, not subtracted.",
            _by_tape(1, 1),
        ),
        Mistake(
            "this has a baseline. It is a good idea and right on average, but mend the bug alone.",
            _bug_with_baseline,
        ),
        Mistake(
            "this moves the draws. It is right on average, but mend the estimator that weighs "
            "them.",
            _moved_instead(_full_path),
        ),
        Mistake(
            "this moves the draws. It is right on average, but mend the estimator that weighs "
            "them.",
            _moved_instead(_landing),
        ),
        Mistake(
            "you added up the draws. The estimate is their mean.",
            lambda z, m, s: len(z) * _mended(z, m, s),
        ),
        Mistake("the sign is turned round.", lambda *a: -_mended(*a)),
        Mistake(
            "you took 1/s, the mean of what is too much, from the derivative by s. On average that "
            "is right, but the bug is still there, with its noise.",
            lambda z, m, s: _by_tape(1, -2)(z, m, s) - np.array([0, 1 / s]),
        ),
        Mistake(
            "this is the exact gradient. Asked is the estimate from these draws.",
            lambda z, m, s: np.array([5 - 2 * m, 1 / s - 2 * s]),
        ),
        Mistake("this is the derivative by m alone. Return both.", lambda *a: _mended(*a)[0]),
    ),
)


# 6. Implicit reparameterization of w N(m_1, s²) + (1 − w) N(m_2, s²): ∂z/∂w and ∂z/∂m_1.


def _humps(z, m, s):
    """The distribution functions and the densities of both components: each [2, S]."""
    e = (z - m[:, None]) / s
    return special.ndtr(e), np.exp(-0.5 * e**2) / (s * np.sqrt(2 * np.pi))


def _mixture_parts(z, w, m, s):
    """−∂F/∂w, −∂F/∂m_1 and q, each [S]."""
    (below_1, below_2), (q_1, q_2) = _humps(z, m, s)
    return below_2 - below_1, w * q_1, w * q_1 + (1 - w) * q_2


def _path(z, w, m, s):
    by_w, by_m, density = _mixture_parts(z, w, m, s)
    return np.array([by_w, by_m]) / density


def _path_with(by_w=None, by_m=None):
    """The right pair, but for the entry given: a function of z, w, m and s."""

    def wrong(*inputs):
        right = _path(*inputs)
        return np.array(
            [f(*inputs) if f else row for f, row in zip((by_w, by_m), right, strict=True)]
        )

    return wrong


def _distribution_function(z, w, m, s):
    below_1, below_2 = _humps(z, m, s)[0]
    return w * below_1 + (1 - w) * below_2


def _mixture_score(z, w, m, s):
    q_1, q_2 = _humps(z, m, s)[1]
    density = w * q_1 + (1 - w) * q_2
    return np.array([(q_1 - q_2) / density, w * q_1 / density * (z - m[0]) / s**2])


IMPLICIT = Exercise(
    id="gradient_estimators.6",
    title="The path of a draw from a mixture",
    call="mixture_path(z, w, m, s)",
    cases=(
        Case({"z": np.array([0.0, 1, 2]), "w": 0.5, "m": np.array([0.0, 2]), "s": 1.0}),
        Case({"z": np.array([-1.2, 0.1, 0.8, 2.4]), "w": 0.3, "m": np.array([-1, 1.5]), "s": 0.8}),
        Case({"z": np.array([2.3, -0.5, 0.9]), "w": 0.8, "m": np.array([1.7, -0.6]), "s": 0.6}),
    ),
    reference=_path,
    hints=(
        "Write down the distribution function: F(z) = w Φ((z − m_1)/s) + (1 − w) Φ((z − m_2)/s), "
        "with Φ that of the standard normal. Differentiate it by w and by m_1, with z held fixed.",
        "By w it is a difference of two Φ. By m_1 the chain rule brings −1/s and the standard "
        "normal density, which together are minus the density of the first component.",
        "Divide both by −q(z), with the density of the whole mixture. "
        "`tfd.Normal(m, s)` has `cdf` and `prob`.",
    ),
    mistakes=(
        Mistake(
            "both signs are turned round. F(z) = u stays fixed: if F grows at a fixed z, the draw "
            "has to move to the left.",
            lambda *a: -_path(*a),
        ),
        Mistake(
            "the path by w has the wrong sign: more weight for the first component moves the draw "
            "towards it.",
            _path_with(by_w=lambda *a: -_path(*a)[0]),
        ),
        Mistake(
            "the path by m_1 has the wrong sign: if the first component moves to the right, so do "
            "its draws.",
            _path_with(by_m=lambda *a: -_path(*a)[1]),
        ),
        Mistake("you did not divide by q(z).", lambda *a: np.array(_mixture_parts(*a)[:2])),
        Mistake(
            "neither sign nor density: these are ∂F/∂w and ∂F/∂m_1.",
            lambda *a: -np.array(_mixture_parts(*a)[:2]),
        ),
        Mistake(
            "you divided by F(z). It is the density that belongs below.",
            lambda *a: np.array(_mixture_parts(*a)[:2]) / _distribution_function(*a),
        ),
        Mistake(
            "you divided by the first component's density. The draw comes from the mixture.",
            lambda *a: np.array(_mixture_parts(*a)[:2]) / _humps(a[0], *a[2:])[1][0],
        ),
        Mistake(
            "this is the score: how the draw's log density changes. Asked is how the draw moves.",
            _mixture_score,
        ),
        Mistake(
            "the path by w has the components' densities where their distribution functions "
            "belong: this is the score by w, or minus it.",
            _path_with(by_w=lambda *a: _mixture_score(*a)[0]),
        ),
        Mistake(
            "the path by w has the components' densities where their distribution functions "
            "belong: this is the score by w, or minus it.",
            _path_with(by_w=lambda *a: -_mixture_score(*a)[0]),
        ),
        Mistake(
            "the path by w lost the second component, whose weight 1 − w falls.",
            _path_with(
                by_w=lambda z, w, m, s: -_humps(z, m, s)[0][0] / _mixture_parts(z, w, m, s)[2]
            ),
        ),
        Mistake(
            "the path by m_1 lost the weight w.",
            _path_with(by_m=lambda z, w, m, s: _path(z, w, m, s)[1] / w),
        ),
        Mistake(
            "the path by m_1 is that of a draw which surely comes from the first component.",
            _path_with(by_m=lambda z, *_: np.ones_like(z)),
        ),
        Mistake(
            "the path by m_1 has a factor s too much: the density of a component has 1/s in it.",
            _path_with(by_m=lambda z, w, m, s: _path(z, w, m, s)[1] * s),
        ),
        Mistake(
            "the path by m_1 has the second component's share: this is the path by m_2.",
            _path_with(by_m=lambda *a: 1 - _path(*a)[1]),
        ),
        Mistake(
            "you took s for the variance. It is the standard deviation.",
            lambda z, w, m, s: _path(z, w, m, np.sqrt(s)),
        ),
        Mistake("the two paths have changed places.", lambda *a: _path(*a)[::-1]),
        Mistake(
            "the numbers are right, but lie the other way: one row for w and one for m_1, please.",
            lambda *a: _path(*a).T,
        ),
        Mistake(
            "you averaged over the draws. Keep a path for each of them.",
            lambda *a: _path(*a).mean(axis=1),
        ),
        Mistake("this is the path by w alone. Return the pair.", lambda *a: _path(*a)[0]),
    ),
)


# 7. Variances of a one-draw estimate of ∂ELBO/∂m_1, for d latents with the posterior N(0, 1) each.


def _weighed_variance(m, s, d, own_noise=1.5, others=None):
    """`own_noise` times (1 − s²)²/s²: 1.5 for the best constant baseline, 2.5 for the mean of f."""
    others = d - 1 if others is None else others
    bend = (1 - s**2) ** 2 / s**2
    return 2 * m**2 + own_noise * bend + others * (m**2 + 0.5 * bend)


def _moved_variance(m, s, d):
    return (1 - s**2) ** 2 / s**2


def _noise(m, s, d):
    return np.array([_weighed_variance(m, s, d), _moved_variance(m, s, d)])


def _noise_with(weighed=None, moved=None):
    return lambda *inputs: np.array(
        [(weighed or _weighed_variance)(*inputs), (moved or _moved_variance)(*inputs)]
    )


NOISE = Exercise(
    id="gradient_estimators.7",
    title="What weighing costs",
    call="noise(m, s, d)",
    cases=(
        Case({"m": 1.0, "s": 2.0, "d": 3}),
        Case({"m": -2.0, "s": 0.5, "d": 2}),
        Case({"m": 0.7, "s": 1.5, "d": 10}),
        Case({"m": 1.5, "s": 0.8, "d": 5}),
    ),
    reference=_noise,
    hints=(
        "Begin with d = 1. With z = m + s ε, f is a polynomial in ε: constant − m s ε + c ε², with "
        "c = ½(1 − s²). The score by m is ε/s. Moments: E[ε²] = 1, E[ε⁴] = 3, E[ε⁶] = 15, odd ones "
        "are 0.",
        "The moved estimate is ∂f/∂z = −z + (z − m)/s² = −m + (1/s − s) ε. Its variance can be "
        "read off, and other latents do not enter.",
        "Weighed, d = 1: the second moment (A² + 6Ac + 3m²s² + 15c²)/s², where A is the constant "
        "minus the baseline, is least at A = −3c. Subtract the squared mean, m².",
        "Each further latent adds f_i, which is independent of the score. The baseline takes its "
        "mean away; its variance m²s² + 2c² stays, and is multiplied by E[ε²/s²].",
    ),
    mistakes=(
        Mistake(
            "the squared mean was not subtracted from the weighed one: this is a second moment. "
            "The mean is the gradient, −m.",
            _noise_with(weighed=lambda m, s, d: _weighed_variance(m, s, d) + m**2),
        ),
        Mistake(
            "your baseline is the mean of f. The best constant is E[f h²]/E[h²], with h the score.",
            _noise_with(weighed=lambda *a: _weighed_variance(*a, own_noise=2.5)),
        ),
        Mistake(
            "your baseline is the mean of f, and the squared mean was not subtracted.",
            _noise_with(weighed=lambda m, s, d: _weighed_variance(m, s, d, 2.5) + m**2),
        ),
        Mistake(
            "the other latents are missing in the weighed one. Their f_i stand in its weight.",
            _noise_with(weighed=lambda m, s, d: _weighed_variance(m, s, 1)),
        ),
        Mistake(
            "d latents, but only d − 1 of them are others.",
            _noise_with(weighed=lambda m, s, d: _weighed_variance(m, s, d + 1)),
        ),
        Mistake(
            "the weighed one is d times that of one latent. The other latents add less than the "
            "first: their f_i have nothing to do with its score.",
            _noise_with(weighed=lambda m, s, d: d * _weighed_variance(m, s, 1)),
        ),
        Mistake(
            "both are d times too large. Asked is the derivative by m_1 alone.",
            lambda m, s, d: d * _noise(m, s, 1),
        ),
        Mistake(
            "the moved one is plain reparameterization. Without the score term −log q has a slope "
            "too: ε/s.",
            _noise_with(moved=lambda m, s, d: s**2),
        ),
        Mistake(
            "the squared mean was not subtracted from the moved one: this is a second moment.",
            _noise_with(moved=lambda m, s, d: _moved_variance(m, s, d) + m**2),
        ),
        Mistake(
            "the squared mean was not subtracted from either: these are second moments.",
            lambda m, s, d: _noise(m, s, d) + m**2,
        ),
        Mistake(
            "the moved one is multiplied by d. The slope of f by z_1 does not see the others.",
            _noise_with(moved=lambda m, s, d: d * _moved_variance(m, s, d)),
        ),
        Mistake(
            "the moved one is the factor 1/s − s. Its square is the variance.",
            _noise_with(moved=lambda m, s, d: 1 / s - s),
        ),
        Mistake(
            "these are standard deviations. Asked are variances.",
            lambda *a: np.sqrt(_noise(*a)),
        ),
        Mistake(
            "both are s² too large: the score by m is ε/s, and the draw moves by s ε.",
            lambda m, s, d: s**2 * _noise(m, s, d),
        ),
        Mistake(
            "the weighed one is s² too large: the score by m is ε/s.",
            _noise_with(weighed=lambda m, s, d: s**2 * _weighed_variance(m, s, d)),
        ),
        Mistake("the two have changed places.", lambda *a: _noise(*a)[::-1]),
        Mistake(
            "this is their ratio. Return both variances.",
            lambda m, s, d: _weighed_variance(m, s, d) / _moved_variance(m, s, d),
        ),
        Mistake("this is the weighed one alone. Return both.", _weighed_variance),
    ),
)


EXERCISES = (SCORE, LEAVE_ONE_OUT, MOVE, PREDICTION, BUG, IMPLICIT, NOISE)
