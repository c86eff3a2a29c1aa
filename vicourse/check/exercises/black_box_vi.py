"""Exercises of the chapter algorithms/black_box_vi: pieces of the recipe, and when to stop.

Everything here is NumPy in float64, written plainly.
"""

import numpy as np

from vicourse.check.exercise import Case, Choice, Exercise, Mistake

# 1. log density of u where z = sigmoid(u) has heads and tails and a uniform prior.


def _log_sigmoid(u):
    return -np.logaddexp(0, -u)


def _coin_density(by_z=1, by_rest=1, jacobian=None):
    """h log z + t log(1 − z), plus the Jacobian: so many times log z and log(1 − z), or its own."""

    def density(u, heads, tails):
        log_z, log_rest = _log_sigmoid(u), _log_sigmoid(-u)
        own = jacobian(u) if jacobian else by_z * log_z + by_rest * log_rest
        return heads * log_z + tails * log_rest + own

    return density


_coin = _coin_density()

SPACE = Exercise(
    id="black_box_vi.1",
    title="A probability on the real line",
    call="log_density_of_u(u, heads, tails)",
    builds="vicourse.models.BetaBernoulli.unconstrained_log_joint",
    cases=(
        Case({"u": np.array([0.0, 1, -2]), "heads": 3.0, "tails": 1.0}),
        Case({"u": np.array([-0.7, 0.4, 2.2, -3.1]), "heads": 7.0, "tails": 2.0}),
        Case({"u": np.array([1.6, -1.3]), "heads": 0.0, "tails": 5.0}),
        Case(
            {"u": np.array([-60.0, 60.0]), "heads": 2.0, "tails": 4.0},
            alone="far out, z or 1 − z is rounded to 0. Write log z as `tf.math.log_sigmoid(u)`, "
            "and 1 − z as the sigmoid of −u.",
        ),
    ),
    reference=_coin,
    hints=(
        "With the uniform prior, log p(x, z) = heads · log z + tails · log(1 − z). Put in "
        "z = sigmoid(u), then add the logarithm of dz/du.",
        "The derivative of the sigmoid is z (1 − z).",
        "In all, log z occurs heads + 1 times, and log(1 − z) tails + 1 times.",
    ),
    mistakes=(
        Mistake(
            "the Jacobian is missing: this is the log joint, at another place.", _coin_density(0, 0)
        ),
        Mistake(
            "the Jacobian is subtracted. The density of u is that of z times dz/du.",
            _coin_density(-1, -1),
        ),
        Mistake("of the Jacobian, 1 − z is missing.", _coin_density(1, 0)),
        Mistake("of the Jacobian, z is missing.", _coin_density(0, 1)),
        Mistake(
            "this is the Jacobian of the exponential. dz/du of the sigmoid is z (1 − z).",
            _coin_density(jacobian=lambda u: u),
        ),
        Mistake(
            "the Jacobian stands there without its logarithm.",
            _coin_density(
                jacobian=lambda u: np.exp(_log_sigmoid(u) + _log_sigmoid(-u)),
            ),
        ),
        Mistake("the Jacobian stands there twice.", _coin_density(2, 2)),
        Mistake(
            "heads and tails have changed places.",
            lambda u, heads, tails: _coin(u, tails, heads),
        ),
        Mistake("the sign is turned round: this is a loss.", lambda *a: -_coin(*a)),
        Mistake(
            "you added up the draws. Keep one log density for each.", lambda *a: _coin(*a).sum()
        ),
        Mistake(
            "this is the density. Return its logarithm.",
            lambda *a: np.exp(_coin(*a)),
        ),
        Mistake(
            "this is the Jacobian alone. Add the log joint.",
            lambda u, heads, tails: _coin(u, 0, 0),
        ),
    ),
)


# 2. The gap of the best mean field of a Gaussian: ½ (Σ log Λ_ii − log det Λ), Λ = Σ⁻¹.


