"""What a router builds from a network before anybody asks: made while the input is made, so outside the clock.

A variant that needs the network in a form of its own registers its builder with ``@builder`` and asks for the form with ``form()``.
Workloads called ``ready-...`` come with a ``Prebuilt``: the forms of all builders that this process knows, which in a measured one are
the variant's own.  Without it the form is built inside the call, and that is what the other workloads show.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias, TypeVar

from cases.routes.town import Places, Roads

Form = TypeVar("Form")
Builder: TypeAlias = Callable[[Roads, Places], Form]

BUILDERS: list[Builder[Any]] = []


def builder(function: Builder[Form]) -> Builder[Form]:
    """Register a function that makes a variant's form of a network."""
    BUILDERS.append(function)
    return function


class Prebuilt:
    """A network's forms; equal where the networks are, and built anew by whoever unpickles it."""

    __slots__ = ("forms", "places", "roads")

    def __init__(self, roads: Roads, places: Places) -> None:
        self.roads = roads
        self.places = places
        self.forms: dict[Builder[Any], Any] = {build: build(roads, places) for build in BUILDERS}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Prebuilt) and (self.roads, self.places) == (other.roads, other.places)

    __hash__ = None  # type: ignore[assignment]  # what it holds can change

    def __reduce__(self) -> tuple[type[Prebuilt], tuple[Roads, Places]]:
        return Prebuilt, (self.roads, self.places)

    def __repr__(self) -> str:
        return f"Prebuilt({len(self.roads)} junctions)"


def form(build: Builder[Form], roads: Roads, places: Places, built: Prebuilt | None) -> Form:
    """Return the form of a network: the one that was built before, else one built now."""
    if built is None:
        return build(roads, places)
    if build not in built.forms:  # the network was made before the variant was imported
        built.forms[build] = build(roads, places)
    made: Form = built.forms[build]
    return made
