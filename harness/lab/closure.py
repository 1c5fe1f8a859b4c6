"""What a module's source says that it needs: modules, compiled bodies, headers, data files, variables of the environment.

It is half of the truth: what a program computes can only be observed when it runs (``depending``).
"""

from __future__ import annotations

import ast
import os
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.lab.trees import Tree

_HEADERS = ("*.pxd", "*.pxi", "*.h", "*.hpp", "*.inc")
_COMPILED = frozenset({".pyx", ".pxd", ".pxi"})
_FOREIGN_SOURCES = (".c", ".cpp", ".cc", ".cxx", ".rs", ".f90", ".f")
"""What an extension may be built from, beside the place where it is imported from."""
_QUOTED = re.compile(
    r"""["']([^"'\n]+\.(?:h|hpp|hxx|inc|c|cc|cpp|pxi|pxd))["']|^\s*#\s*distutils:\s*(?:depends|sources)\s*=\s*(.+)$""",
    re.MULTILINE,
)
_PYX_IMPORT = re.compile(
    r"^\s*(?:from\s+([\w.]+)\s+c?import\s+(?:\(\s*)?([\w, ]+)|c?import\s+([\w.]+))", re.MULTILINE
)
_FILE_NAME = re.compile(r"[^\n\0:*?<>|]{1,200}\.\w{1,12}")
"""What a written-out name of a data file looks like."""
_ENVIRONMENT = frozenset({"environ", "getenv", "get", "environb"})


@dataclass(slots=True)
class Followed:
    """What was found by following sources."""

    files: set[Path] = field(default_factory=set)
    names: set[str] = field(default_factory=set)
    """Top-level modules that are imported somewhere."""
    environment: set[str] = field(default_factory=set)
    """Variables of the environment that are read by a written-out name."""
    _listings: dict[str, frozenset[str]] = field(default_factory=dict)

    def has(self, folder: str, name: str) -> bool:
        """Whether a folder has an entry of that name; each folder is read once."""
        if folder not in self._listings:
            try:
                self._listings[folder] = frozenset(os.listdir(folder))
            except OSError:
                self._listings[folder] = frozenset()
        return name in self._listings[folder]


def needed_files(start: Path, tree: Tree) -> set[Path]:
    """Return ``start`` and every file of the same tree that it needs, as far as its text tells."""
    return follow([start], tree).files


def follow(starts: Iterable[Path], tree: Tree) -> Followed:
    """Follow these files and every file of the same tree that they need, as far as their text tells.

    Followed are imports anywhere in a module with the packages above, relative ones by the file's own place, ``import_module``
    and ``__import__`` of a written-out name, data files by a written-out name, what Cython includes, cimports or imports, and
    the headers beside a compiled body.  A file that cannot be parsed needs nothing.
    """
    found = Followed()
    waiting = list(starts)
    while waiting:
        file = waiting.pop()
        if file not in found.files and file.is_file():
            found.files.add(file)
            waiting += _next(file, tree, found)
    return found


def _next(file: Path, tree: Tree, found: Followed) -> Iterator[Path]:
    if file.suffix == ".py" and file.name != "setup.py":
        yield from _packages_above(file)
        yield from _from_python(file, tree, found)
    elif file.suffix in _COMPILED:
        text = file.read_text(encoding="utf-8", errors="replace")
        for name in _cython_names(text):
            found.names.add(name.partition(".")[0])
            yield from _absolute(name, tree, found)
        if file.suffix == ".pyx":
            yield from (header for pattern in _HEADERS for header in file.parent.glob(pattern))
            yield from (folder / "setup.py" for folder in file.parents[:3])
        yield from _included(file, text, tree)
    elif file.suffix in (*_FOREIGN_SOURCES, ".h", ".hpp", ".hxx", ".inc"):
        yield from _included(file, file.read_text(encoding="utf-8", errors="replace"), tree)


def _packages_above(file: Path) -> Iterator[Path]:
    """Importing a module runs the ``__init__`` of each package above it."""
    folder = file.parent.parent if file.name == "__init__.py" else file.parent
    yield folder / "__init__.py"


def _cython_names(text: str) -> Iterator[str]:
    for module, parts, plain in _PYX_IMPORT.findall(text):
        if plain:
            yield plain
        else:
            yield from (f"{module}.{part.strip()}" for part in parts.split(","))


def _included(file: Path, text: str, tree: Tree) -> Iterator[Path]:
    """Files that the text names in quotes or in a line for distutils, beside it or from the top."""
    for quoted, listed in _QUOTED.findall(text):
        for name in [quoted] if quoted else listed.split():
            yield from (
                path
                for folder in (file.parent, *file.parents[1:3], Path(tree.root))
                if (path := (folder / name).resolve()).is_file()
            )


