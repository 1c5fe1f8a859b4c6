"""Code written for the table: for each number of segments a function with one look-up a shape, however many routes share it.

Routes whose parameters stand in the same places have one shape, and what is literal in them is a key of one dict: a table of a
thousand routes has a dozen shapes.  (Classifiers of network packets call it tuple space search: Srinivasan, Suri and Varghese,
1999.)  The code is as long as there are shapes, not routes, so that compiling it stays cheap.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from cases.router.asgi import serve
from cases.router.templates import INTEGER, LITERAL, REST, Answer, Request, Route, Segment, allow, is_number, methods_of, parse

Ends = dict[str, tuple[Any, ...]]
"""By method: order of registration, handler, and the names of the parameters."""
Inner = Callable[[str, list[str], int, list[Ends]], "Answer | None"]
"""`(method, segments, best, others)`: the answer of the earliest route before `best`; whoever would answer other methods is added to `others`."""
NEVER = 1 << 62


class Table:
    """The routes of one shape."""

    def __init__(self, name: str, kinds: tuple[str, ...], order: int) -> None:
        self.name = name
        self.kinds = kinds
        self.least = order
        self.rows: dict[str | tuple[str, ...], Ends] = {}

    def add(self, order: int, method: str, segments: list[Segment], handler: str) -> None:
        """Add a route; one that was there before goes on answering."""
        literals = tuple(text for kind, text in segments if kind == LITERAL)
        names = tuple(text for kind, text in segments if kind != LITERAL)
        ends = self.rows.setdefault(literals[0] if len(literals) == 1 else literals, {})
        for answered in methods_of(method):
            ends.setdefault(answered, (order, handler, *names))

    def takes(self, length: int) -> bool:
        """Whether a path of so many segments can be of this shape."""
        return len(self.kinds) == length or (self.kinds[-1] == REST and len(self.kinds) < length)

    def code(self, following: int) -> Iterator[str]:
        """Write the look-up; `following` is the earliest route of all shapes after this one."""
        literals = [f"s{place}, " for place, kind in enumerate(self.kinds, 1) if kind == LITERAL]
        key = literals[0].removesuffix(", ") if len(literals) == 1 else f"({''.join(literals)})"
        yield f"    ends = {self.name}({key})"
        yield f"    if ends is not None{''.join(self.guards())}:"
        yield "        target = ends.get(method)"
        yield "        if target is None:"
        yield "            others.append(ends)"
        yield "        elif target[0] < best:"
        yield "            best = target[0]"
        yield f"            answer = 200, target[1], {{{', '.join(self.items())}}}"
        yield f"            if best < {following}:"
        yield "                return answer"

    def guards(self) -> Iterator[str]:
        """Write what the parameters must be."""
        for place, kind in enumerate(self.kinds, 1):
            if kind == INTEGER:
                yield f" and is_number(s{place})"
            elif kind not in {LITERAL, REST}:
                yield f" and s{place}"

    def items(self) -> Iterator[str]:
        """Write the parameters' names and values."""
        parameters = [(place, kind) for place, kind in enumerate(self.kinds, 1) if kind != LITERAL]
        for number, (place, kind) in enumerate(parameters, 2):
            value = {INTEGER: f"int(s{place})", REST: f"'/'.join(segments[{place}:])"}.get(kind, f"s{place}")
            yield f"target[{number}]: {value}"


def function(length: int, longest: int, tables: list[Table]) -> Iterator[str]:
    """Write the function for paths of so many segments; that of the longest is for all that are longer still, too."""
    yield f"def of_{length}(method, segments, best, others):"
    variables = "".join(f"s{place}, " for place in range(1, length + 1))
    yield f"    _, {variables}{'*_' if length == longest else ''} = segments"
    yield "    answer = None"
    possible = sorted((table for table in tables if table.takes(length)), key=lambda table: table.least)
    following = [*(table.least for table in possible[1:]), NEVER]
    for place, table in enumerate(possible):
        yield from table.code(following[place])
    yield "    return answer"


def functions(tables: list[Table]) -> list[Inner]:
    """Write and compile the functions for paths of 0, 1, 2 ... segments."""
    longest = 1 + max((len(table.kinds) for table in tables), default=0)
    names: dict[str, Any] = {"is_number": is_number} | {table.name: table.rows.get for table in tables}
    lines = [line for length in range(longest + 1) for line in function(length, longest, tables)]
    exec(compile("\n".join(lines), "<routes>", "exec"), names)  # noqa: S102  no word of a template is in that code, only places and numbers
    return [names[f"of_{length}"] for length in range(longest + 1)]


class Router:
    """A dict of the paths without parameters that win for a method, and the code for all others."""

    def __init__(self, routes: list[Route]) -> None:
        self.literal: dict[str, Ends] = {}
        tables: dict[tuple[str, ...], Table] = {}
        for order, (method, template, handler) in enumerate(routes):
            segments = parse(template)
            kinds = tuple(kind for kind, _ in segments)
            if all(kind == LITERAL for kind in kinds):
                ends = self.literal.setdefault(template, {})
                for answered in methods_of(method):
                    ends.setdefault(answered, (order, handler))
            else:
                tables.setdefault(kinds, Table(f"shape{len(tables)}", kinds, order)).add(order, method, segments, handler)
        self.functions = functions(list(tables.values()))
        self.last = len(self.functions) - 1
        self.fixed = {path: self.winners(path.split("/"), ends) for path, ends in self.literal.items()}

    def winners(self, segments: list[str], ends: Ends) -> dict[str, str]:
        """Return the handlers, by method, that no earlier route with parameters forestalls."""
        inner = self.functions[min(len(segments) - 1, self.last)]
        return {method: handler for method, (order, handler) in ends.items() if inner(method, segments, order, []) is None}

    def find(self, method: str, path: str) -> Answer:
        """Return the handler and its parameters, or why there is none."""
        fixed = self.fixed.get(path)
        if fixed is not None and method in fixed:
            return 200, fixed[method], {}
        segments = path.split("/")
        if segments[0]:  # it does not begin with a slash
            return 404, "", {}
        others: list[Ends] = []
        answer = self.functions[min(len(segments) - 1, self.last)](method, segments, NEVER, others)
        if answer is not None:
            return answer
        allowed = [*self.literal.get(path, ()), *(other for ends in others for other in ends)]
        return (405, allow(allowed), {}) if allowed else (404, "", {})


def dispatch(routes: list[Route], requests: list[Request], layers: int | None) -> list[Answer]:
    """Build a router and answer requests with it, alone or under layers of middleware."""
    return serve(Router(routes).find, [handler for _, _, handler in routes], requests, layers)
