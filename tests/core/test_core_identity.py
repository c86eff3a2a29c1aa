"""log p(x) = ELBO(q) + KL(q ‖ p(z | x)), for every model that knows its evidence and any q.

The models come from the catalogue. One that knows its evidence and fits none of the ways below to
find the KL makes its test fail, and so does a model that the catalogue lacks.
"""

import functools
import inspect

import numpy as np
import pytest
import tensorflow as tf
from core_posteriors import log_posterior_of
from models_catalogue import CATALOGUE

from vicourse import families, models
from vicourse.estimate import estimate
from vicourse.models import quadrature
from vicourse.objectives import elbo
from vicourse.seeds import as_seed


@functools.cache
def build(name):
    return CATALOGUE[name](tf.float64)


KNOWN = [name for name in sorted(CATALOGUE) if "evidence" in build(name).knows]
FAMILIES = ("mean_field", "full_rank")


def surrogate(model, family, seed):
    """A q far from the posterior: random location, scales and (full rank) correlations."""
    rng = np.random.default_rng(seed)
    loc, tril = rng.normal(size=model.dim), np.tril(rng.normal(size=(model.dim,) * 2), -1)
    scale = np.exp(0.3 * rng.normal(size=model.dim) - 0.5) * min(1.0, 2 / model.dim**0.5)
    if family == "full_rank":
        scale = np.diag(scale) + 0.3 * tril / np.sqrt(model.dim)
    return getattr(families, family)(model, initial_loc=loc, initial_scale=scale)


def gaussian_in_u(q):
    """Mean and Cholesky factor of the Gaussian that q is in unconstrained space."""
    return q.distribution.mean().numpy(), np.linalg.cholesky(q.distribution.covariance())


def test_the_catalogue_has_every_model():
    kinds = {
        kind
        for kind in vars(models).values()
        if inspect.isclass(kind) and issubclass(kind, models.Model) and not inspect.isabstract(kind)
    }
    missing = kinds - {type(build(name)) for name in CATALOGUE} - {models.Target, models.Potts}
    assert not missing, f"not in tests/models/models_catalogue.py: {missing}"
    assert len(KNOWN) > 10


def kl_values(model, q, num_samples, seed):
    """log q(z) − log p(z | x) at draws from q, without a line of `vicourse.objectives`."""
    z = q.sample(num_samples, seed=as_seed(seed))
    return q.log_prob(z) - log_posterior_of(model)(z)


@pytest.mark.slow
@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("name", KNOWN)
def test_draw_by_draw(name, family):
    """(log p(x, z) − log q(z)) + (log q(z) − log p(z | x)) = log p(x) at every draw z from q."""
    model = build(name)
    q = surrogate(model, family, seed=11)
    from_joint = elbo(model.log_joint, q, num_samples=6, seed=5)
    from_posterior = kl_values(model, q, num_samples=6, seed=5)  # of the same draws
    total = from_joint + from_posterior
    np.testing.assert_allclose(total, model.log_evidence(), rtol=0, atol=1e-8)
    assert np.std(from_joint) > 0.1  # the ELBO's values alone do move


def by_differences(model):
    """(m, Λ, log joint at m) if log p(x, u) = constant − ½ (u − m)ᵀ Λ (u − m), else None.

    Second differences of a quadratic are exact; a point far away tells whether it was one.
    """
    basis, n = np.eye(model.dim), model.dim
    far = np.linspace(-2.3, 3.1, n)[None]
    pairs = (basis[:, None] + basis[None]).reshape(-1, n)
    points = np.concatenate([np.zeros((1, n)), basis, pairs, far])
    values = model.unconstrained_log_joint(tf.constant(points)).numpy()
    at_0, once, twice = values[0], values[1 : n + 1], values[n + 1 : -1].reshape(n, n)
    precision = -(twice - once[:, None] - once[None] + at_0)
    slope = once - at_0 + 0.5 * np.diag(precision)
    if abs(at_0 + far[0] @ slope - 0.5 * far[0] @ precision @ far[0] - values[-1]) > 1e-8:
        return None
    mean = np.linalg.solve(precision, slope)
    return mean, precision, at_0 + 0.5 * slope @ mean


