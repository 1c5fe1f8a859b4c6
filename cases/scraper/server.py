"""A real HTTP/1.1 server on the loopback: keep-alive, latency with jitter, 429 with a waiting time, and a memory for rudeness."""

from __future__ import annotations

import asyncio
import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from cases.scraper.pages import RETRY_AFTER_MS, SESSION, Site, Spec, body_of, latency_seconds, spec_of

WAIT_MS = 4
TOLERANCE = 0.5
"""Timers of event loops round to milliseconds, some of them down: who waited half the time meant to be polite."""
MOST_SESSIONS = 64
"""Calls whose state is kept; the oldest is forgotten first."""


@dataclass(slots=True)
class Session:
    """What one call of a scraper has done so far."""

    in_flight: int = 0
    told_to_wait: dict[str, float] = field(default_factory=dict)


class Shop:
    """The pages, and who is asking for them."""

    def __init__(self) -> None:
        self.sessions: OrderedDict[str, Session] = OrderedDict()
        self.bodies: dict[str, bytes] = {}

    def session(self, name: str) -> Session:
        """Return what is known of a session."""
        if name not in self.sessions:
            self.sessions[name] = Session()
            if len(self.sessions) > MOST_SESSIONS:
                self.sessions.popitem(last=False)
        return self.sessions[name]

    def body(self, path: str, spec: Spec) -> bytes:
        """Return the page; making it is not what is measured, so it is made once."""
        if path not in self.bodies:
            if len(self.bodies) > 20_000:
                self.bodies.clear()
            self.bodies[path] = body_of(path, spec)
        return self.bodies[path]


class Connection(asyncio.Protocol):
    """One client's connection; requests may come one after another, or in a pipeline."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.buffer = b""
        self.loop = asyncio.get_running_loop()
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where to answer."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer every whole request in the buffer."""
        self.buffer += data
        while b"\r\n\r\n" in self.buffer:
            head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
            self._request(head.decode("latin-1"))

    def _request(self, head: str) -> None:
        line, *fields = head.split("\r\n")
        path = line.split(" ")[1]
        headers = {name.lower(): value.strip() for name, _, value in (field_.partition(":") for field_ in fields)}
        if not path.startswith("/page/"):
            self._send("404 Not Found", b"")
            return
        session, spec = self.shop.session(headers.get(SESSION.lower(), "")), spec_of(path)
        session.in_flight += 1
        rude = session.in_flight > spec.in_flight
        now = self.loop.time()
        if spec.busy and path not in session.told_to_wait:
            session.told_to_wait[path] = now
            session.in_flight -= 1
            self._send("429 Too Many Requests", b"", f"{RETRY_AFTER_MS}: {WAIT_MS}\r\n")
            return
        too_soon = spec.busy and now - session.told_to_wait[path] < WAIT_MS / 1000 * TOLERANCE
        # a scraper that is rude gets another page than a polite one, and its answer shows it
        body = b"<title>rude</title>" + b'<span class="price">0.00</span>' if rude or too_soon else self.shop.body(path, spec)
        self.loop.call_later(latency_seconds(path), self._answer, session, body)

    def _answer(self, session: Session, body: bytes) -> None:
        session.in_flight -= 1
        self._send("200 OK", body)

    def _send(self, status: str, body: bytes, extra: str = "") -> None:
        if self.transport is not None and not self.transport.is_closing():
            head = f"HTTP/1.1 {status}\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {len(body)}\r\n{extra}\r\n"
            self.transport.write(head.encode() + body)


@contextmanager
def serving() -> Iterator[Site]:
    """Run the server in a thread of this process (the lab gives it a process of its own); yield where it listens."""
    ready: list[Site] = []
    started, loop = threading.Event(), asyncio.new_event_loop()

    async def serve() -> None:
        shop = Shop()
        server = await loop.create_server(lambda: Connection(shop), "127.0.0.1", 0, backlog=1024)
        host, port = server.sockets[0].getsockname()[:2]
        ready.append({"host": host, "port": port})
        started.set()

    def run() -> None:
        asyncio.set_event_loop(loop)
        loop.run_until_complete(serve())
        loop.run_forever()
        loop.close()

    thread = threading.Thread(target=run, name="site", daemon=True)
    thread.start()
    started.wait()
    try:
        yield ready[0]
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
