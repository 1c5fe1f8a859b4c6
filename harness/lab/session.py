"""One run of one case, from its source to its result file: prove, measure, keep."""

from __future__ import annotations

import math
import shlex
import tempfile
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from harness.errors import Changed, Inconclusive, StoreError
from harness.judge.roofline import roofs_of
from harness.judge.summary import widest_ratio
from harness.lab import building, places, sources, store, weeding
from harness.lab.bench import Bench, Block, Purse, Told, measure
from harness.lab.catalogue import workload_named
from harness.lab.lanes import Lane, Task, lanes_for
from harness.lab.machine import kept_limits, machine_limits, this_machine
from harness.lab.proof import Prover, Services, failure
from harness.lab.repository import checkout_of
from harness.lab.supervisor import Confines, processors
from harness.lab.sweep import Look, crew_sizes, crews, cut_off, usual_seconds
from harness.model.declared import Status
from harness.model.measured import CREW, Measured, Memory, Plan, Run

if TYPE_CHECKING:
    from harness.lab.catalogue import Found
    from harness.model.declared import Case, Workload
    from harness.model.measured import Certificate


class Listener(Protocol):
    """Who is told what happens; the commands show it."""

    def begun(self, path: Path) -> None:
        """The run has an identity, and this is where its blocks will be kept."""

    def step(self, text: str) -> None:
        """Something is being done."""

    def spent(self, done: float) -> None:
        """So many workloads' budgets are spent."""

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
    watch: sources.Watch
    """On the sources, since the case was read."""

    def bodies(self) -> set[Path]:
        """The compiled bodies that its variants need."""
        return building.bodies(self.found, self.variants)

    def run(self, listener: Listener, *, earlier: Run | None = None) -> Run:
        """Prove, then measure each workload; every block is on disk before the next begins."""
        store.check_writable(self.store)
        weeding.weed(self.found.name)
        run = earlier or self._new_run()
        listener.begun(store.file_of(run, self.store))
        confines = Confines(self.plan.timeout_seconds, self.plan.memory_bytes)
        if kept_limits(run.machine) is None:
            listener.step("measuring the limits of this machine, once")
        with Prover(self.found, self.case, confines) as prover:
            certificates = prover.certificates(
                self.variants, tell=lambda name: listener.step(f"proving {name}"), watch=self.watch
            )
        self._require_unchanged()
        with ExitStack() as stack:
            services = stack.enter_context(Services(self.found, self.case, confines))
            services.start(self.variants)
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="perflab-")))
            for group in self._groups():
                run = self._measure(run, group, certificates, services, folder, listener)
            if self.plan.sweep:
                run = self._crews(run, certificates, services, folder, listener)
        limits = kept_limits(run.machine)
        run = replace(run, complete=True, roofs=tuple(roofs_of(limits.figures)) if limits else ())
        listener.saved(run, _keep(run, self.store), None)
        return run

    def _require_unchanged(self) -> None:
        """Refuse the block that has just been measured if a variant is another program by now.

        Raises:
            Changed: the blocks before it are kept.
        """
        if changed := self.watch.changed():
            raise Changed(f"the sources of {changed} were changed while it was measured")

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
            checkout=checkout_of(self.found.folder),
            growth={
                name: growth
                for name in self.variants
                if (growth := self.case.growths.get(name, self.case.growth)) is not None
            },
        )

    def _groups(self) -> list[list[Workload]]:
        """Workloads that share processes and budget: those of a series in a sweep, where sizes follow from each other, else all."""
        if not self.plan.sweep:
            return [list(self.workloads)]
        names = dict.fromkeys(workload.series or workload.name for workload in self.workloads)
        return [
            sorted(
                (one for one in self.workloads if (one.series or one.name) == name),
                key=lambda one: one.n,
            )
            for name in names
        ]

    def _measure(
        self,
        run: Run,
        group: Sequence[Workload],
        certificates: dict[str, Certificate],
        services: Services,
        folder: Path,
        listener: Listener,
    ) -> Run:
        done = {measured.workload: measured for measured in run.workloads}
        before = list(self.workloads).index(group[0])
        looks: defaultdict[str, list[Look]] = defaultdict(list)
        benches: list[Bench] = []
        purse = Purse(self.plan.budget_seconds * len(group))
        with Block(0) as ready:
            for workload in group:
                earlier = done.get(workload.name)
                if earlier is not None and earlier.complete:
                    purse.spent += earlier.spent_seconds
                    for result in earlier.results:
                        seconds = usual_seconds(result.processes)
                        looks[result.key.variant].append(Look(workload.n, result.status, seconds))
                    continue
                variants = [
                    variant
                    for variant in self.found.variants(self.case)
                    if variant.name in self.variants
                ]
                lanes = lanes_for(variants, certificates, workload.name)
                if earlier is None:
                    # what was begun is finished: its blocks would be lost by a second thought
                    self._cut_off(lanes, looks, workload)
                task = self._task(run, workload, folder / workload.name, services)
                tell = _telling(listener, workload.name, before=before, workloads=len(group))
                bench = Bench(task, lanes, earlier=earlier, tell=tell, purse=purse)
                bench.get_ready(ready)
                benches.append(bench)
                for lane in lanes:
                    seconds = lane.call_seconds or usual_seconds(lane.processes)
                    looks[lane.name].append(Look(workload.n, lane.status, seconds))
        for bench in benches:  # the first block's file says of all of them who takes part
            run = _with(run, bench.measured(complete=False))
        for _, measured in measure(benches, seed=self.plan.seed):
            self._require_unchanged()
            run = _with(run, measured)
            listener.saved(run, _keep(run, self.store), measured if measured.complete else None)
        return run

    def _cut_off(
        self, lanes: Sequence[Lane], looks: Mapping[str, Sequence[Look]], workload: Workload
    ) -> None:
        """Take out of a sweep who would be too slow at this size, before it is called even once."""
        for lane in lanes if self.plan.sweep else ():
            growth = self.case.growths.get(lane.name, self.case.growth)
            reason = cut_off(looks.get(lane.name, ()), workload.n, growth, self.plan)
            if lane.status is Status.OK and reason:
                lane.fail(failure(Status.SKIPPED, reason))

    def _crews(
        self,
        run: Run,
        certificates: dict[str, Certificate],
        services: Services,
        folder: Path,
        listener: Listener,
    ) -> Run:
        """Time the variants that spread their work with one to all processors, side by side."""
        sizes = crew_sizes(processors())
        begun = {crew.results[0].key.variant.partition(CREW)[0]: crew for crew in run.crews}
        for name, largest in crews(run, self.case) if len(sizes) > 1 else ():
            earlier = begun.get(name)
            if earlier is not None and earlier.complete:
                continue
            workload = workload_named(self.case, largest.workload)
            variant = next(one for one in self.found.variants(self.case) if one.name == name)
            lanes = [
                Lane(variant, certificates[name].on(workload.name), workers=workers)
                for workers in sizes
            ]
            task = self._task(run, workload, folder / f"{workload.name}{CREW}{name}", services)
            what = f"{name} with {', '.join(map(str, sizes))} processors"
            tell = _telling(listener, what, before=len(self.workloads), workloads=0)
            bench = Bench(task, lanes, earlier=earlier, tell=tell, reference=lanes[0].name)
            for lane in lanes:
                lane.memory = Memory()  # measured already, with all processors: no pass of its own
            with Block(0) as ready:
                bench.get_ready(ready)
            for _, measured in measure([bench], seed=self.plan.seed):
                self._require_unchanged()
                others = tuple(
                    crew
                    for crew in run.crews
                    if not crew.results[0].key.variant.startswith(name + CREW)
                )
                run = replace(run, crews=(*others, measured))
                listener.saved(run, _keep(run, self.store), None)
        return run

    def _task(self, run: Run, workload: Workload, sheet: Path, services: Services) -> Task:
        return Task(
            self.found,
            self.case,
            workload,
            self.plan,
            sheet,
            machine_limits(run.machine),
            services,
            kept_passes(run),
        )


