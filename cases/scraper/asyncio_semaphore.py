"""A task for every page and a semaphore for politeness; a new connection for each request."""

from __future__ import annotations

import asyncio

from cases.scraper.pages import RETRY_AFTER_MS, SESSION, Page, Site, extracted, new_session


async def scrape(site: Site, paths: list[str], in_flight: int) -> list[Page]:
    """Fetch all pages with at most ``in_flight`` requests at a time, and take from each what is asked for."""
    session, turn = new_session(), asyncio.Semaphore(in_flight)

    async def one(path: str) -> Page:
        async with turn:
            return extracted(path, await fetched(site, path, session))

    return list(await asyncio.gather(*map(one, paths)))


async def fetched(site: Site, path: str, session: str) -> bytes:
    """Return a page's body; wait and come again when told so."""
    while True:
        reader, writer = await asyncio.open_connection(site["host"], site["port"])
        try:
            writer.write(request(path, session))
            status, headers, body = await response(reader)
        finally:
            writer.close()
        if status != 429:
            return body
        await asyncio.sleep(int(headers[RETRY_AFTER_MS.lower()]) / 1000)


def request(path: str, session: str) -> bytes:
    """Return the bytes of a request."""
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\n{SESSION}: {session}\r\n\r\n".encode()


async def response(reader: asyncio.StreamReader) -> tuple[int, dict[str, str], bytes]:
    """Read one response: status, headers by small name, body."""
    line, *fields = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")[:-2]
    headers = {name.lower(): value.strip() for name, _, value in (field.partition(":") for field in fields)}
    return int(line.split(" ")[1]), headers, await reader.readexactly(int(headers["content-length"]))
