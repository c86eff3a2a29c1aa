"""What a page may use becomes plain Markdown; anything else is an error with file and line."""

import pytest
from myst_blocks import SourceProblem
from myst_text import leftovers

BOOK = "https://your_name.github.io/vicourse"
REPO = "https://github.com/YOUR_NAME/vicourse"
RAW = "https://raw.githubusercontent.com/YOUR_NAME/vicourse/main"
COLAB = "https://colab.research.google.com/github/YOUR_NAME/vicourse/blob/main"
BIB = f"{BOOK}/book/reference/bibliography.html"

CASES = {
    "text stays": ("Plain *text*, `code`.\n\n- a\n- b", "Plain *text*, `code`.\n\n- a\n- b"),
    "inline math stays": (
        r"Set $\{z_1\}_{i}$ and $a_b * c_d$.",
        r"Set $\{z_1\}_{i}$ and $a_b * c_d$.",
    ),
    "a role in code stays": ("`` {eq}`x` `` and `{eq}`", "`` {eq}`x` `` and `{eq}`"),
    "a dollar sign stays": (r"It costs \$5 or \$6.", r"It costs \$5 or \$6."),
    "plain code stays": (
        "```python\n{eq}`x` $\n\n\n(a)=\n```",
        "```python\n{eq}`x` $\n\n\n(a)=\n```",
    ),
    "numbered math": ("$$\na\n$$ (eq-bound)", "$$\na\n\\tag{2}\n$$"),
    "math on one line": ("$$ a $$ (eq-evidence)", "$$\na\n\\tag{1}\n$$"),
    "math without a number": ("$$\na \\\\\nb\n$$", "$$\na \\\\\nb\n$$"),
    "math in a list": ("- x\n\n  $$ a $$\n", "- x\n\n  $$\n  a\n  $$"),
    "note": (":::{note}\nBe\ncareful.\n:::", "> **Note**\n>\n> Be\n> careful."),
    "note in backticks": ("```{warning}\nNo.\n```", "> **Warning**\n>\n> No."),
    "note with words beside it": ("```{tip} Look up.\n```", "> **Tip**\n>\n> Look up."),
    "admonition": (
        ":::{admonition} Title of $q$\n:class: dialogue\n**A:** x\n\n**B:** y\n:::",
        "> **Title of $q$**\n>\n> **A:** x\n>\n> **B:** y",
    ),
    "options in YAML": ("```{note}\n---\nclass: x\n---\nHello.\n```", "> **Note**\n>\n> Hello."),
    "nested": (
        "::::{note}\nA\n:::{tip}\nB\n:::\nC\n::::",
        "> **Note**\n>\n> A\n>\n> > **Tip**\n> >\n> > B\n>\n> C",
    ),
    # A "> " inside of a formula would be shown: Jupyter takes formulas out before quotes.
    "math in a note": (
        ":::{note}\n$$\na\n  = b\n$$ (eq-again)\n:::",
        "> **Note**\n>\n> $$a = b \\tag{3}$$",
    ),
    "code in a note": (
        ":::{note}\n```python\nx\n\ny\n```\n:::",
        "> **Note**\n>\n> ```python\n> x\n>\n> y\n> ```",
    ),
    "note in a list": (
        "1. x\n\n   :::{note}\n   y\n   :::\n",
        "1. x\n\n   > **Note**\n   >\n   > y",
    ),
    "target": ("(some-label)=\n## A heading", "## A heading"),
    "comment": ("A\n\n% never shown\n\nB", "A\n\nB"),
    "eq on this page": ("By {eq}`eq-bound`.", "By (2)."),
    "role across lines": ("By {ref}`the\n setting <the-setting>`.", "By the setting."),
    "ref on this page": ("{ref}`the-setting`", "The setting"),
    "numref on this page": (
        "{numref}`fig-dot`, {numref}`picture %s <fig-line>`",
        "Figure 2, picture 1",
    ),
    "doc": ("{doc}`../intro`", f"[A small course]({BOOK}/book/intro.html)"),
    "doc from the root": ("{doc}`it </book/intro>`", f"[it]({BOOK}/book/intro.html)"),
    "term": ("{term}`bound <ELBO>`", f"[bound]({BOOK}/book/intro.html#term-ELBO)"),
    "colab": ("{colab}`go <exercises/s.ipynb>`", f"[go]({COLAB}/exercises/s.ipynb)"),
    "cite one author": (
        "{cite:p}`vandermeer2001`",
        f"([van der Méer, 2001]({BIB}#vandermeer2001))",
    ),
    "cite in the text": (
        "{cite:t}`kingma2014`",
        f"Kingma and Welling ([2014]({BIB}#kingma2014))",
    ),
    # The book sorts by author, whatever the order in the source.
    "cite two works": (
        "{cite:p}`kingma2014, burda2016`",
        f"([Burda *et al.*, 2016]({BIB}#burda2016); [Kingma and Welling, 2014]({BIB}#kingma2014))",
    ),
    "link to a page": ("[the $q$](../intro.md)", f"[the $q$]({BOOK}/book/intro.html)"),
    "link without words": ("[](../intro.md)", f"[A small course]({BOOK}/book/intro.html)"),
    "link to a label": ("[here](#the-setting)", "here"),
    "link to a file": (
        "[dot](../pictures/dot.svg)",
        f"[dot]({REPO}/blob/main/book/pictures/dot.svg)",
    ),
    "link to the web": ('[w](https://x.org/a_(b) "T")', '[w](https://x.org/a_(b) "T")'),
    "image": ("![A dot](../pictures/dot.svg)", f"![A dot]({RAW}/book/pictures/dot.svg)"),
    "figure": (
        "```{figure} ../pictures/dot.svg\n:alt: A dot\n:width: 50%\nThe *dot*.\n\nMore.\n```",
        f"![A dot]({RAW}/book/pictures/dot.svg)\n\n**Figure 1.** The *dot*.\n\nMore.",
    ),
    "image directive": (
        ":::{image} ../pictures/dot.svg\n:alt: A dot\n:::",
        f"![A dot]({RAW}/book/pictures/dot.svg)",
    ),
    "quiz": (
        "<details>\n<summary>One</summary>\n\nNo, by {eq}`eq-bound`.\n\n</details>",
        "<details>\n<summary>One</summary>\n\nNo, by (2).\n\n</details>",
    ),
}


