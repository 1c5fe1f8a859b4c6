"""A dict of the paths without parameters, decided beforehand, and a trie of segments for the rest."""

from __future__ import annotations

from typing import NamedTuple

from cases.router.asgi import serve
from cases.router.templates import LITERAL, REST, TEXT, Answer, Request, Route, Segment, allow, is_number, methods_of, parse

Values = tuple[str | int, ...]


class Target(NamedTuple):
    """Where a route leads."""

    order: int
    handler: str
    names: tuple[str, ...]


Ends = dict[str, Target]
"""The first registered route of each method that ends in one place."""


class Node:
    """A place in the trie."""

    __slots__ = ("ends", "integer", "literals", "rest", "text")

    def __init__(self) -> None:
        self.literals: dict[str, Node] = {}
        self.integer: Node | None = None
        self.text: Node | None = None
        self.rest: Ends = {}
        self.ends: Ends = {}

    def child(self, kind: str, text: str) -> Node:
        """Return the place one segment further, new or not."""
        if kind == LITERAL:
            if text not in self.literals:
                self.literals[text] = Node()
            return self.literals[text]
        if kind == TEXT:
            self.text = self.text or Node()
            return self.text
        self.integer = self.integer or Node()
        return self.integer


def walk(node: Node, segments: list[str], number: int, values: Values, found: list[tuple[Ends, Values]]) -> None:
    """Go on from one place, and add to `found`: along the literals in a loop, which is the way most paths go, beside them by a call."""
    while number < len(segments):
        segment = segments[number]
        if node.rest:
            found.append((node.rest, (*values, "/".join(segments[number:]))))
        number += 1
        if node.text and segment:
            walk(node.text, segments, number, (*values, segment), found)
        if node.integer and is_number(segment):
            walk(node.integer, segments, number, (*values, int(segment)), found)
        if segment not in node.literals:
            return
        node = node.literals[segment]
    if node.ends:
        found.append((node.ends, values))


class Fixed(NamedTuple):
    """All that can be said of a path that is known by heart."""

    targets: dict[str, tuple[str, tuple[str, ...], Values]]
    allowed: str


class Router:
    """Finds every place that a path leads to; the first registered among their routes wins."""

    def __init__(self, routes: list[Route]) -> None:
        self.root = Node()
        literal: dict[str, Ends] = {}
        for order, (method, template, handler) in enumerate(routes):
            segments = parse(template)
            names = tuple(text for kind, text in segments if kind != LITERAL)
            ends = self.place(segments) if names else literal.setdefault(template, {})
            for answered in methods_of(method):
                ends.setdefault(answered, Target(order, handler, names))
        self.fixed = {path: self.decide([(ends, ()), *self.places(path)]) for path, ends in literal.items()}

    def place(self, segments: list[Segment]) -> Ends:
        """Return where a route with parameters ends."""
        node = self.root
        for kind, text in segments:
            if kind == REST:
                return node.rest
            node = node.child(kind, text)
        return node.ends

    @staticmethod
    def decide(places: list[tuple[Ends, Values]]) -> Fixed:
        """Let the first registered win, for each method."""
        best: dict[str, tuple[Target, Values]] = {}
        for ends, values in places:
            for method, target in ends.items():
                if method not in best or target.order < best[method][0].order:
                    best[method] = target, values
        return Fixed({method: (target.handler, target.names, values) for method, (target, values) in best.items()}, allow(best))

    def places(self, path: str) -> list[tuple[Ends, Values]]:
        """Return all places with routes that a path leads to, with the parameters' values on the way."""
        found: list[tuple[Ends, Values]] = []
        if path[:1] == "/":
            walk(self.root, path.split("/"), 1, (), found)
        return found

    def find(self, method: str, path: str) -> Answer:
        """Return the handler and its parameters, or why there is none."""
        fixed = self.fixed.get(path)
        if fixed is None:
            places = self.places(path)
            if len(places) == 1:  # nearly always
                ends, values = places[0]
                target = ends.get(method)
                if target:
                    return 200, target.handler, dict(zip(target.names, values, strict=True))
            elif not places:
                return 404, "", {}
            fixed = self.decide(places)
        if method in fixed.targets:
            handler, names, known = fixed.targets[method]
            return 200, handler, dict(zip(names, known, strict=True))
        return 405, fixed.allowed, {}


def dispatch(routes: list[Route], requests: list[Request], layers: int | None) -> list[Answer]:
    """Build a router and answer requests with it, alone or under layers of middleware."""
    return serve(Router(routes).find, [handler for _, _, handler in routes], requests, layers)
