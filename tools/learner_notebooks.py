"""A learner's notebook, made from a notebook with solutions.

The solution notebook is the only source. Whatever stands between the two lines

    ### BEGIN SOLUTION
    ### END SOLUTION

of a code cell is taken out. One convention says what takes its place:

- inside a function: `raise NotImplementedError("your turn")`, indented like the markers;
- at the top of the cell: `name = None  # your turn` for each name that the region assigns.

Cells tagged `solution-only` are dropped, outputs are removed, and a cell that held a solution loses
the tags that hide it. `tools/notebooks.py` reads and writes the files.
"""

import ast
import copy
import re

from nbformat import NotebookNode

BEGIN = "### BEGIN SOLUTION"
END = "### END SOLUTION"
STUB = 'raise NotImplementedError("your turn")'
DROP_TAG = "solution-only"
HIDING_TAGS = {"hide-cell", "hide-input"}

# Looser than the markers themselves, so that a misspelt marker is an error and not a leak.
_NEARLY_A_MARKER = re.compile(r"^\s*#+\s*(begin|end)[\s_-]*solutions?\b", re.IGNORECASE)


class MarkerError(ValueError):
    """The solution markers of a notebook are wrong; the message names the file and the cell."""


def learner_notebook(solution_nb: NotebookNode, name: str = "notebook") -> NotebookNode:
    """The learner's notebook for `solution_nb`, which is left as it is.

    Args:
        solution_nb: a notebook whose code cells may hold solution regions.
        name: what error messages call the notebook, usually its path.

    Raises:
        MarkerError: markers that do not pair up, stand in a text cell, or cannot be replaced.
    """
    learner = copy.deepcopy(solution_nb)
    kept = []
    for number, cell in enumerate(learner.cells, start=1):
        if DROP_TAG in cell.metadata.get("tags", []):
            continue
        where = f"{name}, cell {number}"
        if cell.cell_type == "code":
            _clear_outputs(cell)
            if has_solution(cell.source):
                cell.source = without_solution(cell.source, where)
                _show_cell(cell)
        elif has_solution(cell.source):
            raise MarkerError(
                f"{where}: a solution marker in a text cell. "
                f"Put the text in a cell of its own, tagged `{DROP_TAG}`."
            )
        kept.append(cell)
    learner.cells = kept
    return learner


def has_solution(source: str) -> bool:
    """Whether a cell's source holds a solution marker, well written or not."""
    return any(_NEARLY_A_MARKER.match(line) for line in source.splitlines())


def without_solution(source: str, where: str = "cell") -> str:
    """The source of a code cell with every solution region replaced by its stub."""
    lines = source.splitlines()
    tree = _parse(source, f"{where}: a cell with a solution must be plain Python")
    result, position = [], 0
    for begin, end in _regions(lines, where):
        result += lines[position:begin] + _stub(tree, lines, begin, end, where)
        position = end + 1
    stubbed = "\n".join(result + lines[position:])
    _parse(stubbed, f"{where}: without its solution the cell is no longer Python")
    return stubbed


def _regions(lines, where):
    """The (begin, end) line indices of each region, checked to alternate."""
    regions, begin = [], None
    for index, line in enumerate(lines):
        if not _NEARLY_A_MARKER.match(line):
            continue
        marker, at = line.strip(), f"{where}, line {index + 1}"
        if marker not in (BEGIN, END):
            raise MarkerError(f"{at}: write `{BEGIN}` or `{END}`, not `{marker}`.")
        if marker == BEGIN and begin is not None:
            raise MarkerError(f"{at}: a second `{BEGIN}` before `{END}`.")
        if marker == END and begin is None:
            raise MarkerError(f"{at}: `{END}` without `{BEGIN}`.")
        if marker == END:
            regions.append((begin, index))
        begin = index if marker == BEGIN else None
    if begin is not None:
        raise MarkerError(f"{where}, line {begin + 1}: `{BEGIN}` without `{END}`.")
    return regions


def _stub(tree, lines, begin, end, where):
    """The lines that stand in for the region between the markers at `begin` and `end`."""
    at = f"{where}, line {begin + 1}"
    # Line numbers of the tree start at 1, so the region's own lines are begin + 2 … end.
    statements = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.stmt) and begin + 1 < node.lineno <= end
    ]
    if not statements:
        raise MarkerError(f"{at}: the solution is empty.")
    indent = lines[begin][: len(lines[begin]) - len(lines[begin].lstrip())]
    if indent:
        functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
        if not any(_holds(function, begin, statements) for function in functions):
            raise MarkerError(f"{at}: an indented solution must lie inside one function.")
        return [indent + STUB]
    top = [statement for statement in tree.body if statement in statements]
    names = _assigned_names(top)
    if not names:
        raise MarkerError(
            f"{at}: a solution at the top of a cell may only assign names. "
            "For a function, put the markers inside it."
        )
    return [f"{name} = None  # your turn" for name in names]


def _holds(function, begin, statements):
    return function.lineno <= begin and all(
        statement.end_lineno <= function.end_lineno for statement in statements
    )


def _assigned_names(statements):
    """The names that plain assignments bind; none where any statement is something else."""
    targets = []
    for statement in statements:
        if not isinstance(statement, ast.Assign | ast.AnnAssign):
            return []
        targets += statement.targets if isinstance(statement, ast.Assign) else [statement.target]
    nodes = [node for target in targets for node in ast.walk(target)]
    stored = [n for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)]
    return list(dict.fromkeys(node.id for node in stored))


def _parse(source, complaint):
    try:
        return ast.parse(source)
    except SyntaxError as error:
        raise MarkerError(f"{complaint} (line {error.lineno}: {error.msg}).") from error


def _clear_outputs(cell):
    cell.outputs = []
    cell.execution_count = None


def _show_cell(cell):
    tags = [tag for tag in cell.metadata.get("tags", []) if tag not in HIDING_TAGS]
    if tags:
        cell.metadata["tags"] = tags
    else:
        cell.metadata.pop("tags", None)
