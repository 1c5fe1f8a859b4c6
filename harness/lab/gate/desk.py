"""What lies on the desk while a gate works: what was asked, both revisions, and what has been found so far."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from harness.errors import BadCase
from harness.judge import gate as policy
from harness.lab.catalogue import did_you_mean, technique_of
from harness.lab.gate.changes import Listed, Revision, Sides
from harness.lab.gate.timing import NotTimed
from harness.lab.repository import Repository
from harness.lab.supervisor import Confines
from harness.model.declared import Technique, Verdict
from harness.model.gated import Gap, KeyVerdict, Metric
from harness.model.measured import Key

if TYPE_CHECKING:
    from harness.judge.gate import Unit

Told: TypeAlias = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line asked for."""

    against: str
    cases: tuple[str, ...] = ()
    """Empty: the whole catalogue."""
    variants: tuple[str, ...] = ()
    workloads: tuple[str, ...] = ()
    """Each variant is compared on each of these; empty: on one, which follows from its case's declaration."""
    metrics: tuple[Metric, ...] = tuple(Metric)
    tolerance: float = 0.01
    budget_seconds: float = 10.0
    everything: bool = False
    """Measure unchanged variants, too."""
    deleted: tuple[str, ...] = ()
    """``case/variant`` that is meant to be gone."""
    timeout_seconds: float = 30.0
    memory_bytes: int = 4 << 30
    command: str = ""
    profile: bool = True
    """Say which functions made a red key slower."""

    @property
    def confines(self) -> Confines:
        """What each worker may use."""
        return Confines(self.timeout_seconds, self.memory_bytes)


@dataclass(slots=True)
class Findings:
    """What the gate has found so far."""

    keys: list[KeyVerdict] = field(default_factory=list)
    missing: list[Gap] = field(default_factory=list)
    wrong: list[Gap] = field(default_factory=list)
    units: list[Unit] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Scene:
    """Both revisions as folders, and the cases in them."""

    repository: Repository
    commit: str
    base_root: Path
    head_root: Path
    sides: dict[str, Sides]
    here: Path | None = None
    """The project in the working tree."""


@dataclass(frozen=True, slots=True)
class Desk:
    """Passed from step to step."""

    asked: Asked
    scene: Scene
    tell: Told
    found: Findings = field(default_factory=Findings)

    def workloads(self, revision: Revision) -> list[str]:
        """Names of the workloads that a case's variants may be gated on."""
        case = revision.case
        wanted = self.asked.workloads or (
            *(case.gate.workloads or (one.name for one in case.default_workloads())),
            *case.gate.on.values(),
        )
        for name in wanted:
            if name not in [one.name for one in case.workloads]:
                raise BadCase(
                    f"{revision.found.name} has no workload {name!r}",
                    did_you_mean(name, [one.name for one in case.workloads]),
                )
        return list(dict.fromkeys(wanted))

    def chosen(self, sides: Sides, variant: str) -> list[str]:
        """Names of the workloads a variant is compared on: those asked for, or the one its declaration leads to."""
        base, head = sides.base, sides.head
        assert base is not None
        assert head is not None
        known = {one.name for one in base.case.workloads}
        if self.asked.workloads:
            wanted = self.workloads(head)
            return [name for name in wanted if name in known] or wanted[:1]
        choices = [
            policy.choose_workload(side.case, variant, technique_in(head, variant))
            for side in (head, base)
        ]
        both = known & {one.name for one in head.case.workloads}
        return next(([name] for name in choices if name in both), choices[:1])

    def not_measured(self, one: Listed, problem: NotTimed) -> None:
        """Note a variant that could not be measured, by the side that was at fault."""
        if problem.side == "base":
            self.no_baseline(one, f"the base {problem.message}")
        else:
            self.found.missing.append(Gap(one.case, one.variant, problem.status, problem.message))

    def no_baseline(self, one: Listed, why: str) -> None:
        """Note a variant that has nothing to be compared with: nobody can say."""
        metric, head = self.asked.metrics[0], self.scene.sides[one.case].head
        assert head is not None
        if any(
            (key.key.case, key.key.variant, key.metric) == (one.case, one.variant, metric)
            for key in self.found.keys
        ):
            return
        key = KeyVerdict(
            Key(one.case, one.variant, self.workloads(head)[0]),
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


def technique_in(side: Revision, variant: str) -> Technique:
    """How a variant is made fast, as its case declares it or its source shows."""
    rival = variant in side.case.rivals
    return side.case.techniques.get(variant) or technique_of(
        side.found.source(variant), rival=rival
    )
