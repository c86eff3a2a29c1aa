"""`vicourse train` from the shell's side: files, messages and exit statuses."""

import json
import sys

import numpy as np
import pytest

from vicourse import vae
from vicourse.cli import main
from vicourse.data import StandInNotice

SMALL = ["train", "--dataset", "digits", "--latent", "2", "--hidden", "8", "--quiet"]


@pytest.fixture
def command(tmp_path, monkeypatch):
    """command(*arguments) → exit status, in a folder of its own, as if typed there."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["/some/where/bin/vicourse", *arguments])
        return main(list(arguments))

    return run


def files(folder):
    return {p.name: (p.read_bytes(), p.stat().st_mtime_ns) for p in folder.iterdir()}


def test_end_to_end(command, tmp_path, capsys):
    """One epoch, then the same command, more epochs, and other settings in the same folder."""
    assert command(*SMALL, "--epochs", "1") == 0
    printed = capsys.readouterr()
    folder = tmp_path / "runs" / "digits-latent2-seed0"
    record = json.loads((folder / "history.json").read_text())
    assert record["settings"] == vae.Settings(num_latents=2, hidden=8).as_dict()
    assert record["unit"] == "nats per image"
    assert "stand-in" in record["data"]
    (row,) = record["history"]
    assert row["epoch"] == 1
    assert row["samples_seen"] == 1400  # 1437 images in batches of 100
    assert f"{row['test_elbo']:.2f} ± {row['test_elbo_se']:.2f} nats per image" in printed.out
    assert "stand-in" in printed.out
    origin = record["provenance"]
    assert origin["command"] == "vicourse " + " ".join([*SMALL, "--epochs", "1"])
    assert set(origin["versions"]) >= {"vicourse", "tensorflow", "numpy"}
    assert str(tmp_path) not in json.dumps(record)
    assert "/" not in origin["command"]

    checkpoint = files(folder)["checkpoint.npz"]
    assert command(*SMALL, "--epochs", "1") == 0
    assert files(folder)["checkpoint.npz"] == checkpoint  # content and time
    assert json.loads((folder / "history.json").read_text()) == record

    before = files(folder)
    assert command(*SMALL, "--epochs", "1", "--hidden", "9", "--out", str(folder)) == 1
    message = capsys.readouterr().err
    assert "hidden is 8 there and 9 now" in message
    assert "Traceback" not in message
    assert files(folder) == before

    assert command(*SMALL, "--epochs", "2") == 0
    longer = json.loads((folder / "history.json").read_text())["history"]
    assert longer[0] == row
    assert len(longer) == 2


def test_the_papers_rival_on_grey_faces(command, tmp_path, monkeypatch):
    """Grey images bring the Gaussian likelihood; another algorithm has a folder of its own."""
    monkeypatch.setenv("VICOURSE_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("VICOURSE_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr("vicourse.data.frey_face.URL", "http://127.0.0.1:9/film.mat")
    rival = ["train", "--dataset", "frey_face", "--algorithm", "wake_sleep", "--prior-std", "1"]
    with pytest.warns(StandInNotice, match="not Frey Face"):
        assert command(*rival, "--latent", "2", "--hidden", "8", "--epochs", "1", "--quiet") == 0
    folder = tmp_path / "runs" / "frey_face-wake_sleep-latent2-seed0"
    record = json.loads((folder / "history.json").read_text())
    assert (
        record["settings"]
        == vae.Settings(
            num_latents=2,
            hidden=8,
            likelihood="gaussian",
            binarization="none",
            algorithm="wake_sleep",
            prior_std=1.0,
        ).as_dict()
    )


def test_precision_reaches_the_settings(command, tmp_path):
    assert command(*SMALL, "--epochs", "1", "--mixed-precision", "bfloat16", "--out", "half") == 0
    record = json.loads((tmp_path / "half" / "history.json").read_text())
    assert record["settings"]["mixed_precision"] == "bfloat16"


def test_absolute_paths_stay_out_of_the_record(command, tmp_path):
    out = tmp_path / "elsewhere"
    assert command(*SMALL, "--epochs", "1", f"--out={out}") == 0
    text = (out / "history.json").read_text()
    assert str(tmp_path) not in text
    assert "--out=elsewhere" in text


def test_ctrl_c_says_how_to_go_on(command, capsys, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(vae, "train", interrupted)
    assert command(*SMALL) == 130
    message = capsys.readouterr().err
    assert "The same command goes on" in message
    assert "checkpoint.npz" in message


def test_a_damaged_checkpoint(command, tmp_path, capsys):
    file = tmp_path / "out" / "checkpoint.npz"
    file.parent.mkdir()
    file.write_bytes(np.random.default_rng(0).bytes(100))
    content = file.read_bytes()
    assert command(*SMALL, "--out", "out") == 1
    assert "damaged or not a checkpoint" in capsys.readouterr().err
    assert file.read_bytes() == content
    assert not (tmp_path / "out" / "history.json").exists()


def test_divergence_is_an_error_not_a_result(command, tmp_path, capsys):
    assert command(*SMALL, "--learning-rate", "1e38", "--out", "out") == 1
    assert "step 2 of 14 in epoch 1" in capsys.readouterr().err
    assert not (tmp_path / "out" / "history.json").exists()


def test_a_batch_larger_than_the_data(command, capsys):
    assert command(*SMALL, "--batch", "2000") == 1
    assert "`batch_size`: wanted at most the number of training images, 1437" in (
        capsys.readouterr().err
    )


def test_a_folder_that_cannot_be_made(command, tmp_path, capsys):
    (tmp_path / "file").write_text("in the way")
    assert command(*SMALL, "--epochs", "1", "--out", "file") == 1
    assert "file" in capsys.readouterr().err
