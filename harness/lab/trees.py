"""Imports from one of several source trees: two revisions of the same modules, side by side in one process.

Each tree's modules live in a table of their own.  While a tree is *entered* its modules are found and its own
alone; afterwards they are taken out of ``sys.modules`` again, and an import that comes when none is entered is
refused on request, because it could only find the wrong tree.
"""

from __future__ import annotations

import importlib
import os
import shlex
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from harness.lab import finder
from harness.lab.finder import FINDER, LateImport, is_installed
from harness.lab.packaged import import_folders

if TYPE_CHECKING:
    from types import ModuleType

_NOT_OURS = frozenset({"harness"})
"""The lab that judges is the one that runs, whatever a checkout brings."""


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
    """Top-level module names that belong to the tree; empty: all that its paths have (only where nothing is imported)."""
    origin: str = ""
    """The repository's own top, from which nothing may be imported instead; empty: there is none."""
    standing: str = ""
    """The folder of the checkout that stands for the working directory; empty: where we are is outside of the repository."""


def tree_at(root: Path, search_path: str = "", *, origin: Path | None = None) -> Tree:
    """Describe the checkout at ``root``: its top, ``src`` if there is one, what a case's import needs, and what is on our own path.

    With ``origin``, each folder of that working tree from which modules are imported here (PYTHONPATH, the current folder,
    what an editable install puts on the path) stands for the same folder of the checkout, and the working directory as well.
    """
    wanted = [Path(search_path)] if search_path else []
    twins = [root / one.relative_to(origin) for one in _ours(origin)] if origin else []
    paths = list(
        dict.fromkeys(
            [*(str(one) for one in (*wanted, *twins) if one.is_dir()), *import_folders(root)]
        )
    )
    names = {name for path in paths for name in importable_names(Path(path))}
    return Tree(
        str(root),
        tuple(paths),
        tuple(sorted(names - _NOT_OURS - sys.stdlib_module_names)),
        str(origin or ""),
        _standing(root, origin) if origin else "",
    )


def _standing(root: Path, origin: Path) -> str:
    with suppress(OSError, ValueError):  # the working directory is gone, or elsewhere
        return str(root / Path.cwd().resolve().relative_to(origin))
    return ""


@contextmanager
def standing(tree: Tree) -> Iterator[None]:
    """Inside, the working directory is the tree's: what a variant reads by a relative name is its own revision's."""
    if not tree.standing:
        yield
        return
    before = os.getcwd()
    stand(tree)
    try:
        yield
    finally:
        os.chdir(before)


def stand(tree: Tree) -> None:
    """Go to the folder that stands for the working directory; where the revision has none, it is made and empty."""
    if tree.standing:
        if not os.path.isdir(tree.standing):
            os.makedirs(tree.standing, exist_ok=True)
        os.chdir(tree.standing)


def _ours(origin: Path) -> list[Path]:
    """Folders of a working tree from which modules are imported here, in order; its environments are none of them."""
    given = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    entries = [os.getcwd(), *filter(None, given), *sys.path]
    folders = (Path(entry or ".").resolve() for entry in entries)
    return list(
        dict.fromkeys(
            folder
            for folder in folders
            if folder.is_relative_to(origin) and not is_installed(str(folder / "any"))
        )
    )


def importable_names(folder: Path) -> Iterator[str]:
    """Top-level names that can be imported from a folder: modules, packages, and folders that hold such (PEP 420)."""
    for entry in folder.iterdir():
        name = entry.name.partition(".")[0]
        if not name.isidentifier():
            continue
        if entry.name.endswith(CODE) or (entry.name == name and holds_modules(entry)):
            yield name


CODE = (".py", ".pyx", ".pyc", ".so", ".pyd")
_MOST_ENTRIES = 3000
_NEVER_IMPORTED = frozenset({"node_modules", "__pycache__"})


