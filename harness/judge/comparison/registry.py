"""Finds what compares a type: our own rooms by the module a type is from, others' by an entry point.

No library is imported for this: a type that is here has been imported already.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, TypeAlias

from harness.errors import words_of
from harness.judge.comparison.words import PLACE, NotComparable, show, type_name
from harness.model.declared import Difference

if TYPE_CHECKING:
    from harness.judge.comparison.walk import Handler, Pairs, Walk

ENTRY_POINTS = "harness.comparison"
_ROOMS = {
    **dict.fromkeys(("decimal", "_decimal", "_pydecimal", "fractions"), "scalars"),
    **dict.fromkeys(("datetime", "zoneinfo"), "times"),
    **dict.fromkeys(("io", "_io", "tempfile", "random", "_random"), "streams"),
    **dict.fromkeys(("pandas", "polars", "pyarrow"), "frames"),
    **dict.fromkeys(("xarray", "networkx", "pint", "sortedcontainers", "numba"), "models"),
    **dict.fromkeys(("pydantic", "rustworkx"), "models"),
    "numpy": "arrays",
    "scipy": "sparse",
    "torch": "tensors",
}
"""The module a type is from, by its first name, and the room that knows its types."""
PartsOf: TypeAlias = Callable[[Any], Mapping[str, Any]]
"""What a value consists of, by name: the walk goes on in there."""
_GIVEN: dict[str, PartsOf] = {}


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a value: its place in a path, and the word for it where that alone may differ."""

    where: str
    value: Any
    word: str = ""


def comparable(kind: type | str, parts: PartsOf) -> None:
    """Tell the judge what values of a type consist of, so that it can compare them.

    Args:
        kind: the type, or ``"module.Class"``, so that a library need not be imported for it.
        parts: ``parts(value)`` returns a mapping of names to parts; those are compared by the
            case's own relation, tolerances and all.  Subclasses are taken apart alike.
    """
    _GIVEN[kind if isinstance(kind, str) else _name(kind)] = parts


def handler_for(kind: type) -> Handler:
    """Return what compares values of this type; what compares nothing says so."""
    from harness.judge.comparison import objects

    return (
        _given(kind) or _room(kind) or objects.python(kind) or _plugin(kind) or objects.other(kind)
    )


def made_twice(expected: type, actual: type) -> bool:
    """Whether a library made one class twice, as pint does for each of its registries: a pickle names one of them."""
    names = [(one.__module__, one.__qualname__) for one in (expected, actual)]
    return names[0] == names[1] and _ROOMS.get(_root(expected)) == "models"


def has_own(kind: type, name: str) -> bool:
    """Whether a class, or one that it is derived from, has a method other than that of every object."""
    return getattr(kind, name, None) is not getattr(object, name, None)


def _given(kind: type) -> Handler | None:
    for one in kind.__mro__:
        if parts := _GIVEN.get(_name(one)):
            return by_names(parts)
    return None


def _room(kind: type) -> Handler | None:
    for one in kind.__mro__:
        room = _ROOMS.get(_root(one))
        if room is not None:
            module = importlib.import_module(f"harness.judge.comparison.{room}")
            found: Handler | None = module.handler(kind)
            if found is not None:
                return found
    return None


def _plugin(kind: type) -> Handler | None:
    """What another package offers, by an entry point called after the class: ``igraph.Graph``."""
    points = _points()
    for one in kind.__mro__ if points else ():
        if point := points.get(_name(one)):
            try:
                return by_names(point.load())
            except Exception as error:
                raise NotComparable(
                    f"the entry point {ENTRY_POINTS} {point.name} = {point.value} raised {words_of(error)}",
                    "mend or uninstall the package that offers it",
                ) from error
    return None


@cache
def _points() -> dict[str, Any]:
    from importlib.metadata import entry_points

    return {point.name: point for point in entry_points(group=ENTRY_POINTS)}


def _name(kind: type) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"


def _root(kind: type) -> str:
    module = kind.__module__
    return module.partition(".")[0] if isinstance(module, str) else ""


def by_names(parts: PartsOf) -> Handler:
    """Make a handler of what takes a value apart into named parts."""
    return by_parts(lambda value: [Part(f".{name}", one) for name, one in parts(value).items()])


def by_parts(parts: Callable[[Any], Iterable[Part]]) -> Handler:
    """Make a handler of what takes a value apart; parts with a word are plain, and compared at once."""

    def handler(expected: Any, actual: Any, walk: Walk) -> Difference | Pairs | None:
        if not walk.first_time(expected, actual):
            return None
        ours, theirs = list(parts(expected)), list(parts(actual))
        for one, other in zip(ours, theirs, strict=False):
            if one.where != other.where:
                break
            if one.word and one.value != other.value:
                return Difference(one.word, one.where, show(one.value), show(other.value))
        return _parts_of_two(ours, theirs)

    return handler


def _parts_of_two(ours: list[Part], theirs: list[Part]) -> Pairs:
    for one, other in zip(ours, theirs, strict=False):
        if one.where != other.where:
            break
        if not one.word:
            yield one.value, other.value, PLACE, one.where
    places = [[one.where for one in each] for each in (ours, theirs)]
    if places[0] != places[1]:
        yield *places, PLACE, " as parts"  # type: ignore[misc]  # two lists of places


def no_parts(value: Any) -> list[Part]:
    """Of what is one value only: the type says all."""
    return []


def by_position(
    contents: Callable[[Any], Iterable[Part]], position: Callable[[Any], Iterable[Part]]
) -> Handler:
    """Make a handler of what is used up: how far may count or not."""
    whole = by_parts(lambda value: [*contents(value), *position(value)])
    at_rest = by_parts(contents)

    def handler(expected: Any, actual: Any, walk: Walk) -> Difference | Pairs | None:
        return (whole if walk.settings.positions else at_rest)(expected, actual, walk)

    return handler


def used_up(state: Callable[[Any], Iterable[Part]]) -> Handler:
    """Make a handler of what has nothing but a position, such as a random generator."""
    return by_position(no_parts, state)


def unknown(kind: type) -> Handler:
    """Make the handler of a type that defines no equality: it says so, if anything depends on it."""

    def handler(expected: Any, actual: Any, walk: Walk) -> None:
        if not walk.settings.watching:
            name = type_name(kind)
            raise NotComparable(
                f"{name} defines no equality",
                f"declare same=relation(name, differ), or give the class __eq__, "
                f"or say what it consists of: comparable({name!r}, parts)",
            )

    return handler
