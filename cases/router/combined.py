"""One regular expression for each method: all its routes as alternatives, in order; the last group that matched says which."""

from __future__ import annotations

import re
from typing import NamedTuple

from cases.router.asgi import serve
from cases.router.templates import INTEGER, LITERAL, MOST_DIGITS, Answer, Request, Route, allow, methods_of, parse

PATTERNS = {"str": "([^/]+)", "int": f"([0-9]{{1,{MOST_DIGITS}}})", "path": "(.*)"}


class Target(NamedTuple):
    """Where an alternative leads."""

    handler: str
    first_group: int
    names: list[str]
    integers: list[str]


class Alternatives:
    """The routes of one method in one expression."""

    def __init__(self, routes: tuple[tuple[str, str], ...]) -> None:
        self.targets: dict[int, Target] = {}
        patterns = []
        groups = 0
        for template, handler in routes:
            segments = parse(template)
            parts = [re.escape(text) if kind == LITERAL else PATTERNS[kind] for kind, text in segments]
            names = [text for kind, text in segments if kind != LITERAL]
            patterns.append("/" + "/".join(parts) + r"()\Z")  # an empty group that is always the last of its route
            self.targets[groups + len(names) + 1] = Target(handler, groups + 1, names, [text for kind, text in segments if kind == INTEGER])
            groups += len(names) + 1
        self.match = re.compile("|".join(patterns), re.DOTALL).match

    def find(self, path: str) -> Answer | None:
        """Return the answer of the first route that matches."""
        match = self.match(path)
        if match is None or match.lastindex is None:
            return None
        handler, group, names, integers = self.targets[match.lastindex]
        found: dict[str, str | int] = {name: match[group + number] for number, name in enumerate(names)}
        for name in integers:
            found[name] = int(found[name])
        return 200, handler, found


class Router:
    """An expression for each method; methods with the same routes share one."""

    def __init__(self, routes: list[Route]) -> None:
        re.purge()  # a starting server has compiled nothing yet; Python remembers 512 patterns from the call before
        by_method: dict[str, list[tuple[str, str]]] = {}
        for given, template, handler in routes:
            for method in methods_of(given):
                by_method.setdefault(method, []).append((template, handler))
        shared = {members: Alternatives(members) for members in {tuple(members) for members in by_method.values()}}
        self.methods = {method: shared[tuple(members)] for method, members in by_method.items()}

    def find(self, method: str, path: str) -> Answer:
        """Return the handler and its parameters, or why there is none."""
        own = self.methods.get(method)
        answer = own.find(path) if own else None
        if answer:
            return answer
        allowed = [other for other, alternatives in self.methods.items() if alternatives is not own and alternatives.match(path)]
        return (405, allow(allowed), {}) if allowed else (404, "", {})


def dispatch(routes: list[Route], requests: list[Request], layers: int | None) -> list[Answer]:
    """Build a router and answer requests with it, alone or under layers of middleware."""
    return serve(Router(routes).find, [handler for _, _, handler in routes], requests, layers)