def _from_python(file: Path, tree: Tree, found: Followed) -> Iterator[Path]:
    try:
        module = ast.parse(file.read_bytes())
    except (SyntaxError, ValueError, RecursionError):
        return
    docstrings = {id(node.value) for node in ast.walk(module) if isinstance(node, ast.Expr)}
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            for alias in node.names:
                found.names.add(alias.name.partition(".")[0])
                yield from _absolute(alias.name, tree, found)
        elif isinstance(node, ast.ImportFrom):
            yield from _imported_from(node, file, tree, found)
        elif isinstance(node, ast.Call):
            yield from _called(node, file, tree, found)
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
            yield from _data(_joined(node), file, tree)
        elif isinstance(node, ast.Subscript):
            found.environment.update(_variable(node.value, node.slice))
        elif isinstance(node, ast.Constant) and id(node) not in docstrings:
            yield from _data(node.value, file, tree)


def _imported_from(node: ast.ImportFrom, file: Path, tree: Tree, found: Followed) -> Iterator[Path]:
    for alias in node.names:
        name = ".".join(filter(None, [node.module, alias.name]))
        if node.level:
            folder = file.parents[min(node.level, len(file.parents)) - 1]
            yield from _files_of([str(folder)], name, found)
        else:
            found.names.add(name.partition(".")[0])
            yield from _absolute(name, tree, found)


def _called(node: ast.Call, file: Path, tree: Tree, found: Followed) -> Iterator[Path]:
    """``import_module`` of a written-out name, a variable of the environment, a path in parts."""
    called = _last_name(node.func)
    words = [one.value for one in node.args if isinstance(one, ast.Constant)]
    if called in {"import_module", "__import__"} and words:
        name = str(words[0])
        if name.startswith("."):
            levels = len(name) - len(name.lstrip("."))
            folder = file.parents[min(levels, len(file.parents)) - 1]
            yield from _files_of([str(folder)], name.lstrip("."), found)
        else:
            found.names.add(name.partition(".")[0])
            yield from _absolute(name, tree, found)
    elif called in _ENVIRONMENT and node.args:
        owner = node.func.value if isinstance(node.func, ast.Attribute) else node.func
        found.environment.update(_variable(owner, node.args[0]))
    if called in {"join", "joinpath", "Path"} and words:
        yield from _data("/".join(map(str, words)), file, tree)


def _last_name(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _variable(owner: ast.expr, key: ast.expr) -> Iterator[str]:
    of_environment = _last_name(owner) in {"environ", "environb", "os", "getenv"}
    if of_environment and isinstance(key, ast.Constant) and isinstance(key.value, str):
        yield key.value


def _joined(node: ast.BinOp) -> str:
    """The written-out end of a path made with ``/``."""
    parts: list[str] = []
    while isinstance(node.right, ast.Constant):
        parts.insert(0, str(node.right.value))
        if not isinstance(node.left, ast.BinOp):
            break
        node = node.left
    return "/".join(parts)


def _data(name: object, file: Path, tree: Tree) -> Iterator[Path]:
    """The file that a text names, beside its module or from the top of the tree."""
    if not isinstance(name, str) or not _FILE_NAME.fullmatch(name) or name.endswith(".py"):
        return
    for folder in (file.parent, Path(tree.root), *map(Path, tree.paths)):
        path = folder / name
        try:
            if path.is_file():
                yield path
        except (OSError, ValueError):
            return


def _absolute(name: str, tree: Tree, found: Followed) -> Iterator[Path]:
    top = name.partition(".")[0]
    if top in tree.names or not (tree.names or top in _NEVER_OURS):
        yield from _files_of(tree.paths, name, found)


_NEVER_OURS = sys.stdlib_module_names | {"harness"}


def _files_of(paths: Iterable[str], name: str, found: Followed) -> Iterator[Path]:
    """The file of a module, or of the module that ``name`` is a part of, in every folder that has one."""
    parts = [part for part in name.split(".") if part and part != "*"]
    for path in paths:
        for length in (len(parts), len(parts) - 1):
            above = os.path.join(path, *parts[: length - 1])
            files = list(_candidates(above, parts[length - 1], found)) if length > 0 else []
            if files:
                yield from files
                break


def _candidates(folder: str, name: str, found: Followed) -> Iterator[Path]:
    """What an import of this name from a folder may load, or what that is built from."""
    if found.has(folder, name) and found.has(f"{folder}/{name}", "__init__.py"):
        yield Path(folder, name, "__init__.py")
        return
    for suffix in _SUFFIXES:
        if found.has(folder, f"{name}{suffix}"):
            yield Path(folder, f"{name}{suffix}")


_SUFFIXES = (".py", ".pyx", *_FOREIGN_SOURCES, "module.c", *EXTENSION_SUFFIXES)
