"""`vicourse data` says which images are used here, and why."""

from vicourse.cli import main


def test_without_mnist(tmp_path, monkeypatch, capsys):
    """No folder, an empty cache, no network: the stand-in, and the reasons."""
    monkeypatch.delenv("VICOURSE_DATA_DIR", raising=False)
    monkeypatch.setenv("VICOURSE_CACHE_DIR", str(tmp_path))
    assert main(["data", "--no-download"]) == 0
    out = capsys.readouterr().out
    assert "scikit-learn digits (stand-in): 1,437 training and 360 test images" in out
    assert "download=False" in out


def test_a_wrong_file_is_an_error(tmp_path, monkeypatch, capsys):
    (tmp_path / "mnist.npz").write_bytes(b"not MNIST")
    monkeypatch.setenv("VICOURSE_DATA_DIR", str(tmp_path))
    assert main(["data", "--no-download"]) == 1
    error = capsys.readouterr().err
    assert "mnist.npz" in error
    assert "Traceback" not in error
    assert (tmp_path / "mnist.npz").read_bytes() == b"not MNIST"
