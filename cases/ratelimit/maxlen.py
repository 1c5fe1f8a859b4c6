"""The ring that the standard library already has: a deque that drops its oldest time when a new one comes."""

from __future__ import annotations

from collections import deque
from sys import maxsize

from cases.ratelimit.contract import agreed


class Limiter:
    """A sliding log as a bounded deque: exact, and no place to keep by hand."""

    def __init__(self, limit: int, window_ns: int) -> None:
        agreed(limit, window_ns)
        self.limit = limit
        self.window_ns = window_ns
        self.rings: dict[int, deque[int]] = {}

    def admit(self, tenant: int, now: int) -> bool:
        """Decide one request: once the ring is full, its oldest time must have left the window."""
        ring = self.rings.get(tenant)
        if ring is None:
            ring = self.rings[tenant] = deque(maxlen=min(self.limit, maxsize))  # as many as a deque can count are never reached
        if len(ring) == self.limit and ring[0] > now - self.window_ns:
            return False
        ring.append(now)
        return True


def decide(limit: int, window_ns: int, times: list[int], tenants: list[int]) -> list[bool]:
    """Replay requests in the order of time: which are admitted?"""
    limiter = Limiter(limit, window_ns)
    return [limiter.admit(tenant, now) for now, tenant in zip(times, tenants, strict=True)]
