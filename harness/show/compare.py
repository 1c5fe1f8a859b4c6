"""A comparison of two sets of results as a table and as ``harness.compare/1``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from harness.model.compared import Basis, Compared, UnlikeKey
from harness.model.judged import Estimate
from harness.show.history import columns
from harness.show.text import clean, ratio, seconds


class ComparedSideDocument(msgspec.Struct, frozen=True):
    """One of the two sides."""

    asked: str
    origin: str
    facts: dict[str, str]
    interval: float
    """Confidence of its intervals."""


class ComparedKeyDocument(msgspec.Struct, frozen=True):
    """One key; speed-ups or seconds before and after, by ``basis``."""

    case: str
    workload: str
    variant: str
    before: Estimate
    after: Estimate
    ratio: Estimate
    verdict: str


class MissingKeyDocument(msgspec.Struct, frozen=True):
    """One key that one side lacks."""

    case: str
    workload: str
    variant: str
    side: str
    why: str


class UnlikeKeyDocument(msgspec.Struct, frozen=True):
    """One key that both sides have and that cannot be compared."""

    case: str
    workload: str
    variant: str
    why: str


class CompareDocument(msgspec.Struct, frozen=True):
    """``harness.compare/1``: two runs, files or commits, key by key."""

    schema: str
    exit_code: int
    basis: str
    tolerance: float
    first: ComparedSideDocument
    second: ComparedSideDocument
    keys: list[ComparedKeyDocument]
    missing: list[MissingKeyDocument]
    not_compared: list[UnlikeKeyDocument]


def compare_document(compared: Compared, exit_code: int) -> CompareDocument:
    """Return the document."""
    sides = [
        ComparedSideDocument(one.asked, one.origin, dict(one.facts), one.confidence)
        for one in (compared.first, compared.second)
    ]
    keys = [
        ComparedKeyDocument(
            one.key.case,
            one.key.workload,
            one.key.variant,
            one.before,
            one.after,
            one.ratio,
            str(one.verdict),
        )
        for one in compared.keys
    ]
    missing = [
        MissingKeyDocument(one.key.case, one.key.workload, one.key.variant, one.side, one.why)
        for one in compared.missing
    ]
    return CompareDocument(
        "harness.compare/1",
        exit_code,
        str(compared.basis),
        compared.tolerance,
        sides[0],
        sides[1],
        keys,
        missing,
        [
            UnlikeKeyDocument(one.key.case, one.key.workload, one.key.variant, one.why)
            for one in compared.unlike
        ],
    )


def compare_table(compared: Compared) -> str:
    """One line a key, and what is missing."""
    first, second = compared.first, compared.second
    lines = [
        f"A: {clean(first.asked)} ({clean(first.origin)})   B: {clean(second.asked)} ({clean(second.origin)})"
    ]
    if compared.keys:
        what = "speed-up" if compared.basis is Basis.RATIO else "time"
        rows = [("case/size/variant", f"{what} in A", "in B", "B over A", "interval", "B is")]
        rows += [
            (
                str(one.key), _shown(one.before, compared.basis), _shown(one.after, compared.basis), f"{one.ratio.value:.3f}",
                f"{one.ratio.low:.3f}..{one.ratio.high:.3f}", str(one.verdict),
            )
            for one in compared.keys
        ]  # fmt: skip
        lines += columns(rows, right=frozenset({1, 2, 3, 4}))
        confidences = sorted({f"{side.confidence:.0%}" for side in (first, second)})
        lines.append(
            f"B over A: how many times as fast; above 1 B is faster; same: within {compared.tolerance:.1%}; intervals of {' and '.join(confidences)}"
        )
        if compared.basis is Basis.TIME:
            lines.append(
                "times of different moments: the machine's day is in them and not in the intervals; --basis ratio is free of it"
            )
    lines += [
        f"missing: {clean(str(one.key))} in {clean(one.side)}: {clean(one.why)}"
        for one in compared.missing
    ]
    lines += [
        f"not compared: {clean(one.why.removesuffix(': not compared'))}"
        for one in _first_of_each(compared.unlike)
    ]
    lines += [f"  try: {clean(one.remedy)}" for one in compared.unlike[-1:]]
    return "\n".join(lines) + "\n"


def _first_of_each(unlike: Sequence[UnlikeKey]) -> Iterable[UnlikeKey]:
    """A reason that holds for a whole case is said once."""
    first: dict[str, UnlikeKey] = {}
    for one in unlike:
        first.setdefault(one.why, one)
    return first.values()


def _shown(estimate: Estimate, basis: Basis) -> str:
    return ratio(estimate.value) if basis is Basis.RATIO else seconds(estimate.value)