def _keep(run: Run, folder: Path) -> Path:
    """Write the run; when the store has become full, write it elsewhere and say where.

    Raises:
        StoreError: the store cannot be written any more.
    """
    try:
        return store.write(run, folder)
    except StoreError as error:
        path = store.spill(run)
        kept = (
            f"what was measured is in {path}: make room, then: python -m harness store merge {shlex.quote(str(path))}"
            if path
            else "what was measured is lost"
        )
        raise StoreError(error.problem, f"{kept}; {error.remedy}") from error


def kept_passes(run: Run) -> Path | None:
    """Where passes of this case on this machine are kept."""
    return places.cache_folder("passes", f"{run.case}-{run.machine.id}")


def _telling(listener: Listener, what: str, *, before: int, workloads: int) -> Told:
    def tell(text: str, share: float) -> None:
        listener.step(f"{what}: {text}")
        listener.spent(before + share * workloads)

    return tell


def resumed(run: Run, found: Found, case: Case, plan: Plan) -> Run:
    """Check that a run may be continued here and now, with another budget or precision perhaps.

    Raises:
        StoreError: there is nothing left to do.
        Inconclusive: the machine or the case has changed since; the message shows both values.
    """
    _require_same(run, found, case)
    if not run.complete:
        return replace(run, plan=plan)
    spent = sum(measured.spent_seconds for measured in run.workloads) / len(run.workloads)
    more = math.ceil(3 * max(spent, plan.budget_seconds))
    opened = replace(
        run,
        plan=plan,
        complete=False,
        workloads=tuple(_opened(one, run, plan, run.reference) for one in run.workloads),
        crews=tuple(
            _opened(one, run, plan, one.results[0].key.variant) for one in run.crews if one.results
        ),
    )
    if all(one.complete for one in (*opened.workloads, *opened.crews)):
        raise StoreError(
            f"run {run.id} is complete: every ratio is within ±{100 * plan.precision:g}%",
            f"ask for more: --resume {run.id} --precision {plan.precision / 2:g} --budget {more};"
            " or start a new one: leave out --resume",
        )
    if spent >= plan.budget_seconds:
        raise StoreError(
            f"run {run.id} is complete: it has spent {spent:.1f} s a workload,"
            f" and its budget is {plan.budget_seconds:g} s",
            f"give it more: --resume {run.id} --budget {more};"
            " or start a new one: leave out --resume",
        )
    return opened


