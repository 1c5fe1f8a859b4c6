"""The rings of all tenants in one array, cut to size beforehand, the loop compiled at the first call."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from cases.ratelimit.contract import LARGEST, agreed, too_large


def decide(limit: int, window_ns: int, times: list[int], tenants: list[int]) -> list[bool]:
    """Replay requests in the order of time: which are admitted?

    Raises:
        ValueError: the limit or the window is less than 1, or there is not a tenant for each time.
        OverflowError: a time or a tenant has more than 64 bits.
    """
    agreed(limit, window_ns)
    if len(times) != len(tenants):
        message = f"{len(times)} times and {len(tenants)} tenants; there must be a tenant for each"
        raise ValueError(message)
    try:
        when, whose = np.array(times, dtype=np.int64), np.array(tenants, dtype=np.int64)
    except OverflowError:
        raise too_large(times, tenants) from None
    limit, window_ns = min(limit, LARGEST), min(window_ns, LARGEST)
    _, who = np.unique(whose, return_inverse=True)
    sizes = np.minimum(np.bincount(who), limit)
    starts = np.concatenate(([0], np.cumsum(sizes)))
    decisions: list[bool] = replay(limit, window_ns, when, who.astype(np.int64), starts).tolist()
    return decisions


@njit(cache=True)
def replay(limit: int, window_ns: int, times: NDArray[np.int64], who: NDArray[np.int64], starts: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Run every request through its tenant's ring, which is never larger than the tenant's requests."""
    ring = np.empty(starts[-1], dtype=np.int64)
    admitted_so_far = np.zeros(len(starts), dtype=np.int64)
    decisions = np.empty(len(times), dtype=np.bool_)
    for request in range(len(times)):
        tenant = who[request]
        place = starts[tenant] + admitted_so_far[tenant] % limit
        decisions[request] = admitted_so_far[tenant] < limit or ring[place] <= times[request] - window_ns
        if decisions[request]:
            ring[place] = times[request]
            admitted_so_far[tenant] += 1
    return decisions
