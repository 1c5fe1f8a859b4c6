"""Says which run stands for a case, and why the others do not."""

from __future__ import annotations

from harness.model.selected import Criterion, Passed, Ranked, Selection, Standing

MOST_NAMED = 3
"""Runs that are newer than the chosen one, by name; a reader expects those."""


def sentence(selection: Selection) -> str:
    """One sentence: what the chosen run covers, and among how many it was chosen."""
    chosen, count = selection.chosen, len(selection.others)
    where = "published, " if chosen.standing.published else ""
    wide = "" if chosen.width is None else f", ratios within ±{chosen.width:.0%} (median)"
    among = f"chosen among {count + 1} complete runs by coverage, sources, precision, then age"
    return (
        f"Run {chosen.standing.run} ({where}{_covered(chosen.standing)}{wide})"
        f"{f': {among}' if count else ': the only complete run'}."
    )


def passed_over(selection: Selection) -> list[str]:
    """A line for each newer run that was not chosen, and one that counts the rest."""
    newer = [
        one for one in selection.others if one.ranked.standing.run > selection.chosen.standing.run
    ]
    lines = [
        f"newer, not chosen: {one.ranked.standing.run}: {reason(one, selection.chosen)}"
        for one in newer[:MOST_NAMED]
    ]
    more = len(newer) - MOST_NAMED
    return [*lines, f"newer, not chosen: {more} more"] if more > 0 else lines


def reason(passed: Passed, chosen: Ranked) -> str:
    """Why a run was not chosen."""
    other = passed.ranked
    words = {
        Criterion.KIND: "it is a sweep, and there is a plain run",
        Criterion.COVERAGE: f"it has {other.standing.covered} of the case's keys, the chosen run {chosen.standing.covered}",
        Criterion.SOURCES: "the case has changed since",
        Criterion.PRECISION: f"its ratios are within {_width(other)}, the chosen run's within {_width(chosen)}",
        Criterion.AGE: "it is older",
    }
    return words[passed.by]


def _covered(standing: Standing) -> str:
    return f"{standing.covered} of {standing.wanted} keys"


def _width(one: Ranked) -> str:
    return "no interval" if one.width is None else f"±{one.width:.0%}"
