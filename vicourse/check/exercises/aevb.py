"""Exercises of the chapter deep/aevb: the paper's estimators, and the noise in them.

Everything here is NumPy in float64, written plainly. `sigma` and `tau` are standard deviations,
`log_var` is log σ². Shapes: `x` is [batch, visible]; `mu`, `log_var`, `eps`, `sigma` are
[batch, latents], except in the first exercise, where `mu` and `sigma` are numbers.
"""

import numpy as np

from vicourse.check.exercise import Case, Choice, Exercise, Mistake


def _random(seed, *shape, scale=1.0):
    """Reproducible inputs, rounded so that they can be read and typed."""
    return np.round(scale * np.random.default_rng(seed).standard_normal(shape), 1)


# 1. The score-function estimate of d/dμ E[f(z)] under N(μ, σ²).


def _score_terms(f_values, z, mu, sigma):
    return f_values * (z - mu) / sigma**2


def _score_gradient(f_values, z, mu, sigma):
    return _score_terms(f_values, z, mu, sigma).mean()


SCORE = Exercise(
    id="aevb.1",
    title="The naive gradient",
    call="score_gradient(f_values, z, mu, sigma)",
    builds="vicourse.gradients.gradient_estimator",
    cases=(
        Case(
            {
                "f_values": np.array([4.0, 1, 2.5]),
                "z": np.array([2.0, -1, 1.5]),
                "mu": 0.5,
                "sigma": 2.0,
            }
        ),
        Case({"f_values": _random(1, 5) + 3, "z": _random(2, 5), "mu": -0.7, "sigma": 0.6}),
    ),
    reference=_score_gradient,
    hints=(
        "The score function says: the mean of f(z) times the derivative of log q(z) with respect "
        "to μ.",
        "log q(z) = −(z − μ)²/(2σ²) + terms without μ. Differentiate with respect to μ, not to z: "
        "the two differ in sign.",
        "The score is (z − μ)/σ². Multiply by f, draw by draw, and take the mean.",
    ),
    mistakes=(
        Mistake(
            "you differentiated log q by z. By μ the sign is the other one.",
            lambda *inputs: -_score_gradient(*inputs),
        ),
        Mistake(
            "you divided by σ. The score has the variance, σ², below it.",
            lambda f_values, z, mu, sigma: _score_gradient(f_values, z, mu, np.sqrt(sigma)),
        ),
        Mistake(
            "the division by σ² is missing.",
            lambda f_values, z, mu, sigma: _score_gradient(f_values, z, mu, 1.0),
        ),
        Mistake(
            "you summed over the draws. Asked is their mean.",
            lambda *inputs: _score_terms(*inputs).sum(),
        ),
        Mistake("you have one value for each draw. Asked is their mean.", _score_terms),
        Mistake(
            "f does not enter: this is the mean score, which estimates 0.",
            lambda f_values, z, mu, sigma: _score_gradient(1.0, z, mu, sigma),
        ),
        Mistake(
            "you multiplied the mean of f by the mean score. The product comes first, then the "
            "mean.",
            lambda f_values, z, mu, sigma: f_values.mean() * _score_gradient(1.0, z, mu, sigma),
        ),
        Mistake(
            "μ does not enter the score: it is (z − μ)/σ².",
            lambda f_values, z, mu, sigma: _score_gradient(f_values, z, 0.0, sigma),
        ),
        Mistake(
            "this weighs f with log q. It must be the derivative of log q.",
            lambda f_values, z, mu, sigma: np.mean(
                f_values
                * (-0.5 * np.log(2 * np.pi) - np.log(sigma) - 0.5 * ((z - mu) / sigma) ** 2)
            ),
        ),
        Mistake(
            "you subtracted the mean of f as a baseline. With a draw's own f in it, that shrinks "
            "the gradient; asked is the plain estimate.",
            lambda f_values, z, mu, sigma: _score_gradient(
                f_values - f_values.mean(), z, mu, sigma
            ),
        ),
        Mistake(
            "this is the gradient with respect to σ.",
            lambda f_values, z, mu, sigma: np.mean(
                f_values * ((z - mu) ** 2 / sigma**3 - 1 / sigma)
            ),
        ),
    ),
)


# 2. Kumaraswamy draws by the inverse distribution function: F(z) = 1 − (1 − z^a)^b.


