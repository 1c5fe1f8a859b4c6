"""The list of what must be measured, made before anything is: unchanged, changed, added, deleted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import AskedWrongly
from harness.lab import depending
from harness.lab.catalogue import did_you_mean
from harness.lab.finder import is_installed
from harness.lab.gate import builds, changes
from harness.lab.gate.changes import Listed, Revision, Sides, State
from harness.lab.gate.desk import Desk
from harness.lab.proof import Services, numba_cache, where
from harness.lab.supervisor import Confines, Ending, Worker
from harness.model.declared import Status
from harness.model.depended import Dependencies
from harness.model.gated import Gap

if TYPE_CHECKING:
    from harness.lab.frames import Message


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
    sides = desk.scene.sides[sides.name] = _with_observations(desk, sides)
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


def _with_observations(desk: Desk, sides: Sides) -> Sides:
    """Observe what variants depend on whose sources are alike, unless nothing at all differs between the revisions."""
    base, head = sides.base, sides.head
    if base is None or head is None or base.found.tree is None or head.found.tree is None:
        return sides
    if not changes.anything_touched(Path(base.found.tree.root), Path(head.found.tree.root)):
        return sides
    alike = [
        name
        for name in head.case.variants
        if name in base.case.variants
        and changes.same_meaning(sides, name)
        and (name == head.case.reference or not desk.asked.variants or name in desk.asked.variants)
    ]
    if alike:
        desk.tell(f"observing what {sides.name} depends on")
        bodies = sorted({body for name in alike for body in changes.bodies_of(head, name)})
        for root in (
            desk.scene.base_root,
            desk.scene.head_root,
        ):  # what cannot be built is said later
            builds.provide(root, bodies, tell=desk.tell, built=desk.scene.here)
    observed = observe(head, alike, desk.asked.confines)
    desk.found.notes += [
        f"{sides.name}/{name}: what it depends on could not be observed, so it is measured"
        for name, depends in observed.items()
        if depends is None
    ]
    return replace(sides, observed=observed)


def observe(
    revision: Revision, variants: Sequence[str], confines: Confines
) -> dict[str, Dependencies | None]:
    """Run each variant once, and return what it loaded and read of its revision; None: that cannot be told."""
    if not variants:
        return {}
    found, case = revision.found, revision.case
    with Services(found, case, confines) as services:
        services.start(variants)
        handles = {name: services.job(name).get("handle") for name in variants}
        job = {
            "do": "observe",
            "case": where(found),
            "variants": list(variants),
            "handles": handles,
        }
        with Worker(confines, environment=numba_cache(found)) as worker:
            try:
                said = worker.ask(job)
            except Ending:
                said = {}
    seen = said.get("observed", {})
    return {name: _inside(revision, seen.get(name)) for name in variants}


def _inside(revision: Revision, seen: Message | None) -> Dependencies | None:
    """What of an observation lies in the revision; None: there is none, or a file of the working tree was loaded instead."""
    tree = revision.found.tree
    assert tree is not None
    if seen is None:
        return None
    depends = depending.observed(seen)
    foreign = [
        one
        for one in map(Path, depends.files)
        if tree.origin
        and one.is_relative_to(tree.origin)
        and not one.is_relative_to(tree.root)
        and not is_installed(str(one))
    ]
    if depends.beyond or any(one.exists() for one in foreign):
        return None
    own = str(revision.found.folder)  # the lab looks there for the variants' files
    listed = tuple(one for one in depends.listed if one != own)
    return changes.within(replace(depends, listed=listed), Path(tree.root))


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
        + _followed(desk, listed)
    )


def _followed(desk: Desk, listed: Sequence[Listed]) -> str:
    """How many files stand behind "unchanged"."""
    files = {
        file
        for one in listed
        if one.state is State.UNCHANGED
        for file in changes.files_behind(desk.scene.sides[one.case], one.variant)
    }
    return f" ({len(files)} files of the repository were followed)" if files else ""


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
