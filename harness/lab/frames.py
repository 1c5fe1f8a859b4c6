"""Framed JSON between the lab and its workers: a length, then that many bytes; never stdout, never pickle."""

from __future__ import annotations

import json
import os
import struct
from typing import Any, TypeAlias

Message: TypeAlias = dict[str, Any]
HEADER = struct.Struct("!4sI")
MAGIC = b"PLF1"
LARGEST = 64 << 20
"""Bytes; a frame that claims more is not one of ours."""

FIXED_LAYOUT = "--fixed-layout"
"""Flag of a worker: the same addresses in every process."""
ON_PROCESSORS = "--on-processors="
"""Flag of a worker: on these processors (numbers with commas) and no other."""


class BadFrame(ValueError):
    """What came through the pipe is not a frame."""


def encode(message: Message) -> bytes:
    """Return header and body of one frame."""
    body = json.dumps(message, allow_nan=False, separators=(",", ":")).encode()
    return HEADER.pack(MAGIC, len(body)) + body


def write(descriptor: int, message: Message) -> None:
    """Write one whole frame."""
    data = memoryview(encode(message))
    while data:
        data = data[os.write(descriptor, data) :]


def read(descriptor: int) -> Message | None:
    """Read one whole frame, or None at the end of the pipe."""
    header = _exactly(descriptor, HEADER.size)
    if header is None:
        return None
    magic, size = HEADER.unpack(header)
    if magic != MAGIC or size > LARGEST:
        raise BadFrame(f"a frame began with {header!r}")
    body = _exactly(descriptor, size)
    if body is None:
        raise BadFrame("a frame was cut short")
    return decode(body)


def split(buffer: bytes) -> tuple[Message | None, bytes]:
    """Take the first whole frame off ``buffer``; return its message (None: not whole yet) and the rest.

    Raises:
        BadFrame: what the buffer begins with is not a frame.
    """
    if len(buffer) < HEADER.size:
        return None, buffer
    magic, size = HEADER.unpack(buffer[: HEADER.size])
    if magic != MAGIC or size > LARGEST:
        raise BadFrame(f"wrote {buffer[: HEADER.size]!r} into the result pipe, which is no frame")
    end = HEADER.size + size
    if len(buffer) < end:
        return None, buffer
    return decode(buffer[HEADER.size : end]), buffer[end:]


def decode(body: bytes) -> Message:
    """Return the message of one frame's body."""
    try:
        message = json.loads(body)
    except ValueError as error:
        raise BadFrame(f"a frame held no JSON: {error}") from error
    if not isinstance(message, dict):
        raise BadFrame(f"a frame held a {type(message).__name__}")
    return (
        {name: _writable(value) for name, value in message.items()} if b"\\ud" in body else message
    )


def _writable(value: Any) -> Any:
    """Halves of characters, which an exception's words may hold, as escapes: no file and no terminal takes them."""
    if isinstance(value, str):
        return value.encode(errors="backslashreplace").decode()
    if isinstance(value, list):
        return [_writable(one) for one in value]
    if isinstance(value, dict):
        return {_writable(name): _writable(one) for name, one in value.items()}
    return value


def _exactly(descriptor: int, size: int) -> bytes | None:
    parts: list[bytes] = []
    while size:
        part = os.read(descriptor, size)
        if not part:
            return None
        parts.append(part)
        size -= len(part)
    return b"".join(parts)
