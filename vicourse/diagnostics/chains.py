"""Have the chains met? R-hat, effective sample sizes and divergences, by ArviZ.

Chapter: algorithms/diagnostics
"""

import dataclasses

import arviz as az
import numpy as np

from vicourse.validation import argument_error

MAX_R_HAT, MIN_ESS = 1.01, 400


@dataclasses.dataclass(frozen=True)
class ChainCheck:
    """What `chain_check` found, the worst over all latents.

    Attributes:
        r_hat: rank-normalised split R-hat; infinite for a chain that never moved.
        ess_bulk, ess_tail: effective sample sizes for the middle and for the 5 % tails.
        num_divergent: draws whose trajectory left the level set; each is a warning.
        num_draws: draws in all chains.
    """

    r_hat: float
    ess_bulk: float
    ess_tail: float
    num_divergent: int
    num_draws: int

    @property
    def passed(self):
        """R-hat at most 1.01, both effective sample sizes at least 400, nothing diverged."""
        return (
            self.r_hat <= MAX_R_HAT
            and min(self.ess_bulk, self.ess_tail) >= MIN_ESS
            and self.num_divergent == 0
        )

    @property
    def verdict(self):
        """One sentence with the numbers."""
        numbers = (
            f"R-hat {self.r_hat:.3f}, ESS {self.ess_bulk:.0f} (bulk) and {self.ess_tail:.0f} (tail)"
        )
        if self.num_divergent:
            return (
                f"{numbers}; {self.num_divergent} of {self.num_draws} draws diverged: parts of the "
                "posterior are missed. Raise `target_accept` or change the parameterization."
            )
        if self.r_hat > MAX_R_HAT:
            return f"{numbers}: the chains disagree. Run longer, or look for separate modes."
        if not self.passed:
            return f"{numbers}: the chains agree, but there are too few independent draws."
        return f"{numbers}: the chains agree."


def chain_check(fit):
    """R-hat, effective sample sizes and divergences of MCMC draws.

    Args:
        fit: a `Fit` with draws of at least two chains.

    Returns:
        A `ChainCheck`.

    Raises:
        ValueError: the fit has no chains, or only one.

    Source: Vehtari et al. (2021), Rank-normalization, folding, and localization.
    Chapter: algorithms/diagnostics
    """
    if fit.draws is None:
        raise argument_error(
            "fit", fit, "a fit with MCMC draws", "For a density use `importance_check`."
        )
    data = fit.to_inference_data()
    num_chains = data.posterior.sizes["chain"]
    if num_chains < 2:
        raise argument_error("fit", f"{num_chains} chain", "at least 2 chains, to compare")
    diverging = fit.sample_stats.get("diverging", np.zeros(1, bool))
    return ChainCheck(
        r_hat=_worst(az.rhat(data), max),
        ess_bulk=_worst(az.ess(data, method="bulk"), min),
        ess_tail=_worst(az.ess(data, method="tail"), min),
        num_divergent=int(np.sum(diverging)),
        num_draws=num_chains * data.posterior.sizes["draw"],
    )


def _worst(table, pick):
    """The worst value over all latents; NaN (a constant chain) counts as the worst there is."""
    values = np.concatenate([np.ravel(part) for part in table.values()])
    return float(pick(np.nan_to_num(values, nan=np.inf if pick is max else 0.0)))
