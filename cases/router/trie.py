"""A dict of the paths without parameters, decided beforehand, and a trie of segments for the rest."""

from __future__ import annotations

from typing import NamedTuple

from cases.router.asgi import serve
from cases.router.templates import LITERAL, REST, TEXT, Answer, Request, Route, allow, is_number, methods_of, parse

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
            return self.literals.setdefault(text, Node()) if text not in self.literals else self.literals[text]
        if kind == TEXT:
            self.text = self.text or Node()
            return self.text
        self.integer = self.integer or Node()
        return self.integer


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

    def place(self, segments: list[tuple[str, str]]) -> Ends:
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
        if path[:1] != "/":
            return []
        segments = path.split("/")
        found: list[tuple[Ends, Values]] = []
        here: list[tuple[Node, Values]] = [(self.root, ())]
        for number in range(1, len(segments)):
            segment = segments[number]
            further: list[tuple[Node, Values]] = []
            for node, values in here:
                if segment in node.literals:
                    further.append((node.literals[segment], values))
                if node.text and segment:
                    further.append((node.text, (*values, segment)))
                if node.integer and is_number(segment):
                    further.append((node.integer, (*values, int(segment))))
                if node.rest:
                    found.append((node.rest, (*values, "/".join(segments[number:]))))
            if not further:
                return found
            here = further
        return found + [(node.ends, values) for node, values in here if node.ends]

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
