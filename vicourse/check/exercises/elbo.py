"""Exercises of the chapter foundations/elbo: the bound, its relatives and its rule of thumb.

Everything here is NumPy in float64, written plainly. In the first exercise z ~ N(0, 1) and
x given z ~ N(z, 1); there and in the fourth `m` and `s` are a mean and a standard deviation.
"""

import numpy as np

from vicourse.check.exercise import Case, Choice, Exercise, Mistake, Number

_LOG_2PI = np.log(2 * np.pi)


# 1. The ELBO of q = N(m, s²), in nats: E_q[log p(z)] + E_q[log p(x given z)] + H[q].


def _expected_log_prior(m, s):
    return -0.5 * _LOG_2PI - 0.5 * (m**2 + s**2)


def _fit(m, s, x):
    return -0.5 * _LOG_2PI - 0.5 * ((x - m) ** 2 + s**2)


def _entropy(s):
    return 0.5 * _LOG_2PI + 0.5 + np.log(s)


def _kl_to_prior(m, s):
    return -_expected_log_prior(m, s) - _entropy(s)


def _energy(m, s, x):
    return _expected_log_prior(m, s) + _fit(m, s, x)


def _elbo(m, s, x):
    return _energy(m, s, x) + _entropy(s)


def _log_evidence(x):
    return -0.5 * np.log(4 * np.pi) - x**2 / 4


ELBO = Exercise(
    id="elbo.1",
    title="The bound in closed form",
    call="elbo(m, s, x)",
    cases=(
        Case({"m": 0.0, "s": 1.0, "x": 2.0}),
        Case({"m": 1.5, "s": 0.7, "x": 5.0}),
        Case({"m": -1.2, "s": 2.0, "x": 0.5}),
        Case({"m": 2.4, "s": 0.35, "x": 5.0}),
    ),
    reference=_elbo,
    hints=(
        "The ELBO is E_q[log p(z)] + E_q[log p(x given z)] + H[q]. Write down log p(z) and "
        "log p(x given z), constants included: both are quadratic in z.",
        "Under q the mean of z² is m² + s², and the mean of (x − z)² is (x − m)² + s².",
        "The entropy of N(m, s²) is ½ log(2πe s²), which is ½ log 2π + ½ + log s. "
        "Add the three parts.",
    ),
    mistakes=(
        Mistake("the entropy of q is missing: this is the energy alone.", _energy),
        Mistake(
            "the entropy has the wrong sign: −E_q[log q] is added, not subtracted.",
            lambda m, s, x: _energy(m, s, x) - _entropy(s),
        ),
        Mistake(
            "the prior is missing: log p(x, z) is log p(z) + log p(x given z).",
            lambda m, s, x: _fit(m, s, x) + _entropy(s),
        ),
        Mistake(
            "this is the fit, E_q[log p(x given z)], alone. The KL to the prior is missing.", _fit
        ),
        Mistake(
            "this is −KL to the prior alone: the data do not enter.",
            lambda m, s, x: -_kl_to_prior(m, s),
        ),
        Mistake(
            "the KL to the prior is subtracted twice. Energy + entropy contains it already.",
            lambda m, s, x: _fit(m, s, x) - 2 * _kl_to_prior(m, s),
        ),
        Mistake(
            "the KL to the prior is added. It is a price: subtract it.",
            lambda m, s, x: _fit(m, s, x) + _kl_to_prior(m, s),
        ),
        Mistake(
            "you took s for the variance. It is the standard deviation.",
            lambda m, s, x: _elbo(m, np.sqrt(s), x),
        ),
        Mistake(
            "s stands where the second moments have s²: E_q[z²] = m² + s².",
            lambda m, s, x: _energy(m, np.sqrt(s), x) + _entropy(s),
        ),
        Mistake(
            "the entropy has log s² where it should have log s, which is ½ log s².",
            lambda m, s, x: _elbo(m, s, x) + np.log(s),
        ),
        Mistake(
            "one s² is missing: E_q[z²] = m² + s² and E_q[(x − z)²] = (x − m)² + s².",
            lambda m, s, x: _elbo(m, s, x) + s**2 / 2,
        ),
        Mistake(
            "you put the mean m in place of z. A mean of squares is not the square of a mean: "
            "both second moments have a + s².",
            lambda m, s, x: _elbo(m, s, x) + s**2,
        ),
        Mistake(
            "½ log 2π is missing. The joint has it twice, the entropy once: it does not cancel.",
            lambda m, s, x: _elbo(m, s, x) + 0.5 * _LOG_2PI,
        ),
        Mistake(
            "the joint density lost its constants: −½ log 2π for the prior and again for the "
            "likelihood.",
            lambda m, s, x: _elbo(m, s, x) + _LOG_2PI,
        ),
        Mistake(
            "the entropy lost its ½ log 2π.",
            lambda m, s, x: _elbo(m, s, x) - 0.5 * _LOG_2PI,
        ),
        Mistake(
            "the ½ of the entropy is missing: ½ log(2πe s²), and log e = 1.",
            lambda m, s, x: _elbo(m, s, x) - 0.5,
        ),
        Mistake(
            "all constants are missing: those with 2π, and the ½ of the entropy. The ranking of "
            "guesses does not need them, the value of the bound does.",
            lambda m, s, x: _elbo(m, s, x) + 0.5 * _LOG_2PI - 0.5,
        ),
        Mistake(
            "the squares have lost their factor ½.",
            lambda m, s, x: 2 * _energy(m, s, x) + _LOG_2PI + _entropy(s),
        ),
        Mistake("the sign is turned round: this is the negative ELBO.", lambda *a: -_elbo(*a)),
        Mistake(
            "this is the log evidence. The bound depends on q and touches it only at the "
            "posterior.",
            lambda m, s, x: _log_evidence(x),
        ),
        Mistake(
            "this is −KL to the posterior: the log evidence is missing.",
            lambda m, s, x: _elbo(m, s, x) - _log_evidence(x),
        ),
    ),
)


