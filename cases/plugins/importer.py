"""One listing of the folder says both: which packages offer something, and where every module is, so that importing need not search."""

from __future__ import annotations

import marshal
import os
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from importlib.metadata import EntryPoint, entry_points
from importlib.util import MAGIC_NUMBER
from types import CodeType, ModuleType
from typing import Any

from cases.plugins.backwards import Desk
from cases.plugins.board import served
from cases.plugins.contract import GROUP, Handed, Report, Step
from cases.plugins.discovery import Found, load
from cases.plugins.scandir import contents, described, points_in

_COMPILED = f".{sys.implementation.cache_tag}.pyc"
_MAGIC = MAGIC_NUMBER + bytes(4)
_HEADER = 16
"""Bytes before the code: magic number, flags, time and size of the source (PEP 552)."""


class Loader(SourceFileLoader):
    """Reads the compiled file that belongs to a source, if it is as old as it says; else does what its parent does."""

    def get_code(self, fullname: str) -> CodeType | None:
        """Return the code of the module."""
        data = contents(compiled_of(self.path))
        if not _is_current(data, self.path):
            return super().get_code(fullname)
        code: CodeType = marshal.loads(memoryview(data)[_HEADER:])  # noqa: S302  what every import does
        return code


def compiled_of(source: str) -> str:
    """Return where the compiled file is (PEP 3147)."""
    folder, _, file = source.rpartition("/")
    return f"{folder}/__pycache__/{file[:-3]}{_COMPILED}"


def _is_current(data: bytes, source: str) -> bool:
    """Compare magic number, flags (0: by time), time and size, as the import system does."""
    stat = os.stat(source)
    time, size = int(stat.st_mtime) & 0xFFFFFFFF, stat.st_size & 0xFFFFFFFF
    return data[:_HEADER] == _MAGIC + time.to_bytes(4, "little") + size.to_bytes(4, "little")


class Index:
    """Knows the modules of a folder; what it is not sure of it leaves to the finders behind it."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        with os.scandir(folder) as entries:
            names = [entry.name for entry in entries]
        self.infos = described(names)
        # one name in several forms (a folder, a library, a source) has rules of precedence that are not ours
        self.forms = Counter(name.partition(".")[0] for name in names if not name.endswith(".dist-info"))
        self.names = frozenset(names)

    def points(self) -> Iterable[EntryPoint]:
        """Return the entry points of our group."""
        return entry_points(group=GROUP) if self.infos is None else points_in(self.folder, self.infos)

    def find_spec(self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None) -> ModuleSpec | None:
        """Return where a module is, without looking."""
        if path is not None:
            return self._inside(name, path)
        if self.forms[name] != 1:
            return None
        if f"{name}.py" in self.names:
            return _spec(name, f"{self.folder}/{name}.py")
        package = f"{self.folder}/{name}"
        return _spec(name, f"{package}/__init__.py", [package]) if os.path.isfile(f"{package}/__init__.py") else None

    def _inside(self, name: str, path: Sequence[str]) -> ModuleSpec | None:
        """Look into a package of this folder: its own listing decides."""
        (package, *others) = path
        if others or not package.startswith(self.folder):
            return None
        last = name.rpartition(".")[2]
        forms = [entry for entry in os.listdir(package) if entry.partition(".")[0] == last]
        return _spec(name, f"{package}/{last}.py") if forms == [f"{last}.py"] else None


def _spec(name: str, file: str, inside: list[str] | None = None) -> ModuleSpec:
    """Describe a module as the import system would."""
    spec = ModuleSpec(name, Loader(name, file), origin=file, is_package=inside is not None)
    spec.submodule_search_locations = inside
    spec.has_location = True
    spec.cached = compiled_of(file)
    return spec


@contextmanager
def searched_first(index: Index) -> Iterator[None]:
    """Ask the index before the folders are searched, and after the modules that are part of the interpreter."""
    finders: list[Any] = sys.meta_path
    finders.insert(finders.index(PathFinder), index)
    try:
        yield
    finally:
        finders.remove(index)


def discover(site: str, handed: Handed) -> Found:
    """Return the plugins by name: those handed over, then those installed."""
    if not site:
        return load((), handed)
    if not os.path.isdir(site):  # a zip file, say
        return load(entry_points(group=GROUP), handed)
    index = Index(site)
    with searched_first(index):
        return load(index.points(), handed)


def serve(site: str, handed: Handed, script: list[Step]) -> Report:
    """Find the plugins, open the desk, do every step."""
    return served(Desk, site, handed, script, discover)
