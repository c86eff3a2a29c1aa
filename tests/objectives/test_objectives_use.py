"""How the objectives are used: shapes, batches, structures, compilation; and what they refuse."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as some
from normal_normal import log_joint, log_likelihood, surrogate, tfd

from vicourse import objectives as ob
from vicourse.estimate import estimate

PRIOR = tfd.Normal(np.float64(0), np.float64(1))
K = {"num_importance_samples": 3}
FROM_JOINT = {
    "elbo": lambda *a, **o: ob.elbo(*a, **o),
    "importance_weighted_bound": lambda *a, **o: ob.importance_weighted_bound(*a, **{**K, **o}),
    "renyi_bound": lambda *a, **o: ob.renyi_bound(*a, alpha=0.5, **{**K, **o}),
    "chi_upper_bound": lambda *a, **o: ob.chi_upper_bound(*a, **{**K, **o}),
    "forward_kl_objective": lambda *a, **o: ob.forward_kl_objective(*a, **{**K, **o}),
    "wake_theta": lambda *a, **o: ob.wake_theta(*a, **{**K, **o}),
    "wake_phi": lambda *a, **o: ob.wake_phi(*a, **{**K, **o}),
    "annealed_objective": lambda *a, **o: ob.annealed_objective(*a, temperature=2.0, **o),
}
ALL = pytest.mark.parametrize("objective", FROM_JOINT.values(), ids=FROM_JOINT)


@ALL
def test_a_batch_of_surrogates_gives_a_batch_of_values(objective):
    batch = tfd.Normal(np.array([1.7, 0.2]), np.array([0.9, 1.5]))
    values = objective(log_joint, batch, num_samples=7, seed=0)
    assert values.shape == [7, 2]
    assert np.all(np.isfinite(values))


@ALL
def test_same_seed_same_values_eager_and_compiled(objective):
    """XLA draws other numbers than the rest of TensorFlow from one seed, but always the same."""

    def run(seed):
        return objective(log_joint, surrogate(), num_samples=5, seed=seed)

    seed = tf.constant([1, 2])
    np.testing.assert_allclose(tf.function(run)(seed), run(seed), rtol=1e-10)
    with_xla = tf.function(run, jit_compile=True)
    np.testing.assert_array_equal(with_xla(seed), with_xla(seed))
    assert np.all(run(3) != run(4))


@ALL
@pytest.mark.parametrize("num_samples", [0, -1, 2.0, True, None])
def test_sample_counts_are_positive_integers(objective, num_samples):
    with pytest.raises((ValueError, TypeError), match="`num_samples`: wanted an integer"):
        objective(log_joint, surrogate(), num_samples=num_samples, seed=0)


@pytest.mark.parametrize("k", [0, -2, 1.5])
@pytest.mark.parametrize("name", ["importance_weighted_bound", "renyi_bound", "wake_theta"])
def test_importance_sample_counts_are_positive_integers(name, k):
    with pytest.raises((ValueError, TypeError), match="`num_importance_samples`"):
        FROM_JOINT[name](log_joint, surrogate(), num_samples=2, seed=0, num_importance_samples=k)


@ALL
def test_forgetting_independent_is_an_error_not_a_broadcast(objective):
    """Three latents as a batch, a joint that sums over them: log q would be counted per latent."""
    batch = tfd.Normal(np.zeros(3), np.ones(3))

    def summed(z):
        return tf.reduce_sum(log_joint(z), axis=-1)

    with pytest.raises(ValueError, match=r"tfd\.Independent"):
        objective(summed, batch, num_samples=3, seed=0)
    values = objective(summed, tfd.Independent(batch, 1), num_samples=3, seed=0)
    assert values.shape == [3]


@ALL
def test_mixed_dtypes_functions_and_seeds_are_refused(objective):
    with pytest.raises(TypeError, match="`target_log_prob_fn`: wanted float64"):
        objective(lambda z: tf.cast(log_joint(z), tf.float32), surrogate(), num_samples=2, seed=0)
    with pytest.raises(TypeError, match="`target_log_prob_fn`: wanted a function"):
        objective(3.0, surrogate(), num_samples=2, seed=0)
    with pytest.raises(TypeError, match="`surrogate_posterior`: wanted a TFP distribution"):
        objective(log_joint, log_joint, num_samples=2, seed=0)
    with pytest.raises(TypeError, match="`seed`"):
        objective(log_joint, surrogate(), num_samples=2, seed=None)


@ALL
def test_nan_does_not_pass_unseen(objective):
    """A NaN parameter is refused at once, and inside a graph by `estimate`."""
    with pytest.raises(ValueError, match=r"`target_log_prob_fn`: \d+ of its \d+ values are NaN"):
        objective(log_joint, surrogate(np.nan), num_samples=4, seed=0)
    values = tf.function(objective)(log_joint, surrogate(np.nan), num_samples=4, seed=0)
    with pytest.raises(ValueError, match="4 of 4 are NaN"):
        estimate(values)


def test_structured_latents_are_passed_as_they_are_drawn():
    """z = {"a", "b"} as a dict; at q = p every value is log p(x) = 0."""
    joint = tfd.JointDistributionNamed(
        {"a": PRIOR, "b": lambda a: tfd.Normal(a, np.float64(2))}, batch_ndims=0
    )
    values = ob.elbo(joint.log_prob, joint, num_samples=6, seed=0)
    np.testing.assert_allclose(values, np.zeros(6), atol=1e-12)


def test_schedules_may_be_tensors():
    for beta in (0.5, tf.constant(0.5, tf.float64)):
        values = ob.beta_objective(
            log_likelihood, surrogate(), PRIOR, beta=beta, num_samples=3, seed=0
        )
        assert values.shape == [3]


@pytest.mark.parametrize(
    ("prior", "message"),
    [
        (tfd.MultivariateNormalDiag(np.zeros(2), np.ones(2)), "`prior`: wanted the event shape"),
        (tfd.StudentT(np.float64(3), np.float64(0), np.float64(1)), "Use `elbo`"),
        (tfd.Normal(np.zeros(4), np.ones(4)), "`prior`: wanted a batch shape"),
    ],
)
def test_priors_that_do_not_fit(prior, message):
    with pytest.raises(ValueError, match=message):
        ob.elbo_closed_kl(log_likelihood, surrogate(), prior, num_samples=2, seed=0)


def test_closed_kl_knows_the_pairs_that_tfp_lacks():
    """Form B for counts: E_q[0] − KL(Poisson(3) ‖ Poisson(2)) = −(3 log 1.5 − 1)."""
    q, prior = tfd.Poisson(np.float64(3)), tfd.Poisson(np.float64(2))
    values = ob.elbo_closed_kl(tf.zeros_like, q, prior, num_samples=2, seed=0)
    np.testing.assert_allclose(values, 1 - 3 * np.log(1.5), rtol=1e-12)


@settings(max_examples=20, deadline=None)
@given(value=some.one_of(some.floats(max_value=-1e-9), some.just(np.nan), some.just(np.inf)))
def test_weights_out_of_range(value):
    options = {"num_samples": 2, "seed": 0}
    with pytest.raises(ValueError, match="`alpha`"):
        ob.renyi_bound(log_joint, surrogate(), alpha=value, **K, **options)
    with pytest.raises(ValueError, match="`n`"):
        ob.chi_upper_bound(log_joint, surrogate(), n=value, **K, **options)
    with pytest.raises(ValueError, match="`beta`"):
        ob.beta_objective(log_likelihood, surrogate(), PRIOR, beta=value, **options)
    with pytest.raises(ValueError, match="`temperature`"):
        ob.annealed_objective(log_joint, surrogate(), temperature=value, **options)
