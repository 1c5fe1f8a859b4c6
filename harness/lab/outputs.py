"""What a variant had printed when it ended without an answer: kept on this machine, one file a variant, never in a result."""

from __future__ import annotations

from pathlib import Path

from harness.lab import places


def file_of(case: str, variant: str) -> Path:
    """Where the tail of its output goes: the last bytes of both streams, with what faulthandler dumped."""
    return places.cache_folder("outputs") / f"{case}-{variant}.log"


def kept(case: str, variant: str) -> Path | None:
    """The file, if there is one from the last time."""
    path = file_of(case, variant)
    return path if path.is_file() else None
