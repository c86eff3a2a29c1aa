"""Exercises of the chapter algorithms/stochastic_vi: natural gradients from minibatches.

Everything here is NumPy in float64, written plainly. λ holds the parameters of Dirichlet
distributions, ρ is the size of a step.
"""

import numpy as np
from scipy import special

from vicourse.check.exercise import Case, Choice, Exercise, Mistake

# 1. λ̂ from a minibatch, for a Dirichlet distribution over the faces of a die.


def _target(counts, num_data, alpha):
    return alpha + num_data / len(counts) * counts.sum(axis=0)


TARGET = Exercise(
    id="stochastic_vi.1",
    title="The target",
    call="target(counts, num_data, alpha)",
    cases=(
        Case(
            {
                "counts": np.array([[1.0, 0, 2], [0, 3, 1]]),
                "num_data": np.float64(10),
                "alpha": 0.5,
            }
        ),
        Case(
            {
                "counts": np.array([[2.0, 1], [0, 1], [4, 2], [1, 1]]),
                "num_data": np.float64(100),
                "alpha": 1.5,
            }
        ),
        Case(
            {
                "counts": np.array([[0.0, 2, 1, 5], [3, 1, 1, 0], [1, 0, 2, 2]]),
                "num_data": np.float64(7),
                "alpha": 0.1,
            }
        ),
    ),
    reference=_target,
    hints=(
        "With all data the target is the prior's α plus the sum of all counts. Which of the two "
        "does a minibatch estimate?",
        "The minibatch has M rows and stands for N: count each of its rows N/M times.",
        "α once, plus N/M times the sum of `counts` over its rows.",
    ),
    mistakes=(
        Mistake(
            "N/M is missing: the minibatch is taken for all the data.",
            lambda c, n, a: a + c.sum(axis=0),
        ),
        Mistake(
            "the prior is counted N/M times too. It is no sum over data: count it once.",
            lambda c, n, a: n / len(c) * (a + c.sum(axis=0)),
        ),
        Mistake(
            "each row is counted N times. The minibatch already has M of them.",
            lambda c, n, a: a + n * c.sum(axis=0),
        ),
        Mistake("the factor is upside down: N/M.", lambda c, n, a: a + len(c) / n * c.sum(axis=0)),
        Mistake("the prior's α is missing.", lambda c, n, a: n / len(c) * c.sum(axis=0)),
        Mistake(
            "this is the prior plus a mean. The target is a sum over N data.",
            lambda c, n, a: a + c.mean(axis=0),
        ),
        Mistake(
            "you divided N by the number of counts. M is the number of observations, the rows.",
            lambda c, n, a: a + n / c.sum() * c.sum(axis=0),
        ),
        Mistake(
            "you summed over the faces. Sum over the observations.",
            lambda c, n, a: a + n / len(c) * c.sum(axis=1),
        ),
        Mistake(
            "you summed over everything. Keep one number for each face.",
            lambda c, n, a: a + n / len(c) * c.sum(),
        ),
    ),
)


# 2. The natural gradient of a Dirichlet distribution.


def _trigamma(x):
    return special.polygamma(1, x)


def _with_fisher(fisher):
    return lambda gradient, lam: np.linalg.solve(fisher(lam), gradient)


def _fisher(lam):
    return np.diag(_trigamma(lam)) - _trigamma(lam.sum())


