"""The sizes of a sweep as curves: time per call over n on double logarithmic paper, with intervals and crossovers, as SVG."""

from __future__ import annotations

import io
import math
from typing import TYPE_CHECKING, Any

from harness.model.judged import Rivalry
from harness.show import text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.model.judged import Row, Series, Summary, WorkloadSummary

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
"""Okabe and Ito's, which most colour-blind readers can tell apart; marks differ, too."""
_MARKS = "osD^vP*X<>hp"
_LINES = ("-", "-.", ":")
"""One round of colours each; dashes are for rivals."""
_PANEL_INCHES = (8.0, 4.6)


def svg(summary: Summary) -> bytes:
    """Return the plot, one panel a series; the same bytes for the same summary."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context({"svg.hashsalt": "perflab", "svg.fonttype": "none", "font.family": "sans-serif", "font.size": 10}):
        width, height = _PANEL_INCHES
        figure = Figure(figsize=(width, height * max(1, len(summary.series))), layout="constrained")
        panels = figure.subplots(max(1, len(summary.series)), squeeze=False)[:, 0]
        names = list(dict.fromkeys(row.result.key.variant for table in summary.workloads for row in table.rows))
        for panel, series in zip(panels, summary.series, strict=False):
            _draw(panel, summary, series, names)
        buffer = io.BytesIO()
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Title": f"{summary.run.case}: time by size"})
    return buffer.getvalue()


def _draw(panel: Any, summary: Summary, series: Series, names: Sequence[str]) -> None:
    members = {measured.workload for measured in summary.run.workloads if measured.series == series.name}
    tables = sorted((table for table in summary.workloads if table.name in members), key=lambda table: table.n)
    for index, name in enumerate(names):
        rows = [(table.n, row) for table in tables for row in table.rows if row.result.key.variant == name and row.seconds]
        if rows:
            _curve(panel, rows, index, _plain(name))
    _limit(panel, tables)
    for crossover in series.crossovers:
        if crossover.kind is Rivalry.BEST:
            if not crossover.open_low and not crossover.open_high:
                panel.axvspan(crossover.n.low, crossover.n.high, color="#999999", alpha=0.25, linewidth=0)
            panel.axvline(crossover.n.value, color="#555555", linewidth=0.8, linestyle=":")
            label = _plain(f"{crossover.below} | {crossover.above}")
            panel.annotate(
                label, (crossover.n.value, 1.0), xycoords=("data", "axes fraction"), rotation=90, va="top", ha="right", fontsize=7
            )
    panel.set_xscale("log")
    panel.set_yscale("log")
    panel.set_xlabel("n")
    panel.set_ylabel("seconds per call")
    panel.set_title(_plain(f"{summary.run.case}, series {series.name}"), loc="left")
    panel.grid(visible=True, which="major", color="#dddddd", linewidth=0.6)
    panel.legend(fontsize=8, loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False)


def _curve(panel: Any, rows: Sequence[tuple[int, Row]], index: int, label: str) -> None:
    timed = [(n, row.seconds) for n, row in rows if row.seconds]
    values = [seconds.value for _, seconds in timed]
    below = [seconds.value - seconds.low for _, seconds in timed]
    above = [seconds.high - seconds.value for _, seconds in timed]
    rival = rows[0][1].result.rival
    panel.errorbar(
        [n for n, _ in timed], values, yerr=(below, above), label=f"{label} (rival)" if rival else label, color=COLOURS[index % len(COLOURS)],
        marker=_MARKS[index % len(_MARKS)], markersize=4, linewidth=1.2, capsize=2, linestyle="--" if rival else _LINES[index // len(COLOURS) % len(_LINES)],
    )  # fmt: skip


def _limit(panel: Any, tables: Sequence[WorkloadSummary]) -> None:
    bounds = [(table.n, table.bound_seconds) for table in tables if table.bound_seconds and math.isfinite(table.bound_seconds)]
    if len(bounds) > 1:
        panel.plot(*zip(*bounds, strict=True), color="#777777", linewidth=2, alpha=0.6, label="lower bound")


def _plain(label: str) -> str:
    """A name as it is: no control characters, and no dollar sign or leading underscore that matplotlib would take for a command."""
    return text.clean(label).replace("$", r"\$").removeprefix("_")
