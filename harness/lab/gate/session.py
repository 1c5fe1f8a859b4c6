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
from statistics import median
from typing import TYPE_CHECKING, TypeAlias

from harness.judge import gate as policy
from harness.lab import weeding
from harness.lab.gate import counting
from harness.lab.gate.changes import Listed, Revision, State
from harness.lab.gate.desk import Asked, Desk, Scene, technique_in
from harness.lab.gate.equivalence import asks_anew, built, proven
from harness.lab.gate.listing import list_case, note_deleted, require_known_names, say_what
from harness.lab.gate.scene import both_revisions
from harness.lab.gate.timing import Match, NotTimed, Timer, Unequal, control_units
from harness.lab.machine import this_machine
from harness.lab.proof import Services
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
_DOUBT = ("slower at first, but fresh processes did not repeat it",)


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
        report = Gate(asked, scene, tell).report()
    return replace(report, seconds=round(time.monotonic() - started, 3))


class Gate:
    """The steps of one gate, in order."""

    def __init__(self, asked: Asked, scene: Scene, tell: Told) -> None:
        self.desk = Desk(asked, scene, tell)
        self.order = random.Random(scene.commit)
        self.machine_check: Estimate | None = None
        self.machine_effect: float | None = None
        self.noisy = False

    def report(self) -> GateReport:
        """Go through all steps."""
        listed = self.listed()
        todo = self.proven(listed)
        self.measure(todo)
        return self._finish(listed, self._wanted(listed))

    def listed(self) -> list[Listed]:
        """List all that may have to be measured, and say what will be."""
        require_known_names(self.desk)
        for name in self.desk.scene.sides:
            weeding.weed(name)
        listed = [
            one for sides in self.desk.scene.sides.values() for one in list_case(self.desk, sides)
        ]
        say_what(self.desk, listed, self._wanted(listed))
        note_deleted(self.desk, self._whole(listed))
        return listed

    def _whole(self, listed: Sequence[Listed]) -> list[Listed]:
        """Those whose case can be imported on both sides."""
        return [one for one in listed if not self.desk.scene.sides[one.case].broken]

    def _wanted(self, listed: Sequence[Listed]) -> list[Listed]:
        """Those to be measured: what the change touches, or everything."""
        return [
            one
            for one in self._whole(listed)
            if one.state is State.CHANGED
            or (self.desk.asked.everything and one.state is State.UNCHANGED)
        ]

    def proven(self, listed: Sequence[Listed]) -> list[Listed]:
        """Build and prove what is to be measured, and what is judged by something new; return the former."""
        wanted = self._wanted(listed)
        others = [
            one
            for one in self._whole(listed)
            if one.state is State.ADDED or (one not in wanted and asks_anew(self.desk, one))
        ]
        todo = built(self.desk, wanted)
        return proven(self.desk, todo, built(self.desk, others))

    def measure(self, todo: Sequence[Listed], kept: Callable[[], None] = lambda: None) -> None:
        """Measure one variant after the other; ``kept`` is called after each."""
        if todo and Metric.TIME in self.desk.asked.metrics:
            self._check_machine()
        with tempfile.TemporaryDirectory(prefix="perflab-gate-") as scratch:
            for number, one in enumerate(todo):
                self._measure(one, Path(scratch, str(number)))
                kept()

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
        """Measure one variant on its workload, or on each that was asked for."""
        sides = self.desk.scene.sides[one.case]
        assert sides.base is not None
        assert sides.head is not None
        with ExitStack() as stack:
            services = stack.enter_context(
                Services(sides.head.found, sides.head.case, self.desk.asked.confines)
            )
            services.start([one.variant])
            for workload in self.desk.chosen(sides, one.variant):
                folder = scratch / workload
                folder.mkdir(parents=True)
                match = Match(
                    sides.base, sides.head, one.variant, workload, technique_in(sides.head, one.variant),
                    self.desk.asked.confines, services, folder,
                )  # fmt: skip
                self._compare(match, one)

    def _compare(self, match: Match, one: Listed) -> None:
        """Compare both sides by every metric that was asked for."""
        tolerance = self._tolerance(match.base, match.head, one.variant)
        metrics = self.desk.asked.metrics
        counted = self._count(match, one, tolerance) if Metric.INSTRUCTIONS in metrics else None
        timed: list[KeyVerdict] = []
        if Metric.TIME in metrics:
            timed = (
                [self._unjudged(match, counted)]
                if self.noisy
                else self._time(match, one, tolerance)
            )
        if counted is not None and policy.overruled(counted, next(iter(timed), None)):
            counted = replace(
                counted,
                verdict=Verdict.SAME,
                notes=(*counted.notes, "more instructions, but they take less time"),
            )
        keys = [*timed, *([counted] if counted is not None else [])]
        red = next((key for key in keys if key.verdict is Verdict.SLOWER and key.confirmed), None)
        if red is not None and self.desk.asked.profile:
            keys[keys.index(red)] = replace(
                red, notes=(*red.notes, *self._explained(match.base, match.head, red.key))
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
            base_value=counted.base_instructions,
            confirmed=counted.judgement.verdict is Verdict.SLOWER,
            seconds=round(counted.seconds, 3),
            notes=_count_notes(match, counted),
            calls=counted.calls,
        )

    def _unjudged(self, match: Match, counted: KeyVerdict | None) -> KeyVerdict:
        spoken = "; the instructions speak" if counted is not None else ""
        return KeyVerdict(
            _key(match), Metric.TIME, None, Verdict.UNCLEAR, self.machine_effect, 0, "not measured", None, False, 0.0,
            (f"the machine was too noisy{spoken}",),
        )  # fmt: skip

    def _time(self, match: Match, one: Listed, tolerance: float) -> list[KeyVerdict]:
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
            return []
        except NotTimed as problem:
            self.desk.not_measured(one, problem)
            return []
        self.desk.found.units += timed.units
        return [
            key
            for key in timed_verdicts(match, timed, tolerance)
            if key.metric in self.desk.asked.metrics
        ]

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
                key
                if key.metric is Metric.INSTRUCTIONS
                else replace(key, verdict=Verdict.UNCLEAR, confirmed=False)
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


