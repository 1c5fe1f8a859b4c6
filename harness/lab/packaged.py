"""What a case's import needs of the project around it: its package, its top, its ``src``."""

from __future__ import annotations

import ast
import importlib.util
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.lab.catalogue import Found


def in_its_package(found: Found) -> Found:
    """Return the case as a part of the package that holds it, if a module of it imports relatively from beyond its folder."""
    levels = max((_levels(file) for file in found.folder.glob("[!.#]*.py")), default=0)
    if found.origin != "path" or not 2 <= levels <= len(found.folder.parents):
        return found
    top = found.folder.parents[levels - 2]
    while (top.parent / "__init__.py").is_file():
        top = top.parent
    parts = found.folder.relative_to(top.parent).parts
    if not all(part.isidentifier() for part in parts) or _is_elsewhere(parts[0], top):
        return found
    return replace(found, module=".".join(parts), search_path=str(top.parent))


def _levels(file: Path) -> int:
    """How far up the relative imports of a module reach: 1 is its own folder."""
    with suppress(OSError, SyntaxError, ValueError, RecursionError):
        nodes = ast.walk(ast.parse(file.read_bytes()))
        return max((one.level for one in nodes if isinstance(one, ast.ImportFrom)), default=0)
    return 0


def _is_elsewhere(name: str, folder: Path) -> bool:
    """Whether ``import name`` would find another package than this folder."""
    with suppress(ImportError, ValueError):
        spec = importlib.util.find_spec(name)
        return spec is not None and bool(spec.origin) and Path(spec.origin or "").parent != folder
    return False


def project_of(folder: Path) -> Path:
    """The top of the project that holds a folder: of its repository, or where its build is described; else the folder above."""
    for marks in ((".git",), ("pyproject.toml", "setup.py", "setup.cfg")):
        for above in folder.parents:
            if any((above / mark).exists() for mark in marks):
                return above
    return folder.parent


def import_folders(root: Path) -> list[str]:
    """Where the modules of a project lie that nobody has installed: its top, and ``src`` there.

    ``run``, ``verify`` and the gate ask the same two folders: what one of them can import, all can.
    """
    return [str(folder) for folder in (root, root / "src") if folder.is_dir()]
