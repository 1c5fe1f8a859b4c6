"""Imports from one of several source trees: two revisions of the same modules, side by side in one process.

Each tree's modules live in a table of their own.  While a tree is *entered* its modules are found and its own
alone; afterwards they are taken out of ``sys.modules`` again, and an import that comes late (inside a call) is
refused on request, because it could only find the wrong tree.
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
    origin: str = ""
    """The repository's own top, from which nothing may be imported instead; empty: there is none."""


def tree_at(root: Path, search_path: str = "", *, origin: Path | None = None) -> Tree:
    """Describe the checkout at ``root``: its top, ``src`` if there is one, what a case's import needs, and what is on our own path.

    With ``origin``, each folder of that working tree on ``sys.path`` (PYTHONPATH, an editable install) stands for the same folder of the checkout.
    """
    wanted = [Path(search_path)] if search_path else []
    ours = [Path(entry or ".").resolve() for entry in sys.path] if origin else []
    twins = [
        root / entry.relative_to(origin)
        for entry in ours
        if origin and entry != origin and entry.is_relative_to(origin)
    ]
    paths = list(
        dict.fromkeys(
            str(folder) for folder in (*wanted, root, root / "src", *twins) if folder.is_dir()
        )
    )
    names = {name for path in paths for name in _importable(Path(path))}
    return Tree(
        str(root),
        tuple(paths),
        tuple(sorted(names - _NOT_OURS - sys.stdlib_module_names)),
        str(origin or ""),
    )


def _importable(folder: Path) -> Iterator[str]:
    for entry in folder.iterdir():
        if entry.suffix == ".py" and entry.stem.isidentifier():
            yield entry.stem
        elif (
            entry.is_dir()
            and entry.name.isidentifier()
            and ((entry / "__init__.py").is_file() or any(entry.glob("*.py")))
        ):
            yield entry.name


def strangers() -> list[str]:
    """Modules that came from the working tree although a revision has a file of the same place: neither side's own."""
    known = [tree for tree in (_FINDER.active, *_TABLES) if tree is not None and tree.origin]
    found = []
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if not isinstance(file, str) or name.partition(".")[0] in _NOT_OURS or name == "__main__":
            continue
        for tree in known:
            if (
                file.startswith(tree.origin + "/")
                and Path(tree.root, file[len(tree.origin) + 1 :]).exists()
            ):
                found.append(name)
                break
    return sorted(found)


class _Finder:
    """Finds the modules of the tree that is entered; refuses them when none is."""

    def __init__(self) -> None:
        self.active: Tree | None = None
        self.guarding = False
        self.names: set[str] = set()

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return where the module is in the active tree; None: not a module of ours."""
        del target
        if fullname.partition(".")[0] not in self.names:
            return None
        if self.active is None:
            if self.guarding:
                raise LateImport(f"{fullname} is imported during a call")
            return None
        folders = (
            list(self.active.paths)
            if path is None
            else [folder for folder in path if folder.startswith(self.active.root)]
        )
        spec = PathFinder.find_spec(fullname, folders)
        if spec is None:
            raise ModuleNotFoundError(
                f"No module named {fullname!r} in this revision", name=fullname
            )
        if spec.loader is None:  # a namespace package would gather its parts from everywhere
            plain = ModuleSpec(fullname, None, is_package=True)
            plain.submodule_search_locations = [
                folder
                for folder in spec.submodule_search_locations or ()
                if folder.startswith(tuple(folders))
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
    before, outer = _take(set(tree.names)), _FINDER.active
    _FINDER.active = tree
    sys.modules.update(_TABLES.setdefault(tree, {}))
    try:
        yield
    finally:
        _TABLES[tree] |= _take(set(tree.names))
        _FINDER.active = outer
        sys.modules.update(before)


def refuse_late_imports() -> None:
    """From now on an import of a tree's module, outside of all trees, raises LateImport: two revisions share this process."""
    _FINDER.guarding = True


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
    taken = {
        name: module for name, module in sys.modules.items() if name.partition(".")[0] in names
    }
    for name in taken:
        del sys.modules[name]
    return taken


def import_module(name: str) -> ModuleType:
    """Import by name, with the import system's caches of folders fresh: a tree may be younger than they."""
    importlib.invalidate_caches()
    return importlib.import_module(name)
