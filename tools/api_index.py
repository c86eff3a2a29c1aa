"""What of the package is public, read from every `__all__`, and what its docstrings say.

A layer is public as a whole; of the small modules beside the layers, those are that have an
`__all__`. Nothing is listed here by hand.
"""

import ast
import importlib
import inspect
import pkgutil
import re
from dataclasses import dataclass

import vicourse

# The page of the small modules, and where the pages are.
SHARED_PAGE = "shared"
PAGES = "book/reference/api"
# "Source: ..." and "Chapter: ..." go on in the lines that follow, up to an empty line.
FIELD = re.compile(r"(?P<label>Source|Chapter): +(?P<text>\S.*)")


@dataclass(frozen=True)
class Entry:
    """One public name. `doc` is its docstring, or the comment `#:` above a constant."""

    part: str  # "models", or a small module, "seeds"
    name: str
    value: object
    doc: str
    home_doc: str  # the docstring of the module that defines it

    @property
    def path(self):
        return f"vicourse.{self.part}.{self.name}"

    @property
    def kind(self):
        """ "exception", "class", "function" or "data", as Sphinx calls them."""
        if inspect.isclass(self.value):
            return "exception" if issubclass(self.value, BaseException) else "class"
        return "function" if callable(self.value) else "data"

    @property
    def summary(self):
        """The docstring's first paragraph, in one line."""
        return " ".join(self.doc.split("\n\n")[0].split())

    def field(self, label):
        """The text after "Source:" or "Chapter:", of the docstring or else of the module's."""
        return field(self.doc, label) or field(self.home_doc, label)

    @property
    def chapters(self):
        return chapters(self.field("Chapter"))


def field(doc, label):
    """The field's text in one line; "" where there is none."""
    lines = inspect.cleandoc(doc).splitlines()
    for start, line in enumerate(lines):
        if (match := FIELD.match(line)) and match["label"] == label:
            text = [match["text"]]
            for following in lines[start + 1 :]:
                if not following.strip() or FIELD.match(following):
                    break
                text.append(following.strip())
            return " ".join(text)
    return ""


def chapters(text):
    """ "foundations/elbo, deep/aevb" as a list."""
    return [name.strip().rstrip(".") for name in text.split(",") if name.strip()]


def parts():
    """The public parts: the layers, in the package's order, then the small modules."""
    order = vicourse.__doc__.split("those before it:")[1].split()
    layers = [part for part in order if part in vicourse.__all__]
    found = pkgutil.iter_modules(vicourse.__path__)
    small = [m.name for m in found if not m.ispkg and not m.name.startswith("_")]
    return layers + [name for name in small if hasattr(module(name), "__all__")]


def is_layer(part):
    return part in vicourse.__all__


def page_of(part):
    return part if is_layer(part) else SHARED_PAGE


def module(part):
    return importlib.import_module(f"vicourse.{part}")


def entries(part):
    """The public names of one part, in the order of its `__all__`."""
    home = module(part)
    return [_entry(part, home, name) for name in home.__all__]


def all_entries():
    return [entry for part in parts() for entry in entries(part)]


def _entry(part, home, name):
    value = getattr(home, name)
    defined = importlib.import_module(_home_of(home, name, value))
    documented = inspect.isclass(value) or callable(value)
    doc = (value.__doc__ or "") if documented else _comment_above(defined, name)
    return Entry(part, name, value, inspect.cleandoc(doc), defined.__doc__ or "")


def _home_of(home, name, value):
    """The module that defines `name`; a constant does not know it, the import tells."""
    if inspect.isclass(value) or inspect.isfunction(value):
        return value.__module__
    for node in ast.parse(inspect.getsource(home)).body:
        if isinstance(node, ast.ImportFrom) and name in {alias.name for alias in node.names}:
            return node.module
    return home.__name__


def _comment_above(home, name):
    """The lines that begin with `#:` right above `name = ...`."""
    match = re.search(rf"^((?:#:.*\n)+){name}\b", inspect.getsource(home), re.MULTILINE)
    return re.sub(r"^#: ?", "", match[1], flags=re.MULTILINE) if match else ""
