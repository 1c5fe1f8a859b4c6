"""What is used up: files, iterators, random generators.  How far is a position, what is in it is not."""

from __future__ import annotations

import io
import os
import stat
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from harness.judge.comparison.registry import Part, by_parts, by_position, has_own, unknown, used_up

if TYPE_CHECKING:
    from collections.abc import Iterable

    from harness.judge.comparison.walk import Handler

_MOST_READ = 64 << 20


def handler(kind: type) -> Handler | None:
    """Return what compares the types of ``io``, ``tempfile`` and ``random``."""
    if issubclass(kind, (io.StringIO, io.BytesIO)):
        return by_position(_in_memory, _where)
    if issubclass(kind, io.IOBase):
        return by_position(_on_disk, _where)
    if kind.__module__ == "tempfile":
        return by_parts(lambda one: [Part(".file", vars(one).get("file", vars(one).get("_file")))])
    if kind.__module__ in {"random", "_random"}:
        return used_up(lambda one: [Part(".getstate()", one.getstate())])
    return None


def iterators(kind: type, fielded: Handler | None) -> Handler:
    """Return what compares iterators: never by taking their items.

    Args:
        kind: the type.
        fielded: what compares its fields, where those are all it has.
    """
    whole = fielded or unknown(kind)
    if fielded is None and has_own(kind, "__reduce__"):
        whole = by_parts(lambda one: [Part("", one.__reduce__())])
    return lambda one, other, walk: whole(one, other, walk) if walk.settings.positions else None


def _in_memory(file: Any) -> Iterable[Part]:
    yield Part(".closed", file.closed, "value")
    if not file.closed:
        yield Part(".getvalue()", file.getvalue())


def _on_disk(file: Any) -> Iterable[Part]:
    """What a file was opened for, and what is in it; not its name: temporary ones have another each time."""
    yield Part(".closed", file.closed, "value")
    yield Part(".mode", getattr(file, "mode", None))
    yield Part(".encoding", getattr(file, "encoding", None))
    if not file.closed and (bytes_ := _bytes(file)) is not None:
        yield Part(".read()", bytes_)


def _bytes(file: Any) -> bytes | None:
    with suppress(OSError, ValueError):
        number = file.fileno()
        status = os.fstat(number)
        if stat.S_ISREG(status.st_mode) and status.st_size <= _MOST_READ and file.readable():
            return os.pread(number, status.st_size, 0)  # moves nothing
    return None


def _where(file: Any) -> Iterable[Part]:
    if not file.closed:
        with suppress(
            OSError, ValueError
        ):  # a pipe; or a file in the middle of being iterated over
            yield Part(".tell()", file.tell())
            return
        yield Part(".tell()", None)
