"""What client and server agree on: paths, headers, and what is taken from a page."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from hashlib import sha256
from typing import TypedDict
from zlib import crc32

SESSION = "X-Session"
RETRY_AFTER_MS = "Retry-After-Ms"


class Site(TypedDict):
    """Where the server listens: the service's handle."""

    host: str
    port: int


Page = tuple[str, str, str, int, int]
"""(path, SHA-256 of the body, title, price in cents, number of links)"""


@dataclass(frozen=True, slots=True)
class Spec:
    """What a path asks of the server."""

    page: int
    latency_us: int
    jitter_us: int
    busy: bool
    in_flight: int


def path_of(*, page: int, latency_us: int, jitter_us: int, busy: bool, in_flight: int) -> str:
    """Return the path of a page; everything the server has to know travels in it."""
    return f"/page/{page}/{latency_us}/{jitter_us}/{int(busy)}/{in_flight}"


def spec_of(path: str) -> Spec:
    """Read a path."""
    page, latency_us, jitter_us, busy, in_flight = map(int, path.split("/")[2:])
    return Spec(page, latency_us, jitter_us, bool(busy), in_flight)


def latency_seconds(path: str) -> float:
    """How long the server holds this page back: the latency, and a jitter that is the page's own."""
    spec = spec_of(path)
    return (spec.latency_us + crc32(path.encode()) % (spec.jitter_us + 1)) / 1e6


def new_session() -> str:
    """A name for one call of a scraper: the server's memory of who was told to wait lasts no longer."""
    return uuid.uuid4().hex


TITLE = re.compile(rb"<title>(.*?)</title>")
PRICE = re.compile(rb'<span class="price">(\d+)\.(\d\d)</span>')
LINK = re.compile(rb'<a href="')


def extracted(path: str, body: bytes) -> Page:
    """Take title, price and number of links from a page."""
    title, price = TITLE.search(body), PRICE.search(body)
    if title is None or price is None:
        message = f"{path}: no page of this site: {body[:60]!r}"
        raise ValueError(message)
    return path, sha256(body).hexdigest(), title[1].decode(), int(price[1]) * 100 + int(price[2]), len(LINK.findall(body))


def body_of(path: str, spec: Spec) -> bytes:
    """Make a page: two to four kilobytes that follow from its path."""
    mark = crc32(path.encode())
    links = "".join(f'<li><a href="/page/{spec.page + step}">Article {mark % 997 + step}</a></li>' for step in range(10 + mark % 30))
    text = f"Page {spec.page} says: " + "lorem ipsum dolor sit amet " * (20 + mark % 40)
    head = f"<html><head><title>Article {spec.page} n\u00b0 {mark % 1000}</title></head>"
    return f'{head}<body><span class="price">{mark % 900}.{mark % 100:02d}</span><p>{text}</p><ul>{links}</ul></body></html>'.encode()
