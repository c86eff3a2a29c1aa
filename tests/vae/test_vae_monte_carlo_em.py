"""Monte Carlo EM: its gradient is the marginal likelihood's, and it climbs what it says."""

import dataclasses

import numpy as np
import pytest
import scipy.stats as st
import tensorflow as tf
import vae_helpers as helpers

from vicourse.vae import (
    CheckpointError,
    MonteCarloEM,
    TrainingDiverged,
    posterior_draws,
    train_by_monte_carlo_em,
)
from vicourse.vae.monte_carlo_em import e_step, m_step_loss

COPIES = 2000


def settings(leapfrog=10, updates=5, **changes):
    model = helpers.tiny_settings(**{"init_std": 0.1, **changes})
    return MonteCarloEM(model, num_leapfrog_steps=leapfrog, num_updates=updates)


def run(ours, data, epochs, **options):
    return train_by_monte_carlo_em(ours, data, epochs, progress=False, **options)


@pytest.fixture(scope="module")
def case():
    """A VAE far from its start, two images many times, and a posterior draw for each copy."""
    vae, x = helpers.lively_vae(2), helpers.bits(2, 6)
    copies = np.repeat(x, COPIES, axis=0)
    start = vae.prior.sample(len(copies), seed=tf.constant([0, 1]))
    z = posterior_draws(vae.log_joint, copies, start, 3, num_draws=1).z[0]
    return vae, x, copies, z


def gradient_of_log_evidence(vae, x, which, place, step=1e-4):
    """d/dθ of the mean over images of log p(x), by central differences of integrals on a grid."""
    values = []
    for sign in (1, -1):
        parameters = helpers.weights(vae)
        parameters[which][place] += sign * step
        values.append(helpers.Exact(parameters).log_evidence(x).mean())
    return (values[0] - values[1]) / (2 * step)


def test_the_gradient_is_that_of_the_log_evidence(case):
    """Fisher's identity: E_p(z|x)[∇ log p(x, z)] = ∇ log p(x), for weights and biases of θ."""
    vae, x, copies, z = case
    groups = []
    for part in range(40):  # each with 50 copies of both images
        rows = np.concatenate([np.arange(50) + 50 * part, np.arange(50) + 50 * part + COPIES])
        with tf.GradientTape() as tape:
            loss = m_step_loss(vae, copies[rows], z[rows], helpers.tiny_settings(), 1)
        gradients = tape.gradient(loss, vae.decoder.trainable_variables)
        groups.append([g.numpy() for g in gradients])
    for which, place in [(0, (1, 2)), (1, (3,)), (2, (0, 4)), (2, (3, 1)), (3, (2,))]:
        values = -np.array([g[which][place] for g in groups], np.float64)
        expected = gradient_of_log_evidence(vae, x, 4 + which, place)
        error = values.std(ddof=1) / np.sqrt(len(values))
        assert abs(expected) > 3 * error  # there is something to be wrong about
        assert abs(values.mean() - expected) < 4 * error


def test_the_e_step_leaves_the_posterior_as_it_is(case):
    """20 proposals of chains that begin at posterior draws: E[z | x] and E[z² | x] stay."""
    vae, x, copies, z = case
    exact = helpers.Exact(helpers.weights(vae))
    posterior = np.exp(exact.log_joint(x) - exact.log_evidence(x)[:, None]) * exact.cell

    @tf.function
    def many(z):
        acceptance = tf.zeros([])
        for k in tf.range(20):
            seed = tf.stack([k, 7])
            z, log_joint, acceptance = e_step(vae, copies, z, 0.5, seed, settings(4))
        return z, log_joint, acceptance

    moved, log_joint, acceptance = many(tf.constant(z))
    assert 0.3 < acceptance < 1
    assert np.mean(np.all(moved == z, axis=1)) < 0.05
    np.testing.assert_allclose(log_joint, vae.log_joint(copies, moved), rtol=1e-4)
    moved = np.float64(moved).reshape(2, COPIES, 2)
    for i in range(2):
        for power in (1, 2):
            values = moved[i] ** power
            error = values.std(axis=0) / np.sqrt(COPIES)
            assert np.all(np.abs(values.mean(axis=0) - posterior[i] @ exact.z**power) < 4.5 * error)


def test_the_loss_is_minus_the_log_likelihood_and_the_priors_share():
    """−1/M Σ log p(x|z) + Σ θ²/(2 s² N), θ of the decoder alone; log N(θ; 0, s²) by SciPy."""
    vae, x = helpers.lively_vae(2), helpers.bits(3, 6)
    z = np.random.default_rng(0).normal(size=(3, 2)).astype(np.float32)
    parameters = helpers.weights(vae)
    fit = [helpers.Exact(parameters).log_likelihood(x[i], z[i]) for i in range(3)]
    free, tied = helpers.tiny_settings(), helpers.tiny_settings(prior_std=0.5)
    assert float(m_step_loss(vae, x, z, free, 7)) == pytest.approx(-np.mean(fit), rel=1e-5)
    log_prior = sum(st.norm(0, 0.5).logpdf(w).sum() for w in parameters[4:])
    constant = sum(w.size for w in parameters[4:]) * st.norm(0, 0.5).logpdf(0)
    expected = -np.mean(fit) - (log_prior - constant) / 7
    assert float(m_step_loss(vae, x, z, tied, 7)) == pytest.approx(expected, rel=1e-5)


