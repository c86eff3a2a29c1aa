"""Gradient estimators of variational bounds, all behind one interface."""

from vicourse.gradients.interface import ESTIMATORS, gradient_estimator, gradient_samples

__all__ = ["ESTIMATORS", "gradient_estimator", "gradient_samples"]
