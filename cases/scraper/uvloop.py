"""The protocol variant on another event loop: uvloop, libuv in place of the standard library's selectors."""

from __future__ import annotations

import uvloop

from cases.scraper import asyncio_protocol
from cases.scraper.pages import Page, Site

loop_factory = uvloop.new_event_loop


async def scrape(site: Site, paths: list[str], in_flight: int) -> list[Page]:
    """Fetch all pages with at most ``in_flight`` requests at a time, and take from each what is asked for."""
    return await asyncio_protocol.scrape(site, paths, in_flight)
