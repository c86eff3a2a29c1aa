"""Exercises of the chapter foundations/divergences: KL twice, a fit, an estimator, and a slip.

Everything here is NumPy in float64, written plainly. Shapes: discrete distributions `p`, `q` are
[batch, symbols]; `mu_p`, `sigma_p`, `mu_q`, `sigma_q` are [batch], the sigmas standard deviations;
`weights`, `means`, `sds` are [components]; `log_p`, `log_q` are [draws].
"""

import numpy as np
from scipy.special import rel_entr

from vicourse.check.exercise import Case, Choice, Exercise, Mistake, Number

# 1. KL(p ‖ q) between discrete distributions, per pair, in nats; 0 log 0 counts as 0.


def _kl(p, q):
    return rel_entr(p, q).sum(axis=1)


def _entropy(p):
    return -(p * np.log(p)).sum(axis=1)


WASTE = Exercise(
    id="divergences.1",
    title="What a wrong code wastes",
    call="waste(p, q)",
    builds="vicourse.divergences.kl",
    cases=(
        Case(
            {
                "p": np.array([[0.5, 0.25, 0.25], [0.125, 0.375, 0.5]]),
                "q": np.array([[0.25, 0.25, 0.5], [0.5, 0.375, 0.125]]),
            }
        ),
        Case(
            {
                "p": np.array([[8, 4, 2, 2], [1, 1, 4, 10], [4, 4, 4, 4]]) / 16,
                "q": np.array([[1, 3, 4, 8], [2, 6, 4, 4], [13, 1, 1, 1]]) / 16,
            }
        ),
        Case(
            {
                "p": np.array([[0.5, 0.5, 0, 0], [0.25, 0.25, 0.5, 0], [0.25, 0.25, 0.25, 0.25]]),
                "q": np.array([[0.25, 0.5, 0.25, 0], [0.5, 0.25, 0.25, 0], [0.5, 0, 0.25, 0.25]]),
            },
            alone="your formula is right where all probabilities are positive. A word that never "
            "happens (p = 0) costs nothing, whatever q reserves for it; a word that happens and "
            "for which q reserves nothing (q = 0) costs infinitely much.",
        ),
    ),
    reference=_kl,
    hints=(
        "The word x costs −log q(x) in the wrong code and −log p(x) in the right one. "
        "Which of the two distributions do the words come from?",
        "The waste of a word is log p(x)/q(x), and its mean is the sum of p(x) log p(x)/q(x).",
        "Where p(x) = 0 the product 0 · log 0 is NaN for a computer. `tf.math.xlogy(p, p / q)` "
        "and `scipy.special.rel_entr(p, q)` know that it is 0.",
    ),
    mistakes=(
        Mistake(
            "this is KL(q‖p): you swapped the arguments. The words come from p.",
            lambda p, q: _kl(q, p),
        ),
        Mistake(
            "this is in bits. All logarithms here are natural.",
            lambda p, q: _kl(p, q) / np.log(2),
        ),
        Mistake(
            "the sign is turned round: this is −KL, and a KL is never negative.",
            lambda p, q: -_kl(p, q),
        ),
        Mistake(
            "this is the cross-entropy, what you pay. Subtract what you had to pay anyway.",
            lambda p, q: _kl(p, q) + _entropy(p),
        ),
        Mistake(
            "this is the difference of two entropies. Both means have to be taken over p.",
            lambda p, q: _entropy(q) - _entropy(p),
        ),
        Mistake(
            "you added the two directions: this is the Jeffreys divergence.",
            lambda p, q: _kl(p, q) + _kl(q, p),
        ),
        Mistake(
            "you took absolute values. Single words may be cheaper in the wrong code, and count.",
            lambda p, q: np.abs(rel_entr(p, q)).sum(axis=1),
        ),
        Mistake(
            "the words are not weighted by p: you summed log p/q over the words.",
            lambda p, q: np.log(p / q).sum(axis=1),
        ),
        Mistake(
            "you averaged over the words as if all were equally frequent. "
            "The factor p(x) is the weight already: sum.",
            lambda p, q: rel_entr(p, q).mean(axis=1),
        ),
        Mistake(
            "you have one value per word. Sum them for each pair.",
            rel_entr,
        ),
        Mistake(
            "you summed over the pairs too. Keep one value per pair: sum over axis 1 only.",
            lambda p, q: rel_entr(p, q).sum(),
        ),
        Mistake(
            "you summed over the pairs, not over the words: those are axis 1.",
            lambda p, q: rel_entr(p, q).sum(axis=0),
        ),
    ),
)


