"""The house's docstrings as reStructuredText: tools/docstring_rst.py and tools/api_index.py."""

import textwrap

import api_index
import pytest
from docstring_rst import inline, to_rst
from docutils.core import publish_doctree


def link(code):
    return f":py:obj:`{code}`" if code == "elbo" else None


def converted(doc, **options):
    lines = textwrap.dedent(doc).strip().splitlines()
    return "\n".join(to_rst(lines, link, lambda chapter: f"<{chapter}>", **options)).strip()


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("a `call(x)` and `elbo`", "a ``call(x)`` and :py:obj:`elbo`"),
        ("**Step size.** Adam", "**Step size.** Adam"),
        ("values [num_samples, *batch]", r"values [num_samples, \*batch]"),
        ("log |det dT/du| of p(z | x)", r"log \|det dT/du\| of p(z \| x)"),
        ("θ_j, x_ and `y_`", r"θ_j, x\_ and ``y_``"),
        ("* how probable", "* how probable"),
        ("    sd: s.", "    sd: s\\."),
        ("D. M. Blei", "D\\. M. Blei"),
        ("1. first", "1\\. first"),
        ("in N. 3", "in N. 3"),
        ("a\\b", r"a\\b"),
    ],
)
def test_one_line(text, wanted):
    assert inline(text, link) == wanted


@pytest.mark.parametrize(
    "text", ["θ_j, *x, |y| and z_", "D. M. Blei", "s.", "`a*b`, `c_`", "**b** *"]
)
def test_docutils_reads_a_line_as_it_was_written(text):
    tree = publish_doctree(inline(text, link), settings_overrides={"report_level": 1})
    assert tree.astext() == text.replace("`", "").replace("**", "")


def test_a_formula_is_literal_and_the_rest_is_text():
    doc = """
        The bound.

            ELBO = E_q[*] ≤ log p(x)

        Where | is given.
    """
    formula = ".. code-block:: text\n\n    ELBO = E_q[*] ≤ log p(x)\n"
    assert converted(doc) == f"The bound.\n\n{formula}\n\nWhere \\| is given."


def test_sections_stay_for_napoleon_and_a_return_value_has_no_type():
    doc = """
        Args:
            z: [..., *event_shape].

        Returns:
            A pair (a, b): both.

        Raises:
            ValueError: as for `elbo`.
    """
    text = converted(doc)
    assert text.startswith("Args:\n    z: [..., \\*event_shape].\n")
    assert "\n:returns:\n    A pair (a, b): both.\n" in text
    assert text.endswith("Raises:\n    ValueError: as for :py:obj:`elbo`.")


def test_fields_come_last_each_in_one_line():
    doc = """
        What it is.
        Source: Higgins et al. (2017), a long
            title.

        Args, Returns: as for `elbo`.

        Chapter: foundations/elbo, deep/aevb.
    """
    assert converted(doc) == (
        "What it is.\n\n\n\n"
        ":Source: Higgins et al. (2017), a long title.\n"
        ":Parameters, Returns: as for :py:obj:`elbo`.\n"
        ":Chapter: <foundations/elbo>, <deep/aevb>"
    )


def test_what_a_docstring_leaves_out_comes_from_its_module_and_nothing_else():
    doc = "What it is.\n\nSource: Euclid."
    inherited = [("Source", "Gauss"), ("Chapter", "a/b"), ("Chapter", "")]
    text = converted(doc, inherited=inherited)
    assert text.endswith(":Source: Euclid.\n:Chapter: <a/b>")


def test_the_index_reads_every_all():
    names = {entry.path for entry in api_index.all_entries()}
    assert {"vicourse.models.Model", "vicourse.seeds.as_seed", "vicourse.plots.COLORS"} <= names
    assert "vicourse.validation.check_integer" not in names
    assert api_index.parts()[:2] == ["data", "models"]


def test_kinds_summaries_and_chapters():
    by_name = {entry.path: entry for entry in api_index.all_entries()}
    elbo = by_name["vicourse.objectives.elbo"]
    assert (elbo.kind, elbo.chapters) == ("function", ["foundations/elbo"])
    assert elbo.summary == "The ELBO, form A: everything by Monte Carlo."
    assert by_name["vicourse.models.Model"].kind == "class"
    assert by_name["vicourse.vae.TrainingDiverged"].kind == "exception"
    # A constant is documented by the comment above it, in the module that it is imported from.
    colors = by_name["vicourse.plots.COLORS"]
    assert (colors.kind, colors.summary[:12]) == ("data", "Okabe & Ito'")
    # A class without a source of its own has its module's.
    assert "BDA3" in by_name["vicourse.models.NormalNormal"].field("Source")


def test_a_field_goes_on_to_the_next_field_or_empty_line():
    doc = "What.\n\nSource: one\n    and two.\nChapter: a/b, c/d.\n\nMore."
    assert api_index.field(doc, "Source") == "one and two."
    assert api_index.chapters(api_index.field(doc, "Chapter")) == ["a/b", "c/d"]
    assert api_index.field("Sources: none", "Source") == ""
