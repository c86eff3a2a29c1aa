"""Shares of a minibatch add up to the minibatch; what a cluster's configuration may say."""

import json
import socket

import numpy as np
import pytest
import tensorflow as tf
import vae_helpers as helpers

from vicourse.vae import WorkerLost, sgvb, train, train_distributed, worker_strategy
from vicourse.vae.cluster import is_chief, lost_workers_are_named, parse_cluster
from vicourse.vae.distributed import Replicas, check_sum, share_of_step

BATCH = 12
KINDS = [{"estimator": "A"}, {"num_samples": 3}, {"estimator": "IW", "num_samples": 3}]


def parts_of(settings, replicas, num_images=48):
    """(vae, x, seed, [(gradients, loss, sums)] of all replicas), weights far from their start."""
    vae = helpers.lively_vae(2, num_pixels=6)
    x, seed = tf.constant(helpers.bits(BATCH, 6)), tf.constant([3, 4])
    parts = [
        share_of_step(vae, x, seed, settings, num_images, r, replicas) for r in range(replicas)
    ]
    return vae, x, seed, parts


@pytest.mark.parametrize("replicas", [1, 2, 3])
@pytest.mark.parametrize("changes", KINDS, ids=str)
def test_shares_add_up_to_the_batch(changes, replicas):
    """Σ_r of the parts = the gradient of 1/M Σ_i L(x_i), with the batch's own noise; and its loss.

    The left side knows of shares; the right is `sgvb` on the whole batch, differentiated here.
    """
    settings = helpers.tiny_settings(batch_size=BATCH, **changes)
    vae, x, seed, parts = parts_of(settings, replicas)
    with tf.GradientTape() as tape:
        bound = sgvb(vae, x, seed, estimator=settings.estimator, num_samples=settings.num_samples)
        loss = -tf.reduce_sum(bound.elbo) / BATCH
    whole = tape.gradient(loss, vae.trainable_variables)
    gradients, losses, sums = zip(*parts, strict=True)
    for total, expected in zip(zip(*gradients, strict=True), whole, strict=True):
        np.testing.assert_allclose(np.sum(total, axis=0), expected, rtol=1e-4, atol=1e-6)
    assert np.sum(losses) == pytest.approx(float(loss), rel=1e-5)
    values = np.float64(tf.stack(bound))
    np.testing.assert_allclose(np.sum(sums, axis=0)[0], values.sum(1), rtol=1e-5)
    np.testing.assert_allclose(np.sum(sums, axis=0)[1], (values**2).sum(1), rtol=1e-5)


def test_the_prior_on_the_weights_counts_once():
    """With a prior N(0, s²) on w the summed gradient has w / (s² · N) more, whatever R."""
    settings = helpers.tiny_settings(batch_size=BATCH, prior_std=0.5)
    vae, _, _, with_prior = parts_of(settings, 3)
    _, _, _, without = parts_of(helpers.tiny_settings(batch_size=BATCH), 3)
    for number, w in enumerate(helpers.weights(vae)):
        more = sum(p[0][number] for p in with_prior) - sum(p[0][number] for p in without)
        np.testing.assert_allclose(more, w / (0.5**2 * 48), rtol=1e-3, atol=1e-5)


def test_replicas_draw_different_noise():
    """One image twelve times: from the same rows of noise all shares' bounds would be equal."""
    settings = helpers.tiny_settings(batch_size=BATCH)
    vae, image = helpers.lively_vae(2, num_pixels=6), helpers.bits(1, 6)
    x = tf.constant(np.repeat(image, BATCH, axis=0))
    losses = [float(share_of_step(vae, x, [3, 4], settings, 48, r, 4)[1]) for r in range(4)]
    assert len({round(loss, 4) for loss in losses}) == 4


def test_one_replica_is_train(tmp_path):
    """A strategy of one device ends with the numbers of `train`, and continues its checkpoint."""
    settings, data = helpers.tiny_settings(binarization="dynamic"), helpers.tiny_data()
    file, strategy = tmp_path / "checkpoint.npz", tf.distribute.OneDeviceStrategy("/cpu:0")
    ours = train(settings, data, 4, progress=False)
    train(settings, data, 2, checkpoint=file, progress=False)
    theirs = train_distributed(settings, data, 4, strategy, checkpoint=file, progress=False)
    for column in ("train_elbo", "test_elbo", "train_elbo_se"):
        np.testing.assert_allclose(theirs.column(column), ours.column(column), rtol=1e-5)
    for w, expected in zip(helpers.weights(theirs.vae), helpers.weights(ours.vae), strict=True):
        np.testing.assert_allclose(w, expected, atol=1e-5)


class TwoWorkers(Replicas):
    """Worker 0 of two; the other's check sum is given."""

    def __init__(self, theirs):
        super().__init__(tf.distribute.OneDeviceStrategy("/cpu:0"))
        self.theirs = theirs

    def _gathered(self, number):
        return np.append(super()._gathered(number), self.theirs)


