"""From the store's shelves and the catalogue's studies to what each page shows."""

from __future__ import annotations

from collections.abc import Sequence

from harness.judge.roofline import roofline
from harness.judge.steps import Detect
from harness.judge.summary import summarise
from harness.judge.trend import trends
from harness.model.limited import Roofline
from harness.model.measured import Key, Run
from harness.model.profiled import Profile
from harness.model.published import CasePage, Shelf, Study


def case_page(
    name: str,
    shelf: Shelf | None,
    study: Study | None,
    profiles: Sequence[Profile] = (),
    *,
    detect: Detect | None = None,
) -> CasePage:
    """Judge everything that is known of a case; either the store or the catalogue may have nothing.

    Args:
        name: of the case.
        shelf: what the store holds of it.
        study: what the catalogue has of it.
        profiles: the newest look at each variant.
        detect: proposes the segments of a curve; None: asv's.
    """
    if shelf is None:
        return CasePage(name, study, (), None, (), (), (), (), None)
    runs = tuple(summarise(run) for run in shelf.runs)
    sweep = None if shelf.sweep is None else summarise(shelf.sweep)
    found = trends(shelf.moments, _keys(shelf.runs[0]) if shelf.runs else (), detect=detect)
    return CasePage(
        name,
        study,
        runs,
        sweep,
        found,
        shelf.moments,
        shelf.incomplete,
        tuple(profiles),
        _roofline(shelf.runs),
        shelf.selection,
        shelf.sweep_selection,
    )


def _keys(run: Run) -> list[Key]:
    """What the chosen run measured: the history that is worth a picture."""
    return [result.key for measured in run.workloads for result in measured.results]


def _roofline(runs: Sequence[Run]) -> Roofline | None:
    """Of the chosen run, if it says what its machine could do."""
    if not runs or not runs[0].roofs:
        return None
    picture = roofline(runs[0].machine, runs[0].roofs, [summarise(runs[0])])
    return picture if picture.points else None
