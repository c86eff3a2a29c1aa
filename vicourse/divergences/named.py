"""Divergences by name, each by the best method there is for the pair at hand."""

from dataclasses import replace

import numpy as np
import tensorflow_probability as tfp

from vicourse.divergences import gaussian
from vicourse.divergences.densities import atoms, check_pair, is_discrete
from vicourse.divergences.integration import Infinite, integrate, summate
from vicourse.divergences.mmd import squared_mmd
from vicourse.divergences.monte_carlo import monte_carlo
from vicourse.divergences.recipes import check_alpha, recipe
from vicourse.estimate import Estimate
from vicourse.validation import argument_error, check_choice, check_integer

tfd = tfp.distributions

#: The divergences that `divergence` knows by name.
NAMES = (
    "kl",
    "reverse_kl",
    "jeffreys",
    "jensen_shannon",
    "renyi",
    "chi_squared",
    "hellinger",
    "total_variation",
    "wasserstein2",
    "squared_mmd",
)
#: How a divergence can be computed; "auto" takes the first that the pair allows.
METHODS = ("auto", "closed", "quadrature", "monte_carlo")


def divergence(
    name, p, q, *, method="auto", num_samples=None, seed=None, alpha=None, bandwidth=None
):
    """How far q is from p, in the sense of `name`; the result says which method was used.

    With method="auto" a closed form is used where one is known, else quadrature or summation for
    scalar p and q, else Monte Carlo. Hellinger, total variation and Wasserstein-2 are metrics; KL
    and its relatives are not.

    Args:
        name: one of `NAMES`; each is also a function of this package with its formula.
        p, q: TFP distributions with batch shape [] and the same event shape, both discrete or both
            continuous and of one dtype. For "squared_mmd" also samples.
        method: "auto", "closed", "quadrature" (a sum, for discrete p and q) or "monte_carlo".
        num_samples: Monte Carlo draws of p, of q, or of each; 10,000 by default (1000 for
            "squared_mmd", whose time grows as their square).
        seed: needed for Monte Carlo alone.
        alpha: order of the Rényi divergence, at least 0.
        bandwidth: kernel width of "squared_mmd".

    Returns:
        An `Estimate`. +∞ is an answer: its note tells why. Monte Carlo finds a missing support
        only if a draw lands there, and its standard error means little if the values have
        infinite variance.

    Raises:
        ValueError, TypeError: distributions that cannot be compared, NaN parameters, a method that
            does not exist for the pair, no seed for Monte Carlo.

    Chapter: foundations/divergences
    """
    check_choice("name", name, NAMES)
    check_choice("method", method, METHODS)
    if name == "squared_mmd":
        return _squared_mmd(p, q, method, num_samples, seed, bandwidth)
    check_pair(p, q)
    if name == "renyi":
        alpha = check_alpha(alpha)
    if method in ("auto", "closed"):
        value = _closed_form(name, p, q, alpha)
        if value is not None:
            return value
    if method == "closed" or name == "wasserstein2":
        raise _no_method("closed", name, p, q)
    chosen = recipe(name, alpha)
    if method == "quadrature" or (method == "auto" and _is_integrable(p, q)):
        return _integral(chosen, name, p, q)
    if seed is None:
        remedy = "For this pair there is only Monte Carlo. Write for instance `seed=0`."
        raise argument_error("seed", seed, "an integer", remedy, TypeError)
    num_samples = 10_000 if num_samples is None else num_samples
    num_samples = check_integer("num_samples", num_samples, minimum=2)
    return _finish(chosen, monte_carlo(chosen, p, q, num_samples, seed))


def kl(p, q, *, method="auto", num_samples=None, seed=None):
    """Kullback–Leibler divergence KL(p‖q) = ∫ p log(p/q), in nats; the forward KL of a target p.

    Args, Returns, Raises: as for `divergence`.

    Source: Kullback and Leibler (1951), On information and sufficiency.
    Chapter: foundations/divergences
    """
    return divergence("kl", p, q, method=method, num_samples=num_samples, seed=seed)


def reverse_kl(p, q, *, method="auto", num_samples=None, seed=None):
    """KL(q‖p) = ∫ q log(q/p), in nats: what variational inference makes small, for a target p.

    Args, Returns, Raises: as for `divergence`.

    Source: Jordan, Ghahramani, Jaakkola and Saul (1999), An introduction to variational methods for
        graphical models.
    Chapter: foundations/divergences
    """
    return divergence("reverse_kl", p, q, method=method, num_samples=num_samples, seed=seed)


def jeffreys(p, q, *, method="auto", num_samples=None, seed=None):
    """Jeffreys divergence KL(p‖q) + KL(q‖p) = ∫ (p − q) log(p/q), in nats; no factor 1/2.

    Args, Returns, Raises: as for `divergence`.

    Source: Jeffreys (1946), An invariant form for the prior probability in estimation problems.
    Chapter: foundations/divergences
    """
    return divergence("jeffreys", p, q, method=method, num_samples=num_samples, seed=seed)


def jensen_shannon(p, q, *, method="auto", num_samples=None, seed=None):
    """Jensen–Shannon divergence ½KL(p‖m) + ½KL(q‖m), m = (p + q)/2, in nats, from 0 to log 2.

    Args, Returns, Raises: as for `divergence`.

    Source: Lin (1991), Divergence measures based on the Shannon entropy.
    Chapter: foundations/divergences
    """
    return divergence("jensen_shannon", p, q, method=method, num_samples=num_samples, seed=seed)


