"""Mechanical mutants: small changes to a variant's source, to test how strong a case's own check is.

Flips comparisons, shifts integer constants by one, swaps operators and drops statements.
"""

from __future__ import annotations

import ast
import copy
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import module_from_spec, spec_from_loader
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.lab.catalogue import Found

_FLIPPED: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
}
_SWAPPED: dict[type[ast.operator], tuple[type[ast.operator], ...]] = {
    ast.Add: (ast.Sub,),
    ast.Sub: (ast.Add,),
    ast.Mult: (ast.Add,),
    ast.Div: (ast.Mult,),
    ast.FloorDiv: (ast.Mult,),
    ast.Mod: (ast.FloorDiv,),
    ast.BitAnd: (ast.BitOr,),
    ast.BitOr: (ast.BitAnd,),
    ast.LShift: (ast.RShift,),
    ast.RShift: (ast.LShift,),
}
_DROPPABLE = (ast.Assign, ast.AugAssign, ast.Expr, ast.Continue, ast.Break, ast.If)


@dataclass(frozen=True, slots=True)
class Mutation:
    """One change: where, and what it says."""

    line: int
    what: str


def mutations_of(source: str | bytes) -> list[Mutation]:
    """Every mutation of a module's functions, in a fixed order.

    Bytes are read as Python reads a file: by its coding line or its byte order mark, else UTF-8.
    """
    return [mutation for mutation, _ in _mutated(ast.parse(source))]


def import_mutated(found: Found, variant: str, index: int) -> ModuleType:
    """Import a variant with its ``index``-th mutation, beside the unchanged one."""
    file = found.source(variant)
    for number, (_, tree) in enumerate(_mutated(ast.parse(file.read_bytes()))):
        if number == index:
            return _module(tree, f"{found.module}.{variant}_mutation_{index}", str(file))
    message = f"{variant} has no mutation {index}"
    raise IndexError(message)


def _module(tree: ast.Module, name: str, file: str) -> ModuleType:
    spec = spec_from_loader(name, loader=None, origin=file)
    assert spec is not None
    module = module_from_spec(spec)
    module.__file__ = file
    module.__package__ = name.rpartition(".")[0]
    sys.modules[name] = module
    exec(compile(tree, file, "exec"), module.__dict__)  # noqa: S102  the user's own variant, changed in one place
    return module


def _mutated(tree: ast.Module) -> Iterator[tuple[Mutation, ast.Module]]:
    """Yield each mutation with a tree of its own."""
    never_run = _unevaluated(tree)
    for number, node in enumerate(ast.walk(tree)):
        for what, change in _changes(node) if node not in never_run else ():
            fresh = copy.deepcopy(tree)
            target = next(
                other for position, other in enumerate(ast.walk(fresh)) if position == number
            )
            change(target)
            yield Mutation(getattr(node, "lineno", 0), what), ast.fix_missing_locations(fresh)


def _unevaluated(tree: ast.Module) -> set[ast.AST]:
    """Annotations that nobody evaluates: a change in ``int | None`` changes nothing that any check could see.

    Those of local variables always, those of parameters and results where they are only text.  Those of a class's fields stay: frameworks read them.
    """
    functions = [
        node for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    ]
    texts = any(
        isinstance(node, ast.ImportFrom)
        and node.module == "__future__"
        and any(alias.name == "annotations" for alias in node.names)
        for node in tree.body
    )
    annotations: list[ast.expr | None] = [
        node.annotation
        for function in functions
        for node in _own(function)
        if isinstance(node, ast.AnnAssign)
    ]
    if texts:
        annotations += [
            node.annotation
            for function in functions
            for node in ast.walk(function.args)
            if isinstance(node, ast.arg)
        ]
        annotations += [function.returns for function in functions]
    return {
        inner
        for annotation in annotations
        if annotation is not None
        for inner in ast.walk(annotation)
    }


def _own(function: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[ast.AST]:
    """The nodes of a function's own body, not of classes in it."""
    waiting: list[ast.AST] = list(function.body)
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, ast.ClassDef):
            waiting += ast.iter_child_nodes(node)


def _changes(node: ast.AST) -> Iterator[tuple[str, _Change]]:
    if isinstance(node, ast.Compare):
        for place, operator in enumerate(node.ops):
            for other in _FLIPPED.get(type(operator), ()):
                yield f"{type(operator).__name__} -> {other.__name__}", _Change(place, other)
    elif isinstance(node, (ast.BinOp, ast.AugAssign)):
        for swapped in _SWAPPED.get(type(node.op), ()):
            yield f"{type(node.op).__name__} -> {swapped.__name__}", _Change(0, swapped)
    elif isinstance(node, ast.BoolOp):
        yield "and <-> or", _Change(0, ast.Or if isinstance(node.op, ast.And) else ast.And)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.Not, ast.USub)):
        yield f"drop {type(node.op).__name__}", _Change(0, None)
    elif isinstance(node, ast.Constant) and type(node.value) is int:
        for shift in (1, -1):
            yield f"{node.value} -> {node.value + shift}", _Change(shift, None)
    yield from _drops(node)


def _drops(node: ast.AST) -> Iterator[tuple[str, _Change]]:
    if isinstance(
        node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.For, ast.While, ast.If, ast.With)
    ):
        for place, statement in enumerate(node.body):
            is_docstring = isinstance(statement, ast.Expr) and isinstance(
                statement.value, ast.Constant
            )
            if isinstance(statement, _DROPPABLE) and not is_docstring:
                yield (
                    f"drop {type(statement).__name__} at line {statement.lineno}",
                    _Change(place, ast.Pass),
                )


@dataclass(frozen=True, slots=True)
class _Change:
    """Applied to the node of a copy of the tree."""

    place: int
    kind: type[ast.AST] | None

    def __call__(self, node: ast.AST) -> None:
        if self.kind is ast.Pass:
            node.body[self.place] = ast.Pass()  # type: ignore[attr-defined]  # only nodes with a body get here
        elif isinstance(node, ast.Compare):
            node.ops[self.place] = self.kind()  # type: ignore[assignment, misc]  # a comparison's operator
        elif isinstance(node, (ast.BinOp, ast.AugAssign, ast.BoolOp)):
            node.op = self.kind()  # type: ignore[assignment, misc]  # an operator of the same family
        elif isinstance(node, ast.UnaryOp):
            node.op = ast.UAdd() if isinstance(node.op, ast.USub) else ast.Not()
            if isinstance(node.op, ast.Not):  # not x -> not not x
                node.operand = ast.UnaryOp(ast.Not(), node.operand)
        elif isinstance(node, ast.Constant):
            node.value += self.place  # type: ignore[operator]  # an int, checked above
