"""Curves from what result files say, and what is missing from them."""

from __future__ import annotations

from collections.abc import Sequence

from harness.model.history import Curve, Measurand, Point, Quantity, Recorded, State


def curves(
    recorded: Sequence[Recorded], commits: Sequence[str], quantity: Quantity
) -> tuple[Curve, ...]:
    """One curve a key, machine and environment, in the order of ``commits``; what was not measured is no point."""
    places = {commit: place for place, commit in enumerate(commits)}
    found: dict[tuple[Measurand, str, str], list[Point]] = {}
    for one in sorted(recorded, key=lambda one: places[one.commit]):
        for value in one.values:
            if (
                value.measurand.quantity is quantity
                and value.state is State.MEASURED
                and value.estimate is not None
            ):
                place = (value.measurand, one.machine, one.environment)
                found.setdefault(place, []).append(Point(one.commit, value.estimate.value))
    return tuple(Curve(*place, tuple(points)) for place, points in sorted(found.items()))


def failures(
    recorded: Sequence[Recorded], quantity: Quantity | None = None
) -> tuple[tuple[str, Measurand], ...]:
    """What should have been measured and was not, with its commit."""
    return tuple(
        (one.commit, value.measurand)
        for one in recorded
        for value in one.values
        if value.state is State.FAILED and quantity in (None, value.measurand.quantity)
    )
