"""Slips a colleague could make.  Every one of them must be refused."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from http.client import HTTPConnection
from itertools import chain

from cases.scraper.asyncio_taskgroup import crawl
from cases.scraper.keepalive import scrape as right
from cases.scraper.pages import SESSION, Page, Site, extracted, new_session


def twice_the_politeness(site: Site, paths: list[str], in_flight: int) -> list[Page]:
    """Two pools, each with the whole allowance."""
    session = new_session()

    async def both() -> list[Page]:
        halves = await asyncio.gather(crawl(site, paths[::2], in_flight, session), crawl(site, paths[1::2], in_flight, session))
        return list(chain.from_iterable(halves))

    return asyncio.run(both())


def all_at_once(site: Site, paths: list[str], in_flight: int) -> list[Page]:
    """No semaphore at all."""
    del in_flight
    return asyncio.run(crawl(site, paths, max(1, len(paths)), new_session()))


def _fetch(site: Site, path: str, session: str, *, tries: int) -> tuple[int, bytes]:
    status, body = 0, b""
    for _ in range(tries):
        connection = HTTPConnection(site["host"], site["port"])
        connection.request("GET", path, headers={SESSION: session})
        response = connection.getresponse()
        status, body = response.status, response.read()
        connection.close()
        if status != 429:
            break
    return status, body


def busy_pages_dropped(site: Site, paths: list[str], in_flight: int) -> list[Page]:
    """A 429 is taken for 'not there'."""
    del in_flight
    session = new_session()
    answers = [(path, *_fetch(site, path, session, tries=1)) for path in paths]
    return [extracted(path, body) for path, status, body in answers if status == 200]


def retried_at_once(site: Site, paths: list[str], in_flight: int) -> list[Page]:
    """The waiting time is not honoured."""
    del in_flight
    session = new_session()
    return [extracted(path, _fetch(site, path, session, tries=3)[1]) for path in paths]


def last_page_lost(site: Site, paths: list[str], in_flight: int) -> list[Page]:
    """Off by one."""
    return right(site, paths[:-1], in_flight)


def each_page_once(site: Site, paths: list[str], in_flight: int) -> list[Page]:
    """A set of paths: who asks twice gets one answer."""
    return right(site, sorted(set(paths)), in_flight)


def body_as_text(site: Site, paths: list[str], in_flight: int) -> list[Page]:
    """The digest is of the decoded and re-encoded text."""
    del in_flight
    session = new_session()
    found = []
    for path in paths:
        while (answer := _fetch(site, path, session, tries=1))[0] == 429:
            import time

            time.sleep(0.005)
        page = extracted(path, answer[1])
        found.append((path, sha256(answer[1].decode("latin-1").encode()).hexdigest(), *page[2:]))
    return found


def price_in_whole_units(site: Site, paths: list[str], in_flight: int) -> list[Page]:
    """Cents are cut off."""
    return [(path, digest, title, cents // 100 * 100, links) for path, digest, title, cents, links in right(site, paths, in_flight)]


def left_to_finish_later(site: Site, paths: list[str], in_flight: int) -> list[Page]:
    """The pool is not waited for: what has come so far is returned."""
    session, found = new_session(), list[Page]()
    pool = ThreadPoolExecutor(in_flight)
    for path in paths:
        pool.submit(lambda one=path: found.append(extracted(one, _fetch(site, one, session, tries=1)[1])))
    pool.shutdown(wait=False)
    return list(found)
