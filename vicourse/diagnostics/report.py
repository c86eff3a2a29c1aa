"""One page on one fit: what can be said about it, in words, with the numbers.

Chapter: algorithms/diagnostics
"""

import dataclasses

import tensorflow as tf

from vicourse.diagnostics.chains import chain_check
from vicourse.diagnostics.errors import evidence_gap
from vicourse.diagnostics.importance import GOOD, USABLE, importance_check

GOOD_FIT, CAREFUL, BAD_FIT = "trust it", "use it with care", "do not trust it"
WASTEFUL = 0.1  # what a draw of q is worth: below, q is far too wide, or off


@dataclasses.dataclass(frozen=True)
class Report:
    """What `report` found. `print` it.

    Attributes:
        verdict: "trust it", "use it with care" or "do not trust it".
        lines: the reasons, one sentence each.
        fit: the fit.
        check: the `ImportanceCheck` or the `ChainCheck` behind the verdict; None where there is
            neither.
    """

    verdict: str
    lines: tuple
    fit: object
    check: object

    def __str__(self):
        title = f"{self.fit.algorithm} on {self.fit.model.name}: {self.verdict}"
        return "\n".join([title, *(f"  - {line}" for line in self.lines)])


def report(fit, *, seed=0, num_samples=4000):
    """Judge a fit: did it stop well, does q cover the posterior, what is the gap?

    For a fit with a density the verdict rests on Pareto k-hat (below 0.5 / up to 0.7 / above), on
    what a draw of q is worth (at least a tenth of a draw of the posterior), and on whether the
    algorithm converged. For MCMC draws it rests on R-hat (at most 1.01), effective
    sample sizes (at least 400) and divergences (none). A single set of draws, such as the particles
    of `svgd`, has neither weights nor chains: "use it with care" is all that can be said.

    Args:
        fit: a `Fit`.
        seed, num_samples: of the draws for k-hat.

    Returns:
        A `Report`. `vicourse.plots.weight_tail` draws the check behind a density's verdict, ArviZ's
        `plot_rank` that behind chains.

    No instrument here can see a mode where no draw has ever been. Fit from several starts, and see
    `simulation_based_calibration`.

    Source: Yao et al. (2018), Yes, but did it work?; Vehtari et al. (2021), Rank-normalization,
        folding, and localization.
    Chapter: algorithms/diagnostics
    """
    stopped = f"It {'converged' if fit.converged else 'did not converge'}: {fit.stop_reason}."
    if fit.posterior is None and tf.nest.flatten(fit.draws)[0].shape[0] == 1:
        nobody = "One set of draws, without a density: weights and chains cannot judge it."
        return Report(CAREFUL if fit.converged else BAD_FIT, (nobody, stopped), fit, None)
    if fit.posterior is None:
        check = chain_check(fit)
        verdict = GOOD_FIT if check.passed else BAD_FIT if check.r_hat > 1.05 else CAREFUL
        return Report(verdict, (check.verdict, stopped), fit, check)
    check = importance_check(fit, seed=seed, num_samples=num_samples)
    lines = [check.verdict, stopped]
    if fit.elbo is not None:
        lines.append(f"ELBO {fit.elbo}; importance sampling says log p(x) = {check.log_evidence}.")
    if "evidence" in fit.model.knows and fit.elbo is not None:
        lines.append(f"The evidence of this model is known: the gap is {evidence_gap(fit)}.")
    worth = check.effective_sample_size / check.num_samples
    why = ": q is far too wide, or off" if worth < WASTEFUL else ""
    lines.append(f"A draw of q is worth {worth:.2f} draws of the posterior{why}.")
    good = check.k_hat < GOOD and worth >= WASTEFUL and fit.converged
    verdict = GOOD_FIT if good else BAD_FIT if check.k_hat >= USABLE else CAREFUL
    return Report(verdict, tuple(lines), fit, check)