def _kumaraswamy(u, a, b):
    return (1 - (1 - u) ** (1 / b)) ** (1 / a)


KUMARASWAMY = Exercise(
    id="aevb.2",
    title="A recipe of your own",
    call="kumaraswamy_draw(u, a, b)",
    cases=(
        Case({"u": np.array([0.1, 0.5, 0.8]), "a": 2.0, "b": 3.0}),
        Case({"u": np.array([0.05, 0.3, 0.65, 0.95]), "a": 0.7, "b": 1.6}),
        Case({"u": np.array([[0.2, 0.4], [0.6, 0.9]]), "a": 3.5, "b": 0.5}),
    ),
    reference=_kumaraswamy,
    hints=(
        "Set u = F(z) and solve for z, one layer after the other, from the outside.",
        "1 − u = (1 − z^a)^b. Take the root of order b on both sides.",
        "z^a = 1 − (1 − u)^(1/b). One root is left.",
    ),
    mistakes=(
        Mistake(
            "this is F itself. Asked is its inverse.",
            lambda u, a, b: 1 - (1 - u**a) ** b,
        ),
        Mistake(
            "this is the density. A draw is the inverse of the distribution function.",
            lambda u, a, b: a * b * u ** (a - 1) * (1 - u**a) ** (b - 1),
        ),
        Mistake("a and b have changed places.", lambda u, a, b: _kumaraswamy(u, b, a)),
        Mistake(
            "u stands where 1 − u should be. These draws have the right distribution too, but "
            "they are the quantiles of 1 − u.",
            lambda u, a, b: _kumaraswamy(1 - u, a, b),
        ),
        Mistake(
            "the last root, of order a, is missing: this is z^a.",
            lambda u, a, b: _kumaraswamy(u, 1.0, b),
        ),
        Mistake(
            "the root of order b is missing.",
            lambda u, a, b: _kumaraswamy(u, a, 1.0),
        ),
        Mistake(
            "you raised to the powers a and b. Undoing a power takes a root, 1/a and 1/b.",
            lambda u, a, b: _kumaraswamy(u, 1 / a, 1 / b),
        ),
        Mistake(
            "you raised to the power b. Undoing it takes a root, 1/b.",
            lambda u, a, b: _kumaraswamy(u, a, 1 / b),
        ),
        Mistake(
            "you raised to the power a. Undoing it takes a root, 1/a.",
            lambda u, a, b: _kumaraswamy(u, 1 / a, b),
        ),
        Mistake(
            "the outer 1 − … is missing: (1 − u)^(1/b) is 1 − z^a, not z^a.",
            lambda u, a, b: (1 - u) ** (1 / (a * b)),
        ),
    ),
)


# 3. SGVB A: log p(x given z) + log p(z) − log q(z given x) at z = μ + σε; decoder N(W z, τ² I).


def _log_normal_pdf(value, mean, sd):
    return -0.5 * np.log(2 * np.pi) - np.log(sd) - 0.5 * ((value - mean) / sd) ** 2


def _terms(x, mu, log_var, eps, w, tau, reduce=np.sum):
    """log p(x given z), log p(z) and log q(z given x) at the draw, reduced over the numbers."""
    sigma = np.exp(log_var / 2)
    z = mu + sigma * eps
    return (
        reduce(_log_normal_pdf(x, z @ w.T, tau), axis=1),
        reduce(_log_normal_pdf(z, 0, 1), axis=1),
        reduce(_log_normal_pdf(z, mu, sigma), axis=1),
    )


def _combined(likelihood=1, prior=1, q=-1, **options):
    """The three terms, each times its factor."""

    def answer(*inputs):
        terms = _terms(*inputs, **options)
        return likelihood * terms[0] + prior * terms[1] + q * terms[2]

    return answer


def _sgvb_a(x, mu, log_var, eps, w, tau):
    return _combined()(x, mu, log_var, eps, w, tau)


def _closed_kl(mu, log_var):
    return 0.5 * (mu**2 + np.exp(log_var) - log_var - 1).sum(axis=1)


def _constants(x, mu):
    """½ log 2π for each of the D numbers of x: in log p(z) and log q the others cancel."""
    return 0.5 * np.log(2 * np.pi) * x.shape[1]