def _gap(covariance):
    precision = np.linalg.inv(covariance)
    return 0.5 * (np.log(np.diag(precision)).sum() - np.linalg.slogdet(precision)[1])


def _forward_gap(covariance):
    return 0.5 * (np.log(np.diag(covariance)).sum() - np.linalg.slogdet(covariance)[1])


def _of_precision(formula):
    """A function of log Λ_ii [D] and log det Λ."""

    def wrong(covariance):
        precision = np.linalg.inv(covariance)
        return formula(np.log(np.diag(precision)), np.linalg.slogdet(precision)[1])

    return wrong


def _covariance(sd, correlations):
    """From standard deviations and the entries below the diagonal of the correlation matrix."""
    matrix = np.eye(len(sd))
    matrix[np.tril_indices(len(sd), -1)] = correlations
    matrix = matrix + np.tril(matrix, -1).T
    return matrix * np.outer(sd, sd)


GAP = Exercise(
    id="black_box_vi.2",
    title="What mean field leaves out",
    call="mean_field_gap(covariance)",
    cases=(
        Case({"covariance": _covariance([1.0, 2.0, 0.5], [0.8, 0.3, 0.5])}),
        Case({"covariance": _covariance([1.0, 1.0], [0.9])}),
        Case({"covariance": _covariance([3.0, 0.4, 1.5, 2.0], [0.2, -0.3, 0.4, 0.1, 0.3, -0.2])}),
    ),
    reference=_gap,
    hints=(
        "The best mean field has the posterior's mean, and the variances 1/Λ_ii, with the "
        "precision matrix Λ, the inverse of the covariance. Put it into the KL divergence of two "
        "Gaussians.",
        "The trace term is Σ_i Λ_ii/Λ_ii = D. It cancels against −D.",
        "What is left are log determinants: half of Σ_i log Λ_ii − log det Λ.",
    ),
    mistakes=(
        Mistake(
            "you took the diagonal of the covariance: this is the gap of the forward KL(p‖q), "
            "whose best q has the right variances. In two dimensions the two agree.",
            _forward_gap,
        ),
        Mistake("the ½ is missing.", lambda c: 2 * _gap(c)),
        Mistake("the sign is turned round. A KL divergence is never negative.", lambda c: -_gap(c)),
        Mistake(
            "−log det Λ is missing: this depends on the units of the latents.",
            _of_precision(lambda diagonal, log_det: 0.5 * diagonal.sum()),
        ),
        Mistake(
            "log det Λ is added, not subtracted.",
            _of_precision(lambda diagonal, log_det: 0.5 * (diagonal.sum() + log_det)),
        ),
        Mistake(
            "this is half of −log det Λ alone. What are the variances of q?",
            _of_precision(lambda diagonal, log_det: -0.5 * log_det),
        ),
        Mistake(
            "the determinant stands there without its logarithm.",
            _of_precision(lambda diagonal, log_det: 0.5 * (diagonal.sum() - np.exp(log_det))),
        ),
        Mistake(
            "the log precisions are averaged over the latents. They are added up.",
            _of_precision(lambda diagonal, log_det: 0.5 * (diagonal.mean() - log_det)),
        ),
        Mistake(
            "this is the logarithm of a sum. It is the sum of logarithms.",
            _of_precision(
                lambda diagonal, log_det: 0.5 * (np.log(np.exp(diagonal).sum()) - log_det)
            ),
        ),
        Mistake(
            "this is q with the posterior's own variances, under the reverse KL. It is not the "
            "best: q should be narrower.",
            lambda c: (
                _forward_gap(c) + 0.5 * (np.trace(np.linalg.solve(c, np.diag(np.diag(c)))) - len(c))
            ),
        ),
    ),
)


# 3. The pathwise gradient of the ELBO by loc and by L: [D, 1 + D].


