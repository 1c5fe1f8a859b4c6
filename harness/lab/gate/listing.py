"""The list of what must be measured, made before anything is: unchanged, changed, added, deleted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from harness.errors import AskedWrongly
from harness.lab.catalogue import did_you_mean
from harness.lab.gate import changes
from harness.lab.gate.changes import Listed, Sides, State
from harness.lab.gate.desk import Desk
from harness.lab.proof import where
from harness.lab.supervisor import Ending, Worker
from harness.model.declared import Status
from harness.model.gated import Gap


def require_known_names(desk: Desk) -> None:
    """Refuse names that are nowhere: a gate of nothing must not pass because of a slip."""
    revisions_here = [
        one
        for sides in desk.scene.sides.values()
        for one in (sides.base, sides.head)
        if one is not None
    ]
    variants = {name for one in revisions_here for name in one.case.variants}
    workloads = {workload.name for one in revisions_here for workload in one.case.workloads}
    addresses = {f"{one.found.name}/{name}" for one in revisions_here for name in one.case.variants}
    for what, wanted, known in (
        ("variant", desk.asked.variants, variants),
        ("workload", desk.asked.workloads, workloads),
        ("variant", desk.asked.deleted, addresses),
    ):
        for name in wanted:
            if revisions_here and name not in known:
                raise AskedWrongly(
                    f"there is no {what} called {name!r} on either side",
                    did_you_mean(name, known) or "python -m harness list",
                )


def list_case(desk: Desk, sides: Sides) -> list[Listed]:
    """List a case's variants, with what the change did to each."""
    if sides.broken:
        return _broken(desk, sides)
    wanted = [name for name in desk.asked.variants if _has(sides, name)]
    if desk.asked.variants and not wanted:
        return []
    listed = changes.list_variants(sides, wanted)
    if changes.same_declaration(sides) or sides.base is None or sides.head is None:
        return listed
    was, now = (side.case.same.describe() for side in (sides.base, sides.head))
    if was != now:
        desk.found.notes.append(
            f"{sides.name}: answers are compared otherwise than before: {was!r} became {now!r}"
        )
    if _same_inputs(desk, sides) and sides.head.case.consume is None:
        return listed
    desk.found.notes.append(
        f"{sides.name}: its inputs, or how its answers are consumed, may have changed; both sides are measured on the new ones"
    )
    return [
        replace(one, state=State.CHANGED) if one.state is State.UNCHANGED else one for one in listed
    ]


def _broken(desk: Desk, sides: Sides) -> list[Listed]:
    """A side whose declaration cannot be imported: nothing of that case can be compared."""
    side = sides.head or sides.base
    names = side.case.variants if side is not None else (sides.name,)
    listed = [
        Listed(sides.name, name, State.CHANGED)
        for name in names
        if not desk.asked.variants or name in desk.asked.variants
    ]
    for one in listed:
        if "head" in sides.broken or sides.head is None:
            desk.found.missing.append(
                Gap(
                    one.case,
                    one.variant,
                    Status.RAISED,
                    f"the case cannot be imported: {sides.broken.get('head') or sides.broken['base']}",
                )
            )
        else:
            desk.no_baseline(one, f"the base's case cannot be imported: {sides.broken['base']}")
    return listed


def _same_inputs(desk: Desk, sides: Sides) -> bool:
    """The declaration's text changed: do its workloads still make the same arguments?"""
    assert sides.base is not None
    assert sides.head is not None
    job = {
        "do": "same_inputs", "workloads": desk.workloads(sides.head),
        "base": {"case": where(sides.base.found)}, "head": {"case": where(sides.head.found)},
    }  # fmt: skip
    with Worker(desk.asked.confines) as worker:
        try:
            return bool(worker.ask(job).get("same"))
        except Ending:
            return False


def say_what(desk: Desk, listed: Sequence[Listed], todo: Sequence[Listed]) -> None:
    """Say what will be compared, before anything is."""
    names = ", ".join(f"{one.case}/{one.variant}" for one in todo) or "nothing"
    unchanged = sum(one.state is State.UNCHANGED for one in listed)
    desk.tell(
        f"to compare with {desk.scene.commit[:12]}: {names}; {unchanged} of {len(listed)} variants are unchanged"
    )


def note_deleted(desk: Desk, listed: Sequence[Listed]) -> None:
    """A variant that has gone is red, unless that is meant."""
    for one in listed:
        if one.state is State.DELETED and f"{one.case}/{one.variant}" not in desk.asked.deleted:
            message = f"the base has it, the working tree does not; if that is meant: --deleted {one.case}/{one.variant}"
            desk.found.missing.append(Gap(one.case, one.variant, "deleted", message))


def _has(sides: Sides, variant: str) -> bool:
    return any(
        side is not None and variant in side.case.variants for side in (sides.base, sides.head)
    )
