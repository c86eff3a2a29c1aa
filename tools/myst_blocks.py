"""MyST text cut into blocks: plain text, HTML, code, display math, directives, targets, comments.

Only what the course's pages may use (CONTRIBUTING.md, "How a chapter is written"). Anything else
is a SourceProblem that names the file and the line: nothing passes through half understood.
"""

import re
from dataclasses import dataclass, field

import yaml

FENCE = re.compile(r"(?P<indent>\s*)(?P<fence>`{3,}|~{3,}|:{3,})(?P<info>.*)$")
DIRECTIVE = re.compile(r"\{(?P<name>[\w:.-]+)\}\s*(?P<argument>.*)$")
OPTION = re.compile(r":(?P<key>[\w-]+):(?:\s+(?P<value>.*))?$")
MATH_END = re.compile(r"(?P<body>.*?)\$\$\s*(?:\((?P<label>[^()\s]+)\))?\s*$")
TARGET = re.compile(r"\((?P<label>[^()\s]+)\)=\s*$")
FENCE_IN_LIST = re.compile(r"\s*(?:[-*+>]|\d+[.)])\s+(`{3,}|~{3,}|:{3,}|\$\$)")
# The tags that CommonMark takes as the start of an HTML block, up to the next empty line.
HTML = re.compile(
    r"\s*(?:<!--|</?(?:details|summary|div|p|table|thead|tbody|tr|td|th|figure|figcaption|section"
    r"|center|iframe|ul|ol|li|dl|dt|dd|hr|h[1-6]|blockquote)(?=[\s/>]|$))",
    re.IGNORECASE,
)


class SourceProblem(ValueError):
    """A page that cannot become a notebook; the message names file, line and remedy."""

    def __init__(self, file, line, message):
        super().__init__(f"{file}:{line}: {message}")


@dataclass
class Block:
    """One block: `lines` is its body without fences and without the block's own indent."""

    kind: str  # "text", "html", "code", "math", "directive", "target" or "comment"
    line: int  # the block's first line in the file, from 1
    lines: list = field(default_factory=list)
    indent: str = ""
    label: str = ""  # of math and targets
    name: str = ""  # of directives; of code: the opening line
    argument: str = ""
    options: dict = field(default_factory=dict)
    body_line: int = 0  # where `lines` begins in the file


def parse_blocks(lines, first_line, file):
    """The blocks of `lines`, whose first is number `first_line` of `file`."""
    blocks, position = [], 0
    while position < len(lines):
        block, position = _next_block(lines, position, first_line, file)
        last = blocks[-1] if blocks else None
        if last and block.kind == last.kind == "text":
            last.lines += block.lines
        else:
            blocks.append(block)
    return blocks


def _next_block(lines, start, first_line, file):
    """The block that begins at `start`, and the position after it."""
    line, number = lines[start], first_line + start
    stripped = line.strip()
    fence = FENCE.match(line)
    if fence and not (fence["fence"][0] == "`" and "`" in fence["info"]):
        return _fenced(lines, start, fence, number, file)
    if FENCE_IN_LIST.match(line):
        raise SourceProblem(file, number, "a fence or $$ after a list mark: begin it on a new line")
    if stripped.startswith("$$"):
        return _math(lines, start, number, file)
    if target := TARGET.match(stripped):
        return Block("target", number, label=target["label"]), start + 1
    if line.startswith("%"):
        return Block("comment", number), start + 1
    if HTML.match(line):
        end = start
        while end < len(lines) and lines[end].strip():
            end += 1
        return Block("html", number, lines[start:end]), end
    return Block("text", number, [line]), start + 1


def _fenced(lines, start, opening, number, file):
    fence, indent, info = opening["fence"], opening["indent"], opening["info"].strip()
    closing = re.compile(rf"\s*{re.escape(fence[0])}{{{len(fence)},}}\s*$")
    end = start + 1
    while end < len(lines) and not closing.match(lines[end]):
        end += 1
    if end == len(lines):
        raise SourceProblem(file, number, f"this {fence}{info} is never closed (in this cell)")
    body = [_without_indent(line, indent) for line in lines[start + 1 : end]]
    directive = DIRECTIVE.match(info)
    if directive:
        block = Block("directive", number, body, indent, name=directive["name"])
        block.argument = directive["argument"].strip()
        block.body_line = number + 1
        _take_options(block, file)
    elif fence[0] == ":":
        raise SourceProblem(file, number, "a ::: fence needs a directive, for instance :::{note}")
    else:
        block = Block("code", number, body, indent, name=fence + info)
    return block, end + 1


def _take_options(block, file):
    """Move the options at the top of a directive's body into `block.options`."""
    lines, count = block.lines, 0
    if lines and lines[0].strip() == "---":
        count = next((i for i, line in enumerate(lines[1:], 1) if line.strip() == "---"), None)
        if count is None:
            raise SourceProblem(file, block.line, "the options between --- lines never end")
        block.options = yaml.safe_load("\n".join(lines[1:count])) or {}
        count += 1
    else:
        while count < len(lines) and (option := OPTION.match(lines[count])):
            block.options[option["key"]] = (option["value"] or "").strip()
            count += 1
    block.lines, block.body_line = lines[count:], block.body_line + count


def _math(lines, start, number, file):
    indent = lines[start][: len(lines[start]) - len(lines[start].lstrip())]
    texts = [lines[start].strip()[2:], *lines[start + 1 :]]
    body = []
    for offset, text in enumerate(texts):
        if end := MATH_END.match(text):
            body.append(end["body"])
            body = [_without_indent(line, indent).rstrip() for line in body]
            body = [line for line in body if line.strip()]
            body[:1] = [line.lstrip() for line in body[:1]]
            label = end["label"] or ""
            return Block("math", number, body, indent, label), start + offset + 1
        if "$$" in text:
            raise SourceProblem(
                file, number + offset, "text after the closing $$: begin a new line"
            )
        if offset and not text.strip():
            raise SourceProblem(
                file,
                number + offset,
                "an empty line inside $$ … $$: Jupyter ends the formula there",
            )
        body.append(text)
    raise SourceProblem(file, number, "this $$ is never closed")


def _without_indent(line, indent):
    return line[len(indent) :] if line.startswith(indent) else line.lstrip()
