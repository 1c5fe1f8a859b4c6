"""The network as NumPy arrays, the heap as an array, compiled at the first call; a search for each source."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from cases.routes.csr import Rows, rows
from cases.routes.prebuilt import Prebuilt, builder, form
from cases.routes.town import Places, Queries, Roads, Route
from cases.routes.trees import by_source

FAR = np.iinfo(np.int64).max


@builder
def as_rows(roads: Roads, places: Places) -> Rows:
    """Return the network as arrays."""
    return rows(roads, places)


def routes(roads: Roads, places: Places, queries: Queries, built: Prebuilt | None) -> list[Route | None]:
    """Return the cheapest way of each query (source, target): its cost and its junctions, or None."""
    network = form(as_rows, roads, places, built)
    found: list[Route | None] = [None] * len(queries)
    for name, asked in by_source(queries).items():
        source = network.number[name]
        targets = np.array([network.number[queries[number][1]] for number in asked], dtype=np.int64)
        cost, came_from = tree(network.starts, network.heads, network.costs, source, targets)
        for number, target in zip(asked, targets.tolist(), strict=True):
            if cost[target] != FAR:
                found[number] = int(cost[target]), [network.names[i] for i in way(came_from, source, target).tolist()]
    return found


@njit(cache=True)
def tree(
    starts: NDArray[np.int32], heads: NDArray[np.int32], costs: NDArray[np.int64], source: int, targets: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Dijkstra until all targets are visited; longer ways stay in the heap and are skipped when they come up."""
    cost = np.full(len(starts) - 1, FAR, dtype=np.int64)
    came_from = np.empty(len(starts) - 1, dtype=np.int32)
    wanted = np.zeros(len(starts) - 1, dtype=np.bool_)
    wanted[targets] = True
    left = wanted.sum()
    # every road is pushed once at most, so the heap needs no growing; memory that is never touched costs nothing
    keys, who = np.empty(len(heads) + 1, dtype=np.int64), np.empty(len(heads) + 1, dtype=np.int32)
    cost[source], keys[0], who[0], waiting = 0, 0, source, 1
    while waiting and left:
        key, here = keys[0], who[0]
        waiting -= 1
        sink(keys, who, waiting, keys[waiting], who[waiting])
        if key > cost[here]:
            continue
        left -= wanted[here]
        for road in range(starts[here], starts[here + 1]):
            there, reached = heads[road], key + costs[road]
            if reached < cost[there]:
                cost[there] = reached
                came_from[there] = here
                rise(keys, who, waiting, reached, there)
                waiting += 1
    return cost, came_from


@njit(cache=True)
def rise(keys: NDArray[np.int64], who: NDArray[np.int32], place: int, key: int, junction: int) -> None:
    """Put an entry into the heap, which ends at ``place``."""
    while place > 0:
        above = (place - 1) >> 1
        if keys[above] <= key:
            break
        keys[place], who[place] = keys[above], who[above]
        place = above
    keys[place], who[place] = key, junction


@njit(cache=True)
def sink(keys: NDArray[np.int64], who: NDArray[np.int32], size: int, key: int, junction: int) -> None:
    """Put an entry in the place of the first of a heap of ``size``."""
    place = 0
    while 2 * place + 1 < size:
        below = 2 * place + 1
        if below + 1 < size and keys[below + 1] < keys[below]:
            below += 1
        if keys[below] >= key:
            break
        keys[place], who[place] = keys[below], who[below]
        place = below
    keys[place], who[place] = key, junction


@njit(cache=True)
def way(came_from: NDArray[np.int32], source: int, target: int) -> NDArray[np.int32]:
    """Walk back from the target: once to count the steps, once to write them down."""
    steps, here = 1, target
    while here != source:
        here = came_from[here]
        steps += 1
    path = np.empty(steps, dtype=np.int32)
    here = target
    for place in range(steps - 1, -1, -1):
        path[place] = here
        here = came_from[here] if place else here
    return path
