"""Gradient estimators of variational bounds, all behind one interface."""

from vicourse.gradients.baselines import moving_average_baseline, optimal_baseline
from vicourse.gradients.draw_recipe import Reparameterization, pathwise_derivatives
from vicourse.gradients.draw_recipes import REPARAMETERIZATIONS, reparameterization
from vicourse.gradients.interface import ESTIMATORS, gradient_estimator, gradient_samples

__all__ = [
    "ESTIMATORS",
    "REPARAMETERIZATIONS",
    "Reparameterization",
    "gradient_estimator",
    "gradient_samples",
    "moving_average_baseline",
    "optimal_baseline",
    "pathwise_derivatives",
    "reparameterization",
]
