"""The library pyrate-limiter: an in-memory bucket for every tenant, with explicit timestamps."""

from __future__ import annotations

from pyrate_limiter import InMemoryBucket, Rate, RateItem

from cases.ratelimit.contract import agreed


def decide(limit: int, window_ns: int, times: list[int], tenants: list[int]) -> list[bool]:
    """Replay requests in the order of time: which are admitted?

    The library counts a request exactly one window old as inside; half nanoseconds, and a window shorter by one of
    them, make that ours.
    """
    agreed(limit, window_ns)
    rates = [Rate(limit, 2 * window_ns - 1)]
    buckets: dict[int, InMemoryBucket] = {}
    decisions = []
    next_leak = 0
    for number, (now, tenant) in enumerate(zip(times, tenants, strict=True)):
        if number >= next_leak:
            # what the library's background thread does, as seldom as suits it: see limits.py
            for bucket in buckets.values():
                bucket.leak(2 * now)
            next_leak = number + limit + len(buckets)
        if tenant not in buckets:
            buckets[tenant] = InMemoryBucket(rates)
        decisions.append(buckets[tenant].put(RateItem("request", 2 * now)))
    return decisions
