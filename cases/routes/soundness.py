"""When a route is right, checked against the network itself: of several cheapest ways each is as good as the other."""

from __future__ import annotations

from itertools import pairwise
from math import isqrt
from typing import Any, TypeAlias

from cases.routes.prebuilt import Prebuilt
from cases.routes.town import Places, Queries, Roads, Route
from harness import Difference, exact, judged

Arguments: TypeAlias = tuple[Roads, Places, Queries, Prebuilt | None]


def differ(arguments: Arguments, expected: list[Route | None], actual: Any) -> Difference | None:
    """Return how an answer is unlike the expected one: costs must be equal, ways must exist and cost what they are said to."""
    roads, _, queries, _ = arguments
    if type(actual) is not list or len(actual) != len(queries):
        return exact.compare(expected, actual)  # which says so
    for number, (query, wanted, got) in enumerate(zip(queries, expected, actual, strict=True)):
        found = _differ(roads, query, wanted, got, f"[{number}]")
        if found is not None:
            return found
    return None


def _differ(roads: Roads, query: tuple[int, int], wanted: Route | None, got: Any, where: str) -> Difference | None:
    if wanted is None or type(got) is not tuple or len(got) != len(wanted):
        found = exact.compare([wanted], [got])
        return found and Difference(found.kind, where, found.expected, found.actual, found.detail)
    cost, path = got
    found = exact.compare(wanted[0], cost)
    if found is not None:
        return Difference(found.kind, f"{where}[0]", found.expected, found.actual, found.detail)
    if type(path) is not list or any(type(name) is not int for name in path):
        return Difference("type", f"{where}[1]", "a list of int", f"{type(path).__name__} {path!r}"[:100])
    said = broken(roads, query, cost, path)
    return said and Difference("way", f"{where}[1]", "a way in the network at that cost", said)


def broken(roads: Roads, query: tuple[int, int], cost: int, path: list[int]) -> str | None:
    """Say what is wrong with a way; None: it leads from source to target by roads that are there, and costs what it is said to."""
    if not path or (path[0], path[-1]) != query:
        return f"a way from {path[:1]} to {path[-1:]}, asked for was {query}"
    for here, there in pairwise(path):
        if there not in roads.get(here, {}):
            return f"no road from {here} to {there}"
    walked = sum(roads[here][there] for here, there in pairwise(path))
    return None if walked == cost else f"a way that costs {walked}, not {cost}"


sound = judged("equal costs; each way exists and costs what it is said to (of ties any)", differ)


def no_shorter_than_the_line(arguments: Arguments, answer: list[Route | None]) -> str | None:
    """No way costs less than the straight line between its ends."""
    _, places, queries, _ = arguments
    for (source, target), route in zip(queries, answer, strict=True):
        (x, y), (u, v) = places[source], places[target]
        if route is not None and route[0] < isqrt((x - u) ** 2 + (y - v) ** 2):
            return f"from {source} to {target} costs {route[0]}, less than the straight line"
    return None
