"""Stein variational gradient descent: particles that climb the density and push each other apart.

No family of distributions is chosen: q is the set of particles itself. Where they move is decided
by a kernel, which is why the kernel decides how good the answer is.
"""

import time
import warnings

import keras
import numpy as np
import tensorflow as tf

from vicourse.compiled import compiled
from vicourse.inference.ascent import window
from vicourse.inference.fit import DivergedError, Fit
from vicourse.inference.starts import best_start
from vicourse.inference.stein import median_rule, stein_direction
from vicourse.seeds import as_seed, split_seed
from vicourse.validation import check_integer, check_number


def svgd(
    model,
    *,
    seed,
    num_particles=100,
    bandwidth=None,
    learning_rate=0.1,
    tolerance=0.01,
    max_steps=10_000,
    num_starts=4,
    jit_compile=True,
):
    """Move particles v_1 … v_n along the direction in which KL(q ‖ p) falls fastest.

        φ(v) = 1/n Σ_j [k(v_j, v) ∇ log p(v_j) + ∇_{v_j} k(v_j, v)],   v_i ← v_i + step · φ(v_i)
        k(v, v') = exp(−‖v − v'‖²/h)

    The first term pulls the particles uphill, the second pushes them apart. All of it happens in
    the unconstrained space R^dim. One particle alone climbs to the mode of the density there.

    **Start and scale.** Newton searches for the mode give a Gaussian N(loc, L Lᵀ) near the
    posterior (see `starts`). The particles start as draws from it, and v is in units of it:
    u = loc + L v. So one kernel and one step size suit badly scaled and correlated posteriors.
    A mode far from that Gaussian may be missed.

    **Kernel.** h is the median of ‖v_i − v_j‖² over all pairs, divided by log n, so that for each
    particle the n − 1 others together weigh about as much as itself. It is taken afresh after every
    200 steps.

    **Convergence.** φ divided by 1/n Σ_j k(v_j, v) is the net force on a particle, pull and push
    averaged over its neighbours. Adam takes windows of 200 steps of `learning_rate`. The step size
    is halved after each window that does not bring the root mean square of the force, over
    particles and coordinates, below 0.9 of what it was. The particles have converged when it is
    below `tolerance`, with h taken afresh.

    **Bias.** In many dimensions all particles are about equally far apart, the push weakens, and
    the variance comes out too small, the more so the fewer the particles: they crowd together, and
    their mean drifts towards the mode. Of the variance of N(0, I) in 50 dimensions 50 particles
    keep less than a fifth, even if they begin as exact draws.

    Args:
        model: a model.
        seed: an integer or a pair; for the start.
        num_particles: n. A step costs n² · dim.
        bandwidth: h, a squared length in units of the start; the median rule by default.
        learning_rate: the first step size, in units of the start (about posterior SDs).
        tolerance: see above; in nats per unit of the start.
        max_steps: steps at most, rounded up to windows of 200.
        num_starts: searches for the start.
        jit_compile: whether to compile through XLA: some seconds once, then quicker steps.

    Returns:
        A `Fit` with `draws` [1, num_particles, *event_shape], which have equal weights and no
        order; posterior and ELBO are None, since q has no density. `objective` is the squared
        kernelized Stein discrepancy before each step, in nats per unit of step: how fast KL(q ‖ p)
        falls along φ. It sinks to a floor above 0, for n particles are not the posterior. Values
        compare only for one h: at every 200th step it may jump. Ctrl-C, heeded every 200 steps,
        returns the particles so far.

    Raises:
        DivergedError: a gradient was not finite; holds the last good particles.
        ValueError, TypeError: bad arguments.

    Source: Liu and Wang (2016), Stein variational gradient descent: a general purpose Bayesian
        inference algorithm; the bias in Ba et al. (2022), Understanding the variance
        collapse of SVGD in high dimensions.
    Chapter: algorithms/vi_vs_mcmc
    """
    began = time.perf_counter()
    num_particles = check_integer("num_particles", num_particles, minimum=1)
    if bandwidth is not None:
        bandwidth = check_number("bandwidth", bandwidth, above=0)
    learning_rate = check_number("learning_rate", learning_rate, above=0)
    tolerance = check_number("tolerance", tolerance, above=0)
    max_steps = check_integer("max_steps", max_steps, minimum=1)
    num_starts = check_integer("num_starts", num_starts, minimum=1)
    start_seed, draw_seed = split_seed(seed)
    start = best_start(model, start_seed, num_starts)
    first = tf.random.stateless_normal([num_particles, model.dim], draw_seed, dtype=model.dtype)
    swarm = Swarm(
        model,
        start,
        first,
        bandwidth=bandwidth,
        learning_rate=learning_rate,
        jit_compile=jit_compile,
    )

    def fit(converged, stop_reason):
        z = swarm.latents()
        return Fit(
            algorithm=f"SVGD ({num_particles} particles)",
            model=model,
            posterior=None,
            draws=tf.nest.map_structure(lambda part: part.numpy()[np.newaxis], z),
            objective=np.array(swarm.trace),
            elbo=None,
            seed=seed,
            seconds=time.perf_counter() - began,
            converged=converged,
            stop_reason=stop_reason,
        )

    try:
        converged, stop_reason = _settle(swarm, tolerance, max_steps)
    except FloatingPointError as error:
        raise DivergedError(str(error), fit(False, str(error))) from None
    return fit(converged, stop_reason)


