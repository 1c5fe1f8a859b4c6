"""Is it the client that is measured?  The server's capacity beside the rate at which the fastest variant asks.

Run it with ``python -m cases.scraper.headroom``; it exits 1 where the server has less than five times to spare.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import socket
import sys
import time
from multiprocessing.connection import Connection

from cases.scraper import asyncio_protocol, case
from cases.scraper.asyncio_semaphore import request
from cases.scraper.pages import Site, path_of
from cases.scraper.server import serving

LEAST = 5.0
PIPELINED = 200
SECONDS = 1.0


def main() -> int:
    """Measure, print, and say whether it is enough."""
    here, there = multiprocessing.Pipe()
    server = multiprocessing.Process(target=_serve, args=(there,), daemon=True)
    server.start()
    site: Site = here.recv()
    worst = float("inf")
    for workload in case.default_workloads():
        asked = client_rate(site, *workload.arguments())
        capacity = server_rate(site)
        worst = min(worst, capacity / asked)
        sys.stdout.write(
            f"workload {workload.name}: server {capacity:.0f}/s, fastest variant {asked:.0f}/s: {capacity / asked:.1f}x headroom\n"
        )
    here.send("end")
    server.join()
    return 0 if worst >= LEAST else 1


def _serve(pipe: Connection) -> None:
    with serving() as site:
        pipe.send(site)
        pipe.recv()


def server_rate(site: Site) -> float:
    """Pages a second the server answers without latency, asked through one raw socket in pipelines."""
    path = path_of(page=1, latency_us=0, jitter_us=0, busy=False, in_flight=10 * PIPELINED)
    batch = request(path, "headroom") * PIPELINED
    answered = 0
    with socket.create_connection((site["host"], site["port"])) as connection:
        connection.sendall(batch[: len(batch) // PIPELINED])
        size = len(_one_response(connection))
        end = time.perf_counter() + SECONDS
        started = time.perf_counter()
        while time.perf_counter() < end:
            connection.sendall(batch)
            left = size * PIPELINED
            while left:
                left -= len(connection.recv(min(left, 1 << 20)))
            answered += PIPELINED
        return answered / (time.perf_counter() - started)


def _one_response(connection: socket.socket) -> bytes:
    data = b""
    while b"</html>" not in data:
        data += connection.recv(1 << 16)
    return data


def client_rate(site: Site, paths: list[str], in_flight: int) -> float:
    """Requests a second of the fastest variant on a workload; pages that are busy first are asked for twice."""
    asked = len(paths) + sum(path.split("/")[5] == "1" for path in paths)
    best = min(_timed(site, paths, in_flight) for _ in range(5))
    return asked / best


def _timed(site: Site, paths: list[str], in_flight: int) -> float:
    started = time.perf_counter()
    asyncio.run(asyncio_protocol.scrape(site, paths, in_flight))
    return time.perf_counter() - started


if __name__ == "__main__":
    sys.exit(main())
