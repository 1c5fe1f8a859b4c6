"""An event loop in every process, the politeness shared out among them."""

from __future__ import annotations

import asyncio
import os
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import chain

from cases.scraper.asyncio_taskgroup import crawl
from cases.scraper.pages import Page, Site, new_session


def scrape(site: Site, paths: list[str], in_flight: int, *, executor: ProcessPoolExecutor) -> list[Page]:
    """Fetch all pages with at most ``in_flight`` requests at a time, and take from each what is asked for."""
    workers = max(1, min(len(os.sched_getaffinity(0)), in_flight, len(paths)))
    shares = [(paths[worker::workers], in_flight // workers + (worker < in_flight % workers)) for worker in range(workers)]
    return list(chain.from_iterable(executor.map(partial(work, site, new_session()), shares)))


def work(site: Site, session: str, share: tuple[list[str], int]) -> list[Page]:
    """Fetch one process's share of the pages with its share of the politeness."""
    paths, in_flight = share
    return asyncio.run(crawl(site, paths, in_flight, session))
