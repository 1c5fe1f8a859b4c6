"""Discovery by hand: one pass over the folder, and only the one file of each package that says what it offers."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from importlib.metadata import EntryPoint

from cases.plugins.backwards import Desk
from cases.plugins.board import served
from cases.plugins.contract import GROUP, Handed, Report, Step
from cases.plugins.discovery import Found, load

_OFFERS = GROUP.encode()


def discover(site: str, handed: Handed) -> Found:
    """Return the plugins by name: those handed over, then those installed."""
    return load([point for folder in sys.path for point in points_in(folder)] if site else (), handed)


def points_in(folder: str) -> Iterator[EntryPoint]:
    """Yield the entry points of our group that packages in this folder offer, as installers write them (``*.dist-info``)."""
    with os.scandir(folder) as entries:
        infos = [entry.path for entry in entries if entry.name.endswith(".dist-info")]
    for info in infos:
        text = contents(f"{info}/entry_points.txt")
        if _OFFERS in text:
            yield from parsed(text.decode())


def contents(file: str) -> bytes:
    """Return the bytes of a small file; nothing where there is none, as with most packages."""
    try:
        descriptor = os.open(file, os.O_RDONLY)
    except OSError:
        return b""
    try:
        parts = []
        while part := os.read(descriptor, 1 << 16):
            parts.append(part)
        return b"".join(parts)
    finally:
        os.close(descriptor)


def parsed(text: str) -> Iterator[EntryPoint]:
    """Read ``name = module:attribute`` under the header of our group; the file format of importlib.metadata."""
    ours = False
    for line in map(str.strip, text.splitlines()):
        if line.startswith("[") and line.endswith("]"):
            ours = line[1:-1] == GROUP
        elif ours and line and not line.startswith("#"):
            name, _, value = line.partition("=")
            yield EntryPoint(name.strip(), value.strip(), GROUP)


def serve(site: str, handed: Handed, script: list[Step]) -> Report:
    """Find the plugins, open the desk, do every step."""
    return served(Desk, site, handed, script, discover)
