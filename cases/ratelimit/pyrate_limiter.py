"""The library pyrate-limiter: an in-memory bucket for every tenant, with explicit timestamps."""

from __future__ import annotations

from pyrate_limiter import InMemoryBucket, Rate, RateItem

LEAK_EVERY = 256


def decide(limit: int, window_ns: int, times: list[int], tenants: list[int]) -> list[bool]:
    """Replay requests in the order of time: which are admitted?

    The library counts a request exactly one window old as inside; half nanoseconds, and a window shorter by one of
    them, make that ours.
    """
    rates = [Rate(limit, 2 * window_ns - 1)]
    buckets: dict[int, InMemoryBucket] = {}
    decisions = []
    for number, (now, tenant) in enumerate(zip(times, tenants, strict=True)):
        bucket = buckets.get(tenant)
        if bucket is None:
            bucket = buckets[tenant] = InMemoryBucket(rates)
        if number % LEAK_EVERY == 0:  # what the library's background thread does
            bucket.leak(2 * now)
        decisions.append(bucket.put(RateItem("request", 2 * now)))
    return decisions