NATURAL = Exercise(
    id="stochastic_vi.2",
    title="The shorter gradient",
    call="natural_gradient(gradient, lam)",
    cases=(
        Case({"gradient": np.array([1.0, -0.5]), "lam": np.array([2.0, 0.8])}),
        Case({"gradient": np.array([0.3, 0.1, -0.2]), "lam": np.array([1.5, 4.0, 0.7])}),
        Case(
            {
                "gradient": np.array([-0.4, 0.9, 0.25, 0.1]),
                "lam": np.array([0.6, 1.1, 2.5, 3.2]),
            }
        ),
    ),
    reference=_with_fisher(_fisher),
    hints=(
        "The log-normalizer of a Dirichlet is A(λ) = Σ_k log Γ(λ_k) − log Γ(Σ_k λ_k). The Fisher "
        "matrix is the matrix of its second derivatives.",
        "The first term gives a diagonal matrix. The second one gives the same number everywhere.",
        "F is diag(ψ'(λ_k)) with ψ'(Σ λ) subtracted from every entry; ψ' is "
        "`tf.math.polygamma(1.0, x)`, or `scipy.special.polygamma(1, x)`. Then solve F Δ = "
        "gradient.",
    ),
    mistakes=(
        Mistake("this is the gradient itself.", lambda g, lam: g),
        Mistake("you multiplied by F. Multiply by its inverse.", lambda g, lam: _fisher(lam) @ g),
        Mistake(
            "F is diagonal here. The second term of A couples all the entries: −ψ'(Σ λ).",
            lambda g, lam: g / _trigamma(lam),
        ),
        Mistake(
            "ψ'(Σ λ) is added. In A the second term has a minus sign.",
            _with_fisher(lambda lam: np.diag(_trigamma(lam)) + _trigamma(lam.sum())),
        ),
        Mistake(
            "only the diagonal of F is used: −ψ'(Σ λ) stands in every entry.",
            _with_fisher(lambda lam: np.diag(_trigamma(lam) - _trigamma(lam.sum()))),
        ),
        Mistake(
            "these are third derivatives of log Γ. `polygamma(1, ·)` is the second one.",
            _with_fisher(
                lambda lam: np.diag(special.polygamma(2, lam)) - special.polygamma(2, lam.sum())
            ),
        ),
        Mistake(
            "these are first derivatives of log Γ. `polygamma(1, ·)` is the second one.",
            _with_fisher(lambda lam: np.diag(special.digamma(lam)) - special.digamma(lam.sum())),
        ),
    ),
)


# 3. The local step of LDA for one document.


def _local(
    x, log_topics, gamma, alpha, rounds, expected_log=special.digamma, axis=0, prior=1.0, weigh=None
):
    weights = x if weigh is None else weigh(x)
    for _ in range(int(rounds)):
        q_c = special.softmax(expected_log(gamma)[:, None] + log_topics, axis=axis)
        gamma = prior * alpha + q_c @ weights
    return gamma


_LOG_TOPICS = np.array([[-0.4, -1.5, -2.3], [-2.0, -0.7, -1.1]])
_THREE_TOPICS = np.array([[-0.3, -2.1], [-1.2, -0.9], [-3.0, -0.2]])
LOCAL = Exercise(
    id="stochastic_vi.3",
    title="The local half of a step",
    call="local_step(x, log_topics, gamma, alpha, rounds)",
    builds="vicourse.inference.coordinate_ascent.lda.LDAUpdates.local_step",
    cases=(
        Case(
            {
                "x": np.array([3.0, 1, 2]),
                "log_topics": _LOG_TOPICS,
                "gamma": np.array([4.0, 1.5]),
                "alpha": 0.5,
                "rounds": 1,
            }
        ),
        Case(
            {
                "x": np.array([0.0, 4, 1]),
                "log_topics": _LOG_TOPICS,
                "gamma": np.array([0.8, 2.5]),
                "alpha": 1.2,
                "rounds": 3,
            }
        ),
        Case(
            {
                "x": np.array([5.0, 2]),
                "log_topics": _THREE_TOPICS,
                "gamma": np.array([1.3, 3.0, 2.2]),
                "alpha": 0.3,
                "rounds": 2,
            }
        ),
    ),
    reference=_local,
    hints=(
        "One round: first q_c of shape [K, V], whose columns add up to one; then gamma from it.",
        "ψ(Σ gamma) is the same for every topic, so it cancels when a column is normalised. What "
        "is left of E[log θ_k] is ψ(gamma_k): `tf.math.digamma`, or `scipy.special.digamma`.",
        "`tf.nn.softmax(..., axis=0)` normalises columns. Then gamma_k = α + Σ_v q_c[k, v] x_v.",
    ),
    mistakes=(
        Mistake(
            "q_c is normalised over the words. Each word belongs to *some* topic: normalise over "
            "the topics.",
            lambda *a: _local(*a, axis=1),
        ),
        Mistake(
            "log gamma stands where ψ(gamma) belongs: the mean of a logarithm is not the "
            "logarithm of the mean.",
            lambda *a: _local(*a, expected_log=np.log),
        ),
        Mistake(
            "the proportions are left out: q_c depends on gamma too.",
            lambda *a: _local(*a, expected_log=np.zeros_like),
        ),
        Mistake("the prior's α is missing in gamma.", lambda *a: _local(*a, prior=0.0)),
        Mistake(
            "each word is counted once. Word v occurs x_v times.",
            lambda *a: _local(*a, weigh=np.ones_like),
        ),
        Mistake(
            "the topics are left out: q_c depends on the word.",
            lambda x, t, g, a, r: _local(x, np.zeros_like(t), g, a, r),
        ),
        Mistake(
            "this is one round too few.",
            lambda x, t, g, a, r: _local(x, t, g, a, r - 1),
        ),
        Mistake(
            "this is one round too many.",
            lambda x, t, g, a, r: _local(x, t, g, a, r + 1),
        ),
        Mistake(
            "these are proportions. Asked is gamma, the parameter of their Dirichlet.",
            lambda *a: _local(*a) / _local(*a).sum(),
        ),
    ),
)