def holds_modules(folder: Path) -> bool:
    """Whether a folder or one below it holds a module, so that it may be a package or a namespace; yes if that takes too long to tell."""
    waiting, seen = [str(folder)], 0
    while waiting:
        with suppress(OSError), os.scandir(waiting.pop(0)) as entries:
            for entry in entries:
                seen += 1
                if seen > _MOST_ENTRIES or entry.name.endswith(CODE):
                    return True
                if entry.name.isidentifier() and entry.name not in _NEVER_IMPORTED:
                    waiting += [entry.path] if entry.is_dir() else []
    return False


def strangers() -> list[str]:
    """Files of the working tree that this process imported: both sides would have them, and neither has them as its own.

    Also those that a revision does not have, because git ignores them: they may have been generated or built from anything.
    """
    known = [tree for tree in (FINDER.active, *_TABLES) if tree is not None and tree.origin]
    found = set()
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if not isinstance(file, str) or is_installed(file) or name in _MAIN:
            continue
        if file.startswith(tuple(f"{tree.root}/" for tree in known)):
            continue  # a revision's own, also where the cache lies in the working tree
        for tree in known:
            inside = file.removeprefix(tree.origin + "/")
            if inside != file:
                found.add(inside)
    return sorted(found)


def remedy_for(file: str) -> str:
    """What to do about a file that both sides would take from the working tree, named relative to its top."""
    trees = [tree for tree in (FINDER.active, *_TABLES) if tree is not None]
    if any(Path(tree.root, file).exists() for tree in trees):
        return "put its folder on PYTHONPATH, or the file beside the case"
    built = "; of compiled code only extensions/*/*.pyx is built for each side" * _is_built(file)
    return f"git does not have it{built}; to give each side its own: git add -f {shlex.quote(file)}"


def _is_built(file: str) -> bool:
    return file.endswith((".so", ".pyd"))


def why_missing(name: str) -> str:
    """Words for a module that cannot be imported although there is a file of it; empty: there is none."""
    return _hidden_by_ours(name) or _only_here(name)


def _hidden_by_ours(name: str) -> str:
    """Words for a module of the user's in a package that has the name of one of perflab's; empty: it is in none."""
    top = name.partition(".")[0]
    if top not in _OUR_PACKAGES:
        return ""
    tree = FINDER.active
    folders = (*(tree.paths if tree else ()), os.getcwd(), *sys.path)
    for folder in dict.fromkeys(Path(entry or ".").resolve() for entry in folders):
        stem = folder.joinpath(*name.split("."))
        if folder == _HOME or not (stem.is_dir() or any(stem.parent.glob(f"{stem.name}.py*"))):
            continue
        top_of_it = Path(tree.root) if tree else Path.cwd()
        mine = os.path.relpath(folder / top, top_of_it)
        better = os.path.join(os.path.dirname(mine), f"my_{top}")
        return (
            f": {top!r} is the name of a package of perflab's, which is imported in the place of"
            f" yours; rename yours and what imports it: {shlex.join(['mv', mine, better])}"
        )
    return ""


_HOME = Path(__file__).resolve().parents[2]
_OUR_PACKAGES = frozenset({"cases", "extensions", "harness", "perflab"})


def _only_here(name: str) -> str:
    """Words for a module that the active tree lacks and the working tree has; empty: it has none."""
    tree = FINDER.active
    if tree is None or not tree.origin:
        return ""
    for path in tree.paths:
        stem = Path(path, *name.split("."))
        if stem.is_relative_to(tree.root):
            here = Path(tree.origin, stem.relative_to(tree.root))
            for file in sorted(here.parent.glob(f"{here.name}*")):
                if file.name.partition(".")[0] == here.name and file.name.endswith(CODE):
                    inside = file.relative_to(tree.origin).as_posix()
                    return f": {inside} is in the working tree only: {remedy_for(inside)}"
    return ""


_MAIN = frozenset({"__main__", "__mp_main__"})
"""The worker itself, under whatever name."""


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
        with standing(tree):
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
    stand(tree)


def in_a_tree() -> bool:
    """Whether imports find a tree's modules now: no others may be put in their place."""
    return FINDER.active is not None


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