def renyi(p, q, alpha, *, method="auto", num_samples=None, seed=None):
    """Rényi divergence of order α, log(∫ p^α q^(1−α))/(α − 1), in nats.

    At α = 1 it is its limit KL(p‖q); at α = 0 it is −log of q's mass where p > 0. It grows with α.

    Args, Returns, Raises: as for `divergence`.

    Source: van Erven and Harremoës (2014), Rényi divergence and Kullback–Leibler divergence.
    Chapter: foundations/divergences
    """
    return divergence("renyi", p, q, method=method, num_samples=num_samples, seed=seed, alpha=alpha)


def chi_squared(p, q, *, method="auto", num_samples=None, seed=None):
    """Pearson's χ²(p‖q) = ∫ (p − q)²/q = ∫ p²/q − 1; no unit. The variance of p/q under q.

    Args, Returns, Raises: as for `divergence`.

    Source: Gibbs and Su (2002), On choosing and bounding probability metrics.
    Chapter: foundations/divergences
    """
    return divergence("chi_squared", p, q, method=method, num_samples=num_samples, seed=seed)


def hellinger(p, q, *, method="auto", num_samples=None, seed=None):
    """Hellinger distance H, with H² = ½∫ (√p − √q)² = 1 − ∫ √(pq); no unit, from 0 to 1.

    Args, Returns, Raises: as for `divergence`.

    Source: Gibbs and Su (2002), On choosing and bounding probability metrics.
    Chapter: foundations/divergences
    """
    return divergence("hellinger", p, q, method=method, num_samples=num_samples, seed=seed)


def total_variation(p, q, *, method="auto", num_samples=None, seed=None):
    """Total variation distance ½∫ |p − q|; no unit, from 0 to 1.

    Args, Returns, Raises: as for `divergence`.

    Source: Gibbs and Su (2002), On choosing and bounding probability metrics.
    Chapter: foundations/divergences
    """
    return divergence("total_variation", p, q, method=method, num_samples=num_samples, seed=seed)


def wasserstein2(p, q):
    """Wasserstein-2 distance between two Gaussians, √(min E‖x − y‖²), in the unit of x.

    Args, Returns, Raises: as for `divergence`; `vicourse.divergences.gaussian` has the formula.

    Source: Dowson and Landau (1982), The Fréchet distance between multivariate normal
        distributions.
    Chapter: foundations/divergences
    """
    return divergence("wasserstein2", p, q)


def _closed_form(name, p, q, alpha):
    value = _closed_value(name, p, q, alpha)
    if value is None:
        return None
    value = float(value)
    if np.isnan(value):
        raise ValueError(f"{name} of {p.name} and {q.name} is NaN. Check their parameters.")
    unit = {"wasserstein2": "unit of x"}.get(name) or recipe(name, alpha).unit
    note = "p and q differ too much in support or in tails" if np.isinf(value) else ""
    return Estimate(value, unit=unit, note=note)


def _closed_value(name, p, q, alpha):
    if name == "kl" or (name == "renyi" and alpha == 1):
        return _registered_kl(p, q)
    if name == "reverse_kl":
        return _registered_kl(q, p)
    if name == "jeffreys":
        both = _registered_kl(p, q), _registered_kl(q, p)
        return None if None in both else sum(both)
    moments = gaussian.gaussian_moments(p), gaussian.gaussian_moments(q)
    if None in moments or name == "jensen_shannon":
        return None
    if name == "renyi":
        return gaussian.renyi_gaussian(*moments, alpha)
    return getattr(gaussian, f"{name}_gaussian")(*moments)


def _registered_kl(p, q):
    if is_discrete(p) and atoms(p) != atoms(q):
        return None  # TFP's formula for categoricals takes for granted that they have the same
    try:
        return float(tfd.kl_divergence(p, q))
    except NotImplementedError:
        return None


def _is_integrable(p, q):
    if p.event_shape.rank != 0:
        return False
    return not is_discrete(p) or None not in (atoms(p), atoms(q))


def _integral(chosen, name, p, q):
    if not _is_integrable(p, q):
        raise _no_method("quadrature", name, p, q)
    method, rule = ("summation", summate) if is_discrete(p) else ("quadrature", integrate)
    try:
        value, error = rule(chosen.integrand, p, q)
        note = ""
    except Infinite as reason:
        value, error, note = np.inf, 0.0, str(reason)
    return _finish(chosen, Estimate(value, error, method=method, note=note))


def _finish(chosen, integral):
    value, error = chosen.finish(integral.value, integral.standard_error)
    note = integral.note or ("p and q have no mass in common" if np.isinf(value) else "")
    return replace(integral, value=value, standard_error=error, unit=chosen.unit, note=note)


def _squared_mmd(p, q, method, num_samples, seed, bandwidth):
    if method not in ("auto", "monte_carlo"):
        raise argument_error("method", method, "'auto' or 'monte_carlo' for squared_mmd")
    num_samples = 1000 if num_samples is None else num_samples
    return squared_mmd(p, q, bandwidth=bandwidth, num_samples=num_samples, seed=seed)


def _no_method(method, name, p, q):
    ways = {
        "closed": "no closed form is known here",
        "quadrature": "it needs scalar distributions whose support is known",
    }
    remedy = "Try method='auto'." if name != "wasserstein2" else "Both must be Gaussian."
    return argument_error(
        "method",
        method,
        f"another one for {name} of {p.name} and {q.name}",
        f"For this pair {ways[method]}. {remedy}",
    )
