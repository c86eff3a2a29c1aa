"""Shared by the tests of the exercises: solution sources, and mutations of them."""

import ast
import contextlib
import copy
import io
import sys
from pathlib import Path

import jupytext

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tools"))

from learner_notebooks import learner_notebook  # noqa: E402

PREAMBLE = """
import math
import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp
tfd = tfp.distributions
"""


def solution_notebook(chapter):
    return jupytext.read(ROOT / "exercises" / "solutions" / f"{chapter}.md")


def learners(chapter):
    return learner_notebook(solution_notebook(chapter), chapter)


def run_cells(notebook):
    """Run the code cells of a notebook in this process; returns its names and what it printed."""
    names = {"__name__": "notebook"}
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        for cell in notebook.cells:
            if cell.cell_type == "code":
                exec(compile(cell.source, "<cell>", "exec"), names)
    return names, printed.getvalue()


def function_from(source, name):
    names = {}
    exec(compile(PREAMBLE + source, "<answer>", "exec"), names)
    return names[name]


def function_sources(notebook):
    """Function name → source, for the cells that hold a solution."""
    sources = {}
    for cell in notebook.cells:
        if cell.cell_type == "code" and "BEGIN SOLUTION" in cell.source:
            for node in ast.parse(cell.source).body:
                if isinstance(node, ast.FunctionDef):
                    sources[node.name] = cell.source
    return sources


def mutants(source):
    """(what was changed, source) for every single small slip in `source`."""
    tree = ast.parse(source)
    seen = {ast.unparse(tree)}
    for index, node in enumerate(ast.walk(tree)):
        for replacement in _slips(node, tree):
            changed = ast.parse(source)  # a fresh tree, ten times faster than a deep copy
            text = ast.unparse(_Replace(list(ast.walk(changed))[index], replacement).visit(changed))
            if text not in seen and _is_python(text):
                seen.add(text)
                yield f"{ast.unparse(node)} → {ast.unparse(replacement)}", text


def _is_python(text):
    try:
        compile(text, "<mutant>", "exec")
    except SyntaxError:
        return False
    return True


class _Replace(ast.NodeTransformer):
    def __init__(self, old, new):
        self.old, self.new = old, new

    def visit(self, node):
        return copy.deepcopy(self.new) if node is self.old else self.generic_visit(node)


_OTHER = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult}
_NAMES = {
    "reduce_sum": ["reduce_mean"],
    "reduce_mean": ["reduce_sum"],
    "sum": ["mean"],
    "mean": ["sum"],
    "exp": ["log", "square"],
    "log": ["exp"],
    "log1p": ["log"],
    "logaddexp": ["maximum"],
    "softplus": ["sigmoid"],
}


def _slips(node, tree):
    """Flipped signs, dropped terms, factors of 2, sums for means, lost calls, swapped arguments.

    What changes nothing is left out: axis −1 for 1 in a matrix, −0 for 0, another argument's
    shape or dtype, a list for a tuple.
    """
    if isinstance(node, ast.BinOp):
        if type(node.op) in _OTHER:
            yield ast.BinOp(node.left, _OTHER[type(node.op)](), node.right)
        yield node.left
        yield node.right
    elif isinstance(node, ast.UnaryOp) and not isinstance(node.operand, ast.Constant):
        yield node.operand
    elif isinstance(node, ast.keyword) and node.arg == "axis":
        yield ast.keyword("axis", ast.Constant(0))
        yield ast.keyword("axis", ast.Constant(None))
    elif isinstance(node, ast.Constant) and isinstance(node.value, float):
        slips = {2 * node.value, -node.value, node.value + 1} - {0.0}
        yield from (ast.Constant(value) for value in sorted(slips))
    elif isinstance(node, ast.Attribute):
        for name in _NAMES.get(node.attr, []):
            yield ast.Attribute(node.value, name, node.ctx)
    elif isinstance(node, ast.Return):
        yield ast.Return(ast.UnaryOp(ast.USub(), node.value))
    elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
        names = [arg.arg for arg in tree.body[0].args.args]
        if node.id in names and not _asks_only_for_its_form(node, tree):
            yield from (ast.Name(other, ast.Load()) for other in names if other != node.id)
    if isinstance(node, ast.Call) and len(node.args) == 1 and _name(node) not in ("float", "tuple"):
        yield node.args[0]


def _asks_only_for_its_form(name, tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in ("shape", "dtype"):
            form_of = node.value
        elif isinstance(node, ast.Call) and _name(node) in ("len", "tf.zeros_like", "tf.ones_like"):
            form_of = node.args[0]
        else:
            continue
        if form_of is name:
            return True
    return False


def _name(call):
    return ast.unparse(call.func)
