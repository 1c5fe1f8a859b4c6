"""From figures to what a case's bound receives, and through the pipe to a worker."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from harness.model.declared import Limits

if TYPE_CHECKING:  # a worker reads limits from a message, and needs none of the figures' nouns
    from collections.abc import Iterable, Mapping

    from harness.lab.frames import Message
    from harness.model.limited import Figure, MachineLimits

_BY_LEVEL = ("read_bytes_per_second", "copy_bytes_per_second", "random_access_seconds")
_RATES = (
    "word_operations_per_second", "file_read_bytes_per_second", "fma_per_second", "float_operations_per_second",
    "pickle_bytes_per_second", "pickle_strings_bytes_per_second",
)  # fmt: skip
_SECONDS = (
    "call_seconds", "system_call_seconds", "loopback_roundtrip_seconds", "c_call_seconds", "bare_c_call_seconds", "object_seconds",
    "unboxed_seconds", "fsync_seconds", "process_start_seconds", "fork_seconds", "thread_start_seconds",
)  # fmt: skip


def limits_of(measured: MachineLimits) -> Limits:
    """Return the limits that these figures make: of several figures of one name, and of two measurements, the best."""
    by_name: dict[str, list[Figure]] = {}
    for figure in measured.figures:
        by_name.setdefault(figure.name, []).append(figure)
    curve = {figure.workers or 1: figure for figure in by_name.get("parallel_capacity", [])}
    fields: dict[str, Any] = {
        **{name: _by_level(by_name.get(name, [])) for name in _BY_LEVEL},
        **{
            name: max((figure.best_seen for figure in by_name.get(name, [])), default=math.inf)
            for name in _RATES
        },
        **{
            name: min((figure.best_seen for figure in by_name.get(name, [])), default=0.0)
            for name in _SECONDS
        },
    }
    return Limits(
        **fields,
        parallel_capacity=_capacity(curve, measured),
        parallel_capacities={workers: figure.value for workers, figure in sorted(curve.items())},
    )


def _by_level(figures: Iterable[Figure]) -> dict[int, float]:
    """By what holds the data; a small working set is never slower than a larger one, however much of its time was overhead."""
    ordered = sorted(figures, key=lambda figure: -(figure.holds_bytes or 0))
    found: dict[int, float] = {}
    for figure in ordered:
        better = max if figure.is_rate else min
        found[figure.holds_bytes or 0] = better([figure.best_seen, *found.values()])
    return dict(sorted(found.items()))


def _capacity(curve: Mapping[int, Figure], measured: MachineLimits) -> float:
    """The measured capacity of all cores; where it was disturbed, a bound must allow for all of them."""
    cores = float(measured.machine.cores)
    if not curve or measured.load > _QUIET_LOAD:
        return cores
    widest = curve[max(curve)]
    return cores if widest.unstable else max(1.0, widest.best_seen)


_QUIET_LOAD = 0.5
"""Load average above which somebody else had a core: what was left is not what the machine can do."""


def to_message(limits: Limits) -> Message:
    """Put limits into a message: JSON knows no infinity."""
    return {name: None if value == math.inf else value for name, value in asdict(limits).items()}


def limits_from(message: Mapping[str, Any]) -> Limits:
    """Return the limits in a message."""
    return Limits(**{name: _value(value) for name, value in message.items()})


def _value(value: Any) -> Any:
    if isinstance(value, dict):
        return {int(size): float(each) for size, each in value.items()}
    return math.inf if value is None else value
