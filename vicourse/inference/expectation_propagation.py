"""Expectation propagation: a Gaussian whose moments agree with each likelihood term in turn.

Variational inference minimises KL(q ‖ p) for the whole posterior. Expectation propagation (EP)
minimises the forward KL(p̂_n ‖ q) for one datum at a time, where p̂_n has the exact likelihood of
datum n and Gaussians for all others. Forward KL to a Gaussian means: match mean and variance.
"""

import time
import warnings

import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp

from vicourse.families import full_rank
from vicourse.inference.elbo import elbo_estimate
from vicourse.inference.fit import DivergedError, Fit
from vicourse.inference.tilted import tilted_logistic, tilted_probit
from vicourse.models import LogisticRegression, ProbitRegression
from vicourse.seeds import as_seed
from vicourse.validation import argument_error, check_integer, check_number

tfd = tfp.distributions

TILTED = {ProbitRegression: tilted_probit, LogisticRegression: tilted_logistic}
WIDEST = 1e8  # the quadrature of `tilted_logistic` was checked up to here


def expectation_propagation(
    model, *, seed, damping=0.0, tolerance=1e-8, max_sweeps=200, num_elbo_samples=1000
):
    """Fit a Gaussian to a binary regression by matching moments, one datum after the other.

        q(w) ∝ N(w; 0, s² I) Π_n t̃_n(f_n),   t̃_n(f) = exp(c_n + ν_n f − ½ τ_n f²),   f_n = x_nᵀ w

    For each datum n in turn: take its site t̃_n out of q (what is left, the cavity, gives
    f_n ~ N(μ, σ²)); put the exact likelihood in (the tilted distribution); choose the new site so
    that the cavity times the site has the mass, the mean and the variance of the tilted one.

    The sites give an estimate of the evidence, log ∫ N(w; 0, s² I) Π_n t̃_n dw. It is often
    closer to log p(x) than the ELBO, but it is **not a bound**: it may lie above log p(x) or below,
    and it need not rise from sweep to sweep.

    **Convergence.** When a sweep moves q by less than `tolerance`, as KL(q_new ‖ q_old). There is
    no theorem that EP converges; for these models, whose likelihoods are log-concave, it does in
    practice.

    Args:
        model: a `ProbitRegression` (moments in closed form) or a `LogisticRegression` (moments
            by quadrature in one dimension).
        seed: for the ELBO's draws; nothing else is random.
        damping: the share of the old site that is kept at each update, 0 to below 1. More is
            slower and steadier.
        tolerance: in nats; see above.
        max_sweeps: passes through the data at most.
        num_elbo_samples: fresh draws for the ELBO of the result.

    Returns:
        A `Fit`: the posterior is a full-rank Gaussian; `objective` is EP's estimate of log p(x)
        after each sweep, in nats; the ELBO ± standard error is that of the posterior. The ELBO
        of the best Gaussian is higher: EP looks for another one.

    Raises:
        TypeError: another model.
        DivergedError: a number was not finite; holds the last good fit.
        ValueError: bad arguments, or features beyond all scale.

    Source: Minka (2001), Expectation propagation for approximate Bayesian inference; Rasmussen and
        Williams (2006), Gaussian processes for machine learning, section 3.6.
    Chapter: algorithms/vi_vs_mcmc
    """
    began = time.perf_counter()
    seed_of_elbo = as_seed(seed)
    if type(model) not in TILTED:
        names = " or ".join(kind.__name__ for kind in TILTED)
        raise argument_error("model", model, f"a {names}", "Elsewhere use `vi`.", TypeError)
    damping = check_number("damping", damping, minimum=0, below=1)
    tolerance = check_number("tolerance", tolerance, above=0)
    max_sweeps = check_integer("max_sweeps", max_sweeps, minimum=1)
    num_elbo_samples = check_integer("num_elbo_samples", num_elbo_samples, minimum=2)
    # With the labels' signs in the features every label is 1; with s in them the prior is N(0, I).
    with np.errstate(over="ignore"):
        rows = model.prior_sd * model.features * (2 * model.data - 1)[:, np.newaxis]
        widest = np.max(np.linalg.norm(rows, axis=1))
    if not widest <= WIDEST:
        raise ValueError(
            f"`model`: wanted prior SDs of x_nᵀ w up to {WIDEST:g}, got {widest:g}. Standardise "
            "the features, or choose a smaller prior."
        )
    sites = Sites(rows, TILTED[type(model)])
    trace = []

    def fit(converged, stop_reason, with_elbo=True):
        posterior = full_rank(
            model,
            initial_loc=model.prior_sd * sites.q.mean().numpy(),
            initial_scale=model.prior_sd * sites.q.scale_tril.numpy(),
        )
        elbo = None
        if with_elbo:
            elbo = elbo_estimate(model, posterior, num_elbo_samples, seed_of_elbo)
        return Fit(
            algorithm=f"Expectation propagation (damping {damping:g})",
            model=model,
            posterior=posterior,
            draws=None,
            objective=np.array(trace),
            elbo=elbo,
            seed=seed,
            seconds=time.perf_counter() - began,
            converged=converged,
            stop_reason=stop_reason,
        )

    while len(trace) < max_sweeps:
        try:
            log_evidence, moved = sites.sweep(damping)
        except FloatingPointError as error:
            reason = f"Sweep {len(trace) + 1}: {error}"
            raise DivergedError(reason, fit(False, reason, with_elbo=False)) from None
        trace.append(log_evidence)
        step = f"the last moved q by {moved:.1g} nats"
        if moved < tolerance:
            return fit(True, f"converged after {len(trace)} sweeps: {step}")
    reason = f"max_sweeps: not converged after {max_sweeps} sweeps, {step}"
    warnings.warn(f"expectation_propagation: {reason}. Raise `max_sweeps`.", stacklevel=2)
    return fit(False, reason)


