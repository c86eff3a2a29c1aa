"""How well does q cover p? The weights w = p(x, z)/q(z) of draws from q tell.

    log p(x) = log E_q[w],   ELBO = E_q[log w],   1 + χ²(p‖q) = E_q[w²]/E_q[w]²

If q were the posterior, all weights would be equal. Pareto k-hat measures how heavy the tail of
the weights is, and with it how far anything computed from them can be trusted.

Chapter: algorithms/diagnostics
"""

import dataclasses

import arviz as az
import numpy as np
import tensorflow as tf
from scipy.special import logsumexp

from vicourse.compiled import compiled
from vicourse.estimate import Estimate, estimate
from vicourse.inference.elbo import on_real_space
from vicourse.seeds import as_seed
from vicourse.validation import argument_error, check_integer

GOOD, USABLE = 0.5, 0.7


@dataclasses.dataclass(frozen=True)
class ImportanceCheck:
    """What `importance_check` found.

    Attributes:
        k_hat: the Pareto tail index of the weights, −∞ if all are equal. Below 0.5 their variance
            is finite; up to 0.7 averages with smoothed weights are usable; above, q misses part
            of the posterior.
        effective_sample_size: (Σ w)²/Σ w² of the smoothed weights.
        num_samples: draws from q.
        log_evidence: log of the mean weight in nats, an `Estimate` with the delta method's error.
            Unreliable above k-hat 0.7, and then usually too low.
        draws: the draws z [num_samples, *event_shape], or a dict of them.
        weights: the smoothed weights, [num_samples], adding up to 1.
    """

    k_hat: float
    effective_sample_size: float
    num_samples: int
    log_evidence: Estimate
    draws: object
    weights: np.ndarray

    def expectation(self, fn):
        """E[fn(z) | x] with the smoothed weights, an array of fn's shape for one z.

        Σ_s w_s fn(z_s), with the weights normalised; `fn` maps the draws to [num_samples, ...].
        """
        values = np.asarray(fn(self.draws))
        if values.shape[:1] != (self.num_samples,):
            raise argument_error("fn", values, f"values of shape [{self.num_samples}, ...]")
        return np.tensordot(self.weights, values, axes=1)

    @property
    def verdict(self):
        """One sentence about k-hat."""
        if self.k_hat < GOOD:
            return f"k-hat {self.k_hat:.2f}: no part of the posterior seems missed."
        if self.k_hat < USABLE:
            return f"k-hat {self.k_hat:.2f}: usable with importance weights, not as it is."
        return f"k-hat {self.k_hat:.2f}: q misses part of the posterior. Do not trust it."


def importance_check(fit, *, seed, num_samples=4000):
    """Pareto-smoothed importance sampling from a fitted q: k-hat and what the weights give.

    Args:
        fit: a `Fit` with a posterior (from `vi`, `laplace`, ...).
        seed: of the draws.
        num_samples: draws from q, at least 100. k-hat needs about a thousand to mean much.

    Returns:
        An `ImportanceCheck`.

    Raises:
        ValueError: the fit holds draws and no density, or a weight is NaN or +∞.

    k-hat sees only where q has been: one of two far modes covered perfectly gives a low k-hat.

    Source: Yao et al. (2018), Yes, but did it work?: evaluating variational inference; Vehtari et
        al. (2024), Pareto smoothed importance sampling. The smoothing is ArviZ's `psislw`.
    Chapter: algorithms/diagnostics
    """
    num_samples = check_integer("num_samples", num_samples, minimum=100)
    draws, log_w = draws_and_log_weights(fit, num_samples, seed)
    # Equal weights (q is the posterior) have no tail to fit: ArviZ would answer +∞.
    with np.errstate(over="ignore"):  # it tries exponents that it then discards
        smoothed, k_hat = az.psislw(log_w) if np.ptp(log_w) > 1e-10 else (log_w, -np.inf)
    weights = np.exp(smoothed - logsumexp(smoothed))
    return ImportanceCheck(
        k_hat=float(k_hat),
        effective_sample_size=float(1 / np.sum(weights**2)),
        num_samples=num_samples,
        log_evidence=_log_mean(log_w),
        draws=draws,
        weights=weights,
    )


def draws_and_log_weights(fit, num_samples, seed):
    """Latents z ~ q, [num_samples, ...], and log w = log p(x, z) − log q(z), [num_samples]."""
    if fit.posterior is None:
        raise argument_error(
            "fit",
            fit,
            "a fit with a posterior density",
            "MCMC draws have none; look at R-hat and ESS with `chain_check` instead.",
        )
    target_log_prob_fn, q = on_real_space(fit.model, fit.posterior)

    def run(seed):
        z = q.sample(num_samples, seed=seed)
        return z, target_log_prob_fn(z) - q.log_prob(z)

    z, log_w = compiled(run, as_seed(seed))(as_seed(seed))
    log_w = log_w.numpy().astype(np.float64)
    bad = int(np.sum(np.isnan(log_w) | (log_w == np.inf)))
    if bad:
        raise ValueError(
            f"`fit`: {bad} of {num_samples} weights are NaN or infinite. A parameter of q is "
            "probably NaN, or q puts mass outside the model's support."
        )
    if q is not fit.posterior:
        z = fit.posterior.bijector.forward(z)
    return tf.nest.map_structure(np.asarray, z), log_w


def _log_mean(log_w):
    """log of the mean weight; its error is the relative error of the mean (delta method)."""
    mean = estimate(np.exp(log_w - log_w.max()))
    value = float(log_w.max() + np.log(mean.value))
    return Estimate(value, mean.standard_error / mean.value, mean.num_samples, mean.method)
