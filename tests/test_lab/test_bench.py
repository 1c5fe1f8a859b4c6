"""The bench with workers that only pretend: order, participation, stopping, and what becomes of those who fail."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Self

import pytest

from harness import Case, Workload, exact
from harness.lab import bench
from harness.lab.bench import Bench, Block
from harness.lab.lanes import Lane
from harness.lab.supervisor import Ending
from harness.model.declared import Status, Technique, Variant
from harness.model.measured import Measured, Plan
from tests.fakes.runs import fake_certificate


@dataclass
class FakeClock:
    """Time passes only when a worker works."""

    now: float = 100.0

    def monotonic(self) -> float:
        """Seconds."""
        return self.now


@dataclass
class FakeWorker:
    """Answers jobs from a script; every call takes the variant's own time."""

    table: FakeTable
    variant: str = ""
    job: dict[str, Any] = field(default_factory=dict)
    samples: int = 0
    pauses: list[tuple[int, int]] = field(default_factory=list)
    left: float = 0.0
    """Seconds of the call that are still to come."""

    started_ns = 0
    running = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def kill(self) -> None:
        """Answer no more."""
        self.running = False

    def send(self, job: dict[str, Any]) -> None:
        """Remember the job."""
        self.job = job
        self.variant = job.get("variant", self.variant)
        self.pauses = []
        self.left = self.table.seconds[self.variant]

    def ask(self, job: dict[str, Any]) -> dict[str, Any]:
        """Send and receive."""
        self.send(job)
        return self.receive()

    def answers_within(self, seconds: float) -> bool:
        """Go on with the call for so long, or to its end."""
        self.table.clock.now += min(seconds, self.left)
        self.left = max(0.0, self.left - seconds)
        return self.left == 0.0

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Stand still."""
        stopped = round(self.table.clock.now * 1e9)
        yield
        self.pauses.append((stopped, round(self.table.clock.now * 1e9)))

    def receive(self) -> dict[str, Any]:
        """Answer the last job."""
        seconds = self.table.seconds[self.variant]
        what = self.job["do"]
        if what == "sample":
            self.samples += 1
            self.table.order.append(self.variant)
            self.table.clock.now += self.left
            seconds += sum(end - start for start, end in self.pauses) / 1e9
            if self.variant in self.table.crashing and self.samples > self.table.sound:
                self.running = False
                raise Ending(Status.CRASHED, "crashed (SIGSEGV)")
            ended = round(self.table.clock.now * 1e9)
            return {"ns": round(seconds * 1e9), "cpu_ns": 1, "loops": 1, "ended_ns": ended}
        if what == "check":
            wrong = self.variant in self.table.drifting
            return {
                "difference": "value differs" if wrong else None,
                "kind": "value" if wrong else "",
            }
        return {
            "sheet": {"bound_seconds": 1e-9, "work": None},
            "memory": {
                "peak_bytes": 1,
                "traced_peak_bytes": 1,
                "blocks": 1,
                "imported_ns": 5,
                "first_call_ns": 7,
                "call_ns": round(seconds * 1e9),
            },
            "prepare": {"imported_ns": 5, "first_call_ns": 7},
            "warm": {
                "loops": 1,
                "slice_ns": round(seconds * 1e9),
                "divisible": self.variant in self.table.divisible,
            },
        }[what]


@dataclass
class FakeTable:
    """The times of the variants, and what has been timed in which order."""

    seconds: dict[str, float]
    clock: FakeClock
    crashing: frozenset[str] = frozenset()
    sound: int = 2
    """So many samples of a process that crashes are good."""
    drifting: frozenset[str] = frozenset()
    divisible: frozenset[str] = frozenset()
    order: list[str] = field(default_factory=list)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> FakeClock:
    """A clock that stands still unless somebody works."""
    fake = FakeClock()
    monkeypatch.setattr(
        bench, "time", SimpleNamespace(monotonic=fake.monotonic, monotonic_ns=time.monotonic_ns)
    )
    return fake


def make_bench(
    table: FakeTable, plan: Plan, name: str = "10", started: list[FakeWorker] | None = None
) -> Bench:
    """A bench of the table's variants; the workers it starts are noted in ``started``."""
    names = tuple(table.seconds)
    workload = Workload(name, lambda n, seed: (n, seed), int(name))

    def worker(_variant: str, **_: object) -> FakeWorker:
        made = FakeWorker(table)
        if started is not None:
            started.append(made)
        return made

    case = Case(function="f", variants=names, workloads=(workload,), same=exact)
    task = SimpleNamespace(
        found=SimpleNamespace(name="tiny", home=Path("nowhere")),
        case=case,
        workload=workload,
        plan=plan,
        sheet=Path("sheet"),
        services=SimpleNamespace(job=lambda name: {}),
        job=lambda do, variant: {"do": do, "variant": variant},
        worker=worker,
        passes=None,
    )
    lanes = [
        Lane(
            Variant(name, Technique.PYTHON, False, ""),
            fake_certificate(name, reference=name == names[0]),
        )
        for name in names
    ]
    return Bench(task, lanes, earlier=None, tell=lambda text, share: None)  # type: ignore[arg-type]