# 4. The global step of LDA from a minibatch.


def _counts(x, q_c):
    return np.einsum("mv,mkv->kv", x, q_c)


def _global(lam, x, q_c, num_data, beta, rho):
    return (1 - rho) * lam + rho * (beta + num_data / len(x) * _counts(x, q_c))


_Q_C = np.array([[[0.9, 0.2, 0.5], [0.1, 0.8, 0.5]], [[0.3, 0.6, 0.7], [0.7, 0.4, 0.3]]])
_LAM = np.array([[3.0, 1.5, 0.4], [0.8, 2.2, 5.0]])
_X = np.array([[2.0, 0, 1], [1, 3, 4]])
GLOBAL = Exercise(
    id="stochastic_vi.4",
    title="The global half of a step",
    call="global_step(lam, x, q_c, num_data, beta, rho)",
    builds="vicourse.inference.natural_gradient.natural_gradient_step",
    cases=(
        Case(
            {
                "lam": _LAM,
                "x": _X,
                "q_c": _Q_C,
                "num_data": np.float64(10),
                "beta": 0.1,
                "rho": 0.25,
            }
        ),
        Case(
            {
                "lam": _LAM[::-1],
                "x": _X[::-1],
                "q_c": _Q_C,
                "num_data": np.float64(31),
                "beta": 0.7,
                "rho": 0.6,
            }
        ),
        Case(
            {
                "lam": np.array([[1.0, 2], [0.5, 6], [2.5, 3]]),
                "x": np.array([[1.0, 4], [2, 2]]),
                "q_c": np.array([[[0.5, 0.1], [0.2, 0.6], [0.3, 0.3]]] * 2),
                "num_data": np.float64(5),
                "beta": 1.3,
                "rho": 0.1,
            }
        ),
    ),
    reference=_global,
    hints=(
        "First λ̂: β plus N/M times how often each word was seen in each topic.",
        "Word v of document m counts x_mv q_c[m, k, v] times for topic k. Add up over the "
        "documents: `tf.einsum`, or `x[:, None, :] * q_c` and a sum over axis 0.",
        "Then keep 1 − ρ of λ and take ρ of λ̂.",
    ),
    mistakes=(
        Mistake(
            "ρ and 1 − ρ have changed places.",
            lambda lam, x, q, n, b, r: _global(lam, x, q, n, b, 1 - r),
        ),
        Mistake(
            "N/M is missing: the minibatch is taken for all the data.",
            lambda lam, x, q, n, b, r: _global(lam, x, q, len(x), b, r),
        ),
        Mistake(
            "the prior's β is counted N/M times too. Count it once.",
            lambda lam, x, q, n, b, r: _global(lam, x, q, n, b * n / len(x), r),
        ),
        Mistake(
            "the prior's β is missing.",
            lambda lam, x, q, n, b, r: _global(lam, x, q, n, 0.0, r),
        ),
        Mistake(
            "this is λ + ρ λ̂. The natural gradient is λ̂ − λ.",
            lambda lam, x, q, n, b, r: lam + r * _global(lam, x, q, n, b, 1.0),
        ),
        Mistake(
            "this is λ̂, where a full step would end. Go ρ of the way.",
            lambda lam, x, q, n, b, r: _global(lam, x, q, n, b, 1.0),
        ),
        Mistake(
            "this is the natural gradient times ρ. Add it to λ.",
            lambda lam, x, q, n, b, r: _global(lam, x, q, n, b, r) - lam,
        ),
        Mistake(
            "how often a word occurs in a document, x, is left out.",
            lambda lam, x, q, n, b, r: _global(lam, np.ones_like(x), q, n, b, r),
        ),
        Mistake(
            "you averaged logarithms. Natural parameters are averaged as they are.",
            lambda lam, x, q, n, b, r: lam ** (1 - r) * _global(lam, x, q, n, b, 1.0) ** r,
        ),
        Mistake(
            "each document is counted N times. The minibatch already has M of them.",
            lambda lam, x, q, n, b, r: _global(lam, x, q, n * len(x), b, r),
        ),
    ),
)