class Sites:
    """The sites of all data, and the Gaussian that they make with the prior N(0, I).

    Attributes:
        tau, nu, log_scale: τ, ν and c of each site, [N]; 0 at the start, where q is the prior.
        q: the last finite Gaussian, a `tfd.MultivariateNormalTriL` over [P].
    """

    def __init__(self, rows, tilted):
        self._rows, self._tilted = rows, tilted
        self.tau, self.nu, self.log_scale = np.zeros((3, len(rows)))
        self.q, _ = self._gaussian()

    def sweep(self, damping):
        """Updates every site once. Returns the log evidence, and how far q moved, both in nats.

        Raises:
            FloatingPointError: a number was not finite; `q` is still the one before.
        """
        covariance = self.q.covariance().numpy()
        shift = self._rows.T @ self.nu
        with np.errstate(all="ignore"):  # what comes of it is checked below
            for n, x in enumerate(self._rows):
                direction = covariance @ x
                mean, variance = direction @ shift, direction @ x
                tau, nu = self.tau[n], self.nu[n]
                self._update(n, *cavity(mean, variance, tau, nu), damping)
                # The rank-one change of q that the change of one site makes.
                change = self.tau[n] - tau
                covariance -= change / (1 + change * variance) * np.outer(direction, direction)
                shift += (self.nu[n] - nu) * x
            # Afresh from the sites: rank-one changes gather rounding errors.
            old = self.q
            self.q, log_evidence = self._gaussian()
        return log_evidence, max(float(self.q.kl_divergence(old)), 0.0)

    def _update(self, n, mean, variance, damping):
        """Matches the moments at site n, given its cavity."""
        log_mass, slope, curvature = self._tilted(mean, variance)
        # Log-concave likelihoods make no tilted variance larger than the cavity's, so that no τ is
        # negative; rounding may.
        curvature = max(curvature, 0.0)
        # mean + variance·slope and variance·shrinkage are the tilted mean and variance.
        shrinkage = 1 - variance * curvature
        tau, nu = curvature / shrinkage, (slope + curvature * mean) / shrinkage
        self.tau[n] += (1 - damping) * (tau - self.tau[n])
        self.nu[n] += (1 - damping) * (nu - self.nu[n])
        self.log_scale[n] = log_mass - log_integral(mean, variance, self.tau[n], self.nu[n])

    def _gaussian(self):
        """N(m, S) ∝ N(0, I) · sites, and the log of its mass.

        S⁻¹ = I + Xᵀ diag(τ) X,   m = S Xᵀ ν,   log mass = Σ c + ½ log|S| + ½ (Xᵀν)ᵀ S (Xᵀν)
        """
        precision = np.eye(self._rows.shape[1]) + (self._rows.T * self.tau) @ self._rows
        shift = self._rows.T @ self.nu
        try:
            covariance = np.linalg.inv(precision)
            mean, tril = covariance @ shift, np.linalg.cholesky(covariance)
        except np.linalg.LinAlgError:
            tril = np.full_like(precision, np.nan)
            mean = tril[0]
        log_mass = np.sum(self.log_scale) + np.sum(np.log(np.diag(tril))) + 0.5 * mean @ shift
        if not (np.isfinite(log_mass) and np.all(np.isfinite(tril))):
            raise FloatingPointError(
                "the Gaussian is not finite. Standardise the features, or choose a smaller prior."
            )
        return tfd.MultivariateNormalTriL(tf.constant(mean), tf.constant(tril)), float(log_mass)


def cavity(mean, variance, tau, nu):
    """Mean and variance of f_n without site n: N(f; m, v) divided by exp(ν f − ½ τ f²).

    σ² = v/(1 − τ v),   μ = (m − v ν)/(1 − τ v)
    """
    rest = 1 - tau * variance
    return (mean - variance * nu) / rest, variance / rest


def log_integral(mean, variance, tau, nu):
    """log ∫ N(f; μ, σ²) exp(ν f − ½ τ f²) df, in nats.

    = −½ log(1 + τσ²) + (2νμ + ν²σ² − τμ²)/(2(1 + τσ²))
    """
    spread = 1 + tau * variance
    exponent = 2 * nu * mean + nu**2 * variance - tau * mean**2
    return -0.5 * np.log(spread) + exponent / (2 * spread)
