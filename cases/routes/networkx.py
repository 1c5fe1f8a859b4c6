"""The library everybody knows: networkx, its search from both ends, or one search for several targets."""

from __future__ import annotations

import networkx as nx

from cases.routes.prebuilt import Prebuilt, builder, form
from cases.routes.town import Places, Queries, Roads, Route
from cases.routes.trees import by_source


@builder
def graph(roads: Roads, places: Places) -> nx.DiGraph[int]:
    """Return the network as a directed graph."""
    del places
    made: nx.DiGraph[int] = nx.DiGraph()
    made.add_nodes_from(roads)
    made.add_weighted_edges_from((here, there, cost) for here, ways in roads.items() for there, cost in ways.items())
    return made


def routes(roads: Roads, places: Places, queries: Queries, built: Prebuilt | None) -> list[Route | None]:
    """Return the cheapest way of each query (source, target): its cost and its junctions, or None."""
    network = form(graph, roads, places, built)
    found: list[Route | None] = [None] * len(queries)
    for source, asked in by_source(queries).items():
        if len(asked) == 1:
            found[asked[0]] = _one(network, source, queries[asked[0]][1])
        else:
            costs, paths = nx.single_source_dijkstra(network, source)
            for number in asked:
                target = queries[number][1]
                found[number] = (costs[target], list(paths[target])) if target in costs else None
    return found


def _one(network: nx.DiGraph[int], source: int, target: int) -> Route | None:
    try:
        cost, path = nx.bidirectional_dijkstra(network, source, target)
    except nx.NetworkXNoPath:
        return None
    return int(cost), path
