"""Several replicas end where one does: two devices of a process, and two processes that talk.

The two workers are processes on this machine, with CPUs, and find each other by TF_CONFIG.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from vicourse.data import load_digits_stand_in
from vicourse.vae import Settings, train

pytestmark = pytest.mark.slow

EPOCHS = 20
SETTINGS = Settings(num_latents=2, hidden=8, binarization="dynamic")
TRAIN = [
    *(sys.executable, "-m", "vicourse.cli", "train", "--dataset", "digits", "--quiet"),
    *("--latent", "2", "--hidden", "8", "--binarization", "dynamic"),
    *("--epochs", str(EPOCHS), "--distribute", "workers"),
]
PATIENCE = 300  # seconds for a process to show a sign of life on a busy machine
# Rounding differs in the last digit of float32 at each step; 280 steps carry it on.
NATS = 0.01

TWO_DEVICES = """
import sys
import numpy as np
import tensorflow as tf

cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
sys.path.insert(0, sys.argv[1])
import vae_helpers as helpers
from vicourse.vae import train, train_distributed

strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
assert strategy.num_replicas_in_sync == 2
changes = {"estimator": "IW", "num_samples": 3, "binarization": "dynamic", "prior_std": 1.0}
settings, data = helpers.tiny_settings(**changes), helpers.tiny_data()
one = train(settings, data, 3, progress=False)
two = train_distributed(settings, data, 3, strategy, progress=False)
for column in ("train_elbo", "train_elbo_se", "test_elbo", "test_kl"):
    np.testing.assert_allclose(two.column(column), one.column(column), atol=1e-5)
for w, expected in zip(helpers.weights(two.vae), helpers.weights(one.vae), strict=True):
    np.testing.assert_allclose(w, expected, atol=1e-5)
print("alike")
"""


def test_two_devices_are_one():
    """MirroredStrategy on two logical CPUs: bounds and weights within 1e-5 after nine steps."""
    command = [sys.executable, "-c", TWO_DEVICES, str(Path(__file__).parent)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)
    assert done.stdout == "alike\n", done.stderr


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for s in sockets:
        s.bind(("localhost", 0))
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


@pytest.fixture(scope="module")
def start():
    """start(folder) → two workers that train there; none outlives the module."""
    processes = []

    def run(folder):
        addresses = [f"localhost:{port}" for port in free_ports(2)]
        pair = []
        for index in range(2):
            task = {"type": "worker", "index": index}
            config = json.dumps({"cluster": {"worker": addresses}, "task": task})
            pair.append(
                subprocess.Popen(
                    [*TRAIN, "--out", str(folder)],
                    env={**os.environ, "TF_CONFIG": config, "CUDA_VISIBLE_DEVICES": ""},
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    text=True,
                )
            )
        processes.extend(pair)
        return pair, addresses

    yield run
    for process in processes:
        process.kill()
        process.communicate()


def finish(pair):
    """Both workers' standard output, once both have ended well."""
    outputs = [process.communicate(timeout=PATIENCE) for process in pair]
    assert [process.returncode for process in pair] == [0, 0], outputs
    return [printed for printed, _ in outputs]


def outcome(folder):
    """The history without seconds, and all arrays of the checkpoint."""
    history = json.loads((folder / "history.json").read_text())["history"]
    with np.load(folder / "checkpoint.npz") as file:
        arrays = [file[name] for name in sorted(file.files) if name != "about"]
    return [{k: v for k, v in row.items() if k != "seconds"} for row in history], arrays


@pytest.fixture(scope="module")
def undisturbed(start, tmp_path_factory):
    folder = tmp_path_factory.mktemp("undisturbed")
    printed = finish(start(folder)[0])
    assert "test bound" in printed[0]
    assert printed[1] == "Done; worker 0 has the results.\n"
    return outcome(folder)


def test_two_workers_are_one(undisturbed):
    """Two processes end where `train` does; Adagrad's first steps would show a summed gradient."""
    history, arrays = undisturbed
    alone = train(SETTINGS, load_digits_stand_in(), EPOCHS, progress=False)
    assert [row["samples_seen"] for row in history] == list(alone.column("samples_seen"))
    for name in ("train_elbo", "test_elbo", "test_kl"):
        np.testing.assert_allclose([row[name] for row in history], alone.column(name), atol=NATS)
    for w, ours in zip(alone.vae.trainable_variables, arrays, strict=False):
        np.testing.assert_allclose(ours, np.asarray(w), atol=1e-3)


def test_kill_minus_nine(start, undisturbed, tmp_path):
    """The chief says who is gone, and ends; both again: the undisturbed run, bit for bit."""
    pair, addresses = start(tmp_path)
    file, deadline = tmp_path / "checkpoint.npz", time.monotonic() + PATIENCE
    while not file.exists() and pair[0].poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    pair[1].send_signal(signal.SIGKILL)
    printed, message = pair[0].communicate(timeout=PATIENCE)
    assert pair[0].returncode == 1, (printed, message)
    assert f"no answer from worker 1 ({addresses[1]})" in message
    assert "start the same command again" in message
    assert "Traceback" not in message
    assert not (tmp_path / "history.json").exists()
    with np.load(file) as kept:
        assert len(json.loads(str(kept["about"]))["history"]) < EPOCHS

    finish(start(tmp_path)[0])
    history, arrays = outcome(tmp_path)
    expected_history, expected_arrays = undisturbed
    assert history == expected_history
    for array, expected in zip(arrays, expected_arrays, strict=True):
        np.testing.assert_array_equal(array, expected)
