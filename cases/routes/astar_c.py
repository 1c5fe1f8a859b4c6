"""A* on rows of C numbers, compiled; a search for each query."""

from __future__ import annotations

from extensions.routes.astar_c import answer
from extensions.routes.csr_c import Streets

from cases.routes.prebuilt import Prebuilt, builder, form
from cases.routes.town import Places, Queries, Roads, Route


@builder
def located(roads: Roads, places: Places) -> Streets:
    """Return the network in C, with its places."""
    return Streets(roads, places)


def routes(roads: Roads, places: Places, queries: Queries, built: Prebuilt | None) -> list[Route | None]:
    """Return the cheapest way of each query (source, target): its cost and its junctions, or None."""
    found: list[Route | None] = answer(form(located, roads, places, built), queries)
    return found
