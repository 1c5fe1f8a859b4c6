"""A sliding log shared by many servers: a sorted set in Redis, each decision one atomic Lua script, sent in pipelines."""

from __future__ import annotations

import uuid

import redis

from cases.ratelimit.contract import EXACT, agreed, too_large

# Scores are doubles: exact while times stay below 2**53.  A service would give each key an expiry as well; under a
# virtual clock the keys are removed by hand, since the server's clock is the real one.
SCRIPT = """
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[1] - ARGV[2])
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[3]) then return 0 end
redis.call('ZADD', KEYS[1], ARGV[1], ARGV[4])
return 1
"""
IN_FLIGHT = 500
"""Requests a pipeline carries: the log is known beforehand.  A service that answers one by one pays a round trip for each."""


def decide(handle: dict[str, str], limit: int, window_ns: int, times: list[int], tenants: list[int]) -> list[bool]:
    """Replay requests in the order of time: which are admitted?  Every call has keys of its own and removes them.

    Raises:
        ValueError: the limit or the window is less than 1.
        OverflowError: a time is not below 2**53, or negative beyond that: it would be another one in a double.
    """
    agreed(limit, window_ns)
    if times and not -EXACT < times[0] <= times[-1] < EXACT:
        raise too_large(times, [], EXACT - 1)
    window_ns = min(window_ns, EXACT - 1)
    keys = f"{uuid.uuid4().hex}:"
    decisions: list[bool] = []
    with redis.Redis(unix_socket_path=handle["socket"]) as client:
        script = client.script_load(SCRIPT)
        for start in range(0, len(times), IN_FLIGHT):
            pipeline = client.pipeline(transaction=False)
            for number in range(start, min(start + IN_FLIGHT, len(times))):
                # the number makes the member: two requests at one instant are two
                pipeline.evalsha(script, 1, f"{keys}{tenants[number]}", times[number], window_ns, limit, number)
            decisions += [bool(answer) for answer in pipeline.execute()]
        if tenants:
            client.unlink(*{f"{keys}{tenant}" for tenant in tenants})
    return decisions
