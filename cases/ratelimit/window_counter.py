"""Two counts for every tenant: this window's, and the last one's weighted by how much of it is still in sight."""

from __future__ import annotations

from cases.ratelimit.contract import agreed


class Limiter:
    """Estimates the sliding window from two fixed ones: constant memory, but an estimate."""

    def __init__(self, limit: int, window_ns: int) -> None:
        agreed(limit, window_ns)
        self.limit = limit
        self.window_ns = window_ns
        self.counts: dict[int, tuple[int, int, int]] = {}

    def admit(self, tenant: int, now: int) -> bool:
        """Decide one request, in integers: both sides of the comparison are multiplied by the window."""
        window, inside = divmod(now, self.window_ns)
        seen, current, previous = self.counts.get(tenant, (window, 0, 0))
        if seen != window:
            previous = current if seen == window - 1 else 0
            current = 0
        if previous * (self.window_ns - inside) > (self.limit - current - 1) * self.window_ns:
            return False
        self.counts[tenant] = (window, current + 1, previous)
        return True


def decide(limit: int, window_ns: int, times: list[int], tenants: list[int]) -> list[bool]:
    """Replay requests in the order of time: which are admitted?"""
    limiter = Limiter(limit, window_ns)
    return [limiter.admit(tenant, now) for now, tenant in zip(times, tenants, strict=True)]