SGVB_A = Exercise(
    id="aevb.3",
    title="SGVB, version A",
    call="sgvb_a(x, mu, log_var, eps, w, tau)",
    builds="vicourse.objectives.elbo",
    cases=(
        Case(
            {
                "x": np.array([[1.0, 0, 2], [-1, 0.5, 1]]),
                "mu": np.array([[0.5, -1], [0, 1]]),
                "log_var": np.array([[-1.0, 0.4], [0.2, -2]]),
                "eps": np.array([[1.0, -0.5], [0.3, 2]]),
                "w": np.array([[1.0, 0.5], [-0.5, 2], [0, 1]]),
                "tau": 0.8,
            }
        ),
        Case(
            {
                "x": _random(3, 3, 2),
                "mu": _random(4, 3, 3),
                "log_var": _random(5, 3, 3),
                "eps": _random(6, 3, 3),
                "w": _random(7, 2, 3),
                "tau": 1.7,
            }
        ),
    ),
    reference=_sgvb_a,
    hints=(
        "First the draw: σ is the exponential of half of `log_var`. Then three Gaussian log "
        "densities at this one z.",
        "A Gaussian log density of one number is −½ log 2π − log σ − ½ ((value − mean)/σ)². "
        "Sum the first over D numbers, the other two over L latents.",
        "In log q(z given x) the standardised value (z − μ)/σ is ε itself. The mean of the "
        "decoder for a whole batch is z times the transpose of w.",
    ),
    mistakes=(
        Mistake("−log q(z given x) is missing: this is log p(x, z).", _combined(q=0)),
        Mistake("log q(z given x) is added. It must be subtracted.", _combined(q=1)),
        Mistake("log p(z), the prior, is missing.", _combined(prior=0)),
        Mistake(
            "log p(z), the prior, is subtracted. It is a part of the joint.", _combined(prior=-1)
        ),
        Mistake("log p(x given z) is missing.", _combined(likelihood=0)),
        Mistake(
            "this is log p(x given z) alone: prior and q do not enter.", _combined(prior=0, q=0)
        ),
        Mistake(
            "this is version B, with the KL in closed form. Asked is version A, at the draw.",
            lambda x, mu, log_var, eps, w, tau: (
                _terms(x, mu, log_var, eps, w, tau)[0] - _closed_kl(mu, log_var)
            ),
        ),
        Mistake(
            "you averaged over the latents and over the numbers of x. Each log density is a sum.",
            _combined(reduce=np.mean),
        ),
        Mistake(
            "you read `log_var` as log σ. It is log σ², so σ is the exponential of half of it.",
            lambda x, mu, log_var, eps, w, tau: _sgvb_a(x, mu, 2 * log_var, eps, w, tau),
        ),
        Mistake(
            "you took tau for the variance. It is the standard deviation.",
            lambda x, mu, log_var, eps, w, tau: _sgvb_a(x, mu, log_var, eps, w, np.sqrt(tau)),
        ),
        Mistake(
            "tau does not enter: this decoder has standard deviation 1.",
            lambda x, mu, log_var, eps, w, tau: _sgvb_a(x, mu, log_var, eps, w, 1.0),
        ),
        Mistake(
            "you decoded the mean μ. The draw z belongs into the decoder.",
            lambda x, mu, log_var, eps, w, tau: (
                _log_normal_pdf(x, mu @ w.T, tau).sum(axis=1)
                + _combined(likelihood=0)(x, mu, log_var, eps, w, tau)
            ),
        ),
        Mistake(
            "the constants are missing: −½ log 2π for each number of x.",
            lambda x, mu, *rest: _sgvb_a(x, mu, *rest) + _constants(x, mu),
        ),
        Mistake(
            "the sign is turned round: this is the loss.",
            lambda *inputs: -_sgvb_a(*inputs),
        ),
        Mistake(
            "you summed over the batch. Keep one value for each data point.",
            lambda *inputs: _sgvb_a(*inputs).sum(),
        ),
        Mistake(
            "you averaged over the batch. Keep one value for each data point.",
            lambda *inputs: _sgvb_a(*inputs).mean(),
        ),
    ),
)


# 4. A bug to find: the minibatch estimate of Σ ELBO(x_i) + log p(weights).


def _log_prior(weights):
    return _log_normal_pdf(weights, 0, 1).sum()


def _objective(bounds, weights, num_data):
    return num_data / len(bounds) * bounds.sum() + _log_prior(weights)


