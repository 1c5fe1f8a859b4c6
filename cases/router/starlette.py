"""The library `starlette`: its routes, asked in turn as its own router asks them."""

from __future__ import annotations

import re

from starlette.requests import Request as StarletteRequest
from starlette.responses import Response
from starlette.routing import Match
from starlette.routing import Route as StarletteRoute

from cases.router.asgi import serve
from cases.router.templates import Answer, Request, Route, allow


async def endpoint(request: StarletteRequest) -> Response:
    """Stand where an application's function would; the route's name tells them apart."""
    del request
    return Response()


class Router:
    """The loop of `starlette.routing.Router.app`, but that Allow names the methods of all routes that match, not of the first."""

    def __init__(self, routes: list[Route]) -> None:
        re.purge()  # a starting server has compiled nothing yet; Python remembers 512 patterns from the call before
        self.routes = [StarletteRoute(template, endpoint, methods=[method], name=handler) for method, template, handler in routes]

    def find(self, method: str, path: str) -> Answer:
        """Return the handler and its parameters, or why there is none."""
        scope = {"type": "http", "method": method, "path": path}
        allowed: list[str] = []
        try:
            for route in self.routes:
                match, child_scope = route.matches(scope)
                if match is Match.FULL:
                    return 200, route.name, child_scope["path_params"]
                if match is Match.PARTIAL:
                    allowed += route.methods or ()
        except ValueError:
            return 500, "", {}  # a number of more digits than Python reads
        return (405, allow(allowed), {}) if allowed else (404, "", {})


def dispatch(routes: list[Route], requests: list[Request], layers: int | None) -> list[Answer]:
    """Build a router and answer requests with it, alone or under layers of middleware."""
    return serve(Router(routes).find, [handler for _, _, handler in routes], requests, layers)
