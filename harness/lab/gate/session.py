"""One gate from the revision asked for to its report: list, build, prove, check the machine, measure, confirm.

What must be measured is listed before anything is; whatever of the list has no number in the end is said to be missing.
"""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from harness.judge import gate as policy
from harness.lab import weeding
from harness.lab.catalogue import technique_of
from harness.lab.gate import counting
from harness.lab.gate.changes import Listed, Revision, State
from harness.lab.gate.desk import Asked, Desk, Scene
from harness.lab.gate.equivalence import asks_anew, built, proven
from harness.lab.gate.listing import list_case, note_deleted, require_known_names, say_what
from harness.lab.gate.scene import both_revisions
from harness.lab.gate.timing import Match, NotTimed, Timer, Unequal, control_units
from harness.lab.machine import this_machine
from harness.lab.proof import Services, numba_cache, where
from harness.lab.supervisor import Confines, Ending, Worker
from harness.model.declared import Status, Technique, Verdict
from harness.model.gated import Gap, GateReport, KeyVerdict, Metric
from harness.model.judged import Estimate
from harness.model.measured import Key

if TYPE_CHECKING:
    from harness.lab.gate.timing import Timed

Told: TypeAlias = Callable[[str], None]
_MACHINE_UNITS = 5
_MACHINE_SECONDS = 0.4
_LONG_CALL_SECONDS = 2e-3


def run(asked: Asked, tell: Told) -> GateReport:
    """Compare the working tree with ``asked.against``.

    Raises:
        AskedWrongly: no such revision, case or variant.
        EnvironmentLacks: git, or what counting instructions needs, is not there.
    """
    if Metric.INSTRUCTIONS in asked.metrics:
        counting.require_callgrind()
    started = time.monotonic()
    with both_revisions(asked) as scene:
        report = _Gate(asked, scene, tell).report()
    return replace(report, seconds=round(time.monotonic() - started, 3))


