"""SciPy's Dijkstra on a sparse matrix: compiled, but it always goes on to the network's last junction."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from cases.routes.csr import rows
from cases.routes.prebuilt import Prebuilt, builder, form
from cases.routes.town import Places, Queries, Roads, Route, exact
from cases.routes.trees import by_source


@dataclass(frozen=True, slots=True)
class Matrix:
    """Costs as a sparse matrix of doubles, in which integers below 2**53 are exact, and what its rows are called."""

    costs: csr_array
    number: dict[int, int]
    names: list[int]


@builder
def matrix(roads: Roads, places: Places) -> Matrix:
    """Return the network as a sparse matrix."""
    found = rows(roads, places)
    size = len(found.names)
    return Matrix(csr_array((found.costs.astype(np.float64), found.heads, found.starts), shape=(size, size)), found.number, found.names)


def routes(roads: Roads, places: Places, queries: Queries, built: Prebuilt | None) -> list[Route | None]:
    """Return the cheapest way of each query (source, target): its cost and its junctions, or None."""
    network = form(matrix, roads, places, built)
    found: list[Route | None] = [None] * len(queries)
    for name, asked in by_source(queries).items():  # one by one: all rows at once would take 12 bytes a junction and source
        source = network.number[name]
        cost, came_from = dijkstra(network.costs, indices=source, return_predecessors=True)
        for number in asked:
            target = network.number[queries[number][1]]
            if np.isfinite(cost[target]):
                path = [target]
                while path[-1] != source:
                    path.append(int(came_from[path[-1]]))
                found[number] = exact(cost[target]), [network.names[i] for i in reversed(path)]
    return found
