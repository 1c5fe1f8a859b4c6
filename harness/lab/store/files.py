"""Result files on the disk: where a run lies, written whole, read with care, and found by its name."""

from __future__ import annotations

import errno
import os
import secrets
import stat
import tempfile
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from harness.errors import AskedWrongly, StoreError
from harness.lab import places
from harness.lab.catalogue import NAME, did_you_mean
from harness.lab.places import Stores
from harness.lab.store.format import LARGEST_FILE, decode, encode, short
from harness.model.measured import Run


def new_id() -> str:
    """An identifier no other run has: UTC and random."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}"


def file_of(run: Run, store: Path) -> Path:
    """Where a run is kept: ``<store>/<case>/<utc>-<machine>-<id>.json``.

    Raises:
        StoreError: one of these is no name; a file may come from a stranger.
    """
    moment, _, token = run.id.partition("-")
    for name in (run.case, moment.lower(), run.machine.id, token):
        if not NAME.fullmatch(name):
            raise StoreError(
                f"{short(name)} cannot be part of a file's name",
                "results are stored under the names of cases only",
            )
    if run.case == places.HISTORY:
        raise StoreError(
            f"{run.case!r} cannot be the name of a case: that folder of a store holds asv's results",
            "give the case's folder another name",
        )
    return store / run.case / f"{moment}-{run.machine.id}-{token}.json"


def write(run: Run, store: Path) -> Path:
    """Write the whole run; whoever reads meanwhile sees the old file or the new one, never half.

    Raises:
        StoreError: the store cannot be written.
    """
    path = file_of(run, store)
    put(path, encode(run))
    return path


def put(
    path: Path, data: bytes, *, remedy: str = "make room or choose another folder with --store"
) -> None:
    """Write a whole file, and the folders above it.

    Raises:
        StoreError: it cannot be written.
    """
    try:
        places.make_folder(path.parent)
        places.write_whole(path, data)
    except OSError as error:
        raise StoreError(f"{path}: cannot be written: {error.strerror or error}", remedy) from error


def spill(run: Run) -> Path | None:
    """Write a run where there may still be room; None: there is none there either."""
    folder = Path(tempfile.gettempdir())
    try:
        path = folder / f"perflab-{run.id}-{secrets.token_hex(4)}.json"
        places.write_whole(path, encode(run))
    except OSError:
        return None
    return path


def check_writable(store: Path) -> None:
    """Find out before measuring, not after it, that the store cannot be written."""
    probe = store / f".probe-{secrets.token_hex(4)}{places.TEMPORARY}"
    if store.exists() and not store.is_dir():
        raise StoreError(
            f"{store}: cannot be written: it is no folder",
            "name the folder that holds the folders of the cases: --store results",
        )
    try:
        places.make_folder(store)
        places.write_whole(probe, b"x" * 4096)
        probe.unlink(missing_ok=True)
    except OSError as error:
        raise StoreError(
            f"{store}: cannot be written: {error.strerror or error}",
            "make room or choose another folder with --store",
        ) from error


def read(path: Path) -> Run:
    """Read one result file, strictly.

    Raises:
        StoreError: it is no file of ours, damaged, or newer than this tool; the message says which and where.
    """
    return decode(bytes_of(path), path)


def find(wanted: str, stores: Stores) -> Path:
    """Return the file of the run with that id (or a part of it), or of that path.

    Raises:
        AskedWrongly: there is none, or several.
    """
    with suppress(OSError, ValueError):  # a name too long, or with a zero in it, is no file's
        if Path(wanted).is_file():
            return Path(wanted)
    files = {one.path.stem: one.path for case in stores.cases() for one in stores.files(case)}
    # an id is <utc>-<token>, a file <utc>-<machine>-<token>
    parts = [part for part in wanted.split("-") if part]
    near = [
        path
        for stem, path in files.items()
        if parts and all(part in stem.split("-") for part in parts)
    ]
    if len(near) == 1:
        return near[0]
    if near:
        raise AskedWrongly(
            f"{short(wanted)} fits {len(near)} runs",
            "give more of the id: " + ", ".join(path.stem for path in near[:5]),
        )
    raise AskedWrongly(
        f"there is no run {short(wanted)} in {stores}",
        did_you_mean(wanted, files) or "the files in it are named <utc>-<machine>-<id>.json",
    )


def bytes_of(path: Path) -> bytes:
    """Read a regular file, and nothing that could hang or flood us."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | getattr(os, "O_NOFOLLOW", 0))
    except OSError as error:
        why = "it is a symbolic link" if error.errno == errno.ELOOP else error.strerror
        raise StoreError(
            f"{path}: cannot be read: {why}", "a result file is a regular file"
        ) from error
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise StoreError(f"{path}: is no regular file", "a result file is a regular file")
        if status.st_size > LARGEST_FILE:
            raise StoreError(
                f"{path}: {status.st_size} bytes > {LARGEST_FILE}",
                "no result file of ours is that large",
            )
        with open(descriptor, "rb", closefd=False) as file:
            return file.read(LARGEST_FILE)
    except OSError as error:  # a file of the kernel's, or a disk that fails
        raise StoreError(
            f"{path}: cannot be read: {error.strerror}", "a result file is a regular file"
        ) from error
    finally:
        os.close(descriptor)
