"""How fast can we fetch politely?  An async web scraper against a real server with latency, jitter and 429s."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from cases.scraper.pages import latency_seconds, path_of, spec_of
from cases.scraper.server import TOLERANCE, WAIT_MS, serving
from harness import Case, Gate, Limits, Technique, Workload, exact, sweep, unordered

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

IN_FLIGHT = 8


def pages(n: int, seed: int, latency_us: int = 6000, jitter_us: int = 3000, in_flight: int = IN_FLIGHT) -> tuple[list[str], int]:
    """Make the paths of ``n`` pages, every ninth of which answers 429 at first, and how many may be in flight."""
    return [
        path_of(page=seed * 1_000_003 + page, latency_us=latency_us, jitter_us=jitter_us, busy=page % 9 == 4, in_flight=in_flight)
        for page in range(n)
    ], in_flight


def nasty() -> Iterator[tuple[list[str], int]]:
    """Yield none, one, one at a time, more slots than pages, everybody busy, the same page twice, odd numbers."""
    yield [], 4
    for n, in_flight in ((1, 1), (1, 8), (3, 1), (5, 2), (7, 7), (9, 64), (33, 3)):
        yield pages(n, 900 + n, 500, 500, in_flight)
    yield [path_of(page=page, latency_us=0, jitter_us=0, busy=True, in_flight=3) for page in range(7)], 3
    yield [path_of(page=5, latency_us=0, jitter_us=0, busy=False, in_flight=2)] * 4, 2
    yield [path_of(page=page, latency_us=20_000 if page == 0 else 0, jitter_us=0, busy=False, in_flight=2) for page in range(8)], 2


def examples() -> SearchStrategy[Any]:
    """Return a strategy of a few quick pages."""
    from hypothesis import strategies as st

    def some(numbers: list[int], busy: list[bool], in_flight: int) -> tuple[list[str], int]:
        return [
            path_of(page=page, latency_us=0, jitter_us=200, busy=late, in_flight=in_flight)
            for page, late in zip(numbers, busy, strict=False)
        ], in_flight

    numbers = st.lists(st.integers(0, 10**9), max_size=6, unique=True)
    return st.builds(some, numbers, st.lists(st.booleans(), min_size=6, max_size=6), st.integers(1, 5))


def least_seconds(limits: Limits, paths: list[str], in_flight: int) -> float:
    """The server holds each page back for its latency, and no more than ``in_flight`` at once; asking and answering take a round trip.

    A slot is taken from the request's arrival until the answer's, and the next request can only leave when that is there.
    One page alone takes its latency and its round trips: two, and the least wait that counts as polite, where it answers 429 first.
    """
    trip = limits.loopback_roundtrip_seconds
    slots = sum(latency_seconds(path) + trip for path in paths) / in_flight
    return max(
        0.0, slots, *(latency_seconds(path) + (2 * trip + WAIT_MS / 1000 * TOLERANCE if spec_of(path).busy else trip) for path in paths)
    )


case = Case(
    function="scrape",
    variants=(
        "naive",
        "keepalive",
        "threads",
        "asyncio_semaphore",
        "asyncio_taskgroup",
        "asyncio_protocol",
        "processes",
        "uvloop",
        "aiohttp",
        "httpx",
    ),
    rivals=("uvloop", "aiohttp", "httpx"),
    techniques={"naive": Technique.PYTHON, "keepalive": Technique.STDLIB},
    workloads=(
        *sweep(pages, n=(4, 8, 15, 30, 60, 100, 240, 500, 1000)),
        Workload("no-latency", partial(pages, latency_us=0, jitter_us=0), 100),
        Workload("no-latency-8", partial(pages, latency_us=0, jitter_us=0), 8),
        Workload("far-away", partial(pages, latency_us=20_000, jitter_us=10_000), 30),
        Workload("wide", partial(pages, in_flight=32), 240),
    ),
    default=("8", "30", "100"),
    same=unordered(exact),
    service=serving,
    bound=least_seconds,
    growth=1.0,
    adversarial=nasty,
    strategy=examples,
    verify_up_to=15,
    gate=Gate(workloads=("no-latency-8",), tolerance=0.25),  # another process serves the pages: its time is in every call
    reads_input=False,
)