# 2. The importance-weighted bound: log mean exp over K, one value per row.


def _log_mean_exp(log_weights, axis=1):
    return np.logaddexp.reduce(log_weights, axis) - np.log(np.shape(log_weights)[axis])


IMPORTANCE = Exercise(
    id="elbo.2",
    title="More weights inside the logarithm",
    call="importance_weighted_bound(log_weights)",
    builds="vicourse.objectives.importance_weighted_bound",
    cases=(
        Case({"log_weights": np.array([[0.5, 1, -0.5], [2, 0, 1]])}),
        Case(
            {
                "log_weights": np.array(
                    [[-1.2, 0.4, 2.1, -3.3], [-2.5, -0.7, -4, 0.2], [1.6, 1.1, -0.9, 3]]
                )
            }
        ),
        Case(
            {"log_weights": np.array([[-801.0, -800, -799.5], [800.5, 799, 801]])},
            alone="your formula is right for moderate log weights, not for ±800. There an "
            "exponential rounds to 0 or overflows; clipping it changes the answer. Shift each row "
            "to a safe place before the exponential, and shift back after the logarithm.",
        ),
    ),
    reference=_log_mean_exp,
    hints=(
        "For one row: the logarithm of the mean of the K weights, and a weight is the exponential "
        "of its log weight. In which order do logarithm, mean and exponential come?",
        "If c is subtracted from every log weight of a row, the result falls by c too. "
        "Which c makes every exponential harmless?",
        "Subtract the largest log weight of each row (`keepdims=True` keeps the shapes apart), "
        "and add it to the result. Or take `tf.reduce_logsumexp` or `scipy.special.logsumexp`, "
        "and mind that they sum where you need the mean.",
    ),
    mistakes=(
        Mistake(
            "you averaged the log weights. That estimates the ELBO: here the mean belongs "
            "inside the logarithm.",
            lambda log_weights: log_weights.mean(axis=1),
        ),
        Mistake(
            "the −log K is missing: this is the logarithm of the sum of the weights.",
            lambda log_weights: np.logaddexp.reduce(log_weights, axis=1),
        ),
        Mistake(
            "you added log K. A mean divides by K, so log K is subtracted.",
            lambda log_weights: _log_mean_exp(log_weights) + 2 * np.log(log_weights.shape[1]),
        ),
        Mistake(
            "you subtracted log S. The mean is over the K weights of a row.",
            lambda log_weights: (
                np.logaddexp.reduce(log_weights, axis=1) - np.log(log_weights.shape[0])
            ),
        ),
        Mistake(
            "you divided the logarithm by K. The division belongs inside: subtract log K.",
            lambda log_weights: np.logaddexp.reduce(log_weights, axis=1) / log_weights.shape[1],
        ),
        Mistake(
            "this is the largest log weight of each row. The other weights count too.",
            lambda log_weights: log_weights.max(axis=1),
        ),
        Mistake(
            "you averaged over axis 0, across the S repeats. The K weights lie along axis 1.",
            lambda log_weights: _log_mean_exp(log_weights, axis=0),
        ),
        Mistake(
            "you averaged all S · K weights inside one logarithm. Keep one value per row.",
            lambda log_weights: _log_mean_exp(log_weights.ravel(), axis=0),
        ),
        Mistake(
            "you averaged over the S rows as well. Keep one value per row: their spread gives "
            "the standard error.",
            lambda log_weights: _log_mean_exp(log_weights).mean(),
        ),
        Mistake(
            "this is the mean weight. Its logarithm is missing.",
            lambda log_weights: np.exp(_log_mean_exp(log_weights)),
        ),
        Mistake(
            "you averaged the log weights as if they were weights. Exponentiate them first.",
            lambda log_weights: np.log(log_weights.mean(axis=1)),
        ),
        Mistake(
            "the sign is turned round: this is the loss.",
            lambda log_weights: -_log_mean_exp(log_weights),
        ),
        Mistake(
            "you subtracted the largest log weight and did not add it again.",
            lambda log_weights: _log_mean_exp(log_weights) - log_weights.max(axis=1),
        ),
    ),
)


