"""The exercises of deep/vae_mnist: text, references, right answers, wrong answers, mutations."""

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp
from check_answers_vae_mnist import VARIANTS, WRONG
from check_helpers import (
    function_from,
    function_sources,
    learners,
    mutants,
    run_cells,
    solution_notebook,
)

from vicourse import check
from vicourse.check.exercises import all_exercises, find, vae_mnist
from vicourse.check.judge import NOT_YET, PASSED, judge

tfd = tfp.distributions
FUNCTIONS = [e for e in vae_mnist.EXERCISES if hasattr(e, "reference")]
IDS = [exercise.id for exercise in FUNCTIONS]
SOURCES = function_sources(solution_notebook("vae_mnist"))


def name_of(exercise):
    return exercise.call.partition("(")[0]


def said(finding):
    return " ".join(text for _, text in finding.notes)


@pytest.fixture(scope="module")
def solved():
    return run_cells(solution_notebook("vae_mnist"))


# References, against TFP's own densities (float64).


def inputs(exercise):
    return [case.inputs for case in exercise.cases]


@pytest.mark.parametrize("case", inputs(vae_mnist.KL))
def test_kl_reference_is_tfp_s_closed_form(case):
    q = tfd.MultivariateNormalDiag(case["mu"], np.exp(case["log_var"] / 2))
    p = tfd.MultivariateNormalDiag(np.zeros_like(case["mu"]))
    np.testing.assert_allclose(vae_mnist.KL.reference(**case), q.kl_divergence(p), rtol=1e-12)


@pytest.mark.parametrize("case", inputs(vae_mnist.SAMPLE))
def test_sample_reference_standardizes_back_to_eps(case):
    # (z − μ)/σ = ε, with σ² = exp(log_var)
    eps = (vae_mnist.SAMPLE.reference(**case) - case["mu"]) / np.sqrt(np.exp(case["log_var"]))
    np.testing.assert_allclose(eps, case["eps"], rtol=1e-12)


@pytest.mark.parametrize("case", inputs(vae_mnist.BERNOULLI))
def test_bernoulli_reference_is_tfp_s_log_prob(case):
    p = tfd.Independent(tfd.Bernoulli(logits=tf.constant(case["logits"])), 1)
    log_prob = p.log_prob(case["x"])
    np.testing.assert_allclose(vae_mnist.BERNOULLI.reference(**case), log_prob, rtol=1e-12)


@pytest.mark.parametrize("case", inputs(vae_mnist.BUG))
def test_negative_elbo_reference_is_minus_the_elbo_of_tfp(case):
    # −ELBO = E[KL(q‖p) − log p(x given z)], averaged over the minibatch
    p = tfd.Independent(tfd.Bernoulli(logits=tf.constant(case["logits"])), 1)
    q = tfd.MultivariateNormalDiag(case["mu"], np.exp(case["log_var"] / 2))
    prior = tfd.MultivariateNormalDiag(np.zeros_like(case["mu"]))
    expected = tf.reduce_mean(q.kl_divergence(prior) - p.log_prob(case["x"]))
    np.testing.assert_allclose(vae_mnist.BUG.reference(**case), expected, rtol=1e-12)


# The notebook.


def test_untouched_notebook_runs_and_nothing_counts_as_attempted():
    _, printed = run_cells(learners("vae_mnist"))
    for exercise in vae_mnist.EXERCISES:
        assert f"{exercise.id} · {exercise.title}: not attempted" in printed
    assert "not yet" not in printed.replace("vae_mnist:", "")


def test_every_solution_passes(solved):
    printed = solved[1]
    for exercise in vae_mnist.EXERCISES:
        assert f"{exercise.id} · {exercise.title}: passed" in printed


def test_learner_s_notebook_holds_no_solution():
    text = "\n".join(cell.source for cell in learners("vae_mnist").cells)
    assert "SOLUTION" not in text
    assert text.count("raise NotImplementedError") == 4
    assert "prediction = None" in text
    assert "0.5 * (mu**2" not in text
    assert "softplus(-logits)" not in text


