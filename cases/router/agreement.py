"""Do our router and starlette's application agree?  Generated tables and requests through both, every difference with its name.

Run it at length with `python -m cases.router.agreement 10000`; it ends with 1 if a difference has no name.

Both sides are whole ASGI applications, starlette's with its own `Router` and its defaults.  What is compared: the status, the
handler and its parameters with their types, and the methods that Allow names.
"""

from __future__ import annotations

import json
import random
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from cases.router.asgi import App, Endpoint, Find, Response, ask
from cases.router.asgi import Request as OurRequest
from cases.router.semantics import has_long_number, matched
from cases.router.templates import MOST_DIGITS, Request, Route, methods_of, parse

DECISIONS = {
    "slash-redirect": "starlette sends the client to the path with or without its last slash (307); ours says 404",
    "first-allow": "starlette's Allow names the methods of the first route that matches the path; ours those of all",
    "line-break-at-the-end": "starlette lets a line break follow the end of the path; ours takes it for a letter",
    "line-break-in-the-rest": "starlette's path parameter ends at a line break, so that nothing is found; ours takes any letter",
    "long-number": "starlette fails (500) on a number of more digits than Python reads; for ours that is no number",
}
"""The differences we know of, each decided in the story."""

Seen = tuple[int, str, frozenset[str]]
"""Status, what the endpoint said, and what is allowed."""
WORDS = ("a", "b", "users", "me", "7", "42", "a.b", "é")
ODD_PARTS = ("", "a\n", "7\n", "\n", "A", "007", "-1", "+7", "٣", "1_0", "axb", "x" * 40, "9" * 25, "1" * (MOST_DIGITS + 1), "a b", "%2F")


@dataclass(slots=True)
class Agreement:
    """What was compared, and what came of it."""

    paths: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    differences: dict[str, list[str]] = field(default_factory=dict)
    """By name, with an example each time; the empty name is for those that have none."""

    def summary(self) -> str:
        """Say it in lines."""
        different = sum(map(len, self.differences.values()))
        lines = [
            f"{self.paths} requests, {self.paths - different} answered alike, {different} not; statuses {dict(sorted(self.statuses.items()))}"
        ]
        for name, examples in sorted(self.differences.items()):
            lines += [
                f"{len(examples):5} {name or 'NO NAME'}: {DECISIONS.get(name, 'to be looked at')}",
                f"      such as {examples[0][:160]}",
            ]
        return "\n".join(lines)


def tables(source: random.Random) -> list[Route]:
    """Make a small table over few words, where routes overlap and order decides."""
    routes: list[Route] = []
    for number in range(source.randint(1, 9)):
        depth = source.randint(1, 4)
        parts = [
            source.choice([*WORDS, *WORDS, f"{{p{level}}}", f"{{p{level}}}", f"{{p{level}:int}}", f"{{p{level}:str}}"])
            for level in range(depth)
        ]
        parts += source.choice([[], [], [], [""], ["{rest:path}"]])
        routes.append((source.choice(("GET", "GET", "POST", "PUT", "HEAD")), "/" + "/".join(parts), f"h{number}"))
    return routes


def requests(routes: list[Route], source: random.Random) -> Iterator[Request]:
    """Make requests that fit, nearly fit, or do not."""
    while True:
        method, template, _ = source.choice(routes)
        parts = [
            source.choice([*WORDS, "7", str(source.randrange(10**6)), source.choice(ODD_PARTS)]) if part.startswith("{") else part
            for part in template[1:].split("/")
        ]
        if source.random() < 0.3:
            parts[source.randrange(len(parts))] = source.choice([*WORDS, *ODD_PARTS])
        if source.random() < 0.2:
            parts.insert(source.randint(0, len(parts)), source.choice([*WORDS, *ODD_PARTS, ""]))
        if source.random() < 0.1:
            parts.pop()
        yield source.choice((method, method, method, "GET", "HEAD", "POST", "DELETE")), "/" + "/".join(parts)


def said(handler: str, parameters: dict[str, Any]) -> dict[str, str]:
    """Write down what an endpoint was given, types and all, in a header: HEAD has no body."""
    return {"x-said": json.dumps([handler, parameters])}


def ours(find: Find, routes: list[Route]) -> App:
    """Make our application."""

    def endpoint(handler: str) -> Endpoint:
        async def answer(request: OurRequest) -> Response:
            return Response(200, b"", said(handler, request.parameters))

        return answer

    return App(find, {handler: endpoint(handler) for _, _, handler in routes})


def theirs(routes: list[Route]) -> Any:
    """Make starlette's application."""
    from starlette import requests as starlette_requests
    from starlette import responses, routing

    def route(method: str, template: str, handler: str) -> routing.Route:
        async def answer(request: starlette_requests.Request) -> responses.Response:
            return responses.Response(headers=said(handler, request.path_params))

        return routing.Route(template, answer, methods=[method])

    return routing.Router([route(*one) for one in routes])


def compared(app: Any, request: Request) -> Seen:
    """Ask an application; return the status, what the endpoint said, and what is allowed."""
    try:
        status, _, headers = ask(app, *request)
    except ValueError:  # what a server answers with 500
        return 500, "", frozenset()
    allowed = frozenset(filter(None, str(headers.get("allow", "")).split(", ")))
    return status, str(headers.get("x-said", "")), allowed


def named(routes: list[Route], request: Request, we: Seen, they: Seen) -> str:
    """Name a difference, if the rule of that name really gives what starlette answered; the empty name otherwise."""
    path = request[1]
    matching = [route for route in routes if matched(parse(route[1]), path) is not None]
    if they[0] == 307 and we[0] == 404:
        other = path.rstrip("/") if path.endswith("/") else f"{path}/"
        return "slash-redirect" if any_matches(routes, other) or any_matches(routes, other.removesuffix("\n")) else ""
    if they[0] == 500 and has_long_number(path.removesuffix("\n")):
        return "long-number"
    if we[0] == they[0] == 405 and they[2] == frozenset(methods_of(matching[0][0])):
        return "first-allow"
    if path.endswith("\n") and any_matches(routes, path[:-1]):
        return "line-break-at-the-end"
    return "line-break-in-the-rest" if "\n" in path and any(template.endswith(":path}") for _, template, _ in matching) else ""


def any_matches(routes: list[Route], path: str) -> bool:
    """Whether some template matches a path."""
    return any(matched(parse(template), path) is not None for _, template, _ in routes)


def agree(find_of: Any, count: int, seed: int) -> Agreement:
    """Compare a router of ours with starlette on so many requests, twenty to a table."""
    source = random.Random(seed)
    result = Agreement()
    while result.paths < count:
        routes = tables(source)
        we, they = ours(find_of(routes).find, routes), theirs(routes)
        for request, _ in zip(requests(routes, source), range(min(20, count - result.paths)), strict=False):
            mine, other = compared(we, request), compared(they, request)
            result.paths += 1
            result.statuses[mine[0]] += 1
            if mine != other:
                example = f"{request[0]} {request[1]!r} of {routes}: ours {mine}, starlette {other}"
                result.differences.setdefault(named(routes, request, mine, other), []).append(example)
    return result


def main(count: int) -> int:
    """Compare and say what came of it."""
    from cases.router.trie import Router

    result = agree(Router, count, seed=1)
    sys.stdout.write(result.summary() + "\n")
    return int("" in result.differences)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000))
