"""Discovery by the standard library, once: the entry points of our group, loaded in the order of (name, value)."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.metadata import EntryPoint, entry_points
from typing import NamedTuple

from cases.plugins.contract import GROUP, Handed, Plugin


class Found(NamedTuple):
    """Who is there, and who could not come."""

    plugins: dict[str, Plugin]
    broken: dict[str, str]


def discover(site: str, handed: Handed) -> Found:
    """Return the plugins by name: those handed over, then those installed."""
    return load(entry_points(group=GROUP) if site else (), handed)


def load(points: Iterable[EntryPoint], handed: Handed) -> Found:
    """Load every entry point; the first of a name stays."""
    plugins, broken = dict(handed), {}
    for point in sorted(points, key=lambda point: (point.name, point.value)):
        try:
            plugin = point.load()
        except Exception as error:
            broken[point.value] = type(error).__name__
        else:
            plugins.setdefault(point.name, plugin)
    return Found(plugins, broken)