BUG = Exercise(
    id="aevb.4",
    title="A bug to find",
    call="objective(bounds, weights, num_data)",
    cases=(
        Case(
            {"bounds": np.array([-3.0, -4, -2]), "weights": np.array([0.5, -1.5]), "num_data": 6.0}
        ),
        Case({"bounds": _random(8, 4) - 5, "weights": _random(9, 5), "num_data": 90.0}),
    ),
    reference=_objective,
    hints=(
        "Call it on a minibatch of half of the data. How often does the prior count?",
        "The factor N/M stands for the data points that are not in the minibatch. The prior on "
        "the weights belongs to none of them.",
    ),
    mistakes=(
        Mistake(
            "this is the function as it was given: the bug is still in it.",
            lambda bounds, weights, num_data: (
                num_data / len(bounds) * (bounds.sum() + _log_prior(weights))
            ),
        ),
        Mistake(
            "now nothing is scaled: the minibatch stands for N data points, so its bounds count "
            "N/M times.",
            lambda bounds, weights, num_data: bounds.sum() + _log_prior(weights),
        ),
        Mistake(
            "this is the objective divided by N, per data point. Its maximum is in the same "
            "place, but asked is the value for the whole data set.",
            lambda bounds, weights, num_data: _objective(bounds, weights, num_data) / num_data,
        ),
        Mistake(
            "the bounds are averaged over the minibatch and the prior counts in full: it weighs "
            "N times too much.",
            lambda bounds, weights, num_data: bounds.mean() + _log_prior(weights),
        ),
        Mistake(
            "the prior is divided by N, but the bounds are scaled to all N data points: it "
            "weighs N times too little.",
            lambda bounds, weights, num_data: (
                num_data * bounds.mean() + _log_prior(weights) / num_data
            ),
        ),
        Mistake(
            "now the prior is scaled down by M/N. It counts once.",
            lambda bounds, weights, num_data: (
                num_data * bounds.mean() + _log_prior(weights) * len(bounds) / num_data
            ),
        ),
        Mistake(
            "only the prior is scaled. It is the other one that must be.",
            lambda bounds, weights, num_data: (
                bounds.sum() + num_data / len(bounds) * _log_prior(weights)
            ),
        ),
        Mistake(
            "the factor is upside down: it is N/M.",
            lambda bounds, weights, num_data: (
                len(bounds) / num_data * bounds.sum() + _log_prior(weights)
            ),
        ),
        Mistake(
            "the prior is gone altogether.",
            lambda bounds, weights, num_data: num_data * bounds.mean(),
        ),
        Mistake(
            "the prior is subtracted. The objective is to be made large, and a probable θ is good.",
            lambda bounds, weights, num_data: num_data * bounds.mean() - _log_prior(weights),
        ),
        Mistake(
            "this is a loss: asked is the objective that is made large.",
            lambda *inputs: -_objective(*inputs),
        ),
        Mistake(
            "the log prior is averaged over the weights. It is a sum.",
            lambda bounds, weights, num_data: (
                num_data * bounds.mean() + _log_normal_pdf(weights, 0, 1).mean()
            ),
        ),
    ),
)


# 5. A prediction.

PREDICTION = Choice(
    id="aevb.5",
    title="A prediction",
    right="c",
    wrong={
        "a": "The proof moves the derivative inside the average, and that asks for more than a "
        "derivative at almost every point. What happens to a draw that crosses 0?",
        "b": "No draw lands on 0 exactly, and automatic differentiation looks only at the draws "
        "it gets.",
        "d": "Look at the single estimate: it is f'(z), which is 1 or 0. Could its variance be "
        "infinite?",
    },
    why="f'(z) is 1 to the right of 0 and 0 to the left, so the estimate is ½. The truth is larger "
    "by the height of the jump times the density of q there, and no draw ever sees that part.",
    hints=(
        "For which draws does automatic differentiation see the jump?",
        "E[f] changes with μ for two reasons: draws to the right of 0 rise along the slope, and "
        "some draws cross 0. Which of the two shows up in f'(z)?",
    ),
)


# 6. Var_q[log p(x given z)] where q is the posterior: that of log q − log p, in closed form.


def _linear_part(mu, sigma):
    return (mu * sigma) ** 2


def _square_part(sigma):
    return 0.5 * (1 - sigma**2) ** 2


