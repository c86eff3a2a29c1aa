"""The download: only a whole and verified file enters the cache; without one, the stand-in."""

import socket
import time
import warnings

import numpy as np
import pytest
from npz_bytes import packed

from vicourse import data
from vicourse.data import mnist, places


def test_a_good_download_is_kept_and_not_repeated(tiny, arrays, serve):
    requests = serve(packed(arrays))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        first = data.load_mnist(quiet=True)
        assert requests == ["HEAD", "GET"]
        second = data.load_mnist(quiet=True)
    assert requests == ["HEAD", "GET"]
    assert (first.source, second.source) == (mnist.URL, "mnist.npz in the cache")
    for name, value in arrays.items():
        np.testing.assert_array_equal(getattr(first, name), value)
        np.testing.assert_array_equal(getattr(second, name), value)
    assert [path.name for path in (tiny / "cache").iterdir()] == ["mnist.npz"]


def test_the_progress_bar_shows_unless_quiet(tiny, arrays, serve, capsys):
    serve(packed(arrays))
    data.load_mnist(quiet=True)
    assert capsys.readouterr().err == ""
    (tiny / "cache" / "mnist.npz").unlink()
    data.load_mnist()
    assert "100%" in capsys.readouterr().err


@pytest.mark.parametrize("kind", ["truncated", "page", "other arrays"])
def test_wrong_content_is_an_error_and_leaves_nothing(tiny, arrays, serve, kind):
    other = {**arrays, "x_test": 255 - arrays["x_test"]}
    bodies = {
        "truncated": packed(arrays)[:-500],
        "page": b"<html>Please sign in</html>",
        "other arrays": packed(other),
    }
    serve(bodies[kind])
    with pytest.raises(data.DataError, match=r"from http://127.*wanted.*found.*Nothing was kept"):
        data.load_mnist(quiet=True)
    assert list((tiny / "cache").iterdir()) == []


def test_a_line_cut_half_way_gives_the_stand_in_and_leaves_nothing(tiny, arrays, serve):
    body = packed(arrays)
    serve(body[:-500], length=len(body))
    with pytest.warns(data.StandInNotice, match="download from"):
        assert data.load_mnist(quiet=True).is_stand_in
    assert list((tiny / "cache").iterdir()) == []


@pytest.mark.parametrize("status", [403, 404, 503])
def test_a_server_that_refuses_gives_the_stand_in(tiny, serve, status):
    serve(b"sorry", status=status)
    with pytest.warns(data.StandInNotice, match=f"HTTPError: {status}"):
        assert data.load_mnist(quiet=True).is_stand_in
    assert list((tiny / "cache").iterdir()) == []


def test_no_connection_gives_a_notice_that_says_all(tiny, monkeypatch):
    """What is used, each place and what was found there, and how to get MNIST."""
    monkeypatch.setenv("VICOURSE_DATA_DIR", str(tiny / "mine"))
    with pytest.warns(data.StandInNotice) as caught:
        images = data.load_mnist(quiet=True)
    assert len(caught) == 1
    assert caught[0].filename == __file__
    text = str(caught[0].message)
    for part in (
        images.note,
        f"VICOURSE_DATA_DIR: there is no {tiny / 'mine' / 'mnist.npz'}",
        f"the cache: there is no {tiny / 'cache' / 'mnist.npz'}",
        f"download from {mnist.URL}: ConnectionError",
        "To get MNIST",
    ):
        assert part in text
    assert images.name == "scikit-learn digits (stand-in)"
    assert not (tiny / "cache").exists()


def test_download_false_does_not_ask(tiny, arrays, serve):
    requests = serve(packed(arrays))
    with pytest.warns(data.StandInNotice, match="download=False"):
        assert data.load_mnist(download=False).is_stand_in
    assert requests == []


def test_silence_on_the_line_does_not_hang(tiny, monkeypatch):
    """A listener that never answers: the wait is CONTACT_SECONDS, not the sum of many timeouts."""
    with socket.create_server(("127.0.0.1", 0)) as mute:
        port = mute.getsockname()[1]
        monkeypatch.setattr(mnist, "URL", f"http://127.0.0.1:{port}/mnist.npz")
        monkeypatch.setattr(places, "CONTACT_SECONDS", 0.3)
        with pytest.warns(data.StandInNotice, match=r"Time|timed out"):
            assert data.load_mnist(quiet=True).is_stand_in


def test_slow_name_look_up_does_not_hang(tiny, monkeypatch):
    """A name server that does not answer: no timeout of the request covers that."""
    monkeypatch.setattr(places, "CONTACT_SECONDS", 0.2)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kwargs: time.sleep(3) or [])
    with pytest.warns(data.StandInNotice, match=r"TimeoutError: no answer within 0\.2 seconds"):
        assert data.load_mnist(quiet=True).is_stand_in


def test_a_cache_that_cannot_be_written_gives_the_stand_in(tiny, arrays, serve, monkeypatch):
    serve(packed(arrays))
    (tiny / "a_file").touch()
    monkeypatch.setenv("VICOURSE_CACHE_DIR", str(tiny / "a_file" / "cache"))
    with pytest.warns(data.StandInNotice, match="VICOURSE_CACHE_DIR chooses another"):
        assert data.load_mnist(quiet=True).is_stand_in


def test_an_interrupted_download_leaves_nothing(tiny, arrays, serve, monkeypatch):
    """Ctrl-C while the file is checked, that is after all of it has come."""
    serve(packed(arrays))
    read = mnist.read_verified

    def interrupted(path, expected, *, called, remedy):
        if called.startswith("The file from"):
            raise KeyboardInterrupt
        return read(path, expected, called=called, remedy=remedy)

    monkeypatch.setattr(mnist, "read_verified", interrupted)
    with pytest.raises(KeyboardInterrupt):
        data.load_mnist(quiet=True)
    assert list((tiny / "cache").iterdir()) == []
