"""The pages of the API, from the package's docstrings (loaded by `_config.yml`).

- the directive `api-part` documents every public name of one part of the package;
- the directive `api-overview` lists them all, one line each;
- every chapter ends with the public names whose docstrings say "Chapter: that chapter".

autodoc reads the package and napoleon its headings; `docstring_rst` does what they do not know.
"""

import functools
import inspect

import api_index
from docstring_rst import inline, to_rst
from docutils import nodes
from docutils.statemachine import StringList
from sphinx import addnodes
from sphinx.transforms import SphinxTransform
from sphinx.util.docutils import SphinxDirective

BEFORE_NAPOLEON = 400
PUBLIC = {}  # path → Entry; filled when Sphinx starts
BY_CLASS = {}  # public class → its path


def link_from(part):
    """A function that turns code in a docstring of `part` into a role, or None."""

    def link(code):
        name = code.removesuffix("()")
        if name.startswith("vicourse.") and name.removeprefix("vicourse.") in api_index.parts():
            return f":py:mod:`{code} <{name}>`"
        for path in (name, f"vicourse.{part}.{name}", *_elsewhere(name)):
            if path in PUBLIC:
                return f":py:obj:`{code} <{path}>`"
        return None

    return link


def _elsewhere(name):
    """Names of classes speak for themselves in every part; those of functions do not (`kl`)."""
    if not name[:1].isupper():
        return []
    return [path for path, entry in PUBLIC.items() if entry.name == name]


def chapter_link(env):
    """A function from "foundations/elbo" to a role, or to a text while the page is not written."""

    def link(chapter):
        name = f"book/{chapter}"
        return f":doc:`/{name}`" if name in env.found_docs else f"{chapter} (to come)"

    return link


class Parts(SphinxDirective):
    """What both directives share: they write reStructuredText and have it read."""

    def parse(self, lines):
        node = nodes.Element()
        self.state.nested_parse(StringList(lines, source="the docstrings"), 0, node)
        return node.children


class ApiPart(Parts):
    """Every public name of one part, each with its whole docstring."""

    required_arguments = 1

    def run(self):
        part = self.arguments[0]
        doc = (api_index.module(part).__doc__ or "").splitlines()
        text = to_rst(doc, link_from(part), chapter_link(self.env))
        lines = [f".. py:module:: vicourse.{part}", "", *text, ""]
        for entry in api_index.entries(part):
            lines += _documented(entry)
        return self.parse(lines)


def _documented(entry):
    if entry.kind == "data":
        text = to_rst(entry.doc.splitlines(), link_from(entry.part), str)
        shown = tuple(entry.value) if isinstance(entry.value, dict) else entry.value
        head = [f".. py:data:: {entry.name}", f"   :module: vicourse.{entry.part}"]
        head += [f"   :value: {shown!r}"]
        return [*head, "", *(f"   {line}" for line in text), ""]
    options = []
    if inspect.isclass(entry.value):
        if members := documented_members(entry.value):
            options += [f"   :members: {', '.join(members)}"]
        if any(base in BY_CLASS for base in entry.value.__bases__):
            options += ["   :show-inheritance:"]
    return [f".. auto{entry.kind}:: {entry.path}", *options, ""]


def documented_members(cls):
    """Methods and properties that the class itself explains (not the fields of a NamedTuple)."""
    kinds = (property, functools.cached_property, classmethod, staticmethod)
    return [
        name
        for name, value in vars(cls).items()
        if not name.startswith("_")
        and (inspect.isfunction(value) or isinstance(value, kinds))
        and value.__doc__
    ]


class ApiOverview(Parts):
    """A table for each part, one line for each of its public names."""

    def run(self):
        return [self.section(part) for part in api_index.parts()]

    def section(self, part):
        title = nodes.title("", f"vicourse.{part}")
        summary = first_paragraph(api_index.module(part).__doc__)
        page = f":doc:`All of it </{api_index.PAGES}/{api_index.page_of(part)}>`"
        lines = [f"{inline(summary, link_from(part))} {page}.", "", ".. list-table::"]
        lines += ["   :widths: 36 64", "   :class: api-overview", ""]
        for entry in api_index.entries(part):
            lines += [f"   * - :py:obj:`{entry.name} <{entry.path}>`"]
            lines += [f"     - {inline(entry.summary, link_from(part))}"]
        return nodes.section(
            "", title, *self.parse(lines), ids=[f"api-{part}"], names=[f"api-{part}"]
        )


def first_paragraph(doc):
    return " ".join((doc or "").split("\n\n")[0].split())


class InThePackage(SphinxTransform):
    """The last section of a chapter: what of the package it teaches."""

    default_priority = 300

    def apply(self):
        chapter = self.env.docname.removeprefix("book/")
        taught = [entry for entry in PUBLIC.values() if chapter in entry.chapters]
        page = next(iter(self.document.findall(nodes.section)), None)
        if not taught or page is None:
            return
        section = nodes.section(ids=["in-the-package"], names=["in the package"])
        section += nodes.title("", "In the package")
        section += nodes.bullet_list("", *map(self.item, taught), classes=["in-the-package"])
        page += section
        self.document.note_implicit_target(section, section)

    def item(self, entry):
        reference = addnodes.pending_xref(
            "",
            nodes.literal("", f"{entry.part}.{entry.name}"),
            refdomain="py",
            reftype="obj",
            reftarget=entry.path,
            refdoc=self.env.docname,
            refexplicit=True,
        )
        line = nodes.paragraph("", "", reference, nodes.Text(": "))
        for number, text in enumerate(entry.summary.split("`")):
            line += nodes.literal("", text) if number % 2 else nodes.Text(text)
        return nodes.list_item("", line)


def read_public_names(app):
    PUBLIC.update((entry.path, entry) for entry in api_index.all_entries())
    classes = [entry for entry in PUBLIC.values() if inspect.isclass(entry.value)]
    BY_CLASS.update((entry.value, entry.path) for entry in classes)


def read_pages_again(app, env, added, changed, removed):
    """A chapter that comes or goes changes the links of the API pages."""
    pages = [page for page in env.found_docs if page.startswith(api_index.PAGES)]
    return pages if added or removed else []


def process_docstring(app, what, name, obj, options, lines):
    part = name.split(".")[1]
    entry, inherited = PUBLIC.get(name), []
    if entry:
        inherited = [(label, entry.field(label)) for label in ("Source", "Chapter")]
    text = to_rst(lines, link_from(part), chapter_link(app.env), inherited)
    # Napoleon takes what stands before a colon in the first line of a property for its type;
    # an empty comment before it prevents that.
    lines[:] = ["..", "", *text] if what == "property" else text


def process_bases(app, name, obj, options, bases):
    """Show public bases alone, under the names by which they are public."""
    paths = [BY_CLASS[base] for base in bases if base in BY_CLASS]
    bases[:] = [f":py:class:`{path.rpartition('.')[2]} <{path}>`" for path in paths]


def setup(app):
    app.add_directive("api-part", ApiPart)
    app.add_directive("api-overview", ApiOverview)
    app.add_transform(InThePackage)
    app.connect("builder-inited", read_public_names)
    app.connect("env-get-outdated", read_pages_again)
    app.connect("autodoc-process-docstring", process_docstring, priority=BEFORE_NAPOLEON)
    app.connect("autodoc-process-bases", process_bases)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
