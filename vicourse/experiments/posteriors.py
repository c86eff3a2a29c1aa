"""Nine posteriors, every algorithm: how far is each from the reference, and does it say so?

    error of a mean = |E_q[z] − E_ref[z]| / SD_ref[z],   ratio of SDs = SD_q[z] / SD_ref[z]

Everything runs from defaults. The worst quantity of each posterior is what is kept.

Chapter: algorithms/vi_vs_mcmc
"""

import arviz as az
import numpy as np
import tensorflow as tf

from vicourse import inference
from vicourse.diagnostics import chain_check, importance_check
from vicourse.experiments.experiment import Experiment
from vicourse.experiments.posteriordb import POSTERIORS, load_posterior

ALGORITHMS = (
    "laplace",
    "pathfinder",
    "mean_field",
    "full_rank",
    "svgd",
    "hmc",
    "nuts",
)
SEEDS = (0, 1, 2)
NUM_DRAWS = 20_000


def cells(quick):
    """One posterior, one algorithm, one seed. Quick: two algorithms on the smallest posterior."""
    names = ["eight_schools"] if quick else list(POSTERIORS)
    algorithms = ("laplace", "full_rank") if quick else ALGORITHMS
    return [
        {"posterior": name, "algorithm": algorithm, "seed": seed}
        for seed in SEEDS[: 1 if quick else None]
        for name in names
        for algorithm in algorithms
    ]


def run(settings):
    """Fits one cell and holds it against the reference.

    Returns:
        A dict: the worst error of a mean (reference SDs) and the lowest and highest ratio of SDs,
        each with the quantity it belongs to; the Monte Carlo error of the worst; the ELBO (nats),
        k-hat, R-hat and effective sample size where the algorithm has them; seconds; why it
        stopped.
    """
    reference = load_posterior(settings["posterior"])
    fit = _fit(reference.model, settings["algorithm"], settings["seed"])
    if fit.draws is None:
        chains = reference.quantities(fit.sample(NUM_DRAWS, seed=settings["seed"] + 100))
        chains = {name: values[np.newaxis] for name, values in chains.items()}
    else:
        chains = _each_chain(reference.quantities, fit.draws)
    return (
        compare(reference, chains)
        | verdict(fit)
        | {
            "seconds": round(fit.seconds, 2),
            "converged": fit.converged,
            "stop_reason": fit.stop_reason,
        }
    )


def compare(reference, chains):
    """Means and SDs of draws {quantity: [chains, n]} against the reference; see `run`."""
    shift, ratio, error = {}, {}, {}
    for name, mean in reference.mean.items():
        values, sd = np.asarray(chains[name], np.float64), reference.sd[name]
        shift[name] = (values.mean() - mean) / sd
        ratio[name] = values.std() / sd
        # A single chain of independent draws has this error too.
        own = az.mcse(values) if len(values) > 1 else values.std() / np.sqrt(values.size)
        error[name] = np.hypot(own, reference.mean_error[name]) / sd
    worst = max(shift, key=lambda name: abs(shift[name]))
    low, high = min(ratio, key=ratio.get), max(ratio, key=ratio.get)
    return {
        "mean_error": round(float(shift[worst]), 4),
        "mean_error_se": round(float(error[worst]), 4),
        "mean_error_of": worst,
        "sd_ratio_low": round(float(ratio[low]), 4),
        "sd_ratio_low_of": low,
        "sd_ratio_high": round(float(ratio[high]), 4),
        "sd_ratio_high_of": high,
    }


def verdict(fit):
    """What the fit says of itself: ELBO and k-hat of a q, R-hat and ESS of chains."""
    said = {}
    if fit.elbo is not None:
        said |= {"elbo": round(fit.elbo.value, 3), "elbo_se": round(fit.elbo.standard_error, 4)}
    if fit.posterior is not None:
        said["k_hat"] = round(importance_check(fit, seed=0).k_hat, 3)
    elif tf.nest.flatten(fit.draws)[0].shape[0] > 1:
        check = chain_check(fit)
        said |= {
            "r_hat": round(check.r_hat, 4),
            "ess_bulk": round(check.ess_bulk),
            "num_divergent": check.num_divergent,
        }
    return said


def report(finished):
    """A line for each posterior and algorithm, over the seeds: the worst of each figure."""
    lines = [f"{'posterior':13} {'algorithm':13} mean error   SD ratios   k-hat  R-hat  seconds"]
    for row in over_seeds(finished):
        k_hat = f"{row['k_hat']:6.2f}" if "k_hat" in row else " " * 6
        r_hat = f"{row['r_hat']:6.3f}" if "r_hat" in row else " " * 6
        lines.append(
            f"{row['posterior']:13} {row['algorithm']:13} {row['mean_error']:10.3f} "
            f"{row['sd_ratio_low']:6.2f}–{row['sd_ratio_high']:4.2f} {k_hat} {r_hat} "
            f"{row['seconds']:8.1f}"
        )
    return lines


def over_seeds(finished):
    """One dict for each posterior and algorithm: the worst figures of its seeds.

    Args:
        finished: the cells of a result, dicts.

    Returns:
        A list of dicts with "posterior", "algorithm", "mean_error" (its size, reference SDs),
        "sd_ratio_low", "sd_ratio_high", "k_hat" and "r_hat" where there are such, "seconds" (the
        median) and "num_seeds".
    """
    groups = {}
    for cell in finished:
        key = cell["settings"]["posterior"], cell["settings"]["algorithm"]
        groups.setdefault(key, []).append(cell)
    rows = []
    for (posterior, algorithm), group in groups.items():
        row = {
            "posterior": posterior,
            "algorithm": algorithm,
            "mean_error": max(abs(cell["mean_error"]) for cell in group),
            "sd_ratio_low": min(cell["sd_ratio_low"] for cell in group),
            "sd_ratio_high": max(cell["sd_ratio_high"] for cell in group),
            "seconds": float(np.median([cell["seconds"] for cell in group])),
            "num_seeds": len(group),
        }
        for name in ("k_hat", "r_hat"):
            if name in group[0]:
                row[name] = max(cell[name] for cell in group)
        rows.append(row)
    return sorted(rows, key=lambda row: row["posterior"])


def _fit(model, algorithm, seed):
    return {
        "laplace": lambda: inference.laplace(model, seed=seed),
        "pathfinder": lambda: inference.pathfinder(model, seed=seed),
        "mean_field": lambda: inference.vi(model, "mean_field", seed=seed),
        "full_rank": lambda: inference.vi(model, "full_rank", seed=seed),
        "svgd": lambda: inference.svgd(model, seed=seed),
        "hmc": lambda: inference.mcmc(model, seed=seed, kernel="hmc"),
        "nuts": lambda: inference.mcmc(model, seed=seed),
    }[algorithm]()


def _each_chain(quantities, draws):
    """The quantities of draws [chains, n, ...], each [chains, n]."""
    num_chains = next(iter(draws.values())).shape[0]
    parts = [quantities({name: part[c] for name, part in draws.items()}) for c in range(num_chains)]
    return {name: np.stack([part[name] for part in parts]) for name in parts[0]}


POSTERIORS_TABLE = Experiment(
    name="posteriors",
    what="nine posteriors of posteriordb × algorithms: error of mean and SD, k-hat, seconds",
    cells=cells,
    run=run,
    report=report,
)
