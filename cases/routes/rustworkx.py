"""The fastest general graph library for Python: rustworkx, its distances from one source to everywhere; the way is read off them."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

import rustworkx as rx

from cases.routes.prebuilt import Prebuilt, builder, form
from cases.routes.town import Places, Queries, Roads, Route, exact
from cases.routes.trees import by_source


@dataclass(frozen=True, slots=True)
class Graph:
    """A directed graph whose nodes carry their names, and the numbers that the library gave them."""

    costs: rx.PyDiGraph[int, float]
    number: dict[int, int]


@builder
def graph(roads: Roads, places: Places) -> Graph:
    """Return the network as rustworkx has it; integers below 2**53 are exact in its doubles."""
    del places
    made: rx.PyDiGraph[int, float] = rx.PyDiGraph()
    number = dict(zip(roads, made.add_nodes_from(list(roads)), strict=True))
    made.extend_from_weighted_edge_list(
        [(number[here], number[there], float(cost)) for here, ways in roads.items() for there, cost in ways.items()]
    )
    return Graph(made, number)


def routes(roads: Roads, places: Places, queries: Queries, built: Prebuilt | None) -> list[Route | None]:
    """Return the cheapest way of each query (source, target): its cost and its junctions, or None."""
    network = form(graph, roads, places, built)
    found: list[Route | None] = [None] * len(queries)
    for name, asked in by_source(queries).items():
        source = network.number[name]
        # not its dijkstra_shortest_paths: that copies a whole path each time a junction comes nearer
        costs = rx.digraph_dijkstra_shortest_path_lengths(network.costs, source, float)
        for number in asked:
            found[number] = way(network.costs, costs, source, network.number[queries[number][1]])
    return found


def way(graph: rx.PyDiGraph[int, float], costs: rx.PathLengthMapping, source: int, target: int) -> Route | None:
    """Walk back from the target: the junction before is one whose distance and the road from there add up to this one's."""

    def far(junction: int) -> float:
        """The distance from the source, which the library leaves out."""
        return 0.0 if junction == source else costs[junction] if junction in costs else inf  # noqa: SIM401  it is no dict

    left = far(target)
    if left == inf:
        return None
    path, here = [graph[target]], target
    while here != source:
        here = next(before for before, _, cost in graph.in_edges(here) if far(before) + cost == left)
        left = far(here)
        path.append(graph[here])
    return exact(far(target)), path[::-1]
