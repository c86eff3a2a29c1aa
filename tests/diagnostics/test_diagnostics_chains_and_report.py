"""Chains, the gap, and the report: verdicts on fits whose quality is known."""

import dataclasses

import numpy as np
import pytest
import tensorflow_probability as tfp

from vicourse import models
from vicourse.diagnostics import chain_check, evidence_gap, report
from vicourse.estimate import Estimate
from vicourse.inference import Fit

tfd = tfp.distributions
MODEL = models.NormalNormal(data=[5.0])  # posterior N(2.5, ½), log p(x) = −7.515512


def chains(draws, diverging=0, converged=True):
    flags = np.zeros(draws.shape[:2], bool)
    flags.ravel()[:diverging] = True
    return Fit(
        algorithm="NUTS",
        model=MODEL,
        posterior=None,
        draws=draws,
        objective=np.zeros(3),
        elbo=None,
        seed=0,
        seconds=1.0,
        converged=converged,
        stop_reason="done",
        sample_stats={"diverging": flags},
    )


def density(loc, sd, *, converged=True):
    q = tfd.Normal(np.float64(loc), np.float64(sd))
    elbo = Estimate(-8.0, 0.02, 1000, "monte_carlo")
    return dataclasses.replace(
        chains(np.zeros((2, 4)), converged=converged),
        algorithm="VI",
        posterior=q,
        draws=None,
        elbo=elbo,
        sample_stats={},
    )


DRAWS = np.random.default_rng(0).normal(2.5, np.sqrt(0.5), size=(4, 1000))


def test_independent_draws_pass():
    check = chain_check(chains(DRAWS))
    assert check.passed
    assert check.r_hat < 1.01
    assert 3000 < check.ess_bulk < 5000
    assert check.num_draws == 4000
    assert report(chains(DRAWS)).verdict == "trust it"


def test_one_chain_elsewhere_is_seen():
    """Between-chain variance of one chain in four moved by 3 SD: R-hat far above 1.01."""
    moved = DRAWS + np.array([0, 0, 0, 3.0])[:, None]
    check = chain_check(chains(moved))
    assert check.r_hat > 1.2
    assert "disagree" in check.verdict
    assert report(chains(moved, converged=False)).verdict == "do not trust it"


def test_particles_are_judged_by_nobody():
    """One set of draws, as of SVGD: no density to weigh with, no second chain to compare with."""
    found = report(chains(DRAWS[:1]))
    assert found.verdict == "use it with care"
    assert found.check is None
    assert "cannot judge" in str(found)
    assert report(chains(DRAWS[:1], converged=False)).verdict == "do not trust it"


def test_slow_chains_have_a_small_effective_size():
    """An AR(1) chain with coefficient 0.95 has ESS = n (1 − 0.95)/(1 + 0.95)."""
    rng, n = np.random.default_rng(1), 2000
    x = np.zeros((4, n))
    x[:, 0] = rng.normal(size=4)
    for t in range(1, n):
        x[:, t] = 0.95 * x[:, t - 1] + np.sqrt(1 - 0.95**2) * rng.normal(size=4)
    check = chain_check(chains(x))
    assert check.ess_bulk == pytest.approx(4 * n * 0.05 / 1.95, rel=0.35)
    assert not check.passed


def test_divergences_and_constant_chains_are_named():
    check = chain_check(chains(DRAWS, diverging=3))
    assert not check.passed
    assert "3 of 4000 draws diverged" in check.verdict
    stuck = DRAWS.copy()
    stuck[:] = 1.0
    assert not chain_check(chains(stuck)).passed


def test_the_gap_is_evidence_minus_elbo():
    gap = evidence_gap(density(2.0, 1.0))
    assert gap.value == pytest.approx(-7.515512 + 8.0, abs=1e-6)
    assert gap.standard_error == 0.02
    with pytest.raises(ValueError, match="ELBO"):
        evidence_gap(chains(DRAWS))


def test_the_report_says_what_it_rests_on():
    good = report(density(2.5, 0.9))
    assert good.verdict == "trust it"
    text = str(good)
    for words in ("VI on", "k-hat", "converged: done", "ELBO -8.000", "the gap is 0.484"):
        assert words in text, (words, text)
    assert report(density(2.5, 0.9, converged=False)).verdict == "use it with care"
    assert report(density(2.5, 0.2)).verdict == "do not trust it"
    wide = report(density(2.5, 12.0))  # 1 + χ² = 144/√(½·287.5) = 12: a draw is worth 0.08
    assert wide.verdict == "use it with care"
    assert "worth 0.08 draws" in str(wide)


def test_wrong_kinds_of_fit_are_sent_elsewhere():
    with pytest.raises(ValueError, match="importance_check"):
        chain_check(density(2.5, 0.9))
    with pytest.raises(ValueError, match="at least 2 chains"):
        chain_check(chains(DRAWS[:1]))
