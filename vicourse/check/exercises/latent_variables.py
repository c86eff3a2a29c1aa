"""Exercises of the chapter foundations/latent_variables: posteriors and evidences that are exact.

Everything here is NumPy in float64, written plainly. Shapes are told at each exercise.
"""

import itertools

import numpy as np

from vicourse.check.exercise import Case, Choice, Exercise, Mistake


def _log_normal(x, variance):
    """log N(x; 0, variance)."""
    return -0.5 * (np.log(2 * np.pi * variance) + x**2 / variance)


def _log_mean_exp(values, axis=None):
    largest = values.max(axis=axis, keepdims=True)
    mean = np.mean(np.exp(values - largest), axis=axis, keepdims=True)
    return np.squeeze(largest + np.log(mean), axis=axis)


# 1. p(z_n = k | x_n) for a mixture with known parameters: [N], [K], [K], [] → [N, K].


def _log_joint(x, shares, means, sd):
    return np.log(shares) + _log_normal(x[:, None] - means, sd**2)


def _normalised(log_joint, axis=1):
    joint = np.exp(log_joint - log_joint.max(axis=axis, keepdims=True))
    return joint / joint.sum(axis=axis, keepdims=True)


def _responsibilities(x, shares, means, sd):
    return _normalised(_log_joint(x, shares, means, sd))


RESPONSIBILITIES = Exercise(
    id="latent_variables.1",
    title="Responsibilities",
    call="responsibilities(x, shares, means, sd)",
    cases=(
        Case(
            {
                "x": np.array([60.0, 66, 72]),
                "shares": np.array([0.36, 0.64]),
                "means": np.array([54.0, 80]),
                "sd": 6.0,
            }
        ),
        Case(
            {
                "x": np.array([-0.5, 2.4]),
                "shares": np.array([0.2, 0.5, 0.3]),
                "means": np.array([-1.0, 0.5, 3]),
                "sd": 1.5,
            }
        ),
        Case(
            {
                "x": np.array([66.0, 500, -300]),
                "shares": np.array([0.36, 0.64]),
                "means": np.array([54.0, 80]),
                "sd": 6.0,
            },
            alone="your formula is right, but not for waits of 500 and −300 minutes. There every "
            "density rounds to 0, and 0/0 is not a number. Work with logarithms: subtract the "
            "largest of them in each row before you take the exponential.",
        ),
    ),
    reference=_responsibilities,
    hints=(
        "Bayes' rule: the joint p(z, x) for each kind, divided by its sum over the kinds.",
        "The joint is the share times the normal density. Factors that all kinds have in common "
        "cancel in the division.",
        "For far-out points take log share − ½ ((x − mean)/sd)² and use a softmax over the kinds "
        "(`tf.nn.softmax`, `scipy.special.softmax`).",
    ),
    mistakes=(
        Mistake(
            "the shares are missing: this is right only if all kinds are equally frequent.",
            lambda x, shares, means, sd: _responsibilities(x, np.ones_like(shares), means, sd),
        ),
        Mistake(
            "you divided by sd where the formula has sd², the variance.",
            lambda x, shares, means, sd: _responsibilities(x, shares, means, np.sqrt(sd)),
        ),
        Mistake(
            "the factor ½ in the exponent is missing.",
            lambda x, shares, means, sd: _responsibilities(x, shares, means, sd / np.sqrt(2)),
        ),
        Mistake(
            "you normalised over the points. For each point the kinds must add up to 1: axis 1.",
            lambda *inputs: _normalised(_log_joint(*inputs), axis=0),
        ),
        Mistake(
            "this is the joint p(z, x). Divide by the evidence p(x), its sum over the kinds.",
            lambda *inputs: np.exp(_log_joint(*inputs)),
        ),
        Mistake(
            "this is the likelihood p(x | z). Multiply by the shares and normalise.",
            lambda x, shares, means, sd: np.exp(_log_normal(x[:, None] - means, sd**2)),
        ),
        Mistake(
            "these are logarithms of the responsibilities.",
            lambda *inputs: np.log(_responsibilities(*inputs)),
        ),
        Mistake(
            "this is the most probable kind with probability 1. Keep the doubt.",
            lambda *inputs: (
                _log_joint(*inputs) == _log_joint(*inputs).max(axis=1, keepdims=True)
            ).astype(float),
        ),
        Mistake(
            "this is the evidence p(x), one number a point. Asked is what it divides.",
            lambda *inputs: np.exp(_log_joint(*inputs)).sum(axis=1),
        ),
        Mistake(
            "rows and columns are exchanged: asked is one row for each point.",
            lambda *inputs: _responsibilities(*inputs).T,
        ),
    ),
)


