"""Below the streams: a protocol that parses where the bytes arrive; no task, no await for a page."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import cast

from cases.scraper.asyncio_semaphore import request
from cases.scraper.pages import RETRY_AFTER_MS, Page, Site, extracted, new_session

LENGTH = b"Content-Length: "
WAIT = f"{RETRY_AFTER_MS}: ".encode()


async def scrape(site: Site, paths: list[str], in_flight: int) -> list[Page]:
    """Fetch all pages with at most ``in_flight`` requests at a time, and take from each what is asked for."""
    loop, session = asyncio.get_running_loop(), new_session()
    found: list[Page] = []
    left = iter(paths)
    makers = [
        loop.create_connection(lambda: Client(session, left, found), site["host"], site["port"]) for _ in range(min(in_flight, len(paths)))
    ]
    clients = [client for _, client in await asyncio.gather(*makers)]
    try:
        await asyncio.gather(*(client.done for client in clients))
    finally:
        for client in clients:
            client.transport.abort()
    return found


class Client(asyncio.Protocol):
    """One connection that takes the next page as soon as the last one is whole."""

    transport: asyncio.Transport

    def __init__(self, session: str, left: Iterator[str], found: list[Page]) -> None:
        self.session = session
        self.left = left
        self.found = found
        self.loop = asyncio.get_running_loop()
        self.done = self.loop.create_future()
        self.path = ""
        self.buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the first page."""
        self.transport = cast("asyncio.Transport", transport)  # other loops have transports of their own
        self.next()

    def next(self) -> None:
        """Ask for the next page, or be done."""
        path = next(self.left, None)
        if path is not None:
            self.path = path
            self.ask()
        elif not self.done.done():
            self.done.set_result(None)

    def ask(self) -> None:
        """Send the request for the current page."""
        self.transport.write(request(self.path, self.session))

    def data_received(self, data: bytes) -> None:
        """Take the response when it is whole."""
        self.buffer += data
        end = self.buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        start = self.buffer.index(LENGTH) + len(LENGTH)
        size = int(self.buffer[start : self.buffer.index(b"\r\n", start)])
        if len(self.buffer) < end + 4 + size:
            return
        head, body = self.buffer[:end], self.buffer[end + 4 : end + 4 + size]
        self.buffer = b""
        try:
            self.take(head, body)
        except Exception as error:  # what goes wrong in a callback must reach whoever waits
            self.done.set_exception(error)

    def take(self, head: bytes, body: bytes) -> None:
        """Keep the page, or come again later when told so."""
        if head.startswith(b"HTTP/1.1 429"):
            milliseconds = int(head[head.index(WAIT) + len(WAIT) :].split(b"\r\n")[0])
            self.loop.call_later(milliseconds / 1000, self.ask)
            return
        self.found.append(extracted(self.path, body))
        self.next()

    def connection_lost(self, error: Exception | None) -> None:
        """Tell whoever waits."""
        if not self.done.done():
            self.done.set_exception(error or ConnectionError("the server closed the connection"))