# 2. KL(N(mu_p, sigma_p²) ‖ N(mu_q, sigma_q²)), per pair, in nats.


def _gaussian_kl(mu_p, sigma_p, mu_q, sigma_q):
    square = sigma_p**2 + (mu_p - mu_q) ** 2
    return np.log(sigma_q / sigma_p) + square / (2 * sigma_q**2) - 0.5


GAUSSIAN = Exercise(
    id="divergences.2",
    title="Two Gaussians",
    call="gaussian_kl(mu_p, sigma_p, mu_q, sigma_q)",
    builds="vicourse.divergences.kl",
    cases=(
        Case(
            {
                "mu_p": np.array([0.0, 1.0]),
                "sigma_p": np.array([1.0, 0.5]),
                "mu_q": np.array([1.0, -0.5]),
                "sigma_q": np.array([2.0, 1.5]),
            }
        ),
        Case(
            {
                "mu_p": np.array([2.0, 0.0, -1.5]),
                "sigma_p": np.array([3.0, 0.7, 1.2]),
                "mu_q": np.array([0.5, 0.0, 1.0]),
                "sigma_q": np.array([0.8, 0.7, 2.5]),
            }
        ),
    ),
    reference=_gaussian_kl,
    hints=(
        "Write down log p(z) − log q(z). The constants with 2π cancel, and two squares are left.",
        "Under p the mean of (z − μ_p)² is σ_p². For (z − μ_q)² write z − μ_q as "
        "(z − μ_p) + (μ_p − μ_q).",
        "Three terms: log σ_q/σ_p, then σ_p² + (μ_p − μ_q)² over 2σ_q², then −½. "
        "For equal Gaussians they add up to 0.",
    ),
    mistakes=(
        Mistake(
            "this is KL(q‖p): you swapped the arguments. The mean is taken over p.",
            lambda mu_p, sigma_p, mu_q, sigma_q: _gaussian_kl(mu_q, sigma_q, mu_p, sigma_p),
        ),
        Mistake(
            "you used σ where the formula has σ². The arguments are standard deviations.",
            lambda mu_p, sigma_p, mu_q, sigma_q: _gaussian_kl(
                mu_p, np.sqrt(sigma_p), mu_q, np.sqrt(sigma_q)
            ),
        ),
        Mistake(
            "you wrote log σ_q²/σ_p² without the ½: the logarithm counts twice.",
            lambda mu_p, sigma_p, mu_q, sigma_q: (
                _gaussian_kl(mu_p, sigma_p, mu_q, sigma_q) + np.log(sigma_q / sigma_p)
            ),
        ),
        Mistake(
            "the logarithm is upside down: it is log σ_q/σ_p.",
            lambda mu_p, sigma_p, mu_q, sigma_q: (
                _gaussian_kl(mu_p, sigma_p, mu_q, sigma_q) - 2 * np.log(sigma_q / sigma_p)
            ),
        ),
        Mistake(
            "the logarithm is missing.",
            lambda mu_p, sigma_p, mu_q, sigma_q: (
                _gaussian_kl(mu_p, sigma_p, mu_q, sigma_q) - np.log(sigma_q / sigma_p)
            ),
        ),
        Mistake(
            "the −½ is missing. Test: for equal Gaussians the KL must be 0.",
            lambda *inputs: _gaussian_kl(*inputs) + 0.5,
        ),
        Mistake(
            "the sign is turned round: this is −KL, and a KL is never negative.",
            lambda *inputs: -_gaussian_kl(*inputs),
        ),
        Mistake(
            "this is in bits. All logarithms here are natural.",
            lambda *inputs: _gaussian_kl(*inputs) / np.log(2),
        ),
        Mistake(
            "the squared difference of the means is missing.",
            lambda mu_p, sigma_p, mu_q, sigma_q: _gaussian_kl(mu_p, sigma_p, mu_p, sigma_q),
        ),
        Mistake(
            "σ_p² is missing from the mean of (z − μ_q)²: z is not always at its mean.",
            lambda mu_p, sigma_p, mu_q, sigma_q: (
                _gaussian_kl(mu_p, sigma_p, mu_q, sigma_q) - sigma_p**2 / (2 * sigma_q**2)
            ),
        ),
        Mistake(
            "the factor ½ of the squares is missing: both are divided by 2σ².",
            lambda mu_p, sigma_p, mu_q, sigma_q: (
                2 * _gaussian_kl(mu_p, sigma_p, mu_q, sigma_q) - np.log(sigma_q / sigma_p)
            ),
        ),
        Mistake(
            "you added up the pairs. Keep one KL per pair.",
            lambda *inputs: _gaussian_kl(*inputs).sum(),
        ),
        Mistake(
            "you averaged over the pairs. Keep one KL per pair.",
            lambda *inputs: _gaussian_kl(*inputs).mean(),
        ),
    ),
)


