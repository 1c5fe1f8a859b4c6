"""Probes, and how they are measured: in slices of about a millisecond, in repetitions that lie apart."""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from harness.model.limited import Figure, Group, NotMeasured, Through

Timed: TypeAlias = Callable[[int], int]
"""``timed(loops) -> nanoseconds``: do it so many times."""

SLICE_NS = 1_000_000
_FEWEST_SLICES = 3
_HOPELESS = 1.5
"""A way this many times slower than the best is not tried again."""


@dataclass(frozen=True, slots=True)
class Probe:
    """One limit, ready to be measured, in one or several ways of which the quickest counts."""

    name: str
    group: Group
    unit: str
    ways: Mapping[str, Timed]
    amount: float = 1.0
    """What one loop of it does, in units: bytes, operations, calls."""
    through: Through = Through.COMPILED
    where: str = ""
    working_set_bytes: int | None = None
    holds_bytes: int | None = None
    workers: int | None = None
    slice_ns: int = SLICE_NS

    @property
    def is_rate(self) -> bool:
        """More is better."""
        return self.unit != "s"

    def value(self, ns_per_loop: float) -> float:
        """What so many nanoseconds a loop mean in this probe's unit."""
        return self.amount / ns_per_loop * 1e9 if self.is_rate else ns_per_loop / self.amount / 1e9


@dataclass(frozen=True, slots=True)
class Effort:
    """How much time a measurement takes."""

    repetitions: int = 7
    seconds: float = 0.05
    """Of one repetition of one probe, at least three slices."""
    more: int = 8
    """So many repetitions more, at most, of what is unstable."""


@dataclass(slots=True)
class _Course:
    """What has been measured of one probe so far."""

    probe: Probe
    loops: dict[str, int] = field(default_factory=dict)
    ns: list[float] = field(default_factory=list)
    """Nanoseconds a loop, of each repetition the best."""
    way: str = ""

    def warm_up(self) -> None:
        """Touch everything once, and find how many loops make a slice; ways far behind the best are given up."""
        took = {}
        for way, timed in self.probe.ways.items():
            loops = 1
            while (elapsed := timed(loops)) < self.probe.slice_ns // 2:
                loops = max(
                    2 * loops,
                    int(loops * self.probe.slice_ns / max(elapsed, 1))
                    if elapsed > self.probe.slice_ns // 64
                    else 0,
                )
            self.loops[way] = loops
            took[way] = min(elapsed, timed(loops)) / loops
        best = min(took.values())
        for way, each in took.items():
            if each > best * _HOPELESS:
                del self.loops[way]

    def repeat(self, seconds: float) -> None:
        """One repetition: slices of all ways in turn, the best counts."""
        end, best, slices = time.perf_counter() + seconds, float("inf"), 0
        while slices < _FEWEST_SLICES or time.perf_counter() < end:
            slices += 1
            for way, loops in self.loops.items():
                each = self.probe.ways[way](loops) / loops
                if each < best:
                    best = each
                    if not self.ns or each < min(self.ns):
                        self.way = way
        self.ns.append(best)

    @property
    def figure(self) -> Figure:
        """What the repetitions so far make."""
        return figure(self.probe, self.ns, self.way)


def measure(
    probes: Sequence[Probe], effort: Effort, *, alive: Callable[[], None]
) -> tuple[list[Figure], list[NotMeasured]]:
    """Measure all probes in turn, again and again, so that a bad second of the machine spoils one repetition of each.

    What is unstable then is measured some more; all repetitions count.

    Returns:
        the figures in the probes' order, and what could not be measured.
    """
    courses, missing = _started(probes, alive)
    order, source = list(courses), random.Random(0)
    for repetition in range(effort.repetitions + effort.more):
        if repetition >= effort.repetitions:
            order = [course for course in order if course.figure.unstable]
        source.shuffle(
            order
        )  # what a probe leaves in the caches is not always left to the same one
        for course in order:
            course.repeat(effort.seconds)
            alive()
    return [course.figure for course in courses], missing


def _started(
    probes: Sequence[Probe], alive: Callable[[], None]
) -> tuple[list[_Course], list[NotMeasured]]:
    courses, missing = [], []
    for probe in probes:
        course = _Course(probe)
        try:
            course.warm_up()
        except (OSError, MemoryError) as error:
            missing.append(NotMeasured(probe.name, f"{type(error).__name__}: {error}"))
        else:
            courses.append(course)
        alive()
    return courses, missing


def figure(probe: Probe, ns_per_loop: Sequence[float], way: str = "") -> Figure:
    """Return the figure that these repetitions make: the best of them, their median, least and greatest."""
    values = [probe.value(ns) for ns in ns_per_loop]
    best = max(values) if probe.is_rate else min(values)
    return Figure(
        probe.name, probe.group, probe.unit, best, statistics.median(values), min(values), max(values), len(values),
        probe.through, way if len(probe.ways) > 1 else "", probe.where, probe.working_set_bytes, probe.holds_bytes, probe.workers,
    )  # fmt: skip
