"""Only one time matters: the one ``limit`` admissions ago.  A ring finds it without looking at any other."""

from __future__ import annotations

from cases.ratelimit.contract import agreed


class Limiter:
    """A sliding log as a ring of the last ``limit`` admitted times: exact, and the same work at any limit."""

    def __init__(self, limit: int, window_ns: int) -> None:
        agreed(limit, window_ns)
        self.limit = limit
        self.window_ns = window_ns
        self.rings: dict[int, list[int]] = {}
        self.places: dict[int, int] = {}

    def admit(self, tenant: int, now: int) -> bool:
        """Decide one request; the ring grows until it is full, so idle tenants cost little."""
        ring = self.rings.get(tenant)
        if ring is None:
            ring = self.rings[tenant] = []
            self.places[tenant] = 0
        if len(ring) < self.limit:
            ring.append(now)
            return True
        place = self.places[tenant]
        if ring[place] > now - self.window_ns:
            return False
        ring[place] = now
        self.places[tenant] = place + 1 if place + 1 < self.limit else 0
        return True


def decide(limit: int, window_ns: int, times: list[int], tenants: list[int]) -> list[bool]:
    """Replay requests in the order of time: which are admitted?"""
    limiter = Limiter(limit, window_ns)
    return [limiter.admit(tenant, now) for now, tenant in zip(times, tenants, strict=True)]
