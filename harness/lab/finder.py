"""Finds a side's modules: the one import hook of a process that works for one revision, or for two in turn.

Nothing but the standard library's smallest parts is imported here: every Python that a side's process starts loads this file first.
"""

from __future__ import annotations

import os
import sys
from importlib.machinery import ModuleSpec, PathFinder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import ModuleType

    from harness.lab.trees import Tree


SIDE = "PERFLAB_SIDE"
"""Tells the processes that a side's process starts which tree they belong to."""
STARTUP = os.path.join(os.path.dirname(os.path.realpath(__file__)), "startup")
"""On PYTHONPATH, its ``sitecustomize`` makes every such process begin with this finder."""
_LAB = os.path.dirname(os.path.dirname(os.path.realpath(__file__))) + os.sep
_INSTALLED = tuple(
    os.path.abspath(prefix) + os.sep for prefix in {sys.prefix, sys.base_prefix, sys.exec_prefix}
)
_INSTALLED_IN = frozenset({"site-packages", "dist-packages", "__pypackages__"})
_FIELDS, _ITEMS = "\x1e", "\x1f"


class LateImport(BaseException):
    """Two revisions cannot share this process: no ``except Exception`` of a variant may hide that."""


class Side:
    """The tree of a process that was started by a side's."""

    __slots__ = ("names", "origin", "paths", "root")

    def __init__(
        self, root: str, paths: tuple[str, ...], names: tuple[str, ...], origin: str
    ) -> None:
        self.root, self.paths, self.names, self.origin = root, paths, names, origin


def written(place: Tree | Side) -> str:
    """Return a place as the text of ``PERFLAB_SIDE``."""
    parts = (place.root, place.origin, _ITEMS.join(place.paths), _ITEMS.join(place.names))
    return _FIELDS.join(parts)


def read(text: str) -> Side:
    """Return the place that ``PERFLAB_SIDE`` names."""
    root, origin, paths, names = text.split(_FIELDS)
    return Side(root, tuple(paths.split(_ITEMS)), tuple(filter(None, names.split(_ITEMS))), origin)


