"""One search for all queries that start at one junction: it ends when the last of their targets has been reached."""

from __future__ import annotations

from heapq import heappop, heappush
from math import inf

from cases.routes.naive import way
from cases.routes.prebuilt import Prebuilt
from cases.routes.town import Places, Queries, Roads, Route


def routes(roads: Roads, places: Places, queries: Queries, built: Prebuilt | None) -> list[Route | None]:
    """Return the cheapest way of each query (source, target): its cost and its junctions, or None."""
    found: list[Route | None] = [None] * len(queries)
    for source, asked in by_source(queries).items():
        nearest, came_from = tree(roads, source, {queries[number][1] for number in asked})
        for number in asked:
            target = queries[number][1]
            if target in nearest:
                found[number] = nearest[target], way(came_from, source, target)
    return found


def by_source(queries: Queries) -> dict[int, list[int]]:
    """Return the numbers of the queries that start at each junction."""
    asked: dict[int, list[int]] = {}
    for number, (source, _) in enumerate(queries):
        asked.setdefault(source, []).append(number)
    return asked


def tree(roads: Roads, source: int, targets: set[int]) -> tuple[dict[int, int], dict[int, int]]:
    """Return distances and last steps of all that was reached before the last of the targets was visited."""
    nearest: dict[int, int] = {source: 0}
    came_from: dict[int, int] = {}
    waiting = [(0, source)]
    while waiting and targets:
        cost, here = heappop(waiting)
        if cost > nearest[here]:
            continue
        targets.discard(here)
        for there, more in roads[here].items():
            reached = cost + more
            if reached < nearest.get(there, inf):
                nearest[there] = reached
                came_from[there] = here
                heappush(waiting, (reached, there))
    return nearest, came_from
