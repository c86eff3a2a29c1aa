"""Inference: fit q to p. Every algorithm takes a model and returns a `Fit`."""

from vicourse.inference.coordinate_ascent import MeanFieldFit, coordinate_ascent
from vicourse.inference.expectation_propagation import expectation_propagation
from vicourse.inference.fit import DivergedError, Fit
from vicourse.inference.laplace import laplace
from vicourse.inference.mcmc import mcmc
from vicourse.inference.natural_gradient import stochastic_variational_inference
from vicourse.inference.pathfinder import pathfinder
from vicourse.inference.stochastic import vi
from vicourse.inference.svgd import svgd

__all__ = [
    "DivergedError",
    "Fit",
    "MeanFieldFit",
    "coordinate_ascent",
    "expectation_propagation",
    "laplace",
    "mcmc",
    "pathfinder",
    "stochastic_variational_inference",
    "svgd",
    "vi",
]