def _variance_terms(mu, sigma):
    return _linear_part(mu, sigma) + _square_part(sigma)


NOISE = Exercise(
    id="aevb.6",
    title="The noise that B keeps",
    call="variance_of_b(mu, sigma)",
    cases=(
        Case(
            {
                "mu": np.array([[1.0, 0, -2], [0.5, 1.5, 0]]),
                "sigma": np.array([[0.5, 1, 0.2], [0.6, 0.3, 0.1]]),
            }
        ),
        Case({"mu": _random(10, 3, 2), "sigma": np.array([[0.4, 0.9], [1.3, 0.5], [0.1, 0.7]])}),
    ),
    reference=lambda mu, sigma: _variance_terms(mu, sigma).sum(axis=1),
    hints=(
        "Bayes' rule: log p(x given z) = log p(x) + log q(z given x) − log p(z). Which of these "
        "vary with z?",
        "Put z = μ + σε into log q − log p, one latent at a time. It becomes a polynomial in ε: "
        "constant + μσ ε + ½(σ² − 1) ε².",
        "Var[ε] = 1, Var[ε²] = 2, and ε and ε² are uncorrelated. The latents are independent, so "
        "their variances add.",
    ),
    mistakes=(
        Mistake(
            "the part with ε² is missing: Var[½(σ² − 1) ε²] = ½(σ² − 1)².",
            lambda mu, sigma: _linear_part(mu, sigma).sum(axis=1),
        ),
        Mistake(
            "the part with ε is missing: Var[μσ ε] = μ²σ².",
            lambda mu, sigma: (_square_part(sigma) + 0 * mu).sum(axis=1),
        ),
        Mistake(
            "you took Var[ε²] for 1. It is 2: E[ε⁴] − 1 = 3 − 1.",
            lambda mu, sigma: (_linear_part(mu, sigma) + _square_part(sigma) / 2).sum(axis=1),
        ),
        Mistake(
            "you took Var[ε²] for 3, which is E[ε⁴]. The square of the mean goes off.",
            lambda mu, sigma: (_linear_part(mu, sigma) + 1.5 * _square_part(sigma)).sum(axis=1),
        ),
        Mistake(
            "the ½ in front of (σ² − 1) is missing.",
            lambda mu, sigma: (_linear_part(mu, sigma) + 4 * _square_part(sigma)).sum(axis=1),
        ),
        Mistake(
            "this is the variance of log p(z) alone. log q varies as well.",
            lambda mu, sigma: (_linear_part(mu, sigma) + sigma**4 / 2).sum(axis=1),
        ),
        Mistake(
            "this is the variance of log q alone. log p(z) varies as well.",
            lambda mu, sigma: (0.5 + 0 * mu).sum(axis=1),
        ),
        Mistake(
            "this is the sum of the variances of log q and log p(z). They are correlated: both "
            "look at the same draw.",
            lambda mu, sigma: (_linear_part(mu, sigma) + sigma**4 / 2 + 0.5).sum(axis=1),
        ),
        Mistake(
            "this is the mean over x, for codes that follow the prior. Asked is the variance for "
            "the given μ.",
            lambda mu, sigma: (0.5 * (1 - sigma**4) + 0 * mu).sum(axis=1),
        ),
        Mistake(
            "you have one value for each latent. Sum them for each data point.", _variance_terms
        ),
        Mistake(
            "you averaged over the latents. The variances of independent terms add.",
            lambda mu, sigma: _variance_terms(mu, sigma).mean(axis=1),
        ),
        Mistake(
            "this is the standard deviation. Asked is the variance.",
            lambda mu, sigma: np.sqrt(_variance_terms(mu, sigma).sum(axis=1)),
        ),
        Mistake(
            "you used σ² for σ.",
            lambda mu, sigma: _variance_terms(mu, sigma**2).sum(axis=1),
        ),
        Mistake(
            "you used σ where the formula has σ²: is `sigma` a variance in your derivation?",
            lambda mu, sigma: _variance_terms(mu, np.sqrt(sigma)).sum(axis=1),
        ),
        Mistake(
            "you summed over the batch too. Keep one variance for each data point.",
            lambda mu, sigma: _variance_terms(mu, sigma).sum(),
        ),
    ),
)


EXERCISES = (SCORE, KUMARASWAMY, SGVB_A, BUG, PREDICTION, NOISE)
