"""Turns what a worker observed into a set of dependencies, digests such a set, and keeps it beside its certificate."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from functools import cache, partial
from hashlib import sha256
from importlib.machinery import EXTENSION_SUFFIXES
from importlib.metadata import PackageNotFoundError, distribution, packages_distributions
from pathlib import Path
from typing import TYPE_CHECKING

from harness.lab import places
from harness.model.depended import Dependencies

if TYPE_CHECKING:
    from harness.lab.catalogue import Found
    from harness.lab.frames import Message

_LARGE = 8 << 20
"""Bytes; a larger file is known by size and time: reading it would cost more than the proof saves."""
_MOST_KEPT = 200
_SITE = ("site-packages", "dist-packages")
_METADATA = re.compile(r"/([^/-]+)-[^/]*\.(?:dist|egg)-info/METADATA$|\.(?:dist|egg)-info(?:/|$)")
"""Where Python keeps what it knows of a distribution: to read a version is to depend on it."""
_LIBRARY = (".so", ".pyd", ".dylib", ".dll")


# --------------------------------------------------------------------------- sorting what was seen


def observed(said: Message) -> Dependencies:
    """Sort what a worker observed: own files by kind, others by the distribution they belong to."""
    modules: set[str] = set()
    extensions: set[str] = set()
    data: set[str] = set()
    installed: set[str] = set()
    distributions: set[str] = set()
    loaded = {_source_of(file) for _, file in said["modules"]}
    for file in {*loaded, *map(_source_of, said["read"])}:
        owners = _owners(file)
        if about := _METADATA.search(file):
            distributions.update([about[1]] if about[1] else [])
        elif owners:
            installed.add(file)
            distributions.update(owners)
        elif not _system(file):
            real = _in_archive(file)
            kind = extensions if is_library(file) else modules if file in loaded else data
            (data if real != file else kind).add(real)
    return Dependencies(
        modules=tuple(sorted(modules)),
        extensions=tuple(sorted(extensions)),
        data=tuple(sorted(data - modules - extensions)),
        listed=tuple(sorted(folder for folder in said["listed"] if not in_site(folder))),
        stems=tuple(sorted(said["stems"])),
        names=tuple(sorted(said["names"])),
        distributions=tuple(sorted(distributions)),
        installed=tuple(sorted(installed)),
        beyond=said["beyond"],
    )


def is_library(file: str) -> bool:
    """Whether a file is a shared library, with or without a version in its name."""
    name = file.rpartition("/")[2]
    return name.endswith(_LIBRARY) or ".so." in name


def distributions_of(names: Iterable[str]) -> tuple[str, ...]:
    """Return the installed distributions that provide these top-level modules."""
    known = _providers()
    return tuple(sorted({owner for name in names for owner in known.get(name, ())}))


@cache
def _providers() -> dict[str, list[str]]:
    return {name: list(owners) for name, owners in packages_distributions().items()}


def _owners(file: str) -> Sequence[str]:
    top = _top_in_site(file)
    return () if top is None else _providers().get(top, ())


def _top_in_site(file: str) -> str | None:
    """The top-level name of a file in a folder of installed packages; None: it is in none."""
    parts = file.split("/")
    for place in range(len(parts) - 2, 0, -1):
        if parts[place] in _SITE:
            top = parts[place + 1]
            # auditwheel puts the libraries of numpy into numpy.libs/
            return top.partition(".")[0] if len(parts) == place + 2 else top.removesuffix(".libs")
    return None


def _system(file: str) -> bool:
    return is_library(file) and Path(file).parent == Path(sys.base_prefix, "lib")


def _source_of(file: str) -> str:
    """The source of a cached bytecode file; everything else is itself."""
    folder, _, name = file.rpartition("/")
    if name.endswith(".pyc") and folder.endswith("/__pycache__"):
        return f"{folder.removesuffix('/__pycache__')}/{name.partition('.')[0]}.py"
    return file


def _in_archive(file: str) -> str:
    """The archive that holds a module of a zip file; any other file is itself, also one that is not there."""
    path = Path(file)
    if path.exists():
        return file
    return next((str(one) for one in path.parents if one.is_file()), file)


# --------------------------------------------------------------------------- digests


def digest(depends: Dependencies, search: Sequence[str]) -> str:
    """Digest of everything that a set names, as it is now.

    Args:
        depends: the set.
        search: folders in which top-level modules are looked for now.
    """
    made = sha256()
    for part in _parts(depends, search):
        made.update(f"{part}\0".encode(errors="surrogateescape"))
    return made.hexdigest()


def _parts(depends: Dependencies, search: Sequence[str]) -> Iterator[str]:
    for file in depends.files:
        yield f"{file} {content(file)}"
    for file in depends.installed:
        yield f"{file} {brief(file)}"
    for name in depends.distributions:
        yield f"{name} {_version(name)}"
    for folder in depends.listed:
        yield f"{folder} {' '.join(sorted(names_in(folder)))}"
    for stem, entries in importable(depends, search).items():
        yield f"{stem} {entries}"
    for name in depends.environment:
        yield f"{name}={os.environ.get(name)!r}"


def importable(depends: Dependencies, search: Sequence[str]) -> dict[str, str]:
    """What each name that was looked for could be imported from now, by the place where it is looked for."""
    folders: dict[str, dict[str, list[str]]] = {}
    found = {}
    for stem in (*depends.stems, *(f"{one}/{name}" for one in search for name in depends.names)):
        folder, _, name = stem.rpartition("/")
        if folder not in folders:
            folders[folder] = _importable(folder)
        if entries := folders[folder].get(name):
            found[stem] = " ".join(entries)
    return found


_CONTENTS: dict[str, tuple[tuple[int, ...], str]] = {}


def content(file: str) -> str:
    """Digest of a file's content, read again only if its stamp has changed; a large file's size and time; or ``absent``."""
    now = stamp(file)
    known = _CONTENTS.get(file)
    if known is not None and known[0] == now:
        return known[1]
    said = "absent"
    if now:
        said = brief(file)
        if now[2] <= _LARGE:
            with suppress(OSError):
                said = sha256(Path(file).read_bytes()).hexdigest()
    _CONTENTS[file] = now, said
    return said


def stamp(file: str | Path) -> tuple[int, ...]:
    """Times, size and identity of a file; empty: it is not there."""
    with suppress(OSError):
        status = os.stat(file)
        return status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino
    return ()


def brief(file: str) -> str:
    """Size and time of a file, or ``absent``: enough for what is installed, and for what is too large to be read."""
    now = stamp(file)
    return f"{now[2]} {now[0]}" if now else "absent"


def in_site(folder: str) -> bool:
    """Whether a folder is one of installed packages, or below one."""
    return any(part in _SITE for part in folder.split("/"))


def names_in(folder: str | Path) -> list[str]:
    """Names in a folder; none: it is not there.  What Python puts there itself is left out."""
    with suppress(OSError):
        return [name for name in os.listdir(folder) if name != "__pycache__"]
    return []


def _importable(folder: str) -> dict[str, list[str]]:
    """What each name in a folder could be imported from; a folder says whether it is a package."""
    found: dict[str, list[str]] = {}
    for entry in sorted(names_in(folder)):
        stem, dot, _ = entry.partition(".")
        if not dot and os.path.isdir(f"{folder}/{entry}"):
            package = os.path.exists(f"{folder}/{entry}/__init__.py")
            found.setdefault(stem, []).append("package" if package else "folder")
        elif entry.endswith((".py", ".pyc", *EXTENSION_SUFFIXES)):
            found.setdefault(stem, []).append(entry)
    return found


def _version(name: str) -> str:
    try:
        return distribution(name).version
    except PackageNotFoundError:
        return "not installed"


def search_folders(found: Found) -> list[str]:
    """Folders in which a worker looks for the top-level modules of a case, in order."""
    if found.tree is not None:
        return list(found.tree.paths)
    given = [entry for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep) if entry]
    library = os.path.dirname(os.__file__)
    ours = [entry for entry in sys.path if not entry.startswith(library) or in_site(entry)]
    all_of_them = [os.getcwd(), *map(os.path.abspath, given), *ours[1:], found.search_path]
    return list(dict.fromkeys(os.path.abspath(one) for one in all_of_them if one))


# --------------------------------------------------------------------------- keeping


def place_of(found: Found) -> str:
    """Digest of where a case is and which Python runs it: another checkout is another place."""
    parts = (str(found.folder), sys.prefix, "" if found.tree is None else found.tree.root)
    return sha256("\0".join(parts).encode(errors="surrogateescape")).hexdigest()[:16]


def _file(found: Found, variant: str) -> Path:
    return places.cache_folder("observed", found.name) / f"{variant}-{place_of(found)}.json"


def kept(found: Found, variant: str) -> Dependencies | None:
    """Return what a variant was observed to depend on here; None: it was never observed."""
    return _kept(found, _file(found, variant))


def kept_here(found: Found) -> list[Dependencies]:
    """Return what is known of all variants of a case here."""
    folder = places.cache_folder("observed", found.name)
    files = sorted(folder.glob(f"*-{place_of(found)}.json"))
    return [one for file in files if (one := _kept(found, file)) is not None]


def _kept(found: Found, file: Path) -> Dependencies | None:
    depends = places.kept(file, Dependencies)
    return None if depends is None else depends.respelt(partial(_absolute, str(found.folder)))


def keep(found: Found, variant: str, depends: Dependencies) -> None:
    """Keep a set for the next time; old ones of the case go when there are too many."""
    import msgspec

    file = _file(found, variant)
    spelt = depends.respelt(partial(_relative, str(found.folder)))
    places.write_whole(file, msgspec.json.encode(spelt))
    files = sorted(file.parent.glob("[!.]*.json"), key=stamp, reverse=True)
    for old in files[_MOST_KEPT:]:
        with suppress(OSError):
            old.unlink()


def _relative(folder: str, path: str) -> str:
    """A path as it is kept: no folder's name above the project, the environment or the home."""
    for tag, root in _roots().items():
        if _is_in(path, root) and not _is_in(folder, root):
            return tag + path[len(root) :]
    return os.path.relpath(path, folder)


def _absolute(folder: str, spelt: str) -> str:
    for tag, root in _roots().items():
        if _is_in(spelt, tag):
            return root + spelt[len(tag) :]
    return os.path.normpath(os.path.join(folder, spelt))


def _roots() -> dict[str, str]:
    return {
        "<prefix>": sys.prefix,
        "<python>": sys.base_prefix,
        "<home>": str(Path("~").expanduser()),
    }


def _is_in(path: str, root: str) -> bool:
    return path == root or path.startswith(root + os.sep)
