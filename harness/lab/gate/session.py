"""One gate from the revision asked for to its report: list, build, prove, check the machine, measure, confirm.

What must be measured is listed before anything is; whatever of the list has no number in the end is said to be missing.
"""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from harness.errors import AskedWrongly, BadCase, PerflabError
from harness.judge import gate as policy
from harness.lab.catalogue import HOME, Found, did_you_mean, find_case, find_cases, technique_of
from harness.lab.gate import builds, changes, counting, revisions
from harness.lab.gate.changes import Listed, Place, Revision, Sides, State
from harness.lab.gate.timing import Match, NotTimed, Timer, Unequal, control_units
from harness.lab.machine import this_machine
from harness.lab.proof import Candidate, Prover, Services, numba_cache, where
from harness.lab.supervisor import Confines, Ending, Worker
from harness.model.declared import NOT_EQUIVALENT, Proof, Status, Technique, Verdict
from harness.model.gated import Gap, GateReport, KeyVerdict, Metric
from harness.model.measured import Estimate, Key

if TYPE_CHECKING:
    from harness.judge.gate import Unit
    from harness.lab.gate.timing import Timed

Told: TypeAlias = Callable[[str], None]
_MACHINE_UNITS = 5
_MACHINE_SECONDS = 0.4
_LONG_CALL_SECONDS = 2e-3


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line asked for."""

    against: str
    cases: tuple[str, ...] = ()
    """Empty: the whole catalogue."""
    variants: tuple[str, ...] = ()
    workloads: tuple[str, ...] = ()
    """Empty: as each case's ``gate=`` says."""
    metrics: tuple[Metric, ...] = (Metric.TIME, Metric.INSTRUCTIONS)
    tolerance: float = 0.01
    budget_seconds: float = 10.0
    everything: bool = False
    """Measure unchanged variants, too."""
    deleted: tuple[str, ...] = ()
    """``case/variant`` that is meant to be gone."""
    timeout_seconds: float = 30.0
    memory_bytes: int = 4 << 30
    command: str = ""

    @property
    def confines(self) -> Confines:
        """What each worker may use."""
        return Confines(self.timeout_seconds, self.memory_bytes)


@dataclass(slots=True)
class _Findings:
    """What the gate has found so far."""

    keys: list[KeyVerdict] = field(default_factory=list)
    missing: list[Gap] = field(default_factory=list)
    wrong: list[Gap] = field(default_factory=list)
    units: list[Unit] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Scene:
    """Both revisions as folders, and the cases in them."""

    repository: revisions.Repository
    commit: str
    base_root: Path
    head_root: Path
    sides: dict[str, Sides]


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


@contextmanager
def both_revisions(asked: Asked) -> Iterator[Scene]:
    """Check both revisions out and find the cases in them; everything is removed afterwards."""
    places, repository = _places(asked)
    commit = repository.commit(asked.against)
    with revisions.base_folder(repository, commit) as base, revisions.head_folder(repository) as head:
        wanted = places or _whole_catalogue(repository, base, head)
        opened = {place.name: _opened(place, (base, head), repository.top, asked.confines) for place in wanted}
        for name, sides in opened.items():
            if sides.base is None and sides.head is None and not sides.broken:
                raise AskedWrongly(
                    f"there is no case called {name!r} on either side", did_you_mean(name, find_cases()) or "python -m harness list"
                )
        yield Scene(repository, commit, base / _home(repository), head / _home(repository), opened)


def _places(asked: Asked) -> tuple[list[Place], revisions.Repository]:
    """Where the cases asked for are, and the one repository that holds them."""
    if not asked.cases:
        return [], revisions.repository_of(HOME)
    found, places = None, []
    for name in asked.cases:
        try:
            case = find_case(name)
        except AskedWrongly:
            if "/" in name:
                raise
            case = Found(name, f"cases.{name}", HOME / "cases" / name, "catalogue")  # perhaps only the base has it
        here = revisions.repository_of(case.folder if case.folder.is_dir() else HOME)
        if found is not None and found != here:
            raise AskedWrongly(f"{name} is in another repository than {asked.cases[0]}", "gate the two one after the other")
        found = here
        home = _home(here) if case.origin == "catalogue" else Path()
        places.append(Place(case.name, case.module, case.folder.resolve().relative_to(here.top), case.origin, home))
    assert found is not None
    return places, found