# 2. E[z_j | x, mu, tau] for the schools: [J], [J], [], [] → [J].


def _pooled(x, se, mu, tau):
    return (x * tau**2 + mu * se**2) / (se**2 + tau**2)


POOLING = Exercise(
    id="latent_variables.2",
    title="Partial pooling",
    call="pooled_effects(x, se, mu, tau)",
    cases=(
        Case({"x": np.array([28.0, 8, -3]), "se": np.array([15.0, 10, 16]), "mu": 4.0, "tau": 5.0}),
        Case(
            {
                "x": np.array([1.2, -0.4, 2.5, 0.3]),
                "se": np.array([0.5, 2.0, 1.5, 0.8]),
                "mu": -1.0,
                "tau": 1.3,
            }
        ),
        Case(
            {"x": np.array([28.0, 8, -3]), "se": np.array([15.0, 10, 16]), "mu": 4.0, "tau": 0.0},
            alone="your formula is right, but not at τ = 0, where it divides by zero. There all "
            "schools are alike, and each effect is μ. Multiply numerator and denominator by σ²τ².",
        ),
    ),
    reference=_pooled,
    hints=(
        "Write log p(x_j | z_j) + log p(z_j | μ, τ) and keep the terms with z_j: a quadratic.",
        "Set its derivative to zero: (x_j − z_j)/σ_j² + (μ − z_j)/τ² = 0. Solve for z_j.",
        "The weights are precisions, 1/σ_j² for the measurement and 1/τ² for μ, divided by their "
        "sum. For τ = 0, multiply everything by σ_j² τ².",
    ),
    mistakes=(
        Mistake(
            "the weights have changed places: a precise measurement must count for more.",
            lambda x, se, mu, tau: (x * se**2 + mu * tau**2) / (se**2 + tau**2),
        ),
        Mistake(
            "you weighed by 1/σ and 1/τ. Precisions are 1/σ² and 1/τ².",
            lambda x, se, mu, tau: (x * tau + mu * se) / (se + tau),
        ),
        Mistake(
            "you used τ where the formula has τ².",
            lambda x, se, mu, tau: (x * tau + mu * se**2) / (se**2 + tau),
        ),
        Mistake(
            "you used σ where the formula has σ².",
            lambda x, se, mu, tau: (x * tau**2 + mu * se) / (se + tau**2),
        ),
        Mistake(
            "these are the measurements: no pooling at all.",
            lambda x, se, mu, tau: x,
        ),
        Mistake(
            "every school got μ: complete pooling. What do the measurements say?",
            lambda x, se, mu, tau: np.full_like(x, mu),
        ),
        Mistake(
            "this is the plain average of measurement and μ, without weights.",
            lambda x, se, mu, tau: (x + mu) / 2,
        ),
        Mistake(
            "you forgot to divide by the sum of the precisions.",
            lambda x, se, mu, tau: x / se**2 + mu / tau**2,
        ),
        Mistake(
            "this is the posterior variance 1/(1/σ² + 1/τ²). Asked is the mean.",
            lambda x, se, mu, tau: se**2 * tau**2 / (se**2 + tau**2),
        ),
        Mistake(
            "this is how far each school is moved. Asked is where it ends.",
            lambda x, se, mu, tau: _pooled(x, se, mu, tau) - x,
        ),
    ),
)


# 3. E[z_n | x_n] of a factor model: [N, D], [D, L], [D], [D] → [N, L].


def _factors(x, loadings, noise_sd, mean, variance=None, prior=1.0):
    variance = noise_sd**2 if variance is None else variance
    weighted = loadings / variance[:, None]
    precision = prior * np.eye(loadings.shape[1]) + loadings.T @ weighted
    return np.linalg.solve(precision, weighted.T @ (x - mean).T).T


def _factor_case(seed, num_data, num_visible, num_latent):
    rng = np.random.default_rng(seed)
    return Case(
        {
            "x": np.round(rng.normal(size=(num_data, num_visible)), 1),
            "loadings": np.round(rng.normal(size=(num_visible, num_latent)), 1),
            "noise_sd": np.round(rng.uniform(0.4, 2.5, size=num_visible), 1),
            "mean": np.round(rng.normal(size=num_visible), 1),
        }
    )


