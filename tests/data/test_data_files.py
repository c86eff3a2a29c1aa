"""A copy on disk: found in the right order, proved to be MNIST, and never touched."""

import io
import os
import subprocess
import sys
import zipfile

import numpy as np
import pytest
from npz_bytes import packed

from vicourse import data
from vicourse.data import archive


def put(folder, content):
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "mnist.npz"
    path.write_bytes(content)
    return path


@pytest.fixture
def no_stand_in(recwarn):
    yield
    assert not [w for w in recwarn if issubclass(w.category, data.StandInNotice)]


@pytest.mark.usefixtures("no_stand_in")
def test_the_data_folder_comes_first(tiny, arrays, monkeypatch):
    put(tiny / "mine", packed(arrays))
    put(tiny / "cache", b"bad, and not looked at")
    monkeypatch.setenv("VICOURSE_DATA_DIR", str(tiny / "mine"))
    images = data.load_mnist()
    assert images.source == "mnist.npz in VICOURSE_DATA_DIR"
    for name, value in arrays.items():
        np.testing.assert_array_equal(getattr(images, name), value)


@pytest.mark.usefixtures("no_stand_in")
@pytest.mark.parametrize("data_dir", [None, "", "{}/nowhere", "{}/empty", "{}/a_file"])
def test_without_a_file_in_the_data_folder_the_cache_is_next(tiny, arrays, monkeypatch, data_dir):
    (tiny / "empty").mkdir()
    (tiny / "a_file").touch()
    put(tiny / "cache", packed(arrays))
    if data_dir is not None:
        monkeypatch.setenv("VICOURSE_DATA_DIR", data_dir.format(tiny))
    images = data.load_mnist()
    assert (images.name, images.is_stand_in, images.note) == ("MNIST", False, "")
    assert images.source == "mnist.npz in the cache"


def of_objects(arrays):
    return packed({**arrays, "y_test": np.array([{}], object)})


def without(arrays, name):
    return packed({key: value for key, value in arrays.items() if key != name})


def flipped(arrays):
    """Bytes of a stored (uncompressed) archive with one bit of the pixels turned."""
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    content = bytearray(buffer.getvalue())
    content[content.index(arrays["x_train"].tobytes()) + 1000] ^= 1
    return bytes(content)


def one_array(arrays):
    buffer = io.BytesIO()
    np.save(buffer, arrays["x_train"])
    return buffer.getvalue()


def not_an_array(arrays):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        for name in arrays:
            file.writestr(f"{name}.npy", b"text, not an array")
    return buffer.getvalue()


def swapped(arrays):
    return packed({**arrays, "x_test": arrays["x_test"][::-1]})


BAD = {
    "empty": (lambda a: b"", "EOFError"),
    "random bytes": (lambda a: np.random.default_rng(1).bytes(5000), "whole .npz"),
    "a web page": (lambda a: b"<html>Please sign in</html>", "whole .npz"),
    "truncated": (lambda a: packed(a)[:-300], "BadZipFile"),
    "one bit turned": (flipped, "BadZipFile: Bad CRC"),
    "pickled objects": (of_objects, "allow_pickle"),
    "one array": (one_array, "'x_train'"),
    "not arrays": (not_an_array, r"`x_train` of shape .* dtype \|S18"),
    "a missing array": (lambda a: without(a, "y_test"), "found none called 'y_test'"),
    "a wrong shape": (
        lambda a: packed({**a, "x_test": a["x_test"][:, :27]}),
        r"`x_test` of shape \(4, 28, 28\) and dtype uint8, found shape \(4, 27, 28\)",
    ),
    "a wrong dtype": (lambda a: packed({**a, "y_train": a["y_train"].astype(int)}), "dtype int64"),
    "images in another order": (swapped, "`x_test` with SHA-256"),
    "one pixel changed": (
        lambda a: packed({**a, "x_train": a["x_train"] + np.eye(28, dtype=np.uint8)}),
        "`x_train` with SHA-256",
    ),
}


