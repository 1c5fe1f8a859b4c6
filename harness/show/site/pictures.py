"""The site's own pictures: samples, ratios, history, and a line of it for the start page."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from harness.show.drawing import (
    COLOURS,
    INK,
    MARKS,
    in_seconds,
    in_times,
    label,
    logarithmic,
    sheet,
    to_svg,
)

if TYPE_CHECKING:
    from harness.model.judged import Estimate, Row, WorkloadSummary
    from harness.model.published import Moment, Trend

_ROW_INCHES, _MARGIN_INCHES, _WIDTH_INCHES = 0.3, 1.1, 8.0
_MOST_TICKS = 120
"""Samples of one variant that are drawn: beyond that, evenly spaced quantiles of them."""


def samples(case: str, workload: WorkloadSummary, reference: str) -> bytes:
    """Every variant's samples as ticks, its estimate with its interval above them; who was not measured stays, with the word for it."""
    rows = by_speed(workload.rows)
    with sheet(_WIDTH_INCHES, _MARGIN_INCHES + _ROW_INCHES * len(rows)) as figure:
        axes = figure.subplots()
        for place, row in enumerate(rows):
            if row.seconds is None:
                continue
            colour = _colour(row, reference)
            ticks = quantiles(row.samples_seconds, _MOST_TICKS)
            axes.plot(
                ticks,
                [place] * len(ticks),
                marker="|",
                markersize=9,
                linestyle="none",
                color=colour,
                alpha=0.35,
            )
            _interval(axes, row.seconds, place, colour, row)
        _words_of_the_missing(axes, rows)
        logarithmic(
            axes.xaxis,
            in_seconds,
            "time per call: each tick a sample, each mark the estimate with its 95 % interval",
        )
        _rows(axes, rows, f"{case}, {workload.name}: samples")
        return to_svg(figure, f"{case}, {workload.name}: the samples of every variant")


def ratios(case: str, workload: WorkloadSummary, reference: str) -> bytes:
    """A forest plot: every variant's speed-up over the reference with its interval."""
    rows = by_speed(workload.rows)
    with sheet(_WIDTH_INCHES, _MARGIN_INCHES + _ROW_INCHES * len(rows)) as figure:
        axes = figure.subplots()
        axes.axvline(1.0, color=INK, linewidth=1.0, linestyle=":")
        for place, row in enumerate(rows):
            if row.speedup is not None:
                _interval(axes, row.speedup.ratio, place, _colour(row, reference), row)
        _words_of_the_missing(axes, rows)
        logarithmic(
            axes.xaxis, in_times, f"times as fast as {label(reference)}, with 95 % interval"
        )
        _rows(axes, rows, f"{case}, {workload.name}: speed-up")
        return to_svg(
            figure, f"{case}, {workload.name}: the speed-up of every variant over {reference}"
        )


def by_speed(rows: Sequence[Row]) -> list[Row]:
    """Fastest first; who has no time comes last, in the case's order."""
    return sorted(rows, key=lambda row: row.seconds.value if row.seconds else math.inf)


def quantiles(values: Sequence[float], most: int) -> list[float]:
    """The values in order, or so many of them in even steps, the smallest and the largest among them."""
    ordered = sorted(values)
    if len(ordered) <= most:
        return ordered
    return [ordered[round(place * (len(ordered) - 1) / (most - 1))] for place in range(most)]


def _colour(row: Row, reference: str) -> str:
    return (
        INK
        if row.result.key.variant == reference
        else COLOURS[1]
        if row.result.rival
        else COLOURS[0]
    )


def _interval(axes: Any, estimate: Estimate, place: int, colour: str, row: Row) -> None:
    axes.errorbar(
        [estimate.value], [place], xerr=([estimate.value - estimate.low], [estimate.high - estimate.value]), color=colour, capsize=3,
        marker="^" if row.result.rival else "o", markersize=5, linewidth=1.6,
    )  # fmt: skip


