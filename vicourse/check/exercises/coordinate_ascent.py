"""Exercises of the chapter algorithms/coordinate_ascent: turns, sweeps, their speed and their end.

Everything here is NumPy in float64, written plainly. Shapes: `x` is [N]; `pi`, `m`, `s2` of a
mixture are [K]; images of beliefs are [H, W, K].
"""

import numpy as np
from scipy import special

from vicourse.check.exercise import Case, Choice, Exercise, Mistake

# 1. The turn of q(τ) in a Gaussian with unknown mean and precision.


def _squares(x, m, v, m0, l0):
    """E[Σ (x_n − μ)²] and λ₀ E[(μ − μ₀)²] for μ ~ N(m, v)."""
    return np.sum((x - m) ** 2 + v), l0 * ((m - m0) ** 2 + v)


def _precision_turn(x, m, v, m0, l0, a, b):
    return np.array([a + (len(x) + 1) / 2, b + sum(_squares(x, m, v, m0, l0)) / 2])


def _turn_with(a_N=None, b_N=None):
    """The right pair, but for the entry given: a function of all inputs."""

    def wrong(*inputs):
        right = _precision_turn(*inputs)
        return np.array([f(*inputs) if f else r for f, r in zip((a_N, b_N), right, strict=True)])

    return wrong


def _with_variance(change):
    """As if q(μ) had another variance: a function of v and N."""
    return lambda x, m, v, m0, l0, a, b: _precision_turn(x, m, change(v, len(x)), m0, l0, a, b)


PRECISION = Exercise(
    id="coordinate_ascent.1",
    title="The turn of the precision",
    call="precision_turn(x, m, v, m0, l0, a, b)",
    builds="vicourse.inference.coordinate_ascent",
    cases=(
        Case(
            {
                "x": np.array([1.0, 3, 2]),
                "m": 1.5,
                "v": 0.5,
                "m0": 0.0,
                "l0": 2.0,
                "a": 1.0,
                "b": 3.0,
            }
        ),
        Case(
            {
                "x": np.array([-0.4, 0.9, 2.2, 0.3]),
                "m": 0.6,
                "v": 0.2,
                "m0": 1.3,
                "l0": 0.7,
                "a": 2.4,
                "b": 0.9,
            }
        ),
        Case(
            {
                "x": np.array([5.1, 6.3]),
                "m": 5.2,
                "v": 1.7,
                "m0": 3.9,
                "l0": 0.3,
                "a": 0.6,
                "b": 1.8,
            }
        ),
    ),
    reference=_precision_turn,
    hints=(
        "Collect the terms of the log joint with log τ, and those with −τ. The log density of "
        "Gamma(a_N, rate b_N) is (a_N − 1) log τ − b_N τ + constant.",
        "N data and the prior of μ each bring √τ: that makes N + 1 halves.",
        "For μ ~ N(m, v) a mean square is E[(x − μ)²] = (x − m)² + v. There are N of them, and one "
        "with m0.",
    ),
    mistakes=(
        Mistake(
            "a_N has N/2: a slip of some printings. The prior of μ brings a factor √τ, too.",
            _turn_with(a_N=lambda x, m, v, m0, l0, a, b: a + len(x) / 2),
        ),
        Mistake(
            "a_N has no share of its prior, a.",
            _turn_with(a_N=lambda x, *_: (len(x) + 1) / 2),
        ),
        Mistake(
            "a_N grew by N + 1, not by half of it. Each factor is a square root of τ.",
            _turn_with(a_N=lambda x, m, v, m0, l0, a, b: a + len(x) + 1),
        ),
        Mistake(
            "b_N takes μ for known: the mean square of x − μ is (x − m)² + v.",
            _with_variance(lambda v, n: 0.0),
        ),
        Mistake(
            "v is squared. It is the variance of q(μ) already.",
            _with_variance(lambda v, n: v**2),
        ),
        Mistake(
            "the root of v is added. It is a variance, and belongs there as it is.",
            _with_variance(lambda v, n: v**0.5),
        ),
        Mistake(
            "v was added once to the whole sum. Each of the N squares has its own v.",
            _turn_with(
                b_N=lambda x, m, v, m0, l0, a, b: (
                    b + 0.5 * (np.sum((x - m) ** 2) + v + l0 * ((m - m0) ** 2 + v))
                )
            ),
        ),
        Mistake(
            "the prior of μ is missing in b_N: λ₀ (μ − μ₀)² stands in the log joint, too.",
            _turn_with(b_N=lambda x, m, v, m0, l0, a, b: b + _squares(x, m, v, m0, l0)[0] / 2),
        ),
        Mistake(
            "λ₀ is missing in front of (μ − μ₀)².",
            lambda x, m, v, m0, l0, a, b: _precision_turn(x, m, v, m0, 1.0, a, b),
        ),
        Mistake(
            "the prior's square lacks its v: μ is not known there either.",
            _turn_with(
                b_N=lambda x, m, v, m0, l0, a, b: (
                    b + 0.5 * (np.sum((x - m) ** 2 + v) + l0 * (m - m0) ** 2)
                )
            ),
        ),
        Mistake(
            "the squares in b_N lost their factor ½.",
            _turn_with(b_N=lambda x, m, v, m0, l0, a, b: b + sum(_squares(x, m, v, m0, l0))),
        ),
        Mistake(
            "b_N has no share of its prior, b.",
            _turn_with(b_N=lambda x, m, v, m0, l0, a, b: sum(_squares(x, m, v, m0, l0)) / 2),
        ),
        Mistake(
            "the squares are averaged over the data. The log joint adds them up.",
            _turn_with(
                b_N=lambda x, m, v, m0, l0, a, b: (
                    b + 0.5 * (np.mean((x - m) ** 2 + v) + l0 * ((m - m0) ** 2 + v))
                )
            ),
        ),
        Mistake(
            "the data are measured from their own average. q(μ) is about m.",
            lambda x, m, v, m0, l0, a, b: _precision_turn(x - x.mean() + m, m, v, m0, l0, a, b),
        ),
        Mistake("the two have changed places: a_N first.", lambda *a: _precision_turn(*a)[::-1]),
        Mistake(
            "this is E[τ] = a_N/b_N. Return the pair.",
            lambda *a: np.divide(*_precision_turn(*a)),
        ),
    ),
)


