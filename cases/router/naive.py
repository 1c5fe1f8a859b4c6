"""A list of regular expressions, tried one after the other."""

from __future__ import annotations

import re

from cases.router.asgi import serve
from cases.router.templates import INTEGER, LITERAL, MOST_DIGITS, Answer, Parameters, Request, Route, allow, methods_of, parse

PATTERNS = {"str": "[^/]+", "int": f"[0-9]{{1,{MOST_DIGITS}}}", "path": ".*"}


class Entry:
    """A registered route."""

    def __init__(self, method: str, template: str, handler: str) -> None:
        segments = parse(template)
        parts = [re.escape(text) if kind == LITERAL else f"(?P<{text}>{PATTERNS[kind]})" for kind, text in segments]
        self.regex = re.compile("/" + "/".join(parts), re.DOTALL)
        self.integers = [text for kind, text in segments if kind == INTEGER]
        self.methods = methods_of(method)
        self.handler = handler

    def parameters(self, match: re.Match[str]) -> Parameters:
        """Return what the path says, numbers as numbers."""
        found: Parameters = match.groupdict()
        for name in self.integers:
            found[name] = int(found[name])
        return found


class Router:
    """Routes in the order of their registration; the first that fits wins."""

    def __init__(self, routes: list[Route]) -> None:
        re.purge()  # a starting server has compiled nothing yet; Python remembers 512 patterns from the call before
        self.entries = [Entry(*route) for route in routes]

    def find(self, method: str, path: str) -> Answer:
        """Return the handler and its parameters, or why there is none."""
        allowed: list[str] = []
        for entry in self.entries:
            match = entry.regex.fullmatch(path)
            if match:
                if method in entry.methods:
                    return 200, entry.handler, entry.parameters(match)
                allowed += entry.methods
        return (405, allow(allowed), {}) if allowed else (404, "", {})


def dispatch(routes: list[Route], requests: list[Request], layers: int | None) -> list[Answer]:
    """Build a router and answer requests with it, alone or under layers of middleware."""
    return serve(Router(routes).find, [handler for _, _, handler in routes], requests, layers)