FACTORS = Exercise(
    id="latent_variables.3",
    title="What a factor model believes",
    call="factor_means(x, loadings, noise_sd, mean)",
    builds="vicourse.models.LinearGaussian.posterior",
    cases=(_factor_case(1, 2, 3, 2), _factor_case(2, 3, 5, 2)),
    reference=_factors,
    hints=(
        "The precision of the posterior is M = I + Wᵀ Ψ⁻¹ W, and Ψ holds the variances.",
        "For one observation the mean is M⁻¹ Wᵀ Ψ⁻¹ (x − μ). Do it with one, then with all.",
        "Divide each row of W by its variance: call the result V. Then M = I + Wᵀ V, and the "
        "means are the rows of (x − μ) V M⁻¹.",
    ),
    mistakes=(
        Mistake(
            "you used the standard deviations where Ψ has variances.",
            lambda x, loadings, noise_sd, mean: _factors(x, loadings, noise_sd, mean, noise_sd),
        ),
        Mistake(
            "the mean μ is not subtracted.",
            lambda x, loadings, noise_sd, mean: _factors(x, loadings, noise_sd, 0.0),
        ),
        Mistake(
            "this is weighted least squares: the prior's I is missing in M.",
            lambda x, loadings, noise_sd, mean: _factors(x, loadings, noise_sd, mean, prior=0.0),
        ),
        Mistake(
            "the noise does not enter: all measurements count alike.",
            lambda x, loadings, noise_sd, mean: _factors(
                x, loadings, noise_sd, mean, np.ones_like(mean)
            ),
        ),
        Mistake(
            "this is ordinary least squares: both the prior and the noise are missing.",
            lambda x, loadings, noise_sd, mean: _factors(
                x, loadings, noise_sd, mean, np.ones_like(mean), prior=0.0
            ),
        ),
        Mistake(
            "M⁻¹ is missing: this is Wᵀ Ψ⁻¹ (x − μ), which still has to be divided by M.",
            lambda x, loadings, noise_sd, mean: (x - mean) @ (loadings / noise_sd[:, None] ** 2),
        ),
        Mistake(
            "rows and columns are exchanged: asked is one row for each observation.",
            lambda *inputs: _factors(*inputs).T,
        ),
    ),
)


# 4. log p(x) of a mixture with unknown means, by enumeration: [N], [K], [], [] → [].


def _assignment_terms(x, shares, prior_sd, noise_sd):
    """log p(c) and log p(x | c) for every assignment c: [Kᴺ] each."""
    log_prior, log_data = [], []
    for c in itertools.product(range(len(shares)), repeat=len(x)):
        same = np.equal.outer(c, c)
        covariance = noise_sd**2 * np.eye(len(x)) + prior_sd**2 * same
        squares = x @ np.linalg.solve(covariance, x)
        log_det = np.linalg.slogdet(2 * np.pi * covariance)[1]
        log_prior.append(np.log(shares[list(c)]).sum())
        log_data.append(-0.5 * (log_det + squares))
    return np.array(log_prior), np.array(log_data)


def _log_sum_exp(values):
    return _log_mean_exp(values) + np.log(len(values))


def _log_evidence(x, shares, prior_sd, noise_sd):
    return _log_sum_exp(sum(_assignment_terms(x, shares, prior_sd, noise_sd)))


