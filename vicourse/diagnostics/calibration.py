"""Does the method tell the truth on average? Simulation-based calibration.

Draw latents from the prior and data from them, fit, and see where the true latents lie among draws
from the fit. If the fits are the exact posteriors, the rank of the truth is uniform:

    z* ~ p(z),  x ~ p(x | z*),  z_1 … z_L ~ q(z | x):   rank = #{z_l < z*} ~ Uniform{0, …, L}

A rank histogram shaped like a ∪ says that q is too narrow, like a ∩ too wide, a slope that it is
shifted. This tests the method on data like those of the model, not one fit.

Chapter: algorithms/diagnostics
"""

import dataclasses

import numpy as np
import scipy.stats
from tqdm.auto import tqdm

from vicourse.diagnostics.latents import flat, flat_one, names_of
from vicourse.estimate import estimate
from vicourse.models import BayesianModel
from vicourse.seeds import fold_in, split_seed
from vicourse.validation import argument_error, check_choice, check_integer, check_number


@dataclasses.dataclass(frozen=True)
class Calibration:
    """The ranks of the true latents, and what they say.

    Attributes:
        names: one name for each real number in the latents, for instance "z[0]".
        ranks: how many of the draws lie below the truth, integers 0 … num_draws,
            [num_simulations, len(names)].
        num_draws: L, draws from each fit.
    """

    names: tuple
    ranks: np.ndarray
    num_draws: int

    def uniformity(self, num_bins=None):
        """{name: p-value} of the χ² test that the ranks are uniform.

        Args:
            num_bins: ranks are counted in so many bins of equal width; by default the largest
                divisor of L + 1 up to 20 that leaves 5 simulations a bin on average.

        Source: Talts et al. (2018), Validating Bayesian inference algorithms with SBC, section 4.
        """
        return {
            name: float(scipy.stats.chisquare(self.counts(name, num_bins)).pvalue)
            for name in self.names
        }

    def shift(self):
        """{name: p-value} of the test that P_q(z < z*) is symmetric about ½ (VSBC).

        It asks less than uniformity: a q that is too narrow passes, one that is off to a side
        fails. A low value means that q's point estimates are biased.

        The test is Wilcoxon's signed-rank test. (Yao et al. compare p with 1 − p as if they were
        two independent samples, which rejects uniform ranks too often.)

        Source: Yao et al. (2018), Yes, but did it work?: evaluating variational inference.
        """
        return {
            name: float(scipy.stats.wilcoxon(column).pvalue)
            for name, column in zip(self.names, self._from_the_middle().T, strict=True)
        }

    def coverage(self, level):
        """{name: Estimate} of how often q's central interval of probability `level` has the truth.

        For exact posteriors it is `level`, up to the grain of L + 1 ranks.
        """
        level = check_number("level", level, above=0, below=1)
        inside = (np.abs(self._from_the_middle()) < level / 2).astype(float)
        return {
            name: estimate(column, unit="")
            for name, column in zip(self.names, inside.T, strict=True)
        }

    def counts(self, name, num_bins=None):
        """The rank histogram of one latent: how many simulations in each bin."""
        column = self.names.index(check_choice("name", name, self.names))
        num_bins = self._bins(num_bins)
        bins = self.ranks[:, column] * num_bins // (self.num_draws + 1)
        return np.bincount(bins, minlength=num_bins)

    def _from_the_middle(self):
        """P_q(z < z*) − ½ as the ranks tell it, [num_simulations, len(names)]."""
        return (self.ranks + 0.5) / (self.num_draws + 1) - 0.5

    def _bins(self, num_bins):
        cells = self.num_draws + 1
        if num_bins is None:
            most = min(20, cells, len(self.ranks) // 5)
            return max((n for n in range(2, most + 1) if cells % n == 0), default=2)
        num_bins = check_integer("num_bins", num_bins, minimum=2, maximum=cells)
        if cells % num_bins:
            raise argument_error("num_bins", num_bins, f"a divisor of num_draws + 1 = {cells}")
        return num_bins


def simulation_based_calibration(
    model, infer, *, num_simulations, seed, num_draws=99, progress=False
):
    """Simulate from the model, fit each data set, and rank the true latents among the draws.

    Args:
        model: a `BayesianModel`: it can simulate. Its data give the shape only.
        infer: a function `(model, seed) -> Fit` (or a TFP distribution): the method under test,
            for instance `lambda m, s: vi(m, "mean_field", seed=s)`. It must return independent
            draws from `sample(n, seed)`; thin a Markov chain, or take its `Fit`.
        num_simulations: data sets. A hundred shows coarse faults, a thousand fine ones.
        seed: of everything.
        num_draws: L, draws from each fit. 99 makes 100 possible ranks.
        progress: whether to show a progress bar.

    Returns:
        A `Calibration`.

    Raises:
        TypeError: the model cannot simulate.
        ValueError: draws that are NaN.

    Source: Talts et al. (2018), Validating Bayesian inference algorithms with simulation-based
        calibration, algorithm 1.
    Chapter: algorithms/diagnostics
    """
    if not isinstance(model, BayesianModel):
        raise argument_error("model", model, "a BayesianModel, which can simulate", kind=TypeError)
    num_simulations = check_integer("num_simulations", num_simulations, minimum=2)
    num_draws = check_integer("num_draws", num_draws, minimum=1)
    ranks = []
    for number in tqdm(range(num_simulations), disable=not progress, unit="data set"):
        data_seed, fit_seed, draw_seed = split_seed(fold_in(seed, number), 3)
        simulated, truth = model.simulate(data_seed)
        fit = infer(simulated, fit_seed)
        draws = flat(fit.sample(num_draws, seed=draw_seed), num_draws)
        if np.any(np.isnan(draws)):
            raise ValueError(f"`infer`: the fit to data set {number} has draws that are NaN.")
        ranks.append(np.sum(draws < flat_one(truth), axis=0))
    return Calibration(names_of(truth), np.array(ranks), num_draws)