def _gradient(slope, eps, L, by_entropy=lambda L: np.diag(1 / np.diag(L))):
    by_scale = np.tril(slope.T @ eps / len(eps)) + by_entropy(L)
    return np.column_stack([slope.mean(axis=0), by_scale])


def _gradient_with(outer=None, by_entropy=None):
    def wrong(slope, eps, L):
        right = _gradient(slope, eps, L)
        if outer:
            right[:, 1:] = outer(slope, eps) + np.diag(1 / np.diag(L))
        if by_entropy:
            right = _gradient(slope, eps, L, by_entropy)
        return right

    return wrong


FULL_RANK = Exercise(
    id="black_box_vi.3",
    title="The gradient of a full-rank Gaussian",
    call="full_rank_gradient(slope, eps, L)",
    builds="vicourse.gradients.gradient_estimator",
    cases=(
        Case(
            {
                "slope": np.array([[1.0, -2], [3, 0.5], [-1, 4]]),
                "eps": np.array([[0.5, 1], [-1, 2], [1.5, -0.5]]),
                "L": np.array([[2.0, 0], [-1, 0.5]]),
            }
        ),
        Case(
            {
                "slope": np.array([[0.3, -1.1, 2.0], [1.4, 0.6, -0.9]]),
                "eps": np.array([[-0.8, 0.2, 1.3], [0.7, -1.6, 0.4]]),
                "L": np.array([[0.7, 0, 0], [0.4, 1.6, 0], [-0.3, 0.9, 0.4]]),
            }
        ),
        Case(
            {
                "slope": np.array([[2.1, 0.4], [-0.7, 1.9], [0.2, -2.6], [1.1, 0.8]]),
                "eps": np.array([[1.2, -0.3], [0.1, 0.9], [-1.4, 1.7], [0.6, -0.5]]),
                "L": np.array([[0.5, 0], [1.3, 2.5]]),
            }
        ),
    ),
    reference=_gradient,
    hints=(
        "u_i = loc_i + Σ_j L_ij ε_j. When loc_i grows by a little, u_i grows by as much; when L_ij "
        "grows by a little, u_i grows by ε_j times as much.",
        "So the gradient by L_ij, from log π alone, is the mean over the draws of "
        "slope_i · ε_j. Entries above the diagonal of L do not exist: 0 there.",
        "The entropy adds log det L, and for a triangular L that is Σ_i log L_ii. "
        "`tf.linalg.band_part(matrix, -1, 0)` or `np.tril` keep the lower triangle.",
    ),
    mistakes=(
        Mistake(
            "the entropy is missing: log det L has the derivative 1/L_ii on the diagonal.",
            _gradient_with(by_entropy=lambda L: 0.0),
        ),
        Mistake(
            "the entropy's derivative is the identity. That is the one by log L_ii; by L_ii it is "
            "1/L_ii.",
            _gradient_with(by_entropy=lambda L: np.eye(len(L))),
        ),
        Mistake(
            "the entropy's derivative has the wrong sign.",
            _gradient_with(by_entropy=lambda L: -np.diag(1 / np.diag(L))),
        ),
        Mistake(
            "you added L_ii, not its reciprocal.",
            _gradient_with(by_entropy=lambda L: np.diag(np.diag(L))),
        ),
        Mistake(
            "you added log L_ii. Its derivative is 1/L_ii.",
            _gradient_with(by_entropy=lambda L: np.diag(np.log(np.diag(L)))),
        ),
        Mistake(
            "you added the inverse of L. The derivative of log det L is the inverse *transposed*, "
            "of which only the diagonal lies in the lower triangle.",
            _gradient_with(by_entropy=np.linalg.inv),
        ),
        Mistake(
            "above the diagonal L has no entries: 0 belongs there.",
            _gradient_with(outer=lambda slope, eps: slope.T @ eps / len(eps)),
        ),
        Mistake(
            "slope and ε have changed places in the outer product: row i is the slope's.",
            _gradient_with(outer=lambda slope, eps: np.tril(eps.T @ slope / len(eps))),
        ),
        Mistake(
            "you kept the upper triangle. L is lower triangular.",
            _gradient_with(outer=lambda slope, eps: np.triu(slope.T @ eps / len(eps))),
        ),
        Mistake(
            "the gradient by L is that of mean field: the entries below the diagonal are missing.",
            _gradient_with(outer=lambda slope, eps: np.diag((slope * eps).mean(axis=0))),
        ),
        Mistake(
            "this is the product of two means. Multiply draw by draw, then average.",
            _gradient_with(
                outer=lambda slope, eps: np.tril(np.outer(slope.mean(axis=0), eps.mean(axis=0)))
            ),
        ),
        Mistake(
            "you added up the draws. The gradient is a mean over them.",
            lambda slope, eps, L: _gradient(len(eps) * slope, eps, L),
        ),
        Mistake("the sign is turned round: this is the loss.", lambda *a: -_gradient(*a)),
        Mistake(
            "by loc comes first, then by L: the columns have changed places.",
            lambda *a: np.roll(_gradient(*a), -1, axis=1),
        ),
        Mistake(
            "this is the gradient by L alone. Put the one by loc before it.",
            lambda *a: _gradient(*a)[:, 1:],
        ),
        Mistake("this is the gradient by loc alone.", lambda *a: _gradient(*a)[:, 0]),
    ),
)


