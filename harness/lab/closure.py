"""What a module needs of its own project: modules, compiled bodies and headers, followed from file to file."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.lab.trees import Tree

_HEADERS = ("*.pxd", "*.pxi", "*.h", "*.hpp", "*.inc")
_COMPILED = frozenset({".pyx", ".pxd", ".pxi"})
_QUOTED = re.compile(
    r"""["']([^"'\n]+\.(?:h|hpp|hxx|inc|c|cc|cpp|pxi|pxd))["']|^\s*#\s*distutils:\s*(?:depends|sources)\s*=\s*(.+)$""",
    re.MULTILINE,
)
_PYX_IMPORT = re.compile(
    r"^\s*(?:from\s+([\w.]+)\s+c?import\s+(?:\(\s*)?([\w, ]+)|c?import\s+([\w.]+))", re.MULTILINE
)


def needed_files(start: Path, tree: Tree) -> set[Path]:
    """Return ``start`` and every file of the same tree that it needs, as far as its text tells.

    Followed are imports anywhere in a module, ``import_module`` and ``__import__`` of a written-out name, what Cython includes,
    cimports or imports, and the headers beside a compiled body.  A file that cannot be parsed needs nothing.
    """
    seen: set[Path] = set()
    waiting = [start]
    while waiting:
        file = waiting.pop()
        if file not in seen and file.is_file():
            seen.add(file)
            waiting += _next(file, tree)
    return seen


def _next(file: Path, tree: Tree) -> Iterator[Path]:
    if file.suffix == ".py" and file.name != "setup.py":
        for name in _imported_names(file, tree):
            if name.partition(".")[0] in tree.names:
                yield from _files_of(tree.paths, name)
    elif file.suffix in _COMPILED:
        text = file.read_text(encoding="utf-8", errors="replace")
        for module, parts, plain in _PYX_IMPORT.findall(text):
            for name in (
                [plain] if plain else [f"{module}.{part.strip()}" for part in parts.split(",")]
            ):
                if name.partition(".")[0] in tree.names:
                    yield from _files_of(tree.paths, name)
        if file.suffix == ".pyx":
            yield from (header for pattern in _HEADERS for header in file.parent.glob(pattern))
            yield file.parents[2] / "setup.py"
        yield from _included(file, text, tree)
    elif file.suffix != ".py":
        yield from _included(file, file.read_text(encoding="utf-8", errors="replace"), tree)


def _included(file: Path, text: str, tree: Tree) -> Iterator[Path]:
    """Files that the text names in quotes or in a line for distutils, beside it or from the top."""
    for quoted, listed in _QUOTED.findall(text):
        for name in [quoted] if quoted else listed.split():
            yield from (
                path
                for folder in (file.parent, *file.parents[1:3], Path(tree.root))
                if (path := (folder / name).resolve()).is_file()
            )


def _imported_names(file: Path, tree: Tree) -> Iterator[str]:
    try:
        module = ast.parse(file.read_bytes())
    except (SyntaxError, ValueError):
        return
    package = _package(file, tree.paths)
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parents = package.split(".")
            above = ".".join(parents[: len(parents) - node.level + 1]) if node.level else ""
            name = ".".join(filter(None, [above, node.module or ""]))
            yield from (f"{name}.{alias.name}" for alias in node.names)
        elif (
            isinstance(node, ast.Call)
            and _imports(node.func)
            and node.args
            and isinstance(node.args[0], ast.Constant)
        ):
            yield str(node.args[0].value)


def _imports(function: ast.expr) -> bool:
    name = (
        function.attr
        if isinstance(function, ast.Attribute)
        else function.id
        if isinstance(function, ast.Name)
        else ""
    )
    return name in {"import_module", "__import__"}


def _package(file: Path, paths: Iterable[str]) -> str:
    for path in paths:
        if file.is_relative_to(path):
            return ".".join(file.relative_to(path).parent.parts)
    return ""


def _files_of(paths: Iterable[str], name: str) -> Iterator[Path]:
    """The file of a module, or of the module that ``name`` is a part of."""
    parts = [part for part in name.split(".") if part and part != "*"]
    for length in (len(parts), len(parts) - 1):
        for path in paths:
            stem = Path(path, *parts[:length]) if length > 0 else None
            for file in (
                ()
                if stem is None
                else (stem / "__init__.py", stem.with_suffix(".py"), stem.with_suffix(".pyx"))
            ):
                if file.is_file():
                    yield file
                    return