# 2. A sweep for a mixture of Gaussians in one dimension.


def _log_weights(x, pi, m, s2, prior_sd, noise_sd):
    return np.log(pi) - ((x[:, None] - m) ** 2 + s2) / (2 * noise_sd**2)


def _sweep(log_weights=_log_weights, normalise=None, prior=True, square=True):
    """A sweep with parts of it changed."""

    def sweep(x, pi, m, s2, prior_sd, noise_sd):
        logits = log_weights(x, pi, m, s2, prior_sd, noise_sd)
        phi = normalise(logits) if normalise else special.softmax(logits, axis=1)
        noise = noise_sd**2 if square else noise_sd
        precision = phi.sum(axis=0) / noise + (1 / prior_sd ** (2 if square else 1)) * prior
        return np.array([phi.T @ x / noise / precision, 1 / precision])

    return sweep


_mixture_sweep = _sweep()


def _responsibilities(*inputs):
    return special.softmax(_log_weights(*inputs), axis=1)


MIXTURE = Exercise(
    id="coordinate_ascent.2",
    title="A sweep for a mixture",
    call="mixture_sweep(x, pi, m, s2, prior_sd, noise_sd)",
    builds="vicourse.inference.coordinate_ascent",
    cases=(
        Case(
            {
                "x": np.array([-2.0, -1, 1, 3]),
                "pi": np.array([0.5, 0.5]),
                "m": np.array([-1.0, 1]),
                "s2": np.array([0.5, 2]),
                "prior_sd": 2.0,
                "noise_sd": 1.5,
            }
        ),
        Case(
            {
                "x": np.array([0.3, 2.6, -1.7, 4.1, 0.8]),
                "pi": np.array([0.2, 0.5, 0.3]),
                "m": np.array([0.4, -0.7, 2.2]),
                "s2": np.array([1.6, 0.3, 0.8]),
                "prior_sd": 3.0,
                "noise_sd": 0.8,
            }
        ),
        Case(
            {
                "x": np.array([1.2, -0.6, 0.1]),
                "pi": np.array([0.7, 0.3]),
                "m": np.array([-0.3, 0.9]),
                "s2": np.array([0.4, 1.1]),
                "prior_sd": 0.7,
                "noise_sd": 1.9,
            }
        ),
    ),
    reference=_mixture_sweep,
    hints=(
        "First the responsibilities, a matrix [N, K]. Its entries before normalising: π_k times "
        "the exponential of −((x_n − m_k)² + s2_k)/(2σ²).",
        "Normalise over the components: each row sums to 1.",
        "The new precision of a mean is 1/s² plus the component's share of points over σ². The new "
        "mean is the weighted sum of the points over σ², divided by that precision.",
    ),
    mistakes=(
        Mistake(
            "s2 is missing in the responsibilities. This is what EM does: a component pays nothing "
            "for not knowing where it is.",
            _sweep(
                lambda x, pi, m, s2, prior_sd, noise_sd: _log_weights(
                    x, pi, m, 0 * s2, prior_sd, noise_sd
                )
            ),
        ),
        Mistake(
            "the weights π are missing in the responsibilities.",
            _sweep(lambda x, pi, *rest: _log_weights(x, np.ones_like(pi), *rest)),
        ),
        Mistake(
            "the responsibilities are normalised over the points. Each point belongs to one "
            "component, so normalise over the components.",
            _sweep(normalise=lambda logits: special.softmax(logits, axis=0)),
        ),
        Mistake(
            "the responsibilities are not normalised.",
            _sweep(normalise=np.exp),
        ),
        Mistake(
            "each point went to its nearest component altogether. Its responsibilities are shares.",
            _sweep(normalise=lambda logits: np.eye(logits.shape[1])[logits.argmax(axis=1)]),
        ),
        Mistake(
            "the prior of the means is missing: 1/s² belongs to the precision.",
            _sweep(prior=False),
        ),
        Mistake(
            "σ stands where σ² belongs in the responsibilities.",
            _sweep(
                lambda x, pi, m, s2, prior_sd, noise_sd: _log_weights(
                    x, pi, m, s2, prior_sd, noise_sd**0.5
                )
            ),
        ),
        Mistake(
            "σ² lost its factor 2 in the responsibilities.",
            _sweep(
                lambda x, pi, m, s2, prior_sd, noise_sd: _log_weights(
                    x, pi, m, s2, prior_sd, noise_sd / np.sqrt(2)
                )
            ),
        ),
        Mistake(
            "s2 makes the squares smaller. It is added to (x − m)².",
            _sweep(
                lambda x, pi, m, s2, prior_sd, noise_sd: _log_weights(
                    x, pi, m, -s2, prior_sd, noise_sd
                )
            ),
        ),
        Mistake(
            "s2 is squared in the responsibilities. It is a variance already.",
            _sweep(
                lambda x, pi, m, s2, prior_sd, noise_sd: _log_weights(
                    x, pi, m, s2**2, prior_sd, noise_sd
                )
            ),
        ),
        Mistake(
            "standard deviations stand where variances belong, in the new means.",
            _sweep(square=False),
        ),
        Mistake(
            "the second row holds precisions. Asked are variances.",
            lambda *a: np.array([_mixture_sweep(*a)[0], 1 / _mixture_sweep(*a)[1]]),
        ),
        Mistake(
            "the second row holds standard deviations. Asked are variances.",
            lambda *a: np.array([_mixture_sweep(*a)[0], np.sqrt(_mixture_sweep(*a)[1])]),
        ),
        Mistake(
            "the new means lack the 1/σ² of the weighted sum.",
            lambda *a: _mixture_sweep(*a) * np.array([[a[-1] ** 2], [1.0]]),
        ),
        Mistake("the two rows have changed places.", lambda *a: _mixture_sweep(*a)[::-1]),
        Mistake(
            "the numbers are right, but lie the other way: one row for means, one for variances.",
            lambda *a: _mixture_sweep(*a).T,
        ),
        Mistake("these are the responsibilities. The means come next.", _responsibilities),
        Mistake("these are the means alone. Return the pair.", lambda *a: _mixture_sweep(*a)[0]),
    ),
)


