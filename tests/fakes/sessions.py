"""A session whose workers only pretend: the same samples for the same process of the same variant, however often the run was cut."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Self
from unittest.mock import patch

from harness import Case, exact, sweep
from harness.lab import bench, passes, session, store
from harness.lab.catalogue import Found
from harness.lab.lanes import Task
from harness.lab.session import Session
from harness.lab.sources import Watch
from harness.lab.supervisor import Ending
from harness.model.declared import Status, Technique, Variant
from harness.model.measured import Conditions, Measured, Plan, Run
from tests.fakes.runs import MACHINE, fake_certificate

ID = "20260202T120000Z-0a1b2c3d"
SECONDS = {"naive": 3e-3, "quick": 1e-3, "steep": 1e-5, "fragile": 2e-3, "pool": 2e-3, "moved": 0.0}
"""Of a call at n = 10; ``steep`` grows with the cube of n, the others not at all; ``moved`` says that it took none."""


@dataclass(frozen=True, slots=True)
class Pretended(Found):
    """A case that is nowhere."""

    def variants(self, case: Case) -> list[Variant]:
        """Return the case's variants; the pool spreads its work."""
        return [
            Variant(
                name, Technique.MULTIPROCESSING if name == "pool" else Technique.PYTHON, False, ""
            )
            for name in case.variants
        ]


@dataclass
class Script:
    """What the workers will say: which process of a key it is decides on its samples."""

    begun: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Processes by lane and workload."""
    now: float = 100.0
    passes: Path | None = None
    """Where passes are kept."""
    looks: int = 0
    """Passes that a worker was asked for."""

    @classmethod
    def after(cls, earlier: Run | None) -> Self:
        """Go on where a run was cut."""
        script = cls()
        for measured in (*earlier.workloads, *earlier.crews) if earlier else ():
            for result in measured.results:
                script.begun[result.key.variant, result.key.workload] = len(result.processes)
        return script


@dataclass
class Pretender:
    """A worker without a process; its calls take a fortieth of a second of pretended time, whatever they say."""

    script: Script
    lane: str
    job: dict[str, Any] = field(default_factory=dict)
    told: dict[str, Any] = field(default_factory=dict)
    samples: int = 0

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
        """Remember the job, and what it is about."""
        self.job = job
        if "workload" in job:
            self.told = job
        self.script.looks += job["do"] == "memory"
        if job["do"] == "prepare":
            self.script.begun[self.lane, job["workload"]] += 1
            self.samples = 0

    def ask(self, job: dict[str, Any]) -> dict[str, Any]:
        """Send and receive."""
        self.send(job)
        return self.receive()

    def receive(self) -> dict[str, Any]:
        """Answer the last job."""
        what, seconds = self.job["do"], self.seconds()
        if what == "sample":
            return self.sample(seconds)
        first = {"imported_ns": 5, "first_call_ns": 7}
        return {
            "sheet": {"bound_seconds": 1e-9, "work": None},
            "memory": {
                "peak_bytes": 1,
                "traced_peak_bytes": 1,
                "blocks": 1,
                "call_ns": round(seconds * 1e9),
                **first,
            },
            "prepare": first,
            "warm": {"loops": 1, "slice_ns": round(seconds * 1e9), "divisible": False},
            "check": {"difference": None, "kind": ""},
        }[what]

    def seconds(self) -> float:
        """Of one call."""
        variant, n = self.told["variant"], self.told["n"]
        return SECONDS[variant] * (n / 10) ** (3 if variant == "steep" else 0)

    def sample(self, seconds: float) -> dict[str, Any]:
        """Time one slice; the fragile one dies in its second process."""
        self.samples += 1
        number = self.script.begun[self.lane, self.told["workload"]]
        if self.told["variant"] == "fragile" and number == 2:
            self.running = False
            raise Ending(Status.CRASHED, "crashed (SIGSEGV)")
        self.script.now += 0.25
        noise = random.Random(
            f"{self.lane} {self.told['workload']} {number} {self.samples}"
        ).uniform(0.7, 1.4)
        return {"ns": round(seconds * noise * 1e9), "cpu_ns": 1, "loops": 1}


class Quiet:
    """A listener that is told, and remembers how often a run was saved."""

    def __init__(self) -> None:
        self.saves = 0

    def begun(self, path: Path) -> None:
        """Know where it will be kept."""

    def step(self, text: str) -> None:
        """Say nothing."""

    def spent(self, share: float) -> None:
        """Show nothing."""

    def saved(self, run: Run, path: Path, finished: Measured | None) -> None:
        """Count."""
        self.saves += 1


def pretended_session(
    folder: Path, *variants: str, sizes: tuple[int, ...] = (10,), plan: Plan
) -> Session:
    """A session of these variants and sizes that keeps its run in ``folder``."""
    names = ("naive", *variants)
    case = Case(
        function="f", variants=names, workloads=sweep(lambda n, seed: (n,), n=sizes), same=exact
    )
    found = Pretended("sort", "sort", Path("nowhere"), "path")
    return Session(found, case, names, case.workloads, plan, folder, Watch(found, case, ()))


def pretended_run(
    asked: Session, *, earlier: Run | None = None, listener: Quiet | None = None
) -> Run:
    """Run a session, or go on with one that was cut."""
    with pretending(Script.after(earlier)):
        return asked.run(listener or Quiet(), earlier=earlier)


@contextmanager
def pretending(script: Script) -> Iterator[None]:
    """Put pretenders in the place of workers, of the clock, of proofs and services, and of all that describes this machine."""

    class Pretence(Task):
        __slots__ = ()

        def job(self, do: str, variant: str) -> dict[str, Any]:
            return {
                "do": do,
                "variant": variant,
                "workload": self.workload.name,
                "n": self.workload.n,
            }

        def worker(self, variant: str, **_: object) -> Any:
            return Pretender(script, variant)

    class Idle:
        def __init__(self, *_: object) -> None: ...
        def __enter__(self) -> Self:
            return self

        def __exit__(self, *_: object) -> None: ...
        def start(self, variants: object) -> None: ...
        def job(self, variant: str) -> dict[str, Any]:
            return {"handle": None}

        def certificates(self, variants: Any, **_: object) -> dict[str, Any]:
            return {name: fake_certificate(name, reference=name == "naive") for name in variants}

        def until(self, after: object, *, workload: str, block: int) -> Conditions:
            return Conditions(workload, block, 1.5, 0.3, 0.0, 4, 0.0, 0.0, 0, 0)

    with (
        patch.multiple(
            bench,
            time=SimpleNamespace(monotonic=lambda: script.now),
            os=SimpleNamespace(sched_getaffinity=lambda pid: {0, 1}),
            Snapshot=SimpleNamespace(take=Idle),
            build_seconds=lambda found, variant: None,
        ),
        patch.object(passes, "processors", lambda: 2),
        patch.multiple(
            session, Task=Pretence, Prover=Idle, Services=Idle, kept_limits=lambda machine: None, machine_limits=lambda machine: {},
            this_machine=lambda: MACHINE, checkout_of=lambda folder: None, processors=lambda: 2,
            kept_passes=lambda run: script.passes,
        ),
        patch.object(session.sources, "case_digest", lambda found, case: "feedbeef"),
        patch.object(session.sources, "variant_digest", lambda found, case, variant: "digest"),
        patch.object(store, "new_id", lambda: ID),
    ):  # fmt: skip
        yield
