"""Laplace's approximation: a Gaussian at the mode with the curvature there.

    mu = argmax_u log p(x, T(u)) + log|det dT/du|,   Sigma = (−∇²)⁻¹ at mu

It is taken in the unconstrained space R^dim, where a Gaussian fits on every support.
"""

import time

import numpy as np

from vicourse.families import full_rank
from vicourse.inference.elbo import elbo_estimate
from vicourse.inference.fit import Fit
from vicourse.inference.starts import search_paths
from vicourse.seeds import split_seed
from vicourse.validation import check_integer


def laplace(model, *, seed, num_starts=4, num_elbo_samples=1000):
    """Laplace's approximation at the highest mode that `num_starts` searches find.

        q(u) = N(u | mu, (−∇² log p(x, mu))⁻¹)

    Args:
        model: a model with `unconstrained_log_joint`.
        seed: for the starting points and for the ELBO's draws.
        num_starts: searches with Newton's method: one from u = 0, the others from
            standard normal points.
        num_elbo_samples: fresh draws for the ELBO of the result.

    Returns:
        A `Fit`. Its objective is the log density, in nats, along the best search.
        `converged` says whether a maximum was reached and the curvature there is negative.

    Raises:
        ValueError: the log joint is not finite at any starting point.

    Source: Tierney and Kadane (1986), Accurate approximations for posterior moments;
        MacKay (2003), Information theory, inference and learning algorithms, chapter 27.
    Chapter: algorithms/vi_vs_mcmc
    """
    began = time.perf_counter()
    num_starts = check_integer("num_starts", num_starts, minimum=1)
    start_seed, elbo_seed = split_seed(seed)
    paths = search_paths(model, start_seed, num_starts)
    best = max(paths, key=lambda path: path.log_density[-1])
    mode, converged = best.gaussians[-1], best.at_maximum
    posterior = full_rank(model, initial_loc=mode.loc, initial_scale=mode.scale_tril)
    return Fit(
        algorithm="Laplace",
        model=model,
        posterior=posterior,
        draws=None,
        objective=np.array(best.log_density),
        elbo=elbo_estimate(model, posterior, num_elbo_samples, elbo_seed),
        seed=seed,
        seconds=time.perf_counter() - began,
        converged=converged,
        stop_reason="reached a maximum"
        if converged
        else "found no maximum with negative curvature",
    )
