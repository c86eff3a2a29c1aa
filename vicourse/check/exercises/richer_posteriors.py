"""Exercises of the chapter algorithms/richer_posteriors: densities of flows, counts, structure.

Everything here is NumPy in float64, written plainly. Noise is ε ~ N(0, I).
"""

import numpy as np

from vicourse.check.exercise import Case, Exercise, Mistake, Number

_LOG_2PI = np.log(2 * np.pi)


def _log_noise(eps):
    return np.sum(-0.5 * eps**2 - 0.5 * _LOG_2PI, axis=-1)


# 1. Parameters: mean field, full rank, low rank, planar with a full-rank map.


def _bill(dim, rank, folds, full=None, low=None, fold=None):
    full = dim + dim * (dim + 1) // 2 if full is None else full
    low = dim * (rank + 2) if low is None else low
    fold = 2 * dim + 1 if fold is None else fold
    return np.array([2 * dim, full, low, full + folds * fold])


def _change(place, number):
    """The right bill, but for one entry: a function of dim, rank and folds."""

    def wrong(dim, rank, folds):
        right = _bill(dim, rank, folds)
        right[place] = number(dim, rank, folds)
        return right

    return wrong


BILL = Exercise(
    id="richer_posteriors.1",
    title="The bill",
    call="bill(dim, rank, folds)",
    cases=(
        Case({"dim": 3, "rank": 1, "folds": 2}),
        Case({"dim": 10, "rank": 4, "folds": 5}),
        Case({"dim": 7, "rank": 3, "folds": 1}),
    ),
    reference=_bill,
    hints=(
        "Every family here has a location with D numbers. What else does each have?",
        "A lower-triangular matrix has D(D + 1)/2 entries. The factor U has D rows and k columns, "
        "beside D variances.",
        "One planar layer has a vector u, a vector w and a number b. Its affine map costs as much "
        "as a full-rank Gaussian.",
    ),
    mistakes=(
        Mistake(
            "the locations are missing: each family has D of them.",
            lambda d, k, n: _bill(d, k, n) - d,
        ),
        Mistake(
            "you counted all D² entries of the Cholesky factor. Above the diagonal it is zero.",
            lambda d, k, n: _bill(d, k, n, full=d + d * d),
        ),
        Mistake(
            "the full-rank Gaussian lacks D numbers: its location, or the diagonal of its factor.",
            lambda d, k, n: _bill(d, k, n, full=d * (d + 1) // 2),
        ),
        Mistake(
            "the low-rank Gaussian lost its diagonal: D variances beside the factor.",
            _change(2, lambda d, k, n: d * (k + 1)),
        ),
        Mistake(
            "the low-rank Gaussian is its factor alone: location and diagonal have D numbers each.",
            _change(2, lambda d, k, n: d * k),
        ),
        Mistake(
            "a planar layer has two vectors, u and w, and a number b.",
            lambda d, k, n: _bill(d, k, n, fold=d + 1),
        ),
        Mistake("each planar layer lost its number b.", lambda d, k, n: _bill(d, k, n, fold=2 * d)),
        Mistake(
            "the planar flow lost the affine map that follows it.",
            _change(3, lambda d, k, n: n * (2 * d + 1)),
        ),
        Mistake(
            "the planar flow has one layer in your count. It has K.",
            lambda d, k, n: _bill(d, k, 1),
        ),
    ),
)


# 2. log q at the draws of one planar layer.


def _planar_slope(eps, u, w, b):
    """1 − tanh² at each draw, and wᵀu."""
    return 1 - np.tanh(eps @ w + b) ** 2, w @ u


def _planar(eps, u, w, b):
    slope, along = _planar_slope(eps, u, w, b)
    return _log_noise(eps) - np.log(1 + slope * along)


def _planar_with(log_det):
    """The right noise, with another log determinant: a function of slope and wᵀu."""
    return lambda eps, u, w, b: _log_noise(eps) - log_det(*_planar_slope(eps, u, w, b))


def _noise_at_the_moved_point(eps, u, w, b):
    moved = eps + np.tanh(eps @ w + b)[:, None] * u
    return _planar(eps, u, w, b) - _log_noise(eps) + _log_noise(moved)


FOLD = Exercise(
    id="richer_posteriors.2",
    title="A fold",
    call="planar_log_q(eps, u, w, b)",
    builds="vicourse.families.planar_flow.Planar",
    cases=(
        Case(
            {
                "eps": np.array([[0.0, 1], [1, -1], [-2, 0.5]]),
                "u": np.array([1.0, 2]),
                "w": np.array([0.5, 1]),
                "b": 0.0,
            }
        ),
        Case(
            {
                "eps": np.array([[0.4, -0.2, 1.3], [-0.7, 0.1, 0.6]]),
                "u": np.array([-0.3, 0.8, 0.4]),
                "w": np.array([0.9, -0.4, 0.6]),
                "b": -0.5,
            }
        ),
        Case(
            {
                "eps": np.array([[1.1, 0.2], [0.3, -0.6], [-0.8, -0.1], [0.5, 0.9]]),
                "u": np.array([1.4, -0.3]),
                "w": np.array([0.7, -1.2]),
                "b": 0.4,
            }
        ),
    ),
    reference=_planar,
    hints=(
        "log q(z) is the noise's log density minus the log determinant of the Jacobian, both at "
        "eps.",
        "The Jacobian is I + a wᵀ with a = (1 − tanh²(wᵀε + b)) u. Its determinant is 1 + wᵀa.",
        "`tfd.Normal(0.0, 1.0).log_prob(eps)` has one number for each coordinate: add them up "
        "along the last axis.",
    ),
    mistakes=(
        Mistake(
            "the log determinant is added. Where space is stretched, the density falls.",
            _planar_with(lambda slope, along: -np.log(1 + slope * along)),
        ),
        Mistake(
            "the Jacobian is missing: this is the noise's log density.",
            _planar_with(lambda slope, along: 0.0),
        ),
        Mistake(
            "you subtracted the determinant. Its logarithm belongs there.",
            _planar_with(lambda slope, along: 1 + slope * along),
        ),
        Mistake(
            "the derivative of tanh is 1 − tanh². Here tanh² stands in its place.",
            _planar_with(lambda slope, along: np.log(1 + (1 - slope) * along)),
        ),
        Mistake(
            "the derivative of tanh is 1 − tanh². Here 1 − tanh stands in its place.",
            lambda eps, u, w, b: (
                _log_noise(eps) - np.log(np.abs(1 + (1 - np.tanh(eps @ w + b)) * (w @ u)))
            ),
        ),
        Mistake(
            "the derivative of tanh is missing: the determinant is not the same everywhere.",
            _planar_with(lambda slope, along: np.log(1 + along)),
        ),
        Mistake(
            "the determinant is 1 + (1 − tanh²) wᵀu. The 1, from the identity, is missing.",
            _planar_with(lambda slope, along: np.log(np.abs(slope * along))),
        ),
        Mistake(
            "b is missing inside the tanh.",
            lambda eps, u, w, b: _planar(eps, u, w, 0.0),
        ),
        Mistake(
            "u and w have changed places: the plane is w's.",
            lambda eps, u, w, b: _planar(eps, w, u, b),
        ),
        Mistake(
            "the noise's density is taken at the moved point. It belongs to eps.",
            _noise_at_the_moved_point,
        ),
        Mistake(
            "the noise's density lost its ½ log 2π for each coordinate.",
            lambda eps, u, w, b: _planar(eps, u, w, b) + 0.5 * eps.shape[1] * _LOG_2PI,
        ),
        Mistake(
            "the noise's density has ½ log 2π once. Each coordinate brings one.",
            lambda eps, u, w, b: _planar(eps, u, w, b) + 0.5 * (eps.shape[1] - 1) * _LOG_2PI,
        ),
        Mistake(
            "you averaged the noise's log density over the coordinates. Add it up.",
            lambda eps, u, w, b: _planar(eps, u, w, b) - _log_noise(eps) * (1 - 1 / eps.shape[1]),
        ),
        Mistake(
            "this is the log determinant alone.",
            lambda *a: _log_noise(a[0]) - _planar(*a),
        ),
    ),
)


# 3. log q at given points of y_1 = x_1, y_2 = β(x_1² − 1) + exp(γ x_1) x_2.


def _coupling(y, beta, gamma):
    second = (y[:, 1] - beta * (y[:, 0] ** 2 - 1)) * np.exp(-gamma * y[:, 0])
    return _log_noise(np.stack([y[:, 0], second], axis=-1)) - gamma * y[:, 0]


def _coupling_from(second, jacobian=1.0):
    """With another x_2, a function of y_1, y_2, β and γ, and a factor for the Jacobian's term."""

    def wrong(y, beta, gamma):
        x = np.stack([y[:, 0], second(y[:, 0], y[:, 1], beta, gamma)], axis=-1)
        return _log_noise(x) - jacobian * gamma * y[:, 0]

    return wrong


def _right_second(a, b, beta, gamma):
    return (b - beta * (a**2 - 1)) * np.exp(-gamma * a)


COUPLING = Exercise(
    id="richer_posteriors.3",
    title="The layer that is a banana",
    call="coupling_log_q(y, beta, gamma)",
    cases=(
        Case({"y": np.array([[0.0, 1], [1, 2], [2, -1]]), "beta": 0.5, "gamma": 1.0}),
        Case({"y": np.array([[0.4, -0.8], [-1.3, 0.6]]), "beta": -0.7, "gamma": 0.3}),
        Case(
            {
                "y": np.array([[1.2, 0.3], [-0.6, 1.9], [0.2, -0.4], [-1.7, 0.8]]),
                "beta": 1.1,
                "gamma": -0.6,
            }
        ),
    ),
    reference=_coupling,
    hints=(
        "Go back first: y_1 is x_1, so you know what moved y_2.",
        "x_2 = (y_2 − β(y_1² − 1)) exp(−γ y_1). Add the log densities of x_1 and x_2.",
        "The Jacobian is triangular, with 1 and exp(γ x_1) on its diagonal. Subtract its log "
        "determinant.",
    ),
    mistakes=(
        Mistake(
            "the log determinant is missing: −γ y_1.", _coupling_from(_right_second, jacobian=0.0)
        ),
        Mistake(
            "the log determinant has the wrong sign. Where the layer widens, the density falls.",
            _coupling_from(_right_second, jacobian=-1.0),
        ),
        Mistake(
            "you ran the layer forwards. The points are given: go back to the noise.",
            _coupling_from(lambda a, b, beta, gamma: beta * (a**2 - 1) + np.exp(gamma * a) * b),
        ),
        Mistake(
            "x_2 is multiplied by exp(γ y_1). Going back, it is divided.",
            _coupling_from(lambda a, b, beta, gamma: (b - beta * (a**2 - 1)) * np.exp(gamma * a)),
        ),
        Mistake(
            "the shift is added. Going back, it is subtracted.",
            _coupling_from(lambda a, b, beta, gamma: (b + beta * (a**2 - 1)) * np.exp(-gamma * a)),
        ),
        Mistake(
            "you divided first and shifted then. The layer scales, then shifts; going back, undo "
            "the shift first.",
            _coupling_from(lambda a, b, beta, gamma: b * np.exp(-gamma * a) - beta * (a**2 - 1)),
        ),
        Mistake(
            "the density is the noise's at y itself. Go back to x first.",
            _coupling_from(lambda a, b, beta, gamma: b),
        ),
        Mistake(
            "the shift is β x_1², without the −1.",
            _coupling_from(lambda a, b, beta, gamma: (b - beta * a**2) * np.exp(-gamma * a)),
        ),
        Mistake(
            "the density of x_1 is missing: this is log q(y_2 | y_1).",
            lambda y, *a: _coupling(y, *a) + 0.5 * y[:, 0] ** 2 + 0.5 * _LOG_2PI,
        ),
        Mistake(
            "log 2π is missing: two coordinates bring ½ log 2π each.",
            lambda *a: _coupling(*a) + _LOG_2PI,
        ),
        Mistake(
            "½ log 2π stands there once. Two coordinates bring it twice.",
            lambda *a: _coupling(*a) + 0.5 * _LOG_2PI,
        ),
    ),
)


# 4. A prediction: −log of the mass that q found.

PRICE = Number(
    id="richer_posteriors.4",
    title="The price of a missed mode",
    answer=-np.log(0.8),
    hints=(
        "Where q has its mass, p is a constant times q. Which constant?",
        "The constant is the mass that q has found. The KL divergence is minus its logarithm.",
    ),
    mistakes={
        -np.log(0.2): "−log of the mass that was missed. What counts is the mass that was found.",
        0.2: "the mass that was missed. The divergence is minus the logarithm of what was found.",
        0.8: "the mass that was found. Take minus its logarithm.",
        -np.log2(0.8): "the right number in bits. We count in nats.",
        np.log(2): "the price of missing a half. Here q found 0.8.",
    },
)


# 5. A bug to find: the sign of the log determinant of an IAF layer.


def _iaf(eps, s, sign=1.0):
    return _log_noise(eps) + sign * s.sum(axis=-1)


BUG = Exercise(
    id="richer_posteriors.5",
    title="A bug to find",
    call="mended_log_q(eps, s)",
    cases=(
        Case(
            {
                "eps": np.array([[0.0, 1], [2, -1], [1, 1]]),
                "s": np.array([[1.0, 2], [0, 1], [1, -3]]),
            }
        ),
        Case(
            {
                "eps": np.array([[0.3, -1.2, 0.8], [1.6, 0.4, -0.5]]),
                "s": np.array([[0.2, -0.7, 0.4], [0.9, 0.1, 0.3]]),
            }
        ),
    ),
    reference=_iaf,
    hints=(
        "With s above 0, are the draws y closer together than the noise, or farther apart? So is "
        "their density higher or lower?",
        "The Jacobian of y by ε has exp(−s_i) on its diagonal. Its log determinant is minus the "
        "sum of the s_i, and it is subtracted.",
    ),
    mistakes=(
        Mistake(
            "the bug is still in it: s > 0 shrinks, so the density rises.",
            lambda e, s: _iaf(e, s, -1.0),
        ),
        Mistake("now the log determinant is missing.", lambda e, s: _iaf(e, s, 0.0)),
        Mistake(
            "the s_i are averaged. A determinant is a product over all coordinates, its logarithm "
            "a sum.",
            lambda e, s: _log_noise(e) + s.mean(axis=-1),
        ),
        Mistake(
            "you added exp(s). The logarithm of the diagonal's entries is −s_i.",
            lambda e, s: _log_noise(e) + np.exp(s).sum(axis=-1),
        ),
        Mistake(
            "the noise's density is taken at eps·exp(−s). It belongs to eps.",
            lambda e, s: _iaf(e * np.exp(-s), s),
        ),
        Mistake("this is log |det| alone, or minus it.", lambda e, s: s.sum(axis=-1)),
    ),
)


# 6. The weights of the exact ASVI on a noisy random walk.


def _later_precisions(num_steps, step_variance, noise_variance):
    """P_2 … P_T: the precision with which x_t … x_T tell z_t."""
    precisions = [1 / noise_variance]
    for _ in range(int(num_steps) - 2):
        precisions.append(1 / noise_variance + 1 / (step_variance + 1 / precisions[-1]))
    return np.array(precisions[::-1])


def _kept(num_steps, step_variance, noise_variance):
    later = _later_precisions(num_steps, step_variance, noise_variance)
    return 1 / (1 + step_variance * later)


def _present_only(num_steps, step_variance, noise_variance):
    weight = 1 / (1 + step_variance / noise_variance)
    return np.full(int(num_steps) - 1, weight)


def _without_blur(num_steps, step_variance, noise_variance):
    later = np.arange(int(num_steps) - 1, 0, -1) / noise_variance
    return 1 / (1 + step_variance * later)


KEPT = Exercise(
    id="richer_posteriors.6",
    title="How much of the prior to keep",
    call="kept(num_steps, step_variance, noise_variance)",
    cases=(
        Case({"num_steps": 3, "step_variance": 1.0, "noise_variance": 2.0}),
        Case({"num_steps": 6, "step_variance": 0.3, "noise_variance": 1.5}),
        Case({"num_steps": 4, "step_variance": 2.5, "noise_variance": 0.6}),
    ),
    reference=_kept,
    hints=(
        "Given z_{t−1}, only x_t, …, x_T matter. As a function of z_t, their density is a Gaussian "
        "with some precision P_t.",
        "Prior step (precision 1/r, mean z_{t−1}) times this Gaussian: the mean is a weighted "
        "average, and z_{t−1} has the weight (1/r)/(1/r + P_t) = 1/(1 + r P_t).",
        "Go backwards. At the end P_T = 1/v. Before it, x_t adds 1/v, and what comes later is "
        "blurred by one step: P_t = 1/v + 1/(r + 1/P_{t+1}).",
    ),
    mistakes=(
        Mistake("the order is turned round: the last step comes last.", lambda *a: _kept(*a)[::-1]),
        Mistake("only x_t is in it. The later data speak for z_t too.", _present_only),
        Mistake(
            "the later data count in full. Each step of the walk blurs them: 1/(r + 1/P).",
            _without_blur,
        ),
        Mistake("these are the data's weights, 1 − λ.", lambda *a: 1 - _kept(*a)),
        Mistake(
            "you took standard deviations for variances: do not square them.",
            lambda t, r, v: _kept(t, r**2, v**2),
        ),
        Mistake("the two variances have changed places.", lambda t, r, v: _kept(t, v, r)),
        Mistake("there is one too many, for t = 1.", lambda t, r, v: _kept(t + 1, r, v)),
        Mistake("these are the precisions P_t. One step more: 1/(1 + r P_t).", _later_precisions),
    ),
)


EXERCISES = (BILL, FOLD, COUPLING, PRICE, BUG, KEPT)
