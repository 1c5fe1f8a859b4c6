"""The store: one file a run (``files``, in the ``format`` of pyperf), which of them stands for a case (``choosing``), and what becomes evidence (``publishing``)."""

from __future__ import annotations

from harness.lab.store.files import (
    bytes_of,
    check_writable,
    file_of,
    find,
    new_id,
    put,
    read,
    spill,
    write,
)
from harness.lab.store.format import (
    FILES,
    FORMAT,
    LARGEST_FILE,
    MOST_SAMPLES,
    decode,
    encode,
    outline,
    pure_pyperf,
    seal,
)

__all__ = [
    "FILES",
    "FORMAT",
    "LARGEST_FILE",
    "MOST_SAMPLES",
    "bytes_of",
    "check_writable",
    "decode",
    "encode",
    "file_of",
    "find",
    "new_id",
    "outline",
    "pure_pyperf",
    "put",
    "read",
    "seal",
    "spill",
    "write",
]
