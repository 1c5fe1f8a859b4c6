"""Where the lab keeps things: results with the project, what can be made again in the user's cache."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from harness.errors import EnvironmentLacks

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
            f"the cache folder {folder} cannot be made: {error.strerror}", "name another one: PERFLAB_CACHE=/tmp/perflab"
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
    """Replace a file as a whole: temporary file, fsync, rename, fsync of the folder.  Whoever reads sees old or new."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
