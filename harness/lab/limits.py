"""What this machine can do at all: measured once, cached per machine, for every case's lower bound."""

from __future__ import annotations

import os
import socket
import statistics
import tempfile
import threading
import time
from functools import partial
from typing import TYPE_CHECKING, Any

from harness.model.declared import Limits

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.lab.frames import Message

WORKING_SETS = (16 << 10, 256 << 10, 4 << 20, 64 << 20)
"""Bytes: about L1, L2, L3 and memory."""
_REPEATS = 25
_LEAST_SECONDS = 0.001
_FILE_BYTES = 16 << 20


def measure() -> Message:
    """Measure the limits; takes about a second.  Run it in a worker."""
    import numpy as np

    reads, copies = {}, {}
    for size in WORKING_SETS:
        source = np.arange(size // 8, dtype=np.int64)
        target = np.empty_like(source)
        copies[size] = size / _best(partial(np.copyto, target, source))
        # max() of integers is the quickest pass over memory NumPy has: vector compare, no chain of sums
        reads[size] = max(size / _best(source.max), copies[size])
    words = np.arange(4096, dtype=np.uint64)
    out = np.empty_like(words)
    return {
        "read_bytes_per_second": _at_least_as_fast_when_smaller(reads),
        "copy_bytes_per_second": _at_least_as_fast_when_smaller(copies),
        "word_operations_per_second": words.size / _best(lambda: np.bitwise_xor(words, words, out=out)),
        "call_seconds": _best_call(),
        "system_call_seconds": _best(os.getppid),
        "loopback_roundtrip_seconds": _roundtrip_seconds(),
        "file_read_bytes_per_second": _file_rate(),
        "parallel_capacity": _parallel_capacity(),
    }


def _at_least_as_fast_when_smaller(rates: dict[int, float]) -> dict[str, float]:
    """A small working set is timed mostly as call overhead; it is never slower than a larger one."""
    return {str(size): max(rate for other, rate in rates.items() if other >= size) for size in rates}


def limits_from(message: dict[str, Any]) -> Limits:
    """Return the limits that ``measure`` put into a message."""
    rates = {
        name: {int(size): float(rate) for size, rate in message[name].items()}
        for name in ("read_bytes_per_second", "copy_bytes_per_second")
    }
    return Limits(**{**message, **rates})


def _best(action: Callable[[], object]) -> float:
    """Seconds per call, the best of several slices: a limit is what the machine can do, not what it did today."""
    loops, elapsed = 1, 0.0
    while elapsed < _LEAST_SECONDS:
        elapsed = _slice(action, loops)
        loops = loops if elapsed >= _LEAST_SECONDS else max(loops * 2, int(loops * _LEAST_SECONDS / max(elapsed, 1e-9)))
    return min(_slice(action, loops) for _ in range(_REPEATS)) / loops


def _slice(action: Callable[[], object], loops: int) -> float:
    numbers = range(loops)
    started = time.perf_counter()
    for _ in numbers:
        action()
    return time.perf_counter() - started


def _best_call() -> float:
    def nothing() -> None:
        return None

    return _best(nothing)


def _roundtrip_seconds() -> float:
    server = socket.create_server(("127.0.0.1", 0))

    def echo() -> None:
        connection, _ = server.accept()
        with connection:
            while data := connection.recv(64):
                connection.sendall(data)

    thread = threading.Thread(target=echo, daemon=True)
    thread.start()
    with server, socket.create_connection(server.getsockname()) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

        def ping() -> None:
            client.sendall(b"x")
            client.recv(64)

        best = _best(ping)
    thread.join(1)
    return best


def _file_rate() -> float:
    with tempfile.TemporaryFile() as file:
        file.write(b"x" * _FILE_BYTES)
        file.flush()
        buffer = bytearray(_FILE_BYTES)
        return _FILE_BYTES / _best(lambda: os.preadv(file.fileno(), [buffer], 0))


def _parallel_capacity() -> float:
    """Work done by as many busy processes as there are processors, over the work of one in the same time."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    ratios = [_together(allowed) / max(_together(1), 1) for _ in range(3)]
    return max(1.0, min(float(allowed), statistics.median(ratios)))


def _together(n: int) -> int:
    readers = []
    for _ in range(n):
        reading, writing = os.pipe()
        if os.fork() == 0:
            os.write(writing, str(_busy(0.06)).encode())
            os._exit(0)
        os.close(writing)
        readers.append(reading)
    total = 0
    for reading in readers:
        total += int(os.read(reading, 64) or b"0")
        os.close(reading)
        os.wait()
    return total


def _busy(seconds: float) -> int:
    end, turns = time.perf_counter() + seconds, 0
    while time.perf_counter() < end:
        sum(range(200))
        turns += 1
    return turns
