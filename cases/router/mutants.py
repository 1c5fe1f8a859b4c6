"""Slips a colleague could make.  Every one of them must be refused."""

from __future__ import annotations

from collections.abc import Callable

from cases.router.asgi import serve
from cases.router.naive import Router
from cases.router.naive import dispatch as right
from cases.router.semantics import matched
from cases.router.templates import Answer, Parameters, Request, Route, allow, methods_of, parse


def _through(find: Callable[[str, str], Answer], routes: list[Route], requests: list[Request], layers: int | None) -> list[Answer]:
    return serve(find, [handler for _, _, handler in routes], requests, layers)


def last_registered_wins(routes: list[Route], requests: list[Request], layers: int | None) -> list[Answer]:
    """A dict of routes, filled in order: the later overwrites the earlier."""
    return right(routes[::-1], requests, layers)


def literal_before_parameter(routes: list[Route], requests: list[Request], layers: int | None) -> list[Answer]:
    """Static paths are looked up first, whatever was registered before them."""
    return right(sorted(routes, key=lambda route: "{" in route[1]), requests, layers)


def first_path_decides(routes: list[Route], requests: list[Request], layers: int | None) -> list[Answer]:
    """The first route whose path matches answers, with 405 if its method is another: later routes are never asked."""

    def find(method: str, path: str) -> Answer:
        for given, template, handler in routes:
            found = matched(parse(template), path)
            if found is not None:
                return (200, handler, found) if method in methods_of(given) else (405, allow(methods_of(given)), {})
        return 404, "", {}

    return _through(find, routes, requests, layers)


def allow_of_the_first(routes: list[Route], requests: list[Request], layers: int | None) -> list[Answer]:
    """Allow names the methods of the first route that matches the path, and forgets the others."""
    router = Router(routes)

    def find(method: str, path: str) -> Answer:
        status, name, found = router.find(method, path)
        if status == 405:
            name = next(allow(methods_of(given)) for given, template, _ in routes if matched(parse(template), path) is not None)
        return status, name, found

    return _through(find, routes, requests, layers)


def no_head(routes: list[Route], requests: list[Request], layers: int | None) -> list[Answer]:
    """Only what is registered is answered: HEAD is refused where GET is there."""

    def find(method: str, path: str) -> Answer:
        allowed = []
        for given, template, handler in routes:
            found = matched(parse(template), path)
            if found is not None and method == given:
                return 200, handler, found
            if found is not None:
                allowed.append(given)
        return (405, allow(allowed), {}) if allowed else (404, "", {})

    return _through(find, routes, requests, layers)


def _changed_paths(change: Callable[[str], str], routes: list[Route], requests: list[Request], layers: int | None) -> list[Answer]:
    return right(routes, [(method, change(path)) for method, path in requests], layers)


def trailing_slash_stripped(routes: list[Route], requests: list[Request], layers: int | None) -> list[Answer]:
    """A slash at the end does not count."""
    return _changed_paths(lambda path: path.rstrip("/") or "/", routes, requests, layers)


def double_slashes_merged(routes: list[Route], requests: list[Request], layers: int | None) -> list[Answer]:
    """Empty segments are left out."""
    return _changed_paths(lambda path: path[:1] + "/".join(filter(None, path.split("/"))), routes, requests, layers)


def leading_slash_optional(routes: list[Route], requests: list[Request], layers: int | None) -> list[Answer]:
    """The slash at the beginning is stripped and added again."""
    return _changed_paths(lambda path: "/" + path.removeprefix("/"), routes, requests, layers)


def line_break_at_the_end(routes: list[Route], requests: list[Request], layers: int | None) -> list[Answer]:
    """`$` for the end of the text: a line break may follow."""
    return _changed_paths(lambda path: path.removesuffix("\n"), routes, requests, layers)


def cases_folded(routes: list[Route], requests: list[Request], layers: int | None) -> list[Answer]:
    """Letters are compared whatever their case."""
    return _changed_paths(str.lower, routes, requests, layers)