# 3. A prediction: the number of data and the number of sweeps.

PREDICTION = Choice(
    id="coordinate_ascent.3",
    title="A prediction",
    right="a",
    wrong={
        "b": "The posterior gets narrower, but does it change its shape? A thin ellipse drawn at a "
        "tenth of its size is as thin as before.",
        "c": "Each sweep touches a hundred times as much data. But how many sweeps are there?",
        "d": "The gap of the stone fell like 1/N, because its posterior became a product. Does "
        "this one?",
    },
    why="The speed hangs on the correlation of slope and constant alone, and that comes from where "
    "the x are, not from how many. More data make each sweep dearer, and none of them unnecessary. "
    "To centre x costs nothing and ends it after a few sweeps.",
    hints=(
        "What does the number of sweeps depend on, in the chapter's Gaussian? Only on one number.",
        "The posterior's covariance is the inverse of XᵀX/σ², if the prior is wide. What do a "
        "hundred times more x from the same range do to it? And to its correlation?",
    ),
)


# 4. A bug to find: all pixels at once.


def _neighbours(i, j, height, width):
    around = ((i - 1, j), (i + 1, j), (i, j - 1), (i, j + 1))
    return [(k, n) for k, n in around if 0 <= k < height and 0 <= n < width]


def _in_turn(
    order=lambda places: places, around=_neighbours, strength=1.0, softmax=special.softmax
):
    """Pixel after pixel, each with what the others believe now."""

    def sweep(log_lik, q, coupling):
        q = np.array(q)
        height, width, _ = q.shape
        for i, j in order(list(np.ndindex(height, width))):
            total = sum(q[place] for place in around(i, j, height, width))
            q[i, j] = softmax(log_lik[i, j] + strength * coupling * total)
        return q

    return sweep


