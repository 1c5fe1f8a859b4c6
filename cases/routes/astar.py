"""A*: junctions are visited in the order of cost so far plus straight line ahead, which no way can undercut."""

from __future__ import annotations

from heapq import heappop, heappush
from math import inf, isqrt

from cases.routes.naive import way
from cases.routes.prebuilt import Prebuilt
from cases.routes.town import Places, Queries, Roads, Route


def routes(roads: Roads, places: Places, queries: Queries, built: Prebuilt | None) -> list[Route | None]:
    """Return the cheapest way of each query (source, target): its cost and its junctions, or None."""
    return [route(roads, places, source, target) for source, target in queries]


def route(roads: Roads, places: Places, source: int, target: int) -> Route | None:
    """Visit junctions in the order of the least that a way through them can cost.

    The line is rounded down.  Costs are integers, so it stays consistent: floor(line(a)) <= cost(a, b) + floor(line(b)), and what was
    visited once need not be visited again.
    """
    x, y = places[target]
    nearest: dict[int, float] = {source: 0}
    came_from: dict[int, int] = {}
    visited: set[int] = set()
    waiting = [(0, source)]
    while waiting:
        _, here = heappop(waiting)
        if here == target:
            return int(nearest[here]), way(came_from, source, target)
        if here in visited:
            continue
        visited.add(here)
        cost = nearest[here]
        for there, more in roads[here].items():
            reached = cost + more
            if reached < nearest.get(there, inf):
                nearest[there] = reached
                came_from[there] = here
                u, v = places[there]
                heappush(waiting, (reached + isqrt((x - u) * (x - u) + (y - v) * (y - v)), there))
    return None
