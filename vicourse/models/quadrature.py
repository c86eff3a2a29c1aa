"""Ground truth in one to three dimensions: evidence, posterior and divergences by quadrature.

Everything is integrated in the model's unconstrained space on a grid that is made finer until the
answer stands still; where it cannot be had to the tolerance asked for, an error says so.

Source: L. N. Trefethen and J. A. C. Weideman, "The exponentially convergent trapezoidal rule",
SIAM Review 56 (2014), sections 1 and 5.
Chapter: foundations/latent_variables, foundations/elbo
"""

import dataclasses
import functools

import numpy as np
import tensorflow as tf

from vicourse.models import grids
from vicourse.models.base import Model
from vicourse.validation import argument_error, check_integer, check_number


def quadrature(model, *, tolerance=1e-8):
    """Integrates a model's joint density numerically.

        p(x) = ∫ p(x, T(u)) |det dT/du| du,   u in R^dim, T = `model.flat_bijector`

    Args:
        model: a `Model` of dtype float64 with at most three unconstrained dimensions.
        tolerance: accepted error, relative to max(1, |value|), of everything computed from the
            result.

    Returns:
        A `Quadrature`.

    Raises:
        QuadratureError: the tails are too heavy, or the largest grid is too coarse.
    """
    if not isinstance(model, Model):
        raise argument_error("model", model, "a vicourse model", kind=TypeError)
    if model.dtype != tf.float64:
        raise argument_error(
            "model", model, "a model of dtype float64", "Make it with `dtype=tf.float64`."
        )
    if model.dim > 3:
        raise argument_error("model", model, "at most 3 dimensions", "Sample larger ones by MCMC.")
    tolerance = check_number("tolerance", tolerance, above=0)
    log_joint = grids.compiled(model.unconstrained_log_joint, model.dim)
    box = grids.find_box(log_joint, model.dim)

    def scaled_density(points):
        return np.exp(grids.evaluate(log_joint, points) - box.peak)

    axes, values = grids.refine(scaled_density, box, tolerance)
    mass = grids.trapezoid(values, axes)
    return Quadrature(
        model=model,
        axes=tuple(axes),
        density=values / mass,
        log_evidence=float(box.peak + np.log(mass)),
        error=float(grids.halving_error(values, axes) / mass),
        tolerance=tolerance,
        box=box,
    )