# 3. The Gaussian with the smallest KL(p ‖ q) for a mixture p: its mean and standard deviation.


def _moments(weights, means, sds):
    mean = weights @ means
    return mean, weights @ (sds**2 + means**2) - mean**2


def _fit(weights, means, sds):
    mean, variance = _moments(weights, means, sds)
    return np.array([mean, np.sqrt(variance)])


COVER = Exercise(
    id="divergences.3",
    title="Cover a mixture",
    call="cover(weights, means, sds)",
    cases=(
        Case(
            {
                "weights": np.array([0.75, 0.25]),
                "means": np.array([0.0, 4.0]),
                "sds": np.array([1.0, 0.5]),
            }
        ),
        Case(
            {
                "weights": np.array([0.5, 0.3, 0.2]),
                "means": np.array([-3.0, 1.0, 2.5]),
                "sds": np.array([0.7, 0.4, 1.6]),
            }
        ),
    ),
    reference=_fit,
    hints=(
        "Minimising KL(p‖q) over Gaussians q is maximising E_p[log q(z)]. "
        "Which two moments of p does it depend on?",
        "The best q has the mean and the variance of p. For a mixture the mean is the weighted "
        "mean of the means.",
        "E_p[z²] is the weighted mean of σ_k² + μ_k², and the variance is E_p[z²] minus the "
        "square of the mean. Return its square root.",
    ),
    mistakes=(
        Mistake(
            "you returned the variance. Asked is the standard deviation, its square root.",
            lambda *inputs: np.array(_moments(*inputs)),
        ),
        Mistake(
            "the spread of the means is missing: this is the variance *within* the components.",
            lambda weights, means, sds: np.array([weights @ means, np.sqrt(weights @ sds**2)]),
        ),
        Mistake(
            "the spread within the components is missing: this is the spread of their means.",
            lambda weights, means, sds: _fit(weights, means, 0 * sds),
        ),
        Mistake(
            "you averaged the standard deviations. Variances can be averaged, and the spread of "
            "the means comes on top.",
            lambda weights, means, sds: np.array([weights @ means, weights @ sds]),
        ),
        Mistake(
            "you used σ where the formula has σ². The arguments are standard deviations.",
            lambda weights, means, sds: _fit(weights, means, np.sqrt(sds)),
        ),
        Mistake(
            "the square of the mean is not subtracted: this is the root of E_p[z²].",
            lambda weights, means, sds: np.array(
                [weights @ means, np.sqrt(weights @ (sds**2 + means**2))]
            ),
        ),
        Mistake(
            "this is the variance of a weighted *sum* of independent numbers. "
            "A mixture picks one of its components.",
            lambda weights, means, sds: np.array([weights @ means, np.sqrt(weights**2 @ sds**2)]),
        ),
        Mistake(
            "the weights do not enter: this treats all components as equally probable.",
            lambda weights, means, sds: _fit(np.full(len(means), 1 / len(means)), means, sds),
        ),
        Mistake(
            "this is the heaviest component: what the *reverse* KL would look for.",
            lambda weights, means, sds: np.array(
                [means[np.argmax(weights)], sds[np.argmax(weights)]]
            ),
        ),
    ),
)


