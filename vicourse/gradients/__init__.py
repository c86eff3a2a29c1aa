"""Gradient estimators of variational bounds, all behind one interface."""

from vicourse.gradients.baselines import moving_average_baseline, optimal_baseline
from vicourse.gradients.interface import ESTIMATORS, gradient_estimator, gradient_samples

__all__ = [
    "ESTIMATORS",
    "gradient_estimator",
    "gradient_samples",
    "moving_average_baseline",
    "optimal_baseline",
]
