"""What does it cost to say "too many requests"?  A rate limiting service, replayed under a virtual clock."""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from cases.ratelimit.semantics import gcra_class, no_window_holds_too_many, redis_server, window_counter_class
from harness import Case, Limits, Technique, Workload, exact, sweep

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

WINDOW_NS = 1_000_000_000


def traffic(n: int, seed: int, tenants: int = 3, requests: int = 0) -> tuple[int, int, list[int], list[int]]:
    """Make a log under a limit of ``n`` a second: steady traffic with bursts, about 1.4 times what is allowed."""
    source = random.Random(seed)
    times: list[int] = []
    now = 0
    pause = WINDOW_NS / (1.4 * n * min(tenants, 3))
    for _ in range(requests or max(2000, 4 * n)):
        if source.random() > 0.2:  # the others arrive at the same instant as the one before: a burst
            now += int(source.expovariate(0.8 / pause)) + (source.random() < 0.001) * WINDOW_NS // 2
        times.append(now)
    names = [1000 + 7 * number for number in range(tenants)]
    return n, WINDOW_NS, times, source.choices(names, weights=[1 / (1 + rank) for rank in range(tenants)], k=len(times))


def edges(n: int, seed: int) -> tuple[int, int, list[int], list[int]]:
    """Make the worst for a log: everything at one instant, then exactly on the edge of the window, again and again."""
    source = random.Random(seed)
    times: list[int] = []
    for window in range(4):
        at = window * WINDOW_NS + source.randrange(3)
        times += [at] * (n + source.randrange(3)) + [at + WINDOW_NS - 1] * 2
    return n, WINDOW_NS, sorted(times), [1] * len(times)


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
    yield 5, 7, [i // 2 for i in range(60)], [1 + i % 3 // 2 for i in range(60)]
    yield 4, 100, [i * 25 for i in range(40)], [3] * 40
    yield 4, 100, [i * 24 for i in range(40)], [3] * 40
    yield 100, 50, [i // 7 for i in range(400)], [3] * 400


def examples() -> SearchStrategy[Any]:
    """Return a strategy of short logs around small windows, where edges are hit often."""
    from hypothesis import strategies as st

    def log(limit: int, window: int, gaps: list[tuple[int, int]]) -> tuple[int, int, list[int], list[int]]:
        now, times = 0, []
        for gap, _ in gaps:
            now += gap
            times.append(now)
        return limit, window, times, [tenant for _, tenant in gaps]

    step = st.tuples(st.sampled_from([0, 0, 1, 2, 3, 5, 9, 10]), st.integers(0, 2))
    return st.builds(log, st.integers(1, 5), st.integers(1, 12), st.lists(step, max_size=40))


def least_seconds(limits: Limits, limit: int, window_ns: int, times: list[int], tenants: list[int]) -> float:
    """Both lists must be read, eight bytes a reference at least."""
    del limit, window_ns
    return limits.read_seconds(8 * (len(times) + len(tenants)))


case = Case(
    function="decide",
    variants=("naive", "deque", "ring", "gcra", "window_counter", "cython", "numba", "limits", "pyrate_limiter", "redis_lua"),
    rivals=("limits", "pyrate_limiter"),
    techniques={"redis_lua": Technique.LIBRARY},
    workloads=(
        *sweep(traffic, n=(10, 30, 100, 300, 1000, 3000, 10_000, 30_000, 100_000)),
        Workload("tenants-1", partial(traffic, tenants=1), 100),
        Workload("tenants-10000", partial(traffic, tenants=10_000, requests=20_000), 100),
        Workload("edges", edges, 500),
    ),
    default=("10", "300", "3000"),
    same=exact,
    # approximations by design: each is held to its own model, decision by decision, and to a bound on over-admission
    relations={"gcra": gcra_class, "window_counter": window_counter_class},
    invariants=(no_window_holds_too_many,),
    services={"redis_lua": redis_server},
    bound=least_seconds,
    adversarial=nasty,
    strategy=examples,
    verify_up_to=1000,
)
