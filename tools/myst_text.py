"""Running text: roles, links, images and math within a paragraph, made plain Markdown."""

import difflib
import posixpath
import re
from pathlib import Path

from citations import cite
from myst_blocks import SourceProblem

TOKEN = re.compile(
    r"""
    (?P<escape>\\[!-/:-@\[-`{-~])
  | \{(?P<role>[\w:.+-]+)\}(?P<role_ticks>`+)(?P<role_text>.+?)(?P=role_ticks)
  | (?P<code>(?P<ticks>`+)(?!`).+?(?<!`)(?P=ticks)(?!`))
  | (?P<math>(?<!\$)\$(?!\$)(?:\\.|[^$\\])+\$)
  | (?P<bang>!?)\[(?P<text>(?:[^\[\]]|\[[^\[\]]*\])*)\]
      \(\s*(?P<target>[^()\s]*(?:\([^()\s]*\)[^()\s]*)*)(?P<title>\s+"[^"]*")?\s*\)
    """,
    re.VERBOSE | re.DOTALL,
)
# What MyST would still interpret and Jupyter would show as it stands.
LEFTOVERS = (
    (re.compile(r"\{[\w:.+-]+\}`"), "a role without its end"),
    (re.compile(r"`{3,}\s*\{|~{3,}\s*\{|^[ \t]*(?:>[ \t]*)*:{3,}", re.M), "a directive fence"),
    (re.compile(r"\{\{|\}\}"), "a substitution"),
    (re.compile(r"\[\^[^\]]+\]"), "a footnote (Jupyter shows none: say it in the text)"),
    (re.compile(r"\$\$"), "a $$ within a line (begin display math on a new line)"),
    (re.compile(r"\$"), r"a single $ (write \$ for the sign)"),
    (re.compile(r"\\begin\{"), r"a \begin outside of math (put $$ around it)"),
    (re.compile(r"\\(?:eq)?ref\{"), r"a LaTeX reference (write {eq}`label`)"),
    (re.compile(r"<(?:project|path|inv|myst|doc):"), "a MyST link in angle brackets"),
    (re.compile(r"^\([^()\s]+\)=\s*$", re.M), "a target"),
    (re.compile(r"^[ \t]*:[ \t]+\S", re.M), "a definition list (write a list with bold terms)"),
    (re.compile(r"^%", re.M), "a MyST comment"),
    (re.compile(r"\{[.#]\w"), "attributes in braces"),
)


def leftovers(text):
    """(line, what) for each piece of MyST syntax outside of code and math; lines from 1.

    Meant for a whole Markdown cell, also one that was edited by hand.
    """
    text = re.sub(
        r"^([ \t>]*)(`{3,}|~{3,})(?!\s*\{).*?^\1\2[ \t]*$", _blank, text, flags=re.M | re.S
    )
    text = re.sub(r"\$\$.+?\$\$", _blank, text, flags=re.S)
    text = TOKEN.sub(_syntax_only, text)
    found = []
    for pattern, what in LEFTOVERS:
        found += [(text.count("\n", 0, m.start()) + 1, what) for m in pattern.finditer(text)]
    return sorted(set(found))


def _syntax_only(token):
    """A token with what readers see as it stands taken out."""
    if token["code"] or token["math"] or token["escape"]:
        return _blank(token)
    if token["text"] is not None:
        return TOKEN.sub(_syntax_only, token["text"])
    return token[0]


def _blank(match):
    return "\n" * match[0].count("\n")


def plain_text(text, line, page):
    """A paragraph of MyST as plain Markdown.

    Args:
        text: the paragraph.
        line: its first line in the file.
        page: a PageContext (plain_markdown.py).
    """
    pieces, position = [], 0
    for token in TOKEN.finditer(text):
        pieces.append(_gap(text, position, token.start(), line, page))
        at = line + text.count("\n", 0, token.start())
        pieces.append(_token(token, at, page))
        position = token.end()
    pieces.append(_gap(text, position, len(text), line, page))
    return "".join(pieces)


def _gap(text, start, end, line, page):
    """Text between tokens, which must hold no syntax of its own."""
    gap = text[start:end]
    for pattern, what in LEFTOVERS:
        # A pattern for the start of a line must not fire in the middle of one.
        for match in pattern.finditer(text, start, end):
            at = line + text.count("\n", 0, match.start())
            raise SourceProblem(page.path, at, f"{what}: {match[0]!r}")
    return gap


def _token(token, line, page):
    if token["role"]:
        return _role(token["role"], " ".join(token["role_text"].split()), line, page)
    if token["text"] is not None:
        return _link(token, line, page)
    return token[0]


def _role(name, text, line, page):
    handler = ROLES.get(name)
    if not handler:
        known = ", ".join(f"{{{role}}}" for role in ROLES)
        raise SourceProblem(
            page.path, line, f"the role {{{name}}} is not used here; known: {known}"
        )
    return handler(name, text, line, page)


