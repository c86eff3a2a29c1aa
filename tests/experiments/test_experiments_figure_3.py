"""Figure 3: a cell that is killed goes on, what is measured is what it says, and the verdicts."""

import dataclasses
import json

import numpy as np
import pytest
import tensorflow as tf

from vicourse.data import load_digits_stand_in
from vicourse.experiments import evidence, figure_3_claims
from vicourse.experiments.evidence import STARTS, make_measure
from vicourse.experiments.figure_3 import (
    _evaluations,
    _images,
    _lattices,
    _settings,
    better_rates,
    cells,
    report,
    run,
)
from vicourse.files import CheckpointError
from vicourse.vae import LogEvidence, train
from vicourse.vae.posterior_draws import make_sampler

CELL = {**cells(quick=True)[2], "hidden": 5, "num_train": 100, "num_images": 12, "spacing": 1.0}


def test_cells():
    """Three algorithms, 1000 and 50,000 images, the paper's sizes; quick ones need no MNIST."""
    full, quick = cells(False), cells(True)
    pairs = {(cell["algorithm"], cell["num_train"]) for cell in full}
    assert len(pairs) == 6
    assert len(full) == 7  # Monte Carlo EM on many images has two step sizes
    assert {n for _, n in pairs} == {1000, 50_000}
    assert all((cell["hidden"], cell["num_images"]) == (100, 1000) for cell in full)
    assert {cell["images"] for cell in quick} == {"digits"}
    assert _settings(full[1]).algorithm == "wake_sleep"
    assert _settings(full[0]).num_latents == 3
    # Ten leapfrog steps and the gradient before them, five updates.
    assert (_evaluations("aevb"), _evaluations("monte_carlo_em")) == (1, 16)
    for cell in full:  # the points are whole epochs
        assert all(samples % cell["num_train"] == 0 for samples in cell["samples"])


def test_a_subset_is_the_first_images():
    whole, part = load_digits_stand_in(), _images(CELL)
    np.testing.assert_array_equal(part.x_train, whole.x_train[:100])
    np.testing.assert_array_equal(part.x_test, whole.x_test[:12])


def row(seen, log_p, *, evaluations=None, starts=STARTS, **off):
    point = {"samples_seen": seen, "evaluations": evaluations or seen, "seconds": 1.0}
    for part in ("train", "test"):
        point |= {f"{part}_log_p": log_p, f"{part}_log_p_se": 1.0, f"{part}_quadrature_error": 0.01}
        for start in starts:
            names = (f"{start}_appendix_d", f"{start}_importance")
            point |= {f"{part}_{name}_off": off.get(name, 0.0) for name in names}
    return point


def finished(aevb, em, num_train=50_000, seed=0, rate=0.1):
    how = {"num_train": num_train, "learning_rate": rate, "seed": seed}
    return [
        {"settings": {"algorithm": name, **how}, "curve": curve}
        for name, curve in (("aevb", aevb), ("monte_carlo_em", em))
        if curve
    ]


def test_verdicts():
    """Behind by 3 nats at as many images, ahead by 1 at as many evaluations; estimators off."""
    aevb = [row(100, -180.0), row(1600, -160.0, prior_appendix_d=0.4), row(6400, -150.0)]
    no_encoder = {"starts": ("prior", "posterior")}
    em = [
        row(100, -161.0, evaluations=1600, prior_appendix_d=-1.2, **no_encoder),
        row(1600, -163.0, evaluations=25600, posterior_importance=0.2, **no_encoder),
    ]
    found = figure_3_claims(finished(aevb, em))
    assert [claim.found for claim in found] == [3.0, 1.0, 0.01, -1.2, 0.0, 0.0, 0.0, 0.0, 0.2]
    assert [claim.holds for claim in found] == [True, False, True, False, *[True] * 4, False]
    assert len(figure_3_claims(finished(aevb, em, num_train=1000))) == 7
    lines = "\n".join(report(finished(aevb, em)))
    assert "reproduced: 50,000 images, 1,600 images seen" in lines
    assert "NOT reproduced: appendix D − quadrature, chains from the prior" in lines
    assert len(figure_3_claims(finished([], em))) == 5  # no encoder to begin at, nothing to beat


def test_seeds_are_averaged():
    two = finished([row(9, -100.0)], [row(9, -104.0)]) + finished([row(9, -102.0)], [], seed=1)
    assert figure_3_claims(two)[0].found == pytest.approx(3.0)


def test_of_two_step_sizes_the_one_that_ends_better_counts():
    """On training images, at the end: not on test images, and not on the way."""
    worse, better = [row(9, -100.0), row(99, -95.0)], [row(9, -110.0), row(99, -90.0)]
    better[-1]["test_log_p"] = -98.0
    cells = finished([row(99, -80.0)], worse) + finished([], better, rate=0.02)
    assert [cell["settings"]["learning_rate"] for cell in better_rates(cells)] == [0.1, 0.02]
    assert better_rates(cells[::-1])[0]["curve"] == better
    assert figure_3_claims(cells)[0].found == pytest.approx(18.0)


@pytest.mark.slow
def test_a_killed_cell_goes_on(tmp_path):
    """Two points at once, and one by one: the same but for seconds; a lost point is named."""
    both = {**CELL, "samples": [100, 300]}
    whole = run(both, tmp_path / "a")
    first = run({**CELL, "samples": [100]}, tmp_path / "b")
    assert len(first["curve"]) == 1
    resumed = run(both, tmp_path / "b")
    for ours, theirs in zip(resumed["curve"], whole["curve"], strict=True):
        assert {**ours, "seconds": 0} == {**theirs, "seconds": 0}
    last = whole["curve"][1]
    assert (last["samples_seen"], last["evaluations"]) == (300, 16 * 300)
    assert json.loads(json.dumps(whole)) == whole
    (curve,) = (tmp_path / "b").rglob("curve.json")
    curve.write_text("{")
    with pytest.raises(CheckpointError, match="past 100 images"):
        run(both, tmp_path / "b")


