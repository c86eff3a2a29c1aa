"""How far is a fit from the truth? In nats, in moments, and as a bound where no truth is known.

Chapter: algorithms/diagnostics
"""

import numpy as np
import tensorflow as tf

from vicourse.diagnostics.importance import USABLE, importance_check
from vicourse.diagnostics.latents import flat, flat_one, names_of
from vicourse.estimate import Estimate
from vicourse.validation import argument_error, check_integer

BATCHES = 20


def evidence_gap(fit):
    """log p(x) − ELBO(q) = KL(q ‖ p(z | x)) in nats, an `Estimate` with the ELBO's error.

    Args:
        fit: a `Fit` with an ELBO, of a model that knows its evidence.

    Returns:
        An `Estimate` in nats.

    Raises:
        ValueError: the fit has no ELBO.
        NotKnownExactly: the model does not know its evidence.

    Chapter: foundations/elbo
    """
    if fit.elbo is None:
        raise argument_error("fit", fit, "a fit with an ELBO", "MCMC draws have none.")
    gap = fit.model.log_evidence() - fit.elbo.value
    return Estimate(gap, fit.elbo.standard_error, fit.elbo.num_samples, fit.elbo.method)


def moment_errors(fit, mean, sd, *, seed=0, num_samples=4000):
    """How far a fit's means and standard deviations are from reference values.

    Args:
        fit: a `Fit`.
        mean, sd: of the reference, arrays of the latents' shape, or dicts of them.
        seed, num_samples: of the draws taken from the fit.

    Returns:
        A dict from name to a pair: the error of the mean in reference SDs, and the ratio of the
        SDs (1 is right), each an `Estimate` by Monte Carlo (the ratio's error as for a normal).

    Chapter: algorithms/diagnostics
    """
    num_samples = check_integer("num_samples", num_samples, minimum=100)
    z = fit.sample(num_samples, seed)
    draws, first = flat(z, num_samples), tf.nest.map_structure(lambda part: part[0], z)
    mean, sd = flat_one(mean), flat_one(sd)
    for argument, values in (("mean", mean), ("sd", sd)):
        if values.shape != draws.shape[1:] or not np.all(np.isfinite(values)):
            raise argument_error(argument, values, f"{draws.shape[1]} finite numbers, as z has")
    if not np.all(sd > 0):
        raise argument_error("sd", sd, "positive numbers")
    errors = {}
    for name, column, m, s in zip(names_of(first), draws.T, mean, sd, strict=True):
        spread = np.std(column, ddof=1)
        shift = Estimate(
            float((column.mean() - m) / s),
            float(spread / s / np.sqrt(num_samples)),
            num_samples,
            "monte_carlo",
            "reference SDs",
        )
        ratio = float(spread / s)
        error = ratio / np.sqrt(2 * num_samples)
        errors[name] = (shift, Estimate(ratio, error, num_samples, "monte_carlo", ""))
    return errors


def wasserstein_bound(fit, *, order=2, seed=0, num_samples=4000):
    """An upper bound on the Wasserstein distance between q and the posterior, without the truth.

        W_r(q, p) ≤ 2^(1 − 1/r) · (E_q‖z − m‖^2r)^(1/2r) · χ²(p‖q)^(1/2r),   m = E_q[z]

    It follows from W_r^r ≤ 2^(r−1) ∫ ‖z − m‖^r |p − q| dz and the Cauchy–Schwarz inequality, and
    bounds errors one cares about: every mean is off by at most W_1 and every standard deviation by
    at most W_2. It is often loose. The χ² divergence comes from the weights of draws from q.

    Args:
        fit: a `Fit` with a posterior.
        order: r, 1 or 2.
        seed, num_samples: of the draws; at least 2000.

    Returns:
        An `Estimate` in the latents' unit, its error from 20 batches. Infinite, with a note, if
        k-hat is above 0.7: then the weights do not tell the divergence.

    Source: Villani (2009), Optimal transport, theorem 6.15; Huggins et al. (2020), Validated
        variational inference via practical posterior error bounds.
    Chapter: algorithms/diagnostics
    """
    order = check_integer("order", order, minimum=1, maximum=2)
    num_samples = check_integer("num_samples", num_samples, minimum=100 * BATCHES)
    check = importance_check(fit, seed=seed, num_samples=num_samples)
    if check.k_hat > USABLE:
        note = f"k-hat {check.k_hat:.2f}: the weights do not tell the divergence"
        return Estimate(np.inf, np.inf, num_samples, "monte_carlo", "", note)
    z = flat(check.draws, num_samples)
    distances = np.linalg.norm(z - z.mean(axis=0), axis=1)
    batches = np.array_split(np.arange(num_samples), BATCHES)
    values = [_bound(distances[rows], check.weights[rows], order) for rows in batches]
    error = np.std(values, ddof=1) / np.sqrt(BATCHES)
    whole = _bound(distances, check.weights, order)
    return Estimate(float(whole), float(error), num_samples, "monte_carlo", "")


def _bound(distances, weights, order):
    chi_squared = max(np.mean(weights**2) / np.mean(weights) ** 2 - 1, 0.0)
    moment = np.mean(distances ** (2 * order)) ** (1 / (2 * order))
    return 2 ** (1 - 1 / order) * moment * chi_squared ** (1 / (2 * order))
