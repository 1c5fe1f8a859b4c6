"""A list of admitted times for every tenant, filtered at every request."""

from __future__ import annotations

from cases.ratelimit.contract import agreed


class Limiter:
    """A sliding log: at most ``limit`` admitted requests of a tenant in (now - window, now]."""

    def __init__(self, limit: int, window_ns: int) -> None:
        agreed(limit, window_ns)
        self.limit = limit
        self.window_ns = window_ns
        self.logs: dict[int, list[int]] = {}

    def admit(self, tenant: int, now: int) -> bool:
        """Decide one request; a refused one leaves no trace."""
        log = [at for at in self.logs.get(tenant, []) if at > now - self.window_ns]
        self.logs[tenant] = log
        if len(log) >= self.limit:
            return False
        log.append(now)
        return True


def decide(limit: int, window_ns: int, times: list[int], tenants: list[int]) -> list[bool]:
    """Replay requests in the order of time: which are admitted?"""
    limiter = Limiter(limit, window_ns)
    return [limiter.admit(tenant, now) for now, tenant in zip(times, tenants, strict=True)]