# 3. One mean-field update for a Gaussian target: the mean and variance of q_i*.


def _pull(precision, target_mean, i, mean):
    """Σ_{j≠i} Λ_ij (m_j − μ_j)."""
    offset = np.where(np.arange(len(mean)) == i, 0.0, mean - target_mean)
    return precision[i] @ offset


def _update(precision, target_mean, i, mean):
    pull = _pull(precision, target_mean, i, mean)
    return np.array([target_mean[i] - pull / precision[i, i], 1 / precision[i, i]])


def _with_variance(variance):
    """The right mean, and `variance(Λ_ii)`."""

    def wrong(precision, target_mean, i, mean):
        right = _update(precision, target_mean, i, mean)
        return np.array([right[0], variance(precision[i, i])])

    return wrong


def _with_mean(mean_of):
    """The right variance, and `mean_of(μ_i, pull, Λ_ii)`."""

    def wrong(precision, target_mean, i, mean):
        pull = _pull(precision, target_mean, i, mean)
        wrong_mean = mean_of(target_mean[i], pull, precision[i, i])
        return np.array([wrong_mean, 1 / precision[i, i]])

    return wrong


MEAN_FIELD = Exercise(
    id="elbo.3",
    title="One step of mean field",
    call="coordinate_update(precision, target_mean, i, mean)",
    cases=(
        Case(
            {
                "precision": np.array([[2.0, 1], [1, 4]]),
                "target_mean": np.array([1.0, -1]),
                "i": 0,
                "mean": np.array([0.0, 3]),
            }
        ),
        Case(
            {
                "precision": np.array([[4, 1, -1], [1, 3, 0.5], [-1, 0.5, 2]]),
                "target_mean": np.array([0.5, -1, 2]),
                "i": 1,
                "mean": np.array([1, 2, -0.5]),
            }
        ),
        Case(
            {
                "precision": np.array([[1.5, -0.8, 0.4], [-0.8, 2, 0.3], [0.4, 0.3, 0.5]]),
                "target_mean": np.array([-2, 0.7, 1]),
                "i": 2,
                "mean": np.array([0.5, -1.5, 3]),
            }
        ),
    ),
    reference=_update,
    hints=(
        "Write out −½ (z − μ)ᵀ Λ (z − μ) and keep only the terms in which z_i occurs. "
        "The others are part of the constant.",
        "Under q the other z_j are independent of one another, and they occur linearly beside "
        "z_i: so their means m_j take their places.",
        "A log density −½ Λ_ii (z_i − μ_i)² − b (z_i − μ_i) belongs to a Gaussian of variance "
        "1/Λ_ii. Complete the square; b is a sum over j ≠ i.",
    ),
    mistakes=(
        Mistake(
            "this is the target's own marginal, N(μ_i, Σ_ii). The update sees the other factors' "
            "means, and has a smaller variance.",
            lambda precision, target_mean, i, mean: np.array(
                [target_mean[i], np.linalg.inv(precision)[i, i]]
            ),
        ),
        Mistake(
            "the variance is Σ_ii, the target's own. Mean field has 1/Λ_ii, which is smaller.",
            lambda precision, target_mean, i, mean: np.array(
                [_update(precision, target_mean, i, mean)[0], np.linalg.inv(precision)[i, i]]
            ),
        ),
        Mistake(
            "the second number is Λ_ii, a precision. The variance is its inverse.",
            _with_variance(lambda precision_ii: precision_ii),
        ),
        Mistake(
            "the second number is the standard deviation. Asked is the variance.",
            _with_variance(lambda precision_ii: precision_ii**-0.5),
        ),
        Mistake(
            "you used the covariance where the formula has the precision.",
            lambda precision, *rest: _update(np.linalg.inv(precision), *rest),
        ),
        Mistake(
            "the pull of the other factors has the wrong sign.",
            _with_mean(lambda mu, pull, precision_ii: mu + pull / precision_ii),
        ),
        Mistake(
            "you forgot the target's mean: this is the update for μ = 0.",
            lambda precision, target_mean, i, mean: _update(precision, 0 * mean, i, mean),
        ),
        Mistake(
            "the target's mean is in the sum, but μ_i in front of it is missing.",
            _with_mean(lambda mu, pull, precision_ii: -pull / precision_ii),
        ),
        Mistake(
            "μ_i is there, but the sum lacks the target's mean: it is over m_j − μ_j.",
            lambda precision, target_mean, i, mean: (
                _update(precision, 0 * mean, i, mean) + np.array([target_mean[i], 0])
            ),
        ),
        Mistake(
            "the sum runs over j = i too. The old mean of the factor that is updated does not "
            "matter.",
            lambda precision, target_mean, i, mean: np.array(
                [
                    target_mean[i] - precision[i] @ (mean - target_mean) / precision[i, i],
                    1 / precision[i, i],
                ]
            ),
        ),
        Mistake(
            "the pull of the other factors is not divided by Λ_ii.",
            _with_mean(lambda mu, pull, precision_ii: mu - pull),
        ),
        Mistake(
            "the pull of the other factors is missing: this mean is the target's.",
            _with_mean(lambda mu, pull, precision_ii: mu),
        ),
        Mistake(
            "the two numbers have changed places: first the mean, then the variance.",
            lambda *inputs: _update(*inputs)[::-1],
        ),
        Mistake(
            "this is the mean alone. Return the pair (mean, variance).",
            lambda *inputs: _update(*inputs)[0],
        ),
    ),
)