# 4. log p/q + q/p − 1 for draws from p: its mean is KL(p ‖ q), and no term is negative.


def _terms(log_p, log_q):
    return log_p - log_q + np.expm1(log_q - log_p)


NEVER_NEGATIVE = Exercise(
    id="divergences.4",
    title="An estimate that is never negative",
    call="kl_terms(log_p, log_q)",
    cases=(
        Case(
            {
                "log_p": np.array([-1.0, -0.9, -2.5, -1.7]),
                "log_q": np.array([-1.5, -0.9, -1.2, -3.9]),
            }
        ),
        Case(
            {
                "log_p": np.array([-3.1, 0.4, -1.3, -0.2, -2.2]),
                "log_q": np.array([-1.1, -0.6, -1.8, -0.1, -4.0]),
            }
        ),
        Case(
            {
                "log_p": np.array([-900.0, 850.0, -1000.0]),
                "log_q": np.array([-901.0, 849.5, -999.0]),
            },
            alone="your formula is right for moderate log densities, not for values near ±900. "
            "There a density rounds to 0 or overflows. Subtract the logarithms first, "
            "and then take the exponential.",
        ),
    ),
    reference=_terms,
    hints=(
        "Start from log p/q. What has mean zero under p, and lifts every term above zero?",
        "The mean of q(z)/p(z) under p is the integral of q, which is 1. So q/p − 1 may be added.",
        "q/p is the exponential of log q − log p. Take the difference before the exponential.",
    ),
    mistakes=(
        Mistake(
            "this is log p/q, the plain estimator: its terms can be negative.",
            lambda log_p, log_q: log_p - log_q,
        ),
        Mistake(
            "you added p/q − 1. Its mean under p is not 0: the draws come from p, so it must be "
            "q/p.",
            lambda log_p, log_q: log_p - log_q + np.expm1(log_p - log_q),
        ),
        Mistake(
            "p and q have changed places: this would estimate KL(q‖p) from draws of q.",
            lambda log_p, log_q: _terms(log_q, log_p),
        ),
        Mistake(
            "you subtracted q/p − 1 instead of adding it.",
            lambda log_p, log_q: log_p - log_q - np.expm1(log_q - log_p),
        ),
        Mistake(
            "the −1 is missing: q/p has mean 1 under p, not 0.",
            lambda log_p, log_q: _terms(log_p, log_q) + 1,
        ),
        Mistake(
            "you took absolute values. That is never negative, and its mean is not the KL.",
            lambda log_p, log_q: np.abs(log_p - log_q),
        ),
        Mistake(
            "you cut the negative terms off. That is never negative, and its mean is too large.",
            lambda log_p, log_q: np.maximum(log_p - log_q, 0),
        ),
        Mistake(
            "this is half the square of log p/q. It is close to the KL when p and q are close, "
            "and biased otherwise.",
            lambda log_p, log_q: 0.5 * (log_p - log_q) ** 2,
        ),
        Mistake(
            "the terms are weighted with p. They are draws from p already: each counts once.",
            lambda log_p, log_q: np.exp(log_p) * _terms(log_p, log_q),
        ),
        Mistake(
            "you averaged. Asked is one term per draw, so that a standard error can be computed.",
            lambda log_p, log_q: _terms(log_p, log_q).mean(),
        ),
    ),
)


# 5. A bug to find: the Jensen–Shannon divergence, per pair, in nats.


def _jensen_shannon(p, q):
    m = (p + q) / 2
    return 0.5 * _kl(p, m) + 0.5 * _kl(q, m)


def _with_geometric_mean(p, q):
    m = np.sqrt(p * q)
    return 0.5 * _kl(p, m) + 0.5 * _kl(q, m)


def _with_normalised_geometric_mean(p, q):
    m = np.sqrt(p * q)
    m = m / m.sum(axis=1, keepdims=True)
    return 0.5 * _kl(p, m) + 0.5 * _kl(q, m)