def _split(text):
    """`text <target>` as (text, target); without angle brackets the text is None."""
    match = re.fullmatch(r"(?P<text>.*?)\s*<(?P<target>[^<>]+)>", text)
    return (match["text"], match["target"]) if match else (None, text)


def _cite(name, text, line, page):
    keys = [key.strip() for key in text.split(",")]
    try:
        return cite(name, keys, page.address, page.index.root)
    except KeyError as error:
        problem = f"no entry {error.args[0]!r} in book/reference/references.bib"
        raise SourceProblem(page.path, line, problem) from None


def _eq(name, text, line, page):
    target, number = page.index.find("equations", text)
    if not target:
        raise SourceProblem(page.path, line, f"no equation is labelled ({text})")
    return _from(page, target, f"({number})", "equation-" + text)


def _numref(name, text, line, page):
    words, label = _split(text)
    target, number = page.index.find("figures", label)
    if not target:
        raise SourceProblem(page.path, line, f"no figure with a caption is named {label!r}")
    words = (words or "Figure %s").replace("{number}", "%s").replace("%s", str(number))
    return _from(page, target, words, label)


def _ref(name, text, line, page):
    words, label = _split(text)
    target, heading = page.index.find("labels", label)
    if not target:
        raise SourceProblem(page.path, line, f"no target ({label})= on any page")
    if not (words or heading):
        problem = f"({label})= stands before no heading: write {{ref}}`text <{label}>`"
        raise SourceProblem(page.path, line, problem)
    return _from(page, target, words or heading, label)


def _doc(name, text, line, page):
    words, target = _split(text)
    path = _resolve(target + ".md", line, page)
    return _from(page, page.index.page(path), words or page.index.page(path).title)


def _term(name, text, line, page):
    words, term = _split(text)
    glossary = page.index.glossary()
    if not glossary:
        raise SourceProblem(page.path, line, "no page has a {glossary}")
    anchor = re.sub(r"[^\w.-]+", "-", term)
    return f"[{words or term}]({page.address.page(glossary)}#term-{anchor})"


def _colab(name, text, line, page):
    words, target = _split(text)
    if not words or Path(target).suffix != ".ipynb":
        problem = "write {colab}`text <path/from/the/root.ipynb>`"
        raise SourceProblem(page.path, line, problem)
    return f"[{words}]({page.address.colab(target)})"


ROLES = {
    "cite": _cite,
    "cite:p": _cite,
    "cite:t": _cite,
    "eq": _eq,
    "ref": _ref,
    "numref": _numref,
    "doc": _doc,
    "term": _term,
    "colab": _colab,
}


def _from(page, target, words, anchor=""):
    """`words`, linked to the published page unless it is the one that the reader has open."""
    if target.path == page.path:
        return words
    fragment = re.sub(r"[^a-z0-9]+", "-", anchor.lower()).strip("-")
    return f"[{words}]({page.address.page(target.path)}{'#' + fragment if fragment else ''})"


def _resolve(target, line, page):
    """A path written on `page` as a path from the root; it must exist."""
    base = "" if target.startswith("/") else posixpath.dirname(page.path)
    path = posixpath.normpath(posixpath.join(base, target.lstrip("/")))
    if not Path(page.index.root, path).exists():
        near = difflib.get_close_matches(path, page.index.paths, n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise SourceProblem(
            page.path, line, f"the link leads to {path}, which does not exist{hint}"
        )
    return path


def _link(token, line, page):
    target, _, fragment = token["target"].strip("<>").partition("#")
    fragment = "#" + fragment if fragment else ""
    title = token["title"] or ""
    if token["bang"]:
        return image(token["text"], token["target"], line, page, title)
    words = plain_text(token["text"], line, page)
    if re.match(r"[a-z]+:", target):
        return f"[{words}]({target}{fragment}{title})"
    if not target:
        return _ref("ref", f"{words} <{fragment[1:]}>", line, page)
    path = _resolve(target, line, page)
    if path.endswith(".md") and path in page.index.paths:
        if fragment:
            problem = f"a label is linked without its page: [words]({fragment})"
            raise SourceProblem(page.path, line, problem)
        words = words or page.index.page(path).title
        return f"[{words}]({page.address.page(path)}{title})"
    if path.endswith(".ipynb"):
        return f"[{words}]({page.address.colab(path)})"
    return f"[{words}]({page.address.file(path)}{fragment}{title})"


def image(alt, source, line, page, title=""):
    """A Markdown image that Colab can load: from the repository, by its full address."""
    if not alt.strip():
        raise SourceProblem(page.path, line, f"the image {source} needs a text in its place (alt)")
    if not source.startswith("https://"):
        source = page.address.raw(_resolve(source, line, page))
    return f"![{alt}]({source}{title})"