# 4. The rule of a level: gains between blocks, and the thresholds that they must reach.


def _levels(trace, block, ddof=1):
    blocks = trace.reshape(-1, block)
    return blocks.mean(axis=1), blocks.std(axis=1, ddof=ddof) / np.sqrt(block)


def _gains_with(gain=np.diff, threshold=None, levels=_levels):
    """Gains from the blocks' levels, thresholds from their errors: now, before, the block size."""
    rule = threshold or (lambda now, before, block: np.maximum(0.01, 2 * np.hypot(now, before)))

    def gains(trace, block):
        level, error = levels(trace, block)
        return np.array([gain(level), rule(error[1:], error[:-1], block)])

    return gains


_gains = _gains_with()

LEVEL = Exercise(
    id="black_box_vi.4",
    title="Has the block gained?",
    call="gains(trace, block)",
    cases=(
        Case({"trace": np.array([-9.0, -7, -5, -6, -5, -5.5, -4.9, -5.3]), "block": 2}),
        Case(
            {
                "trace": np.array([-8.1, -6.4, -7.7, -5.2, -4.4, -4.9, -4.1, -5.1, -4.2]),
                "block": 3,
            }
        ),
        Case(
            {
                "trace": np.array(
                    [
                        [-2.31, -2.305, -2.302, -2.301],
                        [-2.303, -2.3, -2.301, -2.302],
                        [-2.299, -2.3, -2.302, -2.301],
                    ]
                ).ravel(),
                "block": 4,
            }
        ),
    ),
    reference=_gains,
    atol=1e-6,
    hints=(
        "Cut the trace into rows of `block` steps: `np.reshape(trace, (-1, block))`. Each row has "
        "a mean, and that mean has a standard error s/√block.",
        "s has block − 1 below the root: `ddof=1`.",
        "The errors of two neighbouring means add as squares. The threshold is twice the root of "
        "that sum, but at least 0.01.",
    ),
    mistakes=(
        Mistake(
            "the tolerance is missing: the threshold is at least 0.01 nats.",
            _gains_with(threshold=lambda now, before, block: 2 * np.hypot(now, before)),
        ),
        Mistake(
            "you took the smaller of the two. A gain must exceed both.",
            _gains_with(
                threshold=lambda now, before, block: np.minimum(0.01, 2 * np.hypot(now, before))
            ),
        ),
        Mistake(
            "the tolerance is added. The threshold is the larger of the two.",
            _gains_with(threshold=lambda now, before, block: 0.01 + 2 * np.hypot(now, before)),
        ),
        Mistake(
            "the factor 2 is missing before the error.",
            _gains_with(
                threshold=lambda now, before, block: np.maximum(0.01, np.hypot(now, before))
            ),
        ),
        Mistake(
            "the errors are added as they are. They add as squares.",
            _gains_with(threshold=lambda now, before, block: np.maximum(0.01, 2 * (now + before))),
        ),
        Mistake(
            "the root is missing: these are squares of errors.",
            _gains_with(
                threshold=lambda now, before, block: np.maximum(0.01, 2 * (now**2 + before**2))
            ),
        ),
        Mistake(
            "only the present block's error counts in yours. The one before is random too.",
            _gains_with(threshold=lambda now, before, block: np.maximum(0.01, 2 * now)),
        ),
        Mistake(
            "these are standard deviations of single steps. The error of a block's mean is √block "
            "times smaller.",
            _gains_with(
                threshold=lambda now, before, block: np.maximum(
                    0.01, 2 * np.sqrt(block) * np.hypot(now, before)
                )
            ),
        ),
        Mistake(
            "the standard deviation has block below the root where block − 1 belongs: `ddof=1`.",
            _gains_with(levels=lambda trace, block: _levels(trace, block, ddof=0)),
        ),
        Mistake(
            "the gain is the block before minus the present one. It is the other way round.",
            _gains_with(gain=lambda level: -np.diff(level)),
        ),
        Mistake(
            "the gain is counted from the first block. Compare with the block before.",
            _gains_with(gain=lambda level: level[1:] - level[0]),
        ),
        Mistake("these are the levels, not the gains.", _gains_with(gain=lambda level: level[1:])),
        Mistake(
            "the gain is a difference of sums. Take the blocks' means.",
            lambda trace, block: _gains(trace, block) * np.array([[block], [1]]),
        ),
        Mistake("the two rows have changed places.", lambda *a: _gains(*a)[::-1]),
        Mistake(
            "the numbers are right, but lie the other way: gains in the first row, please.",
            lambda *a: _gains(*a).T,
        ),
        Mistake("these are the gains alone. Return both rows.", lambda *a: _gains(*a)[0]),
        Mistake("these are the thresholds alone. Return both rows.", lambda *a: _gains(*a)[1]),
    ),
)


