"""Queries dealt out to forked processes, which find the network in the memory they were born with; each runs A*."""

from __future__ import annotations

import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor

from cases.routes.astar import route
from cases.routes.prebuilt import Prebuilt
from cases.routes.town import Places, Queries, Roads, Route

_network: list[tuple[Roads, Places]] = []
"""In a child: the network, handed over once and not with every query.  In the parent: nothing."""


def routes(roads: Roads, places: Places, queries: Queries, built: Prebuilt | None) -> list[Route | None]:
    """Return the cheapest way of each query (source, target): its cost and its junctions, or None."""
    workers = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 2
    # a fork costs the parent's page tables and no pickle; elsewhere every child gets a copy through its pipe
    method = "fork" if "fork" in multiprocessing.get_all_start_methods() else "spawn"
    with ProcessPoolExecutor(workers, multiprocessing.get_context(method), _settle, (roads, places)) as children:
        return list(children.map(_answer, queries, chunksize=max(1, len(queries) // (4 * workers))))


def _settle(roads: Roads, places: Places) -> None:
    _network.append((roads, places))


def _answer(query: tuple[int, int]) -> Route | None:
    roads, places = _network[0]
    return route(roads, places, *query)
