"""Build the book into `_build/html`: execute what has changed, treat warnings as errors.

Run by `make book`. Executed chapters are kept in `_build/.jupyter_cache`, so a second run with
nothing changed takes seconds.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import yaml
from page_execution import execute_pages

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "_build"
NEEDED_GIB = 0.5
WORKERS = 2  # pages executed at once; each takes a gigabyte


def package_fingerprint():
    """Changes when the package or the data changes: then every chapter's outputs are stale.

    The cache itself only looks at a chapter's own code.
    """
    digest = hashlib.sha256()
    for file in sorted((ROOT / "vicourse").rglob("*.py")):
        digest.update(str(file.relative_to(ROOT)).encode() + b"\0" + file.read_bytes())
    folder = os.environ.get("VICOURSE_DATA_DIR")
    has_data = bool(folder) and (Path(folder) / "mnist.npz").exists()
    digest.update(str(has_data).encode())
    return digest.hexdigest()


def forget_stale_outputs():
    stamp = BUILD / "executed-with"
    fingerprint = package_fingerprint()
    if stamp.exists() and stamp.read_text() == fingerprint:
        return
    if BUILD.exists():
        print("==> The package or the data changed: every chapter is executed again", flush=True)
        shutil.rmtree(BUILD / ".jupyter_cache", ignore_errors=True)
        shutil.rmtree(BUILD / ".doctrees", ignore_errors=True)
    BUILD.mkdir(exist_ok=True)
    stamp.write_text(fingerprint)


def main():
    free = shutil.disk_usage(ROOT).free / 2**30
    if free < NEEDED_GIB:
        sys.exit(f"vicourse: the disk is full ({free:.1f} GiB free): {NEEDED_GIB} GiB are needed.")
    forget_stale_outputs()
    print("==> Executing the pages that changed (each takes up to two minutes)", flush=True)
    timeout = yaml.safe_load((ROOT / "_config.yml").read_text("utf-8"))["execute"]["timeout"]
    execute_pages(ROOT, BUILD / ".jupyter_cache", WORKERS, timeout)
    print("==> Building the book", flush=True)
    # jupyter_book has no `python -m`: take the program that stands beside this Python.
    program = shutil.which("jupyter-book", path=Path(sys.executable).parent)
    if subprocess.run([program, "build", ROOT, "-W", "-n", "--keep-going"]).returncode:
        # Sphinx remembers the pages that it read, not their warnings: a second run would pass.
        shutil.rmtree(BUILD / ".doctrees", ignore_errors=True)
        sys.exit(
            "\nvicourse: the book was not built. The first WARNING or ERROR above names the page; "
            "the whole traceback of a failed chapter is in _build/html/reports."
        )
    index = BUILD / "html" / "index.html"
    if not index.exists():
        sys.exit(f"vicourse: the build ended without an error and without {index}.")
    print(f"\n==> The book: {index.as_uri()}\n    or run `make serve`.")


if __name__ == "__main__":
    main()
