"""Slips a colleague could make.  Every one of them must be refused."""

from __future__ import annotations

from cases.ratelimit.naive import Limiter
from cases.ratelimit.naive import decide as right


def window_closed_at_both_ends(limit: int, window_ns: int, times: list[int], tenants: list[int]) -> list[bool]:
    """A request exactly one window old still counts."""
    return right(limit, window_ns + 1, times, tenants)


def window_too_short(limit: int, window_ns: int, times: list[int], tenants: list[int]) -> list[bool]:
    """A request is forgotten one tick too early."""
    return right(limit, window_ns - 1, times, tenants)


def one_too_many(limit: int, window_ns: int, times: list[int], tenants: list[int]) -> list[bool]:
    """`>` for `>=`."""
    return right(limit + 1, window_ns, times, tenants)


def refused_ones_count(limit: int, window_ns: int, times: list[int], tenants: list[int]) -> list[bool]:
    """Refused requests are logged too, so who keeps knocking stays out."""
    logs: dict[int, list[int]] = {}
    decisions = []
    for now, tenant in zip(times, tenants, strict=True):
        log = logs[tenant] = [at for at in logs.get(tenant, []) if at > now - window_ns]
        decisions.append(len(log) < limit)
        log.append(now)
    return decisions


def one_log_for_all(limit: int, window_ns: int, times: list[int], tenants: list[int]) -> list[bool]:
    """Tenants share one log."""
    return right(limit, window_ns, times, [0] * len(tenants))


def tenants_by_low_bits(limit: int, window_ns: int, times: list[int], tenants: list[int]) -> list[bool]:
    """A table of eight tenants, without a look at who is in the slot."""
    return right(limit, window_ns, times, [tenant & 7 for tenant in tenants])


def tenants_by_32_bits(limit: int, window_ns: int, times: list[int], tenants: list[int]) -> list[bool]:
    """Tenant numbers are cut to 32 bits."""
    return right(limit, window_ns, times, [tenant & 0xFFFFFFFF for tenant in tenants])


def fixed_windows(limit: int, window_ns: int, times: list[int], tenants: list[int]) -> list[bool]:
    """Counts start anew at every full window: twice the limit around each edge."""
    counts: dict[tuple[int, int], int] = {}
    decisions = []
    for now, tenant in zip(times, tenants, strict=True):
        key = (tenant, now // window_ns)
        decisions.append(counts.get(key, 0) < limit)
        counts[key] = counts.get(key, 0) + decisions[-1]
    return decisions


def same_instant_counts_once(limit: int, window_ns: int, times: list[int], tenants: list[int]) -> list[bool]:
    """A set of times: two requests at one instant are one."""
    logs: dict[int, set[int]] = {}
    decisions = []
    for now, tenant in zip(times, tenants, strict=True):
        log = logs[tenant] = {at for at in logs.get(tenant, set()) if at > now - window_ns}
        decisions.append(len(log) < limit)
        if decisions[-1]:
            log.add(now)
    return decisions


STALE: dict[int, Limiter] = {}


def state_kept_between_calls(limit: int, window_ns: int, times: list[int], tenants: list[int]) -> list[bool]:
    """The limiter outlives the call."""
    limiter = STALE.setdefault(limit, Limiter(limit, window_ns))
    return [limiter.admit(tenant, now) for now, tenant in zip(times, tenants, strict=True)]


def numbers_for_truths(limit: int, window_ns: int, times: list[int], tenants: list[int]) -> list[int]:
    """1 and 0 for True and False."""
    return [int(decision) for decision in right(limit, window_ns, times, tenants)]


def float_seconds(limit: int, window_ns: int, times: list[int], tenants: list[int]) -> list[bool]:
    """The log in seconds, as `time.time()` gives them: what is exactly one window old is sometimes a little younger."""
    logs: dict[int, list[float]] = {}
    decisions = []
    for now, tenant in zip(times, tenants, strict=True):
        log = logs[tenant] = [at for at in logs.get(tenant, []) if at > now / 1e9 - window_ns / 1e9]
        decisions.append(len(log) < limit)
        if decisions[-1]:
            log.append(now / 1e9)
    return decisions


def ring_forgets_its_place(limit: int, window_ns: int, times: list[int], tenants: list[int]) -> list[bool]:
    """The ring wraps one place too early, so that its last time is never replaced."""
    rings: dict[int, list[int]] = {}
    places: dict[int, int] = {}
    decisions = []
    for now, tenant in zip(times, tenants, strict=True):
        ring, place = rings.setdefault(tenant, []), places.get(tenant, 0)
        decisions.append(len(ring) < limit or ring[place] <= now - window_ns)
        if len(ring) < limit:
            ring.append(now)
        elif decisions[-1]:
            ring[place] = now
            places[tenant] = (place + 1) % max(1, limit - 1)
    return decisions


def clock_of_32_bits(limit: int, window_ns: int, times: list[int], tenants: list[int]) -> list[bool]:
    """Nanoseconds in an unsigned 32-bit integer: the clock starts anew every four seconds."""
    return right(limit, window_ns, [now & 0xFFFFFFFF for now in times], tenants)


def window_in_32_bits(limit: int, window_ns: int, times: list[int], tenants: list[int]) -> list[bool]:
    """The window is cut to a C int: one of 2**32 nanoseconds is none at all."""
    cut = (window_ns + 2**31) % 2**32 - 2**31
    return right(limit, max(1, cut), times, tenants) if window_ns >= 1 else right(limit, window_ns, times, tenants)


def limit_in_64_bits(limit: int, window_ns: int, times: list[int], tenants: list[int]) -> list[bool]:
    """The limit is cut to 64 bits: 2**64 of them are none."""
    return [False] * len(times) if limit and limit % 2**64 == 0 else right(limit, window_ns, times, tenants)


def nothing_is_allowed_by_nothing(limit: int, window_ns: int, times: list[int], tenants: list[int]) -> list[bool]:
    """A limit of 0 refuses everybody and says nothing, where a service must not have started."""
    return [False] * len(times) if limit == 0 else right(limit, window_ns, times, tenants)


def tenants_by_their_hash(limit: int, window_ns: int, times: list[int], tenants: list[int]) -> list[bool]:
    """Equal hashes are taken for equal tenants: strangers who chose their numbers share one log."""
    return right(limit, window_ns, times, [tenant * 0x9E3779B97F4A7C15 % 2**64 >> 48 for tenant in tenants])
