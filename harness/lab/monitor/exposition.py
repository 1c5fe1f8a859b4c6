"""Serves the newest look to a scraper of metrics: on the loopback only, one page, and to nobody who was led here by a name."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from harness.errors import EnvironmentLacks

CONTENT_TYPE = "application/openmetrics-text; version=1.0.0; charset=utf-8"


@contextmanager
def serving(port: int, text: Callable[[], str]) -> Iterator[int]:
    """Serve ``text()`` at /metrics while the context lasts; yield the port, which is chosen by the system for 0.

    Raises:
        EnvironmentLacks: the port is taken, or not ours to take.
    """
    try:
        server = ThreadingHTTPServer(("127.0.0.1", port), _handler(text))
    except OSError as error:
        raise EnvironmentLacks(
            f"port {port} of 127.0.0.1 cannot be used: {error.strerror}",
            "another one: --port 0 takes a free one",
        ) from None
    server.daemon_threads = True
    thread = threading.Thread(
        target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True
    )
    thread.start()
    try:
        yield int(server.server_address[1])
    finally:
        server.shutdown()
        server.server_close()


def _handler(text: Callable[[], str]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        """Answers GET /metrics."""

        server_version, sys_version = "perflab", ""
        timeout = 5

        def do_GET(self) -> None:
            host = (self.headers.get("Host") or "").rpartition(":")[0] or (
                self.headers.get("Host") or ""
            )
            if host not in {
                "127.0.0.1",
                "localhost",
            }:  # a page in a browser may have its own name lead to this address
                self._say(403, "text/plain; charset=utf-8", "only for 127.0.0.1 and localhost\n")
            elif self.path != "/metrics":
                self._say(404, "text/plain; charset=utf-8", "there is /metrics\n")
            else:
                self._say(200, CONTENT_TYPE, text())

        def _refuse(self) -> None:
            self._say(405, "text/plain; charset=utf-8", "GET only\n", ("Allow", "GET"))

        do_POST = do_PUT = do_DELETE = do_HEAD = do_OPTIONS = do_PATCH = _refuse  # noqa: N815  the library's names

        def _say(self, status: int, kind: str, body: str, *headers: tuple[str, str]) -> None:
            data = body.encode()
            self.send_response(status)
            for name, value in (
                ("Content-Type", kind),
                ("Content-Length", str(len(data))),
                ("X-Content-Type-Options", "nosniff"),
                *headers,
            ):
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(data)

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002  the library's name
            """Say nothing: the terminal is the view's."""

    return Handler