def _home(repository: revisions.Repository) -> Path:
    """Where this project lies in its repository, or the top of somebody else's."""
    return HOME.relative_to(repository.top) if HOME.is_relative_to(repository.top) else Path()


def _whole_catalogue(repository: revisions.Repository, *roots: Path) -> list[Place]:
    home = _home(repository)
    names = {init.parent.name for root in roots for init in (root / home / "cases").glob("*/__init__.py")}
    return [Place(name, f"cases.{name}", home / "cases" / name, "catalogue", home) for name in sorted(names)]


def _opened(place: Place, roots: tuple[Path, Path], top: Path, confines: Confines) -> Sides:
    """Import the declaration on both sides: first in a worker, since it may crash, hang or end the process; then here."""
    opened: list[Revision | None] = []
    broken: dict[str, str] = {}
    for which, root in zip(("base", "head"), roots, strict=True):
        found = changes.in_revision(root, place, top)
        if found is not None:
            assert found.tree is not None
            revisions.compile_modules(found.tree)
            with Worker(confines) as worker:
                try:
                    said = worker.ask({"do": "describe", "case": where(found)})
                except Ending as ending:
                    said = {"failed": ending.status, "message": ending.message}
            if "failed" in said:
                broken[which] = said["message"]
                found = None
        opened.append(None if found is None else Revision(found, found.load()))
    return Sides(place.name, opened[0], opened[1], broken)


