"""Discovery by hand: one pass over the folder, and only the one file of each package that says what it offers."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from importlib.metadata import EntryPoint, entry_points

from cases.plugins.backwards import Desk
from cases.plugins.board import served
from cases.plugins.contract import GROUP, Handed, Report, Step
from cases.plugins.discovery import Found, load

_OFFERS = GROUP.encode()
_INFO = ".dist-info"


def discover(site: str, handed: Handed) -> Found:
    """Return the plugins by name: those handed over, then those installed."""
    return load(points(sys.path) if site else (), handed)


def points(folders: list[str]) -> Iterable[EntryPoint]:
    """Return the entry points of our group; where folders are not as pip writes them, the standard library is asked."""
    if len(folders) != 1 or not os.path.isdir(folders[0]):
        return entry_points(group=GROUP)
    (folder,) = folders
    with os.scandir(folder) as entries:
        infos = described(entry.name for entry in entries)
    return entry_points(group=GROUP) if infos is None else points_in(folder, infos)


def described(names: Iterable[str]) -> list[str] | None:
    """Return which names of a folder describe a distribution, as installers write them (``name-version.dist-info``).

    None: there are eggs, letters of another case, or two versions of one distribution.  Which of them count, the standard library
    has rules for, and they are not repeated here.
    """
    infos = [name for name in names if name[-5:].lower() == "-info"]
    seen = set()
    for info in infos:
        # one name in several spellings: -, _ and . are alike, and so are letters of either case
        distribution = info[: -len(_INFO)].partition("-")[0].lower().replace(".", "_")
        if info[-len(_INFO) :] != _INFO or not distribution or "__" in distribution or distribution in seen:
            return None
        seen.add(distribution)
    return infos


def points_in(folder: str, infos: Iterable[str]) -> Iterator[EntryPoint]:
    """Yield the entry points of our group that these packages of a folder offer."""
    for info in infos:
        text = contents(f"{folder}/{info}/entry_points.txt")
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