@pytest.mark.parametrize(("source", "expected"), CASES.values(), ids=CASES)
def test_what_a_page_may_use(convert, source, expected):
    assert convert(source) == expected
    assert leftovers(expected) == []


BAD = {
    "unknown directive": ("A\n\n```{margin}\nx\n```", 12, "{margin}"),
    "unknown role": ("A\n{abbr}`VI`", 11, "{abbr}"),
    "math directive": ("```{math}\na\n```", 10, "write $$"),
    "unclosed fence": ("x\n:::{note}\ny", 11, "never closed"),
    "fence closed too early": (":::{note}\n:::{tip}\nx\n:::\n:::", 14, ":::"),
    "unclosed math": ("$$\na", 10, "never closed"),
    "empty line in math": ("$$\na\n\nb\n$$", 12, "empty line"),
    "text after math": ("$$\na\n$$ where a", 12, "new line"),
    "math within a line": ("so $$a$$", 10, "new line"),
    "lone dollar": ("It is\n5 $ now", 11, "single $"),
    "fence after a list mark": ("- ```python\n  x\n  ```", 10, "list mark"),
    "quoted fence": ("> :::{note}\n> x\n> :::", 10, "list mark"),
    "footnote": ("A claim[^1].", 10, "footnote"),
    "substitution": ("{{ name }}", 10, "substitution"),
    "bare environment": ("\\begin{align}\na\n\\end{align}", 10, "begin"),
    "LaTeX reference": (r"see \eqref{eq-bound}", 10, "LaTeX"),
    "definition list": ("Term\n: meaning", 11, "definition list"),
    "attributes": ("[x](https://x.org){.button}", 10, "braces"),
    "math inside HTML": ("<details>\n<summary>$q$</summary>\n\nx\n\n</details>", 11, "HTML"),
    "unknown equation": ("{eq}`nowhere`", 10, "nowhere"),
    "unknown label": ("{ref}`nowhere`", 10, "nowhere"),
    "unknown figure": ("{numref}`fig-no`", 10, "fig-no"),
    "unknown citation": ("A\n\nB {cite:p}`kingma2014,nobody`", 12, "nobody"),
    "unknown page": ("[x](../intr.md)", 10, "did you mean book/intro.md"),
    "page with a label": ("[x](../intro.md#y)", 10, "[words](#y)"),
    "unknown option": ("```{note}\n:icon: x\ny\n```", 10, "icon"),
    "image without words": ("![](../pictures/dot.svg)", 10, "alt"),
    "figure without words": ("```{figure} ../pictures/dot.svg\nA dot.\n```", 10, "alt"),
    "admonition without a title": (":::{admonition}\nx\n:::", 10, "title"),
    "problem inside of a note": (":::{note}\n:class: x\nfine\n\n{abbr}`x`\n:::", 14, "{abbr}"),
    "an option line that YAML ends nowhere": ("```{note}\n---\nclass: x\n```", 10, "never end"),
    "colab without words": ("{colab}`exercises/s.ipynb`", 10, "{colab}"),
}


@pytest.mark.parametrize(("source", "line", "words"), BAD.values(), ids=BAD)
def test_what_it_does_not_know_is_an_error_with_file_and_line(convert, source, line, words):
    with pytest.raises(SourceProblem) as problem:
        convert(source)
    message = str(problem.value)
    assert message.startswith(f"book/deep/sample.md:{line}: ")
    assert words in message


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("fine\n\n:::{note}\nx", 3),
        ("> x\n> ```{tip}", 2),
        ("see {eq}`x`", 1),
        ("(label)=\n# T", 1),
        ("a\n% comment", 2),
        ("$$\na\n$$ \n{numref}`x`", 4),
        ("```python\n{eq}`x`\n```\n{{ x }}", 4),
    ],
)
def test_syntax_left_in_a_notebook_is_found(text, line):
    assert [found for found, _ in leftovers(text)] == [line]


def test_math_code_and_escapes_are_not_taken_for_syntax():
    text = "$\\{\\{a\\}\\}$ and `{eq}` and \\$5\n\n$$\n{{a}} \\begin{aligned}\n$$\n"
    text += "\n```\n:::{note}\n```\n"
    assert leftovers(text) == []