ENUMERATION = Exercise(
    id="latent_variables.4",
    title="An evidence, term by term",
    call="log_evidence(x, shares, prior_sd, noise_sd)",
    builds="vicourse.models.GaussianMixture.log_evidence",
    cases=(
        Case(
            {
                "x": np.array([-1.5, 2.0]),
                "shares": np.array([0.3, 0.7]),
                "prior_sd": 2.0,
                "noise_sd": 0.8,
            }
        ),
        Case(
            {
                "x": np.array([-1.0, 0.5, 1.5, -2.0]),
                "shares": np.array([0.4, 0.6]),
                "prior_sd": 1.5,
                "noise_sd": 0.7,
            }
        ),
        Case(
            {
                "x": np.array([0.5, 2.5, -1.0]),
                "shares": np.array([0.2, 0.5, 0.3]),
                "prior_sd": 3.0,
                "noise_sd": 1.2,
            }
        ),
        Case(
            {
                "x": np.array([60.0, -45, 80]),
                "shares": np.array([0.2, 0.8]),
                "prior_sd": 1.5,
                "noise_sd": 0.5,
            },
            alone="your sum is right for moderate data. For far-out data every term rounds to 0 "
            "before you take the logarithm. Add up logarithms with `scipy.special.logsumexp`.",
        ),
    ),
    reference=_log_evidence,
    hints=(
        "`itertools.product(range(K), repeat=N)` or `models.enumerate_states(K, N)` gives all "
        "assignments c. For each: the product of the shares, times p(x | c).",
        "Given c, x is Gaussian with mean 0. Two points of one kind share the same μ_k, so their "
        "covariance is prior_sd². Each point's own variance is prior_sd² + noise_sd².",
        "The covariance is noise_sd² I + prior_sd² A, where A has a 1 where two points have the "
        "same kind. Collect log p(c) + log p(x | c), and end with `scipy.special.logsumexp`.",
    ),
    mistakes=(
        Mistake(
            "the shares are missing: each assignment must be weighed by its probability p(c).",
            lambda *inputs: _log_sum_exp(_assignment_terms(*inputs)[1]),
        ),
        Mistake(
            "you gave all assignments the same probability. p(c) is the product of the shares.",
            lambda *inputs: _log_mean_exp(_assignment_terms(*inputs)[1]),
        ),
        Mistake(
            "this is the most probable assignment alone. The evidence adds up all of them.",
            lambda *inputs: np.max(sum(_assignment_terms(*inputs))),
        ),
        Mistake(
            "you averaged the logarithms over the assignments: this is a lower bound. Asked is "
            "the logarithm of the average.",
            lambda *inputs: np.sum(
                np.exp(_assignment_terms(*inputs)[0]) * _assignment_terms(*inputs)[1]
            ),
        ),
        Mistake(
            "you added up the logarithms of the terms. Asked is the logarithm of their sum.",
            lambda *inputs: np.sum(sum(_assignment_terms(*inputs))),
        ),
        Mistake(
            "this is p(x). Asked is its logarithm.",
            lambda *inputs: np.exp(_log_evidence(*inputs)),
        ),
        Mistake(
            "you treated the points as independent given c. Points of one kind share a mean that "
            "is unknown: they are correlated.",
            lambda x, shares, prior_sd, noise_sd: _log_normal(x, noise_sd**2 + prior_sd**2).sum(),
        ),
        Mistake(
            "you set the means to zero. They are unknown, with standard deviation prior_sd.",
            lambda x, shares, prior_sd, noise_sd: _log_normal(x, noise_sd**2).sum(),
        ),
        Mistake(
            "you used standard deviations where the covariance wants variances.",
            lambda x, shares, prior_sd, noise_sd: _log_evidence(
                x, shares, np.sqrt(prior_sd), np.sqrt(noise_sd)
            ),
        ),
    ),
)


# 5. A bug to find: log of the average of p(x | z_s) over prior draws: [B, S] → [B].


BUG = Exercise(
    id="latent_variables.5",
    title="A bug to find",
    call="log_evidence_from_draws(log_p)",
    cases=(
        Case({"log_p": np.array([[-1.0, -2, -4], [-3, -0.5, -2]])}),
        Case({"log_p": np.round(np.random.default_rng(3).normal(-5, 3, size=(3, 4)), 1)}),
        Case(
            {"log_p": np.array([[-2000.0, -2003, -2001], [-900, -905, -901]])},
            alone="right for moderate likelihoods. At −2000 nats the exponential rounds to 0. "
            "Subtract the largest value first, or use `tf.reduce_logsumexp`.",
        ),
    ),
    reference=lambda log_p: _log_mean_exp(log_p, axis=1),
    hints=(
        "The evidence is the mean of the likelihoods. In which order do mean and logarithm come?",
        "The logarithm of a mean is larger than the mean of the logarithms, unless all are equal. "
        "How does one average numbers of which only the logarithms are at hand?",
        "`tf.reduce_logsumexp` (or `scipy.special.logsumexp`) is the logarithm of a sum. "
        "A mean is the sum divided by S, the number of draws.",
    ),
    mistakes=(
        Mistake(
            "this is the function as it was given: the bug is still in it.",
            lambda log_p: log_p.mean(axis=1),
        ),
        Mistake(
            "this is the logarithm of the sum. The mean still wants to be divided by S.",
            lambda log_p: _log_mean_exp(log_p, axis=1) + np.log(log_p.shape[1]),
        ),
        Mistake(
            "this is the evidence itself. Asked is its logarithm.",
            lambda log_p: np.exp(log_p).mean(axis=1),
        ),
        Mistake(
            "you averaged over the data sets: asked is the mean over the draws, axis 1.",
            lambda log_p: _log_mean_exp(log_p, axis=0),
        ),
        Mistake(
            "you averaged over everything. Keep one value for each data set.",
            lambda log_p: _log_mean_exp(log_p),
        ),
        Mistake(
            "this is the best draw alone.",
            lambda log_p: log_p.max(axis=1),
        ),
        Mistake(
            "you added up the logarithms: that is the logarithm of a product.",
            lambda log_p: log_p.sum(axis=1),
        ),
        Mistake(
            "you subtracted S. Dividing by S subtracts log S.",
            lambda log_p: _log_mean_exp(log_p, axis=1) + np.log(log_p.shape[1]) - log_p.shape[1],
        ),
    ),
)


