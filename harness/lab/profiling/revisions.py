"""The same variant at two revisions: what its functions cost before and after."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.errors import AskedWrongly, EnvironmentLacks, PerflabError
from harness.judge.profile import diff
from harness.lab.catalogue import find_workload
from harness.lab.gate import builds, changes
from harness.lab.gate.desk import Asked as GateAsked
from harness.lab.gate.scene import both_revisions
from harness.lab.profiling.session import Asked, Looked, looking
from harness.model.profiled import UNITS, Tool

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.lab.catalogue import Found
    from harness.lab.gate.changes import Revision
    from harness.model.profiled import Change, ProfileDiff

_SECONDS = 2.0
_SHOWN = 3
_LEAST = 0.01
"""Share of a call's cost; what changed less is not worth a line."""


def at_revision(
    found: Found, asked: Asked, place: tuple[str, str], against: str, tell: Callable[[str], None]
) -> Looked:
    """Look at a variant and a workload, given by their names, as the revision ``against`` has them.

    Raises:
        AskedWrongly: there is no such revision, or it has no such variant or workload.
    """
    variant, _ = place
    name = found.name if found.origin == "catalogue" else str(found.folder)
    wanted = GateAsked(
        against,
        (name,),
        timeout_seconds=asked.confines.timeout_seconds,
        memory_bytes=asked.confines.memory_bytes,
    )
    with both_revisions(wanted) as scene:
        base = scene.sides[found.name].base
        if base is None or variant not in base.case.variants:
            raise AskedWrongly(
                f"{against} has no {found.name}/{variant}", "compare with a revision that has it"
            )
        for problem in builds.provide(
            scene.base_root, changes.bodies_of(base, variant), tell=tell
        ).values():
            raise problem
        tell(f"{variant} at {against} under {asked.tool}")
        return _look(base, asked, place, scene.commit[:12])


def _look(revision: Revision, asked: Asked, place: tuple[str, str], name: str) -> Looked:
    variant, workload = place
    size = find_workload(revision.case, workload)
    if size is None:
        raise AskedWrongly(
            f"{name or 'the working tree'} has no workload {workload!r}",
            "name one that both revisions have: --workload",
        )
    with looking(revision.found, revision.case, asked, revision=name) as look:
        return look(variant, size)


def difference(base: Revision, head: Revision, place: tuple[str, str], asked: Asked) -> ProfileDiff:
    """Look at both sides of a gate's key, one after the other."""
    before, after = (
        _look(side, asked, place, name) for side, name in ((base, "base"), (head, "head"))
    )
    return diff(before.profile, after.profile)


def explained(
    base: Revision, head: Revision, place: tuple[str, str], asked: Asked
) -> tuple[str, ...]:
    """Say in a few lines which functions made a key slower; or why nobody can say: that is no failure of the gate."""
    try:
        found = difference(base, head, place, asked)
    except EnvironmentLacks as problem:
        return (f"no differential profile: {problem.problem}; {problem.remedy}",)
    except PerflabError as problem:
        return (f"no differential profile: {problem.problem}",)
    least = _LEAST * max(found.before.cost, found.after.cost)
    lines = [
        _line(change, found.after.tool)
        for change in found.changes[:_SHOWN]
        if abs(change.by) > least
    ]
    return tuple(lines) or (
        "the differential profile shows no function that changed by 1 % of a call",
    )


def _line(change: Change, tool: Tool) -> str:
    place = f" ({change.file})" if change.file else ""
    if UNITS[tool] == "samples":
        return f"profile: {change.function}{place} {change.by * 1e6:+.3g} µs a call ({change.before * 1e6:.3g} -> {change.after * 1e6:.3g})"
    return f"profile: {change.function}{place} {change.by:+,.0f} {UNITS[tool]} a call"


def red_key(confines_of: GateAsked) -> Asked:
    """How the gate looks at a red key: briefly, from outside."""
    return Asked(Tool.PY_SPY, _SECONDS, confines_of.confines)