def measure(table: FakeTable, *, plan: Plan) -> tuple[list[Measured], list[Lane]]:
    """Measure the table's variants; return what was yielded, and the lanes."""
    one = make_bench(table, plan)
    one.get_ready(Block(0))
    return [measured for _, measured in bench.measure([one], seed=0)], one.lanes


def test_it_stops_when_the_ratios_are_precise(clock: FakeClock) -> None:
    """Constant times are precise at once: the least number of blocks, and no more."""
    yielded, _ = measure(
        FakeTable({"naive": 0.01, "quick": 0.001}, clock),
        plan=Plan(budget_seconds=100, min_blocks=3),
    )

    assert len(yielded[-1].conditions) == 3
    assert [one.complete for one in yielded] == [False, False, False, True]


def test_rounds_are_in_random_order(clock: FakeClock) -> None:
    """Every variant is first sometimes."""
    table = FakeTable({"naive": 0.001, "quick": 0.001, "other": 0.001}, clock)
    measure(table, plan=Plan(budget_seconds=100))

    assert {tuple(table.order[start : start + 3]) for start in range(0, 60, 3)} >= {
        ("naive", "quick", "other"),
        ("other", "quick", "naive"),
    }


def test_a_slow_variant_leaves_the_rounds_early(clock: FakeClock) -> None:
    """One slow call is enough for a block; the quick ones go on without it."""
    table = FakeTable({"naive": 0.6, "quick": 0.001, "other": 0.001}, clock)
    yielded, _ = measure(table, plan=Plan(budget_seconds=20))
    naive, quick, _ = yielded[-1].results

    assert [len(process.samples) for process in naive.processes] == [1] * len(naive.processes)
    assert all(len(process.samples) > 5 for process in quick.processes)


def test_a_slice_that_is_stopped_for_others_takes_what_it_took(clock: FakeClock) -> None:
    """One call of 0.6 s, stopped all the while for quick ones: they share its round, and its time is its own."""
    table = FakeTable(
        {"naive": 0.6, "quick": 0.001, "other": 0.001}, clock, divisible=frozenset({"naive"})
    )
    yielded, _ = measure(table, plan=Plan(budget_seconds=20))
    naive, quick, other = yielded[-1].results

    for slow, *companions in zip(naive.processes, quick.processes, other.processes, strict=True):
        (sample,) = slow.samples
        assert sample.seconds == pytest.approx(0.6, abs=1e-6)
        for one in companions:
            assert sum(each.round == sample.round for each in one.samples) > 10


