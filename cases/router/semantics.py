"""What the routers promise, the rivals' own classes of it, and a second way to say what a template matches.

The first registered route that matches path and method wins.  Where routes match the path but none the method, the answer is
405 and Allow names the methods of all that match.  Otherwise it is 404.
"""

from __future__ import annotations

import keyword
from typing import Any

from cases.router.templates import INTEGER, LITERAL, REST, Answer, Parameters, Request, Route, Segment, allow, is_number, methods_of, parse
from harness import Difference, exact, judged

Arguments = tuple[list[Route], list[Request], int | None]


def matched(segments: list[Segment], path: str) -> Parameters | None:
    """Match one template against one path, segment by segment: the parameters, or None."""
    if not path.startswith("/"):
        return None
    parts = path[1:].split("/")
    if segments[-1].kind == REST:
        parts[len(segments) - 1 :] = ["/".join(parts[len(segments) - 1 :])] if len(parts) >= len(segments) else []
    if len(parts) != len(segments):
        return None
    found: Parameters = {}
    for (kind, text), part in zip(segments, parts, strict=True):
        fits = {LITERAL: part == text, INTEGER: is_number(part), REST: True}.get(kind, part != "")
        if not fits:
            return None
        if kind != LITERAL:
            found[text] = int(part) if kind == INTEGER else part
    return found


def decided(routes: list[Route], request: Request) -> Answer:
    """Answer one request the slow way: the model that the classes are held to."""
    method, path = request
    allowed: list[str] = []
    for given, template, handler in routes:
        found = matched(parse(template), path)
        if found is not None and method in methods_of(given):
            return 200, handler, found
        allowed += methods_of(given) if found is not None else ()
    return (405, allow(allowed), {}) if allowed else (404, "", {})


def starlette_differs(arguments: Arguments, expected: list[Answer], actual: list[Answer]) -> Difference | None:
    """Compare with starlette, but for what its expressions say of line breaks and very long numbers."""
    difference = exact.compare(expected, actual)
    if difference is None or len(expected) != len(actual):
        return difference
    counted = [place for place, (_, path) in enumerate(arguments[1]) if "\n" not in path and not has_long_number(path)]
    return exact.compare([expected[place] for place in counted], [actual[place] for place in counted])


def has_long_number(path: str) -> bool:
    """Whether a segment is all digits and too many of them."""
    return any(part.isdigit() and not is_number(part) for part in path.split("/"))


FALCON_DEPTH = 45
"""Segments of a template: falcon nests two ifs for each, and Python reads a hundred levels of indentation."""


def falcon_holds(template: str) -> bool:
    """Whether falcon can be given a template as it is.

    It strips slashes at the ends, refuses blanks and keywords as names, and writes literals between quotes as they are.
    """
    segments = parse(template)
    return len(segments) <= FALCON_DEPTH and (template == "/" or all(map(falcon_holds_segment, segments)))


def falcon_holds_segment(segment: Segment) -> bool:
    """Whether falcon can write one segment into its code."""
    if segment.kind != LITERAL:
        return not keyword.iskeyword(segment.text)
    return segment.text != "" and not any(letter in "'\\" or letter.isspace() or "\ud800" <= letter <= "\udfff" for letter in segment.text)


def is_plain(path: str) -> bool:
    """Whether falcon and we read a path alike: one slash at its beginning, no empty segments, no numbers as only Python writes them."""
    return path.startswith("/") and all(part and (is_number(part) or not is_pythonic(part)) for part in path[1:].split("/"))


def is_pythonic(text: str) -> bool:
    """Whether `int` reads it."""
    try:
        int(text)
    except ValueError:
        return False
    return True


def falcon_differs(arguments: Arguments, expected: list[Answer], actual: list[Answer]) -> Difference | None:
    """Compare with falcon where one shape of template matches; where several do, it may take another than the first registered."""
    if exact.compare(expected, actual) is None:
        return None
    routes, requests, layers = arguments
    if len(expected) != len(actual):
        return exact.compare(expected, actual)
    parsed = [(route, parse(route[1])) for route in routes]
    for place, request in enumerate(requests):
        matching = [route for route, segments in parsed if matched(segments, request[1]) is not None]
        if not is_plain(request[1]) or not all(falcon_holds(template) for _, template, _ in matching):
            continue
        shapes = {tuple((kind, text if kind == LITERAL else "") for kind, text in parse(template)) for _, template, _ in matching}
        if len(shapes) > 1 and (layers is not None or is_one_of(matching, request, actual[place])):
            continue
        difference = exact.compare(expected[place], actual[place])
        if difference:
            return difference
    return None


def is_one_of(matching: list[Route], request: Request, answer: Answer) -> bool:
    """Whether an answer is that of some of the routes that match: one of them, or the methods of a few."""
    status, name, _ = answer
    if status == 405:
        mine = set(name.split(", "))
        return request[0] not in mine and mine <= {method for given, _, _ in matching for method in methods_of(given)}
    return any(exact.compare(decided([route], request), answer) is None for route in matching)


starlette_class = judged("exact, but for paths with line breaks and numbers of more than 4300 digits", starlette_differs)
falcon_class = judged("exact where one shape of template matches a plain path; where several do, an answer of one of them", falcon_differs)


def parameters_fill_the_template(arguments: Arguments, answers: list[Answer]) -> str | None:
    """What was found must be there: some route of that handler matches the path with just these parameters (of paths that all classes read alike)."""
    routes, requests, layers = arguments
    if layers is not None:
        return None
    by_handler: dict[str, list[tuple[str, str]]] = {}
    for method, template, handler in routes:
        by_handler.setdefault(handler, []).append((method, template))
    for (method, path), (status, handler, parameters) in zip(requests, answers, strict=True):
        if (
            status == 200
            and is_plain(path)
            and "\n" not in path
            and not any(
                method in methods_of(given) and matched(parse(template), path) == parameters
                for given, template in by_handler.get(handler, ())
            )
        ):
            return f"{method} {path!r} was given to {handler!r} with {parameters}, but no route of that handler says so"
    return None


def parameters_are_ones_own(arguments: Arguments, answers: list[Answer]) -> str | None:
    """A handler may change its parameters: no two requests share them."""
    del arguments
    seen: dict[int, Any] = {}
    for place, (_, _, parameters) in enumerate(answers):
        if id(parameters) in seen:
            return f"requests {seen[id(parameters)]} and {place} were given one and the same dict of parameters"
        seen[id(parameters)] = place
    return None
