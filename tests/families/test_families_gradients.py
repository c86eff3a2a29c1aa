"""ELBO gradients of the richer families: no bias, against quadrature."""

import numpy as np
import pytest
import tensorflow as tf
from families_catalogue import FLOWS, bent, elbo_by_quadrature

from vicourse.compiled import compiled
from vicourse.families import mixture
from vicourse.gradients import gradient_estimator
from vicourse.models import Banana
from vicourse.seeds import as_seed, fold_in

pytestmark = pytest.mark.slow

TARGET = Banana().unconstrained_log_joint


def slope_by_quadrature(q, direction, elbo):
    """d ELBO/dt along φ + t·direction at t = 0, central differences of a quadrature."""
    start = [variable.numpy() for variable in q.trainable_variables]
    ends = []
    step = 1e-4 / np.sqrt(sum(np.sum(d**2) for d in direction))
    for signed in (step, -step):
        for variable, s, d in zip(q.trainable_variables, start, direction, strict=True):
            variable.assign(s + signed * d)
        ends.append(elbo(q))
    for variable, s in zip(q.trainable_variables, start, strict=True):
        variable.assign(s)
    return (ends[0] - ends[1]) / (2 * step)


def sampled_slopes(name, q, direction, target, num_repeats=40):
    """Independent estimates of the same slope, each from 100 draws."""
    estimator = gradient_estimator(name)

    def slope(seed):
        gradients = estimator(target, q, 100, seed)[1]
        return sum(tf.reduce_sum(g * d) for g, d in zip(gradients, direction, strict=True))

    slope = compiled(slope, as_seed(0), jit_compile=False)
    return np.array([float(slope(fold_in(5, i))) for i in range(num_repeats)])


def assert_unbiased(q, target, elbo):
    # Along a gradient estimate from other draws, where the slope is steep and a slip shows.
    direction = gradient_estimator("reparameterization")(target, q, 200, as_seed(99))[1]
    direction = [part.numpy() for part in direction]
    exact = slope_by_quadrature(q, direction, elbo)
    for name in ("reparameterization", "sticking_the_landing"):
        slopes = sampled_slopes(name, q, direction, target)
        error = slopes.std(ddof=1) / np.sqrt(len(slopes))
        assert abs(slopes.mean() - exact) < 4 * error + 1e-6 * abs(exact), name
        assert error < 0.1 * abs(exact), name  # the test sees a slip of 40 per cent


@pytest.mark.parametrize("name", FLOWS)
def test_flow(name):
    """E_ε[log p(T(ε)) + log |det ∂T/∂ε| − log N(ε)], trapezoidal rule in ε."""
    q = bent(FLOWS[name], 2, size=0.3, initial_loc=[3.0, -1.0])
    assert_unbiased(q, TARGET, lambda q: elbo_by_quadrature(q, TARGET))


@pytest.mark.parametrize("seed", [0, 1])
def test_mixture(seed):
    """∫ q (log p − log q) dz on a grid: the choice of the component is differentiated too."""
    q = bent(mixture, 1, seed=seed, num_components=3, initial_scale=1.5)

    def target(z):
        return -0.25 * tf.reduce_sum((z - 1) ** 2, -1) + tf.math.sin(2 * z[..., 0])

    def elbo(q):
        z = np.linspace(-25, 25, 5001)[:, None]
        log_q = q.log_prob(z).numpy()
        return 0.01 * np.sum(np.exp(log_q) * (target(tf.constant(z)).numpy() - log_q))

    assert_unbiased(q, target, elbo)
