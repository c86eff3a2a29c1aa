"""Divergences as integrals: what quadrature, summation and Monte Carlo have in common.

Each is a function of I = ∫ h(p(x), q(x)) dx with an h that scales with its arguments,
h(c·p, c·q) = c·h(p, q). So under any reference density r, I = E_r[h(p/r, q/r)], and one line for h
serves every method. All log densities are in nats.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from vicourse.validation import argument_error, check_number


@dataclass(frozen=True)
class Recipe:
    """How to get a divergence from log densities.

    Attributes:
        integrand: h as a function of log p and log q, two float64 arrays; −∞ means density 0.
        finish: (I, its error) → (divergence, its error); the delta method for the error.
        draws_from: which density Monte Carlo draws from: "p", "q", or "mixture", (p + q)/2.
        unit: "nats" or "".
    """

    integrand: Callable
    finish: Callable = lambda value, error: (value, error)
    draws_from: str = "mixture"
    unit: str = "nats"


def recipe(name, alpha):
    """The `Recipe` of a divergence; `alpha` counts for "renyi" alone."""
    if name == "renyi":
        return _renyi(alpha)
    return _RECIPES[name]


def check_alpha(alpha):
    """The order of a Rényi divergence as a float of at least 0, or an error."""
    if alpha is None:
        raise argument_error("alpha", alpha, "the order of the Rényi divergence", "Try alpha=0.5.")
    return check_number("alpha", alpha, minimum=0.0)


def _kl(log_p, log_q):
    ratio = _log_ratio(log_p, log_q)
    with np.errstate(invalid="ignore"):
        return np.where(np.isposinf(ratio), np.inf, np.exp(log_p) * ratio)


def _jensen_shannon(log_p, log_q):
    log_m = np.logaddexp(log_p, log_q) - np.log(2)
    return 0.5 * (_kl(log_p, log_m) + _kl(log_q, log_m))


def _power(alpha):
    def integrand(log_p, log_q):
        if alpha == 0:
            return np.where(np.isneginf(log_p), 0.0, np.exp(log_q))
        return np.exp(log_p + (alpha - 1) * _log_ratio(log_p, log_q))

    return integrand


def _renyi(alpha):
    if alpha == 1:
        return _RECIPES["kl"]

    def finish(value, error):
        with np.errstate(divide="ignore"):
            divergence = float(np.log(value) / (alpha - 1))
        scale = value * abs(alpha - 1)
        return divergence + 0.0, error / scale if 0 < scale < np.inf else error

    return Recipe(_power(alpha), finish)


def _root(value, error):
    root = float(np.sqrt(value))
    return root, error / (2 * root) if root > 0 else float(np.sqrt(error))


def _log_ratio(log_p, log_q):
    """log p/q where p has mass, +∞ where q has none there, and 0 where p has none itself."""
    # A density whose exponential is 0 in float64 counts as none where q has none: q may only have
    # overflowed, far out in the tails.
    nothing = np.isneginf(log_p) | (np.isneginf(log_q) & (np.exp(log_p) == 0))
    return np.where(nothing, 0.0, log_p) - np.where(nothing, 0.0, log_q)


_RECIPES = {
    "kl": Recipe(_kl, draws_from="p"),
    "reverse_kl": Recipe(lambda log_p, log_q: _kl(log_q, log_p), draws_from="q"),
    "jeffreys": Recipe(lambda log_p, log_q: _kl(log_p, log_q) + _kl(log_q, log_p)),
    "jensen_shannon": Recipe(_jensen_shannon),
    "chi_squared": Recipe(_power(2.0), lambda value, error: (value - 1, error), unit=""),
    "hellinger": Recipe(
        lambda log_p, log_q: 0.5 * (np.exp(0.5 * log_p) - np.exp(0.5 * log_q)) ** 2, _root, unit=""
    ),
    "total_variation": Recipe(
        lambda log_p, log_q: 0.5 * np.abs(np.exp(log_p) - np.exp(log_q)), unit=""
    ),
}
