"""Stochastic variational inference against coordinate ascent, and its natural parameters."""

import itertools
import re

import numpy as np
import pytest
from cavi_cases import CASES, POINTS, all_moved

from vicourse.inference import DivergedError, coordinate_ascent, stochastic_variational_inference
from vicourse.inference.coordinate_ascent import updates_of
from vicourse.inference.coordinate_ascent.lda import LDAQ, LDAUpdates
from vicourse.inference.coordinate_ascent.normal_wishart_mixture import Components
from vicourse.inference.natural_gradient import draw_minibatches, natural_gradient_step
from vicourse.models import LDA, NormalWishartMixture

MIXTURE = CASES["normal_wishart_mixture"]


def documents(num_documents, seed=0):
    """Documents of 40 words from three topics over a vocabulary of 15."""
    rng = np.random.default_rng(0)
    topics = rng.dirichlet(np.full(15, 0.2), 3)
    rng = np.random.default_rng(seed)
    proportions = rng.dirichlet(np.full(3, 0.3), num_documents)
    return np.array([rng.multinomial(40, p) for p in proportions @ topics]) * 1.0


def test_all_data_and_step_one_is_coordinate_ascent_of_the_mixture():
    """ρ = 1 and the minibatch = all data: the parameters of a sweep, and its ELBO."""
    updates, global_q = updates_of(MIXTURE), updates_of(MIXTURE).start_global(3)
    for _ in range(5):
        q = updates.join(updates.local_step(POINTS, global_q), global_q)
        global_q, elbo = natural_gradient_step(updates, global_q, POINTS, len(POINTS), 1.0)
        assert elbo == pytest.approx(updates.elbo(q), abs=1e-9)
        for got, want in zip(global_q, updates.sweep(q)[1:], strict=True):
            np.testing.assert_allclose(got, want, rtol=1e-10)


def test_all_data_and_step_one_is_coordinate_ascent_of_lda():
    """The same for LDA. A sweep goes on from q's gamma: here it is where a minibatch begins."""
    model = CASES["lda"]
    updates, topics = updates_of(model), updates_of(model).start_global(3)
    lengths = model.data.sum(axis=1, keepdims=True)
    for _ in range(5):
        q = LDAQ(np.tile(0.4 + lengths / 3, (1, 3)), topics.lam)
        after_local = updates.join(updates.local_step(model.data, topics), topics)
        topics, elbo = natural_gradient_step(updates, topics, model.data, len(model.data), 1.0)
        assert elbo == pytest.approx(updates.elbo(after_local), abs=1e-9)
        np.testing.assert_allclose(topics.lam, updates.sweep(q).lam, rtol=1e-13)


def test_one_half_of_twice_the_data():
    """N/M copies: a minibatch that is half of a data set made of two copies gives its λ̂ exactly."""
    updates = updates_of(MIXTURE)
    start = updates.start_global(0)
    half, _ = natural_gradient_step(updates, start, POINTS, 2 * len(POINTS), 1.0)
    both, _ = natural_gradient_step(updates, start, np.tile(POINTS, (2, 1)), 2 * len(POINTS), 1.0)
    for got, want in zip(half, both, strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-10)


def test_interpolation_is_linear_in_the_natural_parameters():
    """log q of (1 − ρ) λ + ρ λ̂ is (1 − ρ) log q + ρ log q̂, but for a constant: TFP's densities."""
    updates, rng = updates_of(MIXTURE), np.random.default_rng(1)
    one, other = updates.start(0), all_moved(updates.start(1), 0.3, rng)
    mixed = updates.interpolate(Components(*one[1:]), Components(*other[1:]), 0.3)
    z = updates.posterior(one).sample(6, seed=[1, 2])
    difference = updates.posterior(updates.join(one.r, mixed)).log_prob(z)
    difference -= 0.7 * updates.posterior(one).log_prob(z)
    difference -= 0.3 * updates.posterior(other).log_prob(z)
    np.testing.assert_allclose(difference, np.full(6, difference[0]), atol=1e-8)


@pytest.mark.slow
def test_lda_reaches_the_optimum_of_coordinate_ascent():
    """ELBO per document within 0.1 nats of coordinate ascent's −20.5, and it says what is left."""
    model = LDA(documents(300), 3, alpha=0.3, beta=0.2)
    best = coordinate_ascent(model, seed=0, tolerance=0.01)
    fit = stochastic_variational_inference(model, seed=1, batch_size=30, max_steps=300)
    gap = (float(best.elbo) - float(fit.elbo)) / 300
    assert 0 < gap < 0.1
    assert not fit.converged
    left = float(re.search(r"about (\S+) nats per", fit.stop_reason)[1])
    assert gap / 3 < left < gap * 3
    # The estimates of the ELBO at the end agree with the exact one.
    late = fit.objective[-40:]
    assert abs(late.mean() - float(fit.elbo)) < 4 * late.std() / np.sqrt(40)


