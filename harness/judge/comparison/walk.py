"""The walk itself: pairs of values, one after another, without recursion, until one differs.

A handler compares two values of one type.  It returns None (the same), a Difference, or the pairs
of which the two consist; those are walked next.  The stack of what is open is the path.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from harness.errors import words_of
from harness.judge.comparison import registry
from harness.judge.comparison.containers import HANDLERS, PLAIN
from harness.judge.comparison.settings import Settings
from harness.judge.comparison.words import (
    ABSENT,
    FIELD,
    NotComparable,
    other_type,
    other_value,
    place_of,
    type_name,
)
from harness.model.declared import Difference

Pair: TypeAlias = tuple[Any, Any, str, Any]
"""Expected, actual, kind of step and its label; a plain tuple, since there may be millions."""
Pairs: TypeAlias = Iterator[Pair]
Handler: TypeAlias = Callable[[Any, Any, "Walk"], "Difference | Pairs | None"]


@dataclass(slots=True)
class _Open:
    """A pair whose parts are being walked, and at which part the walk is."""

    expected: Any
    actual: Any
    parts: Pairs
    kind: str = ""
    label: Any = ""


class Walk:
    """One walk through two values under one policy."""

    __slots__ = ("_asked", "_handlers", "_seen", "_stack", "settings")

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._handlers: dict[type, Handler] = {}
        self._seen: dict[tuple[int, int, str], tuple[Any, Any]] = {}
        self._stack: list[_Open] = []
        self._asked: type | None = None

    def difference(self, expected: Any, actual: Any) -> Difference | None:
        """Return the first difference, or None.

        Raises:
            NotComparable: a type defines no equality, or raised when it was asked.
        """
        self._stack = [_Open(None, None, iter(((expected, actual, "", ""),)))]
        try:
            return self._first()
        except (NotComparable, MemoryError):
            raise
        except Exception as error:
            raise self._refusal(error) from error

    def first_time(self, expected: Any, actual: Any, part: str = "") -> bool:
        """Whether these two, or a part of theirs, meet for the first time; what is shared is walked once."""
        pair = id(expected), id(actual), part
        if pair in self._seen:
            return False
        self._seen[pair] = expected, actual  # kept alive: an address is not used twice
        return True

    def _first(self) -> Difference | None:
        stack = self._stack
        while stack:
            opened = stack[-1]
            found = self._next(opened)
            if found is None:
                stack.pop()
            elif isinstance(found, _Open):
                stack.append(found)
            elif not self._overruled(found):
                where = place_of((one.kind, one.label) for one in stack)
                return replace(found, where=where + found.where)
        return None

    def _next(self, opened: _Open) -> Difference | _Open | None:
        """Compare parts up to the first that differs or has parts itself."""
        for expected, actual, kind, label in opened.parts:
            if type(expected) is type(actual) and type(expected) in PLAIN:
                if expected == actual:
                    continue
                found: Any = other_value(expected, actual)
            else:
                try:
                    found = self._look(expected, actual)
                except Exception as error:
                    if self.settings.watching and not isinstance(error, MemoryError):
                        continue  # what is beside it may still have changed
                    opened.kind, opened.label, self._asked = kind, label, type(expected)
                    raise
                if found is None:
                    continue
            opened.kind, opened.label = kind, label
            return found if isinstance(found, Difference) else _Open(expected, actual, iter(found))
        return None

    def _look(self, expected: Any, actual: Any) -> Difference | Pairs | None:
        kind = type(expected)
        if kind is not type(actual) and not self._one_type(kind, type(actual)):
            return other_type(expected, actual)
        if expected is actual and self.settings.nan_equal:
            return None
        handler = HANDLERS.get(kind) or self._handlers.get(kind)
        if handler is None:
            handler = self._handlers[kind] = registry.handler_for(kind)
        return handler(expected, actual, self)

    def _one_type(self, expected: type, actual: type) -> bool:
        return self.settings.one_type(expected, actual) or registry.made_twice(expected, actual)

    def _overruled(self, found: Difference) -> bool:
        """Whether a class's own ``==`` says that the private attribute we are in does not count.

        Such an attribute is mostly a cache.  Where ``==`` is looser than the policy, the walk is
        right: 1 equals 1.0, a time equals that of another zone, 0.0 equals -0.0.
        """
        zeros = self.settings.signed_zero and {found.expected, found.actual} == {"0.0", "-0.0"}
        counts = zeros or not (found.kind in _CACHED or _left_out(found))
        for depth in range(len(self._stack) - 1, 0, -1):
            one = self._stack[depth]
            private = one.kind == FIELD and str(one.label).startswith("_")
            if private and not counts and _says_equal(one.expected, one.actual):
                del self._stack[depth + 1 :]
                return True
        return False

    def _refusal(self, error: Exception) -> NotComparable:
        """Say which type raised when the judge asked it something: its limit, not the variant's fault."""
        kind = self._asked or type(self._stack[-1].expected)
        steps = self._stack if self._asked else self._stack[:-1]
        where = place_of((one.kind, one.label) for one in steps)
        place = f" at answer{where}" if where else ""
        return NotComparable(
            f"the judge cannot compare a {type_name(kind)}{place}: that raised {words_of(error)}",
            "declare same=relation(name, differ)",
        )


_CACHED = frozenset({"value", "count", "keys", "shape"})
"""How a cache may differ from that of an equal object."""


def _left_out(found: Difference) -> bool:
    return "NoneType None" in {found.expected, found.actual}


def _says_equal(expected: Any, actual: Any) -> bool:
    if expected is ABSENT or not registry.has_own(type(expected), "__eq__"):
        return False
    try:
        return bool(expected == actual)
    except Exception:  # then the difference stands
        return False


def first_difference(settings: Settings, expected: Any, actual: Any) -> Difference | None:
    """Return the first difference of two values, or None.

    Raises:
        NotComparable: a type defines no equality, or raised when it was asked.
    """
    return Walk(settings).difference(expected, actual)