def _at_once(log_lik, q, coupling):
    height, width, _ = q.shape
    total = [
        [sum(q[place] for place in _neighbours(i, j, height, width)) for j in range(width)]
        for i in range(height)
    ]
    return special.softmax(log_lik + coupling * np.array(total), axis=-1)


def _all_around(i, j, height, width):
    """Also the four at the corners."""
    near = range(-1, 2)
    places = [(i + a, j + b) for a in near for b in near if a or b]
    return [(k, n) for k, n in places if 0 <= k < height and 0 <= n < width]


def _round_the_edge(i, j, height, width):
    return [
        ((i - 1) % height, j),
        ((i + 1) % height, j),
        (i, (j - 1) % width),
        (i, (j + 1) % width),
    ]


def _hard(field):
    return np.eye(len(field))[np.argmax(field)]


_mended = _in_turn()

BUG = Exercise(
    id="coordinate_ascent.4",
    title="A bug to find",
    call="mended_sweep(log_lik, q, coupling)",
    cases=(
        Case(
            {
                "log_lik": np.array([[[-1.0, 0], [0, 0]], [[0, 0], [0, -2]]]),
                "q": np.array([[[1.0, 0], [0, 1]], [[0, 1], [1, 0]]]),
                "coupling": 2.0,
            }
        ),
        Case(
            {
                "log_lik": np.array(
                    [[[-0.3, 0.4], [0.2, -0.9], [0.5, 0.1]], [[0.7, -0.2], [-1.1, 0.3], [0.6, 0.8]]]
                ),
                "q": np.array(
                    [[[0.2, 0.8], [0.6, 0.4], [0.9, 0.1]], [[0.3, 0.7], [0.5, 0.5], [0.75, 0.25]]]
                ),
                "coupling": 0.8,
            }
        ),
        Case(
            {
                "log_lik": np.array(
                    [[[0.1, -0.6, 0.3], [1.2, 0.4, -0.1]], [[-0.8, 0.2, 0.9], [0, 0.7, -0.5]]]
                ),
                "q": np.array(
                    [[[0.5, 0.3, 0.2], [0.1, 0.2, 0.7]], [[0.6, 0.1, 0.3], [0.25, 0.5, 0.25]]]
                ),
                "coupling": 1.3,
            }
        ),
        Case(
            {
                "log_lik": np.array(
                    [[[0.2, 0.9], [0.3, 0]], [[0.5, -0.4], [0.1, 0.6]], [[-0.7, 0.1], [0.4, 1.1]]]
                ),
                "q": np.array(
                    [[[0.1, 0.9], [0.7, 0.3]], [[0.4, 0.6], [0.2, 0.8]], [[0.65, 0.35], [0.5, 0.5]]]
                ),
                "coupling": 1.7,
            }
        ),
    ),
    reference=_mended,
    hints=(
        "Nobody falls off a mountain by making one step up. When is a step in two directions at "
        "the same time no step up?",
        "The proof that the bound rises holds all factors but one. How many does the function "
        "change before anybody looks again?",
        "Two loops, over rows and columns. Each pixel's neighbours are read from the array that "
        "the earlier pixels have written to.",
    ),
    mistakes=(
        Mistake(
            "the bug is still in it: all pixels listen to the old beliefs.",
            _at_once,
        ),
        Mistake(
            "you set one colour of the chessboard, then the other, as the package does. It is "
            "right, too, but asked is row by row.",
            _in_turn(lambda places: sorted(places, key=lambda place: sum(place) % 2)),
        ),
        Mistake(
            "you set one colour of the chessboard, then the other. It is right, too, but asked is "
            "row by row.",
            _in_turn(lambda places: sorted(places, key=lambda place: -(sum(place) % 2))),
        ),
        Mistake(
            "you went backwards. It is right, too, but asked is from the top left.",
            _in_turn(lambda places: places[::-1]),
        ),
        Mistake(
            "the pixels at the corners take part. Neighbours are up, down, left and right.",
            _in_turn(around=_all_around),
        ),
        Mistake(
            "the image is closed to a ring: a pixel at the edge has neighbours at the other edge.",
            _in_turn(around=_round_the_edge),
        ),
        Mistake(
            "the softmax is missing: these are no probabilities.",
            _in_turn(softmax=lambda field: field),
        ),
        Mistake(
            "the exponentials are not normalised.",
            _in_turn(softmax=np.exp),
        ),
        Mistake(
            "each pixel takes its best label for certain. It keeps a distribution.",
            _in_turn(softmax=_hard),
        ),
        Mistake("the neighbours are missing.", _in_turn(strength=0.0)),
        Mistake(
            "neighbours are meant to agree, not to differ: the coupling has the wrong sign.",
            _in_turn(strength=-1.0),
        ),
        Mistake(
            "the coupling is halved. Every pair counts fully for both of its pixels.",
            _in_turn(strength=0.5),
        ),
        Mistake(
            "log p(x | c) is missing: these pixels hear their neighbours and see nothing.",
            lambda log_lik, q, coupling: _mended(0 * log_lik, q, coupling),
        ),
    ),
)


