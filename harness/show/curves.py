"""The sizes of a sweep as curves: time per call over n on double logarithmic paper, with intervals and crossovers, as SVG."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from harness.model.judged import Rivalry
from harness.show.drawing import (
    COLOURS,
    INK,
    LINES,
    MARKS,
    in_counts,
    in_seconds,
    label,
    logarithmic,
    sheet,
    to_svg,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.model.judged import Row, Series, Summary, WorkloadSummary

_PANEL_INCHES = (8.0, 4.6)


def svg(summary: Summary) -> bytes:
    """Return the plot, one panel a series; the same bytes for the same summary.

    Raises:
        EnvironmentLacks: matplotlib is not installed.
    """
    width, height = _PANEL_INCHES
    with sheet(width, height * max(1, len(summary.series))) as figure:
        panels = figure.subplots(max(1, len(summary.series)), squeeze=False)[:, 0]
        names = list(
            dict.fromkeys(
                row.result.key.variant for table in summary.workloads for row in table.rows
            )
        )
        for panel, series in zip(panels, summary.series, strict=False):
            _draw(panel, summary, series, names)
        return to_svg(figure, f"{summary.run.case}: time by size")


def _draw(panel: Any, summary: Summary, series: Series, names: Sequence[str]) -> None:
    members = {
        measured.workload for measured in summary.run.workloads if measured.series == series.name
    }
    tables = sorted(
        (table for table in summary.workloads if table.name in members and table.n > 0),
        key=lambda table: table.n,
    )
    for index, name in enumerate(names):
        rows = [
            (table.n, row)
            for table in tables
            for row in table.rows
            if row.result.key.variant == name and row.seconds
        ]
        if rows:
            _curve(panel, rows, index, label(name))
    _limit(panel, tables)
    for crossover in series.crossovers:
        if crossover.kind is Rivalry.BEST:
            if not crossover.open_low and not crossover.open_high:
                panel.axvspan(crossover.n.low, crossover.n.high, color=INK, alpha=0.15, linewidth=0)
            panel.axvline(crossover.n.value, color=INK, linewidth=0.8, linestyle=":")
            panel.annotate(
                label(f"{crossover.below} | {crossover.above}"),
                (crossover.n.value, 1.0),
                xycoords=("data", "axes fraction"),
                rotation=90,
                va="top",
                ha="right",
                fontsize=7,
            )
    logarithmic(panel.xaxis, in_counts, "n")
    logarithmic(panel.yaxis, in_seconds, "time per call")
    panel.set_title(label(f"{summary.run.case}, series {series.name}"), loc="left")
    panel.grid(visible=True, which="major")
    panel.legend(fontsize=8, loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False)


def _curve(panel: Any, rows: Sequence[tuple[int, Row]], index: int, name: str) -> None:
    timed = [(n, row.seconds) for n, row in rows if row.seconds]
    values = [seconds.value for _, seconds in timed]
    below = [seconds.value - seconds.low for _, seconds in timed]
    above = [seconds.high - seconds.value for _, seconds in timed]
    rival = rows[0][1].result.rival
    panel.errorbar(
        [n for n, _ in timed], values, yerr=(below, above), label=f"{name} (rival)" if rival else name, color=COLOURS[index % len(COLOURS)],
        marker=MARKS[index % len(MARKS)], markersize=4, linewidth=1.2, capsize=2, linestyle="--" if rival else LINES[index // len(COLOURS) % len(LINES)],
    )  # fmt: skip


def _limit(panel: Any, tables: Sequence[WorkloadSummary]) -> None:
    bounds = [
        (table.n, table.bound_seconds)
        for table in tables
        if table.bound_seconds and math.isfinite(table.bound_seconds)
    ]
    if len(bounds) > 1:
        panel.plot(
            *zip(*bounds, strict=True), color=INK, linewidth=2, alpha=0.4, label="lower bound"
        )