# 4. A bug to find: the ELBO's terms for z ~ Exponential(1), 3 events in 10 months, q LogNormal.


def _log_joint(z):
    return -z + 3 * np.log(10 * z) - 10 * z - np.log(6)


def _log_normal_density(u, m, s):
    return -0.5 * _LOG_2PI - np.log(s) - 0.5 * ((u - m) / s) ** 2


def _terms(m, s, eps):
    u = m + s * eps
    return _log_joint(np.exp(u)) - (_log_normal_density(u, m, s) - u)


def _terms_plus(change):
    """The right terms, and `change(u, m)` added to them, with u = log z."""
    return lambda m, s, eps: _terms(m, s, eps) + change(m + s * eps, m)


BUG = Exercise(
    id="elbo.4",
    title="A bug to find",
    call="elbo_terms(m, s, eps)",
    builds="vicourse.objectives.elbo",
    cases=(
        Case({"m": -1.0, "s": 0.5, "eps": np.array([0.0, 1, -1])}),
        Case({"m": 0.3, "s": 1.2, "eps": np.array([0.8, -0.4, -1.7, 0.2])}),
    ),
    reference=_terms,
    hints=(
        "The joint density is right. Ask of log q: is it the log density of the number that "
        "the joint is given?",
        "q is a density over z, and z is not Normal: log z is. Two densities of "
        "the same draw, one per unit of z and one per unit of log z, differ by a Jacobian.",
        "q(z) = N(log z; m, s²) · |d log z / dz|. What is the logarithm of the last factor?",
    ),
    mistakes=(
        Mistake(
            "this is the function as it was given: the bug is still in it.",
            _terms_plus(lambda u, m: -u),
        ),
        Mistake(
            "the Jacobian has the wrong sign: d log z / dz is 1/z, so its logarithm is −log z.",
            _terms_plus(lambda u, m: -2 * u),
        ),
        Mistake(
            "you used the Jacobian itself, not its logarithm.",
            _terms_plus(lambda u, m: np.exp(u) - u),
        ),
        Mistake(
            "you used 1/z itself: log q needs its logarithm.",
            _terms_plus(lambda u, m: -np.exp(-u) - u),
        ),
        Mistake(
            "the Jacobian is there twice: once is enough, in the joint or in q.",
            _terms_plus(lambda u, m: u),
        ),
        Mistake(
            "you used m for log z in the Jacobian. The mean over draws is right, but each draw "
            "has a Jacobian of its own.",
            _terms_plus(lambda u, m: m - u),
        ),
        Mistake(
            "you put z itself into the Normal density. It is log z that is Normal.",
            lambda m, s, eps: (
                _log_joint(np.exp(m + s * eps)) - _log_normal_density(np.exp(m + s * eps), m, s)
            ),
        ),
        Mistake(
            "the Jacobian is right now, but the Normal density needs log z, not z.",
            lambda m, s, eps: (
                _log_joint(np.exp(m + s * eps))
                - _log_normal_density(np.exp(m + s * eps), m, s)
                + (m + s * eps)
            ),
        ),
        Mistake(
            "this is the log joint alone: log q is gone.",
            lambda m, s, eps: _log_joint(np.exp(m + s * eps)),
        ),
        Mistake(
            "the sign is turned round: the terms are log p(x, z) − log q(z).",
            lambda *inputs: -_terms(*inputs),
        ),
        Mistake(
            "you averaged. Asked is one term for each draw: their spread gives the standard error.",
            lambda *inputs: _terms(*inputs).mean(),
        ),
    ),
)


