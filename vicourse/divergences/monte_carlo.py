"""I = ∫ h(p, q) as an average over draws, E_r[h(p/r, q/r)], with its standard error."""

import numpy as np

from vicourse.divergences.densities import log_density
from vicourse.estimate import estimate
from vicourse.seeds import split_seed


def monte_carlo(recipe, p, q, num_samples, seed):
    """An `Estimate` of the integral of `recipe` from `num_samples` draws.

    KL is the plain average of log p − log q over draws from p. The others draw `num_samples`
    times from p and as often from q, and take r = (p + q)/2: then no p/r or q/r exceeds 2,
    wherever the draws land.
    """
    seed_p, seed_q = split_seed(seed)
    draws_p = p.sample(num_samples, seed=seed_p) if recipe.draws_from != "q" else None
    draws_q = q.sample(num_samples, seed=seed_q) if recipe.draws_from != "p" else None
    if recipe.draws_from == "p":
        return estimate(_values(recipe.integrand, p, q, draws_p, lambda log_p, log_q: log_p))
    if recipe.draws_from == "q":
        return estimate(_values(recipe.integrand, p, q, draws_q, lambda log_p, log_q: log_q))
    parts = [_values(recipe.integrand, p, q, x, _log_mixture) for x in (draws_p, draws_q)]
    # One draw of each in every value: the values are independent and identically distributed.
    return estimate(0.5 * (parts[0] + parts[1]))


def _values(integrand, p, q, x, log_reference):
    log_p, log_q = log_density(p, x), log_density(q, x)
    log_r = log_reference(log_p, log_q)
    with np.errstate(over="ignore"):
        return integrand(log_p - log_r, log_q - log_r)


def _log_mixture(log_p, log_q):
    return np.logaddexp(log_p, log_q) - np.log(2)
