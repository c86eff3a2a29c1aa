"""Which models have closed-form updates, and what such updates consist of."""

from typing import Any, Protocol

import numpy as np

from vicourse.inference.coordinate_ascent.ard_regression import ARDRegressionUpdates
from vicourse.inference.coordinate_ascent.gaussian_mixture import GaussianMixtureUpdates
from vicourse.inference.coordinate_ascent.lda import LDAUpdates
from vicourse.inference.coordinate_ascent.normal_gamma import NormalGammaUpdates
from vicourse.inference.coordinate_ascent.normal_wishart_mixture import NormalWishartMixtureUpdates
from vicourse.inference.coordinate_ascent.potts import PottsUpdates
from vicourse.models import (
    LDA,
    ARDRegression,
    GaussianMixture,
    NormalGamma,
    NormalWishartMixture,
    Potts,
)
from vicourse.validation import argument_error


class Updates(Protocol):
    """What coordinate ascent knows about one model. Made as `Updates(model)`.

    q is a NamedTuple of NumPy arrays, the variational parameters by the names of the source. No
    method changes it; each makes a new one.
    """

    def start(self, seed) -> Any:
        """A q to begin with, drawn with a seed."""

    def sweep(self, q) -> Any:
        """q after every factor has been set, one after the other, to its best given the rest."""

    def elbo(self, q) -> float:
        """The ELBO of q in nats, in closed form, with every constant."""

    def posterior(self, q) -> Any:
        """q as a TFP distribution over the model's latents."""


UPDATES = {
    NormalGamma: NormalGammaUpdates,
    ARDRegression: ARDRegressionUpdates,
    GaussianMixture: GaussianMixtureUpdates,
    NormalWishartMixture: NormalWishartMixtureUpdates,
    LDA: LDAUpdates,
    Potts: PottsUpdates,
}


def updates_of(model):
    """The updates of a model.

    Raises:
        ValueError: no closed-form updates are known for this class. A subclass counts as another
            class: it may have changed the density.
    """
    if type(model) not in UPDATES:
        names = ", ".join(kind.__name__ for kind in UPDATES)
        raise argument_error(
            "model",
            model,
            f"a model with closed-form updates: one of {names}",
            "`vicourse.inference.vi` fits any model.",
        )
    with np.errstate(all="ignore"):  # data beyond 1e154 have no square; the start will tell
        return UPDATES[type(model)](model)
