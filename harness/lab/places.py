"""Where the lab keeps things: results with the project, what can be made again in the user's cache."""

from __future__ import annotations

import fcntl
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from harness.errors import EnvironmentLacks

TEMPORARY = ".tmp"
"""At the end of the name of a file that is still being written."""
T = TypeVar("T")
_LARGEST_KEPT = 16 << 20


def store_folder(asked: str | None = None) -> Path:
    """The folder of result files: as asked, else PERFLAB_STORE, else ``results`` here."""
    return Path(asked or os.environ.get("PERFLAB_STORE") or "results")


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
