"""A page's cells as plain Markdown and code, which read the same in Colab and in Jupyter."""

import re
from dataclasses import dataclass

import nbformat
from course_index import CourseIndex, figure_settings, read_cells
from myst_blocks import SourceProblem, parse_blocks
from myst_text import image, plain_text
from repository import Address

TITLES = {
    "note": "Note",
    "tip": "Tip",
    "hint": "Hint",
    "important": "Important",
    "warning": "Warning",
    "caution": "Caution",
    "seealso": "See also",
    "admonition": "",
}
FIGURE_OPTIONS = {"alt", "name", "width", "height", "align", "figclass", "class", "scale"}
MARKDOWN_IN_HTML = re.compile(r"[$`{]|\*\*|\]\(")


@dataclass
class PageContext:
    """What the conversion of one page needs to know, and its count of figures so far."""

    path: str
    index: CourseIndex
    address: Address
    figures: int = 0


def plain_cells(page):
    """The notebook cells of a page: Markdown without MyST, code with its tags."""
    cells = []
    for cell in read_cells(page.index.root, page.path).cells:
        line = cell.metadata["line"]
        if cell.cell_type == "markdown":
            text = plain_markdown(cell.source, line, page)
            if text:
                cells.append(nbformat.v4.new_markdown_cell(text, metadata=_tags(cell)))
        elif cell.cell_type == "code":
            unknown = set(cell.metadata) - {"tags", "mystnb", "line"}
            if unknown:
                raise SourceProblem(page.path, line, f"unknown cell settings: {sorted(unknown)}")
            cells.append(nbformat.v4.new_code_cell(cell.source, metadata=_tags(cell)))
            cells += _caption_cell(cell, line, page)
        else:
            raise SourceProblem(page.path, line, "raw cells are not used here")
    return cells


def plain_markdown(text, line, page):
    """MyST text as plain Markdown; `line` is its first line in the file."""
    return "\n".join(_convert(text.splitlines(), line, page)).strip("\n")


def _tags(cell):
    tags = cell.metadata.get("tags") or []
    return {"tags": list(tags)} if tags else {}


def _caption_cell(cell, line, page):
    """Below a figure: its number and caption, and its description for those who cannot see it."""
    caption = figure_settings(cell).get("caption")
    if not caption:
        return []
    alt = (cell.metadata["mystnb"].get("image") or {}).get("alt", "")
    if not alt.strip():
        raise SourceProblem(page.path, line, "a figure needs mystnb: image: alt: its text in words")
    page.figures += 1
    text = f"**Figure {page.figures}.** {_one_line(caption, line, page)}\n\n" + (
        f"<details><summary>Figure {page.figures} in words</summary>\n\n"
        f"{' '.join(alt.split())}\n\n</details>"
    )
    return [nbformat.v4.new_markdown_cell(text)]


def _one_line(text, line, page):
    return plain_text(" ".join(text.split()), line, page)


def _convert(lines, first_line, page, quoted=False):
    """Lines of MyST as lines of plain Markdown, without double empty lines outside of code."""
    result = []
    for block in parse_blocks(lines, first_line, page.path):
        if block.kind == "code":
            opening = block.name
            fence = opening[: len(opening) - len(opening.lstrip("`~"))]
            result += [block.indent + line for line in (opening, *block.lines, fence)]
            continue
        for line in _convert_block(block, page, quoted):
            if line.strip() or (result and result[-1].strip()):
                result.append(block.indent + line if line.strip() else "")
    return result


def _convert_block(block, page, quoted):
    if block.kind == "text":
        return _paragraphs(block, page)
    if block.kind == "html":
        return _html(block, page)
    if block.kind == "math":
        return _math(block, page, quoted)
    if block.kind == "directive":
        return ["", *_directive(block, page), ""]
    return []  # targets and comments


def _paragraphs(block, page):
    result, paragraph = [], []
    for number, line in enumerate([*block.lines, ""], start=block.line):
        if line.strip():
            paragraph.append(line)
            continue
        if paragraph:
            text = plain_text("\n".join(paragraph), number - len(paragraph), page)
            result += text.split("\n")
        result.append("")
        paragraph = []
    return result[:-1] if block.lines[-1].strip() else result


def _html(block, page):
    """HTML stays, but neither the book nor Jupyter reads Markdown inside of an HTML block."""
    for number, line in enumerate(block.lines, start=block.line):
        if MARKDOWN_IN_HTML.search(line):
            problem = "Markdown and math are not read inside HTML: leave an empty line before them"
            raise SourceProblem(page.path, number, problem)
    return block.lines


def _math(block, page, quoted):
    number = page.index.page(page.path).equations.get(block.label)
    lines = block.lines + ([rf"\tag{{{number}}}"] if block.label else [])
    if quoted:
        # Jupyter takes formulas out before it reads quotes, so a "> " within one would stay in it.
        return [f"$${' '.join(line.strip() for line in lines)}$$"]
    return ["$$", *lines, "$$"]


def _directive(block, page):
    if block.name in TITLES:
        return _admonition(block, page)
    if block.name == "figure":
        return _figure(block, page)
    if block.name == "image":
        _check_options(block, FIGURE_OPTIONS, page)
        return [image(block.options.get("alt", ""), block.argument, block.line, page)]
    known = ", ".join(f"{{{name}}}" for name in [*TITLES, "figure", "image"])
    hint = "write $$ … $$ (label)" if block.name == "math" else f"known: {known}"
    raise SourceProblem(
        page.path, block.line, f"the directive {{{block.name}}} is not used here; {hint}"
    )


def _admonition(block, page):
    _check_options(block, {"class", "name"}, page)
    lines, title = block.lines, TITLES[block.name]
    if block.name == "admonition":
        title = plain_text(block.argument, block.line, page)
        if not title:
            raise SourceProblem(page.path, block.line, "an {admonition} needs a title")
    elif block.argument:
        # For a named admonition MyST takes the words after its name as the first paragraph.
        lines = [block.argument, *lines]
    start = block.body_line - (len(lines) - len(block.lines))
    body = _convert(lines, start, page, quoted=True)
    while body and not body[-1].strip():
        body.pop()
    return [f"> **{title}**", ">", *(f"> {line}".rstrip() for line in body)]


def _figure(block, page):
    _check_options(block, FIGURE_OPTIONS, page)
    result = [image(block.options.get("alt", ""), block.argument, block.line, page)]
    body = _convert(block.lines, block.body_line, page)
    if any(line.strip() for line in body):
        page.figures += 1
        caption = next(index for index, line in enumerate(body) if line.strip())
        result += ["", f"**Figure {page.figures}.** {body[caption]}", *body[caption + 1 :]]
    return result


def _check_options(block, known, page):
    unknown = set(block.options) - known
    if unknown:
        problem = f"{{{block.name}}} has no option {sorted(unknown)} here; known: {sorted(known)}"
        raise SourceProblem(page.path, block.line, problem)