def method_folded(routes: list[Route], requests: list[Request], layers: int | None) -> list[Answer]:
    """Methods are compared whatever their case."""
    return right(routes, [(method.upper(), path) for method, path in requests], layers)


def _converted(convert: Callable[[str], str | int], routes: list[Route], requests: list[Request], layers: int | None) -> list[Answer]:
    router = Router(routes)
    plain = Router([(method, template.replace(":int}", "}"), handler) for method, template, handler in routes])

    def find(method: str, path: str) -> Answer:
        status, handler, found = router.find(method, path)
        if status != 200:
            return status, handler, found
        texts: Parameters = plain.find(method, path)[2]
        return 200, handler, {name: convert(str(texts.get(name, value))) if type(value) is int else value for name, value in found.items()}

    return _through(find, routes, requests, layers)


def numbers_as_text(routes: list[Route], requests: list[Request], layers: int | None) -> list[Answer]:
    """The converter checks and forgets to convert."""
    return _converted(str, routes, requests, layers)


def numbers_of_64_bits(routes: list[Route], requests: list[Request], layers: int | None) -> list[Answer]:
    """Digits are added up in a C integer."""
    return _converted(lambda text: int(text) & (2**64 - 1), routes, requests, layers)


def numbers_through_float(routes: list[Route], requests: list[Request], layers: int | None) -> list[Answer]:
    """Digits are read as a double."""
    return _converted(lambda text: int(float(text)) if len(text) < 300 else int(text), routes, requests, layers)


def one_dict_for_nothing(routes: list[Route], requests: list[Request], layers: int | None) -> list[Answer]:
    """Routes without parameters share one empty dict."""
    router = Router(routes)
    nothing: Parameters = {}

    def find(method: str, path: str) -> Answer:
        status, name, found = router.find(method, path)
        return status, name, found or nothing

    return _through(find, routes, requests, layers)


def rest_not_empty(routes: list[Route], requests: list[Request], layers: int | None) -> list[Answer]:
    """`.+` for `.*`: a path parameter wants at least a letter."""
    router = Router(routes)

    def find(method: str, path: str) -> Answer:
        answer = router.find(method, path)
        return (404, "", {}) if "" in answer[2].values() else answer

    return _through(find, routes, requests, layers)


STALE: dict[str, Router] = {}


def table_kept_between_calls(routes: list[Route], requests: list[Request], layers: int | None) -> list[Answer]:
    """The router is kept by the number of its routes."""
    return _through(STALE.setdefault(str(len(routes)), Router(routes)).find, routes, requests, layers)


def layers_inside_out(routes: list[Route], requests: list[Request], layers: int | None) -> list[Answer]:
    """The first middleware becomes the innermost."""
    answers = right(routes, requests, layers)
    if not layers:
        return answers
    back = {str(number): str(layers - 1 - number) for number in range(layers)}
    return [
        (
            status,
            body,
            {name: "".join(back[mark] for mark in str(value)) if name.startswith("x-layer") else value for name, value in headers.items()},
        )
        for status, body, headers in answers
    ]


def layers_left_out(routes: list[Route], requests: list[Request], layers: int | None) -> list[Answer]:
    """404 and 405 are answered before the middleware has seen the request."""
    router = Router(routes)
    outside = _through(router.find, routes, requests, None if layers is None else 0)
    inside = _through(router.find, routes, requests, layers)
    return [one if one[0] != 200 else other for one, other in zip(outside, inside, strict=True)]


def parameters_by_position(routes: list[Route], requests: list[Request], layers: int | None) -> list[Answer]:
    """Names are kept for each place in the tree, not for each route: the first registered gives its own to all."""
    names: dict[tuple[str, ...], list[str]] = {}
    shared = []
    for method, template, handler in routes:
        segments = parse(template)
        known = names.setdefault(
            tuple(kind if kind != "literal" else text for kind, text in segments), [s.text for s in segments if s.kind != "literal"]
        )
        parts = iter(known)
        shared.append(
            (method, "/" + "/".join(text if kind == "literal" else f"{{{next(parts)}:{kind}}}" for kind, text in segments), handler)
        )
    return right(shared, requests, layers)
