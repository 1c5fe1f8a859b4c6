"""Imports from one of several source trees: two revisions of the same modules, side by side in one process.

Each tree's modules live in a table of their own.  While a tree is *entered* its modules are found and its own
alone; afterwards they are taken out of ``sys.modules`` again, and an import that comes late (inside a call) is
refused, because it could only find the wrong tree.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType

_NOT_OURS = frozenset({"harness", "tests", "docs", "build", "dist", "setup", "conftest", "noxfile"})


class LateImport(BaseException):
    """A call imported a module of a tree: no ``except ImportError`` of a variant may hide that."""


@dataclass(frozen=True, slots=True)
class Tree:
    """A checkout whose modules are imported from there and nowhere else."""

    root: str
    """The checkout's top."""
    paths: tuple[str, ...]
    """Folders that stand for ``sys.path`` entries, in order."""
    names: tuple[str, ...]
    """Top-level module names that belong to the tree."""


def tree_at(root: Path, search_path: str = "") -> Tree:
    """Describe the checkout at ``root``: its top, ``src`` if there is one, and what else a case's import needs."""
    wanted = [search_path] if search_path else []
    paths = [*wanted, *(str(folder) for folder in (root, root / "src") if folder.is_dir() and str(folder) not in wanted)]
    names = {name for path in paths for name in _importable(Path(path))}
    return Tree(str(root), tuple(paths), tuple(sorted(names - _NOT_OURS)))


def _importable(folder: Path) -> Iterator[str]:
    for entry in folder.iterdir():
        if entry.suffix == ".py" and entry.stem.isidentifier():
            yield entry.stem
        elif entry.is_dir() and entry.name.isidentifier() and (entry / "__init__.py").is_file():
            yield entry.name


class _Finder:
    """Finds the modules of the tree that is entered; refuses them when none is."""

    def __init__(self) -> None:
        self.active: Tree | None = None
        self.names: set[str] = set()

    def find_spec(self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None) -> ModuleSpec | None:
        """Return where the module is in the active tree; None: not a module of ours."""
        del target
        if fullname.partition(".")[0] not in self.names:
            return None
        if self.active is None:
            raise LateImport(f"{fullname} is imported during a call")
        folders = list(self.active.paths) if path is None else [folder for folder in path if folder.startswith(self.active.root)]
        spec = PathFinder.find_spec(fullname, folders)
        if spec is None:
            raise ModuleNotFoundError(f"No module named {fullname!r} in this revision", name=fullname)
        if spec.loader is None:  # a namespace package would gather its parts from everywhere
            plain = ModuleSpec(fullname, None, is_package=True)
            plain.submodule_search_locations = [
                folder for folder in spec.submodule_search_locations or () if folder.startswith(tuple(folders))
            ]
            return plain
        return spec


_FINDER = _Finder()
_TABLES: dict[Tree, dict[str, ModuleType]] = {}


@contextmanager
def entered(tree: Tree | None) -> Iterator[None]:
    """Inside, imports find this tree's modules; None: whatever this process finds anyway."""
    if tree is None:
        yield
        return
    if _FINDER not in sys.meta_path:
        sys.meta_path.insert(0, _FINDER)
    _FINDER.names |= set(tree.names)
    before, outer = _take(_FINDER.names), _FINDER.active
    _FINDER.active = tree
    sys.modules.update(_TABLES.setdefault(tree, {}))
    try:
        yield
    finally:
        _TABLES[tree] |= _take(set(tree.names))
        _FINDER.active = outer
        sys.modules.update(before)


def enter_for_good(tree: Tree | None) -> None:
    """From now on this process knows this tree only: late imports are then no danger."""
    if tree is not None:
        _take(set(tree.names))
        if _FINDER not in sys.meta_path:
            sys.meta_path.insert(0, _FINDER)
        _FINDER.names |= set(tree.names)
        _FINDER.active = tree


def _take(names: set[str]) -> dict[str, ModuleType]:
    """Take the modules of these top-level names out of ``sys.modules``."""
    taken = {name: module for name, module in sys.modules.items() if name.partition(".")[0] in names}
    for name in taken:
        del sys.modules[name]
    return taken


def import_module(name: str) -> ModuleType:
    """Import by name, with the import system's caches of folders fresh: a tree may be younger than they."""
    importlib.invalidate_caches()
    return importlib.import_module(name)
