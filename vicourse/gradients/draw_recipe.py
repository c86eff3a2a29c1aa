"""What a reparameterization is: noise without parameters, and a map that carries them.

Source: Kingma & Welling (2014), section 2.4.
Chapter: deep/aevb
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp

from vicourse.seeds import as_seed
from vicourse.validation import argument_error, check_integer

tfd = tfp.distributions

# What a parameter must be.
REAL = "real"
POSITIVE = "above 0"
TRIANGLE = "lower triangular with a positive diagonal"


class Reparameterization(NamedTuple):
    """A draw as a differentiable function of its parameters: z = g_φ(ε), ε ~ p(ε).

        ∫ q_φ(z) f(z) dz = ∫ p(ε) f(g_φ(ε)) dε

    Nothing in p(ε) depends on φ, so a derivative by φ may go inside the integral.

    Attributes:
        recipe: "inverse CDF", "location-scale" or "composition".
        noise: p(ε), a TFP distribution.
        transform: g, a function `(noise, **parameters)` from ε [..., *noise event] to z [...], or
            [..., K] for a vector.
        distribution: q, a function `(**parameters)` that gives the TFP distribution of z.
        parameters: what can be moved: a dict from each name to what it must be. Empty where all
            parameters are numbers of terms.

    Source: Kingma & Welling (2014), section 2.4.
    Chapter: deep/aevb
    """

    recipe: str
    noise: tfd.Distribution
    transform: Callable
    distribution: Callable
    parameters: dict

    def sample(self, num_samples, seed, **parameters):
        """Draws z = g_φ(ε), [num_samples, ...], differentiable with respect to the parameters.

        Args:
            num_samples: how many.
            seed: of the noise; the same seed gives the same ε, whatever the parameters.
            parameters: a value for each of `parameters`: numbers, tensors or variables.

        Raises:
            TypeError: a parameter is missing, or one is not known.
            ValueError: a parameter is not finite or not what it must be.
        """
        num_samples = check_integer("num_samples", num_samples, minimum=1)
        parameters = self.checked(parameters)
        return self.transform(self.noise.sample(num_samples, seed=as_seed(seed)), **parameters)

    def checked(self, parameters):
        """The parameters as tensors of the noise's dtype, or an error that names one."""
        if set(parameters) != set(self.parameters):
            wanted = ", ".join(self.parameters) or "no parameter at all"
            raise argument_error("parameters", list(parameters), wanted, kind=TypeError)
        tensors = {
            name: tf.convert_to_tensor(value, self.noise.dtype)
            for name, value in parameters.items()
        }
        for name, tensor in tensors.items():
            # Inside a compiled function there are no values to look at.
            if tf.executing_eagerly() and not _is(self.parameters[name], tensor.numpy()):
                raise argument_error(name, parameters[name], f"finite, {self.parameters[name]}")
        return tensors


def pathwise_derivatives(reparameterization, f, num_samples, seed, **parameters):
    """The derivative of f(g_φ(ε)) by each parameter, draw by draw.

        ∂/∂φ E_q[f(z)] = E_ε[∂/∂φ f(g_φ(ε))]

    for f without jumps: their means estimate the gradient, their spread is its noise.

    Args:
        reparameterization: a `Reparameterization` whose parameters are numbers.
        f: maps draws [n] to values [n], in TensorFlow; for a draw that is a vector, [n, K].
        num_samples: n.
        seed: of the noise.
        parameters: a number for each of the reparameterization's parameters.

    Returns:
        A dict from each parameter's name to derivatives [n], as NumPy arrays.

    Raises:
        ValueError: there is no parameter that could be moved, or one is not a number.

    Source: Kingma & Welling (2014), section 2.4.
    Chapter: deep/aevb
    """
    num_samples = check_integer("num_samples", num_samples, minimum=1)
    if not reparameterization.parameters:
        raise ValueError(
            "`reparameterization`: its parameters are numbers of terms, and a number of terms "
            "cannot be differentiated. Take TFP's own distribution: its draws move implicitly."
        )
    parameters = reparameterization.checked(parameters)
    noise = reparameterization.noise.sample(num_samples, seed=as_seed(seed))
    derivatives = {}
    for name, value in parameters.items():
        if value.shape.rank != 0:
            raise argument_error(name, value, "a number", "For arrays use `tf.GradientTape`.")
        # Forward, because there is one parameter and there are many draws.
        with tf.autodiff.ForwardAccumulator(value, tf.ones_like(value)) as tangent:
            values = f(reparameterization.transform(noise, **parameters))
        derivatives[name] = tangent.jvp(values, tf.UnconnectedGradients.ZERO).numpy()
    return derivatives


def _is(wanted, value):
    if not np.all(np.isfinite(value)):
        return False
    if wanted == POSITIVE:
        return np.all(value > 0)
    if wanted == TRIANGLE:
        return value.ndim == 2 and np.all(np.triu(value, 1) == 0) and np.all(np.diag(value) > 0)
    return True
