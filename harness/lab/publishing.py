"""A site on disk: only what changed is written, what is no longer made is removed, and everything can be checked byte for byte."""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path, PurePosixPath

import msgspec

from harness.errors import AskedWrongly, StoreError
from harness.lab import places
from harness.model.published import Page

MANIFEST = "site.json"
SCHEMA = "harness.site/1"


class SiteDocument(msgspec.Struct, frozen=True):
    """``harness.site/1``: what the files of a site are, and what they were made from; SHA-256 in hexadecimal."""

    schema: str
    pages: dict[str, str]
    """By path within the site."""
    made_from: dict[str, str]
    """Result files and profiles, by path within the store."""


@dataclass(frozen=True, slots=True)
class Written:
    """What publishing did."""

    written: int
    unchanged: int
    removed: int


def require_ours(folder: Path) -> None:
    """Refuse to write among files that are not a site of ours.

    Raises:
        AskedWrongly: the folder holds something else.
        StoreError: its manifest is damaged.
    """
    if folder.exists() and not folder.is_dir():
        raise AskedWrongly(f"{folder} is no folder", "name another one with -o")
    if folder.is_dir() and any(folder.iterdir()) and manifest(folder) is None:
        raise AskedWrongly(
            f"{folder} is not empty and holds no site of ours", "name another folder with -o"
        )


def manifest(folder: Path) -> SiteDocument | None:
    """What a folder's manifest says; None: it has none.

    Raises:
        StoreError: it is damaged, or newer than this tool.
    """
    path = folder / MANIFEST
    if not path.is_file():
        return None
    place = shlex.quote(str(folder))
    remedy = f"rm -r {place}; python -m harness report -o {place}"
    try:
        found = msgspec.json.decode(path.read_bytes(), type=SiteDocument)
    except (OSError, msgspec.MsgspecError, ValueError) as error:
        raise StoreError(f"{path}: damaged: {error}", remedy) from None
    if found.schema != SCHEMA:
        raise StoreError(f"{path}: schema {found.schema!r} is not {SCHEMA!r}", remedy)
    strange = [name for name in found.pages if not _within(name)]
    if strange:
        raise StoreError(f"{path}: {strange[0]!r} leads out of the site", remedy)
    return found


def write(pages: Iterable[Page], made_from: Mapping[str, str], folder: Path) -> Written:
    """Bring the folder up to date, the manifest last: a site that was cut off is refused by ``verify``.

    Raises:
        StoreError: a file cannot be written.
    """
    before = manifest(folder)
    digests: dict[str, str] = {}
    written = 0
    try:
        for page in pages:
            digests[page.path] = sha256(page.content).hexdigest()
            written += _write(folder / page.path, page.content)
        removed = _remove(folder, set(before.pages if before else ()) - set(digests))
        document = SiteDocument(
            SCHEMA, dict(sorted(digests.items())), dict(sorted(made_from.items()))
        )
        _write(
            folder / MANIFEST, msgspec.json.format(msgspec.json.encode(document), indent=1) + b"\n"
        )
    except OSError as error:
        raise StoreError(
            f"{error.filename or folder}: cannot be written: {error.strerror or error}",
            "make room, or name another folder with -o",
        ) from None
    return Written(written, len(digests) - written, removed)


def _write(path: Path, content: bytes) -> bool:
    """Write a file if it is not this already; say whether it was."""
    if path.is_file() and not path.is_symlink() and path.read_bytes() == content:
        return False
    places.make_folder(path.parent)
    places.write_whole(path, content)
    return True


def _remove(folder: Path, names: set[str]) -> int:
    for name in names:
        (folder / name).unlink(missing_ok=True)
    return len(names)


def replace_folder(folder: Path, made: Path) -> None:
    """Put a folder of somebody else's pages (airspeed velocity's) in the place of the one of its name."""
    shutil.rmtree(folder / made.name, ignore_errors=True)
    shutil.move(made, folder / made.name)


def problems(pages: Iterable[Page], made_from: Mapping[str, str], folder: Path) -> Iterator[str]:
    """Compare the site with what its sources say now; every sentence names a file.

    Raises:
        AskedWrongly: there is no site.
        StoreError: its manifest is damaged.
    """
    found = manifest(folder)
    if found is None:
        raise AskedWrongly(
            f"there is no site in {folder}",
            f"python -m harness report -o {shlex.quote(str(folder))}",
        )
    for name in sorted(found.made_from.keys() | made_from.keys()):
        if found.made_from.get(name) != made_from.get(name):
            yield f"{name} {_difference(found.made_from.get(name), made_from.get(name))} since the site was made from it"
    made = set()
    for page in pages:
        made.add(page.path)
        path = folder / page.path
        if not path.is_file():
            yield f"{path} is missing"
        elif path.read_bytes() != page.content:
            yield f"{path} is not what its sources say"
    for name in sorted(found.pages.keys() - made):
        yield f"{folder / name} is made from nothing"


def _difference(before: str | None, now: str | None) -> str:
    return "is new" if before is None else "is gone" if now is None else "has changed"


def _within(name: str) -> bool:
    path = PurePosixPath(name)
    return (
        bool(path.parts)
        and not path.is_absolute()
        and ".." not in path.parts
        and "\\" not in name
        and "\0" not in name
    )
