"""Which caches this machine has, and the working sets that sit in them."""

from __future__ import annotations

import itertools
import resource
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_CACHES = Path("/sys/devices/system/cpu/cpu0/cache")
_USUAL = (32 << 10, 512 << 10, 8 << 20)
"""Where the kernel does not say: what most processors have at least."""
_TIMES_THE_LAST = 4
_LEAST_MEMORY, _MOST_MEMORY = 64 << 20, 1 << 30
_SHARE_OF_FREE = 8
_UNITS = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30}


@dataclass(frozen=True, slots=True)
class Level:
    """A cache, or memory behind all of them."""

    name: str
    holds_bytes: int
    working_set_bytes: int
    """A power of two that sits well inside: half of a core's own cache; of one that others use too, four times what comes before."""


def levels(caches: Path = _CACHES, *, free_bytes: int | None = None) -> tuple[Level, ...]:
    """Return the levels of this machine, the quickest first; the last is memory.

    Args:
        caches: the kernel's description of one core's caches.
        free_bytes: memory to be had; None: ask the system.
    """
    sizes = _sizes(caches) or _USUAL
    found = [
        Level(f"L{number}", size, _working_set(sizes, number))
        for number, size in enumerate(sizes, 1)
    ]
    wanted = min(max(_TIMES_THE_LAST * sizes[-1], _LEAST_MEMORY), _MOST_MEMORY)
    free = _free_bytes() if free_bytes is None else free_bytes
    memory = _power_of_two(max(min(wanted, free // _SHARE_OF_FREE), 2 * sizes[-1]))
    return (*found, Level("memory", memory, memory))


def _sizes(caches: Path) -> tuple[int, ...]:
    """Bytes of the data caches, ascending; empty where the kernel does not say."""
    found: dict[int, int] = {}
    for index in sorted(caches.glob("index*")):
        with suppress(OSError, ValueError, KeyError):
            if (index / "type").read_text().strip() == "Instruction":
                continue
            size = (index / "size").read_text().strip()
            found[int((index / "level").read_text())] = int(size[:-1]) * _UNITS[size[-1]]
    ordered = [found[level] for level in sorted(found)]
    plausible = all(small < large for small, large in itertools.pairwise(ordered)) and all(
        8 << 10 <= size for size in ordered
    )
    return tuple(ordered) if plausible else ()


def _working_set(sizes: tuple[int, ...], number: int) -> int:
    """A guest of a shared host is told of the whole last cache, and may have a tenth of it."""
    size = sizes[number - 1]
    shared = number == len(sizes) and number > 2
    return _power_of_two(
        min(size // 4, _TIMES_THE_LAST * sizes[number - 2]) if shared else size // 2
    )


def _power_of_two(size: int) -> int:
    return 1 << (size.bit_length() - 1)


def _free_bytes() -> int:
    import psutil

    allowed, _ = resource.getrlimit(resource.RLIMIT_AS)
    free = int(psutil.virtual_memory().available)
    return free if allowed == resource.RLIM_INFINITY else min(free, allowed)