def _words_of_the_missing(axes: Any, rows: Sequence[Row]) -> None:
    for place, row in enumerate(rows):
        if row.seconds is None:
            axes.annotate(
                label(str(row.result.status)),
                (0.01, place),
                xycoords=("axes fraction", "data"),
                va="center",
                fontsize=9,
                style="italic",
            )


def _rows(axes: Any, rows: Sequence[Row], title: str) -> None:
    names = [
        f"{label(row.result.key.variant)}{' (rival)' if row.result.rival else ''}" for row in rows
    ]
    axes.set_yticks(range(len(rows)), names)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.grid(visible=True, axis="x")
    axes.set_title(label(title), loc="left")


# --------------------------------------------------------------------------- history


def history(case: str, workload: str, trends: Sequence[Trend], moments: Sequence[Moment]) -> bytes:
    """Speed-ups run by run: a line a variant and machine, a bar where the machine changes, a ring at each change point."""
    from matplotlib.ticker import MaxNLocator

    order = {one.run: place for place, one in enumerate(moments, 1)}
    names = list(dict.fromkeys(trend.curve.measurand.key.variant for trend in trends))
    with sheet(_WIDTH_INCHES, 4.2) as figure:
        axes = figure.subplots()
        for trend in trends:
            index = names.index(trend.curve.measurand.key.variant)
            places = [order[point.commit] for point in trend.curve.points]
            axes.plot(
                places, [1 / point.value for point in trend.curve.points], color=COLOURS[index % len(COLOURS)],
                marker=MARKS[index % len(MARKS)], markersize=4, linewidth=1.0, label=label(trend.curve.measurand.key.variant),
            )  # fmt: skip
            for step in trend.steps:
                axes.plot(
                    [order[step.first]], [1 / step.after], marker="o", markersize=13, markerfacecolor="none", markeredgecolor=INK,
                    markeredgewidth=1.5,
                )  # fmt: skip
        for place in machine_changes(moments):
            axes.axvline(place + 0.5, color=INK, linewidth=1.0, linestyle="--")
        logarithmic(axes.yaxis, in_times, "times as fast as the reference")
        axes.set_xlabel(
            "runs, oldest first; dashed: another machine or environment; ring: change point"
        )
        axes.set_xlim(0.5, max(1, len(moments)) + 0.5)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.set_title(label(f"{case}, {workload}: run by run"), loc="left")
        axes.grid(visible=True)
        handles, labels = axes.get_legend_handles_labels()
        unique = dict(zip(labels, handles, strict=True))
        axes.legend(
            unique.values(),
            unique.keys(),
            fontsize=8,
            loc="center left",
            bbox_to_anchor=(1.0, 0.5),
            frameon=False,
        )
        return to_svg(figure, f"{case}, {workload}: the speed-up of every variant, run by run")


def machine_changes(moments: Sequence[Moment]) -> list[int]:
    """Places at which a run was measured on another machine, or in another environment, than the run before it."""
    places = [(one.machine, one.environment) for one in moments]
    return [place for place in range(1, len(places)) if places[place] != places[place - 1]]


def spark(values: Sequence[float]) -> bytes:
    """A line of at most some dozens of values, on a logarithmic scale from the smallest to the largest."""
    width, height, edge = 144.0, 32.0, 3.0
    logs = [math.log(value) for value in values]
    low, high = min(logs), max(logs)
    xs = [edge + place * (width - 2 * edge) / max(1, len(logs) - 1) for place in range(len(logs))]
    ys = [
        height / 2
        if high - low < 1e-9
        else edge + (high - value) / (high - low) * (height - 2 * edge)
        for value in logs
    ]
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in zip(xs, ys, strict=True))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}"><style>svg{{color-scheme:light dark;color:{COLOURS[0]}}}'
        f"@media(prefers-color-scheme:dark){{svg{{color:{COLOURS[5]}}}}}</style>"
        f'<polyline points="{points}" fill="none" stroke="currentColor" stroke-width="1.5"/>'
        f'<circle cx="{xs[-1]:.1f}" cy="{ys[-1]:.1f}" r="2.5" fill="currentColor"/></svg>\n'
    ).encode()
