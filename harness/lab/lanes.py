"""What is measured: one workload of a case, and what is known of each of its variants meanwhile."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from harness.lab import outputs
from harness.lab.proof import Services, numba_cache, where
from harness.lab.supervisor import Confines, Worker
from harness.model.declared import Case, Status, Variant, Workload
from harness.model.measured import CREW, Certificate, ColdCall, Memory, Plan, Process

if TYPE_CHECKING:
    from harness.lab.catalogue import Found
    from harness.lab.frames import Message


@dataclass(slots=True)
class Lane:
    """What is known of one variant while a workload is measured."""

    variant: Variant
    certificate: Certificate | None
    status: Status = Status.OK
    message: str = ""
    processes: list[Process] = field(default_factory=list)
    memory: Memory | None = None
    cold: ColdCall | None = None
    workers: int | None = None
    """Processors it is confined to; None: all there are."""
    call_seconds: float | None = None
    """What one call took in the pass before the blocks."""

    @property
    def name(self) -> str:
        """The variant's name, with the number of workers where that is the question: ``pool@2``."""
        return (
            self.variant.name
            if self.workers is None
            else f"{self.variant.name}{CREW}{self.workers}"
        )

    def fail(self, said: Message) -> None:
        """Take the variant out: its numbers are not shown any more, its word is."""
        self.status, self.message = Status(said["failed"]), said["message"]


@dataclass(frozen=True, slots=True)
class Task:
    """One workload of one case, ready to be measured."""

    found: Found
    case: Case
    workload: Workload
    plan: Plan
    sheet: Path
    limits: Message
    services: Services
    passes: Path | None = None
    """Where passes of this machine are kept; None: nowhere."""

    @property
    def confines(self) -> Confines:
        """What each worker may use."""
        return Confines(self.plan.timeout_seconds, self.plan.memory_bytes)

    def job(self, do: str, variant: str) -> Message:
        """A job about one variant on this workload."""
        return {
            "do": do, "case": where(self.found), "variant": variant, "workload": self.workload.name, "n": self.workload.n,
            "sheet": str(self.sheet), "limits": self.limits, **self.services.job(variant),
        }  # fmt: skip

    def worker(
        self, variant: str, *, hash_seed: int = 0, cold: Path | None = None, on: Sequence[int] = ()
    ) -> Worker:
        """A fresh process; with ``cold``, one whose cache of compiled code is that empty folder; confined to the processors ``on``."""
        environment = numba_cache(self.found) if cold is None else {"NUMBA_CACHE_DIR": str(cold)}
        log = outputs.file_of(self.found.name, variant)
        return Worker(self.confines, hash_seed=hash_seed, environment=environment, on=on, log=log)


def lanes_for(
    variants: Sequence[Variant], certificates: dict[str, Certificate], workload: str
) -> list[Lane]:
    """One lane per variant; what is not proven on this workload is out before the clock starts."""
    lanes = []
    for variant in variants:
        certificate = certificates[variant.name].on(workload)
        lanes.append(Lane(variant, certificate, certificate.status, certificate.evidence.message))
    return lanes