# 5. A prediction: eight schools without the Jacobian of τ = exp(u).

PREDICTION = Choice(
    id="black_box_vi.5",
    title="A prediction",
    right="c",
    wrong={
        "a": "So it was for the variance on the page, whose posterior vanishes at 0. The posterior "
        "of τ does not vanish there. Divide it by τ, and integrate from 0.",
        "b": "The Jacobian is not a constant: it is τ itself. Which values does the fit like "
        "better without it?",
        "d": "Every number stays finite: nothing tells the program that a density has lost its "
        "normalisation.",
    },
    why="Without its Jacobian u = log τ has a log density that is level as u → −∞: there is no "
    "normalisable posterior. A wide q on the plain earns entropy for nothing, so the bound rises "
    "for ever while τ goes to 0. A prior that says otherwise would have saved the program, and "
    "hidden the bug.",
    hints=(
        "Without the Jacobian one fits p(τ | y)/τ. Is that a density? Look near τ = 0, where the "
        "posterior is about as high as anywhere.",
        "As a function of u = log τ, what is left when u → −∞? And what does the entropy of a "
        "Gaussian q do there, if its width doubles?",
    ),
)


# 6. A bug to find: the error of a gain, from the same draws before and after.


def _paired(before, after):
    difference = after - before
    return np.array([difference.mean(), difference.std(ddof=1) / np.sqrt(len(difference))])


def _gain_with(error):
    """The right gain, with another error: a function of before and after."""
    return lambda before, after: np.array([_paired(before, after)[0], error(before, after)])


def _unpaired(before, after):
    return np.sqrt((before.var(ddof=1) + after.var(ddof=1)) / len(before))


