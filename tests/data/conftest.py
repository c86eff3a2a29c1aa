"""A tiny MNIST with digests of its own, and a web server on this machine that sends it."""

import contextlib
import hashlib
import http.server
import threading

import numpy as np
import pytest

from vicourse.data import mnist


@pytest.fixture
def arrays():
    """Arrays with MNIST's names and dtypes: 6 train and 4 test images."""
    rng = np.random.default_rng(0)
    draw = lambda *shape: rng.integers(0, 256, shape, dtype=np.uint8)  # noqa: E731
    return {
        "x_train": draw(6, 28, 28),
        "y_train": draw(6) % 10,
        "x_test": draw(4, 28, 28),
        "y_test": draw(4) % 10,
    }


@pytest.fixture
def tiny(arrays, tmp_path, monkeypatch):
    """load_mnist() takes `arrays` for MNIST; no data folder, an empty cache, no way out.

    Yields the folder under which the cache will be (`cache`).
    """
    expected = {
        name: (value.shape, hashlib.sha256(value.tobytes()).hexdigest())
        for name, value in arrays.items()
    }
    monkeypatch.setattr(mnist, "MNIST_ARRAYS", expected)
    monkeypatch.setattr(mnist, "URL", "http://127.0.0.1:9/mnist.npz")  # nobody listens there
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.delenv("VICOURSE_DATA_DIR", raising=False)
    monkeypatch.setenv("VICOURSE_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path


@pytest.fixture
def serve(tiny, monkeypatch):
    """serve(body, status=200, length=None) puts `body` where load_mnist() downloads from.

    `length` is the length that the server claims, if it lies. Returns the list of requests.
    """
    with contextlib.ExitStack() as stack:

        def start(body, status=200, length=None):
            requests = []

            class Handler(http.server.BaseHTTPRequestHandler):
                def do_HEAD(self):
                    requests.append(self.command)
                    self.send_response(status)
                    self.send_header("Content-Length", str(length or len(body)))
                    self.end_headers()

                def do_GET(self):
                    self.do_HEAD()
                    self.wfile.write(body)

                def log_message(self, *args):
                    pass

            server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
            stack.callback(server.server_close)
            stack.callback(server.shutdown)
            threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
            monkeypatch.setattr(mnist, "URL", f"http://127.0.0.1:{server.server_port}/mnist.npz")
            return requests

        yield start
