"""The framework round a router: an ASGI application, its middleware, and a way to ask it without a server.

Any router of this case fits in: all that is asked of it is `find(method, path)`.  The application is the real thing (the
tests put it behind an HTTP server); what is measured of it is everything but the socket.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from cases.router.templates import Answer, Parameters
from cases.router.templates import Request as Asked

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Asgi = Callable[[Scope, Receive, Send], Awaitable[None]]
Middleware = Callable[[Asgi], Asgi]
Find = Callable[[str, str], Answer]


@dataclass(slots=True)
class Request:
    """What an endpoint is given."""

    scope: Scope
    receive: Receive
    parameters: Parameters

    async def body(self) -> bytes:
        """Read the whole body, in as many pieces as it comes."""
        pieces = []
        more = True
        while more:
            message = await self.receive()
            if message["type"] == "http.disconnect":
                raise ConnectionError("the client has gone before its body was complete")
            pieces.append(message.get("body", b""))
            more = message.get("more_body", False)
        return b"".join(pieces)


@dataclass(slots=True)
class Response:
    """What an endpoint gives back."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    async def send(self, method: str, send: Send) -> None:
        """Send status, headers and body; to HEAD the headers that GET would get, without the body (RFC 9110, 9.3.2)."""
        headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in self.headers.items()]
        headers.append((b"content-length", str(len(self.body)).encode()))
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if method == "HEAD" else self.body})


Endpoint = Callable[[Request], Awaitable[Response]]


class App:
    """An ASGI application: middleware round a router round endpoints."""

    def __init__(self, find: Find, endpoints: Mapping[str, Endpoint], middleware: Sequence[Middleware] = ()) -> None:
        self.find = find
        self.endpoints = endpoints
        self.stack: Asgi = self.answer
        for wrap in reversed(middleware):  # the first is the outermost
            self.stack = wrap(self.stack)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection's scope."""
        if scope["type"] == "http":
            await self.stack(scope, receive, send)
        elif scope["type"] == "lifespan":
            await live(receive, send)
        else:
            await receive()
            await send({"type": "websocket.close", "code": 1000})  # before it was accepted: the server answers 403

    async def answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Route one request; what lies innermost, under all middleware."""
        status, name, parameters = self.find(scope["method"], routed_path(scope))
        if status == 200:
            response = await self.endpoints[name](Request(scope, receive, parameters))
        elif status == 405:
            response = Response(405, b"Method Not Allowed", {"allow": name})
        else:
            response = Response(404, b"Not Found")
        await response.send(scope["method"], send)


def routed_path(scope: Scope) -> str:
    """Return the path below where the application is mounted (ASGI: the path holds the mount's root as well)."""
    path: str = scope["path"]
    root = scope.get("root_path", "").rstrip("/")
    return path[len(root) :] if root and path.startswith(f"{root}/") else path


async def live(receive: Receive, send: Send) -> None:
    """Nothing to start and nothing to stop, and both are said."""
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


def errors(app: Asgi) -> Asgi:
    """Middleware: an exception becomes a 500, unless the answer has begun."""

    async def layer(scope: Scope, receive: Receive, send: Send) -> None:
        begun = False

        async def noting(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await app(scope, receive, noting)
        except Exception:
            if begun:
                raise
            await Response(500, b"Internal Server Error").send(scope["method"], send)

    return layer


def bearer(token: str, app: Asgi) -> Asgi:
    """Middleware: without the token nobody gets further; `partial(bearer, token)` makes one."""
    expected = f"Bearer {token}".encode()

    async def layer(scope: Scope, receive: Receive, send: Send) -> None:
        if any(name == b"authorization" and value == expected for name, value in scope["headers"]):
            await app(scope, receive, send)
        else:
            await Response(401, b"Unauthorized", {"www-authenticate": "Bearer"}).send(scope["method"], send)

    return layer


def trail(number: int, app: Asgi) -> Asgi:
    """Middleware that is measured: it notes on the way in that it was passed, and on the way out writes a header that says so."""
    mark = str(number).encode()

    async def layer(scope: Scope, receive: Receive, send: Send) -> None:
        scope["trail"] = scope.get("trail", b"") + mark

        async def marking(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"].append((b"x-layer-" + mark, scope["trail"]))
            await send(message)

        await app(scope, receive, marking)

    return layer


def echo(name: str) -> Endpoint:
    """Make an endpoint that says which handler it is and what it was given."""

    async def endpoint(request: Request) -> Response:
        return Response(200, f"{name} {request.parameters}".encode(), {"content-type": "text/plain"})

    return endpoint


def serve(find: Find, handlers: Sequence[str], requests: Sequence[Asked], layers: int | None) -> list[Answer]:
    """Ask the router alone, or through an application with so many layers of middleware."""
    if layers is None:
        return [find(method, path) for method, path in requests]
    app = App(find, {name: echo(name) for name in handlers}, [partial(trail, number) for number in range(layers)])
    return [ask(app, method, path) for method, path in requests]


def ask(app: Asgi, method: str, path: str, root: str = "") -> Answer:
    """Send one request through an application, without server and event loop; return status, body and headers.

    Nothing here ever waits, so one step takes the coroutine to its end.
    """
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "method": method, "path": path, "root_path": root, "query_string": b"", "headers": []}
    running = app(scope, receive, send)
    try:
        running.__await__().send(None)  # type: ignore[attr-defined]  # every coroutine has it
    except StopIteration:
        pass
    else:
        raise RuntimeError(f"{method} {path!r}: the application waits for something that nobody sends")
    body = b"".join(message.get("body", b"") for message in sent[1:])
    headers: Parameters = {name.decode("latin-1"): value.decode("latin-1") for name, value in sent[0]["headers"]}
    return sent[0]["status"], body.decode(), headers
