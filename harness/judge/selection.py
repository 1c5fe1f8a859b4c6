"""Chooses the run that stands for a case: by coverage, unchanged sources and precision, then the newest."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence

from harness.judge.summary import summarise
from harness.model.declared import Status
from harness.model.measured import Run
from harness.model.selected import Criterion, Passed, Question, Ranked, Selection, Standing

FINALISTS = 20
"""Of the runs that are alike in all but precision and age, so many of the newest are looked at."""
_NARROW = 0.02
"""What a run aims at: narrower intervals count as equal."""
_NOT_THERE = frozenset({Status.UNAVAILABLE, Status.NOT_BUILT})
"""The variant took no part.  What was wrong or crashed did: a page must not look better for leaving it out."""
_ORDER = (Criterion.KIND, Criterion.COVERAGE, Criterion.SOURCES, Criterion.PRECISION, Criterion.AGE)


def standing(run: Run, question: Question | None, *, published: bool) -> Standing:
    """Say what a run covers of the question; its samples are not needed.

    Args:
        run: a complete one.
        question: what its case asks now; None: the catalogue has no such case, and all that was measured counts.
        published: it is evidence that the project publishes.
    """
    absent = {
        (result.key.variant, result.key.workload)
        for measured in run.workloads
        for result in measured.results
        if result.status in _NOT_THERE
    }
    asked = {(variant, size) for variant in run.variant_names for size in run.workload_names}
    wanted = _wanted(run, question) if question else asked
    return Standing(
        run.id,
        run.machine.id,
        published,
        run.plan.sweep,
        len((asked & wanted) - absent),
        len(wanted),
        changed=question is not None and question.digest != run.digest,
    )


def _wanted(run: Run, question: Question) -> set[tuple[str, str]]:
    sizes = question.all_sizes if run.plan.sweep else question.sizes
    return {(variant, size) for variant in question.variants for size in sizes}


def width(run: Run) -> float | None:
    """The median half-width of the ratios' intervals, as tables show them; None: there is no ratio."""
    widths = [
        row.speedup.ratio.relative_half_width
        for workload in summarise(run).workloads
        for row in workload.rows
        if row.speedup and row.result.key.variant != run.reference
    ]
    return statistics.median(widths) if widths else None


def choose(
    standings: Sequence[Standing], width_of: Callable[[str], float | None]
) -> Selection | None:
    """Choose one; None: there is none.

    Args:
        standings: of complete runs of one case.
        width_of: ``width`` of the run of that id; asked only where all else is equal.
    """
    if not standings:
        return None
    first = max(_before_precision(one) for one in standings)
    equal = sorted(
        (one for one in standings if _before_precision(one) == first),
        key=lambda one: one.run,
        reverse=True,
    )
    widths = {one.run: width_of(one.run) for one in equal[:FINALISTS]}
    ranked = [Ranked(one, widths.get(one.run)) for one in standings]
    best = max(ranked, key=_rank)
    others = sorted(
        (one for one in ranked if one is not best), key=lambda one: one.standing.run, reverse=True
    )
    return Selection(best, tuple(Passed(one, _decided(best, one)) for one in others))


def _before_precision(one: Standing) -> tuple[float, float, float]:
    return (not one.sweep, one.covered, not one.changed)


def _rank(one: Ranked) -> tuple[float | str, ...]:
    return (*_before_precision(one.standing), -_step(one.width), one.standing.run)


def _step(width: float | None) -> float:
    """How often the width must be halved: intervals within a factor of two are alike, or chance would decide."""
    if width is None:
        return math.inf
    return 0.0 if width <= _NARROW else math.ceil(math.log2(width / _NARROW))


def _decided(best: Ranked, other: Ranked) -> Criterion:
    pairs = zip(_ORDER, _rank(best), _rank(other), strict=True)
    return next(criterion for criterion, one, two in pairs if one != two)
