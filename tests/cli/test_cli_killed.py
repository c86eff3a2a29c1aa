"""A killed process, started again, ends with the numbers of an undisturbed one."""

import json
import random
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

pytestmark = pytest.mark.slow

EPOCHS = 40
TRAIN = [
    *(sys.executable, "-m", "vicourse.cli", "train", "--dataset", "digits", "--quiet"),
    *("--latent", "5", "--hidden", "100", "--binarization", "dynamic"),
]
ON_WINDOWS = sys.platform == "win32"
PATIENCE = 300  # seconds for a process to show a sign of life on a busy machine


def _heed_ctrl_c():
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.fixture
def start():
    """start(folder, epochs=EPOCHS) → a process that trains there; none outlives the test."""
    processes = []

    def run(folder, epochs=EPOCHS):
        process = subprocess.Popen(
            [*TRAIN, "--out", str(folder), "--epochs", str(epochs)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            # Where pytest itself runs in the background, its children would ignore Ctrl-C.
            preexec_fn=None if ON_WINDOWS else _heed_ctrl_c,
        )
        processes.append(process)
        return process

    yield run
    for process in processes:
        process.kill()
        process.communicate()


def wait_for_an_epoch(folder, process, since):
    """Until the process has written a checkpoint; False if it ended first."""
    file, deadline = folder / "checkpoint.npz", time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < deadline:
        if file.exists() and file.stat().st_mtime_ns > since:
            return True
        time.sleep(0.01)
    return False


def outcome(folder):
    """The history without seconds, and all arrays of the checkpoint."""
    history = json.loads((folder / "history.json").read_text())["history"]
    with np.load(folder / "checkpoint.npz") as file:
        arrays = {name: file[name] for name in file.files if name != "about"}
    return [{k: v for k, v in row.items() if k != "seconds"} for row in history], arrays


def test_kill_minus_nine(start, tmp_path):
    """SIGKILL at random moments, also amid writing: history and weights are equal, bit for bit."""
    undisturbed, disturbed = tmp_path / "undisturbed", tmp_path / "disturbed"
    process = start(undisturbed)
    _, problem = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, problem

    moment, kills, since = random.Random(0), 0, 0
    while kills < 4:
        process = start(disturbed)
        if not wait_for_an_epoch(disturbed, process, since):
            break
        time.sleep(moment.uniform(0, 0.3))
        process.kill()
        process.communicate()
        since = (disturbed / "checkpoint.npz").stat().st_mtime_ns
        kills += 1
    assert kills >= 2
    process = start(disturbed)
    _, problem = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, problem

    (history, arrays), (ours, our_arrays) = outcome(undisturbed), outcome(disturbed)
    assert ours == history
    assert our_arrays.keys() == arrays.keys()
    for name in arrays:
        np.testing.assert_array_equal(our_arrays[name], arrays[name])


@pytest.mark.skipif(ON_WINDOWS, reason="Windows cannot send Ctrl-C to a single process")
def test_ctrl_c(start, tmp_path):
    """SIGINT: exit status 130, a sentence how to go on, no traceback, a whole checkpoint."""
    process = start(tmp_path, epochs=100_000)
    assert wait_for_an_epoch(tmp_path, process, 0)
    process.send_signal(signal.SIGINT)
    _, message = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    assert "The same command goes on from" in message
    assert "Traceback" not in message
    with np.load(tmp_path / "checkpoint.npz") as file:
        assert json.loads(str(file["about"]))["history"]
    assert not list(tmp_path.glob("*.partial"))
