"""A server for one folder and one page, for this machine alone: it reads, answers, and knows no other verb.

What a page in somebody's browser could try, and what stops it: another host's name that leads here (DNS rebinding) meets the check of the Host
header; other sites cannot embed, frame or read anything; nothing outside the folder has an address; scripts run nowhere but in airspeed velocity's
own pages, and there only those of the folder.
"""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

from harness.errors import AskedWrongly

HOST = "127.0.0.1"
_PAGE_POLICY = "default-src 'none'; img-src 'self' data:; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
_PICTURE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
_ASV_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""asv's own page runs scripts, and sets styles by them; all of it comes from the folder."""
_ALWAYS = {
    "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin", "X-Frame-Options": "DENY", "Cache-Control": "no-cache",
}  # fmt: skip
_TYPES = {
    ".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml", ".json": "application/json",
    ".js": "text/javascript; charset=utf-8", ".png": "image/png", ".woff": "font/woff", ".woff2": "font/woff2", ".ttf": "font/ttf",
}  # fmt: skip
_TEXT = "text/plain; charset=utf-8"
_MOST_CONNECTIONS = 32
_REQUEST_SECONDS = 10.0
_LARGEST_FILE = 64 << 20


@dataclass(frozen=True, slots=True)
class Answer:
    """What is sent back."""

    status: HTTPStatus
    body: bytes
    kind: str = _TEXT
    policy: str = _PAGE_POLICY
    more: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Made:
    """A page of the moment."""

    content: bytes
    suffix: str
    """Says what it is, as a file's name would."""


@dataclass(frozen=True, slots=True)
class Served:
    """What there is to serve."""

    folder: Path | None
    """Of the site; None: there is none."""
    made: Mapping[str, Callable[[str], Made]]
    """Paths (``/live.html``) that are made anew for each request, from what stands behind the question mark."""


@contextmanager
def serving(
    served: Served, port: int, log: Callable[[str], None] | None = None
) -> Iterator[ThreadingHTTPServer]:
    """A server that is bound but answers nobody yet; ``serve_forever`` starts it.

    Raises:
        AskedWrongly: the port is taken, or not ours to take.
    """
    try:
        server = _Server(served, port, log)
    except OSError as error:
        raise AskedWrongly(
            f"port {port} of {HOST} cannot be had: {error.strerror}",
            "leave out --port, and a free one is taken",
        ) from None
    try:
        yield server
    finally:
        server.server_close()