def test_what_dies_in_a_divided_slice_is_out(clock: FakeClock) -> None:
    """Its companions keep what was timed in its pauses."""
    table = FakeTable(
        {"naive": 0.01, "slow": 0.6, "quick": 0.001},
        clock,
        crashing=frozenset({"slow"}),
        sound=0,
        divisible=frozenset({"slow"}),
    )
    yielded, lanes = measure(table, plan=Plan(budget_seconds=60))
    _, slow, quick = yielded[-1].results

    assert [Status.OK, Status.CRASHED, Status.OK] == [lane.status for lane in lanes]
    assert not slow.processes
    assert len(quick.processes) == len(yielded[-1].conditions)


def test_a_crash_costs_only_the_one_that_crashed(clock: FakeClock) -> None:
    """The others keep their samples, and the later blocks go on without it."""
    yielded, lanes = measure(
        FakeTable(
            {"naive": 0.001, "bad": 0.001, "quick": 0.001}, clock, crashing=frozenset({"bad"})
        ),
        plan=Plan(),
    )

    assert [lane.status for lane in lanes] == [Status.OK, Status.CRASHED, Status.OK]
    assert len(yielded[-1].results[2].processes) >= 3


def test_a_wrong_timed_answer_is_drifting(clock: FakeClock) -> None:
    """Proven equal, but wrong in a timed round."""
    _, lanes = measure(
        FakeTable(
            {"naive": 0.001, "bad": 0.001, "quick": 0.001}, clock, drifting=frozenset({"bad"})
        ),
        plan=Plan(),
    )

    assert lanes[1].status is Status.DRIFTED
    assert "timed round" in lanes[1].message


def test_what_would_take_longer_than_the_budget_is_skipped(clock: FakeClock) -> None:
    """Three calls of 10 s do not fit into 20 s: said, not silently left out."""
    _, lanes = measure(
        FakeTable({"naive": 0.001, "endless": 10.0, "quick": 0.001}, clock),
        plan=Plan(budget_seconds=20),
    )

    assert lanes[1].status is Status.SKIPPED
    assert "raise --budget" in lanes[1].message


def test_the_same_seed_gives_the_same_order(clock: FakeClock) -> None:
    """The order is random, but it can be repeated."""
    tables = [FakeTable({"naive": 0.001, "quick": 0.001, "other": 0.001}, clock) for _ in range(2)]
    for table in tables:
        measure(table, plan=Plan(budget_seconds=100))

    assert tables[0].order[:90] == tables[1].order[:90]


def test_workloads_share_the_processes_of_a_block(clock: FakeClock) -> None:
    """Three workloads take one process a variant and block, not three; each has all its blocks in the end."""
    started: list[FakeWorker] = []
    plan = Plan(budget_seconds=100, min_blocks=3)
    benches = [
        make_bench(FakeTable({"naive": 0.01, "quick": 0.001}, clock), plan, name, started)
        for name in ("10", "20", "30")
    ]
    for one in benches:
        one.get_ready(Block(0))
    started.clear()  # the passes have processes of their own
    yielded = list(bench.measure(benches, seed=0))

    assert len(started) == 2 * 3
    assert [(one, 3) for one in benches] == [(one, one.blocks) for one in benches]
    assert {"10", "20", "30"} == {measured.workload for _, measured in yielded if measured.complete}
    assert not any(worker.running for worker in started)


def test_who_crashed_on_one_workload_begins_anew_on_the_next(clock: FakeClock) -> None:
    """A dead process is replaced: what one size did to it is not held against the others."""
    started: list[FakeWorker] = []
    fragile = FakeTable({"naive": 0.001, "bad": 0.001}, clock, crashing=frozenset({"bad"}))
    sound = FakeTable({"naive": 0.001, "bad": 0.001}, clock)
    benches = [make_bench(fragile, Plan(), "10", started), make_bench(sound, Plan(), "20", started)]
    for one in benches:
        one.get_ready(Block(0))
    list(bench.measure(benches, seed=0))

    assert [Status.OK, Status.CRASHED] == [lane.status for lane in benches[0].lanes]
    assert [Status.OK, Status.OK] == [lane.status for lane in benches[1].lanes]
