"""One run of one case, from its source to its result file: prove, measure, keep."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from harness.errors import Inconclusive, StoreError
from harness.lab import sources, store
from harness.lab.bench import Bench, Task, lanes_for
from harness.lab.machine import kept_limits, machine_limits, this_machine
from harness.lab.proof import Prover, Services
from harness.lab.supervisor import Confines
from harness.model.measured import Measured, Plan, Run

if TYPE_CHECKING:
    from harness.lab.catalogue import Found
    from harness.model.declared import Case, Workload
    from harness.model.measured import Certificate


class Listener(Protocol):
    """Who is told what happens; the commands show it."""

    def step(self, text: str) -> None:
        """Something is being done."""

    def spent(self, share: float) -> None:
        """This share (0..1) of the current workload's budget is spent."""

    def saved(self, run: Run, path: Path, finished: Measured | None) -> None:
        """The run was written; ``finished`` is the workload that has just been completed, if one has."""


@dataclass(frozen=True, slots=True)
class Session:
    """What to measure, how, and where to keep it."""

    found: Found
    case: Case
    variants: Sequence[str]
    workloads: Sequence[Workload]
    plan: Plan
    store: Path

    def run(self, listener: Listener, *, earlier: Run | None = None) -> Run:
        """Prove, then measure each workload; every block is on disk before the next begins."""
        store.check_writable(self.store)
        run = earlier or self._new_run()
        confines = Confines(self.plan.timeout_seconds, self.plan.memory_bytes)
        if kept_limits(run.machine) is None:
            listener.step("measuring the limits of this machine, once")
        with Prover(self.found, self.case, confines) as prover:
            certificates = prover.certificates(self.variants, tell=lambda name: listener.step(f"proving {name}"))
        with ExitStack() as stack:
            services = stack.enter_context(Services(self.found, self.case, confines))
            services.start(self.variants)
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="perflab-")))
            for workload in self.workloads:
                run = self._workload(run, workload, certificates, services, folder / workload.name, listener)
        run = replace(run, complete=True)
        listener.saved(run, store.write(run, self.store), None)
        return run

    def _new_run(self) -> Run:
        return Run(
            id=store.new_id(),
            case=self.found.name,
            origin=self.found.origin,
            digest=sources.case_digest(self.found, self.case)[:16],
            reference=self.case.reference,
            variant_names=tuple(self.variants),
            workload_names=tuple(workload.name for workload in self.workloads),
            started=f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
            complete=False,
            plan=self.plan,
            machine=this_machine(),
            workloads=(),
        )

    def _workload(
        self, run: Run, workload: Workload, certificates: dict[str, Certificate], services: Services, sheet: Path, listener: Listener
    ) -> Run:
        earlier = next((measured for measured in run.workloads if measured.workload == workload.name), None)
        if earlier is not None and earlier.complete:
            return run
        limits = machine_limits(run.machine)
        task = Task(self.found, self.case, workload, self.plan, sheet, limits, services)
        lanes = lanes_for([variant for variant in self.found.variants(self.case) if variant.name in self.variants], certificates)

        def tell(text: str, share: float) -> None:
            listener.step(f"{workload.name}: {text}")
            listener.spent(share)

        for measured in Bench(task, lanes, earlier=earlier, tell=tell).measure():
            run = _with(run, measured)
            listener.saved(run, store.write(run, self.store), measured if measured.complete else None)
        return run


def resumed(run: Run, found: Found, case: Case) -> Run:
    """Check that an interrupted run may be continued here and now.

    Raises:
        StoreError: it is complete already.
        Inconclusive: the machine or the case has changed since; the message shows both values.
    """
    if run.complete:
        raise StoreError(f"run {run.id} is complete", "start a new one: leave out --resume")
    here = this_machine()
    for what, then, now in (
        ("machine", run.machine.id, here.id),
        ("python", run.machine.python, here.python),
        ("case", run.digest, sources.case_digest(found, case)[:16]),
    ):
        if then != now:
            raise Inconclusive(
                f"run {run.id} was measured with {what} {then}, here it is {now}",
                "samples of unlike conditions are never joined: start a new run",
            )
    return run


def _with(run: Run, measured: Measured) -> Run:
    others = tuple(one for one in run.workloads if one.workload != measured.workload)
    return replace(run, workloads=(*others, measured))
