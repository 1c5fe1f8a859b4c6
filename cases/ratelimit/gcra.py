"""One number for every tenant: when its bucket will be full again (the generic cell rate algorithm)."""

from __future__ import annotations

from cases.ratelimit.contract import agreed


class Limiter:
    """Spreads ``limit`` requests evenly over the window and allows a burst of ``limit``: another promise than the log's.

    Times are multiplied by ``limit``, so that the spacing window / limit needs no division and no rounding.
    Source: ITU-T I.371, the virtual scheduling algorithm.
    """

    def __init__(self, limit: int, window_ns: int) -> None:
        agreed(limit, window_ns)
        self.limit = limit
        self.window_ns = window_ns
        self.tolerance = window_ns * (limit - 1)
        self.full_at: dict[int, int] = {}

    def admit(self, tenant: int, now: int) -> bool:
        """Decide one request; a tenant who comes for the first time has a full bucket."""
        scaled = now * self.limit
        full_at = self.full_at.get(tenant, scaled)
        if full_at < scaled:
            full_at = scaled
        elif full_at - scaled > self.tolerance:
            return False
        self.full_at[tenant] = full_at + self.window_ns
        return True


def decide(limit: int, window_ns: int, times: list[int], tenants: list[int]) -> list[bool]:
    """Replay requests in the order of time: which are admitted?"""
    limiter = Limiter(limit, window_ns)
    return [limiter.admit(tenant, now) for now, tenant in zip(times, tenants, strict=True)]