# 5. A prediction.

PREDICTION = Choice(
    id="elbo.5",
    title="A prediction",
    right="c",
    wrong={
        "a": "The ELBO's best q was the best for one draw inside the logarithm. Bo and Cy changed "
        "places when K grew: why?",
        "b": "With a narrow q nearly all of the 50 draws see the same place. Where are the "
        "weights then enormous, and how often does one of 50 draws get there?",
        "d": "It would be so for infinitely many draws. At K = 64 Cy's bound was still below Bo's.",
    },
    why="A draw wasted where the target has little mass costs little: its weight is small and "
    "49 others remain. A place that q hardly ever visits costs much. So many draws inside the "
    "logarithm ask for a wide q.",
    hints=(
        "Think of Bo and Cy: who had the better ELBO, and who the better bound at K = 50?",
        "One of 50 draws in the right place is enough for a good mean of the weights. Does a wide "
        "or a narrow q make that likely?",
    ),
)


# 6. Half the variance of the log weights, and the gap, at the mean-field optimum.


def _rule(rho):
    return rho**2 / 2


def _gap(rho):
    return -0.5 * np.log(1 - rho**2)


def _rule_and_gap(rho):
    return np.array([_rule(rho), _gap(rho)])


def _pair(rule, gap):
    return lambda rho: np.array([rule(rho), gap(rho)])


