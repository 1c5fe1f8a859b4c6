"""Imports from one of several source trees: two revisions of the same modules, side by side in one process.

Each tree's modules live in a table of their own.  While a tree is *entered* its modules are found and its own
alone; afterwards they are taken out of ``sys.modules`` again, and an import that comes when none is entered is
refused on request, because it could only find the wrong tree.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from harness.lab import finder
from harness.lab.finder import FINDER, LateImport, is_installed

if TYPE_CHECKING:
    from types import ModuleType

_NOT_OURS = frozenset({"harness", "tests", "docs", "build", "dist", "setup", "conftest", "noxfile"})


__all__ = [
    "LateImport",
    "Tree",
    "enter_for_good",
    "entered",
    "import_module",
    "require_alone",
    "share_this_process",
    "strangers",
    "tree_at",
]


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
    """Files of the working tree that this process imported although a revision has them itself: neither side's own."""
    known = [tree for tree in (FINDER.active, *_TABLES) if tree is not None and tree.origin]
    found = set()
    for module in list(sys.modules.values()):
        file = getattr(module, "__file__", None)
        if not isinstance(file, str) or is_installed(file):
            continue
        for tree in known:
            inside = file.removeprefix(tree.origin + "/")
            if inside != file and Path(tree.root, inside).exists():
                found.add(inside)
    return sorted(found)


_TABLES: dict[Tree, dict[str, ModuleType]] = {}


@contextmanager
def entered(tree: Tree | None) -> Iterator[None]:
    """Inside, imports find this tree's modules; None: whatever this process finds anyway.

    A call of a variant is made inside: what it imports, or unpickles, is its own revision's.
    """
    if tree is None:
        yield
        return
    FINDER.install(tree)
    outer, FINDER.stray = FINDER.active, FINDER.stray or FINDER.active is not None
    before, FINDER.active, FINDER.found = _taken(), tree, False
    sys.modules.update(_TABLES.setdefault(tree, {}))
    count = len(sys.modules)
    try:
        yield
    finally:
        FINDER.stray = FINDER.found or len(sys.modules) != count
        _TABLES[tree] |= _taken(_TABLES[tree])
        FINDER.active, FINDER.found, FINDER.stray = outer, True, bool(before)
        sys.modules.update(before)


def share_this_process() -> None:
    """From now on what two revisions cannot do in one process raises LateImport.

    That is an import of a tree's module while none is entered, and starting a process: what is forked or
    spawned from here could not know whose modules it is to find.
    """
    FINDER.guarding = True
    for module in ("os", "_posixsubprocess", "subprocess"):
        with suppress(ImportError):  # the second is not everywhere
            there = importlib.import_module(module)
            for name in _STARTS.intersection(vars(there)):
                setattr(there, name, _refuse)


_STARTS = frozenset(
    {"fork", "forkpty", "posix_spawn", "posix_spawnp", "system", "fork_exec", "_fork_exec"}
)
"""What starts a process; ``subprocess`` has one of them by a name of its own."""


def _refuse(*_: object, **__: object) -> NoReturn:
    FINDER.refused = "it starts a process during a call"
    raise LateImport(FINDER.refused)


def require_alone() -> None:
    """Refuse again what a call was refused and has got over, by a bare ``except:`` say.

    Raises:
        LateImport: two revisions cannot share this process.
    """
    if FINDER.refused:
        raise LateImport(FINDER.refused)


def enter_for_good(tree: Tree | None) -> None:
    """From now on this process, and whatever it starts, knows this tree only; asked again for the same tree it does nothing."""
    if tree is None or FINDER.active == tree:
        return
    FINDER.install(tree)
    FINDER.stray = True
    _taken()
    FINDER.active = tree
    finder.announce(tree)


def _taken(known: Iterable[str] = ()) -> dict[str, ModuleType]:
    """Take the trees' modules out of ``sys.modules``: these, and where there may be others, all."""
    names = list(known)
    if FINDER.stray:  # looking at all that is imported takes longer than a slice should
        names = [name for name in sys.modules if name.partition(".")[0] in FINDER.names]
    FINDER.stray = False
    return {name: sys.modules.pop(name) for name in names if name in sys.modules}


def import_module(name: str) -> ModuleType:
    """Import by name, with the import system's caches of folders fresh: a tree may be younger than they."""
    importlib.invalidate_caches()
    return importlib.import_module(name)
