"""rustworkx's A*: it ends at the target, and asks Python for the straight line at every junction it comes upon."""

from __future__ import annotations

from itertools import pairwise
from math import isqrt

import rustworkx as rx

from cases.routes.prebuilt import Prebuilt, form
from cases.routes.rustworkx import Graph, graph
from cases.routes.town import Places, Queries, Roads, Route, exact


def routes(roads: Roads, places: Places, queries: Queries, built: Prebuilt | None) -> list[Route | None]:
    """Return the cheapest way of each query (source, target): its cost and its junctions, or None."""
    network = form(graph, roads, places, built)
    return [route(network, roads, places, source, target) for source, target in queries]


def route(network: Graph, roads: Roads, places: Places, source: int, target: int) -> Route | None:
    """Ask the library for the way, and add up what it costs."""
    x, y = places[target]

    def ahead(name: int) -> float:
        u, v = places[name]
        return isqrt((x - u) * (x - u) + (y - v) * (y - v))

    try:
        found = rx.digraph_astar_shortest_path(network.costs, network.number[source], target.__eq__, float, ahead)
    except rx.NoPathFound:
        return None
    path = [network.costs[number] for number in found]
    return exact(sum(roads[here][there] for here, there in pairwise(path))), path