class _Gate:
    """The steps of one gate, in order."""

    def __init__(self, asked: Asked, scene: Scene, tell: Told) -> None:
        self.asked = asked
        self.scene = scene
        self.tell = tell
        self.found = _Findings()
        self.order = random.Random(scene.commit)
        self.machine_check: Estimate | None = None
        self.machine_effect: float | None = None
        self.noisy = False

    def report(self) -> GateReport:
        """Go through all steps."""
        self._known_names()
        listed = [one for sides in self.scene.sides.values() for one in self._list(sides)]
        listed_here = [one for one in listed if not self.scene.sides[one.case].broken]
        todo = [one for one in listed_here if one.state is State.CHANGED or (self.asked.everything and one.state is State.UNCHANGED)]
        self._say_what(listed, todo)
        self._deleted(listed_here)
        todo = self._built(todo)
        others = [one for one in listed_here if one.state is State.ADDED or (one not in todo and self._asks_anew(one))]
        todo = self._proven(todo, self._built(others))
        if todo and Metric.TIME in self.asked.metrics:
            self._check_machine()
        with tempfile.TemporaryDirectory(prefix="perflab-gate-") as scratch:
            for number, one in enumerate(todo):
                self._measure(one, Path(scratch, str(number)))
        return self._finish(listed, todo)

    # ------------------------------------------------------------------ what

    def _known_names(self) -> None:
        """Refuse names that are nowhere: a gate of nothing must not pass because of a slip."""
        revisions_here = [one for sides in self.scene.sides.values() for one in (sides.base, sides.head) if one is not None]
        variants = {name for one in revisions_here for name in one.case.variants}
        workloads = {workload.name for one in revisions_here for workload in one.case.workloads}
        addresses = {f"{one.found.name}/{name}" for one in revisions_here for name in one.case.variants}
        for what, wanted, known in (
            ("variant", self.asked.variants, variants),
            ("workload", self.asked.workloads, workloads),
            ("variant", self.asked.deleted, addresses),
        ):
            for name in wanted:
                if revisions_here and name not in known:
                    raise AskedWrongly(
                        f"there is no {what} called {name!r} on either side", did_you_mean(name, known) or "python -m harness list"
                    )

    def _list(self, sides: Sides) -> list[Listed]:
        if sides.broken:
            return self._broken(sides)
        wanted = [name for name in self.asked.variants if _has(sides, name)]
        if self.asked.variants and not wanted:
            return []
        listed = changes.list_variants(sides, wanted)
        if changes.same_declaration(sides) or sides.base is None or sides.head is None:
            return listed
        was, now = (side.case.same.describe() for side in (sides.base, sides.head))
        if was != now:
            self.found.notes.append(f"{sides.name}: answers are compared otherwise than before: {was!r} became {now!r}")
        if self._same_inputs(sides) and sides.head.case.consume is None:
            return listed
        self.found.notes.append(
            f"{sides.name}: its inputs, or how its answers are consumed, may have changed; both sides are measured on the new ones"
        )
        return [replace(one, state=State.CHANGED) if one.state is State.UNCHANGED else one for one in listed]

    def _broken(self, sides: Sides) -> list[Listed]:
        """A side whose declaration cannot be imported: nothing of that case can be compared."""
        side = sides.head or sides.base
        names = side.case.variants if side is not None else (sides.name,)
        listed = [Listed(sides.name, name, State.CHANGED) for name in names if not self.asked.variants or name in self.asked.variants]
        for one in listed:
            if "head" in sides.broken:
                self.found.missing.append(Gap(one.case, one.variant, Status.RAISED, f"the case cannot be imported: {sides.broken['head']}"))
            else:
                self._no_baseline(one, f"the base's case cannot be imported: {sides.broken['base']}")
        return listed

    def _same_inputs(self, sides: Sides) -> bool:
        """The declaration's text changed: do its workloads still make the same arguments?"""
        assert sides.base is not None
        assert sides.head is not None
        job = {
            "do": "same_inputs", "workloads": self._workloads(sides.head),
            "base": {"case": where(sides.base.found)}, "head": {"case": where(sides.head.found)},
        }  # fmt: skip
        with Worker(self.asked.confines) as worker:
            try:
                return bool(worker.ask(job).get("same"))
            except Ending:
                return False

    def _workloads(self, revision: Revision) -> list[str]:
        """Names of the workloads that a variant may be gated on, ascending."""
        case = revision.case
        wanted = self.asked.workloads or case.gate.workloads or tuple(one.name for one in sorted(case.workloads, key=lambda one: one.n))
        for name in wanted:
            if name not in [one.name for one in case.workloads]:
                raise BadCase(f"{revision.found.name} has no workload {name!r}", did_you_mean(name, [one.name for one in case.workloads]))
        return list(wanted)

    def _say_what(self, listed: Sequence[Listed], todo: Sequence[Listed]) -> None:
        names = ", ".join(f"{one.case}/{one.variant}" for one in todo) or "nothing"
        unchanged = sum(one.state is State.UNCHANGED for one in listed)
        self.tell(f"to compare with {self.scene.commit[:12]}: {names}; {unchanged} of {len(listed)} variants are unchanged")

    def _deleted(self, listed: Sequence[Listed]) -> None:
        for one in listed:
            if one.state is State.DELETED and f"{one.case}/{one.variant}" not in self.asked.deleted:
                message = f"the base has it, the working tree does not; if that is meant: --deleted {one.case}/{one.variant}"
                self.found.missing.append(Gap(one.case, one.variant, "deleted", message))

    # ------------------------------------------------------------------ build and proof

    def _built(self, todo: Sequence[Listed]) -> list[Listed]:
        """Build what these variants need on both sides; a base that cannot be built is no baseline."""
        failed: dict[str, dict[builds.Body, PerflabError]] = {"base": {}, "head": {}}
        for which, root in (("base", self.scene.base_root), ("head", self.scene.head_root)):
            bodies = sorted({body for one in todo for body in self._bodies(one, which)})
            failed[which] = dict(builds.provide(root, bodies, tell=self.tell))
        kept = []
        for one in todo:
            head = next((failed["head"][body] for body in self._bodies(one, "head") if body in failed["head"]), None)
            base = next((failed["base"][body] for body in self._bodies(one, "base") if body in failed["base"]), None)
            if head is not None:
                self.found.missing.append(Gap(one.case, one.variant, Status.NOT_BUILT, head.problem))
            elif base is not None:
                self._no_baseline(one, f"the base cannot be built: {base.problem}")
            else:
                kept.append(one)
        return kept

    def _bodies(self, one: Listed, which: str) -> list[builds.Body]:
        revision: Revision | None = getattr(self.scene.sides[one.case], which)
        if revision is None:
            return []
        names = {one.variant, revision.case.reference} & set(revision.case.variants)
        return sorted({body for name in names for body in changes.bodies_of(revision, name)})

    def _proven(self, todo: Sequence[Listed], added: Sequence[Listed]) -> list[Listed]:
        """Keep what is proven: the head's variants equal to the head's reference, and that to the base's."""
        kept: list[Listed] = []
        for name, sides in self.scene.sides.items():
            mine = [one for one in todo if one.case == name]
            new = [one for one in added if one.case == name]
            if not (mine or new) or sides.head is None:
                continue
            wanted = [one.variant for one in (*mine, *new)]
            with Prover(sides.head.found, sides.head.case, self.asked.confines) as prover:
                certificates = prover.certificates(wanted, tell=lambda text: self.tell(f"proving {text}"))
                refused = {
                    variant
                    for variant in wanted
                    if not self._passes(name, variant, certificates[variant].status, certificates[variant].evidence.message)
                }
                self._same_question(sides, prover, refused)
            kept += [one for one in mine if one.variant not in refused]
        return kept

    def _asks_anew(self, one: Listed) -> bool:
        """Whether an unchanged variant is judged by something new: then it must be proven again, though not measured."""
        return one.state is State.UNCHANGED and _question_changed(self.scene.sides[one.case])

    def _passes(self, case: str, variant: str, status: Status, message: str) -> bool:
        if status is Status.OK:
            return True
        gap = Gap(case, variant, status, message)
        (self.found.wrong if status in NOT_EQUIVALENT else self.found.missing).append(gap)
        return False

    def _same_question(self, sides: Sides, head: Prover, refused: set[str]) -> None:
        """Where reference or declaration changed: does the head's reference still answer as the base's does?"""
        if sides.base is None or sides.head is None or refused & {sides.head.case.reference}:
            return
        base, reference = sides.base, sides.head.case.reference
        if changes.same_declaration(sides) and changes.variant_meaning(base, base.case.reference) == changes.variant_meaning(
            sides.head, reference
        ):
            return
        self.tell(f"proving {sides.name}/{reference} against the base's answers")
        try:
            with Prover(base.found, base.case, self.asked.confines) as prover:
                prover.need_services([base.case.reference])
                said = head.judged_by(prover.sheet(), Candidate(reference))
        except PerflabError as error:
            self.found.notes.append(f"{sides.name}: the base's answers cannot be had: {error.problem}")
            return
        if said.verdict is Proof.NOT_EQUAL:
            self.found.wrong.append(
                Gap(sides.name, reference, said.status, f"answers otherwise than the base's {base.case.reference}: {said.evidence.message}")
            )

    # ------------------------------------------------------------------ numbers

    def _check_machine(self) -> None:
        self.tell("checking the machine with identical code")
        units = list(control_units(self.asked.confines, seconds=_MACHINE_SECONDS, count=_MACHINE_UNITS, order=self.order))
        self.machine_effect = policy.machine_effect(units, tolerance=self.asked.tolerance)
        self.machine_check = policy.judge(units, tolerance=self.asked.tolerance).ratio
        self.noisy = policy.too_noisy(units, tolerance=self.asked.tolerance)
        if self.noisy:
            self.found.notes.append(
                f"too noisy: identical code against itself could only show slowdowns of {self.machine_effect:.1%} or more; "
                "times were not judged. Try again when the machine does less"
            )

    def _measure(self, one: Listed, scratch: Path) -> None:
        scratch.mkdir()
        sides = self.scene.sides[one.case]
        assert sides.base is not None
        assert sides.head is not None
        technique = _technique(sides.head, one.variant)
        tolerance = self._tolerance(sides.base, sides.head, one.variant)
        with ExitStack() as stack:
            services = stack.enter_context(Services(sides.head.found, sides.head.case, self.asked.confines))
            services.start([one.variant])
            try:
                workload, seconds = self._choose(sides.base, sides.head, one.variant, services)
            except NotTimed as problem:
                self._no_baseline(one, f"the base {problem.message}")
                return
            match = Match(sides.base, sides.head, one.variant, workload, technique, self.asked.confines, services, scratch)
            counted = self._count(match, one, tolerance) if Metric.INSTRUCTIONS in self.asked.metrics else None
            timed = None
            if Metric.TIME in self.asked.metrics:
                timed = self._unjudged(match, seconds, counted) if self.noisy else self._time(match, one, tolerance, seconds)
        if counted is not None and policy.overruled(counted, timed):
            counted = replace(counted, verdict=Verdict.SAME, notes=(*counted.notes, "more instructions, but they take less time"))
        self.found.keys += [key for key in (timed, counted) if key is not None]

    def _tolerance(self, base: Revision, head: Revision, variant: str) -> float:
        """The tolerance that both sides agree to, or the smaller: a change does not excuse itself."""
        was, now = (_declared_tolerance(side, variant) or self.asked.tolerance for side in (base, head))
        if now > was:
            self.found.notes.append(
                f"{head.found.name}/{variant}: the tolerance is raised from {was:.1%} to {now:.1%}; judged by the former"
            )
        return min(was, now)

    def _choose(self, base: Revision, head: Revision, variant: str, services: Services) -> tuple[str, float]:
        both = [name for name in self._workloads(head) if name in {one.name for one in base.case.workloads}] or self._workloads(head)[:1]
        return choose_workload(base, both, variant, services, self.asked.confines)

    def _count(self, match: Match, one: Listed, tolerance: float) -> KeyVerdict | None:
        why = counting.why_not(match.head, one.variant, match.technique) and counting.why_not(match.base, one.variant, match.technique)
        if why:
            self.found.notes.append(f"{one.case}/{one.variant}: instructions are not compared: {why}")
            return None
        try:
            counted = counting.count(match, tolerance=tolerance, tell=self.tell)
        except counting.Unsteady as problem:
            self.found.notes.append(f"{one.case}/{one.variant}: instructions are not compared: {problem}")
            return None
        except NotTimed as problem:
            self._not_measured(one, problem)
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

    def _time(self, match: Match, one: Listed, tolerance: float, seconds: float) -> KeyVerdict | None:
        self.tell(f"timing {one.case}/{one.variant} on {match.workload}")
        timer = Timer(match, tolerance, self.asked.budget_seconds, self.tell, self.order)
        try:
            timed = timer.run()
        except Unequal as problem:  # the head was proven equal to its reference, so it is the base that is not
            self._no_baseline(one, f"the two sides answer the timed input differently, and the head equals its reference: {problem}")
            return None
        except NotTimed as problem:
            self._not_measured(one, problem)
            return None
        self.found.units += timed.units
        return _timed_verdict(match, timed, seconds, tolerance)

    def _not_measured(self, one: Listed, problem: NotTimed) -> None:
        if problem.side == "base":
            self._no_baseline(one, f"the base {problem.message}")
        else:
            self.found.missing.append(Gap(one.case, one.variant, problem.status, problem.message))

    def _no_baseline(self, one: Listed, why: str) -> None:
        metric, head = self.asked.metrics[0], self.scene.sides[one.case].head
        assert head is not None
        if any((key.key.case, key.key.variant, key.metric) == (one.case, one.variant, metric) for key in self.found.keys):
            return
        key = KeyVerdict(
            Key(one.case, one.variant, self._workloads(head)[0]),
            metric,
            None,
            Verdict.UNCLEAR,
            None,
            0,
            "no baseline",
            None,
            False,
            0.0,
            (why,),
        )
        self.found.keys.append(key)

    # ------------------------------------------------------------------ verdict

    def _finish(self, listed: Sequence[Listed], todo: Sequence[Listed]) -> GateReport:
        found, asked = self.found, self.asked
        moved = len(found.units) >= policy.LOOKS[0] and policy.control_moved(found.units, tolerance=asked.tolerance)
        if moved:
            found.notes.append("the control, which nobody changed, moved: the times of this run are discarded. Try again")
            found.keys = [replace(key, verdict=Verdict.UNCLEAR) if key.metric is Metric.TIME else key for key in found.keys]
        self._account_for(todo)
        code = policy.exit_code(
            found.keys, missing=found.missing, wrong=found.wrong, listed=len(listed), noisy=moved or (self.noisy and bool(todo))
        )
        if not listed:
            found.notes.append("0 variants to compare: nothing was asked for, or neither side has a case")
        return GateReport(
            against=asked.against,
            base=self.scene.commit,
            head=self.scene.repository.commit("HEAD"),
            dirty=self.scene.repository.dirty(),
            command=asked.command,
            machine=this_machine(),
            metrics=asked.metrics,
            tolerance=asked.tolerance,
            keys=tuple(found.keys),
            unchanged=tuple((one.case, one.variant) for one in listed if one.state is State.UNCHANGED and one not in todo),
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
        spoken = {(key.key.case, key.key.variant) for key in self.found.keys}
        spoken |= {(gap.case, gap.variant) for gap in (*self.found.missing, *self.found.wrong)}
        for one in todo:
            if (one.case, one.variant) not in spoken:
                why = "; ".join(note for note in self.found.notes if note.startswith(f"{one.case}/{one.variant}:")) or "no number was taken"
                self.found.missing.append(Gap(one.case, one.variant, Status.SKIPPED, f"{why}; try --metric both"))


def choose_workload(base: Revision, workloads: Sequence[str], variant: str, services: Services, confines: Confines) -> tuple[str, float]:
    """Return the largest workload whose single call fits into a slice at the base, and the seconds of that call.

    Raises:
        NotTimed: the base cannot be called.
    """
    service = services.job(variant)
    if "failed" in service:
        raise NotTimed(service)
    job = {"do": "choose", "case": where(base.found), "variant": variant, "workloads": list(workloads), **service}
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
    return side.case.techniques.get(variant) or technique_of(side.found.source(variant), rival=rival)


def _question_changed(sides: Sides) -> bool:
    """Whether declaration or reference mean something else on the two sides."""
    if sides.base is None or sides.head is None:
        return False
    was, now = (changes.variant_meaning(side, side.case.reference) for side in (sides.base, sides.head))
    return was != now or not changes.same_declaration(sides)


def _has(sides: Sides, variant: str) -> bool:
    return any(side is not None and variant in side.case.variants for side in (sides.base, sides.head))


def _key(match: Match) -> Key:
    return Key(match.head.found.name, match.variant, match.workload)


def _timed_verdict(match: Match, timed: Timed, seconds: float, tolerance: float) -> KeyVerdict:
    notes = [f"tolerance {tolerance:.0%}, by its case's declaration"] if _declared_tolerance(match.head, match.variant) else []
    if timed.doubted:
        notes.append("slower at first, but fresh processes did not repeat it")
    if seconds > _LONG_CALL_SECONDS:
        notes.append(f"one call takes {seconds * 1e3:.0f} ms, so slices are longer than 2 ms: fewer pairs, and a larger smallest effect")
    verdict = Verdict.UNCLEAR if timed.doubted or timed.judgement.verdict is None else timed.judgement.verdict
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