def test_titles_calls_and_hints_are_those_of_the_notebook():
    text = " ".join("\n".join(c.source for c in solution_notebook("vae_mnist").cells).split())
    for exercise in vae_mnist.EXERCISES:
        number = exercise.id.rpartition(".")[2]
        assert f"## Exercise {number}: {exercise.title} " in text
        assert f"| {number} | {exercise.title} |" in text
        for index, hint in enumerate(exercise.hints, start=1):
            assert f"<summary>Hint {index}</summary> {hint} </details>" in text, hint
        if hasattr(exercise, "call"):
            assert f"def {exercise.call}:" in text


def test_ids_are_unique_and_start_with_their_chapter():
    ids = [exercise.id for exercise in all_exercises()]
    assert len(set(ids)) == len(ids)
    assert [e.id for e in vae_mnist.EXERCISES] == [f"vae_mnist.{n}" for n in range(1, 6)]


@pytest.mark.parametrize("exercise", FUNCTIONS, ids=IDS)
def test_cases_leave_shapes_unambiguous_and_can_be_shown(exercise):
    for case in exercise.cases:
        assert 1 not in np.shape(exercise.reference(**case.inputs))
        assert all(np.size(value) <= 16 for value in case.inputs.values())


# Right answers.


@pytest.mark.parametrize(
    ("exercise_id", "source"), [(key, s) for key, sources in VARIANTS.items() for s in sources]
)
def test_right_answers_pass_however_they_are_written(exercise_id, source):
    exercise = find(exercise_id)
    finding = judge(exercise, function_from(source, name_of(exercise)))
    assert finding.status == PASSED, said(finding)


def test_a_superfluous_axis_passes_with_a_remark():
    finding = judge(vae_mnist.KL, function_from(VARIANTS["vae_mnist.1"][3], "kl_to_prior"))
    assert "(2, 1) where (2,) was asked" in said(finding)


# Wrong answers.


@pytest.mark.parametrize(
    ("exercise_id", "expression", "message"),
    [(key, *answer) for key, answers in WRONG.items() for answer in answers],
)
def test_wrong_answers_fail_and_usual_ones_are_recognised(exercise_id, expression, message, solved):
    exercise = find(exercise_id)
    arguments = exercise.call.partition("(")[2].rstrip(")")
    wrong = eval(f"lambda {arguments}: {expression}", dict(solved[0]))
    finding = judge(exercise, wrong)
    assert finding.status == NOT_YET
    labels = dict(finding.notes)
    if message:
        assert message in said(finding)
    else:
        assert not {"It looks like", "Nearly"} & labels.keys()
    assert "Expected" in labels
    assert "Input" in labels


@pytest.mark.parametrize("exercise", FUNCTIONS, ids=IDS)
def test_every_declared_mistake_fails_and_is_recognised_as_itself(exercise):
    for mistake in exercise.mistakes:
        finding = judge(exercise, lambda *a, m=mistake: m.function(*(np.float64(v) for v in a)))
        assert finding.status == NOT_YET
        assert dict(finding.notes).get("It looks like") == mistake.message


def test_wrong_predictions_each_get_their_own_answer():
    finding = {letter: judge(vae_mnist.PREDICTION, letter) for letter in "abcd"}
    assert [finding[letter].status for letter in "abcd"] == [NOT_YET, PASSED, NOT_YET, NOT_YET]
    assert len({said(f) for f in finding.values()}) == 4
    assert judge(vae_mnist.PREDICTION, " (B) ").status == PASSED


def test_mutations_of_right_answers_fail(capsys):
    """Issue 7: random wrong answers fail in at least 95 % of cases."""
    survivors, count = [], 0
    for exercise in FUNCTIONS:
        sources = [SOURCES[name_of(exercise)], *VARIANTS[exercise.id]]
        for source in sources:
            assert judge(exercise, function_from(source, name_of(exercise))).status == PASSED
            for slip, changed in mutants(source):
                count += 1
                finding = judge(exercise, function_from(changed, name_of(exercise)))
                if finding.status == PASSED:
                    survivors.append(f"{exercise.id}: {slip}")
    with capsys.disabled():
        print(f"\n{count} mutations, {len(survivors)} pass:", *survivors, sep="\n  ")
    assert count > 200
    assert len(survivors) <= 0.05 * count


def test_check_is_callable_and_is_the_submodule(capsys):
    import vicourse.check as module

    assert module is check
    verdict = check("vae_mnist.5", "b")
    assert verdict.status == PASSED
    assert verdict.message in capsys.readouterr().out