class _Gate:
    """The steps of one gate, in order."""

    def __init__(self, asked: Asked, scene: Scene, tell: Told) -> None:
        self.desk = Desk(asked, scene, tell)
        self.order = random.Random(scene.commit)
        self.machine_check: Estimate | None = None
        self.machine_effect: float | None = None
        self.noisy = False

    def report(self) -> GateReport:
        """Go through all steps."""
        require_known_names(self.desk)
        for name in self.desk.scene.sides:
            weeding.weed(name)
        listed = [
            one for sides in self.desk.scene.sides.values() for one in list_case(self.desk, sides)
        ]
        listed_here = [one for one in listed if not self.desk.scene.sides[one.case].broken]
        todo = [
            one
            for one in listed_here
            if one.state is State.CHANGED
            or (self.desk.asked.everything and one.state is State.UNCHANGED)
        ]
        say_what(self.desk, listed, todo)
        note_deleted(self.desk, listed_here)
        todo = built(self.desk, todo)
        others = [
            one
            for one in listed_here
            if one.state is State.ADDED or (one not in todo and asks_anew(self.desk, one))
        ]
        todo = proven(self.desk, todo, built(self.desk, others))
        if todo and Metric.TIME in self.desk.asked.metrics:
            self._check_machine()
        with tempfile.TemporaryDirectory(prefix="perflab-gate-") as scratch:
            for number, one in enumerate(todo):
                self._measure(one, Path(scratch, str(number)))
        return self._finish(listed, todo)

    def _check_machine(self) -> None:
        self.desk.tell("checking the machine with identical code")
        units = list(
            control_units(
                self.desk.asked.confines,
                seconds=_MACHINE_SECONDS,
                count=_MACHINE_UNITS,
                order=self.order,
            )
        )
        self.machine_effect = policy.machine_effect(units, tolerance=self.desk.asked.tolerance)
        self.machine_check = policy.judge(units, tolerance=self.desk.asked.tolerance).ratio
        self.noisy = policy.too_noisy(units, tolerance=self.desk.asked.tolerance)
        if self.noisy:
            self.desk.found.notes.append(
                f"too noisy: identical code against itself could only show slowdowns of {self.machine_effect:.1%} or more; "
                "times were not judged. Try again when the machine does less"
            )

    def _measure(self, one: Listed, scratch: Path) -> None:
        scratch.mkdir()
        sides = self.desk.scene.sides[one.case]
        assert sides.base is not None
        assert sides.head is not None
        technique = _technique(sides.head, one.variant)
        tolerance = self._tolerance(sides.base, sides.head, one.variant)
        with ExitStack() as stack:
            services = stack.enter_context(
                Services(sides.head.found, sides.head.case, self.desk.asked.confines)
            )
            services.start([one.variant])
            try:
                workload, seconds = self._choose(sides.base, sides.head, one.variant, services)
            except NotTimed as problem:
                self.desk.no_baseline(one, f"the base {problem.message}")
                return
            match = Match(
                sides.base,
                sides.head,
                one.variant,
                workload,
                technique,
                self.desk.asked.confines,
                services,
                scratch,
            )
            counted = (
                self._count(match, one, tolerance)
                if Metric.INSTRUCTIONS in self.desk.asked.metrics
                else None
            )
            timed = None
            if Metric.TIME in self.desk.asked.metrics:
                timed = (
                    self._unjudged(match, seconds, counted)
                    if self.noisy
                    else self._time(match, one, tolerance, seconds)
                )
        if counted is not None and policy.overruled(counted, timed):
            counted = replace(
                counted,
                verdict=Verdict.SAME,
                notes=(*counted.notes, "more instructions, but they take less time"),
            )
        keys = [key for key in (timed, counted) if key is not None]
        red = next((key for key in keys if key.verdict is Verdict.SLOWER and key.confirmed), None)
        if red is not None and self.desk.asked.profile:
            keys[keys.index(red)] = replace(
                red, notes=(*red.notes, *self._explained(sides.base, sides.head, red.key))
            )
        self.desk.found.keys += keys

    def _explained(self, base: Revision, head: Revision, key: Key) -> tuple[str, ...]:
        """What a red key's functions cost before and after."""
        from harness.lab.profiling.revisions import explained, red_key

        self.desk.tell(f"profiling {key} on both sides")
        return explained(base, head, (key.variant, key.workload), red_key(self.desk.asked))

    def _tolerance(self, base: Revision, head: Revision, variant: str) -> float:
        """The tolerance that both sides agree to, or the smaller: a change does not excuse itself."""
        was, now = (
            _declared_tolerance(side, variant) or self.desk.asked.tolerance for side in (base, head)
        )
        if now > was:
            self.desk.found.notes.append(
                f"{head.found.name}/{variant}: the tolerance is raised from {was:.1%} to {now:.1%}; judged by the former"
            )
        return min(was, now)

    def _choose(
        self, base: Revision, head: Revision, variant: str, services: Services
    ) -> tuple[str, float]:
        both = [
            name
            for name in self.desk.workloads(head)
            if name in {one.name for one in base.case.workloads}
        ] or self.desk.workloads(head)[:1]
        return choose_workload(base, both, variant, services, self.desk.asked.confines)

    def _count(self, match: Match, one: Listed, tolerance: float) -> KeyVerdict | None:
        why = counting.why_not(match.head, one.variant, match.technique) and counting.why_not(
            match.base, one.variant, match.technique
        )
        if why:
            self.desk.found.notes.append(
                f"{one.case}/{one.variant}: instructions are not compared: {why}"
            )
            return None
        try:
            counted = counting.count(match, tolerance=tolerance, tell=self.desk.tell)
        except counting.Unsteady as problem:
            self.desk.found.notes.append(
                f"{one.case}/{one.variant}: instructions are not compared: {problem}"
            )
            return None
        except NotTimed as problem:
            self.desk.not_measured(one, problem)
            return None
        return KeyVerdict(
            key=_key(match),
            metric=Metric.INSTRUCTIONS,
            ratio=counted.judgement.ratio,
            verdict=counted.judgement.verdict or Verdict.UNCLEAR,
            smallest_effect=counted.judgement.smallest_effect,
            units=len(counted.counts),
            how="callgrind",
            base_value=counted.counts[0][0],
            confirmed=counted.judgement.verdict is Verdict.SLOWER,
            seconds=round(counted.seconds, 3),
            notes=("numpy and Numba choose other machine code under valgrind",)
            if match.technique in {Technique.NUMPY, Technique.NUMBA}
            else (),
        )

    def _unjudged(self, match: Match, seconds: float, counted: KeyVerdict | None) -> KeyVerdict:
        spoken = "; the instructions speak" if counted is not None else ""
        return KeyVerdict(
            _key(match), Metric.TIME, None, Verdict.UNCLEAR, self.machine_effect, 0, "not measured", seconds, False, 0.0,
            (f"the machine was too noisy{spoken}",),
        )  # fmt: skip

    def _time(
        self, match: Match, one: Listed, tolerance: float, seconds: float
    ) -> KeyVerdict | None:
        self.desk.tell(f"timing {one.case}/{one.variant} on {match.workload}")
        timer = Timer(match, tolerance, self.desk.asked.budget_seconds, self.desk.tell, self.order)
        try:
            timed = timer.run()
        except (
            Unequal
        ) as problem:  # the head was proven equal to its reference, so it is the base that is not
            self.desk.no_baseline(
                one,
                f"the two sides answer the timed input differently, and the head equals its reference: {problem}",
            )
            return None
        except NotTimed as problem:
            self.desk.not_measured(one, problem)
            return None
        self.desk.found.units += timed.units
        return _timed_verdict(match, timed, seconds, tolerance)

    def _finish(self, listed: Sequence[Listed], todo: Sequence[Listed]) -> GateReport:
        found, asked = self.desk.found, self.desk.asked
        moved = len(found.units) >= policy.LOOKS[0] and policy.control_moved(
            found.units, tolerance=asked.tolerance
        )
        if moved:
            found.notes.append(
                "the control, which nobody changed, moved: the times of this run are discarded. Try again"
            )
            found.keys = [
                replace(key, verdict=Verdict.UNCLEAR) if key.metric is Metric.TIME else key
                for key in found.keys
            ]
        self._account_for(todo)
        both = sum(one.state is not State.ADDED for one in listed)
        code = policy.exit_code(
            found.keys,
            missing=found.missing,
            wrong=found.wrong,
            listed=both,
            noisy=moved or (self.noisy and bool(todo)),
        )
        if not both:
            found.notes.append(
                f"0 of {len(listed)} variants compared: there is none that the base has, too"
            )
        return GateReport(
            against=asked.against,
            base=self.desk.scene.commit,
            head=self.desk.scene.repository.commit("HEAD"),
            dirty=self.desk.scene.repository.dirty(),
            command=asked.command,
            machine=this_machine(),
            metrics=asked.metrics,
            tolerance=asked.tolerance,
            keys=tuple(found.keys),
            unchanged=tuple(
                (one.case, one.variant)
                for one in listed
                if one.state is State.UNCHANGED and one not in todo
            ),
            added=tuple((one.case, one.variant) for one in listed if one.state is State.ADDED),
            missing=tuple(found.missing),
            wrong=tuple(found.wrong),
            machine_check=self.machine_check,
            machine_effect=self.machine_effect,
            control=policy.control_estimate(found.units),
            notes=tuple(found.notes),
            seconds=0.0,
            verdict=policy.gate_verdict(code),
            exit_code=int(code),
        )

    def _account_for(self, todo: Sequence[Listed]) -> None:
        """Whatever was to be measured and has neither a number nor a reason is missing: a gate never passes on silence."""
        spoken = {(key.key.case, key.key.variant) for key in self.desk.found.keys}
        spoken |= {
            (gap.case, gap.variant) for gap in (*self.desk.found.missing, *self.desk.found.wrong)
        }
        for one in todo:
            if (one.case, one.variant) not in spoken:
                why = (
                    "; ".join(
                        note
                        for note in self.desk.found.notes
                        if note.startswith(f"{one.case}/{one.variant}:")
                    )
                    or "no number was taken"
                )
                self.desk.found.missing.append(
                    Gap(one.case, one.variant, Status.SKIPPED, f"{why}; try --metric both")
                )


