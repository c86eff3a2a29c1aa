"""Resolve `locks/py311.txt`, `py312.txt` and `py313.txt`: every package, with its hashes.

Run by `make lock`, after a change of dependencies. `locks/pins.txt` holds the versions that are
chosen on purpose (Colab's, for its core); everything else is resolved to the newest that fits.
uv does the resolving for all platforms at once, in an environment of its own, and writes no index
address.
"""

import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PYTHONS = ("3.11", "3.12", "3.13")


def main():
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        binaries = Path(folder) / ("Scripts" if sys.platform == "win32" else "bin")
        subprocess.run([binaries / "python", "-m", "pip", "install", "--quiet", "uv"], check=True)
        for python in PYTHONS:
            lock = ROOT / "locks" / f"py{python.replace('.', '')}.txt"
            print(f"==> {lock.relative_to(ROOT)}", flush=True)
            subprocess.run(
                [
                    *(binaries / "uv", "pip", "compile", "pyproject.toml", "--quiet"),
                    *("--extra", "book", "--extra", "test", "--constraints", "locks/pins.txt"),
                    *("--python-version", python, "--universal", "--generate-hashes"),
                    *(
                        "--no-emit-index-url",
                        "--no-header",
                        "--no-annotate",
                        "--upgrade",
                        "-o",
                        lock,
                    ),
                ],
                cwd=ROOT,
                check=True,
            )


if __name__ == "__main__":
    main()
