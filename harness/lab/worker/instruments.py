"""Clocks and the collector's switches, bound before a variant is imported: whoever replaces them in their modules deceives nobody here.

Whoever replaces a part of the lab itself, or of what it computes with, is found out by what was remembered of it.
"""

from __future__ import annotations

import builtins
import gc
import json
import os
import pickle
import resource
import statistics
import sys
import time
from operator import is_
from types import FunctionType, ModuleType

now = time.perf_counter_ns
"""The lab's clock, in nanoseconds."""
seconds_now = time.perf_counter
monotonic = time.monotonic
"""For limits of time, in seconds."""
process_ns = time.process_time_ns
thread_ns = time.thread_time_ns
clock_ns = time.clock_gettime_ns
"""Of any clock of the kernel."""
SINCE_BOOT = time.CLOCK_MONOTONIC
sleep = time.sleep
_usage = resource.getrusage


def preemptions() -> int:
    """How often the system has taken the processor away from this process for another."""
    return _usage(resource.RUSAGE_SELF).ru_nivcsw


collect, freeze, unfreeze, disable, enable = (
    gc.collect,
    gc.freeze,
    gc.unfreeze,
    gc.disable,
    gc.enable,
)

_OUTSIDE = {
    time: (
        "perf_counter",
        "perf_counter_ns",
        "monotonic",
        "monotonic_ns",
        "process_time",
        "process_time_ns",
        "thread_time",
        "thread_time_ns",
        "time",
        "time_ns",
        "sleep",
    ),
    gc: ("collect", "freeze", "disable", "enable", "isenabled"),
    pickle: ("loads", "dumps"),
    statistics: ("median", "fmean", "mean", "quantiles"),
    os: ("read", "write"),
    json: ("loads", "dumps"),
    builtins: tuple(name for name in vars(builtins) if not name.startswith("_")),
}
"""What we measure and judge with that is not ours."""
_BOUND: dict[ModuleType | type, dict[str, object]] = {
    module: {name: getattr(module, name) for name in names} for module, names in _OUTSIDE.items()
}
# two thousand names are compared after each input, without a loop of Python's
_every, _map = all, map
_SEEN: set[str] = set()


def bind() -> None:
    """Remember what our own modules are made of, before the code under test is imported."""
    for name, module in list(sys.modules.items()):
        if (
            not (name.startswith("harness.") or name == "__main__") or name in _SEEN
        ):  # the worker itself is the program
            continue
        _SEEN.add(name)
        owners: list[ModuleType | type] = [
            module,
            *(
                value
                for value in vars(module).values()
                if isinstance(value, type) and value.__module__ == name
            ),
        ]
        for owner in owners:
            bound = _BOUND.setdefault(owner, {})
            for attribute, value in vars(owner).items():
                if isinstance(value, FunctionType) and value.__module__ == name:
                    _MADE_OF[value] = _parts(value)
                elif attribute.startswith("__"):
                    continue
                bound[attribute] = value


_MADE_OF: dict[FunctionType, tuple[object, ...]] = {}
"""What our functions do, and with what, if nobody says otherwise: a clock may be a default."""


def _parts(function: FunctionType) -> tuple[object, ...]:
    return function.__code__, function.__defaults__, *(function.__kwdefaults__ or {}).values()


def replaced() -> list[str]:
    """Names of what somebody has put something else in the place of: ``time.perf_counter``."""
    found = [
        f"{_name(owner)}.{name}"
        for owner, bound in _BOUND.items()
        if not _every(_map(is_, _map(vars(owner).get, bound), bound.values()))
        for name, value in bound.items()
        if vars(owner).get(name) is not value
    ]
    return found + [
        f"{function.__module__}.{function.__qualname__}"
        for function, parts in _MADE_OF.items()
        if function.__code__ is not parts[0]
        or function.__defaults__ is not parts[1]
        or ((function.__kwdefaults__ or len(parts) > 2) and not _same(parts, _parts(function)))
    ]


def _same(parts: tuple[object, ...], now_: tuple[object, ...]) -> bool:
    return len(parts) == len(now_) and all(
        one is other for one, other in zip(parts, now_, strict=True)
    )


def _name(owner: ModuleType | type) -> str:
    return (
        owner.__name__
        if isinstance(owner, ModuleType)
        else f"{owner.__module__}.{owner.__qualname__}"
    )
