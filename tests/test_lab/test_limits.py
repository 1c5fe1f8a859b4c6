"""What the machine can do: the kernels do what they say, repetitions are judged, limits are kept, and NumPy stands in."""

from __future__ import annotations

import json
import math
import operator
import struct
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from fractions import Fraction
from functools import reduce
from pathlib import Path
from typing import Any

import pytest

from harness.errors import EnvironmentLacks
from harness.lab import machine
from harness.lab.limits import compiled, crew, levels, measuring, probe, system
from harness.lab.limits.message import limits_from, limits_of, to_message
from harness.model.declared import Limits
from harness.model.limited import Figure, Group, MachineLimits, NotMeasured, Through
from tests.fakes.limits import fake_figure, fake_limits

KERNELS: Any = compiled.load()
needs_kernels = pytest.mark.skipif(
    KERNELS is None, reason="extensions/limits is not built (PERFLAB_NO_EXTENSIONS, or make build)"
)
ARITHMETICS = KERNELS.arithmetics() if KERNELS else ()
SIZE = 64 << 10


def words(data: bytes) -> list[int]:
    """The 64-bit words of some bytes."""
    return list(struct.unpack(f"={len(data) // 8}Q", data))


# ---------------------------------------------------------------------- kernels


@needs_kernels
@pytest.mark.parametrize("way", KERNELS.readers() if KERNELS else ())
def test_reading_reads_every_word(way: str) -> None:
    """The exclusive or of all words is that which Python computes: no word was left out."""
    ground = KERNELS.Ground(SIZE, SIZE // 2)
    first, second = ground.halves()
    took = ground.read(way, 1)
    seen = ground.last_read
    ground.read(way, 1)

    assert took > 0
    assert [seen, ground.last_read] == [
        reduce(operator.xor, words(half)) for half in (first, second)
    ]


@needs_kernels
@pytest.mark.parametrize("way", KERNELS.copiers() if KERNELS else ())
def test_copying_copies(way: str) -> None:
    """After as many passes as there are chunks the second half equals the first, byte by byte."""
    ground = KERNELS.Ground(SIZE, SIZE // 8)
    ground.clear_second()
    took = ground.copy(way, 3)
    begun = ground.halves()[1]
    ground.copy(way, 1)
    source, target = ground.halves()

    assert took > 0
    assert begun[-SIZE // 8 :] == bytes(SIZE // 8)
    assert target == source


@needs_kernels
def test_the_chase_visits_every_line_once() -> None:
    """The references form one cycle through all cache lines, in no order that a prefetcher knows."""
    cycle = KERNELS.Cycle(SIZE)
    lines = []
    for _ in range(SIZE // 64):
        lines.append(cycle.line)
        cycle.chase(1)

    assert sorted(lines) == list(range(SIZE // 64))
    assert cycle.line == lines[0]
    assert lines != sorted(lines)


def once(way: str, x: float, factor: float, term: float) -> float:
    """One multiply-add as that instruction set rounds it: once, or after the product too."""
    if KERNELS.fused(way):
        return float(Fraction(x) * Fraction(factor) + Fraction(term))
    return x * factor + term


@needs_kernels
@pytest.mark.parametrize("way", ARITHMETICS)
def test_multiply_adds_are_right_to_the_bit(way: str) -> None:
    """Every lane ends where exact fractions, rounded as the instruction rounds, say that it ends."""
    lanes = [1.0 + number / 7 for number in range(KERNELS.lanes(way))]
    expected = lanes[:]
    for _ in range(9):
        expected = [once(way, x, 1.1, -0.3) for x in expected]

    assert KERNELS.multiply_add(way, 9, 1.1, -0.3, lanes) > 0
    if KERNELS.fused(way) is None:
        assert lanes == pytest.approx(expected, rel=1e-14)
    else:
        assert lanes == expected


@needs_kernels
@pytest.mark.parametrize("way", ARITHMETICS)
def test_the_mixture_adds_in_its_last_chains(way: str) -> None:
    """Eight chains multiply and add, six only add."""
    width = KERNELS.lanes(way) // 14
    lanes = [float(number) for number in range(KERNELS.lanes(way))]
    KERNELS.mixed(way, 1, 2.0, 0.5, lanes)

    assert lanes == [
        number * 2.0 + 0.5 if number < 8 * width else number + 0.5 for number in range(14 * width)
    ]


@needs_kernels
@pytest.mark.parametrize("way", ARITHMETICS)
def test_word_operations_are_right(way: str) -> None:
    """(x + term) ^ mask in 64 bits, as often as asked."""
    lanes = [number * 0x123456789ABCDEF for number in range(KERNELS.lanes(way))]
    expected = lanes[:]
    for _ in range(5):
        expected = [((x + 0xFFFFFFFFFFFFFF11) & (1 << 64) - 1) ^ 0x5555 for x in expected]

    assert KERNELS.word_operations(way, 5, 0xFFFFFFFFFFFFFF11, 0x5555, lanes) > 0
    assert lanes == expected


@needs_kernels
def test_what_has_no_result_still_takes_its_loops() -> None:
    """Calls and objects are timed by a clock that moves; a number that does not fit is refused, not guessed."""
    numbers = [1 << 40, -(1 << 62), 7]
    took = (
        KERNELS.bare_calls(1000),
        KERNELS.system_calls(1000),
        KERNELS.unboxed(numbers, 1000),
        KERNELS.tuples(9, 100),
    )

    assert min(took) > 0
    with pytest.raises(OverflowError):
        KERNELS.unboxed([1 << 64], 1)


@needs_kernels
@pytest.mark.parametrize("make", [lambda: KERNELS.Ground(1000), lambda: KERNELS.Ground(0), lambda: KERNELS.Ground(8192, 3000), lambda: KERNELS.Cycle(-4096)])  # fmt: skip
def test_odd_working_sets_are_refused(make: Callable[[], object]) -> None:
    """Vectors would run over the end of anything else."""
    with pytest.raises((ValueError, OverflowError)):
        make()


@needs_kernels
def test_unknown_instructions_are_refused() -> None:
    """The message says which there are."""
    with pytest.raises(ValueError, match=ARITHMETICS[0]):
        KERNELS.multiply_add("mmx", 1)
    with pytest.raises(ValueError, match="memcpy"):
        KERNELS.Ground(SIZE).copy("by hand", 1)


# ---------------------------------------------------------------------- caches


def describe(folder: Path, *caches: tuple[int, str, str]) -> Path:
    """Write the kernel's description of caches."""
    for number, (level, kind, size) in enumerate(caches):
        index = folder / f"index{number}"
        index.mkdir(parents=True)
        for name, text in (("level", str(level)), ("type", kind), ("size", size)):
            (index / name).write_text(text + "\n")
    return folder


def test_working_sets_follow_the_caches(tmp_path: Path) -> None:
    """Half of a core's own, four times the one before in a shared one, four times the last in memory; powers of two."""
    folder = describe(
        tmp_path,
        (1, "Data", "48K"),
        (1, "Instruction", "32K"),
        (2, "Unified", "2048K"),
        (3, "Unified", "36M"),
    )
    found = levels.levels(folder, free_bytes=64 << 30)

    assert [(one.name, one.holds_bytes) for one in found] == [
        ("L1", 48 << 10),
        ("L2", 2 << 20),
        ("L3", 36 << 20),
        ("memory", 128 << 20),
    ]
    assert [one.working_set_bytes for one in found] == [16 << 10, 1 << 20, 8 << 20, 128 << 20]


@pytest.mark.parametrize(
    "caches", [(), ((1, "Data", "strange"),), ((1, "Data", "64K"), (2, "Unified", "32K"))]
)
def test_where_the_kernel_says_nothing_usual_caches_are_assumed(
    tmp_path: Path, caches: tuple[tuple[int, str, str], ...]
) -> None:
    """No description, an unreadable one, an implausible one."""
    assert [
        one.holds_bytes for one in levels.levels(describe(tmp_path, *caches), free_bytes=1 << 40)
    ][:3] == [32 << 10, 512 << 10, 8 << 20]


def test_memorys_working_set_is_bounded_by_memory(tmp_path: Path) -> None:
    """An eighth of what is free, but twice the last cache at least."""
    folder = describe(tmp_path, (1, "Data", "32K"), (2, "Unified", "1M"), (3, "Unified", "256M"))

    assert levels.levels(folder, free_bytes=64 << 30)[-1].working_set_bytes == 1 << 30
    assert levels.levels(folder, free_bytes=6 << 30)[-1].working_set_bytes == 512 << 20
    assert levels.levels(folder, free_bytes=1 << 30)[-1].working_set_bytes == 512 << 20


# ---------------------------------------------------------------------- repetitions


class Metronome:
    """Takes so many nanoseconds a loop, another number in each repetition."""

    def __init__(self, *ns: float) -> None:
        self.ns = list(ns)
        self.asked = 0

    def __call__(self, loops: int) -> int:
        """Three slices make a repetition."""
        turn = min(self.asked // 3, len(self.ns) - 1)
        self.asked += 1
        return round(loops * self.ns[turn])


def fake_probe(unit: str = "s", **ways: probe.Timed) -> probe.Probe:
    """A probe of whatever it is given."""
    return probe.Probe("call_seconds", Group.CALLS, unit, ways, 2.0)


def test_the_best_is_the_figure_and_the_median_says_how_sure() -> None:
    """Seconds: the least; a rate: the greatest."""
    seconds = probe.figure(fake_probe(a=int), [100, 110, 130])
    rate = probe.figure(fake_probe("1/s", a=int), [100, 110, 130])

    assert (
        seconds.value,
        seconds.typical,
        seconds.low,
        seconds.high,
        seconds.repetitions,
    ) == pytest.approx((5e-8, 5.5e-8, 5e-8, 6.5e-8, 3))
    assert (rate.value, rate.typical, rate.low, rate.high) == pytest.approx(
        (2e7, 2e9 / 110, 2e9 / 130, 2e7)
    )


@pytest.mark.parametrize(
    ("ns", "unstable"),
    [
        ([100, 100, 119, 119, 119], False),
        ([100, 121, 121, 121, 121], True),
        ([100, 100, 100, 300, 300], False),
        ([100, 100, 300, 300, 300], True),
        ([100, 50, 100, 100, 100], True),
    ],
)
def test_repetitions_that_disagree_are_marked(ns: list[float], unstable: bool) -> None:
    """Unstable is what has half of its repetitions more than a fifth from the best; a few bad moments do not count."""
    figure = probe.figure(fake_probe(a=int), ns)

    assert figure.unstable is unstable
    assert bool(figure.doubts) is unstable


@pytest.mark.parametrize(
    ("before", "unstable"),
    [(None, False), (1.0, False), (1.19, False), (1.3, True), (0.84, False), (0.75, True)],
)
def test_measurements_that_disagree_are_marked(before: float | None, unstable: bool) -> None:
    """A figure that another measurement saw a fifth better or worse is not to be trusted, and says so."""
    figure = fake_figure("call_seconds", Group.CALLS, "s", 1.0, before=before)

    assert figure.unstable is unstable
    assert ("before" in figure.doubts) is unstable


def test_probes_are_measured_in_turn_and_the_unstable_ones_more_often() -> None:
    """Seven repetitions of each, and of what disagrees up to three more; the quickest way is named."""
    steady = fake_probe(slow=lambda loops: loops * 9000, quick=lambda loops: loops * 1000)
    restless = replace(
        fake_probe(only=Metronome(*([4000] * 3), 1000, *([4000] * 99))), name="fsync_seconds"
    )
    steps = []
    (one, other), missing = probe.measure(
        [steady, restless], probe.Effort(7, 0.0, 3), alive=lambda: steps.append(1)
    )

    assert (one.value, one.way, one.repetitions, one.unstable) == (5e-7, "quick", 7, False)
    assert (other.value, other.repetitions, other.unstable) == (5e-7, 10, True)
    assert (missing, len(steps)) == ([], 2 + 17)


def test_what_cannot_be_measured_is_named_and_the_rest_is_kept() -> None:
    """A system that forbids sockets still has calls."""

    def forbidden(loops: int) -> int:
        raise PermissionError(1, "not here")

    figures, missing = probe.measure(
        [replace(fake_probe(a=forbidden), name="loopback_roundtrip_seconds"), fake_probe(b=lambda loops: 1000 * loops)],
        probe.Effort(5, 0.0, 0), alive=lambda: None,
    )  # fmt: skip

    assert [figure.name for figure in figures] == ["call_seconds"]
    assert missing == [
        NotMeasured("loopback_roundtrip_seconds", "PermissionError: [Errno 1] not here")
    ]


# ---------------------------------------------------------------------- several at once


def test_a_crew_works_together_and_ends() -> None:
    """Two real processes do what they are told; afterwards there is none left to wait for."""
    with crew.Crew(2, {"interpret": crew.tasks(None, levels.levels(), 2)["interpret"]}) as hired:
        took = [hired.timed("interpret", workers)(20) for workers in (1, 2)]

    assert min(took) > 0


def test_a_worker_that_cannot_do_its_part_is_an_error() -> None:
    """Its pipe ends, and nobody waits for ever."""

    def fails(loops: int) -> None:
        raise MemoryError

    with crew.Crew(1, {"fail": fails}) as hired, pytest.raises(OSError, match="fail"):
        hired.timed("fail", 1)(1)


def test_the_curve_has_every_size_that_matters() -> None:
    """All up to four, then doubling, and all there are."""
    assert [crew.counts(n) for n in (1, 2, 6, 48)] == [
        [1],
        [1, 2],
        [1, 2, 3, 4, 6],
        [1, 2, 3, 4, 8, 16, 32, 48],
    ]


def test_capacity_is_in_cores() -> None:
    """Throughput over that of one worker; never more than there are workers."""
    figures = [
        fake_figure("parallel_capacity", Group.PARALLEL, "cores", rate, workers=n)
        for n, rate in ((1, 50.0), (2, 90.0), (4, 210.0))
    ]

    assert [one.value for one in crew.in_cores(figures)] == [1.0, 1.8, 4.0]


# ---------------------------------------------------------------------- figures -> Limits


def test_a_bound_gets_the_best_of_all_figures() -> None:
    """Of two file sizes the quicker, of two measurements the better, of caches a small one never slower than a large one."""
    measured = fake_limits(
        fake_figure("file_read_bytes_per_second", Group.SYSTEM, "bytes/s", 5e9, working_set_bytes=1 << 18),
        fake_figure("file_read_bytes_per_second", Group.SYSTEM, "bytes/s", 7e9, working_set_bytes=1 << 24),
        fake_figure("fsync_seconds", Group.SYSTEM, "s", 2e-4, before=1.5e-4),
        fake_figure("copy_bytes_per_second", Group.MEMORY, "bytes/s", 3e9, holds_bytes=32768),
        fake_figure("copy_bytes_per_second", Group.MEMORY, "bytes/s", 4e9, holds_bytes=1 << 27),
    )  # fmt: skip
    limits = limits_of(measured)

    assert (limits.file_read_bytes_per_second, limits.fsync_seconds) == (7e9, 1.5e-4)
    assert limits.read_bytes_per_second == {32768: 1e11, 1 << 27: 1e10}
    assert limits.copy_bytes_per_second == {32768: 4e9, 1 << 27: 4e9}
    assert limits.parallel_capacities == {1: 1.0, 2: 1.9}


def test_what_was_not_measured_costs_nothing() -> None:
    """A bound made of it stays a lower bound: no seconds, an endless rate, no latency."""
    limits = limits_of(fake_limits())

    assert (
        limits.fsync_seconds,
        limits.pickle_bytes_per_second,
        limits.random_seconds(1000, 1 << 20),
    ) == (0.0, math.inf, 0.0)


def test_an_unstable_capacity_counts_as_all_cores() -> None:
    """So does one that was measured beside other work: it would make bounds that a quiet machine beats."""
    stable = fake_limits()
    curve = tuple(
        replace(figure, typical=1.0) if figure.workers == 2 else figure for figure in stable.figures
    )

    assert limits_of(stable).parallel_capacity == 1.9
    assert limits_of(replace(stable, load=0.6)).parallel_capacity == 2.0
    assert limits_of(replace(stable, figures=curve)).parallel_capacity == 2.0


def test_limits_travel_through_a_pipe() -> None:
    """Infinite rates, too, for which JSON has no word."""
    limits = limits_of(fake_limits())

    assert limits_from(json.loads(json.dumps(to_message(limits), allow_nan=False))) == limits


def levelled(**more: Any) -> Limits:
    """Limits with two levels: 1000 bytes at 100 bytes a second, memory at 10."""
    rates = {1000: 100.0, 9000: 10.0}
    return Limits(
        rates,
        rates,
        1.0,
        1.0,
        1.0,
        1.0,
        1.0,
        1.0,
        random_access_seconds={1000: 1.0, 9000: 5.0},
        **more,
    )


@pytest.mark.parametrize(
    ("n_bytes", "seconds"), [(0, 0.0), (500, 5.0), (1000, 10.0), (1500, 60.0), (20_000, 1910.0)]
)
def test_reading_costs_what_each_level_can_hold(n_bytes: int, seconds: float) -> None:
    """As much as fits comes from the cache, the rest from memory: there is no better case, and no step where a cache ends."""
    assert levelled().read_seconds(n_bytes) == pytest.approx(seconds)


@pytest.mark.parametrize(("n_bytes", "seconds"), [(500, 5.0), (1000, 55.0)])
def test_a_copy_needs_room_for_both(n_bytes: int, seconds: float) -> None:
    """Source and target share the cache."""
    assert levelled().copy_seconds(n_bytes) == pytest.approx(seconds)


@pytest.mark.parametrize(("n_bytes", "seconds"), [(1000, 10.0), (2000, 30.0)])
def test_random_accesses_hit_as_often_as_the_cache_is_large(n_bytes: int, seconds: float) -> None:
    """Half of the accesses over twice the cache come from it."""
    assert levelled().random_seconds(10, n_bytes) == pytest.approx(seconds)


# ---------------------------------------------------------------------- the whole, and what is kept


NAMES = {field for field in Limits.__dataclass_fields__ if field != "parallel_capacities"}


@needs_kernels
def test_one_measurement_has_every_limit(machines_limits: MachineLimits) -> None:
    """Real kernels, real processes, real files, hastily: each field of Limits has a figure above nought."""
    found = {figure.name for figure in machines_limits.figures}

    assert found >= NAMES
    assert machines_limits.missing == ()
    assert all(0 < figure.low <= figure.value <= figure.high for figure in machines_limits.figures)
    assert all(
        figure.through in {Through.COMPILED, Through.PYTHON} for figure in machines_limits.figures
    )


def test_limits_are_kept_and_found_again(machines_limits: MachineLimits) -> None:
    """What is read back equals what was measured; a file that is no such thing is as good as none."""
    here = machines_limits.machine
    machine.keep_limits(machines_limits)
    kept = machine.kept_limits(here)
    message = machine.machine_limits(here)
    machine.limits_file(here).write_text('{"half": ')

    assert kept == machines_limits
    assert limits_from(message) == limits_of(machines_limits)
    assert machine.kept_limits(here) is None


def test_a_second_measurement_is_set_beside_the_first() -> None:
    """Each figure remembers the best that was seen before; new ones remember nothing."""
    first = fake_limits(fake_figure("fsync_seconds", Group.SYSTEM, "s", 2.0, before=1.0))
    second = fake_limits(
        fake_figure("fsync_seconds", Group.SYSTEM, "s", 3.0),
        fake_figure("fork_seconds", Group.STARTING, "s", 3.0),
    )
    beside: dict[str, Figure] = {
        figure.name: figure for figure in machine.beside(second, first).figures
    }

    assert (beside["fsync_seconds"].before, beside["fork_seconds"].before) == (1.0, None)
    assert beside["fsync_seconds"].doubts == "3.00x what was measured before"
    assert machine.beside(first, None).figures[0].before is None


def test_a_measurement_that_failed_is_an_error() -> None:
    """It names what went wrong, and the remedy."""
    with pytest.raises(EnvironmentLacks, match="no room"):
        machine.limits_said(fake_limits().machine, {"failed": "oom", "message": "no room"})


def test_numpy_stands_in_where_nothing_is_compiled(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Bandwidth and arithmetic are measured through NumPy and marked; what it cannot tell is left out, and bounds still work."""
    monkeypatch.setattr(compiled, "load", lambda: None)
    monkeypatch.setattr(
        levels,
        "levels",
        lambda: (levels.Level("L1", 32 << 10, 16 << 10), levels.Level("memory", 1 << 20, 1 << 20)),
    )
    said = measuring.measure(tmp_path, 1, probe.Effort(2, 0.0, 0), alive=lambda: None)
    measured = machine.limits_said(machine.this_machine(), said)
    through = {figure.name: figure.through for figure in measured.figures}
    limits = limits_of(measured)

    assert (
        through["read_bytes_per_second"]
        is through["copy_bytes_per_second"]
        is through["fma_per_second"]
        is Through.NUMPY
    )
    assert "random_access_seconds" not in through
    assert 0 < limits.read_seconds(1 << 20) < 1
    assert 0 < limits.system_call_seconds < 1
    assert "-numpy" in machine.limits_file(measured.machine).name


def test_fsync_is_asked_of_the_folder_it_names(tmp_path: Path) -> None:
    """The figure says on what kind of file system the folder lies."""
    with ExitStack() as stack:
        asked = next(
            one for one in system.probes(stack, tmp_path, KERNELS) if one.name == "fsync_seconds"
        )
        took = asked.ways[""](1)

    assert took > 0
    assert asked.where.startswith("4 KiB in the cache folder (")