# 5. A bug to find: the prior counted N/M times.


def _step(lam, counts, num_data, rho, prior=1.0):
    return (1 - rho) * lam + rho * (prior + num_data / counts.sum() * counts)


BUG = Exercise(
    id="stochastic_vi.5",
    title="A bug to find",
    call="mended_step(lam, counts, num_data, rho)",
    cases=(
        Case(
            {
                "lam": np.array([2.0, 5]),
                "counts": np.array([3.0, 7]),
                "num_data": np.float64(100),
                "rho": 0.5,
            }
        ),
        Case(
            {
                "lam": np.array([40.0, 11]),
                "counts": np.array([1.0, 4]),
                "num_data": np.float64(12),
                "rho": 0.2,
            }
        ),
        Case(
            {
                "lam": np.array([1.0, 3, 2.5]),
                "counts": np.array([2.0, 0, 6]),
                "num_data": np.float64(31),
                "rho": 0.8,
            }
        ),
    ),
    reference=_step,
    hints=(
        "Take ρ = 1 and a minibatch with all the data. The result is right. So the slip shows "
        "only when N/M is not 1.",
        "Which parts of λ̂ are sums over the data, and which is not?",
        "The prior is there once, however many minibatches the data are cut into.",
    ),
    mistakes=(
        Mistake(
            "the bug is still in it: the prior is counted N/M times.",
            lambda lam, c, n, r: _step(lam, c, n, r, prior=n / c.sum()),
        ),
        Mistake(
            "now the prior is gone altogether.", lambda lam, c, n, r: _step(lam, c, n, r, prior=0.0)
        ),
        Mistake(
            "now N/M is gone altogether: the minibatch is taken for all the data.",
            lambda lam, c, n, r: _step(lam, c, c.sum(), r),
        ),
        Mistake(
            "the prior is divided by N/M. Count it once.",
            lambda lam, c, n, r: _step(lam, c, n, r, prior=c.sum() / n),
        ),
        Mistake("ρ and 1 − ρ have changed places.", lambda lam, c, n, r: _step(lam, c, n, 1 - r)),
        Mistake(
            "the prior is added after the step: it piles up from step to step.",
            lambda lam, c, n, r: 1 + _step(lam, c, n, r, prior=0.0),
        ),
    ),
)


# 6. A prediction: half the minibatch and half the rate.

