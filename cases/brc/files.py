"""Telemetry files: made once by a seeded generator, kept in the temporary folder, found again by their recipe."""

from __future__ import annotations

import os
import secrets
import tempfile
import time
from collections.abc import Iterable
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

GENERATOR = 2
"""Raise it when the generator changes: old files are then not found any more."""
ROWS_AT_A_TIME = 500_000
KEPT_SECONDS = 3600
SYLLABLES = "ka lo mi ra ten dor vik sund berg ville port São Ñu ös tjä łó".split()


def telemetry(n: int, seed: int, *, stations: int = 400, skew: float = 0.0) -> str:
    """Return the path of a file of ``n`` rows ``name;-12.3``; ``skew`` is the exponent of Zipf's law, 0 for equal shares."""
    path = folder() / f"telemetry-{GENERATOR}-{n}-{seed}-{stations}-{skew:g}.txt"
    if not path.exists():
        _write(path, _rows(n, seed, stations, skew))
    return str(path)


def written(content: bytes) -> str:
    """Return the path of a file with this content."""
    path = folder() / f"content-{sha256(content).hexdigest()[:24]}.txt"
    if not path.exists():
        _write(path, [content])
    return str(path)


def folder() -> Path:
    """The folder of made files, one per user; what has not been used for an hour is removed."""
    place = Path(tempfile.gettempdir(), f"perflab-inputs-{os.getuid() if hasattr(os, 'getuid') else 'user'}")
    place.mkdir(mode=0o700, exist_ok=True)
    oldest = time.time() - KEPT_SECONDS
    with os.scandir(place) as entries:
        for entry in entries:
            with suppress(OSError):  # another process may have been quicker
                if entry.stat().st_atime < oldest and entry.stat().st_mtime < oldest:
                    os.unlink(entry.path)
    return place


def _write(path: Path, parts: Iterable[bytes]) -> None:
    """Write the whole file or none: another process may be looking for it."""
    temporary = path.with_suffix(f".{secrets.token_hex(4)}.tmp")
    with temporary.open("wb") as file:
        file.writelines(parts)
    temporary.replace(path)


def _rows(n: int, seed: int, stations: int, skew: float) -> Iterable[bytes]:
    import numpy as np

    source = np.random.default_rng([seed, stations])
    names = [_name(number).encode() for number in range(stations)]
    climate = source.uniform(-200, 300, stations)
    shares = np.arange(1, stations + 1) ** -skew
    readings = [b";%s%d.%d\n" % (b"-" if tenths < 0 else b"", abs(tenths) // 10, abs(tenths) % 10) for tenths in range(-999, 1000)]
    for start in range(0, n, ROWS_AT_A_TIME):
        size = min(ROWS_AT_A_TIME, n - start)
        which = source.choice(stations, size, p=shares / shares.sum())
        tenths = np.clip(np.rint(source.normal(climate[which], 100)), -999, 999).astype(int) + 999
        yield b"".join([names[station] + readings[reading] for station, reading in zip(which.tolist(), tenths.tolist(), strict=True)])


def _name(number: int) -> str:
    """Return a name of two to four syllables, another for every number."""
    parts = []
    while number >= 0:
        parts.append(SYLLABLES[number % len(SYLLABLES)])
        number = number // len(SYLLABLES) - 1
    return "".join(parts).capitalize() + " Nord"[: len(parts) % 3 * 5]
