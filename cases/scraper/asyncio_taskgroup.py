"""As many workers as requests may be in flight, in a task group, each with a connection that stays open."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from cases.scraper.asyncio_semaphore import request, response
from cases.scraper.pages import RETRY_AFTER_MS, Page, Site, extracted, new_session


async def scrape(site: Site, paths: list[str], in_flight: int) -> list[Page]:
    """Fetch all pages with at most ``in_flight`` requests at a time, and take from each what is asked for."""
    return await crawl(site, paths, in_flight, new_session())


async def crawl(site: Site, paths: list[str], in_flight: int, session: str) -> list[Page]:
    """Run the workers until every page is there."""
    found: list[Page] = []
    left = iter(paths)
    async with asyncio.TaskGroup() as group:
        for _ in range(min(in_flight, len(paths))):
            group.create_task(worker(site, left, session, found))
    return found


async def worker(site: Site, left: Iterator[str], session: str, found: list[Page]) -> None:
    """Take pages from the common iterator until it is empty."""
    reader, writer = await asyncio.open_connection(site["host"], site["port"])
    try:
        for path in left:
            while True:
                writer.write(request(path, session))
                status, headers, body = await response(reader)
                if status != 429:
                    break
                await asyncio.sleep(int(headers[RETRY_AFTER_MS.lower()]) / 1000)
            found.append(extracted(path, body))
    finally:
        writer.close()