@pytest.fixture(scope="module")
def trained():
    """Sixteen epochs on two kinds of stripes, 70 images in batches of 20."""
    ours, data = settings(), helpers.tiny_data(70)
    return ours, data, run(ours, data, 16)


def test_training_raises_the_exact_log_evidence(trained):
    """Of training and of test images, by integrals: from about 16 log 2 to the two kinds'."""
    ours, data, result = trained
    model = ours.model
    begun = helpers.Exact(helpers.weights(model.make_vae(16)))
    ended = helpers.Exact(helpers.weights(result.vae))
    for which, images in enumerate((data.x_train, data.x_test)):
        x = model.stored_images(images, which).astype(np.float64)
        before, after = begun.log_evidence(x).mean(), ended.log_evidence(x).mean()
        assert before < -10.5
        assert after > before + 2.5


def test_history_chains_and_acceptance(trained):
    _, _, result = trained
    assert [row["samples_seen"] for row in result.history] == [60 * n for n in range(1, 17)]
    assert np.mean(result.column("acceptance")[6:]) == pytest.approx(0.9, abs=0.06)
    assert result.chains.shape == (70, 2)
    assert np.all(result.column("train_log_joint_se") > 0)
    row = result.history[-1]
    assert set(row) >= {"epoch", "seconds", "step_size", "train_log_joint"}
    # The encoder is as it began.
    begun = result.settings.model.make_vae(16).encoder.trainable_variables
    for w, start in zip(result.vae.encoder.trainable_variables, begun, strict=True):
        np.testing.assert_array_equal(w, start)


def test_chains_belong_to_their_images(trained):
    """log p(x_i | chain i) is that of posterior draws, by integrals; of another image's it is not.

    The chains lag behind the weights by a visit, hence the half nat.
    """
    ours, data, result = trained
    x = ours.model.stored_images(data.x_train, 0).astype(np.float64)
    exact = helpers.Exact(helpers.weights(result.vae))
    posterior = np.exp(exact.log_joint(x) - exact.log_evidence(x)[:, None]) * exact.cell
    expected = np.sum(posterior * exact.log_likelihood(x, exact.z), axis=1).mean()
    table = exact.log_likelihood(x, np.float64(result.chains))  # [image, chain]
    assert np.diag(table).mean() == pytest.approx(expected, abs=0.5)
    assert table.mean() < expected - 1.5


@pytest.mark.slow
def test_three_epochs_then_sixteen(trained, tmp_path):
    """Weights, the optimizer's memory, chains and step size go on: bit for bit the same run."""
    ours, data, whole = trained
    file = tmp_path / "checkpoint.npz"
    run(ours, data, 3, checkpoint=file)
    resumed = run(ours, data, 16, checkpoint=file, save_every=20)
    np.testing.assert_array_equal(resumed.chains, whole.chains)
    for w, expected in zip(helpers.weights(resumed.vae), helpers.weights(whole.vae), strict=True):
        np.testing.assert_array_equal(w, expected)
    for row, expected in zip(resumed.history, whole.history, strict=True):
        assert {**row, "seconds": 0} == {**expected, "seconds": 0}
    again = run(ours, data, 5, checkpoint=file)
    assert len(again.history) == 16  # nothing was done
    other = dataclasses.replace(ours, num_updates=4)
    with pytest.raises(CheckpointError, match="num_updates is 5 there and 4 now"):
        run(other, data, 5, checkpoint=file)


def test_divergence_is_named():
    with pytest.raises(TrainingDiverged, match=r"in epoch 1\. Try a smaller learning"):
        run(settings(1, 2, learning_rate=1e38), helpers.tiny_data(), 3)


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("num_leapfrog_steps", lambda: settings(leapfrog=0)),
        ("num_updates", lambda: settings(updates=2.5)),
        ("target_accept", lambda: MonteCarloEM(target_accept=1.0)),
        ("model", lambda: settings(algorithm="wake_sleep")),
        ("model", lambda: settings(estimator="A")),
        ("epochs", lambda: run(settings(), helpers.tiny_data(), 0)),
        ("batch_size", lambda: run(settings(), helpers.tiny_data(10), 1)),
    ],
)
def test_bad_arguments_are_named(name, make):
    with pytest.raises((ValueError, TypeError), match=f"`{name}`"):
        make()
