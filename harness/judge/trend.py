"""From stored runs to curves of ratios over time: cheap enough for ten thousand runs, each looked at once."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from itertools import groupby

from harness.judge.steps import Detect, find_steps
from harness.judge.summary import network_of
from harness.model.history import Curve, Measurand, Point, Quantity
from harness.model.measured import Key, Measured, Run
from harness.model.published import Moment, Trend

MOST_POINTS = 200
"""Of a curve; with more runs, neighbours share a point: nobody sees more, and finding steps takes quadratic time."""


def moment(run: Run) -> Moment:
    """Boil a run down to its ratios."""
    machine = run.machine
    libraries = " ".join(f"{name} {version}" for name, version in sorted(machine.libraries.items()))
    ratios = {
        key: ratio for measured in run.workloads for key, ratio in _ratios(measured, run.reference)
    }
    return Moment(
        run.id,
        run.started,
        machine.id,
        f"{machine.implementation} {machine.python} {libraries}".strip(),
        run.checkout,
        ratios,
    )


def _ratios(measured: Measured, reference: str) -> list[tuple[Key, float]]:
    """The values that tables show, the other way up: time of a variant / time of the reference."""
    network = network_of(measured)
    found = []
    for result in measured.results:
        name = result.key.variant
        ratio = network.ratio(name, reference) if name != reference else None
        if ratio is not None:
            found.append((result.key, ratio.value))
    return found


def trends(
    moments: Sequence[Moment], keys: Sequence[Key], *, detect: Detect | None = None
) -> tuple[Trend, ...]:
    """One trend a key, machine and environment, those of the first key first.

    Args:
        moments: oldest first.
        keys: whose ratios are wanted.
        detect: proposes segments; None: asv's.
    """
    found = []
    for key in keys:
        places: dict[tuple[str, str], list[Point]] = {}
        for one in moments:
            if key in one.ratios:
                places.setdefault((one.machine, one.environment), []).append(
                    Point(one.run, one.ratios[key])
                )
        for (machine, environment), points in places.items():
            curve = Curve(
                Measurand(key, Quantity.RATIO), machine, environment, tuple(thinned(points))
            )
            found.append(Trend(curve, find_steps(curve, detect=detect), len(points)))
    return tuple(found)


def thinned(points: Sequence[Point], most: int = MOST_POINTS) -> list[Point]:
    """At most so many points: neighbours become one at their median, named after the first of them."""
    if len(points) <= most:
        return list(points)
    shares = groupby(enumerate(points), key=lambda pair: pair[0] * most // len(points))
    groups = [[point for _, point in group] for _, group in shares]
    return [
        Point(group[0].commit, statistics.median(point.value for point in group))
        for group in groups
    ]