BUG = Exercise(
    id="black_box_vi.6",
    title="A bug to find",
    call="mended_gain(before, after)",
    cases=(
        Case({"before": np.array([-9.0, -2, -6, -3]), "after": np.array([-8.5, -1.9, -5.2, -2.7])}),
        Case(
            {
                "before": np.array([-4.1, -7.3, -5.6, -1.2, -3.3]),
                "after": np.array([-4.0, -6.6, -5.7, -0.4, -3.1]),
            }
        ),
        Case({"before": np.array([1.5, -2.5, 0.3]), "after": np.array([1.1, -2.6, 0.5])}),
    ),
    reference=_paired,
    hints=(
        "Both lists come from the same draws. What is the variance of a difference of two "
        "numbers that rise and fall together?",
        "Var[A − B] = Var[A] + Var[B] − 2 Cov[A, B]. The given code has no covariance. There is "
        "a shorter way than to add one.",
        "Subtract first, draw by draw. Then the mean of the differences, and its standard error.",
    ),
    mistakes=(
        Mistake(
            "the bug is still in it: the errors are added as if the draws before and after were "
            "independent.",
            _gain_with(_unpaired),
        ),
        Mistake(
            "this is the standard deviation of one difference. The error of their mean is √S "
            "times smaller.",
            _gain_with(lambda b, a: np.std(a - b, ddof=1)),
        ),
        Mistake(
            "this is the squared error. Take the root.",
            _gain_with(lambda b, a: np.var(a - b, ddof=1) / len(a)),
        ),
        Mistake(
            "the variance has S below it where S − 1 belongs: `ddof=1`.",
            _gain_with(lambda b, a: np.std(a - b) / np.sqrt(len(a))),
        ),
        Mistake(
            "you divided by S. The standard error divides the standard deviation by √S.",
            _gain_with(lambda b, a: np.std(a - b, ddof=1) / len(a)),
        ),
        Mistake(
            "the covariance is added. In a difference it is subtracted.",
            _gain_with(lambda b, a: np.std(a + b, ddof=1) / np.sqrt(len(a))),
        ),
        Mistake(
            "the covariance is subtracted once. It belongs there twice.",
            _gain_with(lambda b, a: np.sqrt(_unpaired(b, a) ** 2 - np.cov(b, a)[0, 1] / len(a))),
        ),
        Mistake(
            "this is the error of the second list alone.",
            _gain_with(lambda b, a: np.std(a, ddof=1) / np.sqrt(len(a))),
        ),
        Mistake(
            "the two errors are subtracted from each other. Errors do not subtract.",
            _gain_with(lambda b, a: (np.std(a, ddof=1) - np.std(b, ddof=1)) / np.sqrt(len(a))),
        ),
        Mistake(
            "the gain has the wrong sign: it is after minus before.",
            lambda b, a: _paired(a, b),
        ),
        Mistake("the gain is a sum. Take the mean.", lambda b, a: _paired(b, a) * [len(a), 1]),
        Mistake("the two have changed places.", lambda *lists: _paired(*lists)[::-1]),
        Mistake("this is the gain alone. Return its error too.", lambda *lists: _paired(*lists)[0]),
    ),
)


# 7. Variances of the last iterate and of the mean of n, for φ ← φ − γ (φ + ξ), ξ ~ N(0, 1).


def _correlations(gamma, n):
    """Σ_{k=1}^{n−1} (1 − k/n) (1 − γ)^k."""
    k = np.arange(1, n)
    return np.sum((1 - k / n) * (1 - gamma) ** k)


def _last(gamma, n):
    return gamma / (2 - gamma)


def _mean_of_n(gamma, n):
    return _last(gamma, n) / n * (1 + 2 * _correlations(gamma, n))


def _scatter_with(last=_last, mean=_mean_of_n):
    return lambda gamma, n: np.array([last(gamma, n), mean(gamma, n)])


