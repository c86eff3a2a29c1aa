"""Pathfinder: the best Gaussian on a quasi-Newton path from the tail to the mode.

The way to a mode of a posterior leads through the region that holds its mass. L-BFGS estimates the
curvature as it goes, so that every point of the path comes with a Gaussian (see
`inverse_hessian`). Pathfinder draws a few points from each and keeps the one with the highest ELBO.
It needs no step size and no stochastic optimization, a few hundred gradients in all.
"""

import itertools
import time
from typing import NamedTuple

import arviz as az
import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp

from vicourse.compiled import compiled
from vicourse.families import full_rank
from vicourse.inference.elbo import elbo_estimate
from vicourse.inference.fit import Fit
from vicourse.inference.inverse_hessian import FactoredGaussian, factored_gaussian
from vicourse.inference.lbfgs import lbfgs
from vicourse.inference.starts import Density
from vicourse.seeds import fold_in, split_seed
from vicourse.validation import check_integer

tfd = tfp.distributions

DRAWS_PER_POINT = 25
MAXIMUM = 0.01  # the distance to the maximum, in standard deviations, that counts as none
STARTS_PER_PATH = 10  # how many random points are tried for one where the density is finite


def pathfinder(
    model,
    *,
    seed,
    num_paths=4,
    history_size=6,
    max_steps=1000,
    num_draws=1000,
    num_elbo_samples=1000,
):
    """Pathfinder: of the Gaussians that L-BFGS meets on its way up, that with the highest ELBO.

        q_l(u) = N(u | u_l + Σ_l ∇log p(x, u_l), Σ_l),   l* = argmax_l E[log p(x, u) − log q_l(u)]

    The expectation is over q_l. Each path begins at a random point of (−2, 2)^dim of the
    unconstrained space. Σ_l is L-BFGS's inverse Hessian; q_l's mean is where L-BFGS would step
    next. 25 draws estimate each ELBO, made from the same noise for all points of a path, so that
    they are compared fairly. The start, with Σ = I, counts as a point too: in hierarchical models
    it may be better than all that follow.

    **One path** gives a Gaussian. **Several paths** give draws: `num_paths` × `num_draws` draws
    from the equally weighted mixture of the paths' Gaussians, from which `num_draws` are picked
    with Pareto-smoothed importance weights p(x, u)/q(u). The mixture is the fit's `posterior`, so
    that `importance_check` and `report` can judge it. A path that ends in a poor place costs the
    mixture much of its ELBO, and the picked draws little. If a draw were weighed with the Gaussian
    of its own path alone, a mode that two paths have found would count twice.

    Args:
        model: a model with `unconstrained_log_joint`. Latents should have a scale of about 1 in
            the unconstrained space: the path begins there.
        seed: an integer or a pair.
        num_paths: 1 for the single-path algorithm; one after the other here.
        history_size: J, the pairs that L-BFGS remembers: Σ is a diagonal plus rank 2J.
        max_steps: L-BFGS steps at most, for each path.
        num_draws: draws to keep of several paths, at least 100.
        num_elbo_samples: fresh draws for the ELBO of the result.

    Returns:
        A `Fit`. With one path `posterior` is a full-rank Gaussian carried to the latents; with
        several it is the mixture, and `draws` are [1, num_draws, *event_shape]. The objective is
        the log density in nats along the path with the best Gaussian. `converged` says whether all
        paths reached a maximum; where there is none, a good Gaussian may stand on the way.

    Raises:
        ValueError: the log joint is finite at too few starting points, or no Gaussian on any path
            has a finite ELBO.
        TypeError: a seed or a count of another type.

    Source: Zhang, Carpenter, Gelman and Vehtari (2022), Pathfinder: Parallel quasi-Newton
        variational inference.
    Chapter: algorithms/vi_vs_mcmc
    """
    began = time.perf_counter()
    num_paths = check_integer("num_paths", num_paths, minimum=1)
    history_size = check_integer("history_size", history_size, minimum=1)
    max_steps = check_integer("max_steps", max_steps, minimum=1)
    num_draws = check_integer("num_draws", num_draws, minimum=100)
    path_seed, elbo_seed, draw_seed = split_seed(seed, 3)
    paths = _paths(model, path_seed, num_paths, history_size, max_steps)
    best = max(paths, key=lambda path: path.elbo)
    gaussians = [path.gaussian for path in paths if np.isfinite(path.elbo)]
    posterior, draws = _posterior(model, gaussians), None
    if num_paths > 1:
        draws = _picked_draws(model, posterior, num_draws, num_paths * num_draws, draw_seed)
    num_maxima = sum(path.at_maximum for path in paths)
    return Fit(
        algorithm=f"Pathfinder ({f'{num_paths} paths' if num_paths > 1 else 'single'})",
        model=model,
        posterior=posterior,
        elbo=elbo_estimate(model, posterior, num_elbo_samples, elbo_seed),
        draws=draws,
        objective=best.log_density,
        seed=seed,
        seconds=time.perf_counter() - began,
        converged=num_maxima == num_paths,
        stop_reason=f"{num_maxima} of {num_paths} paths reached a maximum; the best Gaussian "
        f"belongs to step {best.place} of {len(best.log_density) - 1} of its path",
    )


