"""What the book asks of Sphinx beyond its settings (loaded by `_config.yml`, local_extensions).

- figures are numbered within their page (Sphinx itself counts through the whole book);
- citations read "Kingma and Welling (2014)", with round brackets;
- the role {colab}`text <exercises/name.ipynb>` links a notebook of the repository in Colab;
- a page's download button gives the notebook of the repository, which has no MyST syntax in it.
"""

import shutil
from dataclasses import dataclass, field
from pathlib import Path

from docutils import nodes
from repository import read_address
from sphinx.util import logging
from sphinx.util.docutils import ReferenceRole
from sphinxcontrib.bibtex.plugin import register_plugin
from sphinxcontrib.bibtex.style.referencing import BracketStyle
from sphinxcontrib.bibtex.style.referencing.author_year import AuthorYearReferenceStyle

logger = logging.getLogger(__name__)


def round_brackets():
    return BracketStyle(left="(", right=")", sep="; ")


@dataclass
class RoundAuthorYear(AuthorYearReferenceStyle):
    bracket_textual: BracketStyle = field(default_factory=round_brackets)
    bracket_parenthetical: BracketStyle = field(default_factory=round_brackets)


class ColabRole(ReferenceRole):
    """A link that opens a notebook of this repository in Colab."""

    def run(self):
        root = Path(self.env.srcdir)
        if not (root / self.target).is_file():
            logger.warning("no such notebook: %s", self.target, location=self.get_location())
        address = read_address(root).colab(self.target)
        return [nodes.reference(self.rawtext, self.title, refuri=address)], []


def number_figures_within_pages(app, builder):
    """Renumber each page's figures from 1, in their order.

    When writing begins, Sphinx has stored its own numbers for the next incremental build.
    """
    for page in builder.env.toc_fignumbers.values():
        for kind, numbers in page.items():
            in_order = sorted(numbers, key=numbers.get)
            page[kind] = {figure: (n,) for n, figure in enumerate(in_order, start=1)}


def offer_derived_notebooks(app, error):
    """Put the derived notebooks where the theme's download button looks."""
    if error or app.builder.name != "html":
        return
    for offered in Path(app.outdir, "_sources").rglob("*.ipynb"):
        derived = Path(app.srcdir, offered.relative_to(app.outdir).relative_to("_sources"))
        if derived.exists():
            shutil.copyfile(derived, offered)


def setup(app):
    register_plugin("sphinxcontrib.bibtex.style.referencing", "author_year_round", RoundAuthorYear)
    app.add_role("colab", ColabRole())
    app.connect("build-finished", offer_derived_notebooks)
    app.connect("write-started", number_figures_within_pages)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
