"""Builds what is listed, and proves it: the head's variants by the head's reference, and that by the base's answers."""

from __future__ import annotations

from collections.abc import Sequence

from harness.errors import PerflabError
from harness.lab.gate import builds, changes
from harness.lab.gate.changes import Listed, Revision, Sides, State
from harness.lab.gate.desk import Desk
from harness.lab.proof import Candidate, Prover
from harness.model.declared import NOT_EQUIVALENT, Proof, Status
from harness.model.gated import Gap


def built(desk: Desk, todo: Sequence[Listed]) -> list[Listed]:
    """Build what these variants need on both sides; a base that cannot be built is no baseline."""
    failed: dict[str, dict[builds.Body, PerflabError]] = {"base": {}, "head": {}}
    for which, root in (("base", desk.scene.base_root), ("head", desk.scene.head_root)):
        bodies = sorted({body for one in todo for body in _bodies(desk, one, which)})
        failed[which] = dict(builds.provide(root, bodies, tell=desk.tell, built=desk.scene.here))
    kept = []
    for one in todo:
        head = next(
            (failed["head"][body] for body in _bodies(desk, one, "head") if body in failed["head"]),
            None,
        )
        base = next(
            (failed["base"][body] for body in _bodies(desk, one, "base") if body in failed["base"]),
            None,
        )
        if head is not None:
            desk.found.missing.append(Gap(one.case, one.variant, Status.NOT_BUILT, head.problem))
        elif base is not None:
            desk.no_baseline(one, f"the base cannot be built: {base.problem}")
        else:
            kept.append(one)
    return kept


def _bodies(desk: Desk, one: Listed, which: str) -> list[builds.Body]:
    revision: Revision | None = getattr(desk.scene.sides[one.case], which)
    if revision is None:
        return []
    names = {one.variant, revision.case.reference} & set(revision.case.variants)
    return sorted({body for name in names for body in changes.bodies_of(revision, name)})


def proven(desk: Desk, todo: Sequence[Listed], added: Sequence[Listed]) -> list[Listed]:
    """Keep what is proven: the head's variants equal to the head's reference, and that to the base's."""
    kept: list[Listed] = []
    for name, sides in desk.scene.sides.items():
        mine = [one for one in todo if one.case == name]
        new = [one for one in added if one.case == name]
        if not (mine or new) or sides.head is None:
            continue
        wanted = [one.variant for one in (*mine, *new)]
        with Prover(sides.head.found, sides.head.case, desk.asked.confines) as prover:
            certificates = prover.certificates(
                wanted, tell=lambda text: desk.tell(f"proving {text}")
            )
            refused = {
                variant
                for variant in wanted
                if not _passes(
                    desk,
                    name,
                    variant,
                    certificates[variant].status,
                    certificates[variant].evidence.message,
                )
            }
            _same_question(desk, sides, prover, refused)
        kept += [one for one in mine if one.variant not in refused]
    return kept


def asks_anew(desk: Desk, one: Listed) -> bool:
    """Whether an unchanged variant is judged by something new: then it must be proven again, though not measured."""
    return one.state is State.UNCHANGED and question_changed(desk.scene.sides[one.case])


def _passes(desk: Desk, case: str, variant: str, status: Status, message: str) -> bool:
    if status is Status.OK:
        return True
    gap = Gap(case, variant, status, message)
    (desk.found.wrong if status in NOT_EQUIVALENT else desk.found.missing).append(gap)
    return False


def _same_question(desk: Desk, sides: Sides, head: Prover, refused: set[str]) -> None:
    """Where reference or declaration changed: does the head's reference still answer as the base's does?"""
    if sides.base is None or sides.head is None or refused & {sides.head.case.reference}:
        return
    base, reference = sides.base, sides.head.case.reference
    if not question_changed(sides):
        return
    desk.tell(f"proving {sides.name}/{reference} against the base's answers")
    try:
        with Prover(base.found, base.case, desk.asked.confines) as prover:
            prover.need_services([base.case.reference])
            said = head.judged_by(prover.sheet(), Candidate(reference))
    except PerflabError as error:
        desk.found.notes.append(f"{sides.name}: the base's answers cannot be had: {error.problem}")
        return
    if said.verdict is Proof.NOT_EQUAL:
        _passes(
            desk,
            sides.name,
            reference,
            said.status,
            f"answers otherwise than the base's {base.case.reference}: {said.evidence.message}",
        )


def question_changed(sides: Sides) -> bool:
    """Whether declaration or reference mean something else on the two sides."""
    if sides.base is None or sides.head is None:
        return False
    reference = sides.head.case.reference
    return (
        reference != sides.base.case.reference
        or not changes.same_meaning(sides, reference)
        or not changes.same_declaration(sides)
    )