PREDICTION = Choice(
    id="stochastic_vi.6",
    title="A prediction",
    right="b",
    wrong={
        "a": "The variance of λ̂ doubles, yes. But smaller steps average over more of them: what "
        "does V = ρ v/(2 − ρ) say?",
        "c": "The smaller steps alone would halve it. But λ̂ has become noisier.",
        "d": "No: which of ρ and v in V = ρ v/(2 − ρ) changes how?",
    },
    why="Half the minibatch doubles v, half the rate halves ρ/(2 − ρ), nearly. The noise depends "
    "on ρ/M, and so does the distance travelled per document: the same run in smaller pieces.",
    hints=(
        "Two things change. How does the variance of a mean of M flips depend on M?",
        "Put both changes into V = ρ v/(2 − ρ), with 2 − ρ nearly 2.",
    ),
)


# 7. What is left of the start, and the variance, after steps ρ_1, …, ρ_T.


def _error(rho, start, noise):
    kept = 1 - rho
    later = np.array([np.prod(kept[t + 1 :]) for t in range(len(rho))])
    return np.array([start * np.prod(kept), noise * np.sum((rho * later) ** 2)])


ERROR = Exercise(
    id="stochastic_vi.7",
    title="How fast noise dies",
    call="error(rho, start, noise)",
    cases=(
        Case({"rho": np.array([0.5, 0.25]), "start": 3.0, "noise": 2.0}),
        Case({"rho": np.array([0.8, 0.3, 0.6]), "start": -1.5, "noise": 0.7}),
        Case({"rho": np.array([0.1, 0.4, 0.2, 0.35]), "start": 10.0, "noise": 5.0}),
    ),
    reference=_error,
    hints=(
        "Follow e = λ − λ* through one step: e ← (1 − ρ) e + ρ times the noise of that λ̂.",
        "The noise of different steps is independent and has mean zero. So the mean of e shrinks "
        "by 1 − ρ_t each time, whatever the noise.",
        "The variance obeys V ← (1 − ρ_t)² V + ρ_t² v, from V = 0. Loop over the steps.",
    ),
    mistakes=(
        Mistake(
            "in the variance, 1 − ρ is not squared.",
            lambda rho, s, v: _recursion(rho, s, v, keep=lambda r: 1 - r),
        ),
        Mistake(
            "in the variance, ρ is not squared.",
            lambda rho, s, v: _recursion(rho, s, v, add=lambda r: r),
        ),
        Mistake(
            "the noise of earlier steps is kept in full. It shrinks by 1 − ρ in each later step.",
            lambda rho, s, v: _recursion(rho, s, v, keep=lambda r: 1.0),
        ),
        Mistake(
            "the variance is that of the last step alone.",
            lambda rho, s, v: _recursion(rho, s, v, keep=lambda r: 0.0),
        ),
        Mistake(
            "the second number is a standard deviation. Asked is the variance.",
            lambda *a: np.array([_error(*a)[0], np.sqrt(_error(*a)[1])]),
        ),
        Mistake(
            "the first number is squared. Asked is what is left of the start itself.",
            lambda *a: np.array([_error(*a)[0] ** 2, _error(*a)[1]]),
        ),
        Mistake(
            "`noise` is squared. It is a variance already.",
            lambda rho, s, v: _error(rho, s, v**2),
        ),
        Mistake("the steps are in the wrong order.", lambda rho, s, v: _error(rho[::-1], s, v)),
        Mistake("the two numbers have changed places.", lambda *a: _error(*a)[::-1]),
        Mistake("you added the two. Return a pair.", lambda *a: _error(*a).sum()),
    ),
)


def _recursion(rho, start, noise, keep=lambda r: (1 - r) ** 2, add=lambda r: r**2):
    variance = 0.0
    for r in rho:
        variance = keep(r) * variance + add(r) * noise
    return np.array([start * np.prod(1 - rho), variance])


EXERCISES = (TARGET, NATURAL, LOCAL, GLOBAL, BUG, PREDICTION, ERROR)
