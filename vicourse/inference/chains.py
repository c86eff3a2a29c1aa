"""Chains of draws: have they met, and the way back from ArviZ's `InferenceData`."""

import arviz as az
import numpy as np
import tensorflow as tf

from vicourse.models import Model
from vicourse.validation import argument_error, check_array

MAX_R_HAT = 1.01
# What `mcmc` tells about a draw, by ArviZ's names.
STATISTICS = (
    "lp",
    "diverging",
    "energy",
    "acceptance_rate",
    "n_steps",
    "reached_max_treedepth",
    "step_size",
)


def have_met(u, diverging):
    """Whether chains agree and none of their draws diverged, and the numbers in words.

    Args:
        u: unconstrained draws [num_chains, num_draws, dim].
        diverging: [num_chains, num_draws], booleans; None where nobody knows.
    """
    worst = _worst_rhat(u)
    words = f"{u.shape[0]} × {u.shape[1]} draws, R-hat at most {worst:.4f}"
    if diverging is None:
        return bool(worst < MAX_R_HAT), f"{words}, divergences not recorded"
    diverged = int(diverging.sum())
    return bool(worst < MAX_R_HAT and diverged == 0), f"{words}, {diverged} diverged"


def read_inference_data(idata, model):
    """What `Fit.from_inference_data` makes a `Fit` of, as a dict of its fields."""
    if not isinstance(model, Model):
        raise argument_error("model", model, "a model")
    if not isinstance(idata, az.InferenceData) or "posterior" not in idata.groups():
        got = f"the groups {idata.groups()}" if isinstance(idata, az.InferenceData) else idata
        raise argument_error(
            "idata",
            got,
            "an `arviz.InferenceData` with the group 'posterior'",
            "ArviZ's `from_netcdf`, `from_numpyro`, `from_cmdstanpy` and `from_dict` make one; "
            "PyMC's `sample` returns one.",
        )
    draws = _draws(idata.posterior, model)
    u = model.flat_bijector.inverse(tf.nest.map_structure(tf.constant, draws))
    stats = _statistics(idata, u.shape[:2])
    converged, stop_reason = have_met(u.numpy(), stats.get("diverging"))
    about = {**idata.posterior.attrs, **idata.attrs}
    return {
        "algorithm": about.get("algorithm", f"draws of {about.get('inference_library', 'others')}"),
        "model": model,
        "posterior": None,
        "draws": draws,
        "objective": model.unconstrained_log_joint(u).numpy(),
        "elbo": None,
        "seed": None,
        "seconds": float(about.get("sampling_time", np.nan)),
        "converged": converged,
        "stop_reason": stop_reason,
        "sample_stats": stats,
    }


def _draws(posterior, model):
    """Latents [num_chains, num_draws, *event_shape] in the model's dtype, or an error."""
    shapes = model.event_shape if isinstance(model.event_shape, dict) else {"z": model.event_shape}
    missing = sorted(set(shapes) - set(posterior.data_vars))
    if missing:
        raise argument_error(
            "idata",
            f"a posterior of the variables {sorted(posterior.data_vars)}",
            f"the latents of the model {model.name!r}, {sorted(shapes)}",
            f"Missing: {', '.join(missing)}. Rename yours with `idata.rename({{old: new}})`.",
        )
    dtype = model.dtype.as_numpy_dtype
    draws = {name: _draws_of(posterior[name], shape, dtype) for name, shape in shapes.items()}
    draws = draws if isinstance(model.event_shape, dict) else draws["z"]
    try:
        model._check_latents(draws)
    except ValueError as problem:
        raise ValueError(f"`idata`: the draws do not suit the model. {problem}") from problem
    return draws


def _draws_of(variable, event_shape, dtype):
    name = f"idata.posterior[{variable.name!r}]"
    if variable.dims[:2] != ("chain", "draw"):
        raise argument_error(name, f"dimensions {variable.dims}", "'chain' and 'draw' first")
    shape = (None, None, *event_shape)
    return check_array(name, variable.values, dtype=dtype, shape=shape, allow_integer=True)


def _statistics(idata, shape):
    """Those statistics of the draws that `mcmc` gives too, [num_chains, num_draws]."""
    given = idata.sample_stats if "sample_stats" in idata.groups() else {}
    return {
        name: given[name].values
        for name in STATISTICS
        if name in given and given[name].shape == tuple(shape)
    }


def _worst_rhat(u):
    """The largest rank-normalised split R-hat; NaN (a constant chain) counts as infinite."""
    rhat = az.rhat(az.convert_to_dataset(u))["x"].values
    return float(np.max(np.nan_to_num(rhat, nan=np.inf)))
