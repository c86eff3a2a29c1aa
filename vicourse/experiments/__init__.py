"""Long runs, each by one command: settings → cells → a JSON in `results/` → a chapter's figure.

Chapter: algorithms/vi_vs_mcmc
"""

from vicourse.experiments.experiment import Experiment, run_experiment
from vicourse.experiments.posteriordb import POSTERIORS, ReferencePosterior, load_posterior
from vicourse.experiments.posteriors import POSTERIORS_TABLE, over_seeds
from vicourse.experiments.speed import SPEED

#: What `vicourse reproduce` knows: the name and the `Experiment`.
#:
#: Chapter: algorithms/vi_vs_mcmc
EXPERIMENTS = {experiment.name: experiment for experiment in (POSTERIORS_TABLE, SPEED)}

__all__ = [
    "EXPERIMENTS",
    "POSTERIORS",
    "Experiment",
    "ReferencePosterior",
    "load_posterior",
    "over_seeds",
    "run_experiment",
]