@pytest.mark.slow
def test_the_bound_stands_beside_what_it_bounds(tmp_path):
    """On the same images, so below it; to within the noise of one draw for each of twelve."""
    (point,) = run({**CELL, "algorithm": "aevb", "samples": [20_000]}, tmp_path)["curve"]
    assert point["samples_seen"] == 20_000
    assert -15 < point["test_elbo"] - point["test_log_p"] < 1


@pytest.mark.slow
def test_what_is_measured():
    """Near the start no x says anything about z: all agree, wherever chains begin, and log p(x) is
    −784 log 2."""
    data, settings = _images(CELL), _settings(CELL)
    found = make_measure(settings, data, 12, [(0.5, 6.0)])(settings.make_vae(784))
    assert found["test_log_p"] == pytest.approx(-784 * np.log(2), abs=2)
    assert found["test_quadrature_error"] < 0.001
    for start in STARTS:
        assert abs(found[f"test_{start}_importance_off"]) < 0.05
        assert abs(found[f"test_{start}_appendix_d_off"]) < 1  # of 12 images
        assert found[f"test_{start}_importance_off_lost"] == 0


@pytest.mark.slow
def test_chains_begin_where_it_is_said(monkeypatch):
    """A trained model: from the prior log p(x, z) is far lower than from a draw of the posterior,
    which is a point of the lattice, and the encoder's draws are near the posterior's."""
    begun = []

    def spy(log_joint, x, start):
        sample = make_sampler(log_joint, x, start)

        def watched(x, start, seed):
            height = np.mean(log_joint(x, tf.convert_to_tensor(start)))
            begun.append((height, np.all(np.asarray(start) % 0.5 == 0)))
            return sample(x, start, seed)

        return watched

    data, settings = _images(CELL), dataclasses.replace(_settings(CELL), hidden=20)
    trained = train(settings, data, 100, progress=False)
    monkeypatch.setattr(evidence, "make_sampler", spy)
    make_measure(settings, data, 12, [(0.5, 6.0)])(trained.vae)
    heights, on_lattice = np.moveaxis(np.reshape(begun, (2, 3, 2)), -1, 0)
    for prior, encoder, posterior in heights:  # training images, test images
        assert prior < posterior - 10
        assert abs(encoder - posterior) < (posterior - prior) / 3
    assert on_lattice.tolist() == [[0, 0, 1]] * 2


def test_how_far_an_estimator_is_off(monkeypatch):
    """An estimate that is 2 nats too low for three images of twelve, half a nat too high for the
    others: the sign, the standard error of the mean and the share of images lost."""
    off = np.repeat([-2.0, 0.5], [3, 9])
    truth = np.linspace(-200, -100, 12)
    exact, estimates = (LogEvidence(v, np.zeros(12), 1) for v in (truth, truth + off))
    monkeypatch.setattr(evidence, "evidence_by_quadrature", lambda *args, **kwargs: exact)
    for function in ("evidence_by_appendix_d", "evidence_by_importance"):
        monkeypatch.setattr(evidence, function, lambda *args, **kwargs: estimates)
    settings = _settings(CELL)
    measure = make_measure(settings, _images(CELL), 12, [(1.0, 6.0)], starts=["prior"])
    found = measure(settings.make_vae(784))
    assert found["train_log_p"] == -150
    for name in ("train_prior_appendix_d_off", "test_prior_importance_off"):
        assert found[name] == -0.125
        assert found[f"{name}_se"] == pytest.approx(off.std(ddof=1) / 12**0.5, abs=1e-4)
        assert found[f"{name}_lost"] == 0.25


@pytest.mark.parametrize("good", ["wide", "fine", "finest", "none of them"])
def test_the_first_lattice_that_is_good_enough(monkeypatch, good):
    """Its value is reported, or the last one's; chains begin on the coarsest of its width."""
    lattices = {"wide": (2.0, 8.0), "fine": (1.0, 6.0), "finest": (0.5, 6.0)}
    tried, begun = [], []

    def quadrature(vae, x, *, spacing, half_width):
        tried.append((spacing, half_width))
        error = 0.04 if lattices.get(good) == tried[-1] else 0.06
        return LogEvidence(np.full(12, -100 * spacing), np.full(12, error), 1)

    def draws(vae, x, seed, *, spacing, half_width):
        begun.append((spacing, half_width))
        return np.zeros((12, 3), np.float32)

    monkeypatch.setattr(evidence, "evidence_by_quadrature", quadrature)
    monkeypatch.setattr(evidence, "draws_by_quadrature", draws)
    settings = _settings(CELL)
    measure = make_measure(settings, _images(CELL), 12, list(lattices.values()), ["posterior"])
    found = measure(settings.make_vae(784))
    used = list(lattices).index(good) if good in lattices else 2
    assert tried == list(lattices.values())[: used + 1] * 2
    assert found["test_log_p"] == -100 * tried[-1][0]
    assert begun == [lattices["wide" if good == "wide" else "fine"]] * 2


def test_lattices():
    """As fine as the cell says and then finer; for chains without an encoder a wide one first."""
    few, *_, many = cells(False)
    assert _lattices(few) == [(0.12, 6.0), (pytest.approx(0.072), 6.0)]
    assert _lattices(many) == [(pytest.approx(0.2), 10.0), *_lattices(few)]