def _declared_tolerance(side: Revision, variant: str) -> float | None:
    """What a case declares for this variant, if anything."""
    return side.case.gate.tolerances.get(variant) or side.case.gate.tolerance


def _key(match: Match) -> Key:
    return Key(match.head.found.name, match.variant, match.workload)


def _count_notes(match: Match, counted: counting.Counted) -> tuple[str, ...]:
    notes = []
    if match.technique in {Technique.NUMPY, Technique.NUMBA}:
        notes.append("numpy and Numba choose other machine code under valgrind")
    if not counted.fair:
        few, rest = counted.counts[0].calls
        notes.append(
            f"its calls differ: {few} calls and the next {rest} give two ratios, so work that recurs "
            "after many calls is not counted fairly; the average time has it"
        )
    return tuple(notes)


def timed_verdicts(match: Match, timed: Timed, tolerance: float) -> list[KeyVerdict]:
    """What the time tier says of the typical call, and of the average call."""
    base_seconds = median(unit.base_seconds for unit in timed.units)
    notes = []
    if _declared_tolerance(match.head, match.variant):
        notes.append(f"tolerance {tolerance:.0%}, by its case's declaration")
    if base_seconds > _LONG_CALL_SECONDS:
        notes.append(
            f"one call takes {base_seconds * 1e3:.0f} ms, so slices are longer than 2 ms: "
            "fewer pairs, and a larger smallest effect"
        )
    return [
        KeyVerdict(
            key=_key(match),
            metric=metric,
            ratio=judged.judgement.ratio,
            verdict=judged.verdict,
            smallest_effect=judged.judgement.smallest_effect,
            units=len(timed.units),
            how=timed.how,
            base_value=base_seconds,
            confirmed=judged.confirmed,
            seconds=round(timed.seconds, 3) if metric is Metric.TIME else 0.0,
            notes=(*(notes if metric is Metric.TIME else ()), *(_DOUBT if judged.doubted else ())),
            calls=min(unit.calls for unit in timed.units),
        )
        for metric, judged in ((Metric.TIME, timed.typical), (Metric.AVERAGE, timed.average))
    ]
