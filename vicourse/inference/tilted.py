"""Tilted distributions of expectation propagation: a Gaussian times one exact likelihood term.

    Z(μ, σ²) = ∫ N(f; μ, σ²) ℓ(f) df,   p̂(f) = N(f; μ, σ²) ℓ(f) / Z

Each function returns log Z, its slope α = d log Z/dμ and its negative curvature
β = −d² log Z/dμ². They are the moments of p̂ in a form without cancellation:

    E[f] = μ + σ² α,   Var[f] = σ² (1 − σ² β)

Source: Minka (2001), A family of algorithms for approximate Bayesian inference (PhD thesis), on
expectation propagation; Rasmussen and Williams (2006), Gaussian processes for machine learning,
section 3.6.
Chapter: algorithms/vi_vs_mcmc
"""

import numpy as np
from scipy.special import expit, log_expit, log_ndtr

NODES = 200
REACH = 8.5  # a Gaussian this many SDs from its peak is e⁻³⁶ of its height
HALVINGS = 40


def tilted_probit(mean, variance):
    """log Z, α and β for ℓ(f) = Φ(f), in closed form.

        log Z = log Φ(z),   z = μ/√(1 + σ²),   r = N(z; 0, 1)/Φ(z)
        α = r/√(1 + σ²),   β = r (z + r)/(1 + σ²)

    Args:
        mean, variance: μ and σ², numbers.

    Returns:
        Three numbers.
    """
    z = mean / np.sqrt(1 + variance)
    log_mass = log_ndtr(z)
    ratio = np.exp(-0.5 * z**2 - 0.5 * np.log(2 * np.pi) - log_mass)
    return log_mass, ratio / np.sqrt(1 + variance), ratio * (z + ratio) / (1 + variance)


def tilted_logistic(mean, variance):
    """log Z, α and β for ℓ(f) = 1/(1 + exp(−f)), by the trapezoidal rule.

        α = E[(log ℓ)'(f)],   β = −E[(log ℓ)''(f)] − Var[(log ℓ)'(f)]   under p̂

    The grid is even in t, f = sinh t: fine around f = 0, where ℓ bends, and wide far out, so that
    the same number of points serves a narrow cavity and one a million wide. Gauss–Hermite points,
    all in units of σ, would miss the bend of ℓ in a wide cavity.

    Args, Returns: as for `tilted_probit`.
    """
    sd = max(np.sqrt(variance), 1e-8)  # 0 for a datum without features
    mode = _tilted_mode(mean, sd)
    # log p̂ curves at least as much as log N(f; μ, σ²): beyond these ends there is nothing.
    t = np.linspace(np.arcsinh(mode - REACH * sd), np.arcsinh(mode + REACH * sd), NODES)
    f = np.sinh(t)
    log_density = -0.5 * ((f - mean) / sd) ** 2 + log_expit(f) + np.log(np.cosh(t))
    peak = np.max(log_density)
    weights = np.exp(log_density - peak)
    total = np.sum(weights)
    log_mass = peak + np.log(total * (t[1] - t[0]) / (sd * np.sqrt(2 * np.pi)))
    weights /= total
    slopes = expit(-f)
    alpha = weights @ slopes
    beta = weights @ (slopes * (1 - slopes)) - weights @ (slopes - alpha) ** 2
    return log_mass, alpha, beta


def _tilted_mode(mean, sd):
    """The peak of N(f; μ, σ²)/(1 + exp(−f)): f = μ + σ² /(1 + exp(f)), by bisection.

    It lies between μ and μ + σ². It only places the grid: a fraction of σ is near enough.
    """
    low, high = 0.0, sd
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        if middle < sd * expit(-(mean + sd * middle)):
            low = middle
        else:
            high = middle
    return mean + sd * low
