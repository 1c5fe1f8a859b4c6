"""The library `limits`: its moving window over its memory storage, driven by a virtual clock."""

from __future__ import annotations

from unittest.mock import patch

from limits import RateLimitItemPerSecond
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from cases.ratelimit.contract import agreed


class Clock:
    """Stands in for the module ``time`` inside the storage: the storage's seconds are our half nanoseconds."""

    def __init__(self) -> None:
        self.now = 0

    def time(self) -> int:
        """Return the virtual time."""
        return self.now


class NoTimer:
    """A timer that never fires: real time means nothing here."""

    def __init__(self, interval: float, function: object) -> None:
        del interval, function

    def start(self) -> None:
        """Start nothing."""


class QuietStorage(MemoryStorage):
    """The storage without its timer thread: its own expiry is called by hand instead."""

    def _MemoryStorage__schedule_expiry(self) -> None:  # noqa: N802  the library's private name
        """Start no thread."""

    def expire(self) -> None:
        """Let go of what the library's timer would have dropped."""
        self._MemoryStorage__expire_events()  # type: ignore[attr-defined]  # private, hence mangled


def decide(limit: int, window_ns: int, times: list[int], tenants: list[int]) -> list[bool]:
    """Replay requests in the order of time: which are admitted?

    The library counts a request exactly one window old as inside.  Half nanoseconds for its seconds, and a window
    shorter by one of them, make that ours, in its decisions and in its expiry.
    """
    agreed(limit, window_ns)
    clock = Clock()
    decisions = []
    with patch("limits.storage.memory.time", clock), patch("limits.storage.memory.threading.Timer", NoTimer):
        storage = QuietStorage()
        limiter = MovingWindowRateLimiter(storage)
        item = RateLimitItemPerSecond(limit, 2 * window_ns - 1)
        next_expiry = 0
        for number, (now, tenant) in enumerate(zip(times, tenants, strict=True)):
            clock.now = 2 * now
            if number >= next_expiry:
                # every hundredth of a second is the library's habit; far more seldom suits it better, as no request waits
                # for a sweep that is larger than what came since the last one
                storage.expire()
                next_expiry = number + limit + len(storage.events)
            decisions.append(limiter.hit(item, str(tenant)))
    return decisions
