"""What does it cost to say "too many requests"?  A rate limiting service, replayed under a virtual clock.

A limit and a window are at least 1, of any size; else ValueError, from every variant.  Times never decrease.  The compiled variants keep times
and tenants in 64 bits with a sign, Redis times in doubles (below 2**53): what does not fit is an OverflowError that names it.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from cases.ratelimit.contract import LARGEST
from cases.ratelimit.semantics import gcra_class, no_window_holds_too_many, redis_server, window_counter_class
from harness import Case, Gate, Limits, Technique, Work, Workload, exact, sweep

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

WINDOW_NS = 1_000_000_000
OVERLOAD = 1.5
"""What the busiest tenant asks for, in limits a window; the next asks for a half of that, then a third."""
REQUESTS = 5000
"""A log's length, or two windows where that is more: below, no large limit would ever say no."""


def traffic(n: int, seed: int, tenants: int = 3, requests: int = REQUESTS) -> tuple[int, int, list[int], list[int]]:
    """Make a log under a limit of ``n`` a window: one tenant too loud, the others within bounds, some at one instant."""
    source = random.Random(seed)
    names = [1000 + 7 * rank for rank in range(tenants)]
    weights = [1 / (1 + rank) for rank in range(tenants)]
    per_window = OVERLOAD * n * sum(weights)
    times: list[int] = []
    now = 0
    for _ in range(max(requests, int(2 * per_window))):
        if source.random() > 0.2:  # the others arrive together with the one before
            now += int(source.expovariate(0.8 * per_window / WINDOW_NS))
        times.append(now)
    return n, WINDOW_NS, times, source.choices(names, weights, k=len(times))


