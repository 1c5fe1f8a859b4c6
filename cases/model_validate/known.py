"""Shapes that a program defines once, at import, and payloads that fit them, more or less."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any, TypeAlias

from cases.model_validate.fields import UNSET, Field, Shape, choice, day, flag, integer, list_of, nested, number, text

Payloads: TypeAlias = list[Any]

POINT = Shape("Point", (("sensor", text(shortest=1, longest=40)), ("value", number()), ("tick", integer(least=0))))

PERSON = Shape(
    "Person", (("name", text(shortest=1, longest=80)), ("email", text(longest=120)), ("phone", text(optional=True, default=None)))
)

TICKET = Shape(
    "Ticket",
    (
        ("id", integer(least=1)),
        ("title", text(shortest=1, longest=120)),
        ("status", choice("open", "waiting", "closed")),
        ("priority", integer(least=1, most=5, default=3)),
        ("urgent", flag(default=False)),
        ("hours", number(least=0)),
        ("opened", day()),
        ("note", text(optional=True, default=None)),
        ("tags", list_of(text(longest=30), default=[])),
        ("reporter", nested(PERSON)),
    ),
)
"""Ten fields, one of each kind and the usual mixture of what must be there and what need not."""

ADDRESS = Shape(
    "Address",
    (
        ("street", text(shortest=1)),
        ("city", text(shortest=1)),
        ("code", text(longest=12, default="")),
        ("country", choice("DE", "FR", "JP", "US")),
    ),
)
LINE = Shape(
    "Line",
    (
        ("sku", text(shortest=3, longest=20)),
        ("quantity", integer(least=1, most=999)),
        ("price", number(least=0)),
        ("gift", flag(default=False)),
    ),
)
ORDER = Shape(
    "Order",
    (
        ("id", integer(least=1)),
        ("placed", day()),
        ("customer", nested(PERSON)),
        ("billing", nested(ADDRESS)),
        ("shipping", nested(ADDRESS, optional=True, default=None)),
        ("lines", list_of(nested(LINE))),
        ("total", number(least=0)),
        ("coupons", list_of(text(shortest=4), default=[])),
    ),
)
"""Four levels of objects and lists: paths such as lines, 3, price."""

FLAT_SIZES = (3, 5, 8, 13, 20, 32, 50)
_TURN: tuple[Callable[[], Any], ...] = (
    lambda: integer(least=0, most=10**6),
    lambda: text(shortest=1, longest=40),
    lambda: number(least=0),
    flag,
    lambda: choice("red", "green", "blue"),
)


def flat(fields: int) -> Shape:
    """Return a shape of so many scalar fields."""
    return Shape(f"Flat{fields}", tuple((f"field_{number}", _TURN[number % len(_TURN)]()) for number in range(fields)))


KNOWN: dict[str, Shape] = {
    "point": POINT,
    "ticket": TICKET,
    "order": ORDER,
    **{f"flat-{fields}": flat(fields) for fields in FLAT_SIZES},
}


class Kept:
    """Model classes of the known shapes, each defined at its first use, as an import would; a shape given as data is defined anew.

    So a call with a name measures validation alone, the first such call shows the definition, and a call with a Shape
    has the definition inside its time.
    """

    def __init__(self, define: Callable[[Shape], Any]) -> None:
        self._define = define
        self._classes: dict[str, Any] = {}

    def of(self, shape: Shape | str) -> Any:
        """Return the class of a known name, or define a shape's."""
        if isinstance(shape, Shape):
            return self._define(shape)
        kept = self._classes.get(shape)
        if kept is None:
            kept = self._classes[shape] = self._define(KNOWN[shape])
        return kept


def shape_of(shape: Shape | str) -> Shape:
    """Return the shape itself, whichever way it was named."""
    return KNOWN[shape] if isinstance(shape, str) else shape


# ---------------------------------------------------------------------- payloads

WRONG_SHARE = 0.03
"""How many payloads have something wrong with them: a service that refuses more has other worries."""


