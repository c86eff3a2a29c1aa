"""The glossary's page, from its source in YAML (loaded by `_config.yml`, local_extensions).

`{glossary} glossary.yml` shows the entries of that file, which stands beside the page. They become
targets of `{term}` as any glossary's do; the names of the targets in a page of the book and in a
notebook (tools/myst_text.py) are made to agree.
"""

import re
from pathlib import Path

import glossary
from docutils import nodes
from docutils.statemachine import StringList
from sphinx.domains.std import Glossary


class GlossaryFromFile(Glossary):
    """Sphinx's own directive, which may be given a file instead of a content."""

    optional_arguments = 1

    def run(self):
        if self.arguments:
            relative, path = self.env.relfn2path(self.arguments[0])
            self.env.note_dependency(relative)
            lines = glossary.glossary_lines(glossary.read_glossary(Path(path)), self.chapter)
            self.content = StringList(lines, source=path)
        result = super().run()
        for term in (each for node in result for each in node.findall(nodes.term)):
            anchor = "term-" + re.sub(r"[^\w.-]+", "-", term.rawsource)
            if anchor not in term["ids"]:
                term["ids"].append(anchor)
        return result

    def chapter(self, name):
        """A link to a chapter, or its name while it is not in the course's contents."""
        if f"book/{name}" in self.env.found_docs:
            return f"{{doc}}`/book/{name}`"
        return f"{name.rpartition('/')[2].replace('_', ' ')} (to come)"


def read_page_again(app, env, added, changed, removed):
    """A chapter that comes or goes changes the links of the glossary."""
    page = glossary.PAGE.removesuffix(".md")
    return [page] if (added or removed) and page in env.found_docs else []


def setup(app):
    app.add_directive_to_domain("std", "glossary", GlossaryFromFile, override=True)
    app.connect("env-get-outdated", read_page_again)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