def test_mixture_reaches_the_optimum_of_coordinate_ascent():
    rng = np.random.default_rng(3)
    centres = np.array([[0.0, 0.0], [4.0, 1.0], [-3.0, 3.0]])
    data = centres[rng.integers(0, 3, 600)] + rng.normal(size=(600, 2)) * [0.5, 1.0]
    model = NormalWishartMixture(data, 3)
    best = coordinate_ascent(model, seed=0, num_starts=3)
    fit = stochastic_variational_inference(model, seed=1, batch_size=50, max_steps=300)
    assert fit.converged
    assert -0.001 < (float(best.elbo) - float(fit.elbo)) / 600 < 0.01
    order, other = np.argsort(fit.q.m[:, 0]), np.argsort(best.q.m[:, 0])
    np.testing.assert_allclose(fit.q.m[order], best.q.m[other], atol=0.05)


def test_the_step_is_unbiased():
    """E[λ̂] over minibatches is the λ̂ of all data: the mean over a whole pass, exactly."""
    updates, n = updates_of(MIXTURE), len(POINTS)
    start = updates.start_global(0)
    whole, _ = natural_gradient_step(updates, start, POINTS, n, 1.0)
    parts = [natural_gradient_step(updates, start, part, n, 1.0)[0] for part in np.split(POINTS, 4)]
    for key in ("alpha", "beta", "nu"):
        mean = np.mean([getattr(part, key) for part in parts], axis=0)
        np.testing.assert_allclose(mean, getattr(whole, key), rtol=1e-10)

    def second_moments(c):
        return np.linalg.inv(c.W) + np.einsum("k,kd,ke->kde", c.beta, c.m, c.m)

    mean = np.mean([second_moments(part) for part in parts], axis=0)
    np.testing.assert_allclose(mean, second_moments(whole), rtol=1e-8, atol=1e-8)


def test_a_stream_is_read_lazily():
    """Ten billion documents, one minibatch in memory at a time, and none read too many."""
    read = []

    def stream():
        for number in itertools.count():
            read.append(number)
            yield documents(20, seed=number)

    model = LDA(documents(5, seed=10**6), 3, alpha=0.3, beta=0.2)
    fit = stochastic_variational_inference(model, stream(), num_data=10**10, seed=0, max_steps=12)
    assert read == list(range(12))
    assert fit.elbo is None
    assert len(fit.objective) == 12
    assert fit.sample(2, seed=0)["proportions"].shape == (2, 5, 3)
    # λ counts words of ten billion documents; steps below 1 leave a little of the small start.
    assert 1e11 < fit.q.lam.sum() < 40 * 10**10


def test_a_stream_may_end():
    batches = [MIXTURE.data[:10], MIXTURE.data[10:20]]
    fit = stochastic_variational_inference(MIXTURE, batches, num_data=20, seed=0)
    assert fit.stop_reason == "the minibatches ended: 2 steps done"
    assert not fit.converged


def test_same_seed_same_numbers():
    fits = [
        stochastic_variational_inference(MIXTURE, seed=s, batch_size=5, max_steps=6)
        for s in (1, 1, 2)
    ]
    np.testing.assert_array_equal(fits[0].objective, fits[1].objective)
    assert not np.array_equal(fits[0].objective, fits[2].objective)


def test_minibatches_pass_over_all_data():
    batches = list(itertools.islice(draw_minibatches(np.arange(7), 3, seed=0), 6))
    assert [len(batch) for batch in batches] == [3, 3, 1, 3, 3, 1]
    np.testing.assert_array_equal(np.sort(np.concatenate(batches[:3])), np.arange(7))
    np.testing.assert_array_equal(np.sort(np.concatenate(batches[3:])), np.arange(7))
    assert not np.array_equal(np.concatenate(batches[:3]), np.concatenate(batches[3:]))


def test_ctrl_c_and_nan(monkeypatch):
    def batches(last):
        yield MIXTURE.data[:10]
        yield MIXTURE.data[10:20]
        last()

    def interrupt():
        raise KeyboardInterrupt

    fit = stochastic_variational_inference(MIXTURE, batches(interrupt), num_data=20, seed=0)
    assert fit.stop_reason == "interrupted after 2 steps"
    monkeypatch.setattr(
        LDAUpdates, "interpolate", staticmethod(lambda old, new, rho: old._replace(lam=np.nan))
    )
    with pytest.raises(DivergedError, match="Step 1: the parameter `lam`") as caught:
        stochastic_variational_inference(CASES["lda"], seed=0)
    assert np.all(np.isfinite(caught.value.fit.q.lam))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"kappa": 0.5}, "kappa"),
        ({"kappa": 1.1}, "kappa"),
        ({"tau": -1.0}, "tau"),
        ({"batch_size": 0}, "batch_size"),
        ({"max_steps": 0}, "max_steps"),
        ({"tolerance": 0.0}, "tolerance"),
        ({"seed": None}, "seed"),
        ({"num_data": 10}, "num_data"),
        ({"minibatches": [np.ones((3, 2))]}, "num_data"),
        ({"minibatches": [np.ones((3, 5))], "num_data": 10}, "minibatches.*M, 2"),
        ({"minibatches": [np.full((3, 2), np.nan)], "num_data": 10}, "NaN"),
        ({"minibatches": [], "num_data": 10}, "minibatches.*none"),
        ({"model": CASES["gaussian_mixture"]}, "NormalWishartMixture, LDA"),
    ],
)
def test_bad_input_is_named(arguments, words):
    with pytest.raises((ValueError, TypeError), match=words):
        stochastic_variational_inference(**{"model": MIXTURE, "seed": 0, **arguments})
