"""The least that any program has to do for a query: which junctions' roads it must have looked at."""

from __future__ import annotations

from heapq import heappop, heappush
from math import inf, isqrt

from cases.routes.town import Places, Roads

MOST = 20_000
"""So many junctions are counted at most, so that a bound takes no minute: fewer make a lower one, which is still true."""


def to_be_seen(roads: Roads, places: Places, source: int, target: int) -> tuple[int, bool]:
    """Return how many junctions' roads nobody can do without, and whether a way was found before the count ended.

    Let a program answer ``cost`` without having looked at ``roads[a]``, where distance(a) + line(a, target), rounded up, is less than
    ``cost``.  It would have said the same had that dict one road more, straight to the target.  But then it would have been wrong.
    So all such ``a`` are looked at by everybody, whichever way he searches.  (For one-sided searches: Dechter and Pearl, 1985.)
    """
    x, y = places[target]
    nearest: dict[int, float] = {source: 0}
    visited: list[int] = []
    waiting = [(0, 0, source)]
    least, found = 0, False
    while waiting and len(visited) < MOST and not found:
        least, minus_cost, here = heappop(waiting)
        if -minus_cost > nearest[here]:
            continue
        found = here == target
        visited.append(least)
        for there, more in roads[here].items():
            cost = more - minus_cost
            if cost < nearest.get(there, inf):
                nearest[there] = cost
                u, v = places[there]
                heappush(waiting, (cost + isqrt((x - u) ** 2 + (y - v) ** 2), -cost, there))
    # lines are rounded down here, so "rounded up, less than the cost" is certain where two are missing
    exhausted = not waiting and not found
    return sum(exhausted or one + 1 < least for one in visited), found
