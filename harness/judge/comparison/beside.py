"""What a container is beside its items: how many it may hold, of which type, and what a class has added."""

from __future__ import annotations

from array import array
from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from harness.judge.comparison import containers
from harness.judge.comparison.objects import fields_of
from harness.judge.comparison.walk import Walk, first_difference

if TYPE_CHECKING:
    from harness.judge.comparison.settings import Settings
    from harness.model.declared import Difference

_BUILT_IN = (list, tuple, str, bytes, bytearray, dict, set, frozenset, deque, array)


def difference_beside(settings: Settings, expected: Any, actual: Any) -> Difference | None:
    """Return the first difference of two containers but for their items, as the walk would find it.

    Containers of two types that were declared interchangeable have nothing but their items.

    Raises:
        NotComparable: an added field is of a type that defines no equality.
    """
    kinds = type(expected), type(actual)
    if kinds[0] is not kinds[1] and set(kinds) <= set(settings.interchangeable):
        return None
    found = _headers(settings, expected, actual)
    if found is not None:
        return found
    fields = [SimpleNamespace(**_added(one)) for one in (expected, actual)]
    return first_difference(settings, *fields)


def _headers(settings: Settings, expected: Any, actual: Any) -> Difference | None:
    if isinstance(expected, deque):
        return containers.lengths_allowed(expected, actual)
    if isinstance(expected, array):
        return containers.typecodes(expected, actual)
    if isinstance(expected, memoryview):
        return containers.formats(expected, actual)
    if type(expected).__module__.partition(".")[0] == "numpy":
        from harness.judge.comparison import arrays

        return arrays.headers(expected, actual, Walk(settings))
    return None


def _added(container: Any) -> dict[str, Any]:
    """Fields of a container; of a class that keeps its items in a field, all but those."""
    found = fields_of(container, type(container))
    if isinstance(container, defaultdict):
        found["default_factory"] = container.default_factory
    if isinstance(container, _BUILT_IN):
        return found
    return {name: one for name, one in found.items() if not _may_hold_items(one, container)}


def _may_hold_items(value: Any, container: Any) -> bool:
    kinds = (Sequence, AbstractSet, Mapping, deque, array)
    many = isinstance(value, kinds) or bool(getattr(value, "ndim", 0))
    return many and len(value) == len(container)
