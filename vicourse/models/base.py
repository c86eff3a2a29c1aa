"""What a model is: a joint density p(x, z) with its data inside, and what is known exactly.

Every algorithm of the course takes a `Model`. A model answers three questions:

* how probable are these latents together with the data: `log_joint(z)`;
* which values may the latents take: `event_shape` and `bijector`, and from them `flat_bijector`,
  which makes latents out of any vector of `dim` real numbers;
* what is known exactly: `posterior()` and `log_evidence()`, as far as `knows` says.

`kinds` has the two kinds that the course uses: a prior times a likelihood, and a bare target.

Source: Gelman et al., Bayesian Data Analysis, 3rd ed. (BDA3), section 1.3.
Chapter: foundations/latent_variables
"""

import abc
import functools
import math

import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp

from vicourse.validation import argument_error

tfb = tfp.bijectors


class NotKnownExactly(ValueError):
    """The model has no exact answer of this kind, or none at a bearable cost."""


class Model(abc.ABC):
    """A joint density p(x, z) of data x, held inside, and latents z.

        p(z | x) = p(x, z) / p(x),   p(x) = ∫ p(x, z) dz

    A subclass sets `name`, calls `super().__init__`, writes `_log_joint`, and overrides
    `posterior` and `log_evidence` where it knows them.

    Attributes:
        name: what the model is called in a figure.
        dtype: `tf.float64` or `tf.float32`, the type of continuous latents and of log densities.
        event_shape: the shape of the latents: a `TensorShape`, or a dict from name to
            `TensorShape` where there are several.
        bijector: maps unconstrained to constrained latents: a TFP bijector, or a dict of them
            with the same names.
    """

    name: str

    def __init__(self, event_shape, bijector, dtype=tf.float64):
        if isinstance(event_shape, dict):
            self.event_shape = {key: tf.TensorShape(shape) for key, shape in event_shape.items()}
        else:
            self.event_shape = tf.TensorShape(event_shape)
        self.bijector = bijector
        self.dtype = check_dtype(dtype)

    def log_joint(self, z):
        """log p(x, z) in nats, summed over the data and over all that makes up one z.

        Args:
            z: a tensor [..., *event_shape], or a dict of such tensors with the same leading shape.

        Returns:
            A tensor of the leading shape [...].

        Raises:
            TypeError: z has another dtype than the model.
            ValueError: z has the wrong shape or names, or (in eager mode, where values can be
                seen) lies outside the support or is NaN.
        """
        return self._log_joint(self._check_latents(z))

    @abc.abstractmethod
    def _log_joint(self, z):
        """`log_joint` for latents that have been checked."""

    @functools.cached_property
    def dim(self):
        """How many real numbers describe the latents in unconstrained space."""
        return sum(self._unconstrained_sizes().values())

    @functools.cached_property
    def flat_bijector(self):
        """One bijector from vectors in R^dim to the latents.

        The parts of a dict of latents stand in the vector in the order of `event_shape`.
        """
        with tf.init_scope():  # the first use may be inside a tf.function: keep its tensors out
            return self._build_flat_bijector()

    def unconstrained_log_joint(self, u):
        """log p(x, T(u)) + log |det dT/du|, with T the model's `flat_bijector`, in nats.

        The second term makes this the log density of u itself, so that an algorithm may work in
        R^dim and never meet a border.

        Args:
            u: a tensor [..., dim].

        Returns:
            A tensor [...].
        """
        u = _as_tensor("u", u, self.dtype, tf.TensorShape([self.dim]))
        log_jacobian = self.flat_bijector.forward_log_det_jacobian(u, event_ndims=1)
        return self._log_joint(self.flat_bijector.forward(u)) + log_jacobian

    @property
    def knows(self):
        """Which exact answers the model has: a subset of {"posterior", "evidence"}."""
        methods = {"posterior": "posterior", "evidence": "log_evidence"}
        return frozenset(
            what for what, m in methods.items() if getattr(type(self), m) is not getattr(Model, m)
        )

    def posterior(self):
        """The exact posterior p(z | x), a TFP distribution over the latents.

        Raises:
            NotKnownExactly: the model has none; `knows` tells beforehand.
        """
        raise NotKnownExactly(
            f"The exact posterior of the model {self.name!r} is not known. "
            "Up to three dimensions, `vicourse.models.quadrature(model)` integrates it numerically."
        )

    def log_evidence(self):
        """The exact log p(x) = log ∫ p(x, z) dz in nats, a float.

        It is computed in float64 whatever the model's dtype.

        Raises:
            NotKnownExactly: the model has none; `knows` tells beforehand.
        """
        raise NotKnownExactly(
            f"The exact evidence of the model {self.name!r} is not known. "
            "Up to three dimensions, `vicourse.models.quadrature(model)` integrates it numerically."
        )

    def __repr__(self):
        return f"<{type(self).__name__}: {self.name}, dim={self.dim}, dtype={self.dtype.name}>"

    def _constant(self, value):
        return tf.constant(value, self.dtype)

    def _build_flat_bijector(self):
        sizes = self._unconstrained_sizes()
        shapes = self._unconstrained_shapes()
        reshape = {key: tfb.Reshape(shapes[key], event_shape_in=[sizes[key]]) for key in sizes}
        if not isinstance(self.event_shape, dict):
            return tfb.Chain([self.bijector, reshape["z"]])
        parts = {key: tfb.Chain([self.bijector[key], reshape[key]]) for key in sizes}
        places = {key: place for place, key in enumerate(sizes)}
        split = tfb.Split(list(sizes.values()))
        return tfb.Chain([tfb.JointMap(parts), tfb.Restructure(places), split])

    def _unconstrained_shapes(self):
        shapes, bijectors = _named(self.event_shape), _named(self.bijector)
        return {key: bijectors[key].inverse_event_shape(shapes[key]) for key in shapes}

    def _unconstrained_sizes(self):
        return {key: math.prod(shape) for key, shape in self._unconstrained_shapes().items()}

    def _check_latents(self, z):
        if not isinstance(self.event_shape, dict):
            return self._check_part("z", z, self.event_shape, self.bijector)
        names = list(self.event_shape)
        if not isinstance(z, dict) or set(z) != set(names):
            got = f"names {sorted(z)}" if isinstance(z, dict) else z
            raise argument_error("z", got, f"a dict of latents with the names {names}")
        return {
            key: self._check_part(f"z[{key!r}]", z[key], shape, self.bijector[key])
            for key, shape in self.event_shape.items()
        }

    def _check_part(self, name, value, event_shape, bijector):
        tensor = _as_tensor(name, value, self.dtype, event_shape)
        if tf.executing_eagerly():
            # A value of the support survives the way to R^n and back; NaN and strangers do not.
            # `tf.identity` keeps TFP from answering out of its cache.
            back = bijector.forward(tf.identity(bijector.inverse(tensor))).numpy()
            tolerance = 100 * np.finfo(back.dtype).eps
            if not np.allclose(back, tensor.numpy(), rtol=np.sqrt(tolerance), atol=tolerance):
                raise argument_error(
                    name,
                    value,
                    f"values inside the support of the model {self.name!r}",
                    "Some are outside it or NaN. `model.flat_bijector.forward(u)` makes valid "
                    "latents from any real vector.",
                )
        return tensor


