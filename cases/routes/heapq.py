"""Dijkstra with a heap: a shorter way to a junction is pushed beside the longer one, which is skipped when it comes up."""

from __future__ import annotations

from heapq import heappop, heappush
from math import inf

from cases.routes.naive import way
from cases.routes.prebuilt import Prebuilt
from cases.routes.town import Places, Queries, Roads, Route


def routes(roads: Roads, places: Places, queries: Queries, built: Prebuilt | None) -> list[Route | None]:
    """Return the cheapest way of each query (source, target): its cost and its junctions, or None."""
    return [route(roads, source, target) for source, target in queries]


def route(roads: Roads, source: int, target: int) -> Route | None:
    """Visit junctions in the order of their distance until the target's turn comes."""
    nearest: dict[int, float] = {source: 0}
    came_from: dict[int, int] = {}
    waiting = [(0, source)]
    while waiting:
        cost, here = heappop(waiting)
        if here == target:
            return cost, way(came_from, source, target)
        if cost > nearest[here]:
            continue  # a shorter way was found after this one had been pushed
        for there, more in roads[here].items():
            reached = cost + more
            if reached < nearest.get(there, inf):
                nearest[there] = reached
                came_from[there] = here
                heappush(waiting, (reached, there))
    return None
