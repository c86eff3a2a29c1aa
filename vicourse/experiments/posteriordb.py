"""Nine posteriors with reference draws, from the collection posteriordb.

Each is a data set, real or simulated, with a model that people have argued about, and 10,000 draws
that Stan took with care. The files are not part of the course: `VICOURSE_DATA_DIR` names a folder
that has them in `posteriordb/`, as NAME.data.json and NAME.draws.npz.

Source: Magnusson, Bürkner and Vehtari, posteriordb: a set of posteriors for Bayesian inference and
probabilistic programming.
Chapter: algorithms/vi_vs_mcmc
"""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import arviz as az
import numpy as np

from vicourse.data import DataError
from vicourse.experiments import posteriordb_models as models
from vicourse.files import UNREADABLE_NPZ
from vicourse.models import EightSchoolsNonCentred
from vicourse.validation import check_choice

#: The nine: the course's name and the collection's.
#:
#: Chapter: algorithms/vi_vs_mcmc
POSTERIORS = {
    "arK": "arK-arK",
    "earnings": "earnings-logearn_interaction_z",
    "eight_schools": "eight_schools-eight_schools_noncentered",
    "garch": "garch-garch11",
    "gp": "gp_pois_regr-gp_regr",
    "kidiq": "kidiq-kidscore_momhsiq",
    "mixture": "low_dim_gauss_mix-low_dim_gauss_mix",
    "nes": "nes1980-nes",
    "sblrc": "sblrc-blr",
}


class ReferencePosterior(NamedTuple):
    """A model with its data, and what is known of its posterior from long runs of Stan.

    Attributes:
        name: a key of `POSTERIORS`.
        model: a model of the course.
        quantities: a function from draws of the latents, [n, ...], to a dict of the quantities that
            the reference has, each [n].
        mean, sd: of those quantities under the posterior, dicts of floats.
        mean_error: the Monte Carlo standard error of each `mean`.
    """

    name: str
    model: Any
    quantities: Callable
    mean: dict
    sd: dict
    mean_error: dict


def load_posterior(name):
    """One of the nine posteriors: its model, and what is known of it.

    Args:
        name: a key of `POSTERIORS`.

    Returns:
        A `ReferencePosterior`.

    Raises:
        ValueError: `name` is none of them.
        DataError: the files are not there, or are damaged.

    Chapter: algorithms/vi_vs_mcmc
    """
    check_choice("name", name, POSTERIORS)
    data, draws = _files(POSTERIORS[name])
    model, quantities = _BUILDERS[name](data)
    return ReferencePosterior(
        name=name,
        model=model,
        quantities=quantities,
        mean={key: float(values.mean()) for key, values in draws.items()},
        sd={key: float(values.std(ddof=1)) for key, values in draws.items()},
        mean_error={key: float(az.mcse(values)) for key, values in draws.items()},
    )


def _files(stem):
    """The data, and the draws {quantity: float64 [chains, draws]}, checked."""
    folder = os.environ.get("VICOURSE_DATA_DIR")
    remedy = (
        "Set VICOURSE_DATA_DIR to a folder with `posteriordb/` in it, and there for each posterior "
        "NAME.data.json and NAME.draws.npz: data and reference draws from posteriordb."
    )
    if not folder:
        raise DataError(f"The nine posteriors are not part of the course. {remedy}")
    path = Path(folder).expanduser() / "posteriordb" / stem
    try:
        data = json.loads(Path(f"{path}.data.json").read_text(encoding="utf-8"))
        data = {key: np.asarray(part, np.float64) for key, part in data.items()}
        with np.load(f"{path}.draws.npz", allow_pickle=False) as archive:
            draws = {key: archive[key].astype(np.float64) for key in archive.files}
    except FileNotFoundError as missing:
        raise DataError(f"{missing.filename} is not there. {remedy}") from None
    except UNREADABLE_NPZ as problem:
        raise DataError(f"{path}.* cannot be read ({problem}). Fetch it again.") from None
    if not draws or not all(d.ndim == 2 and np.isfinite(d).all() for d in draws.values()):
        raise DataError(f"{path}.draws.npz: wanted finite draws [chains, draws]. Fetch it again.")
    return data, draws


def as_named(z):
    """Draws of the latents under Stan's names: `beta` [n, 3] becomes beta[1], beta[2], beta[3]."""
    named = {}
    for name, part in z.items():
        part = np.asarray(part)
        if part.ndim == 1:
            named[name] = part
        else:
            named |= {f"{name}[{k + 1}]": part[:, k] for k in range(part.shape[1])}
    return named


def _regression(features, y, **priors):
    return models.Regression(np.column_stack(features), y, **priors), as_named


def _arK(data):
    y, lags = data["y"], int(data["K"])
    past = [y[lags - k : -k] for k in range(1, lags + 1)]
    priors = {"weight_sd": 10.0, "noise": "half_cauchy", "noise_scale": 2.5}
    model = models.Regression(np.column_stack([np.ones(len(y) - lags), *past]), y[lags:], **priors)

    def quantities(z):
        named = as_named(z)
        weights = {f"beta[{k}]": named[f"beta[{k + 1}]"] for k in range(1, lags + 1)}
        return {"alpha": named["beta[1]"], **weights, "sigma": named["sigma"]}

    return model, quantities


def _earnings(data):
    height, male = data["height"], data["male"]
    z = (height - height.mean()) / height.std(ddof=1)
    features = [np.ones_like(z), z, male, z * male]
    return _regression(features, np.log(data["earn"]))


def _eight_schools(data):
    model = EightSchoolsNonCentred(data["y"], data["sigma"])

    def quantities(z):
        return as_named({"theta": model.theta(z), "mu": z["mu"], "tau": z["tau"]})

    return model, quantities


def _garch(data):
    model = models.Garch(data["y"], float(data["sigma1"]))

    def quantities(z):
        shares = np.asarray(z["shares"])
        parts = {"alpha1": shares[:, 0], "beta1": shares[:, 1]}
        return as_named({"mu": z["mu"], "alpha0": z["alpha0"], **parts})

    return model, quantities


def _gp(data):
    return models.GaussianProcess(data["x"], data["y"]), as_named


def _kidiq(data):
    features = [np.ones(int(data["N"])), data["mom_hs"], data["mom_iq"]]
    return _regression(features, data["kid_score"], noise="half_cauchy", noise_scale=2.5)


def _mixture(data):
    return models.OrderedMixture(data["y"]), as_named


def _nes(data):
    ages = [data["age_discrete"] == k for k in (2, 3, 4)]
    before, after = ("real_ideo", "race_adj"), ("educ1", "gender", "income")
    features = [np.ones(int(data["N"])), *map(data.get, before), *ages, *map(data.get, after)]
    return _regression(features, data["partyid7"])


def _sblrc(data):
    priors = {"weight_sd": 10.0, "noise": "half_normal", "noise_scale": 10.0}
    return models.Regression(data["X"], data["y"], **priors), as_named


_BUILDERS = {
    "arK": _arK,
    "earnings": _earnings,
    "eight_schools": _eight_schools,
    "garch": _garch,
    "gp": _gp,
    "kidiq": _kidiq,
    "mixture": _mixture,
    "nes": _nes,
    "sblrc": _sblrc,
}