class _Server(ThreadingHTTPServer):
    """One thread a connection, of which there are only so many; none of them outlives the process."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = _MOST_CONNECTIONS

    def __init__(self, served: Served, port: int, log: Callable[[str], None] | None) -> None:
        self.served = served
        self.log = log
        self._places = threading.BoundedSemaphore(_MOST_CONNECTIONS)
        super().__init__((HOST, port), _Handler)
        self.hosts = {f"{HOST}:{self.server_port}", f"localhost:{self.server_port}"}

    def server_bind(self) -> None:
        """Bind, without asking a name server what we are called."""
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = HOST, int(self.server_address[1])

    def process_request(self, request: Any, client_address: Any) -> None:
        """Start a thread, if one is left; else hang up."""
        if not self._places.acquire(blocking=False):
            self.shutdown_request(request)
            return
        try:
            super().process_request(request, client_address)
        except BaseException:
            self._places.release()
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Answer, within the time that a request may take at all."""
        deadline = threading.Timer(_REQUEST_SECONDS, self.shutdown_request, (request,))
        deadline.daemon = True
        deadline.start()
        try:
            super().process_request_thread(request, client_address)
        finally:
            deadline.cancel()
            self._places.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hung up is no news; what else went wrong is told where it was asked for, and never to the client."""
        if self.log is not None:
            import sys

            self.log(f"failed: {type(sys.exception()).__name__}")


class _Handler(BaseHTTPRequestHandler):
    """One request: checked, answered, done."""

    server: _Server
    protocol_version = "HTTP/1.0"  # one request a connection: nothing can be smuggled behind it
    timeout = _REQUEST_SECONDS

    def version_string(self) -> str:
        """Say who we are, not how old."""
        return "perflab"

    def do_GET(self) -> None:
        """Send what was asked for."""
        self._send(self._answer(), body=True)

    def do_HEAD(self) -> None:
        """Send what could be had."""
        self._send(self._answer(), body=False)

    def __getattr__(self, name: str) -> Any:
        """Refuse every other verb."""
        if name.startswith("do_"):
            return lambda: self._send(
                _refused(HTTPStatus.METHOD_NOT_ALLOWED, {"Allow": "GET, HEAD"}), body=True
            )
        raise AttributeError(name)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Send an error of the protocol like any other answer: nothing of the request is in it."""
        del message, explain
        self.close_connection = True
        self._send(_refused(HTTPStatus(code)), body=self.command != "HEAD")

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the name of the one that is replaced
        """Say it where it was asked for."""
        if self.server.log is not None:
            self.server.log(format % args)

    def _answer(self) -> Answer:
        hosts = self.headers.get_all("Host", [])
        if len(hosts) != 1 or hosts[0].lower() not in self.server.hosts:
            return _refused(HTTPStatus.MISDIRECTED_REQUEST)
        answer = respond(self.server.served, self.path)
        if answer.status is HTTPStatus.OK and answer.more.get("ETag") in self.headers.get(
            "If-None-Match", ""
        ).split(", "):
            return Answer(HTTPStatus.NOT_MODIFIED, b"", answer.kind, answer.policy, answer.more)
        return answer

    def _send(self, answer: Answer, *, body: bool) -> None:
        self.send_response(answer.status)
        headers = {**_ALWAYS, "Content-Security-Policy": answer.policy, **answer.more}
        if answer.status is not HTTPStatus.NOT_MODIFIED:
            headers |= {"Content-Type": answer.kind, "Content-Length": str(len(answer.body))}
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if body:
            self.wfile.write(answer.body)


def respond(served: Served, target: str) -> Answer:
    """Return what a path stands for: a page that is made anew, a file of the folder, or 404."""
    path, _, question = target.partition("#")[0].partition("?")
    if path in served.made:
        made = served.made[path](question)
        return _found(made.content, made.suffix, path)
    file = None if served.folder is None else locate(served.folder, path)
    content_of_file = None if file is None else _read(file)
    if file is None or content_of_file is None:
        return _refused(HTTPStatus.NOT_FOUND)
    return _found(content_of_file, file.suffix, path)


def locate(folder: Path, path: str) -> Path | None:
    """The file that a path of an address stands for; None: there is none, or it is not for everybody.

    A folder is its index.html.  Hidden names, ways up, and links that lead out of the folder have no address.
    """
    try:
        decoded = unquote_to_bytes(path).decode()
    except UnicodeDecodeError:
        return None
    if (
        not decoded.startswith("/")
        or "\\" in decoded
        or any(ord(character) < ord(" ") for character in decoded)
    ):
        return None
    names = decoded[1:].split("/")
    if names[-1] == "":
        names[-1] = "index.html"
    if any(not name or name.startswith(".") for name in names):
        return None
    top = folder.resolve()
    try:
        file = top.joinpath(*names).resolve(strict=True)
    except (OSError, RuntimeError, ValueError):  # not there, a loop of links, a name too long
        return None
    return file if file.is_relative_to(top) else None


def _read(file: Path) -> bytes | None:
    """A regular file of a sensible size; nothing that could hang us."""
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return None
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode) or status.st_size > _LARGEST_FILE:
        os.close(descriptor)
        return None
    with os.fdopen(descriptor, "rb") as opened:
        return opened.read()


def _found(content: bytes, suffix: str, path: str) -> Answer:
    policy = (
        _ASV_POLICY
        if path.startswith("/asv/")
        else _PICTURE_POLICY
        if suffix == ".svg"
        else _PAGE_POLICY
    )
    kind = _TYPES.get(suffix, "application/octet-stream")
    return Answer(
        HTTPStatus.OK, content, kind, policy, {"ETag": f'"{sha256(content).hexdigest()[:32]}"'}
    )


def _refused(status: HTTPStatus, more: Mapping[str, str] | None = None) -> Answer:
    return Answer(status, f"{status.value} {status.phrase}\n".encode(), more=more or {})
