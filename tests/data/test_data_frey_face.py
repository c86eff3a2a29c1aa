"""Frey Face: from a folder, the cache or a server, proved bit for bit; else a marked stand-in."""

import hashlib
import io

import numpy as np
import pytest
from npz_bytes import packed
from scipy.io import savemat

from vicourse import data
from vicourse.data import frey_face, mnist

FILM = np.random.default_rng(0).integers(8, 239, (12, 28, 20)).astype(np.uint8)


def mat(film, name="ff"):
    """The bytes of a file as at its public home: one image a column, row after row."""
    buffer = io.BytesIO()
    savemat(buffer, {name: film.reshape(len(film), -1).T})
    return buffer.getvalue()


@pytest.fixture
def tiny_film(tiny, monkeypatch):
    """FILM is taken for Frey Face; no data folder, an empty cache, no way out."""
    monkeypatch.setattr(frey_face, "SHAPE", FILM.shape)
    monkeypatch.setattr(frey_face, "DIGEST", hashlib.sha256(FILM.tobytes()).hexdigest())
    monkeypatch.setattr(frey_face, "NUM_TRAIN", 9)
    monkeypatch.setattr(frey_face, "URL", mnist.URL)
    return tiny


def put(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("name", "content"), [("frey_face.npz", packed({"x": FILM})), ("frey_rawface.mat", mat(FILM))]
)
def test_a_file_in_either_format_is_the_same_film(tiny_film, monkeypatch, name, content):
    """Each frame is there once, whole, under its own number; 9 of 12 to train on."""
    monkeypatch.setenv("VICOURSE_DATA_DIR", str(tiny_film / "mine"))
    put(tiny_film / "mine" / name, content)
    images = data.load_frey_face()
    assert (images.name, images.note, images.is_stand_in) == ("Frey Face", "", False)
    assert images.source == f"{name} in VICOURSE_DATA_DIR"
    assert images.x_train.shape == (9, 28, 20)
    assert images.x_test.shape == (3, 28, 20)
    frames = np.concatenate([images.y_train, images.y_test])
    assert sorted(frames) == list(range(12))
    assert sorted(images.y_test) != [9, 10, 11]  # drawn, not cut off
    together = np.concatenate([images.x_train, images.x_test])
    np.testing.assert_array_equal(together, FILM[frames])
    again = data.load_frey_face()
    np.testing.assert_array_equal(again.y_test, images.y_test)


def test_a_download_is_verified_and_kept(tiny_film, serve, monkeypatch, recwarn):
    requests = serve(mat(FILM))
    monkeypatch.setattr(frey_face, "URL", mnist.URL)
    first = data.load_frey_face(quiet=True)
    second = data.load_frey_face(quiet=True)
    assert requests == ["HEAD", "GET"]
    assert (first.source, second.source) == (mnist.URL, "frey_rawface.mat in the cache")
    np.testing.assert_array_equal(first.x_train, second.x_train)
    assert [path.name for path in (tiny_film / "cache").iterdir()] == ["frey_rawface.mat"]
    assert not [w for w in recwarn if issubclass(w.category, data.StandInNotice)]


BAD = {
    "empty": b"",
    "page": b"<html>Please sign in, this page is longer than a header.</html>" * 5,
    "truncated": mat(FILM)[:-400],
    "other images": mat(255 - FILM),
    "other name": mat(FILM, "faces"),
    "too few": mat(FILM[:5]),
}


@pytest.mark.parametrize("kind", BAD)
def test_a_wrong_file_is_an_error_and_stays(tiny_film, kind):
    file = put(tiny_film / "cache" / "frey_rawface.mat", BAD[kind])
    with pytest.raises(data.DataError, match=r"frey_rawface\.mat: wanted.*found.*Delete it"):
        data.load_frey_face()
    assert file.read_bytes() == BAD[kind]


def test_wrong_content_from_the_server_leaves_nothing(tiny_film, serve, monkeypatch):
    serve(BAD["other images"])
    monkeypatch.setattr(frey_face, "URL", mnist.URL)
    with pytest.raises(data.DataError, match="The file from http"):
        data.load_frey_face(quiet=True)
    assert list((tiny_film / "cache").iterdir()) == []


@pytest.mark.parametrize("download", [True, False])
def test_without_it_the_digits_stand_in_and_say_so(tiny_film, download):
    with pytest.warns(data.StandInNotice, match="not Frey Face") as notices:
        images = data.load_frey_face(download=download, quiet=True)
    assert images.is_stand_in
    assert "not Frey Face" in images.note
    assert images.x_train.shape[1:] == (28, 28)
    assert notices[0].filename == __file__
    for hint in ("VICOURSE_DATA_DIR", "frey_face.npz", "frey_rawface.mat", frey_face.URL):
        assert hint in str(notices[0].message)


def test_the_real_film_is_expected():
    """1965 frames of 28×20, the digest of the course's data sheet."""
    assert frey_face.SHAPE == (1965, 28, 20)
    assert frey_face.DIGEST.startswith("2438ba4f0d2a6bd8bac43de7561")
    assert frey_face.NUM_TRAIN == 1600
