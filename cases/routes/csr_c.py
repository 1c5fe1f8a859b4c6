"""The network as rows of C numbers, the heap as an array, compiled; a search for each source."""

from __future__ import annotations

from extensions.routes.csr_c import Streets

from cases.routes.prebuilt import Prebuilt, builder, form
from cases.routes.town import Places, Queries, Roads, Route


@builder
def streets(roads: Roads, places: Places) -> Streets:
    """Return the network in C; Dijkstra asks for no places."""
    del places
    return Streets(roads)


def routes(roads: Roads, places: Places, queries: Queries, built: Prebuilt | None) -> list[Route | None]:
    """Return the cheapest way of each query (source, target): its cost and its junctions, or None."""
    found: list[Route | None] = form(streets, roads, places, built).answer(queries)
    return found
