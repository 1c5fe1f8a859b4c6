"""What lies on the desk while a gate works: what was asked, both revisions, and what has been found so far."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from harness.errors import BadCase
from harness.lab.catalogue import did_you_mean
from harness.lab.gate.changes import Listed, Revision, Sides
from harness.lab.gate.timing import NotTimed
from harness.lab.repository import Repository
from harness.lab.supervisor import Confines
from harness.model.declared import Verdict
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
        """Names of the workloads that a variant may be gated on, ascending."""
        case = revision.case
        wanted = (
            self.asked.workloads
            or case.gate.workloads
            or tuple(one.name for one in sorted(case.workloads, key=lambda one: one.n))
        )
        for name in wanted:
            if name not in [one.name for one in case.workloads]:
                raise BadCase(
                    f"{revision.found.name} has no workload {name!r}",
                    did_you_mean(name, [one.name for one in case.workloads]),
                )
        return list(wanted)

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
