"""What a variant depends on: files, distributions and names, as observed when it ran and as its source says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Any


@dataclass(frozen=True, slots=True)
class Dependencies:
    """Everything outside the standard library and the lab that can make a variant another program.

    Paths are absolute.  All fields are sorted and without duplicates: equal sets are equal nouns.
    """

    modules: tuple[str, ...] = ()
    """Source or bytecode files of modules that belong to no installed distribution."""
    extensions: tuple[str, ...] = ()
    """Shared libraries of no installed distribution."""
    data: tuple[str, ...] = ()
    """Files that were read, and files that were looked for and are not there."""
    listed: tuple[str, ...] = ()
    """Folders whose names were read."""
    stems: tuple[str, ...] = ()
    """Where submodules were looked for: a folder and a name, without a suffix."""
    names: tuple[str, ...] = ()
    """Top-level modules that were looked for, found or not."""
    distributions: tuple[str, ...] = ()
    """Names of the installed distributions whose modules were loaded."""
    installed: tuple[str, ...] = ()
    """Files of those distributions that were loaded or read."""
    environment: tuple[str, ...] = ()
    """Environment variables that the project's source names."""
    beyond: str = ""
    """Why this set is not all of it; empty: it is all that can be observed."""

    def __or__(self, other: Dependencies) -> Dependencies:
        """Return what either of the two depends on."""
        parts = {
            field.name: tuple(sorted({*getattr(self, field.name), *getattr(other, field.name)}))
            for field in fields(self)
            if field.name != "beyond"
        }
        return Dependencies(**parts, beyond=self.beyond or other.beyond)

    def respelt(self, spell: Callable[[str], str]) -> Dependencies:
        """Return the same set with each path spelt otherwise."""
        paths = ("modules", "extensions", "data", "listed", "stems", "installed")
        spelt: dict[str, Any] = {one: tuple(map(spell, getattr(self, one))) for one in paths}
        return replace(self, **spelt)

    @property
    def files(self) -> tuple[str, ...]:
        """Every file that does not belong to an installed distribution."""
        return tuple(sorted({*self.modules, *self.extensions, *self.data}))
