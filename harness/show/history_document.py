"""The JSON of the history: ``harness.history/1`` of what was done to asv's store, ``harness.steps/1`` of change points."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from harness.model.history import Curve, Measurand, Step


class HistoryFileDocument(msgspec.Struct, frozen=True):
    """One result file of asv's."""

    file: str
    commit: str
    machine: str
    environment: str
    measured: int
    skipped: int
    failed: tuple[str, ...]
    changed: bool


class HistoryDocument(msgspec.Struct, frozen=True):
    """``harness.history/1``: what ``history run``, ``add`` or ``merge`` has left in the store."""

    schema: str
    action: str
    exit_code: int
    files: list[HistoryFileDocument]


class StepDocument(msgspec.Struct, frozen=True):
    """One change point; values are times of the reference."""

    case: str
    variant: str
    workload: str
    machine: str
    environment: str
    last_commit: str
    first_commit: str
    commits_between: int
    before_ratio: float
    after_ratio: float
    change: float
    noise: float


class GapDocument(msgspec.Struct, frozen=True):
    """One value that should be there and is not."""

    commit: str
    case: str
    variant: str
    workload: str


class StepsDocument(msgspec.Struct, frozen=True):
    """``harness.steps/1``: the change points of the ratios in asv's store."""

    schema: str
    smallest: float
    curves: int
    curves_too_short: int
    commits: tuple[str, ...]
    steps: list[StepDocument]
    failed: list[GapDocument]


def steps_document(
    curves: Sequence[Curve], steps: Sequence[Step], failed: Sequence[tuple[str, Measurand]], *, commits: Sequence[str], all_commits: Sequence[str],
    smallest: float, fewest: int,
) -> StepsDocument:  # fmt: skip
    """Return the document; ``all_commits`` are also those in between that were not measured."""
    places = {commit: place for place, commit in enumerate(all_commits)}
    return StepsDocument(
        "harness.steps/1",
        smallest,
        len(curves),
        sum(len(curve.points) < fewest for curve in curves),
        tuple(commits),
        [
            StepDocument(
                one.measurand.key.case, one.measurand.key.variant, one.measurand.key.workload, one.machine, one.environment, one.last, one.first,
                max(0, places[one.first] - places[one.last] - 1), one.before, one.after, one.change, one.noise,
            )
            for one in steps
        ],
        [GapDocument(commit, one.key.case, one.key.variant, one.key.workload) for commit, one in failed],
    )  # fmt: skip
