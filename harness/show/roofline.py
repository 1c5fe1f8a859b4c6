"""The roofline as a picture: how fast a program of so many operations a byte can be at all, and where the variants stand.

The bytes are the same for the same nouns: no date, no random names in them.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import atan2, degrees, log10, sqrt
from typing import Any

from harness.model.limited import Point, Roofline, Standing
from harness.model.measured import Roof
from harness.show import drawing, text
from harness.show.drawing import COLOURS, INK

_MARKS = {Standing.OURS: "o", Standing.REFERENCE: "s", Standing.RIVAL: "^"}
_CREDIT = (
    "A variant is credited with the work of the question as its reference states it (useful operations, bytes that must move):\n"
    "a cleverer algorithm does less than that, and may stand above a roof."
)
_CLOSE = 0.16
"""Labels nearer to each other than this (in powers of ten) are moved apart."""


def to_svg(roofline: Roofline) -> bytes:
    """Return the picture as SVG.

    Raises:
        EnvironmentLacks: matplotlib is not installed.
    """
    with drawing.sheet(9.6, 6.4) as figure:
        axes = figure.add_subplot()
        left, right = _span(roofline)
        _draw_roofs(axes, roofline.roofs, left, right)
        _draw_points(axes, roofline.points)
        drawing.logarithmic(axes.xaxis, drawing.in_counts, "useful operations per byte")
        drawing.logarithmic(axes.yaxis, drawing.in_counts, "useful operations per second")
        axes.set_xlim(left, right)
        axes.set_title(
            text.clean(f"Roofline of {roofline.machine.cpu}, {roofline.machine.cores} cores")
        )
        axes.grid(visible=True, which="major")
        _legends(axes, roofline.points)
        figure.supxlabel(_CREDIT, fontsize=7.5)
        figure.draw_without_rendering()
        _label_roofs(axes, roofline.roofs, left, right)
        return drawing.to_svg(figure, "Roofline")


def _span(roofline: Roofline) -> tuple[float, float]:
    """From left of the steepest roof's corner to right of the flattest's, and all points within."""
    flat = [roof.operations_per_second for roof in roofline.roofs if roof.operations_per_second]
    slopes = [roof.bytes_per_second for roof in roofline.roofs if roof.bytes_per_second]
    corners = [max(flat) / slope for slope in slopes] if flat else []
    places = [*corners, *(point.intensity for point in roofline.points)] or [1.0]
    return min(places) / 10, max(places) * 10


def _draw_roofs(axes: Any, roofs: Sequence[Roof], left: float, right: float) -> None:
    """Each slope up to the flat roof of as many cores; each flat roof from where the first slope meets it."""
    for together in (False, True):
        flat = next(
            (
                roof.operations_per_second
                for roof in roofs
                if roof.operations_per_second and roof.together is together
            ),
            None,
        )
        slopes = [
            roof.bytes_per_second
            for roof in roofs
            if roof.bytes_per_second and roof.together is together
        ]
        style: Any = (0, (5, 2)) if together else "solid"
        for rate in slopes:
            end = min(right, (flat or float("inf")) / rate)
            axes.plot(
                [left, end], [rate * left, rate * end], color=INK, linewidth=1.1, linestyle=style
            )
        if flat:
            axes.plot(
                [max(left, flat / max(slopes, default=flat / left)), right],
                [flat, flat],
                color=INK,
                linewidth=1.6,
                linestyle=style,
            )


def _label_roofs(axes: Any, roofs: Sequence[Roof], left: float, right: float) -> None:
    """Along each roof, on the side where no other roof is near.  The axes must have their size by now."""
    (x, y), (x_next, y_next) = axes.transData.transform([(left, 1.0), (left * 10, 10.0)])
    angle = degrees(atan2(y_next - y, x_next - x))
    above = float("inf")
    for roof in sorted(
        (roof for roof in roofs if roof.bytes_per_second),
        key=lambda roof: -(roof.bytes_per_second or 0.0),
    ):
        rate = roof.bytes_per_second or 0.0
        below = above / rate < _NEAR
        place = left * (4.0 if below else 1.15)
        above = rate
        axes.annotate(
            text.clean(f"{roof.label}: {_rate(rate)}B/s"), (place, rate * place), xytext=(1, -1) if below else (0, 1),
            textcoords="offset points", rotation=angle, rotation_mode="anchor", fontsize=7, color=INK,
            va="top" if below else "bottom",
        )  # fmt: skip
    middle = sqrt(left * right)
    for roof in (roof for roof in roofs if roof.operations_per_second):
        top = roof.operations_per_second or 0.0
        axes.annotate(
            text.clean(f"{roof.label}: {_rate(top)} operations/s"), (middle, top), xytext=(0, 3 if roof.together else -3),
            textcoords="offset points", ha="center", va="bottom" if roof.together else "top", fontsize=7, color=INK,
        )  # fmt: skip


_NEAR = 1.5
"""Slopes closer than this have no room for a label between them."""


def _rate(value: float) -> str:
    scale, letter = next(
        (
            (scale, letter)
            for scale, letter in ((1e12, "T"), (1e9, "G"), (1e6, "M"))
            if value >= scale
        ),
        (1.0, ""),
    )
    return f"{value / scale:.3g} {letter}"


def _draw_points(axes: Any, points: Sequence[Point]) -> None:
    cases = _cases(points)
    for point in points:
        colour = COLOURS[cases.index(point.case) % len(COLOURS)]
        axes.plot(
            [point.intensity], [point.operations_per_second], marker=_MARKS[point.standing], markersize=8, linestyle="none",
            markeredgecolor=colour, markerfacecolor=colour if point.standing is Standing.OURS else "none", markeredgewidth=1.6, zorder=3,
        )  # fmt: skip
    for point, shift in zip(points, _shifts(points), strict=True):
        axes.annotate(
            text.clean(point.variant), (point.intensity, point.operations_per_second), xytext=(8, -3 + shift), textcoords="offset points",
            fontsize=7.5, color=INK, zorder=4,
        )  # fmt: skip


def _shifts(points: Sequence[Point]) -> list[float]:
    """Points up or down for each label, so that two do not lie upon each other."""
    shifts: list[float] = []
    for index, point in enumerate(points):
        crowd = [
            other
            for other in points[:index]
            if abs(log10(other.intensity / point.intensity)) < 3 * _CLOSE
            and abs(log10(other.operations_per_second / point.operations_per_second)) < _CLOSE
        ]
        shifts.append(9.0 * len(crowd))
    return shifts


def _cases(points: Sequence[Point]) -> list[str]:
    return list(dict.fromkeys(point.case for point in points))


def _legends(axes: Any, points: Sequence[Point]) -> None:
    from matplotlib.lines import Line2D

    workloads = {point.case: point.workload for point in points}
    handles = [
        Line2D(
            [],
            [],
            color=COLOURS[index % len(COLOURS)],
            marker="o",
            linestyle="none",
            label=text.clean(f"{case}, workload {workloads[case]}"),
        )
        for index, case in enumerate(_cases(points))
    ]
    handles += [
        Line2D(
            [],
            [],
            color=INK,
            marker=mark,
            markerfacecolor=INK if standing is Standing.OURS else "none",
            linestyle="none",
            label=standing.value,
        )
        for standing, mark in _MARKS.items()
    ]
    if points:
        axes.legend(handles=handles, loc="lower right", fontsize=7.5)
