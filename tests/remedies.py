"""All remedies that our messages can print, read from the sources: what stands where a remedy is said."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

HOME = Path(__file__).parents[1]
_SOURCES = ("harness", "cases", "perflab")
_ELSEWHERE = re.compile(
    r"python -m harness [a-z]|\b(?:try|next|continue):(?= )|\btry --|id you mean\b|\bmake (?:build|extras|install|test)\b"
    r"|\b(?:pip|npm|apt-get|dnf) install\b|\bsudo \w|\bunset |\bexport [A-Z]"
)
"""Words that make a remedy of a text, wherever it stands."""
_CHECKS = {"_ok": 3, "_warn": 3, "_bad": 3}
"""The doctor's checks, and where their remedies stand."""
_ALSO = {"Unlike": 3, "Checked": 2}
"""Records that carry a remedy to where it is printed."""
_SAYING = {
    "harness/start.py": "_explained",
    "harness/lab/trees.py": "_hidden_by_ours",
    "harness/lab/missing.py": "why",
}
"""Functions whose words end with what to do."""
_QUOTED = ("harness/show/site/story.py",)
"""What shows other people's texts, and says none."""


@dataclass(frozen=True, slots=True)
class Said:
    """A remedy in a source: ``{}`` stands for what is filled in."""

    file: str
    text: str

    @property
    def key(self) -> str:
        return f"{self.file.removeprefix('harness/')}: {self.text}"


class _Module:
    """One source, and the remedies in it."""

    def __init__(self, file: Path, tree: ast.Module) -> None:
        self.file = file.relative_to(HOME).as_posix()
        self.tree = tree
        self.parents = {
            id(inner): outer for outer in ast.walk(tree) for inner in ast.iter_child_nodes(outer)
        }
        self.functions = {
            node.name: node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)
        }

    def around(self, node: ast.AST) -> Iterator[ast.AST]:
        """The functions around a node, then the module."""
        inner: ast.AST | None = node
        while inner is not None:
            inner = self.parents.get(id(inner))
            if isinstance(inner, (ast.FunctionDef, ast.Module)):
                yield inner


def _name(call: ast.Call) -> str:
    function = call.func
    return getattr(function, "id", "") or getattr(function, "attr", "")


def _family(modules: list[_Module]) -> set[str]:
    """The error that knows a remedy, and all that are made of it."""
    bases = {
        node.name: {getattr(base, "id", "") for base in node.bases}
        for module in modules
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ClassDef)
    }
    family = {"PerflabError"}
    while more := {name for name, of in bases.items() if of & family} - family:
        family |= more
    return family


