"""The folder of installed packages, as a program finds it when it starts; and as it was, when the program ends."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType


class Elsewhere:
    """Finds modules, but no distributions, where the process found them before: a plugin may import what it likes."""

    def __init__(self, path: list[str]) -> None:
        self.path = path

    def find_spec(self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None) -> ModuleSpec | None:
        """Look along the old path."""
        return PathFinder.find_spec(name, self.path if path is None else path, target)


@contextmanager
def activated(site: str) -> Iterator[None]:
    """Make ``site`` the path of this process for a while, with nothing of it known or imported; the empty string changes nothing.

    What importing leaves behind (modules, finders, listings of folders) would make the second call another program than the first.
    So it is all taken away again, and each call is the first one.
    """
    if not site:
        yield
        return
    path, modules, elsewhere = sys.path[:], set(sys.modules), Elsewhere(sys.path[:])
    sys.path[:] = [site]
    sys.meta_path.append(elsewhere)
    importlib.invalidate_caches()  # importlib.metadata keeps listings by the folder's time
    try:
        yield
    finally:
        sys.path[:] = path
        sys.meta_path.remove(elsewhere)
        _forget(site, modules)


def _forget(site: str, modules: set[str]) -> None:
    """Take what was imported from ``site`` out of the tables of the import system."""
    for name in sys.modules.keys() - modules:
        if (getattr(sys.modules[name], "__file__", None) or "").startswith(site):
            del sys.modules[name]
    for folder in [folder for folder in sys.path_importer_cache if folder.startswith(site)]:
        del sys.path_importer_cache[folder]
