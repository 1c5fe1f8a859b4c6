"""Inputs that lie on disk: written once and whole, kept from run to run in a folder of the user's own, tidied when there is much of them."""

from __future__ import annotations

import errno
import os
import secrets
import shutil
import tempfile
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

KEPT_SECONDS = 3600.0
"""What was used within this time is never tidied away: somebody may be measuring with it."""


def folder(*parts: str) -> Path:
    """Return a folder of our own below the system's temporary one, made if missing: ``folder("brc", "contents")``.

    Raises:
        PermissionError: somebody else made it before us.
    """
    user = os.getuid() if hasattr(os, "getuid") else 0
    top = Path(tempfile.gettempdir()) / f"perflab-inputs-{user}"
    with suppress(FileExistsError):
        top.mkdir(mode=0o700)
    if top.is_symlink() or not top.is_dir() or (hasattr(os, "getuid") and top.stat().st_uid != user):
        message = f"{top} is no folder of yours; remove it, or set TMPDIR to another one"
        raise PermissionError(message)
    inner = top.joinpath(*parts)
    inner.mkdir(parents=True, exist_ok=True)
    return inner


@contextmanager
def whole(kept: Path) -> Iterator[Path]:
    """Lend a path beside ``kept`` to write a file or a folder at; it gets its name at the end, so that nobody ever reads half of it."""
    temporary = _beside(kept)
    try:
        yield temporary
        try:
            temporary.replace(kept)
        except OSError as error:
            if error.errno not in (errno.EEXIST, errno.ENOTEMPTY):  # a folder that somebody else finished sooner is as good as ours
                raise
    finally:
        remove(temporary)


def used(kept: Path) -> None:
    """Say that it is in use now, for `tidy`."""
    with suppress(OSError):
        os.utime(kept)


def tidy(kept: Iterable[Path], most: int, weight: Callable[[Path], int] = lambda _: 1) -> None:
    """Remove what nobody has used for an hour, least recently used first, until the rest weighs at most ``most``."""
    now = time.time()
    listed = sorted((_last_use(one, now), one) for one in kept)
    weights = {one: _weight(one, weight) for _, one in listed}
    total = sum(weights.values())
    for last_use, one in listed:
        if total <= most or now - last_use < KEPT_SECONDS:
            return
        remove(one)
        total -= weights[one]


def remove(kept: Path) -> None:
    """Remove a file or a folder, if it is there; a folder goes out of its place first, so that half of it is never found there.

    Raises:
        OSError: it cannot be moved.
    """
    if kept.is_dir() and not kept.is_symlink():
        going = _beside(kept)
        with suppress(FileNotFoundError):  # somebody else was quicker
            kept.rename(going)
        shutil.rmtree(going, ignore_errors=True)
    else:
        with suppress(OSError):
            kept.unlink()


def _beside(kept: Path) -> Path:
    """A name in the same folder that nobody else has, and that nobody looks for."""
    return kept.with_name(f".{kept.name}.{os.getpid()}.{secrets.token_hex(4)}")


def _last_use(kept: Path, now: float) -> float:
    """Return when it was used; what another process has just renamed or removed counts as used now."""
    try:
        return kept.stat().st_mtime
    except FileNotFoundError:
        return now


def _weight(kept: Path, weight: Callable[[Path], int]) -> int:
    try:
        return weight(kept)
    except FileNotFoundError:
        return 0
