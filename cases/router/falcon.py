"""The library `falcon`: its compiled router, which writes nested ifs for the tree of templates.

Falcon has its own rules: a literal goes before a parameter, whatever was registered first; one place in the tree has one
parameter; empty segments at the ends of templates do not count.  Its class of semantics says what may be compared.
"""

from __future__ import annotations

from typing import Any

from falcon.routing import CompiledRouter

from cases.router.asgi import serve
from cases.router.semantics import falcon_holds
from cases.router.templates import Answer, Parameters, Request, Route, allow, methods_of

Resource = dict[str, tuple[int, str]]
"""By method: order of registration and handler."""


class Methods(CompiledRouter):
    """The library's router, with responders taken from a table instead of an object's attributes, as its documentation allows."""

    def map_http_methods(self, resource: Any, **_: Any) -> dict[str, Any]:
        """Return the responder of each method."""
        return dict(resource)


class Router:
    """One compiled router; one more for routes that the former refuses because of their parameters' names or converters."""

    def __init__(self, routes: list[Route]) -> None:
        resources: dict[str, Resource] = {}
        for order, (method, template, handler) in enumerate(routes):
            if falcon_holds(template):
                resource = resources.setdefault(template.replace(":str}", "}"), {})  # falcon's word for it is none
                for answered in methods_of(method):
                    resource.setdefault(answered, (order, handler))
        self.routers: list[Methods] = []
        for template, resource in resources.items():
            self.add(template, resource)

    def add(self, template: str, resource: Resource) -> None:
        """Register with the first router that takes it."""
        for router in self.routers:
            try:
                router.add_route(template, resource)
            except ValueError:
                continue
            return
        self.routers.append(Methods())
        self.routers[-1].add_route(template, resource)

    def find(self, method: str, path: str) -> Answer:
        """Return the handler and its parameters, or why there is none."""
        best: tuple[int, str, Parameters] | None = None
        allowed: list[str] = []
        for router in self.routers:
            found = router.find(path)
            if found is None:
                continue
            resource: Any = found[0]
            if method not in resource:
                allowed += resource
            elif best is None or resource[method][0] < best[0]:
                best = (*resource[method], found[2])
        if best:
            return 200, best[1], best[2]
        return (405, allow(allowed), {}) if allowed else (404, "", {})


def dispatch(routes: list[Route], requests: list[Request], layers: int | None) -> list[Answer]:
    """Build a router and answer requests with it, alone or under layers of middleware."""
    return serve(Router(routes).find, [handler for _, _, handler in routes], requests, layers)