def check_dtype(dtype):
    """`dtype` as a TensorFlow type, if it is float32 or float64, or an error."""
    try:
        known = tf.as_dtype(dtype)
    except TypeError:
        known = None
    if known not in (tf.float32, tf.float64):
        raise argument_error("dtype", dtype, "tf.float64 or tf.float32", kind=TypeError)
    return known


def _named(part):
    return part if isinstance(part, dict) else {"z": part}


def _as_tensor(name, value, dtype, event_shape):
    """`value` as a tensor of `dtype` that ends in `event_shape`, or an error."""
    # Python numbers take the model's dtype; arrays and tensors must have it already.
    hint = None if isinstance(value, np.ndarray | np.generic) else dtype
    try:
        tensor = tf.convert_to_tensor(value, dtype_hint=hint)
    except (TypeError, ValueError):  # TensorFlow does not know which argument it was
        raise argument_error(name, value, "a tensor of numbers", kind=TypeError) from None
    if tensor.dtype != dtype:
        raise argument_error(
            name,
            value,
            f"dtype {dtype.name}",
            f"Cast it: `tf.cast(x, tf.{dtype.name})`.",
            TypeError,
        )
    rank = event_shape.rank
    ends = tensor.shape[tensor.shape.rank - rank :] if tensor.shape.rank >= rank else None
    if ends is None or not ends.is_compatible_with(event_shape):
        raise argument_error(name, value, f"shape [..., {', '.join(map(str, event_shape))}]")
    return tensor
