"""Mutants: the source of a module with one small thing changed, one mutant for each such thing."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

_COMPARED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
}
_JOINED: dict[type[ast.operator], type[ast.operator]] = {
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.Mult: ast.Add,
}
_NAMED = {
    "both": "either",
    "either": "both",
    "YES": "NO",
    "NO": "YES",
    "UNKNOWN": "NO",
    "CRITICAL": "HIGH",
    "HIGH": "MEDIUM",
    "MEDIUM": "LOW",
    "LOW": "MEDIUM",
    "INFO": "LOW",
}
_SKIPPED_KEYWORDS = {
    *("column", "side", "dtype", "n_groups", "minlength", "initial", "axis", "implied_by"),
}
# Names under which a rule hands facts on: the texts that are made of them have tests of their own.
_FACTS = {"value", "what", "cause", "wrong", "bits", "evidence", "status", "n"}


@dataclass(frozen=True)
class Mutant:
    """One changed thing.

    ``function`` is where it stands, empty for the module's own level; ``line`` and ``what`` tell
    a reader which it is.
    """

    module: str
    function: str
    line: int
    what: str
    tree: ast.Module

    def load(self) -> dict[str, Any]:
        """Run the changed source; give its names."""
        names: dict[str, Any] = {"__name__": f"{self.module}_mutant", "__package__": None}
        exec(compile(self.tree, self.module, "exec"), names)  # noqa: S102  our own source
        return names


def mutants_of(module: ModuleType) -> Iterator[Mutant]:
    """Every mutant of a module."""
    assert module.__file__ is not None
    source = Path(module.__file__).read_text(encoding="utf-8")
    places = list(_places(ast.parse(source)))
    for number in range(len(places)):
        tree = ast.parse(source)
        function, node = list(_places(tree))[number]
        for what, changed in _changes(node):
            mutated = copy.deepcopy(tree)
            _, target = list(_places(mutated))[number]
            setattr(target, *changed)
            yield Mutant(module.__name__, function, node.lineno, what, mutated)


def _places(tree: ast.Module) -> Iterator[tuple[str, Any]]:
    """Every node that can be changed, with the function around it, in a fixed order."""
    for statement in tree.body:
        if isinstance(statement, ast.Import | ast.ImportFrom):
            continue
        name = statement.name if isinstance(statement, ast.FunctionDef) else ""
        roots = statement.body if isinstance(statement, ast.FunctionDef) else [statement]
        for root in roots:
            if isinstance(root, ast.Expr) and isinstance(root.value, ast.Constant):
                continue  # a docstring
            yield from ((name, node) for node in _nodes(root))


def _nodes(root: ast.AST) -> Iterator[Any]:
    """The changeable nodes below one statement."""
    if isinstance(root, ast.JoinedStr):
        return  # words for a reader
    if isinstance(root, ast.keyword) and root.arg in _SKIPPED_KEYWORDS:
        return
    if isinstance(root, ast.AnnAssign):
        if root.value is not None:
            yield from _nodes(root.value)
        return
    if list(_changes(root)):
        yield root
    for child in ast.iter_child_nodes(root):
        yield from _nodes(child)


def _changes(node: Any) -> Iterator[tuple[str, Any]]:
    """What can be changed of a node: in words, and what it becomes."""
    if isinstance(node, ast.Compare) and type(node.ops[0]) in _COMPARED:
        new = _COMPARED[type(node.ops[0])]
        yield f"{type(node.ops[0]).__name__} becomes {new.__name__}", ("ops", [new()])
    elif isinstance(node, ast.BinOp) and type(node.op) in _JOINED:
        new_op = _JOINED[type(node.op)]
        yield f"{type(node.op).__name__} becomes {new_op.__name__}", ("op", new_op())
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Invert):
        yield "an inversion is gone", ("op", ast.UAdd())
    elif isinstance(node, ast.Name) and node.id in _NAMED and isinstance(node.ctx, ast.Load):
        yield f"{node.id} becomes {_NAMED[node.id]}", ("id", _NAMED[node.id])
    elif isinstance(node, ast.Constant) and type(node.value) is int:
        yield f"{node.value} becomes {node.value + 1}", ("value", node.value + 1)
    elif isinstance(node, ast.Constant) and isinstance(node.value, str) and _is_word(node.value):
        yield f"{node.value!r} becomes another word", ("value", f"{node.value}~")


def _is_word(text: str) -> bool:
    """A value of a column; neither a sentence, nor a mark, nor the name of a fact."""
    return " " not in text and any(map(str.isalnum, text)) and text not in _FACTS
