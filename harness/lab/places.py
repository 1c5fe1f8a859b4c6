"""Where the lab keeps things: runs where git does not look, evidence with the project, what can be made again in the user's cache."""

from __future__ import annotations

import fcntl
import os
import re
import secrets
import shlex
import stat
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from harness.errors import EnvironmentLacks

OWN = ".perflab"
"""At the top of a repository: what perflab writes there without being told where."""
PUBLISHED = "results"
HISTORY = "history"
"""Beside the cases in a store: asv's results.  No case is called so."""
TEMPORARY = ".tmp"
"""At the end of the name of a file that is still being written."""
T = TypeVar("T")
_LARGEST_KEPT = 16 << 20
_RESULT = re.compile(r"\d{8}T\d{6}Z-")
"""How the name of a result file begins."""


def top() -> Path:
    """The top of the repository that holds the current folder, as seen from here; in no repository, the current folder."""
    with suppress(OSError):  # the current folder is gone, or the way up is closed to us
        here = Path.cwd()
        for folder in (here, *here.parents):
            if (folder / ".git").exists():
                return Path(os.path.relpath(folder))
    return Path()


def own_folder(*parts: str) -> Path:
    """A folder for what perflab writes without being told where; git never sees what is in it (``make_folder``)."""
    return (top() / OWN).joinpath(*parts)


def published_folder() -> Path:
    """The folder of published evidence: ``results`` at the top of the repository."""
    return top() / PUBLISHED


def published_history() -> Path:
    """The folder of the published history of commits, as asv writes it."""
    return published_folder() / HISTORY


def stores(asked: str | None = None) -> Stores:
    """Where runs are: as asked, else PERFLAB_STORE, and then nowhere else; otherwise our own folder and the published evidence."""
    named = asked or os.environ.get("PERFLAB_STORE")
    return Stores(Path(named)) if named else Stores(own_folder(PUBLISHED), published_folder())


def make_folder(folder: Path) -> None:
    """Make a folder with its parents; the folder that is our own gets a file that hides it from git.

    Raises:
        OSError: it cannot be made.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for one in (folder, *folder.parents):
        hiding = one / ".gitignore"
        if one.name == OWN and not hiding.exists():
            hiding.write_text(
                "# made by perflab: what is measured here stays out of version control\n*\n"
            )


@dataclass(frozen=True, slots=True)
class Stored:
    """One result file."""

    path: Path
    published: bool
    """It is evidence that the project publishes, or the same bytes."""


@dataclass(frozen=True, slots=True)
class Stores:
    """Where runs are: the folder that new ones go to, and the published evidence, which is only read."""

    runs: Path
    published: Path | None = None

    def __str__(self) -> str:
        """For messages."""
        return " or ".join(map(str, self.folders))

    @property
    def folders(self) -> tuple[Path, ...]:
        """All of them."""
        return (self.runs,) if self.published is None else (self.runs, self.published)

    @property
    def evidence(self) -> Stores:
        """The published evidence alone; where a store was named, that store."""
        return self if self.published is None else Stores(self.published)

    @property
    def option(self) -> str:
        """What names this store in the next command, too, with a blank before it; empty: nothing needs to."""
        if self.published is not None or str(self.runs) == os.environ.get("PERFLAB_STORE"):
            return ""
        return f" --store {shlex.quote(str(self.runs))}"

    def cases(self) -> list[str]:
        """Cases that have a folder here, in order."""
        found = {path.name for path in self.runs.glob("[!.]*/")}
        if self.published is not None:
            found |= {path.name for path in self.published.glob("[!.]*/") if result_files(path)}
        return sorted(found - {HISTORY})

    def files(self, case: str) -> list[Stored]:
        """The result files of a case, oldest first: their names begin with the time.

        A run that is in both places is named once: as evidence where both files are the same, else as the run, which was resumed.
        """
        own = {path.name: path for path in (self.runs / case).glob("[!.]*.json")}
        shared = result_files(self.published / case) if self.published is not None else {}
        found = {name: Stored(path, published=True) for name, path in shared.items()}
        for name, path in own.items():
            if name not in shared or path.read_bytes() != shared[name].read_bytes():
                found[name] = Stored(path, published=False)
        return [found[name] for name in sorted(found)]


def result_files(folder: Path) -> dict[str, Path]:
    """Files that are called as results are; a folder ``results`` of somebody else's project may hold anything."""
    return {path.name: path for path in folder.glob("*.json") if is_result(path.name)}


def is_result(name: str) -> bool:
    """Whether a file is called as result files are."""
    return _RESULT.match(name) is not None


def cache_folder(*parts: str) -> Path:
    """A folder for what can be made again (certificates, limits, compiled kernels), made if missing."""
    from platformdirs import user_cache_path

    root = os.environ.get("PERFLAB_CACHE")
    folder = (Path(root).absolute() if root else user_cache_path("perflab")).joinpath(*parts)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise EnvironmentLacks(
            f"the cache folder {folder} cannot be made: {error.strerror}",
            "name another one: PERFLAB_CACHE=/tmp/perflab",
        ) from None
    return folder


def kept(path: Path, kind: type[T]) -> T | None:
    """Read back what was put into the cache; None: it is not there, or not what we would have written, and is made anew."""
    import msgspec

    with suppress(OSError, ValueError, RecursionError):  # msgspec's errors are ValueErrors
        if path.is_file() and path.stat().st_size <= _LARGEST_KEPT:
            return msgspec.json.decode(path.read_bytes(), type=kind)
    return None


def write_whole(path: Path, data: bytes) -> None:
    """Replace a file as a whole: temporary file, fsync, rename, fsync of the folder.  Whoever reads sees old or new.

    Killed at any moment it leaves the old file or the new one, and at worst a temporary file beside it that nobody reads (``abandoned``).
    """
    temporary, descriptor = _temporary(path)
    try:
        try:
            rest = memoryview(data)
            while rest:
                rest = rest[os.write(descriptor, rest) :]
            os.fsync(descriptor)
            temporary.replace(path)
        finally:
            os.close(descriptor)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _temporary(path: Path) -> tuple[Path, int]:
    """Make the file to be renamed, locked for as long as its writer lives."""
    while True:
        temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}{TEMPORARY}")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        with suppress(
            OSError
        ):  # a file system without locks: then nobody can say that it is abandoned
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        if os.fstat(descriptor).st_nlink:
            return temporary, descriptor
        os.close(descriptor)  # taken for abandoned before it was locked, and removed


def abandoned(folder: Path) -> Iterator[Path]:
    """Yield the temporary files in a folder whose writers were killed, each locked until the next is asked for; those in use are left out."""
    for path in sorted(folder.glob(f".*{TEMPORARY}")):
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError:  # renamed by now, or no file of ours
            continue
        try:
            if _ours_alone(descriptor, path):
                yield path
        finally:
            os.close(descriptor)


def _ours_alone(descriptor: int, path: Path) -> bool:
    """Lock a regular file, and see that it has not been renamed meanwhile; no: its writer lives."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        status = os.fstat(descriptor)
        return stat.S_ISREG(status.st_mode) and os.path.samestat(status, path.lstat())
    except OSError:
        return False
