"""httpx: one asynchronous client with as many connections as requests may be in flight."""

from __future__ import annotations

import asyncio

import httpx

from cases.scraper.pages import RETRY_AFTER_MS, SESSION, Page, Site, extracted, new_session


async def scrape(site: Site, paths: list[str], in_flight: int) -> list[Page]:
    """Fetch all pages with at most ``in_flight`` requests at a time, and take from each what is asked for."""
    turn = asyncio.Semaphore(in_flight)
    limits = httpx.Limits(max_connections=in_flight, max_keepalive_connections=in_flight)
    base = f"http://{site['host']}:{site['port']}"
    async with httpx.AsyncClient(base_url=base, limits=limits, headers={SESSION: new_session()}, trust_env=False, timeout=None) as client:

        async def one(path: str) -> Page:
            async with turn:
                while (response := await client.get(path)).status_code == 429:
                    await asyncio.sleep(int(response.headers[RETRY_AFTER_MS]) / 1000)
                return extracted(path, response.content)

        return list(await asyncio.gather(*map(one, paths)))