def _opened(measured: Measured, run: Run, plan: Plan, reference: str) -> Measured:
    """A workload that another block may make more precise is not complete; what did not fit the budget is tried again."""
    raised = plan.budget_seconds > run.plan.budget_seconds and not plan.sweep
    results = tuple(
        result
        for result in measured.results
        if not (raised and result.status is Status.SKIPPED and not result.processes)
    )
    widest = widest_ratio(measured, reference)
    precise = widest is None or widest <= plan.precision
    if precise and len(results) == len(measured.results):
        return measured
    return replace(measured, results=results, complete=False)


def _require_same(run: Run, found: Found, case: Case) -> None:
    """Refuse to join samples of unlike machines or programs.

    Raises:
        Inconclusive: the message shows both values.
    """
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
    for result in (
        result
        for measured in run.workloads
        for result in measured.results
        if result.processes and result.certificate
    ):
        variant = result.key.variant
        if result.certificate and result.certificate.digest != sources.variant_digest(
            found, case, variant
        ):
            raise Inconclusive(
                f"run {run.id} measured another {variant} than there is here now",
                "samples of unlike programs are never joined: start a new run",
            )


def _with(run: Run, measured: Measured) -> Run:
    known = {one.workload: one for one in (*run.workloads, measured)}
    return replace(
        run, workloads=tuple(known[name] for name in run.workload_names if name in known)
    )