@dataclasses.dataclass(frozen=True, eq=False)
class Quadrature:
    """A posterior on a grid, and what can be computed from it.

        log p(x) = ELBO(q) + KL(q ‖ p(z | x))  for every q: so a bound can be checked

    Attributes:
        model: the model.
        axes: the grid in unconstrained space, one array [n_i] per dimension.
        density: the posterior density of u on the grid, [n_1, …, n_dim].
        log_evidence: log p(x) in nats.
        error: by how much log p(x) differs from its value on the grid of half the resolution.
            The error that remains is far smaller.
        tolerance: as asked for.
        box: the box that holds the grid.
    """

    model: Model
    axes: tuple = dataclasses.field(repr=False)
    density: np.ndarray = dataclasses.field(repr=False)
    log_evidence: float
    error: float
    tolerance: float
    box: grids.Box = dataclasses.field(repr=False)

    def log_posterior(self, z):
        """log p(z | x) in nats at any latents z [..., *event_shape]: a tensor [...]."""
        return self.model.log_joint(z) - self.log_evidence

    def latents(self):
        """The latents at the grid's points: [n_1, …, n_dim, *event_shape], or a dict of such."""
        points = tf.constant(np.stack(np.meshgrid(*self.axes, indexing="ij"), axis=-1))
        return self.model.flat_bijector.forward(points)

    def expectation(self, fn):
        """E[f(z) | x].

        Args:
            fn: maps a batch of latents [M, *event_shape] to values [M, *value_shape].

        Returns:
            An array [*value_shape].

        Raises:
            QuadratureError: f grows so fast, or is so rough, that the accuracy cannot be had.
        """

        if not callable(fn):
            raise argument_error("fn", fn, "a function of the latents", kind=TypeError)

        def integrand(points):
            density = np.exp(grids.evaluate(self._log_posterior_of_u, points))
            values = np.asarray(fn(self.model.flat_bijector.forward(tf.constant(points))))
            if values.dtype.kind not in "fbiu" or np.isnan(values).any():
                raise grids.QuadratureError("`fn`: wanted numbers at all latents, got NaN or none.")
            return values * density.reshape(-1, *(1,) * (values.ndim - 1))

        axes, values = grids.refine(integrand, self.box, self.tolerance, floor=1.0)
        return grids.trapezoid(values, axes)

    def mean(self):
        """E[z | x], [*event_shape], or a dict of such arrays."""
        return self._for_each_latent(self.expectation)

    def sd(self):
        """The posterior standard deviation of each entry of z, shaped as `mean()`."""

        def one(part):
            mean = self.expectation(part)
            return np.sqrt(self.expectation(lambda z: (part(z) - mean) ** 2))

        return self._for_each_latent(one)

    def marginal(self, axis=0):
        """The posterior of one unconstrained coordinate: (points [n], density [n])."""
        axis = check_integer("axis", axis, minimum=0, maximum=len(self.axes) - 1)
        others = [points for i, points in enumerate(self.axes) if i != axis]
        return self.axes[axis], grids.trapezoid(np.moveaxis(self.density, axis, -1), others)

    def kl_q_p(self, q):
        """KL(q ‖ p(z | x)) = ∫ q (log q − log p), the reverse KL, in nats.

        Args:
            q: a TFP distribution over the model's latents.

        Returns:
            A float; ∞ where q has mass and the posterior has none.
        """
        log_q = self._log_density_of(q)
        return self._kl(log_q, self._log_posterior_of_u, grids.find_box(log_q, self.model.dim))

    def kl_p_q(self, q):
        """KL(p(z | x) ‖ q) = ∫ p (log p − log q), the forward KL, in nats: see `kl_q_p`."""
        return self._kl(self._log_posterior_of_u, self._log_density_of(q), self.box)

    @functools.cached_property
    def _log_posterior_of_u(self):
        def log_density(u):
            return self.model.unconstrained_log_joint(u) - self.log_evidence

        return grids.compiled(log_density, self.model.dim)

    def _log_density_of(self, q):
        """The log density of u when T(u) ~ q."""
        bijector = self.model.flat_bijector
        wanted = f"a distribution over latents of shape {self.model.event_shape}, dtype float64"
        if not hasattr(q, "log_prob"):
            raise argument_error("q", q, wanted, kind=TypeError)
        try:
            shape = q.log_prob(bijector.forward(tf.zeros([1, self.model.dim], tf.float64))).shape
        except (TypeError, ValueError, tf.errors.InvalidArgumentError):
            shape = None
        if shape != [1]:
            raise argument_error("q", q, wanted)

        def log_density(u):
            log_jacobian = bijector.forward_log_det_jacobian(u, event_ndims=1)
            return q.log_prob(bijector.forward(u)) + log_jacobian

        return grids.compiled(log_density, self.model.dim)

    def _kl(self, log_first, log_second, box):
        """KL of two densities of u, by quadrature on the first one's box."""

        def integrand(points):
            log_a = grids.evaluate(log_first, points)
            log_b = grids.evaluate(log_second, points)
            a = np.exp(log_a)
            with np.errstate(invalid="ignore"):  # −∞ − (−∞), where a is 0
                summand = np.where(a > 0, a * (log_a - log_b), 0.0)
            return np.stack([a, summand], axis=-1)

        axes, values = grids.refine(integrand, box, self.tolerance, floor=1.0)
        density, summand = values[..., 0], values[..., 1]
        mass, kl = grids.trapezoid(values, axes)
        if np.isinf(kl) and density[np.isinf(summand)].max() < 1e-9 * density.max():
            raise grids.QuadratureError(
                "The second density is 0 far out in the tail of the first: it may be infinite KL, "
                "or numbers that ran out of range. Choose q closer to the posterior."
            )
        if np.isfinite(kl) and abs(mass - 1) > 10 * self.tolerance:
            raise grids.QuadratureError(
                f"The first density integrates to {mass:.9f} over unconstrained space, not to 1: "
                "is q a normalised density over the model's latents?"
            )
        return float(kl)

    def _for_each_latent(self, fn):
        if not isinstance(self.model.event_shape, dict):
            return fn(lambda z: z)
        return {key: fn(lambda z, key=key: z[key]) for key in self.model.event_shape}