def _settle(swarm, tolerance, max_steps):
    """The schedule of `svgd`. Returns whether the particles converged, and why they stopped."""
    force = np.inf
    try:
        while len(swarm.trace) < max_steps:
            previous, force = force, swarm.move()
            if force < tolerance:
                steps = len(swarm.trace)
                return True, f"converged after {steps} steps: force {force:.2g}"
            if force > 0.9 * previous:
                swarm.halve_learning_rate()
    except KeyboardInterrupt:
        return False, f"interrupted after {len(swarm.trace)} steps"
    reason = f"max_steps: not converged after {len(swarm.trace)} steps, force {force:.2g}"
    warnings.warn(f"svgd: {reason}. Raise `max_steps`.", stacklevel=3)
    return False, reason


class Swarm:
    """The state of one run: the particles in units of the start, Adam's memory, the trace.

    Attributes:
        trace: the squared Stein discrepancy at each step so far.
    """

    def __init__(self, model, start, first, *, bandwidth, learning_rate, jit_compile):
        self.trace = []
        self._model = model
        self._loc = tf.constant(start.loc, model.dtype)
        self._tril = tf.constant(start.scale_tril, model.dtype)
        self._particles = tf.Variable(first, name="particles")
        self._fixed_bandwidth = bandwidth
        self._bandwidth = tf.Variable(1.0, dtype=model.dtype)
        self._optimizer = keras.optimizers.Adam(learning_rate)
        self._optimizer.build([self._particles])

        def step(_):
            direction, _, discrepancy = self._direction()
            self._optimizer.apply([-direction], [self._particles])
            return discrepancy, [direction]

        def force():
            return tf.sqrt(tf.reduce_mean(self._direction()[1] ** 2))

        self._force = compiled(force, jit_compile=jit_compile)
        self._window = compiled(
            lambda seed: window(step, [self._particles], seed), as_seed(0), jit_compile=jit_compile
        )
        self._set_bandwidth()

    def latents(self):
        """The particles as latents, [num_particles, *event_shape] or a dict of them."""
        return self._model.flat_bijector.forward(self._unconstrained(self._particles))

    def move(self):
        """200 steps. Returns the root mean square of the force after them, with h taken afresh.

        Raises:
            FloatingPointError: a number was not finite; the particles are put back.
        """
        before = self._particles.numpy()
        trace, faults, _ = self._window(as_seed(0))
        self._set_bandwidth()
        force = float(self._force())
        bad = np.append(faults.numpy() >= 0, not np.isfinite(force))
        if np.any(bad):
            self._particles.assign(before)
            raise FloatingPointError(
                f"Step {len(self.trace) + int(np.argmax(bad))}: the gradient of the log density is "
                "not finite at some particle. Try a smaller `learning_rate`, or dtype float64; "
                "check that `model.log_joint` is finite around the draws of `error.fit`, the last "
                "good particles."
            )
        self.trace.extend(trace.numpy())
        return force

    def halve_learning_rate(self):
        self._optimizer.learning_rate.assign(self._optimizer.learning_rate / 2)

    def _set_bandwidth(self):
        fixed = self._fixed_bandwidth
        self._bandwidth.assign(median_rule(self._particles.numpy()) if fixed is None else fixed)

    def _unconstrained(self, v):
        return self._loc + tf.linalg.matmul(v, self._tril, transpose_b=True)

    def _direction(self):
        v = tf.convert_to_tensor(self._particles)
        with tf.GradientTape() as tape:
            tape.watch(v)
            log_density = self._model.unconstrained_log_joint(self._unconstrained(v))
        return stein_direction(v, tape.gradient(log_density, v), self._bandwidth)
