"""aiohttp: one client session whose connector keeps as many connections as requests may be in flight."""

from __future__ import annotations

import asyncio

import aiohttp

from cases.scraper.pages import RETRY_AFTER_MS, SESSION, Page, Site, extracted, new_session


async def scrape(site: Site, paths: list[str], in_flight: int) -> list[Page]:
    """Fetch all pages with at most ``in_flight`` requests at a time, and take from each what is asked for."""
    turn = asyncio.Semaphore(in_flight)
    connector = aiohttp.TCPConnector(limit=in_flight)
    async with aiohttp.ClientSession(
        f"http://{site['host']}:{site['port']}", connector=connector, headers={SESSION: new_session()}
    ) as client:

        async def one(path: str) -> Page:
            async with turn:
                while True:
                    async with client.get(path) as response:
                        body = await response.read()
                    if response.status != 429:
                        return extracted(path, body)
                    await asyncio.sleep(int(response.headers[RETRY_AFTER_MS]) / 1000)

        return list(await asyncio.gather(*map(one, paths)))