@pytest.mark.parametrize(("place", "remedy"), [("mine", "unset VIC"), ("cache", "Delete it")])
@pytest.mark.parametrize("kind", BAD)
def test_a_bad_file_is_an_error_with_a_remedy_and_stays(
    tiny, arrays, monkeypatch, serve, kind, place, remedy
):
    """However near a good copy is: the server would send one."""
    requests = serve(packed(arrays))
    make, found = BAD[kind]
    path = put(tiny / place, make(arrays))
    monkeypatch.setenv("VICOURSE_DATA_DIR", str(tiny / "mine"))
    with pytest.raises(data.DataError, match=found) as caught:
        data.load_mnist(quiet=True)
    assert str(path) in str(caught.value)
    assert "wanted" in str(caught.value)
    assert "found" in str(caught.value)
    assert remedy in str(caught.value)
    assert path.read_bytes() == make(arrays)
    assert requests == []


def test_every_truncation_and_many_damages_are_seen(tiny, arrays):
    """Whatever NumPy and zipfile raise on a damaged file, it comes out as a DataError."""
    good = packed(arrays)
    path = put(tiny / "cache", good)
    rng = np.random.default_rng(2)
    for length in rng.integers(0, len(good), 40):
        path.write_bytes(good[:length])
        with pytest.raises(data.DataError):
            data.load_mnist()
    for _ in range(300):
        bad = bytearray(good)
        bad[rng.integers(len(bad))] ^= 1 << rng.integers(8)
        path.write_bytes(bad)
        try:  # a turned bit in a time stamp does no harm; then the arrays are the right ones
            images = data.load_mnist(download=False)
        except data.DataError:
            continue
        assert not images.is_stand_in


def test_nothing_in_a_file_is_ever_run(tiny, arrays, tmp_path):
    class Trap:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "sprung"),)

    put(tiny / "cache", packed({**arrays, "x_train": np.array([Trap()], object)}))
    with pytest.raises(data.DataError):
        data.load_mnist()
    assert not (tmp_path / "sprung").exists()


def test_a_folder_in_the_files_place_is_an_error(tiny):
    (tiny / "cache" / "mnist.npz").mkdir(parents=True)
    with pytest.raises(data.DataError, match=r"mnist\.npz: wanted .* found .*Delete it"):
        data.load_mnist()


def test_a_file_that_may_not_be_read_is_an_error(tiny, arrays, monkeypatch):
    """The refusal is made up, because the super-user may read everything."""
    put(tiny / "cache", packed(arrays))

    def refuse(path, mode):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(archive, "open", refuse, raising=False)
    with pytest.raises(data.DataError, match=r"Permission denied.*Delete it"):
        data.load_mnist()


def test_arrays_are_read_only(tiny, arrays):
    put(tiny / "cache", packed(arrays))
    images = data.load_mnist()
    for name in arrays:
        with pytest.raises(ValueError, match="read-only"):
            getattr(images, name)[0] = 0
    assert repr(images) == "ImageData(MNIST: 6 train, 4 test, 28×28)"
    assert images in [None, images]  # comparing entry by entry would raise


def test_import_is_light():
    """Neither TensorFlow nor scikit-learn is loaded before it is needed."""
    code = "import sys, vicourse.data; print({'tensorflow', 'sklearn'} & set(sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "set()"


@pytest.mark.skipif(
    not os.environ.get("VICOURSE_DATA_DIR"), reason="VICOURSE_DATA_DIR is not set: no real MNIST"
)
def test_the_real_mnist():
    """Class counts of MNIST's test set and mean grey value of its training set, as published."""
    images = data.load_mnist(download=False)
    assert images.name == "MNIST"
    assert (images.x_train.shape, images.x_test.shape) == ((60000, 28, 28), (10000, 28, 28))
    counts = [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    assert np.bincount(images.y_test).tolist() == counts
    assert images.y_train[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    assert images.x_train.mean() / 255 == pytest.approx(0.1307, abs=5e-5)
    assert images.x_train.std() / 255 == pytest.approx(0.3081, abs=5e-5)
