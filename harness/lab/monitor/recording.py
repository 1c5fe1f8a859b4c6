"""Recordings: a header and one line of JSON a look, flushed as they come; metadata by allow-list, strictly read.

No host name, user, command line, path or environment; not even the names of processes, which say what somebody runs.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Self, TypeVar

import msgspec

from harness.errors import StoreError
from harness.model.watched import Reading, Recording

T = TypeVar("T")
SCHEMA = "harness.monitor/1"
_LARGEST = 256 << 20


class _Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The first line."""

    schema: str
    started: str
    interval_seconds: float
    cores: int


def header(interval: float, cores: int) -> bytes:
    """The first line of a recording that begins now."""
    return msgspec.json.encode(
        _Header(SCHEMA, f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}", interval, cores)
    )


def encode(reading: Reading) -> bytes:
    """The line of one look."""
    return msgspec.json.encode(reading)


class Recorder:
    """Writes looks to a file as they come; leaving the context closes it."""

    def __init__(self, file: Path, *, interval: float, cores: int) -> None:
        """Begin a recording, over whatever was there.

        Raises:
            StoreError: the file cannot be written.
        """
        self._path = file
        try:
            self._file: IO[bytes] = file.open("wb")
        except OSError as error:
            raise self._refused(error) from None
        self._write(header(interval, cores))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def add(self, reading: Reading) -> None:
        """Write one look."""
        self._write(encode(reading))

    def _write(self, line: bytes) -> None:
        try:
            self._file.write(line + b"\n")
            self._file.flush()
        except OSError as error:
            raise self._refused(error) from None

    def _refused(self, error: OSError) -> StoreError:
        return StoreError(
            f"{self._path}: cannot be written: {error.strerror or error}",
            "make room, or name another file: --record",
        )


def read(file: Path) -> Recording:
    """Read a recording; a cut last line is left out and said so.

    Raises:
        StoreError: it is no recording, or damaged; the message has file and line.
    """
    try:
        if not file.is_file() or file.stat().st_size > _LARGEST:
            raise StoreError(
                f"{file}: is no regular file, or larger than any recording",
                "name what monitor --record wrote",
            )
        data = file.read_bytes()
    except OSError as error:
        raise StoreError(
            f"{file}: cannot be read: {error.strerror}", "name what monitor --record wrote"
        ) from None
    lines = data.split(b"\n")
    cut = lines.pop() != b""
    if cut and not lines:
        raise StoreError(f"{file}: not a recording of ours", "name what monitor --record wrote")
    header = _line(file, 1, lines[0] if lines else b"", _Header)
    if header.schema != SCHEMA:
        raise StoreError(
            f"{file}: schema {header.schema!r} is not {SCHEMA!r}",
            "name what monitor --record of this version wrote",
        )
    readings = tuple(_line(file, number, line, Reading) for number, line in enumerate(lines[1:], 2))
    return Recording(header.started, header.interval_seconds, header.cores, readings, cut)


def _line(file: Path, number: int, line: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(line, type=kind)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise StoreError(
            f"{file}: line {number} is damaged: {error}",
            "record again; the lines before it are whole",
        ) from None