# 5. How much of the error a sweep keeps, for a Gaussian target.


def _radius(matrix):
    return np.abs(np.linalg.eigvals(matrix)).max()


def _iteration(precision):
    lower = np.tril(precision)
    return -np.linalg.solve(lower, precision - lower)


def _rate(precision):
    return _radius(_iteration(precision))


def _rate_at_once(precision):
    return _radius(np.eye(len(precision)) - precision / np.diag(precision)[:, None])


def _largest_square(matrix):
    """The largest squared correlation of a covariance matrix."""
    sd = np.sqrt(np.diag(matrix))
    correlation = matrix / np.outer(sd, sd)
    return np.max((correlation - np.eye(len(sd))) ** 2)


RATE = Exercise(
    id="coordinate_ascent.5",
    title="The rate for any Gaussian",
    call="rate(precision)",
    cases=(
        Case({"precision": np.array([[2.0, 1], [1, 3]])}),
        Case({"precision": np.array([[2.0, 1, 1], [1, 2, 1], [1, 1, 2]])}),
        Case({"precision": np.array([[2.0, 0.9, -0.4], [0.9, 1.5, 0.6], [-0.4, 0.6, 1.2]])}),
        Case({"precision": np.array([[3.0, -1.2, 0.5], [-1.2, 1.0, 0.3], [0.5, 0.3, 2.0]])}),
        Case(
            {
                "precision": np.array(
                    [
                        [1.0, 0.4, 0.2, 0.1],
                        [0.4, 1.4, -0.5, 0.3],
                        [0.2, -0.5, 1.1, 0.4],
                        [0.1, 0.3, 0.4, 0.8],
                    ]
                )
            }
        ),
    ),
    reference=_rate,
    hints=(
        "With mean 0 the turn of latent i is Λ_ii m_i = −Σ_(j ≠ i) Λ_ij m_j. Which m_j on the "
        "right are new already, and which are old?",
        "New are those with j < i. So (D + L) m_new = −U m_old, with D + L the lower triangle of "
        "Λ, diagonal included, and U what is above it.",
        "The error is multiplied by the matrix −(D + L)⁻¹ U again and again. In the long run its "
        "eigenvalue of largest absolute value decides.",
    ),
    mistakes=(
        Mistake(
            "this is for all latents at once, each with the old means. In a sweep the later ones "
            "see the earlier ones' new means.",
            _rate_at_once,
        ),
        Mistake(
            "this is the root of it: one turn of two latents, not a sweep.",
            lambda precision: np.sqrt(_rate(precision)),
        ),
        Mistake(
            "this is its square: what the ELBO keeps of its distance. Asked are the means.",
            lambda precision: _rate(precision) ** 2,
        ),
        Mistake(
            "you inverted the matrix first. The argument is the precision already.",
            lambda precision: _rate(np.linalg.inv(precision)),
        ),
        Mistake(
            "this is the largest real part. Eigenvalues may be complex: their absolute value "
            "decides.",
            lambda precision: np.linalg.eigvals(_iteration(precision)).real.max(),
        ),
        Mistake(
            "this is the largest singular value. It bounds one sweep; in the long run the "
            "eigenvalues decide.",
            lambda precision: np.linalg.norm(_iteration(precision), 2),
        ),
        Mistake(
            "the diagonal is on the wrong side: Λ_ii m_i belongs to the new means.",
            lambda precision: _radius(
                np.linalg.solve(np.tril(precision, -1) + np.eye(len(precision)), np.triu(precision))
            ),
        ),
        Mistake(
            "this is the largest squared correlation of two latents. With more than two, the "
            "others take part.",
            lambda precision: _largest_square(np.linalg.inv(precision)),
        ),
        Mistake(
            "this is the largest squared correlation that you read off the precision. With more "
            "than two latents, all take part.",
            _largest_square,
        ),
        Mistake(
            "this is one minus the rate: what a sweep takes away. Asked is what it keeps.",
            lambda precision: 1 - _rate(precision),
        ),
        Mistake(
            "these are the sweeps for a digit, log 10/(−log rate). Asked is the rate.",
            lambda precision: np.log(10) / -np.log(_rate(precision)),
        ),
        Mistake(
            "this is the smallest eigenvalue. The slowest direction decides, and it has the "
            "largest.",
            lambda precision: np.abs(np.linalg.eigvals(_iteration(precision))).min(),
        ),
    ),
)


