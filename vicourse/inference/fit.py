"""The one result type of every inference algorithm."""

import dataclasses
from typing import Any

import numpy as np
import tensorflow as tf

from vicourse.estimate import Estimate
from vicourse.inference.chains import read_inference_data
from vicourse.seeds import as_seed
from vicourse.validation import check_integer


class DivergedError(RuntimeError):
    """A fit met a number that is not finite. `fit` holds the last good state."""

    def __init__(self, message, fit):
        super().__init__(message)
        self.fit = fit


@dataclasses.dataclass(frozen=True)
class Fit:
    """An approximation of p(z | x), and how it was found.

    Attributes:
        algorithm: which one, with its settings in words.
        model: the model that was fitted.
        posterior: q, a TFP distribution over the latents; None where there are only draws.
        draws: latents [num_chains, num_draws, *event_shape], or a dict of them; None where the
            posterior is all there is. Pathfinder with several paths has both: the draws are picked
            from its mixture with importance weights, and `sample` takes them.
        objective: trace of the objective in nats, one entry a step. For MCMC the log density of
            the unconstrained draws, [num_chains, num_draws].
        elbo: ELBO of the posterior in nats, an `Estimate` from fresh draws; None for draws
            and for the last good state of a fit that diverged.
        seed: the seed it was given; None for draws that came as `InferenceData`.
        seconds: wall time, compilation included; NaN where it is not known.
        converged: whether the algorithm's own rule was met. It never says that q is close to p.
        stop_reason: why it stopped, in words.
        sample_stats: for MCMC, per-draw statistics by ArviZ's names, [num_chains, num_draws].

    Chapter: algorithms/vi_vs_mcmc
    """

    algorithm: str
    model: Any
    posterior: Any
    draws: Any
    objective: np.ndarray
    elbo: Estimate | None
    seed: Any
    seconds: float
    converged: bool
    stop_reason: str
    sample_stats: dict = dataclasses.field(default_factory=dict)

    def sample(self, num_samples, seed):
        """Draws from the approximation, [num_samples, *event_shape] or a dict of them.

        From a posterior these are fresh and independent. From MCMC draws they are picked at random
        with replacement, from all chains.
        """
        num_samples = check_integer("num_samples", num_samples, minimum=1)
        if self.draws is None:
            return self.posterior.sample(num_samples, seed=as_seed(seed))
        chains, length = tf.nest.flatten(self.draws)[0].shape[:2]
        picks = tf.random.stateless_uniform(
            [num_samples], as_seed(seed), maxval=chains * length, dtype=tf.int32
        )

        def pick(part):
            return tf.gather(tf.reshape(part, [chains * length, *part.shape[2:]]), picks)

        return tf.nest.map_structure(pick, self.draws)

    def to_inference_data(self, num_samples=1000, seed=0):
        """The fit as ArviZ `InferenceData`, for ArviZ's tables and plots.

        Args:
            num_samples, seed: draws taken from a posterior, as one chain; MCMC draws are given as
                they are.

        A model with a single latent calls it "z".
        """
        import arviz as az

        draws = self.draws
        if draws is None:
            fresh = self.sample(num_samples, seed)
            draws = tf.nest.map_structure(lambda part: part[tf.newaxis], fresh)
        named = draws if isinstance(draws, dict) else {"z": draws}
        return az.from_dict(
            posterior={name: np.asarray(part) for name, part in named.items()},
            sample_stats=self.sample_stats or None,
            attrs={
                "algorithm": self.algorithm,
                "inference_library": "vicourse",
                "sampling_time": self.seconds,
            },
        )

    @staticmethod
    def from_inference_data(idata, model):
        """A fit from draws that PyMC, Stan, NumPyro or this course made, as `InferenceData`.

        What takes a `Fit` then works on them: `report`, `moment_errors`, `chain_check`. The way
        `to_inference_data` and back loses no digit of MCMC draws and of their statistics.

        Args:
            idata: ArviZ's `InferenceData`, for instance from `az.from_netcdf(path)`. Its posterior
                has a variable for each latent of the model, by the same name ("z" where the model
                has a single latent); other variables are ignored.
            model: the model that the draws are from. The objective, and the check that the draws
                lie inside the support, come from it, not from the file.

        Returns:
            A `Fit` with draws in the model's dtype. Of the statistics those are kept that `mcmc`
            gives too. `converged` is the rule of `mcmc`, as far as divergences were recorded.

        Raises:
            ValueError, TypeError: there is no posterior, a latent is missing, or its draws have
                the wrong shape, are NaN or lie outside the model's support.

        Chapter: algorithms/vi_vs_mcmc
        """
        return Fit(**read_inference_data(idata, model))

    def __repr__(self):
        elbo = "" if self.elbo is None else f", ELBO {self.elbo}"
        return f"<Fit: {self.algorithm}{elbo}, {self.seconds:.1f} s, stopped: {self.stop_reason}>"