class Finder:
    """Finds the modules of the tree that is entered; refuses them when none is."""

    def __init__(self) -> None:
        self.active: Tree | Side | None = None
        self.guarding = False
        self.refused = ""
        """What a call was refused, and why; it may have got over that."""
        self.names: set[str] = set()
        """Top-level names that belong to a tree: no tree's module is looked for anywhere else."""
        self.stray = True
        """Modules of these names may be in ``sys.modules`` that no table knows."""
        self.found = False
        """A tree's module was looked for since it was entered."""

    def install(self, place: Tree | Side) -> None:
        """Stand first among the finders, for this tree's names, too."""
        if self not in sys.meta_path:
            sys.meta_path.insert(0, self)
        self.stray = self.stray or not self.names.issuperset(place.names)
        self.names.update(place.names)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return where the module is in the active tree; None: not a module of a tree."""
        ours = fullname.partition(".")[0] in self.names
        if self.active is None:
            self.stray = self.stray or ours
            if ours and self.guarding:
                self.refused = f"{fullname} is imported during a call"
                raise LateImport(self.refused)
            return None
        if not ours:
            return self._moved(fullname, path, target) if self.active.origin else None
        self.found = True
        folders = (
            list(self.active.paths)
            if path is None
            else [folder for folder in path if _within(folder, self.active.root)]
        )
        found = PathFinder.find_spec(fullname, folders)
        if found is None and path is None and self.active.origin:
            found = self._moved(fullname, path, target)
            if found is not None and not _within(_first(found), self.active.root):
                found = None
        if found is None:
            raise _missing(fullname)
        if found.loader is None:  # a namespace package would gather its parts from everywhere
            return _namespace(
                fullname, [one for one in _locations(found) if one.startswith(tuple(folders))]
            )
        return found

    def _moved(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None
    ) -> ModuleSpec | None:
        """What the other finders would take from the working tree comes from the same place of the active tree."""
        assert self.active is not None
        tree, found = self.active, self._of_the_others(fullname, path, target)
        if found is None:
            return None
        if found.loader is None or not found.has_location:
            return self._moved_namespace(fullname, found)
        file = _real(found.origin or "")
        theirs = _within(file, tree.origin) and not _within(file, tree.root)
        if not theirs or is_installed(file):
            return found
        here = tree.root + file[len(tree.origin) :]
        if not os.path.isfile(here):
            raise _missing(fullname)
        from importlib.util import spec_from_file_location

        self._own(fullname, path)
        package = None if found.submodule_search_locations is None else [os.path.dirname(here)]
        return spec_from_file_location(fullname, here, submodule_search_locations=package)

    def _moved_namespace(self, fullname: str, found: ModuleSpec) -> ModuleSpec:
        assert self.active is not None
        tree, parts = self.active, [_real(one) for one in _locations(found)]
        ours = [
            one
            for one in parts
            if _within(one, tree.origin) and not _within(one, tree.root) and not is_installed(one)
        ]
        if not ours or found.loader is not None:
            return found
        self._own(fullname, None)
        here = [tree.root + one[len(tree.origin) :] for one in ours]
        return _namespace(fullname, [one for one in here if os.path.isdir(one)])

    def _own(self, fullname: str, path: Sequence[str] | None) -> None:
        """From now on this name belongs to the trees, as those do that were known beforehand."""
        if path is not None and self.guarding:
            raise LateImport(f"{fullname} lies in a package that both sides share")
        self.found = True
        self.names.add(fullname.partition(".")[0])

    def _of_the_others(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None
    ) -> ModuleSpec | None:
        for finder in sys.meta_path[sys.meta_path.index(self) + 1 :]:
            look = getattr(finder, "find_spec", None)
            found: ModuleSpec | None = None if look is None else look(fullname, path, target)
            if found is not None:
                return found
        return None


def _missing(fullname: str) -> ModuleNotFoundError:
    return ModuleNotFoundError(f"No module named {fullname!r} in this revision", name=fullname)


def _within(file: str, folder: str) -> bool:
    return file == folder or file.startswith(folder + os.sep)


def _real(file: str) -> str:
    """The file by its folder's real name: a working tree may be known by a link to it."""
    folder, name = os.path.split(file)
    if folder not in _REAL:
        _REAL[folder] = os.path.realpath(folder)
    return os.path.join(_REAL[folder], name) if folder else file


_REAL: dict[str, str] = {}


def is_installed(file: str) -> bool:
    """Whether a file of the working tree is installed there, in an environment say, or is the lab's: neither revision's."""
    return file.startswith((_LAB, *_INSTALLED)) or not _INSTALLED_IN.isdisjoint(file.split(os.sep))


def _locations(found: ModuleSpec) -> list[str]:
    return list(found.submodule_search_locations or ())


def _first(found: ModuleSpec) -> str:
    return next(iter(_locations(found)), found.origin or "")


def _namespace(fullname: str, folders: list[str]) -> ModuleSpec:
    plain = ModuleSpec(fullname, None, is_package=True)
    plain.submodule_search_locations = folders
    return plain


FINDER = Finder()


def begin() -> None:
    """Find the modules of the side that this process was started for; nothing, if it was started for none."""
    text = os.environ.get(SIDE)
    if text and FINDER.active is None:
        place = read(text)
        FINDER.install(place)
        FINDER.active = place


def announce(place: Tree | Side) -> None:
    """Let the processes that this one starts find the tree's modules, and theirs again."""
    os.environ[SIDE] = written(place)
    others = [
        folder
        for folder in os.environ.get("PYTHONPATH", "").split(os.pathsep)
        if folder and folder != STARTUP
    ]
    os.environ["PYTHONPATH"] = os.pathsep.join([STARTUP, *others])


def next_customisation() -> Iterator[ModuleSpec]:
    """Yield the ``sitecustomize`` that ours stands before, if there is one."""
    others = [folder for folder in sys.path if os.path.abspath(folder or ".") != STARTUP]
    found = PathFinder.find_spec("sitecustomize", others)
    if found is not None and found.loader is not None:
        yield found