class _Reader:
    """Follows the expressions in remedies' places to their texts."""

    def __init__(self) -> None:
        self.modules = [
            _Module(file, ast.parse(file.read_bytes()))
            for folder in _SOURCES
            for file in sorted((HOME / folder).rglob("*.py"))
        ]
        self.family = _family(self.modules)
        self.lost: list[str] = []
        self._seen: dict[int, ast.AST] = {}
        self.found: dict[int, Said] = {}
        """By the identity of the text's node: one that is reached twice is one."""

    def read(self) -> list[Said]:
        """All texts, in the order of files and lines."""
        for module in self.modules:
            for node in ast.walk(module.tree):
                if isinstance(node, ast.Call):
                    for place in self._places(node):
                        self._follow(module, place)
                elif isinstance(node, ast.FunctionDef) and (
                    "remedy" in node.name or node.name == _SAYING.get(module.file)
                ):
                    for inner in ast.walk(node):
                        if isinstance(inner, ast.Return) and inner.value is not None:
                            self._follow(module, inner.value)
        for module in self.modules:
            self._elsewhere(module)
        return sorted(self.found.values(), key=lambda said: said.key)

    def _places(self, call: ast.Call) -> Iterator[ast.expr]:
        name = _name(call)
        if name == "append" and getattr(call.func.value, "id", "").endswith("remedies"):  # type: ignore[attr-defined]
            yield call.args[0]
        for keyword in call.keywords:
            if keyword.arg == "remedy":
                yield keyword.value
        at = 1 if name in self.family else {**_CHECKS, **_ALSO}.get(name)
        if at is not None and len(call.args) > at:
            yield call.args[at]

    def _follow(self, module: _Module, node: ast.AST) -> None:
        """Take what a remedy's expression can be in the end."""
        if id(node) in self._seen:
            return
        self._seen[id(node)] = node
        if isinstance(node, (ast.Constant, ast.JoinedStr)):
            text = text_of(node)
            if text.strip("{}; "):
                self.found[id(node)] = Said(module.file, text)
            for part in getattr(node, "values", ()):
                if isinstance(part, ast.FormattedValue):
                    self._inside(module, part.value)
        elif isinstance(node, ast.Tuple):  # what happened, and last what to do
            self._follow(module, node.elts[-1])
        elif isinstance(node, ast.BoolOp):
            for part in node.values:
                self._follow(module, part)
        elif isinstance(node, ast.IfExp):
            self._follow(module, node.body)
            self._follow(module, node.orelse)
        elif isinstance(node, ast.BinOp):
            self._follow(module, node.left)
            self._follow(module, node.right)
        elif isinstance(node, ast.Dict):
            for value in node.values:
                self._follow(module, value)
        elif isinstance(node, ast.List):
            for part in node.elts:
                self._follow(module, part)
        elif isinstance(node, ast.ListComp):
            for part in ast.walk(node):
                if isinstance(part, ast.NamedExpr):
                    self._follow(module, part.value)
        elif isinstance(node, ast.Name):
            self._assigned(module, node)
        elif isinstance(node, ast.Call):
            self._called(module, node)
        elif isinstance(node, ast.Attribute) and node.attr == "remedy":
            pass  # of an error or a record that has been looked at where it was made
        elif isinstance(node, ast.Subscript) and text_of(node.slice) == "remedy":
            pass  # a worker's: an error's, told over its pipe
        else:
            self.lost.append(f"{module.file}:{node.lineno} {ast.unparse(node)}")  # type: ignore[attr-defined]

    def _inside(self, module: _Module, node: ast.AST) -> None:
        """What is filled in may be words of ours: a choice of texts, or a name of one in a function."""
        if isinstance(node, (ast.IfExp, ast.BoolOp)) or (
            isinstance(node, ast.Call)
            and _name(node) in module.functions
            and _name(node).startswith("_remedy")
        ):
            before = len(self.lost)
            self._follow(module, node)
            del self.lost[before:]

    def _assigned(self, module: _Module, name: ast.Name) -> None:
        """What a name was given in the functions around it, or in the module; a parameter is its callers'."""
        found = False
        for place in module.around(name):
            if isinstance(place, ast.FunctionDef):
                every = [*place.args.args, *place.args.kwonlyargs]
                found |= name.id in {one.arg for one in every}
                given = dict(
                    zip(
                        [one.arg for one in place.args.kwonlyargs],
                        place.args.kw_defaults,
                        strict=True,
                    )
                )
                usual = place.args.defaults
                given |= dict(zip([one.arg for one in place.args.args][-len(usual) :], usual, strict=True)) if usual else {}  # fmt: skip
                if (default := given.get(name.id)) is not None:
                    self._follow(module, default)
            for node in ast.walk(place):
                if isinstance(node, ast.Assign):
                    targets, value = node.targets, node.value
                elif isinstance(node, (ast.AnnAssign, ast.AugAssign, ast.NamedExpr)) and node.value:
                    targets, value = [node.target], node.value
                else:
                    continue
                if any(getattr(target, "id", "") == name.id for target in targets):
                    found = True
                    self._follow(module, value)
            if found:
                return
        self.lost.append(f"{module.file}:{name.lineno} {name.id}")

    def _called(self, module: _Module, call: ast.Call) -> None:
        name = _name(call)
        if name in {"get", "join"}:  # of a table of remedies; of several
            if name == "get":
                self._follow(module, call.func.value)  # type: ignore[attr-defined]
                for other in call.args[1:]:
                    self._follow(module, other)
            elif isinstance(call.args[0], ast.Name):
                self._follow(module, call.args[0])
            return
        if name in {"typable", "str", "tuple"}:
            if name == "typable":
                self._follow(module, call.args[0])
            return
        places = [one for one in self.modules if name in one.functions]
        if module in places:
            places = [module]
        for one in places:
            for node in ast.walk(one.functions[name]):
                if isinstance(node, ast.Return) and node.value is not None:
                    self._follow(one, node.value)
        if not places:
            self.lost.append(f"{module.file}:{call.lineno} {ast.unparse(call)}")

    def _elsewhere(self, module: _Module) -> None:
        """Texts that read as remedies, and stand in other places."""
        if module.file in _QUOTED or module.file.startswith("cases/"):
            return
        for node in constants(module.tree):
            text = text_of(node)
            if id(node) not in self.found and _ELSEWHERE.search(text):
                lines = [line.strip() for line in text.splitlines() if _ELSEWHERE.search(line)]
                self.found[id(node)] = Said(module.file, " / ".join(lines))


def text_of(node: ast.AST) -> str:
    """A text with ``{}`` for what is filled in; empty where it is none."""
    if isinstance(node, ast.JoinedStr):
        return "".join(
            str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values
        )
    value = getattr(node, "value", None)
    return value if isinstance(node, ast.Constant) and isinstance(value, str) else ""


def constants(tree: ast.AST) -> Iterator[ast.expr]:
    """All texts of a module but its docstrings."""
    passed_over = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr):
            passed_over.add(id(node.value))
        if isinstance(node, ast.JoinedStr):
            passed_over |= {id(inner) for inner in ast.walk(node) if inner is not node}
    for node in ast.walk(tree):
        if id(node) not in passed_over and isinstance(node, (ast.JoinedStr, ast.Constant)) and text_of(node):  # fmt: skip
            yield node


def inventory() -> tuple[Counter[str], list[str]]:
    """How often each remedy is said in each file; and the places that could not be followed."""
    reader = _Reader()
    return Counter(said.key for said in reader.read()), reader.lost
