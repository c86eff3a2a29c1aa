"""Shared by the tests of several algorithms: a model that breaks a fit."""

import tensorflow as tf
import tensorflow_probability as tfp

from vicourse.models import Model


class Cliff(Model):
    """A log density that is NaN above 1: a fit must fall off."""

    name = "cliff"

    def __init__(self):
        super().__init__([], tfp.bijectors.Identity())

    def _log_joint(self, z):
        return tf.sqrt(1 - z) - z**2 / 2
