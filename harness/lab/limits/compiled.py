"""Probes through the compiled kernels of extensions/limits: memory, arithmetic, calls, objects."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from harness.errors import NotBuilt
from harness.lab import bodies
from harness.lab.limits.probe import Probe, Timed
from harness.model.limited import Group

if TYPE_CHECKING:
    from harness.lab.limits.levels import Level

_WHERE = ("limits", "kernels")
_CHUNK = 2 << 20
"""Bytes: what memory moves in less than a slice."""
_OBJECTS = 512
_BEYOND_ONE_DIGIT = 1 << 40
"""Python keeps integers in digits of 30 bits: 64-bit numbers have more than one."""
_LANES = 1120
"""One loop works on so many, whatever the width: a multiple of fourteen chains of two, four or eight lanes."""
_WIDEST = 2
"""Narrower vectors than these are never quicker."""


def load() -> Any | None:
    """Return the compiled kernels, or None where there is no build of their source."""
    return bodies.load(*_WHERE) if bodies.available(*_WHERE) else None


def provide() -> None:
    """Build the kernels where there is no build yet; where none can be made the limits are measured through NumPy."""
    with suppress(NotBuilt):
        bodies.library(*_WHERE)


def probes(kernels: Any, levels: Sequence[Level]) -> list[Probe]:
    """All that the kernels can measure on one core."""
    return [
        *_memory(kernels, levels), *_arithmetic(kernels),
        Probe("bare_c_call_seconds", Group.CALLS, "s", {"": kernels.bare_calls}),
        Probe("system_call_seconds", Group.CALLS, "s", {"": kernels.system_calls}, where="getppid"),
        Probe("unboxed_seconds", Group.CALLS, "s", {"": partial(kernels.unboxed, _numbers())}, _OBJECTS),
        Probe("object_seconds", Group.CALLS, "s", {"": partial(kernels.tuples, _OBJECTS)}, _OBJECTS, where="a tuple of three"),
    ]  # fmt: skip


def _numbers() -> list[int]:
    return [_BEYOND_ONE_DIGIT + number for number in range(_OBJECTS)]


def _memory(kernels: Any, levels: Sequence[Level]) -> Iterator[Probe]:
    """Reading, copying and chasing, each with the same working set for a level."""
    for level in levels:
        chunk = min(level.working_set_bytes // 2, _CHUNK)
        ground = _Late(partial(kernels.Ground, level.working_set_bytes, chunk))
        cycle = _Late(partial(kernels.Cycle, level.working_set_bytes))
        for name, unit, ways, amount in (
            ("read_bytes_per_second", "bytes/s", _each(kernels.readers(), ground, "read"), chunk),
            ("copy_bytes_per_second", "bytes/s", _each(kernels.copiers(), ground, "copy"), chunk),
            ("random_access_seconds", "s", {"": _Chase(cycle)}, 1),
        ):
            yield Probe(
                name, Group.MEMORY, unit, ways, amount, where=level.name,
                working_set_bytes=level.working_set_bytes, holds_bytes=level.holds_bytes,
            )  # fmt: skip


class _Late:
    """Makes a working set when it is first used: where there is no memory for it, that is one probe's misfortune."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make
        self._made: Any = None

    def get(self) -> Any:
        """Return the working set."""
        if self._made is None:
            self._made = self._make()
        return self._made


class _Chase:
    """Follows the references of a working set."""

    def __init__(self, cycle: _Late) -> None:
        self._cycle = cycle

    def __call__(self, loops: int) -> int:
        """Time so many steps."""
        return int(self._cycle.get().chase(loops))


def _each(ways: Sequence[str], ground: _Late, action: str) -> dict[str, Timed]:
    def timed(way: str) -> Timed:
        return lambda loops: int(getattr(ground.get(), action)(way, loops))

    return {way: timed(way) for way in ways}


def _arithmetic(kernels: Any) -> Iterator[Probe]:
    """Peaks of one core; additions beside the multiply-adds are quicker on processors that have pipes of their own for them."""
    names = kernels.arithmetics()[:_WIDEST]
    for name, actions, each in (
        ("fma_per_second", {"fused": kernels.multiply_add}, 1),
        ("float_operations_per_second", {"fused": kernels.multiply_add, "mixed": kernels.mixed}, 1),
        ("word_operations_per_second", {"words": kernels.word_operations}, 2),
    ):
        ways = {
            f"{one} {kind}": _turns(action, one, _LANES // kernels.lanes(one))
            for one in names
            for kind, action in actions.items()
        }
        yield Probe(name, Group.ARITHMETIC, "1/s", ways, each * _LANES)


def _turns(action: Callable[[str, int], int], way: str, turns: int) -> Timed:
    return lambda loops: action(way, turns * loops)