_scatter = _scatter_with()

SCATTER = Exercise(
    id="black_box_vi.7",
    title="What averaging is worth",
    call="scatter(gamma, n)",
    cases=(
        Case({"gamma": 0.5, "n": 2}),
        Case({"gamma": 0.1, "n": 5}),
        Case({"gamma": 0.2, "n": 50}),
        Case({"gamma": 0.8, "n": 12}),
    ),
    reference=_scatter,
    hints=(
        "In balance the variance repeats itself: v = (1 − γ)² v + γ².",
        "Two iterates that are k steps apart have the covariance v (1 − γ)^k: the noise in "
        "between has nothing to do with the first.",
        "The variance of a mean of n is v/n times 1 + 2 Σ_k (1 − k/n) (1 − γ)^k, with k from 1 to "
        "n − 1: there are n − k pairs that are k steps apart.",
        "A loop or `np.arange(1, n)` will do; a closed form of the sum is not asked.",
    ),
    mistakes=(
        Mistake(
            "the iterates count as independent in your mean. Neighbours are not: each keeps "
            "1 − γ of the one before.",
            _scatter_with(mean=lambda gamma, n: _last(gamma, n) / n),
        ),
        Mistake(
            "the mean's variance is the chapter's rule for large n. Asked is the exact one.",
            _scatter_with(mean=lambda gamma, n: 1 / n),
        ),
        Mistake(
            "each pair of iterates counts once in yours. It occurs twice, as (t, t + k) and as "
            "(t + k, t).",
            _scatter_with(
                mean=lambda gamma, n: _last(gamma, n) / n * (1 + _correlations(gamma, n))
            ),
        ),
        Mistake(
            "the factor 1 − k/n is missing: only n − k pairs are k steps apart.",
            _scatter_with(
                mean=lambda gamma, n: (
                    _last(gamma, n) / n * (1 + 2 * np.sum((1 - gamma) ** np.arange(1, n)))
                )
            ),
        ),
        Mistake(
            "the first variance is γ/2, its limit for small γ. Asked is the exact one.",
            _scatter_with(last=lambda gamma, n: gamma / 2),
        ),
        Mistake(
            "both variances rest on γ/2, the limit for small γ. Asked is the exact one.",
            lambda gamma, n: _scatter(gamma, n) * (2 - gamma) / 2,
        ),
        Mistake(
            "the noise lost its γ: v = (1 − γ)² v + γ², not + 1.",
            lambda gamma, n: _scatter(gamma, n) / gamma**2,
        ),
        Mistake(
            "the noise has γ where γ² belongs.",
            lambda gamma, n: _scatter(gamma, n) / gamma,
        ),
        Mistake(
            "the first is the variance that one step adds, γ². It comes on top of what was there.",
            _scatter_with(last=lambda gamma, n: gamma**2),
        ),
        Mistake(
            "the correlation of neighbours is 1 − γ, not γ.",
            _scatter_with(
                mean=lambda gamma, n: _last(gamma, n) / n * (1 + 2 * _correlations(1 - gamma, n))
            ),
        ),
        Mistake(
            "the mean's variance is not divided by n.",
            _scatter_with(mean=lambda gamma, n: n * _mean_of_n(gamma, n)),
        ),
        Mistake(
            "these are standard deviations. Asked are variances.", lambda *a: np.sqrt(_scatter(*a))
        ),
        Mistake("the two have changed places.", lambda *a: _scatter(*a)[::-1]),
        Mistake(
            "this is their ratio. Return both variances.",
            lambda *a: _mean_of_n(*a) / _last(*a),
        ),
        Mistake("this is the last iterate's alone. Return both.", _last),
        Mistake("this is the mean's alone. Return both.", _mean_of_n),
    ),
)


EXERCISES = (SPACE, GAP, FULL_RANK, LEVEL, PREDICTION, BUG, SCATTER)
