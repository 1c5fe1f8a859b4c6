"""Dijkstra as in the textbook: of all junctions not yet visited, look for the nearest, by looking at all of them."""

from __future__ import annotations

from math import inf

from cases.routes.prebuilt import Prebuilt
from cases.routes.town import Places, Queries, Roads, Route


def routes(roads: Roads, places: Places, queries: Queries, built: Prebuilt | None) -> list[Route | None]:
    """Return the cheapest way of each query (source, target): its cost and its junctions, or None."""
    return [route(roads, source, target) for source, target in queries]


def route(roads: Roads, source: int, target: int) -> Route | None:
    """Visit junctions in the order of their distance until the target's turn comes."""
    unvisited: dict[int, float] = dict.fromkeys(roads, inf)
    unvisited[source] = 0
    came_from: dict[int, int] = {}
    while True:
        here = min(unvisited, key=unvisited.__getitem__)
        cost = unvisited.pop(here)
        if cost == inf:
            return None
        if here == target:
            return int(cost), way(came_from, source, target)
        for there, more in roads[here].items():
            if there in unvisited and cost + more < unvisited[there]:
                unvisited[there] = cost + more
                came_from[there] = here


def way(came_from: dict[int, int], source: int, target: int) -> list[int]:
    """Walk back from the target, and turn round."""
    path = [target]
    while path[-1] != source:
        path.append(came_from[path[-1]])
    return path[::-1]
