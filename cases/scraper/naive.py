"""One page after the other, a new connection for each."""

from __future__ import annotations

import time
from urllib.error import HTTPError
from urllib.request import OpenerDirector, ProxyHandler, Request, build_opener

from cases.scraper.pages import RETRY_AFTER_MS, SESSION, Page, Site, extracted, new_session


def scrape(site: Site, paths: list[str], in_flight: int) -> list[Page]:
    """Fetch all pages with at most ``in_flight`` requests at a time, and take from each what is asked for."""
    del in_flight  # one at a time is always polite
    session, opener = new_session(), build_opener(ProxyHandler({}))
    return [extracted(path, fetched(opener, f"http://{site['host']}:{site['port']}{path}", session)) for path in paths]


def fetched(opener: OpenerDirector, url: str, session: str) -> bytes:
    """Return a page's body; wait and come again when told so."""
    while True:
        try:
            with opener.open(Request(url, headers={SESSION: session})) as response:
                body: bytes = response.read()
                return body
        except HTTPError as error:
            if error.code != 429:
                raise
            error.close()
            time.sleep(int(error.headers[RETRY_AFTER_MS]) / 1000)