# 6. Where mean field takes sides on a grid of height × width pixels without data.


def _lambda_max(height, width):
    return 2 * np.cos(np.pi / (height + 1)) + 2 * np.cos(np.pi / (width + 1))


def _critical(height, width, num_labels):
    return num_labels / _lambda_max(height, width)


def _mean_degree(height, width):
    return 2 * (height * (width - 1) + width * (height - 1)) / (height * width)


CRITICAL = Exercise(
    id="coordinate_ascent.6",
    title="Where mean field takes sides",
    call="critical_coupling(height, width, num_labels)",
    cases=(
        Case({"height": 3, "width": 4, "num_labels": 2}),
        Case({"height": 2, "width": 5, "num_labels": 3}),
        Case({"height": 7, "width": 3, "num_labels": 4}),
        Case({"height": 10, "width": 10, "num_labels": 5}),
    ),
    reference=_critical,
    hints=(
        "Put q_i(k) = 1/K + δ_i(k) into the turn of a pixel, with Σ_k δ_i(k) = 0, and expand the "
        "softmax to first order.",
        "Near equal arguments a small change h_k of argument k changes the softmax by "
        "(h_k − mean of h)/K. Here h_k = J Σ δ_j(k) over the neighbours, and its mean over k is 0.",
        "So δ ← (J/K) A δ with A the matrix of neighbours. It grows if J/K times the largest "
        "eigenvalue of A is above 1. Build A and ask NumPy, or find the eigenvalues of a chain "
        "first.",
        "A chain of n has the eigenvectors sin(π j/(n + 1)), j = 1, …, n, and the largest "
        "eigenvalue 2 cos(π/(n + 1)). Those of a grid are sums of the chains' ones.",
    ),
    mistakes=(
        Mistake(
            "this is for two labels, whatever the number of labels.",
            lambda height, width, num_labels: _critical(height, width, 2),
        ),
        Mistake(
            "this is for a grid without edges, where every pixel has four neighbours.",
            lambda height, width, num_labels: num_labels / 4,
        ),
        Mistake(
            "you put the mean number of neighbours in the place of the largest eigenvalue. The "
            "deviation is larger in the middle, where there are more of them.",
            lambda height, width, num_labels: num_labels / _mean_degree(height, width),
        ),
        Mistake(
            "this is where the exact model on an infinite grid takes sides, log(1 + √K). Asked is "
            "what mean field does on this one.",
            lambda height, width, num_labels: np.log(1 + np.sqrt(num_labels)),
        ),
        Mistake(
            "the softmax is expanded with (1/K)(1 − 1/K), its derivative by its own argument. The "
            "other labels' arguments move, too.",
            lambda height, width, num_labels: (
                num_labels**2 / (num_labels - 1) / _lambda_max(height, width)
            ),
        ),
        Mistake(
            "this is the coupling of the Ising model's spins, half as large as J for two labels.",
            lambda height, width, num_labels: _critical(height, width, num_labels) / 2,
        ),
        Mistake(
            "this is the largest eigenvalue alone, 2 cos(π/(H + 1)) + 2 cos(π/(W + 1)).",
            lambda height, width, num_labels: _lambda_max(height, width),
        ),
        Mistake(
            "this is λ/K. It is J λ/K that passes 1.",
            lambda height, width, num_labels: _lambda_max(height, width) / num_labels,
        ),
        Mistake(
            "the cosines have n where n + 1 belongs: a chain of n has its zeros one step outside.",
            lambda height, width, num_labels: _critical(height - 1, width - 1, num_labels),
        ),
        Mistake(
            "this is 1/λ: the number of labels is missing.",
            lambda height, width, num_labels: 1 / _lambda_max(height, width),
        ),
    ),
)


EXERCISES = (PRECISION, MIXTURE, PREDICTION, BUG, RATE, CRITICAL)