def payloads(shape: Shape, n: int, seed: int, wrong: float = WRONG_SHARE) -> Payloads:
    """Make ``n`` payloads as a JSON decoder would; about that share of them is spoiled in one to three places."""
    source = random.Random(seed)
    made = [fitting(source, shape) for _ in range(n)]
    for payload in made:
        if source.random() < wrong:
            for _ in range(source.randint(1, 3)):
                spoil(source, shape, payload)
    return made


def fitting(source: random.Random, shape: Shape) -> dict[str, Any]:
    """Make a payload without fault; of the fields with a default every other is left out."""
    return {name: value_of(source, field) for name, field in shape.fields if field.default is UNSET or source.random() < 0.5}


def value_of(source: random.Random, field: Field) -> Any:
    """Make a value that the field accepts."""
    if field.optional and source.random() < 0.2:
        return None
    if field.kind == "list":
        assert field.item is not None
        return [value_of(source, field.item) for _ in range(source.randrange(4))]
    if field.kind == "model":
        return fitting(source, field.model)
    return _SCALARS[field.kind](source, field)


_WORDS = "printer on the third floor says 99 and won't stop; café Zürich naïve größe ½ 東京 login fails since Monday".split()


def _whole(source: random.Random, field: Field) -> int:
    return source.randint(int(field.least or 0), int(field.most or 10**9))


def _real(source: random.Random, field: Field) -> float | int:
    value = (field.least or 0) + source.randrange(10**6) / 100
    return int(value) if source.random() < 0.1 else value


def _words(source: random.Random, field: Field) -> str:
    made = " ".join(source.choices(_WORDS, k=source.randint(2, 5)))
    return made if field.longest is None else made[: field.longest]


def _day(source: random.Random, field: Field) -> str:
    del field
    return f"{source.randint(1970, 2040):04}-{source.randint(1, 12):02}-{source.randint(1, 28):02}"


def _truth(source: random.Random, field: Field) -> bool:
    del field
    return source.random() < 0.5


def _choice(source: random.Random, field: Field) -> str:
    return source.choice(field.choices)


_SCALARS: dict[str, Callable[[random.Random, Field], Any]] = {
    "int": _whole,
    "float": _real,
    "bool": _truth,
    "str": _words,
    "date": _day,
    "choice": _choice,
}
_WRONG: tuple[Any, ...] = (None, True, -1, 10**7, 2.5, "", "x" * 200, "2024-02-30", "20240229", [], {}, [None], {"id": 1})


def spoil(source: random.Random, shape: Shape, payload: dict[str, Any]) -> None:
    """Spoil one place of a payload, at any depth: a key is dropped, or a value becomes something that hardly fits."""
    name, field = source.choice(shape.fields)
    value = payload.get(name)
    if field.kind == "model" and isinstance(value, dict) and source.random() < 0.8:
        spoil(source, field.model, value)
    elif field.kind == "list" and isinstance(value, list) and value and source.random() < 0.8:
        _spoil_item(source, field.item, value)
    elif source.random() < 0.3:
        payload.pop(name, None)
    else:
        payload[name] = _copied(source.choice(_WRONG))


def _spoil_item(source: random.Random, item: Field | None, values: list[Any]) -> None:
    place = source.randrange(len(values))
    assert item is not None
    if item.kind == "model" and isinstance(values[place], dict):
        spoil(source, item.model, values[place])
    else:
        values[place] = _copied(source.choice(_WRONG))


def _copied(value: Any) -> Any:
    return value.copy() if isinstance(value, (list, dict)) else value


def shuffled(shape: Shape, n: int, seed: int) -> Payloads:
    """Make payloads whose keys come in any order, among keys that nobody asked for."""
    source = random.Random(seed)
    made = []
    for payload in payloads(shape, n, seed):
        entries = [*payload.items(), *((f"x_{number}", number) for number in range(source.randint(1, 6)))]
        made.append(dict(source.sample(entries, len(entries))))
    return made
