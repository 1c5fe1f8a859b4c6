"""How values, types and places are said in a difference: short, and whatever their owners do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.errors import BadCase
from harness.model.declared import Difference

if TYPE_CHECKING:
    from collections.abc import Iterable

_LONGEST_SHOWN = 120
_LONGEST_PLACE = 160
_MOST_BITS = 400
INDEX, ITEM, KEY, MEMBER, FIELD, PLACE = "index", "item", "key", "member", "field", "place"
"""Kinds of steps into a value: ``[3]``, ``['a']``, a key itself, a member of a set, ``.name``, any text."""


class NotComparable(BadCase):
    """The judge cannot compare these values: its own limit, never the fault of a variant."""


class Absent:
    """Stands for an attribute that only one of two objects has."""

    def __repr__(self) -> str:
        return "no such attribute"


ABSENT = Absent()


def show(value: object) -> str:
    """Return a repr that fits on a line."""
    try:
        text = repr(_beginning(value))
    except Exception as error:  # a hostile __repr__ must not hide the difference itself
        text = f"<{type(value).__name__} whose repr raised {type(error).__name__}>"
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST_SHOWN else text[: _LONGEST_SHOWN - 3] + "..."


def _beginning(value: Any) -> Any:
    kind = type(value)
    if kind is int and value.bit_length() > _MOST_BITS:
        return _Long(value)
    if kind in {list, tuple, str, bytes, bytearray} and len(value) > _LONGEST_SHOWN:
        return value[:_LONGEST_SHOWN]  # longer than what is shown, so that the cut is seen
    return value


class _Long:
    """An integer of more digits than Python writes in decimal: its beginning and its end."""

    def __init__(self, value: int) -> None:
        self._digits = hex(value)

    def __repr__(self) -> str:
        return f"{self._digits[:20]}...{self._digits[-30:]} ({len(self._digits)} digits)"


def type_name(kind: type) -> str:
    """Return the name by which people know a type; its module unless that is ``builtins``."""
    return kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__name__}"


def of_type(value: object) -> str:
    """Return a value with its type."""
    return f"{type_name(type(value))} {show(value)}"


def other_value(expected: object, actual: object, detail: str = "", where: str = "") -> Difference:
    """Return the difference of two values."""
    return Difference("value", where, show(expected), show(actual), detail)


def other_type(expected: object, actual: object) -> Difference:
    """Return the difference of two types, or of an attribute that only one of the two has."""
    if expected is ABSENT or actual is ABSENT:
        return Difference("keys", "", show(expected), show(actual))
    remedy = "the check is strict; a relation may accept types: exact.accepting(list, tuple)"
    one, other = of_type(expected), of_type(actual)
    if one == other:
        remedy = "two classes of one name: they were imported twice, or made anew by a call"
    return Difference("type", "", one, other, remedy)


def place_of(steps: Iterable[tuple[str, Any]]) -> str:
    """Return the path into an answer: ``[3].mean['a']``, its middle left out where it is long."""
    said = [_step(kind, label) for kind, label in steps]
    text = "".join(said)
    if len(text) <= _LONGEST_PLACE:
        return text
    first, last = "".join(said[:10])[:_LONGEST_PLACE], "".join(said[-5:])[-_LONGEST_PLACE:]
    return f"{first}...({len(said)} levels)...{last}"


def _step(kind: str, label: Any) -> str:
    if kind == INDEX:
        return f"[{label}]"
    if kind == ITEM:
        return f"[{show(label)}]"
    if kind == KEY:
        return f"[key {show(label)}]"
    if kind == MEMBER:
        return f"{{{show(label)}}}"
    return f".{label}" if kind == FIELD else str(label)


def odd_ones(missing: list[Any], extra: list[Any]) -> str:
    """Say which items only one of two has."""
    said = [
        f"{word} {show(items[0])}" + (f" and {len(items) - 1} more" if len(items) > 1 else "")
        for word, items in (("missing", missing), ("unexpected", extra))
        if items
    ]
    return ", ".join(said)
