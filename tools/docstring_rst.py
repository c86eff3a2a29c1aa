"""The house's docstrings as reStructuredText, for Sphinx and its extension napoleon.

A docstring of this house is plain text that reads well in `help()`: indented formulas, `code` in
single backticks, "Args:" and the other headings of Google's style, "Args, Returns: as for `x`.",
and at the end "Source:" and "Chapter:". Napoleon knows the headings; the rest is turned here.
"""

import re

from api_index import FIELD, chapters

HEADINGS = ("Args", "Attributes", "Returns", "Raises")
SECTION = re.compile(rf"({'|'.join(HEADINGS)}):$")
ANY_OF = rf"(?:{'|'.join(HEADINGS)})"
COMPOUND = re.compile(rf"(?P<label>{ANY_OF}(?:, {ANY_OF})*): +(?P<text>\S.*)")
# What is markup to us and stays so (code, bold), and what is markup to reStructuredText alone.
INLINE = re.compile(r"`(?P<code>[^`]+)`|(?P<bold>\*\*\S(?:.*?\S)?\*\*)|(?P<mark>[\\*|]|_(?!\w))")
# "D. Blei" or "sd: s." would begin a numbered list.
NUMBER = re.compile(r"((?:^\s*|: )(?:[A-Za-z]|\d+))(?=[.)](?: |$))")
BULLET = re.compile(r"\s*[*-] ")


def to_rst(lines, link, chapter_link, inherited=()):
    """The lines of a docstring (without its common indent) as reStructuredText.

    Args:
        lines: the docstring.
        link: code → a role, or None where it is no public name.
        chapter_link: "foundations/elbo" → a role or a text.
        inherited: (label, text) of fields that the docstring may leave to its module.
    """
    body, fields = [], []
    position = 0
    while position < len(lines):
        line = lines[position]
        if SECTION.match(line):
            end = _block_end(lines, position + 1)
            # Napoleon would take what stands before a colon in "Returns:" for a type.
            head = ":returns:" if line == "Returns:" else line
            body += [head, *(inline(each, link) for each in lines[position + 1 : end]), ""]
        elif match := COMPOUND.match(line) or FIELD.match(line):
            end = _field_end(lines, position + 1)
            text = [match["text"], *(each.strip() for each in lines[position + 1 : end])]
            fields.append((match["label"], " ".join(text)))
        elif line.startswith(" ") and (not position or not lines[position - 1].strip()):
            end = _block_end(lines, position)
            body += [".. code-block:: text", "", *lines[position:end], ""]
        else:
            end = position + 1
            body.append(inline(line, link))
        position = end
    present = {label for label, _ in fields}
    fields += [(label, text) for label, text in inherited if text and label not in present]
    rendered = [_field(label, text, link, chapter_link) for label, text in fields]
    return [*body, "", *rendered]


def inline(text, link):
    """One line of text: code as a literal or a link, and nothing that is markup by accident."""
    start = BULLET.match(text)
    head, text = (start[0], text[start.end() :]) if start else ("", text)

    def replace(match):
        if code := match["code"]:
            return link(code) or f"``{code}``"
        return match["bold"] or "\\" + match["mark"]

    return head + NUMBER.sub(r"\1\\", INLINE.sub(replace, text))


def _block_end(lines, start):
    """The first line from `start` on that stands at the left border."""
    end = start
    while end < len(lines) and (not lines[end].strip() or lines[end].startswith(" ")):
        end += 1
    return end


def _field_end(lines, start):
    end = start
    while end < len(lines) and lines[end].strip():
        if any(pattern.match(lines[end]) for pattern in (SECTION, COMPOUND, FIELD)):
            break
        end += 1
    return end


def _field(label, text, link, chapter_link):
    if label == "Chapter":
        text = ", ".join(chapter_link(name) for name in chapters(text))
    else:
        text = inline(text, link)
    return f":{label.replace('Args', 'Parameters')}: {text}"