def choose_workload(
    base: Revision, workloads: Sequence[str], variant: str, services: Services, confines: Confines
) -> tuple[str, float]:
    """Return the largest workload whose single call fits into a slice at the base, and the seconds of that call.

    Raises:
        NotTimed: the base cannot be called.
    """
    service = services.job(variant)
    if "failed" in service:
        raise NotTimed(service)
    job = {
        "do": "choose",
        "case": where(base.found),
        "variant": variant,
        "workloads": list(workloads),
        **service,
    }
    with Worker(confines, environment=numba_cache(base.found)) as worker:
        try:
            said = worker.ask(job)
        except Ending as ending:
            said = {"failed": ending.status, "message": ending.message}
    if "failed" in said:
        raise NotTimed(said, "base")
    return said["workload"], said["seconds"]


def _declared_tolerance(side: Revision, variant: str) -> float | None:
    """What a case declares for this variant, if anything."""
    return side.case.gate.tolerances.get(variant) or side.case.gate.tolerance


def _technique(side: Revision, variant: str) -> Technique:
    """How a variant is made fast, as its case declares it or its source shows."""
    rival = variant in side.case.rivals
    return side.case.techniques.get(variant) or technique_of(
        side.found.source(variant), rival=rival
    )


def _key(match: Match) -> Key:
    return Key(match.head.found.name, match.variant, match.workload)


def _timed_verdict(match: Match, timed: Timed, seconds: float, tolerance: float) -> KeyVerdict:
    notes = (
        [f"tolerance {tolerance:.0%}, by its case's declaration"]
        if _declared_tolerance(match.head, match.variant)
        else []
    )
    if timed.doubted:
        notes.append("slower at first, but fresh processes did not repeat it")
    if seconds > _LONG_CALL_SECONDS:
        notes.append(
            f"one call takes {seconds * 1e3:.0f} ms, so slices are longer than 2 ms: fewer pairs, and a larger smallest effect"
        )
    verdict = (
        Verdict.UNCLEAR
        if timed.doubted or timed.judgement.verdict is None
        else timed.judgement.verdict
    )
    return KeyVerdict(
        key=_key(match),
        metric=Metric.TIME,
        ratio=timed.judgement.ratio,
        verdict=verdict,
        smallest_effect=timed.judgement.smallest_effect,
        units=len(timed.units),
        how=timed.how,
        base_value=sorted(unit.base_seconds for unit in timed.units)[len(timed.units) // 2],
        confirmed=timed.confirmed,
        seconds=round(timed.seconds, 3),
        notes=tuple(notes),
    )