class _Path(NamedTuple):
    """The pick of a path: the Gaussian, its ELBO (noisy, in nats), and at which step it stands."""

    gaussian: FactoredGaussian | None
    elbo: float
    place: int
    log_density: np.ndarray
    at_maximum: bool


def _paths(model, seed, num_paths, history_size, max_steps):
    """A `_Path` from each start; an error where not one has a Gaussian with a finite ELBO."""
    start_seed, noise_seed = split_seed(seed)
    density = Density(model)
    shape = [DRAWS_PER_POINT, model.dim]
    function = compiled(model.unconstrained_log_joint, tf.zeros(shape, model.dtype))
    rounding = np.finfo(model.dtype.as_numpy_dtype).eps

    def log_joint(draws):
        return function(tf.constant(draws, model.dtype)).numpy().astype(np.float64)

    paths = []
    for number, start in enumerate(_starts(density, model.dim, num_paths, start_seed)):
        search = lbfgs(density, start, history_size, rounding)
        points = list(itertools.islice(search, max_steps + 1))
        noise = tf.random.stateless_normal(shape, fold_in(noise_seed, number), dtype=tf.float64)
        paths.append(_best_on_path(points, log_joint, noise.numpy()))
    if not any(np.isfinite(path.elbo) for path in paths):
        raise ValueError(
            "`model`: no Gaussian on any path has a finite ELBO. The log density falls to -inf or "
            "is NaN around every point: check that it is finite on all of the unconstrained space."
        )
    return paths


def _starts(density, dim, num_paths, seed):
    """Random points of (−2, 2)^dim where the log density and its gradient are finite."""
    tries = STARTS_PER_PATH * num_paths
    points = tf.random.stateless_uniform([tries, dim], seed, -2, 2, dtype=tf.float64).numpy()
    usable = (
        u
        for u in points
        if np.isfinite(density.value(u)) and np.all(np.isfinite(density.gradient(u)))
    )
    starts = list(itertools.islice(usable, num_paths))
    if len(starts) < num_paths:
        raise ValueError(
            f"`model`: wanted a finite `unconstrained_log_joint` with a finite gradient at "
            f"{num_paths} of {tries} random points in (-2, 2)^{dim}, got it at {len(starts)}. "
            "Check the data for missing values, and that the scales in the model suit the data."
        )
    return starts


def _best_on_path(points, log_joint, noise):
    """Pathfinder's pick among the points of one path."""
    gaussians = [_gaussian(point) for point in points]
    elbos = [-np.inf if g is None else _elbo(g, log_joint, noise) for g in gaussians]
    place = int(np.argmax(elbos))
    return _Path(
        gaussian=gaussians[place],
        elbo=elbos[place],
        place=place,
        log_density=np.array([point.log_density for point in points]),
        at_maximum=bool(points[-1].gain() < 0.5 * MAXIMUM**2),
    )


def _gaussian(point):
    """N(u + Σ ∇log p, Σ), or None where rounding has spoilt Σ."""
    try:
        return factored_gaussian(point.u + point.step(), point.covariance)
    except np.linalg.LinAlgError:
        return None


def _elbo(gaussian, log_joint, noise):
    """The mean of log p(x, u) − log q(u) in nats; −∞ where it is not finite."""
    elbo = np.mean(log_joint(gaussian.draws(noise)) - gaussian.log_prob(noise))
    return float(elbo) if np.isfinite(elbo) else -np.inf


def _posterior(model, gaussians):
    """One Gaussian as a `full_rank` family, several as a mixture, carried to the latents."""
    if len(gaussians) == 1:
        (one,) = gaussians
        return full_rank(model, initial_loc=one.loc, initial_scale=one.scale_tril())
    loc = np.array([gaussian.loc for gaussian in gaussians])
    tril = np.array([gaussian.scale_tril() for gaussian in gaussians])
    mixture = tfd.MixtureSameFamily(
        tfd.Categorical(logits=tf.zeros(len(gaussians), model.dtype)),
        tfd.MultivariateNormalTriL(tf.constant(loc, model.dtype), tf.constant(tril, model.dtype)),
    )
    return tfd.TransformedDistribution(mixture, model.flat_bijector, name="pathfinder")


def _picked_draws(model, posterior, num_draws, num_proposals, seed):
    """Draws of the posterior [1, num_draws, ...], picked with smoothed weights p(x, u)/q(u)."""
    proposal_seed, pick_seed = split_seed(seed)

    def propose(seed):
        u = posterior.distribution.sample(num_proposals, seed=seed)
        return u, model.unconstrained_log_joint(u) - posterior.distribution.log_prob(u)

    u, log_w = compiled(propose, proposal_seed)(proposal_seed)
    log_w = log_w.numpy().astype(np.float64)
    if np.ptp(log_w) > 1e-10:  # else q is the posterior, and there is no tail to smooth
        with np.errstate(over="ignore"):  # it tries exponents that it then discards
            log_w, _ = az.psislw(log_w)
    picks = tf.random.stateless_categorical(log_w[np.newaxis], num_draws, pick_seed)[0]
    draws = model.flat_bijector.forward(tf.gather(u, picks))
    return tf.nest.map_structure(lambda part: part.numpy()[np.newaxis], draws)
