"""Tables of the history: what was measured of which commit, and where the levels change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from harness.show.history_document import HistoryDocument, HistoryFileDocument, StepsDocument
from harness.show.text import clean

_SHORT = 10
_MOST_NAMED = 8


def columns(rows: Sequence[Sequence[str]], *, right: frozenset[int] = frozenset()) -> list[str]:
    """Set rows of cleaned cells in columns; those named are set to the right."""
    cleaned = [[clean(cell) for cell in row] for row in rows]
    widths = (
        [max(len(row[place]) for row in cleaned) for place in range(len(cleaned[0]))]
        if cleaned
        else []
    )
    return [
        "  ".join(cell.rjust(width) if place in right else cell.ljust(width) for place, (cell, width) in enumerate(zip(row, widths, strict=True))).rstrip()
        for row in cleaned
    ]  # fmt: skip


def files_table(document: HistoryDocument, subjects: Mapping[str, str]) -> str:
    """One line a file: commit, what it was about, and how many values it has."""
    if not document.files:
        return "nothing was written\n"
    rows = [
        ("commit", "machine", "environment", "measured", "skipped", "failed", ""),
        *(_file_row(one, subjects) for one in document.files),
    ]
    lines = columns(rows, right=frozenset({3, 4, 5}))
    failed = [f"{one.commit[:_SHORT]} {name}" for one in document.files for name in one.failed]
    lines += [f"failed: {clean(name)}" for name in failed[:_MOST_NAMED]]
    lines += [f"... and {len(failed) - _MOST_NAMED} more"] if len(failed) > _MOST_NAMED else []
    return "\n".join(lines) + "\n"


def _file_row(one: HistoryFileDocument, subjects: Mapping[str, str]) -> tuple[str, ...]:
    about = _cut(subjects.get(one.commit, ""), 50) + ("" if one.changed else "  (unchanged)")
    return (
        one.commit[:_SHORT],
        one.machine,
        one.environment,
        str(one.measured),
        str(one.skipped),
        str(len(one.failed)),
        about,
    )


def steps_table(document: StepsDocument, subjects: Mapping[str, str]) -> str:
    """The change points, the largest first, and how much was looked at."""
    steps = sorted(document.steps, key=lambda one: -abs(one.change))
    lines = []
    if steps:
        rows = [
            (
                "change",
                "case/size/variant",
                "before",
                "after",
                "noise",
                "last before",
                "first after",
                "",
            )
        ]
        rows += [
            (
                f"{one.change:+.1%}", f"{one.case}/{one.workload}/{one.variant}", f"{one.before_ratio:.4g}", f"{one.after_ratio:.4g}",
                f"±{one.noise:.1%}", one.last_commit[:_SHORT], one.first_commit[:_SHORT],
                _cut(subjects.get(one.first_commit, ""), 40) + (f" ({one.commits_between} commits between)" if one.commits_between else ""),
            )
            for one in steps
        ]  # fmt: skip
        lines = columns(rows, right=frozenset({0, 2, 3, 4}))
        lines.append(
            "before and after: time of the variant / time of the reference; more is slower"
        )
    machines = len({one.machine for one in document.steps})
    lines.append(
        f"{len(steps)} change point{'s' * (len(steps) != 1)} of {document.smallest:.0%} or more in {document.curves} curves over {len(document.commits)} commits"
        + (f", on {machines} machines" if machines > 1 else "")
    )
    if document.curves_too_short:
        lines.append(f"{document.curves_too_short} curves have too few commits to say anything")
    lines += [f"not measured: {clean(one.case)}/{clean(one.workload)}/{clean(one.variant)} at {one.commit[:_SHORT]}" for one in document.failed[:_MOST_NAMED]]  # fmt: skip
    if len(document.failed) > _MOST_NAMED:
        lines.append(f"... and {len(document.failed) - _MOST_NAMED} more that were not measured")
    return "\n".join(lines) + "\n"


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"