RULE = Exercise(
    id="elbo.6",
    title="The variance rule, put to the test",
    call="rule_and_gap(rho)",
    cases=(Case({"rho": 0.5}), Case({"rho": 0.9}), Case({"rho": -0.6})),
    reference=_rule_and_gap,
    hints=(
        "Write log w(z) = log p(z) − log q(z) as a polynomial in z_1 and z_2. At the mean-field "
        "optimum the squares cancel.",
        "What is left is a constant and a multiple of z_1 z_2. Under q, z_1 and z_2 "
        "are independent, with mean 0 and variance 1 − ρ²; what is the mean of (z_1 z_2)²?",
        "The gap is −E_q[log w], since the evidence is 1 here. The mean of z_1 z_2 is 0, so "
        "only the constant remains: the two normalising constants of log p and log q.",
    ),
    mistakes=(
        Mistake(
            "the first number is the whole variance. The rule takes half of it.",
            _pair(lambda rho: rho**2, _gap),
        ),
        Mistake(
            "the first number is half the standard deviation of the log weights, not half "
            "their variance.",
            _pair(lambda rho: abs(rho) / 2, _gap),
        ),
        Mistake(
            "you took the variance under the target. The draws come from q.",
            _pair(lambda rho: (rho**2 + rho**4) / (1 - rho**2) ** 2 / 2, _gap),
        ),
        Mistake(
            "you gave z_1 and z_2 variance 1 under q. At the mean-field optimum it is 1 − ρ².",
            _pair(lambda rho: rho**2 / (1 - rho**2) ** 2 / 2, _gap),
        ),
        Mistake(
            "this q has standard deviations 1, like the target. The mean-field optimum is "
            "narrower: its variances are 1 − ρ².",
            lambda rho: np.array(
                [
                    (rho**2 + rho**4) / (1 - rho**2) ** 2 / 2,
                    rho**2 / (1 - rho**2) + 0.5 * np.log(1 - rho**2),
                ]
            ),
        ),
        Mistake(
            "the gap has lost its factor ½.",
            _pair(_rule, lambda rho: -np.log(1 - rho**2)),
        ),
        Mistake(
            "the gap has the wrong sign: a KL divergence is never negative.",
            _pair(_rule, lambda rho: 0.5 * np.log(1 - rho**2)),
        ),
        Mistake(
            "the gap has ρ where it should have ρ².",
            _pair(_rule, lambda rho: -0.5 * np.log(1 - rho)),
        ),
        Mistake(
            "you returned the rule twice: the gap is not exactly half the variance.",
            _pair(_rule, _rule),
        ),
        Mistake(
            "the two numbers have changed places: first the rule, then the gap.",
            lambda rho: _rule_and_gap(rho)[::-1],
        ),
        Mistake("this is the rule alone. Return the pair (rule, gap).", _rule),
        Mistake("this is the gap alone. Return the pair (rule, gap).", _gap),
    ),
)


# 7. Where ρ²/2 = 0.9 · (−½ log(1 − ρ²)).

LIMIT = Number(
    id="elbo.7",
    title="Where the rule breaks",
    answer=0.439432,
    rtol=0.0012,
    hints=(
        "Both numbers are functions of ρ² alone, and their ratio falls from 1 to 0 as ρ grows "
        "from 0 to 1. There is exactly one crossing.",
        "The equation has no solution in closed form. Halve an interval until it is small, or use "
        "`scipy.optimize.brentq`; do not start at ρ = 0, where both numbers are 0.",
    ),
    mistakes={
        0.193100: "this is ρ². Asked is ρ.",
        0.471405: "you stopped after the next term of the series, ρ⁴/4. Take the logarithm itself.",
        0.447214: "you took 1 − ρ²/2 for the ratio of rule and gap, the start of its series. Take "
        "the logarithm itself.",
        0.419683: "here the gap is 1.1 times the rule. Asked is where the rule is 0.9 times the "
        "gap.",
    },
)


EXERCISES = (ELBO, IMPORTANCE, MEAN_FIELD, BUG, PREDICTION, RULE, LIMIT)