def test_workers_that_differ_are_told():
    weights = np.arange(3.0)
    same = check_sum({"seed": 1}, weights)
    TwoWorkers(same).check_agreement("settings", "Why.", {"seed": 1}, tf.Variable(weights))
    for other in ({"seed": 2}, weights), ({"seed": 1}, weights + 1e-12):
        theirs = check_sum(*other)
        with pytest.raises(ValueError, match=rf"same settings: .*{same}, {theirs}\]\. Start again"):
            TwoWorkers(theirs).check_agreement("settings", "Start again", {"seed": 1}, weights)


def test_a_batch_without_equal_shares(monkeypatch):
    monkeypatch.setattr(tf.distribute.OneDeviceStrategy, "num_replicas_in_sync", 3, raising=False)
    replicas = Replicas(tf.distribute.OneDeviceStrategy("/cpu:0"))
    with pytest.raises(
        ValueError, match=r"`batch_size`: wanted a multiple of .* replicas, 3, got 20"
    ):
        replicas.check(helpers.tiny_settings())


def test_wake_sleep_and_other_things_are_refused():
    settings, data = helpers.tiny_settings(algorithm="wake_sleep"), helpers.tiny_data()
    strategy = tf.distribute.OneDeviceStrategy("/cpu:0")
    with pytest.raises(ValueError, match="`algorithm`: wanted 'aevb', got 'wake_sleep'"):
        train_distributed(settings, data, 1, strategy, progress=False)
    with pytest.raises(TypeError, match=r"`strategy`: wanted a tf\.distribute strategy"):
        train_distributed(helpers.tiny_settings(), data, 1, "mirrored", progress=False)


def config(workers=("a:1", "b:2"), kind="worker", index=1, **jobs):
    cluster = {"worker": list(workers), **jobs}
    return json.dumps({"cluster": cluster, "task": {"type": kind, "index": index}})


def test_a_cluster():
    assert parse_cluster(config()) == (["a:1", "b:2"], 1)
    assert is_chief(tf.distribute.OneDeviceStrategy("/cpu:0"))


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (None, "wanted JSON"),
        ("", "wanted JSON"),
        ("worker", "wanted JSON"),
        ("{}", "wanted JSON"),
        ("[1]", "wanted JSON"),
        ('{"cluster": {"worker": ["a:1"]}}', "wanted JSON"),
        ('{"cluster": ["a:1"], "task": {"type": "worker", "index": 0}}', "wanted JSON"),
        ('{"cluster": {"worker": ["a:1"]}, "task": [0]}', "wanted JSON"),
        (config(ps=["c:3"]), "workers only"),
        (config(kind="chief"), "workers only"),
        (config(workers=("a", "b:2")), 'a list of "host:port"'),
        (config(workers=("a:1", "http://b:2")), 'a list of "host:port"'),
        (config(workers=()), "a different address for each"),
        (config(workers=("a:1", "a:1")), "a different address for each"),
        (config(index=2), "task.index`: wanted an integer of at least 0 and at most 1"),
        (config(index=-1), "task.index`: wanted an integer"),
    ],
)
def test_malformed_clusters(text, complaint, monkeypatch):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    with pytest.raises(ValueError, match=complaint) as error:
        worker_strategy(text)
    assert "TF_CONFIG" in str(error.value)


def test_the_index_is_an_integer():
    with pytest.raises(TypeError, match=r"TF_CONFIG's task\.index"):
        worker_strategy(config(index="1"))


def test_too_late_for_a_cluster():
    """TensorFlow has computed in this process: the error says what to do."""
    tf.constant(1.0) + 1.0
    with socket.socket() as taken:
        taken.bind(("localhost", 0))
        address = f"localhost:{taken.getsockname()[1]}"
    with pytest.raises(RuntimeError, match="Call `worker_strategy` first"):
        worker_strategy(config(workers=[address], index=0))


class FakeStrategy:
    """As far as `workers_of` looks at one."""

    def __init__(self, addresses, index=0):
        self.cluster_resolver = tf.distribute.cluster_resolver.SimpleClusterResolver(
            tf.train.ClusterSpec({"worker": addresses}), task_type="worker", task_id=index
        )


def test_who_is_gone_is_said():
    """Of two other workers one listens, and the other's port is closed."""
    with socket.create_server(("localhost", 0)) as alive, socket.socket() as closed:
        closed.bind(("localhost", 0))  # taken, and nobody listens
        ports = [s.getsockname()[1] for s in (alive, closed)]
        addresses = ["localhost:1", *(f"localhost:{port}" for port in ports)]
        with (
            pytest.raises(WorkerLost, match=rf"no answer from worker 2 \(localhost:{ports[1]}\)\."),
            lost_workers_are_named(FakeStrategy(addresses)),
        ):
            raise tf.errors.UnavailableError(None, None, "Socket closed")


def test_other_errors_are_left_alone():
    with pytest.raises(KeyError), lost_workers_are_named(FakeStrategy(["localhost:1"])):
        raise KeyError("x")
    alone = tf.distribute.OneDeviceStrategy("/cpu:0")
    with pytest.raises(tf.errors.UnavailableError), lost_workers_are_named(alone):
        raise tf.errors.UnavailableError(None, None, "no cluster, no worker")
