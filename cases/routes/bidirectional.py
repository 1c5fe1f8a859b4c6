"""Dijkstra from both ends at once: two half circles instead of a whole one; the way back needs the roads turned round."""

from __future__ import annotations

from dataclasses import dataclass, field
from heapq import heappop, heappush
from math import inf

from cases.routes.naive import way
from cases.routes.prebuilt import Prebuilt, builder, form
from cases.routes.town import Places, Queries, Roads, Route


@builder
def turned(roads: Roads, places: Places) -> Roads:
    """Return the same roads, driven the other way."""
    back: Roads = {name: {} for name in roads}
    for here, ways in roads.items():
        for there, cost in ways.items():
            back[there][here] = cost
    return back


def routes(roads: Roads, places: Places, queries: Queries, built: Prebuilt | None) -> list[Route | None]:
    """Return the cheapest way of each query (source, target): its cost and its junctions, or None."""
    back = form(turned, roads, places, built)
    return [route(roads, back, source, target) for source, target in queries]


@dataclass(slots=True)
class Side:
    """One of the two searches."""

    roads: Roads
    start: int
    nearest: dict[int, int] = field(default_factory=dict)
    came_from: dict[int, int] = field(default_factory=dict)
    waiting: list[tuple[int, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.nearest[self.start] = 0
        self.waiting.append((0, self.start))


def route(roads: Roads, back: Roads, source: int, target: int) -> Route | None:
    """Let the side whose next junction is nearer take a step, until no way through two unvisited junctions can be cheaper."""
    ahead, behind = Side(roads, source), Side(back, target)
    best, meeting = (0, source) if source == target else (inf, source)
    while ahead.waiting and behind.waiting and ahead.waiting[0][0] + behind.waiting[0][0] < best:
        one, other = (ahead, behind) if ahead.waiting[0] <= behind.waiting[0] else (behind, ahead)
        best, meeting = step(one, other.nearest, best, meeting)
    if best == inf:
        return None
    return int(best), way(ahead.came_from, source, meeting) + way(behind.came_from, target, meeting)[-2::-1]


def step(one: Side, others: dict[int, int], best: float, meeting: int) -> tuple[float, int]:
    """Visit one junction; return the cheapest way seen so far and where its two halves meet."""
    nearest, came_from, waiting = one.nearest, one.came_from, one.waiting
    cost, here = heappop(waiting)
    if cost > nearest[here]:
        return best, meeting
    for there, more in one.roads[here].items():
        reached = cost + more
        if reached < nearest.get(there, inf):
            nearest[there] = reached
            came_from[there] = here
            heappush(waiting, (reached, there))
            if there in others and reached + others[there] < best:
                best, meeting = reached + others[there], there
    return best, meeting
