"""What is too old leaves at one end, what is new enters at the other: each request is touched twice."""

from __future__ import annotations

from collections import defaultdict, deque

from cases.ratelimit.contract import agreed


class Limiter:
    """A sliding log in a double-ended queue."""

    def __init__(self, limit: int, window_ns: int) -> None:
        agreed(limit, window_ns)
        self.limit = limit
        self.window_ns = window_ns
        self.logs: defaultdict[int, deque[int]] = defaultdict(deque)

    def admit(self, tenant: int, now: int) -> bool:
        """Decide one request."""
        log = self.logs[tenant]
        oldest = now - self.window_ns
        while log and log[0] <= oldest:
            log.popleft()
        if len(log) >= self.limit:
            return False
        log.append(now)
        return True


def decide(limit: int, window_ns: int, times: list[int], tenants: list[int]) -> list[bool]:
    """Replay requests in the order of time: which are admitted?"""
    limiter = Limiter(limit, window_ns)
    return [limiter.admit(tenant, now) for now, tenant in zip(times, tenants, strict=True)]
