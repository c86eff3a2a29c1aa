"""Resolve the locks: every package, with its hashes.

    python tools/make_locks.py                           all of them, after a change of dependencies
    python tools/make_locks.py --colab pip-freeze.txt    first take over Colab's newest list

`py311.txt`, `py312.txt` and `py313.txt` are the course's environment. `pins.txt` holds the versions
that are chosen on purpose (Colab's, for its core); everything else is resolved to the newest that
fits. `colab.txt` is the environment of `make colab-test`: of the packages in Colab's image
(`colab-image.txt`), at their versions there, those that a notebook can reach.

uv does the resolving for all platforms at once, in an environment of its own, and writes no index
address.
"""

import argparse
import re
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ROOT / "locks"
IMAGE = LOCKS / "colab-image.txt"
PYTHONS = ("3.11", "3.12", "3.13")
# What Colab runs a notebook with, what runs one here, and what installs vicourse.
COLAB_RUNS = ("ipykernel", "nbclient", "pip")
# What vicourse and its dependencies try to import, do without where it is missing, and find in
# Colab, where it may change what they do. `make colab-test` reports what is not yet listed.
COLAB_TRIES = """
    bokeh bottleneck brotli cffi chardet colorcet cython dask defusedxml dill etils huggingface-hub
    ipywidgets jax mmh3 notebook numba numexpr pyarrow pydot simplejson xxhash zstandard
"""
# Tried as well, and left out: of pydotplus there is no wheel. Keras draws graphs of layers with it
# (`plot_model`), which the course does not, and takes pydot where it is missing.
COLAB_NO_WHEEL = ("pydotplus",)
HEADER = """\
# Every package of Colab's image that has a plain version there, from Google's own list
# (pip-freeze.txt of googlecolab/backend-info). To refresh it: make lock COLAB=pip-freeze.txt
"""


def canonical(name):
    """A package's name as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def read_versions(text):
    """{name: version} of the lines `name==version`; all others (addresses, comments) are left out.

    Reads Colab's pip-freeze.txt, `colab-image.txt`, a lock and what `pip freeze` prints.
    """
    found = re.findall(r"^([A-Za-z0-9][\w.-]*)==([^\s;]+)", text, re.MULTILINE)
    return {canonical(name): version for name, version in found}


def image_text(freeze):
    """The text of `colab-image.txt` made from that of Colab's pip-freeze.txt."""
    versions = read_versions(freeze)
    missing = {canonical(name) for name in ("tensorflow-probability", *COLAB_RUNS)} - set(versions)
    if missing:
        raise ValueError(f"this is not Colab's pip-freeze.txt: it has no {', '.join(missing)}.")
    return HEADER + "".join(f"{name}=={versions[name]}\n" for name in sorted(versions))


def only_in_image(lock, image):
    """A lock's text without the packages that Colab lacks: their requirer has to do without."""
    in_image = read_versions(image).items()
    blocks = re.split(r"^(?=\S)", lock, flags=re.MULTILINE)
    return "".join(block for block in blocks if read_versions(block).items() <= in_image)


def resolve(uv, lock, *options):
    """Write `lock` with uv: the package's dependencies and what `options` add."""
    print(f"==> {lock.relative_to(ROOT)}", flush=True)
    subprocess.run(
        [
            *(uv, "pip", "compile", "pyproject.toml", "--quiet", *options, "--generate-hashes"),
            *("--no-emit-index-url", "--no-header", "--no-annotate", "--upgrade", "-o", lock),
        ],
        cwd=ROOT,
        check=True,
    )


def resolve_all(uv, folder):
    for python in PYTHONS:
        resolve(
            *(uv, LOCKS / f"py{python.replace('.', '')}.txt", "--extra", "book", "--extra", "test"),
            *("--constraints", LOCKS / "pins.txt", "--python-version", python, "--universal"),
        )
    lock, image, also = LOCKS / "colab.txt", IMAGE.read_text("utf-8"), folder / "also.txt"
    in_image = set(read_versions(image))
    also.write_text(
        "\n".join(name for name in (*COLAB_RUNS, *COLAB_TRIES.split()) if name in in_image)
    )
    resolve(
        *(uv, lock, also, "--constraints", IMAGE, "--python-version", "3.13"),
        *("--python-platform", "linux", "--only-binary", ":all:"),
    )
    lock.write_text(only_in_image(lock.read_text("utf-8"), image), encoding="utf-8")


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--colab", type=Path, metavar="FILE", help="Colab's newest pip-freeze.txt")
    options = parser.parse_args(arguments)
    if options.colab:
        try:
            IMAGE.write_text(image_text(options.colab.read_text("utf-8")), encoding="utf-8")
        except (OSError, ValueError) as problem:
            parser.error(f"--colab: {problem}")
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        venv.create(folder, with_pip=True)
        binaries = folder / ("Scripts" if sys.platform == "win32" else "bin")
        subprocess.run([binaries / "python", "-m", "pip", "install", "--quiet", "uv"], check=True)
        resolve_all(binaries / "uv", folder)


if __name__ == "__main__":
    main()
