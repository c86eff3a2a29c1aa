"""Long runs, each by one command: settings → cells → a JSON in `results/` → a chapter's figure.

Chapter: algorithms/vi_vs_mcmc
"""

from vicourse.experiments.appendix_f import APPENDIX_F
from vicourse.experiments.claims import Claim
from vicourse.experiments.experiment import Experiment, run_experiment
from vicourse.experiments.figure_2 import FIGURE_2, figure_2_claims, picked_settings
from vicourse.experiments.figure_2_gaps import FIGURE_2_GAPS
from vicourse.experiments.figure_2_long import (
    FIGURE_2_LONG,
    figure_2_long_claims,
    row_at_the_mark,
)
from vicourse.experiments.figure_3 import FIGURE_3, better_rates, figure_3_claims
from vicourse.experiments.figure_3_rates import FIGURE_3_RATES, picked_rates
from vicourse.experiments.figures_4_5 import FIGURES_4_5, manifold_grid, unpack_pictures
from vicourse.experiments.held_out import HELD_OUT, held_out_claims
from vicourse.experiments.posteriordb import POSTERIORS, ReferencePosterior, load_posterior
from vicourse.experiments.posteriors import POSTERIORS_TABLE, over_seeds
from vicourse.experiments.semi_supervised import SEMI_SUPERVISED
from vicourse.experiments.silences import SILENCES, silences_over_seeds
from vicourse.experiments.speed import SPEED
from vicourse.experiments.state_space import STATE_SPACE
from vicourse.experiments.two_layers import TWO_LAYERS

#: What `vicourse reproduce` knows: the name and the `Experiment`.
#:
#: Chapter: algorithms/vi_vs_mcmc
EXPERIMENTS = {
    experiment.name: experiment
    for experiment in (
        POSTERIORS_TABLE,
        SPEED,
        FIGURE_2,
        FIGURE_2_GAPS,
        FIGURE_2_LONG,
        FIGURE_3,
        FIGURE_3_RATES,
        FIGURES_4_5,
        HELD_OUT,
        SILENCES,
        APPENDIX_F,
        SEMI_SUPERVISED,
        TWO_LAYERS,
        STATE_SPACE,
    )
}

__all__ = [
    "EXPERIMENTS",
    "POSTERIORS",
    "Claim",
    "Experiment",
    "ReferencePosterior",
    "better_rates",
    "figure_2_claims",
    "figure_2_long_claims",
    "figure_3_claims",
    "held_out_claims",
    "load_posterior",
    "manifold_grid",
    "over_seeds",
    "picked_rates",
    "picked_settings",
    "row_at_the_mark",
    "run_experiment",
    "silences_over_seeds",
    "unpack_pictures",
]