# 6. A prediction.

PREDICTION = Choice(
    id="latent_variables.6",
    title="A prediction",
    right="b",
    wrong={
        "a": "6.2 points came from a measurement with an error of 15 points. What weighs it now?",
        "c": "Pooling was strong because the differences could be noise. Can they still be?",
        "d": "It says enough: look at the two weights of partial pooling, and at what the data "
        "now say about τ.",
    },
    why="Differences of 20 points cannot be noise of 1.5 points. The posterior of τ moves away "
    "from 0, the precision 1/σ² grows a hundredfold, and each school stays near its measurement. "
    "The data, not the model, decide how much is pooled.",
    hints=(
        "Which of the two weights in the pooling formula contains the standard error?",
        "And τ: could schools that differ by 20 points, with errors near 1, be all alike?",
    ),
)


# 7. How many prior draws: [B, d], [], [] → [B].


def _log_second_moment_ratio(x, noise_sd):
    """log of E[p(x | z)²] / p(x)² for each number, [B, d]."""
    v = noise_sd**2
    log_second = _log_normal(x, 1 + v / 2) - np.log(2 * noise_sd * np.sqrt(np.pi))
    return log_second - 2 * _log_normal(x, 1 + v)


def _draws(x, noise_sd, relative_error):
    ratio = np.exp(_log_second_moment_ratio(x, noise_sd).sum(axis=1))
    return (ratio - 1) / relative_error**2


RESEARCH = Exercise(
    id="latent_variables.7",
    title="How many guesses does a prior need?",
    call="draws_needed(x, noise_sd, relative_error)",
    cases=(
        Case(
            {
                "x": np.array([[1.0, 0.5], [0.0, 2.0], [-1.0, 1.5]]),
                "noise_sd": 0.5,
                "relative_error": 0.1,
            }
        ),
        Case(
            {
                "x": np.array([[1.0, 1, 1], [0.2, -1.5, 2.5]]),
                "noise_sd": 0.1,
                "relative_error": 0.25,
            }
        ),
    ),
    reference=_draws,
    hints=(
        "The relative variance of a mean of S values w is (E[w²]/E[w]² − 1)/S, with w = p(x | z).",
        "For one number: E[w] = N(x; 0, 1 + σ²). And N(x; z, σ²)² = N(x; z, σ²/2)/(2σ√π), so "
        "E[w²] = N(x; 0, 1 + σ²/2)/(2σ√π).",
        "The numbers are independent, so E[w] and E[w²] are products over d. Subtract the 1 once, "
        "after the product, and divide by the squared relative error.",
    ),
    mistakes=(
        Mistake(
            "you divided by the relative error. Its square belongs there.",
            lambda x, noise_sd, relative_error: (
                relative_error * _draws(x, noise_sd, relative_error)
            ),
        ),
        Mistake(
            "the −1 is missing: a variance is E[w²] − E[w]².",
            lambda x, noise_sd, relative_error: (
                _draws(x, noise_sd, relative_error) + relative_error**-2.0
            ),
        ),
        Mistake(
            "you added up the single numbers' relative variances. E[w²] and E[w] are products.",
            lambda x, noise_sd, relative_error: (
                np.expm1(_log_second_moment_ratio(x, noise_sd)).sum(axis=1) / relative_error**2
            ),
        ),
        Mistake(
            "you multiplied the single numbers' relative variances. Take the product of the ratios "
            "E[w²]/E[w]², and subtract 1 from it once.",
            lambda x, noise_sd, relative_error: (
                np.expm1(_log_second_moment_ratio(x, noise_sd)).prod(axis=1) / relative_error**2
            ),
        ),
        Mistake(
            "you divided by E[w] where E[w]² belongs.",
            lambda x, noise_sd, relative_error: (
                np.expm1(
                    (_log_second_moment_ratio(x, noise_sd) + _log_normal(x, 1 + noise_sd**2)).sum(
                        axis=1
                    )
                )
                / relative_error**2
            ),
        ),
        Mistake(
            "this is the logarithm of the number of draws.",
            lambda *inputs: np.log(_draws(*inputs)),
        ),
        Mistake(
            "this is the relative variance of a single draw. How many draws bring it down to the "
            "squared relative error?",
            lambda x, noise_sd, relative_error: _draws(x, noise_sd, 1.0),
        ),
    ),
)


EXERCISES = (RESPONSIBILITIES, POOLING, FACTORS, ENUMERATION, BUG, PREDICTION, RESEARCH)