def steady(n: int, seed: int) -> tuple[int, int, list[int], list[int]]:
    """Make a log that a closed window would refuse: each tenant sends its limit, evenly, so that one falls out as the next comes."""
    source = random.Random(seed)
    start = source.randrange(WINDOW_NS)
    times = [start + number * WINDOW_NS // n for number in range(4 * n) for _ in range(3)]
    tenants = [tenant for _ in range(4 * n) for tenant in source.sample((1, 2, 3), 3)]
    return n, WINDOW_NS, times, tenants


def edges(n: int, seed: int) -> tuple[int, int, list[int], list[int]]:
    """Make the worst for a fixed window: the limit at one instant, a few just before it ends, the limit again as it ends."""
    source = random.Random(seed)
    times: list[int] = []
    for window in range(10):
        at = window * WINDOW_NS + source.randrange(3)
        times += [at] * (n + source.randrange(3)) + [at + WINDOW_NS - 1] * 2
    return n, WINDOW_NS, sorted(times), [1] * len(times)


def instant(n: int, seed: int) -> tuple[int, int, list[int], list[int]]:
    """Make a stampede: every request at one instant."""
    source = random.Random(seed)
    return n, WINDOW_NS, [source.randrange(WINDOW_NS)] * REQUESTS, source.choices((1, 2, 3), k=REQUESTS)


def nasty() -> Iterator[tuple[int, int, list[int], list[int]]]:
    """Yield edges of windows, ties in time, limits of one, tenants that look alike, long silence."""
    yield 1, 10, [], []
    yield 1, 10, [0], [5]
    for gap in (0, 1, 8, 9, 10, 11, 19, 20, 21):
        yield 1, 10, [0, gap, 2 * gap, 3 * gap], [5, 5, 5, 5]
        yield 2, 10, [0, 0, gap, gap, gap + 1, 2 * gap, 2 * gap, 3 * gap], [5] * 8
        yield 3, 10, [0, 3, 6, gap + 6, gap + 7, gap + 9, gap + 10, gap + 16], [5] * 8
    yield 2, 10, [0] * 8 + [9] * 3 + [10] * 3 + [11] * 3, [1, 2] * 8 + [1]
    yield 3, 1, [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 2], [9] * 13
    yield 2, 1000, [0, 10**15, 10**15, 10**15 + 999, 10**15 + 1000], [1] * 5
    yield 2, 10, [1, 2, 3, 4, 5, 6], [0, 8, 16, 0, 8, 16]
    yield 2, 10, [1, 2, 3, 4, 5, 6], [2**40, 2**40 + 2**32, 2**40, 2**40 + 2**32, 2**40, 2**40 + 2**32]
    yield from _edges_of_types()
    for number in range(3):
        strangers = colliding(200, number)
        yield 1, 10, [i // 300 for i in range(600)], strangers * 3
    yield 10**9, 10, [0, 0, 5, 10, 11], [1, 1, 1, 1, 1]  # no ring of this size is ever full
    yield 1, 10, [4, 4, 4, 4, 13, 13, 14, 14], [0, -1, 2**63 - 1, -(2**63), 0, -1, 2**63 - 1, -(2**63)]
    yield 1, 10, [i // 150 for i in range(300)], [(i % 150) << 44 for i in range(300)]  # alike in their low bits
    yield 2, 10, [i // 60 for i in range(900)], [i % 300 for i in range(900)]
    yield 5, 7, [i // 2 for i in range(60)], [1 + i % 3 // 2 for i in range(60)]
    yield 4, 100, [i * 25 for i in range(40)], [3] * 40
    yield 4, 100, [i * 24 for i in range(40)], [3] * 40
    yield 100, 50, [i // 7 for i in range(400)], [3] * 400


def _edges_of_types() -> Iterator[tuple[int, int, list[int], list[int]]]:
    """Yield limits and windows that no machine word holds, none at all, and times as far apart as can be."""
    for size in (0, 1, 2**31 - 1, 2**31, 2**32, 2**62, 2**63 - 1, 2**63, 2**64, -1):
        yield size, 10, [0, 0, 0, 5, 10, 11], [1, 1, 2, 1, 1, 1]
        yield 2, size, [0, 0, 0, 1, 2**32, 2**32, 2**52], [1] * 7
    yield 2**64, 2**64, [0, 1], [1, 1]
    yield 1, 2**53 - 1, [0, 2**53 - 2, 2**53 - 1], [1, 1, 1]


def colliding(n: int, number: int = 0) -> list[int]:
    """Return ``n`` tenants that multiplying by the golden ratio, with nothing secret, puts into one slot of any table; more sets by ``number``."""
    source = random.Random(number)
    home = source.getrandbits(20) << 44
    inverse = pow(0x9E3779B97F4A7C15, -1, 2**64)
    products = source.sample(range(2**40), n)
    return [(one * inverse + LARGEST + 1) % 2**64 - LARGEST - 1 for one in (home + low for low in products)]


def examples() -> SearchStrategy[Any]:
    """Return a strategy of short logs around small windows, where edges are hit often."""
    from hypothesis import strategies as st

    def log(limit: int, window: int, gaps: list[tuple[int, int]]) -> tuple[int, int, list[int], list[int]]:
        now, times = 0, []
        for gap, _ in gaps:
            now += gap
            times.append(now)
        return limit, window, times, [tenant for _, tenant in gaps]

    step = st.tuples(st.sampled_from([0, 0, 1, 2, 3, 5, 9, 10, 12, 30]), st.integers(0, 2))
    return st.builds(log, st.integers(1, 5), st.integers(1, 12), st.lists(step, max_size=40))


def least_seconds(limits: Limits, limit: int, window_ns: int, times: list[int], tenants: list[int]) -> float:
    """The call; of every request its time taken out of Python's integer, its tenant's reference read, and an answer's reference written.

    The tenant's number need not be taken out: who it is can be told by the reference alone.  Nothing for the decision, which
    could be made for many requests at once, nor for a look into a log.
    """
    del limit, window_ns
    references = 8 * (len(tenants) + len(times))
    return limits.c_call_seconds + len(times) * limits.unboxed_seconds + limits.read_seconds(references)


def decisions(limit: int, window_ns: int, times: list[int], tenants: list[int]) -> Work:
    """A difference and two comparisons a request: is the oldest out of the window, are there too many?  Two references in, one out."""
    del limit, window_ns, tenants
    return Work(operations=3.0 * len(times), n_bytes=24.0 * len(times))


case = Case(
    function="decide",
    variants=("naive", "deque", "ring", "maxlen", "gcra", "window_counter", "cython", "numba", "limits", "pyrate_limiter", "redis_lua"),
    rivals=("limits", "pyrate_limiter"),
    techniques={"redis_lua": Technique.LIBRARY},
    workloads=(
        *sweep(traffic, n=(10, 30, 100, 300, 1000, 3000, 10_000, 30_000, 100_000)),
        Workload("tenants-1", partial(traffic, tenants=1), 100),
        Workload("tenants-100", partial(traffic, tenants=100), 100),
        Workload("tenants-10000", partial(traffic, tenants=10_000, requests=20_000), 100),
        Workload("brief", partial(traffic, tenants=2, requests=300), 30),
        Workload("steady", steady, 500),
        Workload("edges", edges, 500),
        Workload("instant", instant, 500),
    ),
    default=("10", "300", "3000"),
    same=exact,
    # approximations by design: each is held to its own model, decision by decision, and to a bound on over-admission
    relations={"gcra": gcra_class, "window_counter": window_counter_class},
    invariants=(no_window_holds_too_many,),
    services={"redis_lua": redis_server},
    bound=least_seconds,
    growth=1.0,  # a large limit makes a long log
    growths={"naive": 2.0},  # and every request of it counts a window
    work=decisions,
    adversarial=nasty,
    strategy=examples,
    verify_up_to=1000,
    gate=Gate(workloads=("brief", "30"), tolerances=dict.fromkeys(("limits", "pyrate_limiter"), 0.05)),
)
