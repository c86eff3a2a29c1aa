"""The package's layers: each imports only from those before it; importing vicourse is light."""

import ast
import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

import vicourse

PACKAGE = Path(vicourse.__file__).parent
LAYERS = (
    "data",
    "distributions",
    "models",
    "divergences",
    "objectives",
    "gradients",
    "families",
    "inference",
    "diagnostics",
    "vae",
    "experiments",
    "plots",
    "check",
    "cli",
)
# Small modules that every layer may use, and that use only one another.
SHARED = (
    "_version",
    "compiled",
    "estimate",
    "files",
    "processes",
    "provenance",
    "results",
    "seeds",
    "validation",
)
LONGEST = 300  # lines


def imported_parts(source):
    """(line, part) for each part of vicourse that a source imports, also inside functions."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.level:
            yield node.lineno, "." * node.level
        elif isinstance(node, ast.ImportFrom) and node.module == "vicourse":
            for alias in node.names:
                yield node.lineno, "_version" if alias.name == "__version__" else alias.name
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("vicourse."):
            yield node.lineno, node.module.split(".")[1]
        elif isinstance(node, ast.Import):
            for alias in node.names:
                top, _, rest = alias.name.partition(".")
                if top == "vicourse":
                    yield node.lineno, rest.split(".")[0]


def violations(part, source):
    """The imports of a module of `part` that the order of the layers does not allow."""
    before = () if part in SHARED else LAYERS[: LAYERS.index(part) + 1]
    allowed = (*SHARED, *before)
    for line, imported in imported_parts(source):
        if set(imported) == {"."}:
            yield f"line {line}: write the import in full, from vicourse. ..., not relative"
        elif not imported:
            yield f"line {line}: `import vicourse` hides what is used; import the part itself"
        elif imported not in allowed:
            yield (
                f"line {line}: vicourse.{part} may not import vicourse.{imported}. It may import "
                f"{', '.join(name for name in allowed if name != part)}."
            )


def modules():
    for path in sorted(PACKAGE.rglob("*.py")):
        inside = path.relative_to(PACKAGE)
        if inside != Path("__init__.py"):
            yield inside, inside.parts[0].removesuffix(".py")


def test_every_part_is_a_layer_or_shared():
    unknown = {part for _, part in modules()} - {*LAYERS, *SHARED}
    assert not unknown, (
        f"{sorted(unknown)}: neither a layer nor a shared module. Put it into a layer, or add it "
        "to the order, in this test and in the docstring of vicourse/__init__.py."
    )


def test_layers_import_only_from_those_before_them():
    found = [
        f"vicourse/{path}, {violation}"
        for path, part in modules()
        if part in (*LAYERS, *SHARED)
        for violation in violations(part, (PACKAGE / path).read_text("utf-8"))
    ]
    assert not found, "\n" + "\n".join(found)


def test_the_docstring_gives_the_order():
    order = vicourse.__doc__.split("those before it:")[1].split()
    assert tuple(order[: len(LAYERS)]) == LAYERS


@pytest.mark.parametrize(
    ("part", "source"),
    [
        ("models", "from vicourse.vae import train"),
        ("models", "from vicourse import plots"),
        ("models", "import vicourse.inference.fit"),
        ("models", "import vicourse"),
        ("models", "from ..families import mean_field"),
        ("models", "def f():\n    from vicourse.families import mean_field"),
        ("seeds", "from vicourse.models import base"),
        ("vae", "from vicourse.somewhere import thing"),
    ],
)
def test_the_scan_finds_a_wrong_import(part, source):
    assert len(list(violations(part, source))) == 1


@pytest.mark.parametrize(
    ("part", "source"),
    [
        ("vae", "from vicourse.data import binarize\nfrom vicourse.vae.model import VAE"),
        ("cli", "def f():\n    from vicourse import data, vae"),
        ("models", "from vicourse.seeds import as_seed\nimport numpy as np"),
        ("estimate", "from vicourse.validation import argument_error"),
    ],
)
def test_the_scan_lets_right_imports_pass(part, source):
    assert list(violations(part, source)) == []


def test_modules_are_short():
    # A chapter's exercises are content, one declaration after another, and as long as they are.
    paths = [path for path, _ in modules() if path.parent != Path("check/exercises")]
    lines = {str(path): len((PACKAGE / path).read_text("utf-8").splitlines()) for path in paths}
    long = {path: count for path, count in lines.items() if count > LONGEST}
    assert not long, f"longer than {LONGEST} lines, so more than one idea: {long}"


def in_a_fresh_process(code):
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_importing_vicourse_is_light():
    in_a_fresh_process("""
import sys, vicourse
heavy = {"tensorflow", "tensorflow_probability", "keras", "matplotlib", "sklearn", "scipy"}
assert not heavy & set(sys.modules), heavy & set(sys.modules)
parts = [name for name in sys.modules if name.startswith("vicourse.")]
assert parts == ["vicourse._version"], parts
""")


def test_a_part_is_imported_when_it_is_first_used():
    in_a_fresh_process("""
import sys, vicourse
assert vicourse.check is sys.modules["vicourse.check"]
assert "vicourse.vae" not in sys.modules
""")


def test_help_and_version_do_not_wait_for_tensorflow():
    in_a_fresh_process("""
import sys
from vicourse.cli import main
for option in ("--help", "--version"):
    try:
        main([option])
    except SystemExit as end:
        assert not end.code, end.code
assert "tensorflow" not in sys.modules
""")


def test_an_unknown_part_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        vicourse.nonsense  # noqa: B018


def test_every_layer_is_an_attribute_of_vicourse():
    present = {part for _, part in modules() if part in LAYERS}
    assert present - {"cli"} == set(vicourse.__all__) - {"__version__"}
    for part in present:
        assert importlib.util.find_spec(f"vicourse.{part}").origin, f"{part}: no __init__.py"
