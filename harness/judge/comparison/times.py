"""Dates and times: with their zone, and which of two equal wall clocks is meant (``fold``)."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from typing import TYPE_CHECKING, Any

from harness.judge.comparison.words import FIELD, other_value
from harness.model.declared import Difference

if TYPE_CHECKING:
    from harness.judge.comparison.walk import Handler, Pairs, Walk


def handler(kind: type) -> Handler | None:
    """Return what compares the types of ``datetime`` and ``zoneinfo``."""
    if issubclass(kind, (datetime, time)):
        return _clocks
    if issubclass(kind, (date, timedelta)):
        return _days
    if issubclass(kind, timezone) or kind.__name__ == "ZoneInfo":
        return _zones
    return None


def _clocks(expected: Any, actual: Any, walk: Walk) -> Difference | Pairs | None:
    if expected.replace(tzinfo=None) != actual.replace(tzinfo=None):
        if _one_moment(expected, actual):
            return Difference("zone", "", str(expected), str(actual))
        return other_value(expected, actual)
    if expected.fold != actual.fold:
        return Difference("fold", ".fold", str(expected.fold), str(actual.fold), str(expected))
    if expected.tzinfo is actual.tzinfo:
        return _added(expected, actual)
    one, other = (zone_name(each.tzinfo) for each in (expected, actual))
    if one != other or expected.utcoffset() != actual.utcoffset():
        return Difference("zone", "", f"{expected} {one}", f"{actual} {other}")
    return _added(expected, actual)


def _one_moment(expected: Any, actual: Any) -> bool:
    """Whether it is one moment by the clocks of two zones; ``==`` never says so of an hour that comes twice."""
    if not isinstance(expected, datetime) or None in {expected.utcoffset(), actual.utcoffset()}:
        return False
    return bool(expected.astimezone(UTC) == actual.astimezone(UTC))


def _added(expected: Any, actual: Any) -> Pairs | None:
    """What a subclass has added in fields."""
    if type(expected) in {datetime, time} or type(expected) is not type(actual):
        return None
    from harness.judge.comparison.objects import fields_of

    kind = type(expected)
    one, other = fields_of(expected, kind), fields_of(actual, kind)
    return ((one.get(name), other.get(name), FIELD, name) for name in {**one, **other})


def zone_name(zone: tzinfo | None) -> str:
    """Return the name of a zone with its type: two databases may know one name."""
    if zone is None:
        return "without a zone"
    name = getattr(zone, "key", None) or getattr(zone, "zone", None) or repr(zone)
    return f"{type(zone).__module__}.{type(zone).__name__} {name}"


def _days(expected: Any, actual: Any, walk: Walk) -> Difference | None:
    return None if expected == actual else other_value(expected, actual)


def _zones(expected: Any, actual: Any, walk: Walk) -> Difference | None:
    one, other = zone_name(expected), zone_name(actual)
    return None if one == other else Difference("zone", "", one, other)
