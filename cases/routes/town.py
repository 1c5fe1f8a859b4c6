"""Towns to find one's way in: junctions on an uneven grid, side streets, main roads, one-way streets, dead ends, maybe a river.

Costs are integers, at least the straight line between the two ends (both in metres): a fast road costs its length, a slow one more.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from typing import TypeAlias

Roads: TypeAlias = dict[int, dict[int, int]]
"""Where one gets from a junction by one road, and what that costs: every junction is a key, arbitrary 64-bit numbers name them."""
Places: TypeAlias = dict[int, tuple[int, int]]
"""Where a junction is, in metres; no farther than 2**24 from the middle, so that squared distances fit into a double."""
Queries: TypeAlias = list[tuple[int, int]]
Route: TypeAlias = tuple[int, list[int]]
"""The cost of a way, and all junctions on it, both ends included."""

BLOCK = 100
"""Metres from street to street."""
MAIN = 8
"""Every eighth street is a main road."""
EXACT = 2**53
"""Doubles tell every integer below this from the next."""


def exact(cost: float) -> int:
    """Return a cost that was added up in doubles.

    Raises:
        OverflowError: it is not below 2**53, so that another way may be cheaper.
    """
    if cost >= EXACT:
        message = f"a way that costs {int(cost)}; in doubles they must stay below {EXACT}"
        raise OverflowError(message)
    return int(cost)


@dataclass(frozen=True, slots=True)
class Town:
    """Roads and places, and the grid they were made from: its junctions row by row, ``side`` in each."""

    roads: Roads
    places: Places
    names: list[int]
    side: int

    def at(self, right: int, down: int) -> int:
        """Return the junction in that column and row; where the town ends before, the last one of the column."""
        place = min(down, self.side - 1) * self.side + min(right, self.side - 1)
        while place >= len(self.names):
            place -= self.side
        return self.names[place]

    def endpoints(self, source: random.Random, start: tuple[float, float], end: tuple[float, float]) -> tuple[int, int]:
        """Return two junctions near there (0 to 1, rightwards and downwards) on main roads, so that there is a way from one to the other."""
        (right, down), (far_right, far_down) = (
            (int(self.side * (part + source.uniform(0, 0.1))) for part in spot) for spot in (start, end)
        )
        return self.at(right, down - down % MAIN), self.at(far_right - far_right % MAIN, far_down)


def town(n: int, source: random.Random, *, river: bool = False) -> Town:
    """Build a town of ``n`` junctions, numbered as a surveyor would: row by row, with gaps."""
    side = math.isqrt(n - 1) + 1
    names: list[int] = []
    number = source.randrange(10**6, 10**9)
    for _ in range(n):
        number += source.randint(1, 9)
        names.append(number)
    third = BLOCK // 3
    places = {
        name: (BLOCK * (i % side) + source.randint(-third, third), BLOCK * (i // side) + source.randint(-third, third))
        for i, name in enumerate(names)
    }
    built = Town({name: {} for name in names}, places, names, side)
    for i in range(n):
        if i % side < side - 1 and i + 1 < n:
            _street(built, source, i, i + 1, main=i // side % MAIN == 0)
        if i + side < n and not (river and _under_water(i, side)):
            _street(built, source, i, i + side, main=i % side % MAIN == 0)
    return built


def _under_water(i: int, side: int) -> bool:
    """A river flows from left to right through the middle; the only bridge is at its left end."""
    return i // side == side // 2 and i % side > 0


def _street(built: Town, source: random.Random, one: int, other: int, *, main: bool) -> None:
    """Build what is between two neighbours: a main road for sure; else nothing, a one-way street or a street."""
    kind = 1.0 if main else source.random()
    if kind < 0.2:
        return
    a, b = built.names[one], built.names[other]
    (x, y), (u, v) = built.places[a], built.places[b]
    slow = source.uniform(1.0, 1.2) if main else source.uniform(1.3, 2.6)
    cost = int(math.sqrt((x - u) ** 2 + (y - v) ** 2) * slow) + 1
    if kind < 0.3:
        a, b = source.sample((a, b), 2)
    else:
        built.roads[b][a] = cost
    built.roads[a][b] = cost