BUG = Exercise(
    id="divergences.5",
    title="A bug to find",
    call="jensen_shannon(p, q)",
    builds="vicourse.divergences.jensen_shannon",
    cases=(
        Case(
            {
                "p": np.array([[0.5, 0.25, 0.25], [0.0625, 0.4375, 0.5]]),
                "q": np.array([[0.25, 0.25, 0.5], [0.875, 0.0625, 0.0625]]),
            }
        ),
        Case(
            {
                "p": np.array([[8, 4, 2, 2], [1, 1, 4, 10], [4, 4, 4, 4]]) / 16,
                "q": np.array([[1, 3, 4, 8], [2, 6, 4, 4], [13, 1, 1, 1]]) / 16,
            }
        ),
    ),
    reference=_jensen_shannon,
    hints=(
        "Which of the intermediate results should be a distribution? Check what it sums to.",
        "The mixture m = (p + q)/2 is an average of probabilities. What is averaged here?",
        "The mean of two logarithms is the logarithm of √(pq), the geometric mean. "
        "Average first, and then take the logarithm.",
    ),
    mistakes=(
        Mistake(
            "this is the function as it was given: the bug is still in it.",
            _with_geometric_mean,
        ),
        Mistake(
            "you normalised the geometric mean. Now it is a distribution, but not the mixture "
            "(p + q)/2.",
            _with_normalised_geometric_mean,
        ),
        Mistake(
            "m is p + q without the ½: it sums to 2.",
            lambda p, q: _jensen_shannon(p, q) - np.log(2),
        ),
        Mistake(
            "the two halves are missing: this is twice the Jensen–Shannon divergence.",
            lambda p, q: 2 * _jensen_shannon(p, q),
        ),
        Mistake(
            "the arguments of both KL divergences are swapped: it is KL(p‖m), not KL(m‖p).",
            lambda p, q: 0.5 * _kl((p + q) / 2, p) + 0.5 * _kl((p + q) / 2, q),
        ),
        Mistake(
            "this is the square root, the Jensen–Shannon *distance*. Asked is the divergence.",
            lambda p, q: np.sqrt(_jensen_shannon(p, q)),
        ),
        Mistake(
            "this is in bits. All logarithms here are natural.",
            lambda p, q: _jensen_shannon(p, q) / np.log(2),
        ),
        Mistake(
            "this is half the Jeffreys divergence: m does not enter.",
            lambda p, q: 0.5 * (_kl(p, q) + _kl(q, p)),
        ),
        Mistake(
            "you summed over the pairs too. Keep one value per pair.",
            lambda p, q: _jensen_shannon(p, q).sum(),
        ),
    ),
)


# 6. A prediction.

PREDICTION = Choice(
    id="divergences.6",
    title="A prediction",
    right="c",
    wrong={
        "a": "The standard error is made of the same draws. "
        "What would the draws that have not come yet add?",
        "b": "There is no finite number to be unlucky about. Look at log p/q far out, and at the "
        "moments of p.",
        "d": "A negative divergence is impossible for two normalised densities.",
    },
    why="Far out log p/q grows like z²/2, and a Student t with 2 degrees of freedom has no finite "
    "second moment. The mean does not exist, and the running mean climbs for ever.",
    hints=(
        "How does log p(z) − log q(z) grow for large z, if q is a Gaussian?",
        "A Student t with ν degrees of freedom has finite moments of orders below ν.",
    ),
)


# 7. Where the best Gaussian lets go of the small hump.

LETTING_GO = Number(
    id="divergences.7",
    title="Where a fit lets go",
    answer=0.757880,
    rtol=0.006,
    hints=(
        "For one α, minimise D_α/α twice: from mean −3 with the hump's own width, and from "
        "mean −2 with standard deviation 2.4. Which value is smaller?",
        "Go from α = 0.7 to 0.8 in small steps, start each fit from the last one, and see where "
        "the two values cross.",
        "On the hump the value is close to −log(0.8)/(1 − α). So only the wide fit needs care.",
    ),
    mistakes={
        0.242120: "this is 1 − α: p and q have changed places. p carries the exponent α.",
        0.559841: "this is the α for the chapter's mixture, 0.65 and 0.35. Here the shares and "
        "the widths are others.",
        0.827: "there the fit on the hump stops being a local optimum. It lost to the wide one "
        "before that: compare the two values.",
    },
)


EXERCISES = (WASTE, GAUSSIAN, COVER, NEVER_NEGATIVE, BUG, PREDICTION, LETTING_GO)
