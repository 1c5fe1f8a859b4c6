"""What a route's template may say, for all routers of ours: literal segments and whole-segment parameters.

`/users/{name}` takes any text without a slash, `/users/{id:int}` one to 4300 ASCII digits and gives an integer,
`/files/{rest:path}` whatever is left, slashes and all, and maybe nothing; it must be last.  A parameter fills its segment:
`/{name}.json` is refused when it is registered, not served slowly.  Literals are compared letter by letter; nothing is
decoded, folded or stripped, and `/users/` is not `/users`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

Route = tuple[str, str, str]
"""Method, template, handler."""
Request = tuple[str, str]
"""Method and path, the path decoded as an ASGI server hands it over."""
Parameters = dict[str, str | int]
Answer = tuple[int, str, Parameters]
"""200, the handler and its parameters; 405 and what Allow says; 404 and nothing."""

MOST_DIGITS = 4300
"""Python turns no longer text into an integer (`sys.int_info.default_max_str_digits`): what cannot be read is no number."""
LITERAL, TEXT, INTEGER, REST = "literal", "str", "int", "path"
_PARAMETER = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)(?::(str|int|path))?\}", re.ASCII)


class Segment(NamedTuple):
    """What one segment of a path must be."""

    kind: str
    text: str
    """The literal itself, or the parameter's name."""


def parse(template: str) -> list[Segment]:
    """Return the segments of a template, or refuse it with a ValueError that says why."""
    if not template.startswith("/"):
        raise ValueError(f"{template!r}: a template begins with a slash")
    segments = [segment(text) for text in template[1:].split("/")]
    names = [one.text for one in segments if one.kind != LITERAL]
    if len(names) != len(set(names)):
        raise ValueError(f"{template!r}: a parameter's name is there twice")
    if any(one.kind == REST for one in segments[:-1]):
        raise ValueError(f"{template!r}: a path parameter takes all that is left, so it must be last")
    return segments


def segment(text: str) -> Segment:
    """Read one segment of a template."""
    if "{" not in text and "}" not in text:
        return Segment(LITERAL, text)
    match = _PARAMETER.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r}: a parameter is a whole segment: {{name}}, {{name:int}} or {{name:path}}, the latter last")
    return Segment(match[2] or TEXT, match[1])


def methods_of(method: str) -> tuple[str, ...]:
    """Which methods a route answers: who can GET can HEAD (RFC 9110, 9.3.2)."""
    return ("GET", "HEAD") if method == "GET" else (method,)


def is_number(text: str) -> bool:
    """Whether a segment is what `{name:int}` takes."""
    return text.isdigit() and text.isascii() and len(text) <= MOST_DIGITS


def allow(methods: Iterable[str]) -> str:
    """Return the value of the header Allow: all that the resource supports (RFC 9110, 10.2.1), in alphabetical order."""
    return ", ".join(sorted(set(methods)))