def by_closed_forms(quadratic, q):
    """ELBO and KL of a Gaussian q from a Gaussian posterior, each by its own formula."""
    (mean, precision, peak), (loc, tril) = quadratic, gaussian_in_u(q)
    distance, log_det_q = loc - mean, 2 * np.log(np.diag(tril)).sum()
    spread = np.trace(precision @ tril @ tril.T)
    entropy = 0.5 * (len(loc) * np.log(2 * np.pi * np.e) + log_det_q)
    expected = peak - 0.5 * (distance @ precision @ distance + spread)
    log_det_p = -np.linalg.slogdet(precision)[1]
    kl = 0.5 * (spread + distance @ precision @ distance - len(loc) + log_det_p - log_det_q)
    return expected + entropy, kl


def product_rule(points, weights, dim):
    """A rule for one dimension, taken along each of `dim`: points [M, dim], weights [M]."""
    axes = np.meshgrid(*[points] * dim, indexing="ij")
    return np.stack(axes, -1).reshape(-1, dim), functools.reduce(np.kron, [weights] * dim)


def by_quadrature(name, q):
    """ELBO by Gauss–Hermite, KL by the trapezoidal rule: `quadrature`'s, or in 3-D around q."""
    model, (loc, tril) = build(name), gaussian_in_u(q)
    nodes, weights = np.polynomial.hermite_e.hermegauss({1: 150, 2: 80, 3: 40}[model.dim])
    noise, weights = product_rule(nodes, weights / np.sqrt(2 * np.pi), model.dim)
    values = model.unconstrained_log_joint(tf.constant(loc + noise @ tril.T)).numpy()
    entropy = 0.5 * model.dim * np.log(2 * np.pi * np.e) + np.log(np.diag(tril)).sum()
    bound = weights @ values + entropy
    if model.dim < 3:
        return bound, quadrature(model).kl_q_p(q)
    steps = np.arange(-7, 7.1, 0.25)
    noise, weights = product_rule(steps, 0.25 * np.exp(-0.5 * steps**2), model.dim)
    z = model.flat_bijector.forward(tf.constant(loc + noise @ tril.T))
    log_ratio = q.log_prob(z) - log_posterior_of(model)(z)
    return bound, weights @ log_ratio.numpy() / (2 * np.pi) ** (model.dim / 2)


@pytest.mark.parametrize(
    "family", [pytest.param("mean_field", marks=pytest.mark.slow), "full_rank"]
)
@pytest.mark.parametrize("name", KNOWN)
def test_elbo_and_kl_found_apart(name, family):
    """ELBO and KL never share a draw or a grid, nor do they see each other's answer."""
    model = build(name)
    q, quadratic = surrogate(model, family, seed=12), by_differences(model)
    if quadratic is not None or model.dim <= 3:
        both = by_closed_forms(quadratic, q) if quadratic else by_quadrature(name, q)
        assert both[1] > 0.05
        assert sum(both) == pytest.approx(model.log_evidence(), abs=1e-7)
        return
    bound = estimate(elbo(model.log_joint, q, num_samples=2000, seed=1))
    kl = estimate(kl_values(model, q, num_samples=2000, seed=2))
    error = np.hypot(bound.standard_error, kl.standard_error)
    assert kl.value > 0.05 + 4 * kl.standard_error
    assert error < 0.05 * abs(bound.value)
    assert abs(bound.value + kl.value - model.log_evidence()) < 4 * error


def test_discrete_latents_by_enumeration():
    """Potts: any table q over all 3⁴ labellings; ELBO and KL are sums, the posterior a softmax.

    Its log evidence is log p(x) + log Z(J), as its log joint leaves log Z(J) out.
    """
    rng = np.random.default_rng(8)
    model = models.Potts(rng.normal(size=(2, 2)), [-1.0, 0.0, 1.5], coupling=0.7, noise_sd=0.8)
    states = models.enumerate_states(3, 4)
    sites = -0.5 * ((model.data.ravel()[:, None] - model.means) / 0.8) ** 2
    sites -= np.log(0.8 * np.sqrt(2 * np.pi))
    neighbours = [(0, 1), (2, 3), (0, 2), (1, 3)]
    energy = sites[np.arange(4), states].sum(axis=1)
    energy += 0.7 * sum(states[:, i] == states[:, j] for i, j in neighbours)
    log_posterior = energy - np.log(np.exp(energy).sum())
    log_joint = model.log_joint(states.reshape(-1, 2, 2)).numpy()
    for concentration in (0.1, 1.0, 10.0):
        q = rng.dirichlet(np.full(len(states), concentration)) + 1e-12
        log_q = np.log(q / q.sum())
        bound, kl = q / q.sum() @ (log_joint - log_q), q / q.sum() @ (log_q - log_posterior)
        assert kl > 0.05
        assert bound + kl == pytest.approx(model.log_evidence(), abs=1e-10)
