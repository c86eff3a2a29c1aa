"""Inference: fit q to p. Every algorithm takes a model and returns a `Fit`."""

from vicourse.inference.fit import DivergedError, Fit
from vicourse.inference.laplace import laplace
from vicourse.inference.mcmc import mcmc
from vicourse.inference.stochastic import vi

__all__ = ["DivergedError", "Fit", "laplace", "mcmc", "vi"]
