"""As many threads as requests may be in flight, each with a connection of its own, all taking from one list."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import chain

from cases.scraper.keepalive import fetched
from cases.scraper.pages import Page, Site, new_session


def scrape(site: Site, paths: list[str], in_flight: int) -> list[Page]:
    """Fetch all pages with at most ``in_flight`` requests at a time, and take from each what is asked for."""
    if not paths:
        return []
    session, shared = new_session(), Shared(paths)
    workers = min(in_flight, len(paths))
    with ThreadPoolExecutor(workers) as pool:
        return list(chain.from_iterable(pool.map(lambda _: fetched(site, shared, session), range(workers))))


class Shared:
    """A list that several threads take from: a slow page holds up only one of them."""

    def __init__(self, paths: list[str]) -> None:
        self._paths = iter(paths)
        self._lock = threading.Lock()

    def __iter__(self) -> Iterator[str]:
        """Take until nothing is left."""
        while True:
            with self._lock:
                path = next(self._paths, None)
            if path is None:
                return
            yield path
